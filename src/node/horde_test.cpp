// A few whole nodes: their member list, and their children as members come and go.
#include <gtest/gtest.h>

#include "node/test_children.hpp"

namespace horde::node {
namespace {

using base::milliseconds;
using base::seconds;
using supervisor::ChildSpec;
using supervisor::Shutdown;

class Horde : public WithChildren {
 protected:
  // "n1=alive n2=dead", as `node` sees it.
  [[nodiscard]] std::string list(std::size_t node) const {
    std::string out;
    for (const members::Member& member : nodes_->node(node).members("h")) {
      out += (out.empty() ? "" : " ") + member.name + "=" +
             std::string(members::to_string(member.status));
    }
    return out;
  }
  void set_members(std::size_t node, const std::vector<std::string>& names) {
    nodes_->input(node, [&](Node& one, base::Effects& out) {
      one.set_members(nodes_->now(), {900}, "h", names, out);
    });
    EXPECT_EQ(nodes_->answers[900].back().status, "ok");
  }
  void stop(std::size_t node, StopCall request = {}) {
    nodes_->input(node,
                  [&](Node& one, base::Effects& out) { one.stop(nodes_->now(), request, out); });
  }
  [[nodiscard]] std::size_t heard_with(const std::string& start) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        script.heard, [&](const std::string& line) { return line.starts_with(start); }));
  }
};

using MemberList = Horde;
using GracefulStop = Horde;
using OverTime = Horde;
using HordeOptions = Horde;

// Shows: members.option_auto, members.same_everywhere, members.status, strategy.default,
// Shows: options.defaults
TEST_F(MemberList, UnderAutoIsEverybodyWhoIsVisibleAndTheSameOnAll) {
  make(3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(list(i), "n1=alive n2=alive n3=alive");
  }
  const auto strategy = ChildrenConfig{}.strategy();
  EXPECT_NE(dynamic_cast<const supervisor::Uniform*>(strategy.get()), nullptr);
  EXPECT_EQ(dynamic_cast<const supervisor::UniformQuorum*>(strategy.get()), nullptr);
  EXPECT_TRUE(ChildrenConfig{}.extra_arguments.empty());
}

// Shows: members.option_list, members.status
TEST_F(MemberList, MayBeGivenAndHasTheNodeItself) {
  make(3, [](Config& config) {
    config.hordes[0].members = {.automatic = false, .names = {"n1", "n2"}};
  });
  EXPECT_EQ(list(0), list(1));
  EXPECT_TRUE(list(0).starts_with("n1=alive n2=alive")) << list(0);
  stop(1);
  run(seconds(3));
  EXPECT_TRUE(list(0).starts_with("n1=alive n2=left")) << list(0);
  const auto other = std::make_unique<TestNodes>(TestNodes::Options{.change = [](Config& config) {
    config.hordes[0].members = {.automatic = false, .names = {"n7"}};
  }});
  ASSERT_TRUE(other->go_on(seconds(10)));
  const auto members = other->node(0).members("h");
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].name, "n1");
  EXPECT_EQ(members[1].name, "n7");
  EXPECT_EQ(members[1].status, members::Status::uninitialized);
}

// Shows: members.set_exact, members.set_spreads, members.set_absent, members.set_uninitialized
TEST_F(MemberList, IsWhatSetMembersSaysOnAnyNodeAlsoWhereAMemberIsNotThereYet) {
  make(3);
  set_members(1, {"n1", "n2", "n3", "n9"});
  run(seconds(1));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(list(i), "n1=alive n2=alive n3=alive n9=uninitialized");
  }
  const auto id = running(0, spec("sleeper"));
  EXPECT_EQ(nodes_->homes(id).size(), 1U);
  const auto end = terminate(0, id);
  run(seconds(2));
  EXPECT_TRUE(nodes_->homes(id).empty());
  EXPECT_EQ(status(end), "ok") << "who was never there is not waited for";
}

// Shows: members.set_removed, members.set_exact
TEST_F(MemberList, LosesWhoIsRemovedWhoseChildrenRunElsewhere) {
  make(3);
  const auto id = child_on(2, spec("recorder"));
  const std::size_t all = nodes_->children(0).count_children().active;
  set_members(0, {"n1", "n2"});
  run(seconds(3));
  EXPECT_EQ(list(0), "n1=alive n2=alive");
  EXPECT_EQ(list(1), "n1=alive n2=alive");
  EXPECT_EQ(processes(2), 0U);
  EXPECT_EQ(processes(0) + processes(1), all);
  EXPECT_EQ(nodes_->homes(id).size(), 1U);
  EXPECT_GE(heard_with("shutdown("), 1U) << "the copy there was asked to end";
  set_members(0, {"n1", "n2", "n3"});
  run(seconds(3));
  EXPECT_EQ(list(0), "n1=alive n2=alive n3=alive") << "it comes back by announcing itself";
}

