// R9 on whole nodes: ends are forgotten by those that count, and who counts no more brings nothing
// back.
#include <gtest/gtest.h>

#include "node/driven_nodes.hpp"

namespace horde::node {
namespace {

using base::seconds;
using supervisor::ChildId;

class Ends : public testing::Test {
 protected:
  static constexpr std::size_t kChildren = 12;

  // Three nodes; the third is cut off, takes all children over unheard, and goes down with its
  // disk. Then all are terminated.
  void make(base::Duration forget_after, std::size_t ends_max) {
    nodes_.emplace(3, [=, this](std::size_t, Config& config) {
      config.hordes.push_back({.name = "h",
                               .members = {.automatic = false,
                                           .names = {"n1", "n2", "n3"},
                                           .forget_after = forget_after},
                               .boot_wait = boot_wait_,
                               .children = ChildrenConfig{.ends_max = ends_max}});
    });
    nodes_->boot_all();
    nodes_->run(seconds(3));
    for (std::size_t i = 0; i < kChildren; ++i) {
      nodes_->start_child(0, "sleeper");
    }
    nodes_->run(seconds(1));
    nodes_->cut = [](std::size_t a, std::size_t b) { return (a == 2) != (b == 2); };
    nodes_->run(seconds(20));
    ASSERT_EQ(nodes_->node(2).copies(0)->ids().size(), kChildren);
    nodes_->crash(2);
    for (const supervisor::ChildRow& row : nodes_->children(0).which_children()) {
      children_.push_back(row.id);
      nodes_->input(0, [&](Node& node, base::Effects& out) {
        node.terminate_child(nodes_->now(), {100}, "h", {.id = row.id}, out);
      });
    }
    ASSERT_EQ(children_.size(), kChildren);
  }
  [[nodiscard]] std::size_t ends_at(std::size_t index) const {
    return nodes_->children(index).sizes().ended;
  }
  void bring_back_the_third() {
    nodes_->cut = [](std::size_t, std::size_t) { return false; };
    nodes_->boot(2);
    nodes_->run(seconds(90));
    for (const ChildId& child : children_) {
      EXPECT_TRUE(nodes_->copies(child).empty());
    }
    for (std::size_t index = 0; index < 3; ++index) {
      EXPECT_EQ(nodes_->children(index).sizes().live, 0U) << index;
      EXPECT_EQ(ends_at(index), 0U) << index;
    }
  }

  base::Duration boot_wait_ = seconds(-1);
  std::optional<DrivenNodes> nodes_;
  std::vector<ChildId> children_;
};

TEST_F(Ends, WaitForAMemberThatIsAwayForLessThanItMay) {
  make(seconds(1'000), 100);
  nodes_->run(seconds(900));
  EXPECT_EQ(ends_at(0), kChildren);
  bring_back_the_third();
  EXPECT_EQ(nodes_->count_told(2, "started_anew"), 0U);
}

// Goal: (e). The third comes back with claims that no remove of the others has superseded.
// Shows: members.forgotten, terminate_child.gone
TEST_F(Ends, AreForgottenWithoutWhoIsAwayForLongerAndThatOneStartsAnew) {
  make(seconds(300), 100);
  nodes_->run(seconds(250));
  EXPECT_EQ(ends_at(0), kChildren);
  for (int i = 0; i < 1'500 && ends_at(0) != 0; ++i) {
    nodes_->run(base::milliseconds(100));
  }
  EXPECT_EQ(ends_at(0), 0U);
  bring_back_the_third();
  EXPECT_EQ(nodes_->count_told(2, "started_anew"), 1U);
}

// Goal: the cap. Method: one end more than may wait.
// Shows: members.forgotten
TEST_F(Ends, OverTheirCapAreNotKeptForWhoIsAway) {
  make(seconds(100'000), kChildren - 1);
  nodes_->run(seconds(150));
  EXPECT_EQ(nodes_->count_told(0, "witness_forgotten"), 1U);
  EXPECT_EQ(ends_at(0), 0U);
  bring_back_the_third();
}

// Goal: a member that is known from the disk only, as all others restarted while it was away, is
// neither forgotten nor waited for: its ends are kept, and its children run elsewhere.
TEST_F(Ends, AreKeptForAMemberThatIsKnownFromTheDiskOnly) {
  boot_wait_ = seconds(5);
  make(seconds(100'000), 100);
  nodes_->cut = [](std::size_t, std::size_t) { return false; };
  nodes_->boot(2);
  nodes_->run(seconds(10));
  nodes_->crash(0);
  nodes_->crash(1);
  nodes_->boot(0);
  nodes_->boot(1);
  nodes_->run(seconds(10));
  nodes_->start_child(0, "sleeper");
  nodes_->run(seconds(1));
  const ChildId ended = nodes_->children(0).which_children().at(0).id;
  const auto third_has = [&] {
    std::vector<ChildId> ids = nodes_->node(2).copies(0)->ids();
    std::erase(ids, ended);
    return ids;
  };
  std::vector<ChildId> on_third;
  for (int i = 0; i < 30 && on_third.empty(); ++i) {
    nodes_->start_child(0, "sleeper");
    nodes_->run(seconds(1));
    on_third = third_has();
  }
  ASSERT_EQ(on_third.size(), 1U);
  nodes_->crash(2);
  nodes_->input(0, [&](Node& node, base::Effects& out) {
    node.terminate_child(nodes_->now(), {100}, "h", {.id = ended}, out);
  });
  nodes_->run(base::milliseconds(500));
  nodes_->crash(0);
  nodes_->crash(1);
  nodes_->boot(0);
  nodes_->boot(1);
  nodes_->run(seconds(200));
  EXPECT_EQ(nodes_->copies(on_third[0]).size(), 1U);
  ASSERT_NE(nodes_->children(0).entry(ended), nullptr);
  EXPECT_TRUE(nodes_->children(0).entry(ended)->ended());
}

}  // namespace
}  // namespace horde::node
