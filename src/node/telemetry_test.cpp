// What a node with children tells of them, and of the deltas that it takes in.
#include <gtest/gtest.h>

#include "node/driven_nodes.hpp"

namespace horde::node {
namespace {

using base::milliseconds;
using base::seconds;

DrivenNodes two_with_children(base::Duration interval) {
  return DrivenNodes(2, [interval](std::size_t, Config& config) {
    config.hordes.push_back({.name = "h", .children = ChildrenConfig{}});
    config.hordes[0].children->telemetry_interval = interval;
    config.hordes[0].children->strategy = [] {
      return std::make_unique<supervisor::UniformQuorum>();
    };
    config.hordes.push_back({.name = "map only"});
  });
}

std::vector<std::uint64_t> values_of(const DrivenNodes& nodes, std::size_t index,
                                     std::string_view topic) {
  std::vector<std::uint64_t> out;
  for (const auto& [by, tell] : nodes.told) {
    if (by == index && tell.topic == topic) {
      EXPECT_EQ(tell.detail, "h");
      out.push_back(tell.value);
    }
  }
  return out;
}

// Goal: the original's telemetry, to the second and to the child. Method: seven children on two
// nodes, and then a call that waits for a quorum.
// Shows: telemetry.children
TEST(Telemetry, TellsEveryFiveSecondsWhatIsKnownHereAndWaiting) {
  DrivenNodes nodes = two_with_children(ChildrenConfig{}.telemetry_interval);
  nodes.boot_all();
  nodes.run(seconds(1));
  for (int i = 0; i < 7; ++i) {
    nodes.start_child(0, "sleeper");
  }
  nodes.run(milliseconds(3'990));
  EXPECT_EQ(nodes.count_told(0, "children_known"), 0U);
  nodes.run(seconds(1));
  EXPECT_EQ(values_of(nodes, 0, "children_known"), std::vector<std::uint64_t>{7});
  EXPECT_EQ(values_of(nodes, 1, "children_known"), std::vector<std::uint64_t>{7});
  const std::size_t here = nodes.node(0).copies(0)->ids().size();
  EXPECT_EQ(values_of(nodes, 0, "children_here"), std::vector<std::uint64_t>{here});
  EXPECT_EQ(values_of(nodes, 1, "children_here"), std::vector<std::uint64_t>{7 - here});
  EXPECT_EQ(values_of(nodes, 0, "children_queue"), std::vector<std::uint64_t>{0});
  nodes.cut = [](std::size_t, std::size_t) { return true; };
  nodes.run(seconds(20));
  nodes.input(0, [&](Node& node, base::Effects& out) {
    node.wait_for_quorum(nodes.now(), {99}, "h", seconds(60), out);
  });
  nodes.run(seconds(5));
  EXPECT_EQ(values_of(nodes, 0, "children_known"), std::vector<std::uint64_t>(6, 7));
  EXPECT_EQ(values_of(nodes, 0, "children_here").back(), 0U);
  EXPECT_EQ(values_of(nodes, 0, "children_queue"), (std::vector<std::uint64_t>{0, 0, 0, 0, 0, 1}));
}

// Shows: telemetry.children
TEST(Telemetry, MayBeTurnedOff) {
  DrivenNodes nodes = two_with_children({});
  nodes.boot_all();
  nodes.run(seconds(20));
  EXPECT_EQ(nodes.count_told(0, "children_known"), 0U);
}

// Goal: one event for each delta that changed something, with the number of its keys. Method: three
// keys in one write; and as many in a horde without children, which is not told of.
// Shows: telemetry.sync
TEST(Telemetry, TellsOfEachDeltaHowManyKeysItChanged) {
  DrivenNodes nodes = two_with_children(seconds(5));
  nodes.boot_all();
  nodes.run(seconds(3));
  nodes.told.clear();
  nodes.input(0, [&](Node& node, base::Effects& out) {
    node.put(nodes.now(), {1}, "h", {{"a", "1"}, {"b", "2"}, {"c", "3"}}, out);
    node.put(nodes.now(), {2}, "map only", {{"a", "1"}}, out);
  });
  nodes.run(seconds(1));
  EXPECT_EQ(values_of(nodes, 1, "delta_applied"), std::vector<std::uint64_t>{3});
  EXPECT_EQ(nodes.count_told(0, "delta_applied"), 0U);
}

}  // namespace
}  // namespace horde::node
