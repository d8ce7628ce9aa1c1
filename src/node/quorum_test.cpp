// A7 on whole nodes: a side without quorum stops its processes within the bound, whatever they do.
#include "supervisor/quorum.hpp"

#include <gtest/gtest.h>

#include "node/driven_nodes.hpp"

namespace horde::node {
namespace {

using base::milliseconds;
using base::seconds;
using supervisor::ChildId;
using supervisor::Shutdown;

DrivenNodes three_with_quorum() {
  return DrivenNodes(3, [](std::size_t, Config& config) {
    config.hordes.push_back({.name = "h", .children = ChildrenConfig{}});
    config.hordes[0].children->strategy = [] {
      return std::make_unique<supervisor::UniformQuorum>();
    };
  });
}

// Goal: no process of a child runs on both sides of a cut, not for a moment, and each runs again
// where the quorum is. Method: processes that ignore exits, half of them never to be killed.
// Shows: strategy.quorum_stops, strategy.quorum_in_time, placement.split_quorum,
// bad_input.ignores_exits
TEST(Quorum, AMemberThatIsCutOffKillsItsProcessesBeforeOthersTakeThemOver) {
  DrivenNodes nodes = three_with_quorum();
  nodes.boot_all();
  nodes.run(seconds(3));
  for (int i = 0; i < 12; ++i) {
    nodes.start_child(0, "stubborn", {}, {i % 2 == 0 ? Shutdown::kForever : seconds(600)});
  }
  nodes.run(seconds(1));
  const std::vector<ChildId> cut_off = nodes.node(0).copies(0)->ids();
  ASSERT_FALSE(cut_off.empty());
  nodes.cut = [](std::size_t a, std::size_t b) { return (a == 0) != (b == 0); };
  const base::Instant cut_at = nodes.now().mono;
  const base::Duration bound = supervisor::quorum_stop_bound({}, 3, {});
  while (nodes.now().mono < cut_at + bound * 3) {
    nodes.run(milliseconds(5));
    for (const ChildId& child : cut_off) {
      ASSERT_LE(nodes.copies(child).size(), 1U) << base::to_string(nodes.now().mono - cut_at);
    }
    if (nodes.now().mono > cut_at + bound) {
      ASSERT_TRUE(nodes.node(0).copies(0)->ids().empty());
    }
  }
  for (const ChildId& child : cut_off) {
    EXPECT_EQ(nodes.copies(child).size(), 1U);
  }
}

}  // namespace
}  // namespace horde::node
