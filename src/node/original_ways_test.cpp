// The two options that behave as the original does, on whole nodes: duplicates that are left, and a
// restart intensity that ends the supervisor.
#include <gtest/gtest.h>

#include "node/driven_nodes.hpp"

namespace horde::node {
namespace {

using base::milliseconds;
using base::seconds;
using members::Status;
using supervisor::ChildId;

DrivenNodes nodes_with(std::size_t count, const supervisor::Options& options) {
  return DrivenNodes(count, [options](std::size_t, Config& config) {
    config.hordes.push_back({.name = "h", .children = ChildrenConfig{.options = options}});
  });
}

void terminate(DrivenNodes& nodes, std::size_t index, const ChildId& child) {
  nodes.input(index, [&](Node& node, base::Effects& out) {
    node.terminate_child(nodes.now(), {500}, "h", {.id = child}, out);
  });
}

// Goal: after a heal both copies of what was taken over live on, for good, and a terminate ends
// both. Method: the cut is healed twice, so that nothing but their entry could keep them apart.
TEST(DuplicatesLeft, BothCopiesLiveOnUntilTheirChildIsTerminated) {
  supervisor::Options options;
  options.duplicates = supervisor::Duplicates::leave;
  DrivenNodes nodes = nodes_with(2, options);
  nodes.boot_all();
  nodes.run(seconds(3));
  for (int i = 0; i < 8; ++i) {
    nodes.start_child(0, "sleeper");
  }
  nodes.run(seconds(1));
  nodes.cut = [](std::size_t, std::size_t) { return true; };
  nodes.run(seconds(20));
  nodes.cut = [](std::size_t, std::size_t) { return false; };
  nodes.run(seconds(60));
  const auto rows = nodes.children(0).which_children();
  ASSERT_EQ(rows.size(), 8U);
  for (const supervisor::ChildRow& row : rows) {
    EXPECT_EQ(nodes.copies(row.id), (std::vector<std::size_t>{0, 1}));
    EXPECT_EQ(nodes.children(1).entry(row.id)->claim, row.claim);
  }
  terminate(nodes, 1, rows[0].id);
  nodes.run(seconds(1));
  EXPECT_TRUE(nodes.copies(rows[0].id).empty());
  EXPECT_EQ(nodes.copies(rows[1].id).size(), 2U);
}

class Intensity : public testing::Test {
 protected:
  static supervisor::Options options() {
    supervisor::Options out;
    out.max_restarts = 1;
    out.on_intensity = supervisor::OnIntensity::shutdown;
    return out;
  }
  [[nodiscard]] static Status status_of(DrivenNodes& nodes, std::size_t index) {
    return nodes.node(index).members("h").at(index).status;
  }
  // Starts children until one of them runs on the node.
  static ChildId start_on(DrivenNodes& nodes, std::size_t index, const base::Bytes& type,
                          const process::Args& args) {
    for (int i = 0; i < 40; ++i) {
      const auto before = nodes.node(index).copies(0)->ids();
      nodes.start_child(index, type, args);
      nodes.run(milliseconds(50));
      for (const ChildId& id : nodes.node(index).copies(0)->ids()) {
        if (std::ranges::count(before, id) == 0) {
          return id;
        }
      }
    }
    ADD_FAILURE() << "no child is placed there";
    return {};
  }
};

// Goal: one child that fails too often takes its member's supervisor with it, as in the original:
// all its children end there and run elsewhere, and it is there again, without them.
TEST_F(Intensity, EndsTheSupervisorWhoseChildrenOthersTakeAndWhichIsBackWithoutThem) {
  DrivenNodes nodes = nodes_with(2, options());
  nodes.boot_all();
  nodes.run(seconds(3));
  const ChildId sleeper = start_on(nodes, 0, "sleeper", {});
  ChildId crasher;
  for (int i = 0; i < 40 && crasher == ChildId{}; ++i) {
    const auto known = nodes.children(0).which_children();
    nodes.start_child(0, "crasher", {"after_ms=400"});
    nodes.run(milliseconds(50));
    for (const supervisor::ChildRow& row : nodes.children(0).which_children()) {
      if (std::ranges::count(known, row.id, &supervisor::ChildRow::id) != 0) {
        continue;
      }
      if (row.claim.owner == DrivenNodes::id(0)) {
        crasher = row.id;
      } else {
        terminate(nodes, 0, row.id);
      }
    }
  }
  ASSERT_NE(crasher, ChildId{});
  for (int i = 0; i < 200 && nodes.count_told(0, "intensity_exceeded") == 0; ++i) {
    nodes.run(milliseconds(10));
  }
  ASSERT_EQ(nodes.count_told(0, "intensity_exceeded"), 1U);
  EXPECT_EQ(status_of(nodes, 0), Status::shutting_down);
  terminate(nodes, 1, crasher);  // Or it would fell the other one, too.
  nodes.run(seconds(1));
  EXPECT_EQ(nodes.copies(sleeper), std::vector<std::size_t>{1});
  EXPECT_TRUE(nodes.node(0).copies(0)->ids().empty());
  EXPECT_EQ(nodes.count_told(0, "returned_empty"), 0U);
  nodes.run(options().quarantine);
  EXPECT_EQ(nodes.count_told(0, "returned_empty"), 1U);
  EXPECT_EQ(status_of(nodes, 0), Status::alive);
  EXPECT_TRUE(nodes.node(0).copies(0)->ids().empty());
  EXPECT_EQ(nodes.copies(sleeper), std::vector<std::size_t>{1});
  start_on(nodes, 0, "sleeper", {});
  EXPECT_EQ(nodes.count_told(1, "intensity_exceeded"), 0U);
}

// Goal: nothing is lost where nobody else is, and failing costs no more than a start in each pause.
TEST_F(Intensity, AloneStartsItsChildrenAgainWhenItIsBack) {
  DrivenNodes nodes = nodes_with(1, options());
  nodes.boot_all();
  nodes.run(seconds(3));
  const ChildId sleeper = start_on(nodes, 0, "sleeper", {});
  const ChildId crasher = start_on(nodes, 0, "crasher", {"after_ms=100"});
  nodes.run(seconds(2));
  EXPECT_TRUE(nodes.copies(sleeper).empty());
  nodes.run(seconds(59));
  EXPECT_GE(nodes.count_told(0, "returned_empty"), 5U);
  EXPECT_LE(nodes.count_told(0, "returned_empty"), 6U);
  const std::size_t returns = nodes.count_told(0, "returned_empty");
  for (int i = 0; i < 2'000 && nodes.count_told(0, "returned_empty") == returns; ++i) {
    nodes.run(milliseconds(10));
  }
  terminate(nodes, 0, crasher);
  nodes.run(seconds(1));
  EXPECT_EQ(nodes.copies(sleeper).size(), 1U);
}

TEST_F(Intensity, DoesNotKeepANodeFromStopping) {
  DrivenNodes nodes = nodes_with(1, options());
  nodes.boot_all();
  nodes.run(seconds(3));
  start_on(nodes, 0, "crasher", {"after_ms=100"});
  nodes.run(seconds(1));
  ASSERT_EQ(nodes.count_told(0, "intensity_exceeded"), 1U);
  nodes.input(0, [&](Node& node, base::Effects& out) { node.stop(nodes.now(), out); });
  nodes.run(seconds(5));
  EXPECT_FALSE(nodes.is_up(0));
}

}  // namespace
}  // namespace horde::node