// Shows: members.auto_split, members.not_dead_after_all, members.status, members.same_everywhere
TEST_F(MemberList, OfASplitKeepsAllAndThoseWhoWereHeldForDeadAreAliveAfterIt) {
  make(4);
  nodes_->cut_off({0, 1});
  run(seconds(10));
  EXPECT_EQ(list(0), "n1=alive n2=alive n3=dead n4=dead");
  EXPECT_EQ(list(3), "n1=dead n2=dead n3=alive n4=alive");
  nodes_->heal();
  run(seconds(10));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(list(i), "n1=alive n2=alive n3=alive n4=alive");
  }
}

// Shows: options.replication
TEST_F(HordeOptions, OfReplicationAreThoseOfTheMap) {
  const auto arrive_soon = [this](replication::Propagation propagation) {
    make(2, [&](Config& config) {
      config.hordes[0].replication = {.propagation = propagation, .sync_interval = seconds(1)};
    });
    int soon = 0;
    for (int i = 0; i < 10; ++i) {
      const std::string key = "k" + std::to_string(i);
      nodes_->input(0, [&](Node& node, base::Effects& out) {
        node.put(nodes_->now(), {900}, "h", {{key, "v"}}, out);
      });
      run(milliseconds(10));
      soon += nodes_->node(1).get("h", key) != nullptr ? 1 : 0;
      run(milliseconds(120));
    }
    run(seconds(2));
    EXPECT_EQ(nodes_->node(1).to_map("h").size(), 10U);
    return soon;
  };
  EXPECT_EQ(replication::Options{}.sync_interval, milliseconds(300)) << "as the original's";
  EXPECT_EQ(arrive_soon(replication::Propagation::eager), 10);
  EXPECT_LE(arrive_soon(replication::Propagation::interval), 3) << "with the rounds only";
}

