// R8 on whole nodes: who boots runs no child before it has synced, and at a cold start that means
// with what all disks hold.
#include <gtest/gtest.h>

#include "node/driven_nodes.hpp"

namespace horde::node {
namespace {

using base::milliseconds;
using base::seconds;
using supervisor::ChildId;

const ChildId kStatic = supervisor::static_child_id("h", "the one");

DrivenNodes with_a_static_child(std::size_t count, base::Duration boot_wait) {
  return DrivenNodes(count, [=](std::size_t, Config& config) {
    ChildrenConfig children;
    children.options.horde = "h";
    children.options.static_children = {{"the one", {.start = encode(Program{"sleeper", {}})}}};
    config.hordes.push_back({.name = "h", .boot_wait = boot_wait, .children = children});
  });
}

void terminate(DrivenNodes& nodes, std::size_t index) {
  nodes.input(index, [&](Node& node, base::Effects& out) {
    node.terminate_child(nodes.now(), {50}, "h", {.id = kStatic}, out);
  });
}

std::size_t starts_told(DrivenNodes& nodes) {
  std::size_t running = 0;
  for (std::size_t index = 0; index < 2; ++index) {
    running += nodes.is_up(index) ? nodes.node(index).copies(0)->ids().size() : 0;
  }
  return running;
}

// Goal: a static child that was terminated does not run again because one of two disks has lost its
// end. Method: the end is written while the other one is away; both go down, and boot together, in
// either order, with the one disk that has it and the other that has it not, or is empty.
// Shows: beyond.static, placement.booting
TEST(ColdStart, StartsNoStaticChildThatAnyOfTheDisksSaysHasEnded) {
  for (const std::size_t holder : {0U, 1U}) {
    for (const bool other_is_empty : {false, true}) {
      SCOPED_TRACE(std::to_string(holder) + (other_is_empty ? " empty" : " old"));
      DrivenNodes nodes = with_a_static_child(2, seconds(-1));
      nodes.boot_all();
      nodes.run(seconds(3));
      ASSERT_EQ(starts_told(nodes), 1U);
      nodes.crash(1 - holder);
      nodes.run(seconds(20));
      terminate(nodes, holder);
      nodes.run(seconds(1));
      ASSERT_EQ(starts_told(nodes), 0U);
      nodes.crash(holder);
      if (other_is_empty) {
        nodes.lose_disk(1 - holder);
      }
      nodes.boot(1 - holder);
      nodes.run(milliseconds(holder == 0 ? 0 : 900));
      nodes.boot(holder);
      for (int i = 0; i < 6'000; ++i) {
        nodes.run(milliseconds(5));
        ASSERT_EQ(starts_told(nodes), 0U) << i;
      }
      EXPECT_TRUE(nodes.node(0).replicator(0).is_synced());
      EXPECT_TRUE(nodes.node(1).replicator(0).is_synced());
      EXPECT_TRUE(nodes.children(1 - holder).entry(kStatic)->ended());
    }
  }
}

// Goal: boot_wait is honoured for children, to the moment. Method: a node whose only seed is not
// there.
// Shows: placement.booting
TEST(ColdStart, AloneStartsItsChildrenWhenItsWaitIsOverAndNotBefore) {
  DrivenNodes nodes = with_a_static_child(2, seconds(7));
  nodes.boot(0);
  nodes.run(milliseconds(6'999));
  EXPECT_EQ(starts_told(nodes), 0U);
  nodes.run(milliseconds(2));
  EXPECT_EQ(starts_told(nodes), 1U);
}

TEST(ColdStart, AloneWithAWaitWithoutEndStartsNothingUntilSomebodyIsThere) {
  DrivenNodes nodes = with_a_static_child(2, seconds(-1));
  nodes.boot(0);
  nodes.run(seconds(10'000));
  EXPECT_EQ(starts_told(nodes), 0U);
  nodes.boot(1);
  nodes.run(seconds(3));
  EXPECT_EQ(starts_told(nodes), 1U);
}

}  // namespace
}  // namespace horde::node