// Shows: stop.announced, stop.one_by_one, placement.stops, members.status
TEST_F(GracefulStop, IsAnnouncedAndHandsOverEachChildWhenItHasStoppedAndNotBefore) {
  make(2);
  ChildSpec slow = spec("stubborn");
  slow.shutdown = Shutdown{seconds(3)};
  const auto slow_one = child_on(1, slow);
  const auto quick_one = child_on(1, spec("recorder"));
  stop(1);
  run(seconds(1));
  EXPECT_EQ(list(0), "n1=alive n2=shutting_down");
  EXPECT_EQ(nodes_->homes(quick_one), std::vector<std::size_t>{0});
  EXPECT_EQ(nodes_->homes(slow_one), std::vector<std::size_t>{1});
  EXPECT_GE(heard("shutdown(leaving)"), 1U);
  run(milliseconds(1'900));
  EXPECT_EQ(nodes_->homes(slow_one), std::vector<std::size_t>{1});
  run(milliseconds(300));
  EXPECT_EQ(nodes_->homes(slow_one), std::vector<std::size_t>{0});
  run(seconds(1));
  EXPECT_TRUE(nodes_->ended(1).has_value());
}

// Method: also where rounds alone carry what was written, and come rarely.
// Shows: stop.last_sync
TEST_F(GracefulStop, SendsWhatWasWrittenLastBeforeTheNodeEnds) {
  for (const auto how : {replication::Propagation::eager, replication::Propagation::interval}) {
    make(2, [&](Config& config) {
      config.hordes[0].replication = {.propagation = how, .sync_interval = seconds(30)};
    });
    nodes_->input(1, [&](Node& node, base::Effects& out) {
      node.put(nodes_->now(), {900}, "h", {{"k", "v"}}, out);
      node.stop(nodes_->now(), out);
    });
    const base::Instant asked = nodes_->now().mono;
    while (!nodes_->ended(1) && nodes_->now().mono < asked + seconds(20)) {
      run(milliseconds(1));
    }
    ASSERT_TRUE(nodes_->ended(1).has_value());
    ASSERT_NE(nodes_->node(0).get("h", "k"), nullptr);
    EXPECT_EQ(*nodes_->node(0).get("h", "k"), "v");
  }
}

// Shows: stop.timeout, options.shutdown
TEST_F(GracefulStop, EndsInTimeAndWhatHadNotStoppedIsTakenOver) {
  make(2);
  ChildSpec never = spec("stubborn");
  never.shutdown = Shutdown{Shutdown::kForever};
  const auto id = child_on(1, never);
  stop(1, {.timeout = seconds(1)});
  run(seconds(4));
  EXPECT_TRUE(nodes_->ended(1).has_value());
  run(seconds(5));
  EXPECT_EQ(nodes_->homes(id), std::vector<std::size_t>{0});
}

// Shows: restart.intensity, options.on_intensity, placement.supervisor_dies
TEST_F(OverTime, AnExcessOfRestartsEndsTheSupervisorOfItsHordeAndNotTheNode) {
  make(2, [](Config& config) {
    config.hordes[0].children->options.max_restarts = 2;
    config.hordes[0].children->options.on_intensity = supervisor::OnIntensity::shutdown;
  });
  const auto other = child_on(1, spec("recorder"));
  const auto crasher = child_on(1, spec("crasher", {"after_ms=1000"}));
  const std::size_t all = nodes_->children(0).count_children().specs;
  run(seconds(5));
  EXPECT_EQ(nodes_->homes(other), std::vector<std::size_t>{0});
  EXPECT_GE(heard("shutdown(leaving)"), 1U) << "its other children were asked to end first";
  EXPECT_EQ(processes(1), 0U);
  EXPECT_EQ(nodes_->children(0).count_children().specs, all);
  EXPECT_EQ(list(0), "n1=alive n2=shutting_down");
  EXPECT_EQ(status(start(1, spec("sleeper"))), "shutting_down");
  EXPECT_TRUE(nodes_->is_up(1));
  nodes_->input(1, [&](Node& node, base::Effects& out) {
    node.put(nodes_->now(), {900}, "h", {{"k", "v"}}, out);
  });
  EXPECT_EQ(nodes_->answers[900].back().status, "ok") << "its map goes on";
  EXPECT_NE(crasher, other);
}

// Shows: placement.dies_uniform, placement.same_id, members.status
TEST_F(OverTime, AMemberThatDiesIsDeadForTheOthersWhoRunItsChildrenUnderTheSameIds) {
  make(3);
  const auto id = child_on(2, spec("sleeper"));
  const std::size_t all = nodes_->children(0).count_children().active;
  const supervisor::Token before = nodes_->children(0).entry(id)->token();
  nodes_->crash(2);
  run(seconds(8));
  EXPECT_EQ(list(0), "n1=alive n2=alive n3=dead");
  EXPECT_EQ(processes(0) + processes(1), all);
  EXPECT_EQ(nodes_->homes(id).size(), 1U);
  EXPECT_GT(nodes_->children(0).entry(id)->token(), before);
}

// Shows: placement.split_uniform, placement.heal, placement.duplicate_told
TEST_F(OverTime, AfterASplitTheLaterCopyOfEachRemainsAndTheOtherIsToldWhoWon) {
  make(2);
  const auto id = child_on(1, spec("recorder"));
  nodes_->cut(0, 1);
  run(seconds(10));
  EXPECT_EQ(nodes_->homes(id), (std::vector<std::size_t>{0, 1}));
  nodes_->heal();
  run(seconds(10));
  EXPECT_EQ(nodes_->homes(id), std::vector<std::size_t>{0});
  const std::string winner = supervisor::to_string(nodes_->children(1).entry(id)->claim);
  EXPECT_EQ(heard("shutdown(duplicate(" + winner + "))"), 1U);
}

// Shows: placement.moved_with, placement.joins_active
TEST_F(OverTime, AMemberThatJoinsGetsWhatBelongsToItWhichIsAskedToEndForThat) {
  make(3, [](Config& config) {
    config.hordes[0].children->options.redistribution = supervisor::Redistribution::active;
  });
  nodes_->crash(2);
  run(seconds(8));
  for (int i = 0; i < 12; ++i) {
    running(0, spec("recorder"));
  }
  run(seconds(6));
  nodes_->boot(2);
  run(seconds(20));
  EXPECT_GT(processes(2), 0U);
  EXPECT_EQ(processes(0) + processes(1) + processes(2), 12U);
  EXPECT_EQ(heard("shutdown(process_redistribution)"), processes(2));
  EXPECT_EQ(heard_with("shutdown"), processes(2)) << "nothing else was stopped";
}

}  // namespace
}  // namespace horde::node
