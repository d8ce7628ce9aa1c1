// What one supervisor, or a few, do in named situations. Random histories: props/supervisor.
#include "supervisor/supervisor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "supervisor/test_clustered.hpp"

namespace horde::supervisor {
namespace {

using base::milliseconds;
using base::seconds;
using Exit = Supervisor::Exit;

using StartChild = Clustered;
using Takeover = Clustered;
using Terminate = Clustered;
using LocalRestart = Clustered;
using Leaving = Clustered;
using Moving = Clustered;
using QuorumLoss = Clustered;

// Shows: start_child.ok_pid, start_child.ok_info, lists.whole_cluster
TEST_F(StartChild, RunsOnceWhereItIsPlacedAndSaysSo) {
  TestCluster& cluster = make(3);
  const auto call = cluster.start(0, {.start = "ok"});
  cluster.run(seconds(2));
  EXPECT_EQ(reply(call).status, CallStatus::ok);
  EXPECT_EQ(reply(call).pid, "p1");
  EXPECT_EQ(reply(call).detail, "info");
  EXPECT_EQ(cluster.copies(reply(call).id).size(), 1U);
  EXPECT_EQ(cluster.settled_wrong(), "");
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster.supervisor(i).count_children(), (ChildCounts{1, 1, 0, 1}));
    EXPECT_EQ(cluster.supervisor(i).which_children().at(0).pid, "p1");
  }
}

// Shows: start_child.ignore, start_child.error, start_child.bad_spec
TEST_F(StartChild, EndsAsItsInitDid) {
  TestCluster& cluster = make(3);
  const auto declined = cluster.start(0, {.start = "ignore"});
  const auto failed = cluster.start(0, {.start = "fail"});
  ChildSpec bad{.start = "ok"};
  bad.place_by = PlaceBy::key;
  const auto refused = cluster.start(0, bad);
  cluster.run(seconds(1));
  EXPECT_EQ(reply(declined).status, CallStatus::ignore);
  EXPECT_EQ(reply(failed).status, CallStatus::error);
  EXPECT_EQ(reply(failed).detail, "no luck");
  EXPECT_EQ(reply(refused).status, CallStatus::bad_spec);
  EXPECT_EQ(reply(refused).detail, "placement_key: must be set exactly if placed by key");
  EXPECT_EQ(cluster.supervisor(1).count_children(), ChildCounts{});
}

// Goal: refused starts leave no rows (T11). Method: wait until their ends may be forgotten.
// Shows: start_child.refused_is_gone
TEST_F(StartChild, LeavesNoRowsWhenRefused) {
  TestCluster& cluster = make(3);
  for (int i = 0; i < 20; ++i) {
    cluster.start(static_cast<std::size_t>(i % 3), {.start = "fail"}, seconds(1));
  }
  cluster.run(seconds(30));
  for (std::size_t i = 0; i < 3; ++i) {
    const Supervisor::Sizes sizes = cluster.supervisor(i).sizes();
    EXPECT_EQ(sizes.children + sizes.ended + sizes.pids + sizes.timers + sizes.calls, 0U);
    EXPECT_EQ(sizes.confirmations, 0U);
  }
}

// Shows: start_child.ok_copies
TEST_F(StartChild, SaysOkOnlyWhenSoManyHoldItIfAsked) {
  TestCluster& cluster = make(3);
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  cluster.run(seconds(1));
  const auto alone = cluster.start(0, {.start = "ok"}, seconds(1), 1);
  const auto two = cluster.start(0, {.start = "ok"}, seconds(1), 2);
  cluster.run(seconds(2));
  EXPECT_EQ(reply(alone).status, CallStatus::ok);
  EXPECT_EQ(reply(two).status, CallStatus::unknown);
  cluster.heal();
  cluster.run(seconds(1));
  const auto again = cluster.start(0, {.start = "ok"}, seconds(1), 3);
  cluster.run(seconds(1));
  EXPECT_EQ(reply(again).status, CallStatus::ok);
}

// Goal: the call ends when its target dies under it (K6). Method: a target that is cut off as the
// request is on its way, for less time than the call has.
// Shows: start_child.target_dies
TEST_F(StartChild, EndsThoughItsTargetDiesUnderIt) {
  TestCluster& cluster = make(3);
  std::vector<std::uint64_t> calls;
  for (int i = 0; i < 10; ++i) {
    calls.push_back(cluster.start(0, {.start = "ok"}));
  }
  cluster.crash(1);
  cluster.crash(2);
  cluster.run(seconds(4));
  for (const std::uint64_t call : calls) {
    EXPECT_EQ(reply(call).status, CallStatus::ok);
  }
  EXPECT_EQ(cluster.node(0).processes.size(), 10U);
}

// Shows: start_child.max_children, options.max_children
TEST_F(StartChild, IsLimitedByMaxChildren) {
  TestCluster& cluster = make(1, {.max_children = 2});
  (void)cluster.start(0, {.start = "ok"});
  (void)cluster.start(0, {.start = "ok"});
  const auto third = cluster.start(0, {.start = "ok"});
  cluster.run(seconds(1));
  EXPECT_EQ(reply(third).status, CallStatus::max_children);
}

// Shows: start_child.shutting_down
TEST_F(StartChild, IsRefusedWhileStopping) {
  TestCluster& cluster = make(2);
  cluster.leave(0);
  const auto call = cluster.start(0, {.start = "ok"});
  EXPECT_EQ(reply(call).status, CallStatus::shutting_down);
}

// R13: who has an entry for the id answers from it, and starts nothing.
// Shows: start_child.once
TEST_F(StartChild, AskedTwiceUnderOneIdStartsOneChild) {
  TestCluster& cluster = make(1);
  const base::RunId origin{base::NodeId::of("n9"), 3};
  StartRequest request{.id = {1, 2},
                       .not_after = static_cast<std::uint64_t>(cluster.now().ns) + 1'000'000'000,
                       .spec = {.start = "ok"},
                       .origin = origin,
                       .number = 5};
  const auto ask = [&](Supervisor& s, base::Now now, Outputs& out) {
    ASSERT_TRUE(s.on_message(now, origin, encode(request), out).has_value());
  };
  cluster.input(0, ask);
  cluster.input(0, ask);
  cluster.run(milliseconds(500));
  cluster.input(0, ask);
  EXPECT_EQ(cluster.node(0).processes.size(), 1U);
  EXPECT_EQ(cluster.node(0).processes.at({1, 2}).token.start, 1U);
  // Nor after its time.
  request.id = {3, 4};
  cluster.run(seconds(2));
  cluster.input(0, ask);
  EXPECT_EQ(cluster.node(0).processes.size(), 1U);
}

// Shows: placement.dies_uniform
TEST_F(Takeover, IsByExactlyOneSurvivorForEachChild) {
  TestCluster& cluster = make(4);
  for (int i = 0; i < 40; ++i) {
    (void)cluster.start(0, {.start = "ok"});
  }
  cluster.run(seconds(2));
  const std::size_t had = cluster.node(3).processes.size();
  ASSERT_GT(had, 3U);
  cluster.told.clear();
  cluster.crash(3);
  cluster.run(seconds(2));
  EXPECT_EQ(cluster.told["taken_over"], had);
  EXPECT_EQ(cluster.settled_wrong(), "");
}

// Shows: placement.same_id, beyond.token
TEST_F(Takeover, GivesAHigherTokenUnderTheSameId) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1);
  const Token before = cluster.node(1).processes.at(child).token;
  cluster.crash(1);
  cluster.run(seconds(1));
  EXPECT_GT(cluster.node(0).processes.at(child).token, before);
}

// R7: an accepted child runs, or is being tried again.
// Shows: placement.failed_takeover
TEST_F(Takeover, ThatFailsIsTriedAgain) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1, {.start = "flaky"});
  cluster.starts_fail = true;
  cluster.crash(1);
  cluster.run(seconds(2));
  EXPECT_TRUE(cluster.copies(child).empty());
  cluster.starts_fail = false;
  cluster.run(seconds(12));
  EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{0});
}

// R4: the later claim wins, and the other copy stops, although its owner lives.
// Shows: placement.split_uniform, placement.heal, options.duplicates
TEST_F(Takeover, OfAChildWhoseOwnerWasNotDeadLeavesTheLaterCopy) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1);
  cluster.cut(0, 1);
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.copies(child).size(), 2U);
  cluster.heal();
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{0});
  EXPECT_EQ(cluster.settled_wrong(), "");
}

// Shows: placement.duplicates_left, options.duplicates
TEST_F(Takeover, LeavesBothCopiesWhereDuplicatesAreLeft) {
  TestCluster& cluster = make(2, {.duplicates = Duplicates::leave});
  const ChildId child = child_on(1);
  cluster.cut(0, 1);
  cluster.run(seconds(1));
  cluster.heal();
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.copies(child).size(), 2U);
  cluster.terminate(0, child);
  cluster.run(seconds(1));
  EXPECT_TRUE(cluster.copies(child).empty());
}

// R5: a transient copy that is stopped as a duplicate has not finished.
// Shows: placement.duplicate_is_no_end
TEST_F(Takeover, OfATransientChildSurvivesTheStopOfTheDuplicate) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1, {.start = "ok", .restart = Restart::transient});
  cluster.cut(0, 1);
  cluster.run(seconds(1));
  cluster.heal();
  cluster.run(milliseconds(60));
  cluster.exit(1, child, Exit::normal);  // How it went when it was asked to stop.
  cluster.run(seconds(2));
  EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{0});
}

// R8: who boots does nothing, even with its old disk, until it has synced.
// Shows: placement.booting
TEST_F(Takeover, IsNotByAMemberThatHasNotSynced) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1);
  cluster.crash(0);
  cluster.run(seconds(1));
  cluster.terminate(1, child);
  cluster.cut(0, 1);
  cluster.restart(0, TestCluster::Disk::kept);
  cluster.run(seconds(5));
  EXPECT_TRUE(cluster.node(0).processes.empty());
}

// R20: each taker of a child that fells its node adds a strike, and in the end waits.
// Shows: restart.quarantine_moves, restart.quarantine_release
TEST_F(Takeover, OfAPoisonChildEndsInQuarantineEverywhere) {
  TestCluster& cluster = make(3, {.max_restarts = 2, .quarantine = seconds(600)});
  const ChildId healthy = child_on(2);
  (void)cluster.start(0, {.start = "poison"});
  cluster.run(seconds(20));
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(cluster.node(i).up);
    EXPECT_EQ(cluster.supervisor(i).quarantined().size(), 1U);
  }
  EXPECT_EQ(cluster.copies(healthy).size(), 1U);
  // And is let out by hand.
  const ChildId poison = cluster.supervisor(0).quarantined().at(0).id;
  cluster.calls[900] = {.until = cluster.now() + seconds(1)};
  cluster.may_lift(poison);
  cluster.input(0, [&](Supervisor& s, base::Now now, Outputs& out) {
    s.unquarantine(now, {900}, poison, out);
  });
  cluster.run(milliseconds(200));
  EXPECT_EQ(reply(900).status, CallStatus::ok);
  EXPECT_TRUE(cluster.supervisor(0).quarantined().empty());
}

// R10: ok when every member holds the end and runs no copy; unknown names who has not said so.
// Shows: terminate_child.ok, terminate_child.unknown, terminate_child.anywhere
TEST_F(Terminate, SaysOkWhenAllHoldTheEndAndUnknownWhenAMemberIsOutOfReach) {
  TestCluster& cluster = make(3);
  const ChildId first = child_on(2);
  const ChildId second = child_on(2);
  const auto ok = cluster.terminate(0, first);
  cluster.run(seconds(1));
  EXPECT_EQ(reply(ok).status, CallStatus::ok);
  cluster.cut(0, 2);
  cluster.cut(1, 2);
  cluster.run(seconds(1));
  const auto call = cluster.terminate(0, second);
  cluster.run(seconds(1));
  EXPECT_EQ(reply(call).status, CallStatus::unknown);
  EXPECT_EQ(reply(call).missing, std::vector{TestCluster::id(2)});
  EXPECT_EQ(cluster.copies(second), std::vector<std::size_t>{2});
  cluster.heal();
  cluster.run(seconds(1));
  EXPECT_TRUE(cluster.copies(second).empty()) << "recorded is carried out";
}

// R11: a confirmation of an earlier boot is void.
// Shows: terminate_child.void_confirmations
TEST_F(Terminate, TakesNoConfirmationFromAnEarlierBoot) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(0);
  cluster.cut(0, 1);
  const auto call = cluster.terminate(0, child);
  const base::RunId old_boot{TestCluster::id(1), cluster.node(1).boot};
  cluster.input(0, [&](Supervisor& s, base::Now now, Outputs& out) {
    // It has heard of a later boot of the other by now, and then comes the old word.
    ASSERT_TRUE(s.on_message(now, old_boot,
                             encode(AskEnds{.boots = {{old_boot.node, old_boot.start + 1}}}), out));
    ASSERT_TRUE(s.on_message(now, old_boot, encode(ConfirmEnds{.ids = {child}}), out));
  });
  cluster.run(milliseconds(200));
  EXPECT_EQ(cluster.calls.at(call).replies, 0U);
  cluster.run(seconds(4));
  EXPECT_EQ(reply(call).status, CallStatus::unknown);
}

// Shows: terminate_child.by_pid, terminate_child.not_found
TEST_F(Terminate, FindsAChildByThePidOfAnEarlierCopy) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1);
  const base::Bytes pid = cluster.node(1).processes.at(child).pid;
  cluster.crash(1);
  cluster.run(seconds(1));
  const auto ask = [&](std::uint64_t number, const base::Bytes& by) {
    cluster.calls[number] = {.until = cluster.now() + seconds(5),
                             .kind = TestCluster::Call::Kind::stop};
    cluster.may_end(child);
    cluster.input(0, [&](Supervisor& s, base::Now now, Outputs& out) {
      s.terminate_child(now, {number}, {.pid = by}, out);
    });
  };
  ask(900, pid);
  ask(901, "nobody");
  cluster.run(seconds(1));
  EXPECT_TRUE(cluster.copies(child).empty());
  EXPECT_EQ(reply(901).status, CallStatus::not_found);
}

// An id whose start ended as unknown can be terminated before it is heard of.
// Shows: terminate_child.by_id, terminate_child.final
TEST_F(Terminate, OfAnIdThatIsNotHeardOfYetHoldsWhenItComes) {
  TestCluster& cluster = make(2);
  cluster.cut(0, 1);
  const ChildId child{5, 6};
  cluster.may_end(child);
  cluster.calls[900] = {.until = cluster.now() + seconds(5)};
  cluster.input(0, [&](Supervisor& s, base::Now now, Outputs& out) {
    s.terminate_child(now, {900}, {.id = child, .if_unknown = TerminateCall::IfUnknown::record},
                      out);
  });
  const StartRequest request{
      .id = child,
      .not_after = static_cast<std::uint64_t>(cluster.now().ns) + 3'000'000'000,
      .spec = {.start = "ok"},
      .origin = {TestCluster::id(0), 1}};
  cluster.run(seconds(1));
  cluster.input(1, [&](Supervisor& s, base::Now now, Outputs& out) {
    ASSERT_TRUE(s.on_message(now, request.origin, encode(request), out).has_value());
  });
  cluster.run(milliseconds(100));
  EXPECT_EQ(cluster.copies(child).size(), 1U);
  cluster.heal();
  cluster.run(seconds(1));
  EXPECT_TRUE(cluster.copies(child).empty());
  EXPECT_EQ(cluster.settled_wrong(), "");
}

// R9: forgotten once all have confirmed and no start can come any more; not before.
// Shows: terminate_child.gone
TEST_F(Terminate, IsForgottenByAllOnceNobodyCanBringItBack) {
  TestCluster& cluster = make(3);
  const ChildId child = child_on(1);
  const auto call = cluster.terminate(0, child);
  cluster.run(seconds(5));
  EXPECT_EQ(reply(call).status, CallStatus::ok);
  EXPECT_NE(cluster.supervisor(2).entry(child), nullptr) << "a start may still be on its way";
  cluster.run(seconds(25));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster.supervisor(i).entry(child), nullptr);
  }
}

// Shows: terminate_child.final
TEST_F(Terminate, IsNotForgottenWhileAMemberWithADiskIsAway) {
  TestCluster& cluster = make(3);
  const ChildId child = child_on(2);
  cluster.crash(2);
  cluster.run(seconds(1));
  cluster.terminate(0, child);
  cluster.run(seconds(60));
  EXPECT_NE(cluster.supervisor(0).entry(child), nullptr);
  cluster.restart(2, TestCluster::Disk::kept);
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.supervisor(0).entry(child), nullptr);
  EXPECT_TRUE(cluster.copies(child).empty());
}

// Shows: restart.permanent, restart.transient, restart.temporary
TEST_F(LocalRestart, DependsOnTheRestartRuleAndTheExit) {
  TestCluster& cluster = make(1);
  const auto runs_after = [&](Restart restart, Exit exit) {
    const auto call = cluster.start(0, {.start = "ok", .restart = restart});
    cluster.run(milliseconds(100));
    cluster.exit(0, reply(call).id, exit);
    cluster.run(milliseconds(100));
    return cluster.copies(reply(call).id).size();
  };
  EXPECT_EQ(runs_after(Restart::permanent, Exit::normal), 1U);
  EXPECT_EQ(runs_after(Restart::permanent, Exit::abnormal), 1U);
  EXPECT_EQ(runs_after(Restart::transient, Exit::normal), 0U);
  EXPECT_EQ(runs_after(Restart::transient, Exit::abnormal), 1U);
  EXPECT_EQ(runs_after(Restart::temporary, Exit::normal), 0U);
  EXPECT_EQ(runs_after(Restart::temporary, Exit::abnormal), 0U);
}

// Shows: beyond.token
TEST_F(LocalRestart, RaisesOnlyTheStartCountOfTheToken) {
  TestCluster& cluster = make(1);
  const ChildId child = child_on(0);
  const Token before = cluster.node(0).processes.at(child).token;
  cluster.exit(0, child, Exit::abnormal);
  cluster.run(milliseconds(100));
  const Token after = cluster.node(0).processes.at(child).token;
  EXPECT_EQ(after, (Token{before.claim, before.start + 1}));
}

// Shows: restart.quarantine, options.max_restarts, options.on_intensity
TEST_F(LocalRestart, OverItsLimitIsAQuarantineThatGrowsUntilTheChildIsHealthy) {
  TestCluster& cluster = make(1, {.max_restarts = 3, .quarantine = seconds(10)});
  const ChildId child = child_on(0);
  const auto crash = [&] {
    cluster.exit(0, child, Exit::abnormal);
    cluster.run(milliseconds(100));
  };
  crash();
  crash();
  crash();
  EXPECT_EQ(cluster.copies(child).size(), 1U);
  crash();
  EXPECT_EQ(cluster.copies(child).size(), 0U);
  EXPECT_EQ(cluster.supervisor(0).quarantined().size(), 1U);
  cluster.run(seconds(10));
  EXPECT_EQ(cluster.copies(child).size(), 1U);
  crash();
  cluster.run(seconds(19));
  EXPECT_EQ(cluster.copies(child).size(), 0U) << "twice as long";
  cluster.run(seconds(8));
  EXPECT_EQ(cluster.supervisor(0).entry(child)->strikes, (Strikes{.era = 1})) << "healthy again";
}

// Shows: restart.intensity, options.on_intensity, placement.supervisor_dies
TEST_F(LocalRestart, OverItsLimitStopsTheSupervisorWhereAskedTo) {
  TestCluster& cluster = make(2, {.max_restarts = 1, .on_intensity = OnIntensity::shutdown});
  const ChildId child = child_on(1);
  cluster.exit(1, child, Exit::abnormal);
  cluster.run(milliseconds(100));
  EXPECT_TRUE(cluster.node(1).up);
  cluster.exit(1, child, Exit::abnormal);
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.node(1).says, members::Status::shutting_down);
  EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{0});
  cluster.run(seconds(11));
  EXPECT_EQ(cluster.node(1).says, members::Status::alive);
  EXPECT_EQ(cluster.settled_wrong(), "");
}

// Shows: placement.stops
TEST_F(Leaving, HandsEachChildOverAsItStopsAndLosesNone) {
  TestCluster& cluster = make(3);
  for (int i = 0; i < 20; ++i) {
    (void)cluster.start(0, {.start = "ok"});
  }
  cluster.run(seconds(1));
  cluster.leave(1);
  cluster.run(seconds(1));
  EXPECT_FALSE(cluster.node(1).up);
  EXPECT_EQ(cluster.node(0).processes.size() + cluster.node(2).processes.size(), 20U);
  EXPECT_EQ(cluster.settled_wrong(), "");
}

// R19, no fault: a member joins; what belongs to it moves there, never in two copies.
// Shows: placement.joins_active
TEST_F(Moving, BringsChildrenToAJoiningMemberOneCopyAtATime) {
  TestCluster& cluster = make(3, {.redistribution = Redistribution::active});
  cluster.crash(2);
  cluster.run(seconds(1));
  std::vector<ChildId> children;
  for (int i = 0; i < 20; ++i) {
    const auto call = cluster.start(0, {.start = "ok"});
    cluster.run(milliseconds(100));
    children.push_back(reply(call).id);
  }
  cluster.run(seconds(6));
  cluster.restart(2, TestCluster::Disk::lost);
  for (int i = 0; i < 2'000; ++i) {
    cluster.run(milliseconds(5));
    for (const ChildId& child : children) {
      ASSERT_LE(cluster.copies(child).size(), 1U);
    }
  }
  EXPECT_GT(cluster.node(2).processes.size(), 2U);
  EXPECT_EQ(cluster.settled_wrong(), "");
}

// Shows: placement.joins_passive, options.redistribution
TEST_F(Moving, DoesNotHappenWherePassive) {
  TestCluster& cluster = make(3);
  cluster.crash(2);
  cluster.run(seconds(1));
  for (int i = 0; i < 20; ++i) {
    (void)cluster.start(0, {.start = "ok"});
  }
  cluster.run(seconds(6));
  cluster.restart(2, TestCluster::Disk::kept);
  cluster.run(seconds(10));
  EXPECT_TRUE(cluster.node(2).processes.empty());
  EXPECT_EQ(cluster.settled_wrong(), "");
}

// Shows: start_child.quorum_not_met, strategy.quorum_not_met, wait_for_quorum.later,
// Shows: placement.split_quorum
TEST_F(QuorumLoss, StopsChildrenAndQuorumsReturnStartsThem) {
  TestCluster& cluster = make(3, {}, [] { return std::make_unique<UniformQuorum>(); });
  const ChildId child = child_on(0);
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  cluster.run(seconds(1));
  EXPECT_TRUE(cluster.copies(child).empty())
      << "who has quorum waits until who has not has stopped";
  cluster.run(seconds(6));
  EXPECT_EQ(cluster.copies(child).size(), 1U) << "the majority has taken it";
  const auto call = cluster.start(0, {.start = "ok"});
  EXPECT_EQ(reply(call).status, CallStatus::quorum_not_met);
  cluster.calls[900] = {.until = cluster.now() + seconds(5), .kind = TestCluster::Call::Kind::stop};
  cluster.input(0, [](Supervisor& s, base::Now now, Outputs& out) {
    s.wait_for_quorum(now, {900}, seconds(5), out);
  });
  cluster.heal();
  cluster.run(seconds(1));
  EXPECT_EQ(reply(900).status, CallStatus::ok);
  EXPECT_EQ(cluster.settled_wrong(), "");
}

// Shows: placement.no_quorum
TEST_F(QuorumLoss, OnAllSidesStopsAllAndLosesNothing) {
  TestCluster& cluster = make(3, {}, [] { return std::make_unique<UniformQuorum>(); });
  const ChildId child = child_on(0);
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  cluster.cut(1, 2);
  cluster.run(seconds(1));
  EXPECT_TRUE(cluster.copies(child).empty());
  cluster.heal();
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.copies(child).size(), 1U);
}

// Goal: a member that dies with a thousand children keeps no survivor busy for long at a time.
TEST(TakeoverOfMany, IsCutIntoInputsOfAFewHundredChildren) {
  class NobodyElse final : public Replica {
   public:
    [[nodiscard]] std::size_t holders(const base::Dot& /*dot*/) const override { return 1; }
    [[nodiscard]] const crdt::VersionVector& vector() const override { return vector_; }
    [[nodiscard]] bool is_closed_but_for(const std::set<base::NodeId>&) const override {
      return true;
    }

   private:
    crdt::VersionVector vector_;
  };
  constexpr std::uint64_t kChildren = 1'000;
  constexpr std::size_t kClaimsMax = 256;
  const base::NodeId here = TestCluster::id(0);
  const base::NodeId dies = TestCluster::id(1);
  const base::Now now{{1'000'000'000}, {1'000'000'000}};
  Supervisor one({here, 1}, {}, std::make_unique<Uniform>(), base::Rng(1));
  View view{.members = {{"n1", here, members::Status::alive}, {"n2", dies, members::Status::alive}},
            .boots = {{here, 1}, {dies, 1}},
            .witnesses = {here, dies}};
  Outputs out;
  one.on_view(now, view, out);
  one.on_synced(now, out);
  for (std::uint64_t i = 1; i <= kChildren; ++i) {
    const Entry entry{.birth = Birth{.spec = {.start = "ok"}},
                      .claim = {.term = 1, .owner = dies, .boot = 1},
                      .run = {.rev = 2, .start = 1, .state = RunState::running, .healthy = true}};
    const EntryChange change{{i, i}, {{.dot = {{dies, 1}, i}, .value = encode(entry)}}};
    one.on_entries(now, {&change, 1}, out);
  }
  std::map<ChildId, int> started;
  const auto take = [&](const Outputs& outputs) {
    std::size_t claims = 0;
    for (const Output& output : outputs.list) {
      if (const auto* start = std::get_if<StartCopy>(&output)) {
        ++started[start->id];
        ++claims;
      }
    }
    EXPECT_LE(claims, kClaimsMax);
  };
  view.members[1].status = members::Status::dead;
  out.list.clear();
  one.on_view(now, view, out);
  take(out);
  for (int inputs = 0; one.wake_at() <= now.mono; ++inputs) {
    ASSERT_LT(inputs, 20);
    out.list.clear();
    one.on_timeout(now, NobodyElse(), out);
    take(out);
  }
  EXPECT_EQ(started.size(), kChildren);
  EXPECT_TRUE(std::ranges::all_of(started, [](const auto& child) { return child.second == 1; }));
}

// R14: one of each static child, also when every member boots at another time.
// Shows: beyond.static, terminate_child.final
TEST_F(Takeover, OfStaticChildrenLeavesEachOnceAndTerminatedOnesStayEnded) {
  Options options{.horde = "h"};
  options.static_children = {{"a", {.start = "ok"}}, {"b", {.start = "ok"}}};
  TestCluster& cluster = make(3, options);
  const ChildId a = static_child_id("h", "a");
  const ChildId b = static_child_id("h", "b");
  EXPECT_EQ(cluster.copies(a).size(), 1U);
  EXPECT_EQ(cluster.copies(b).size(), 1U);
  const auto call = cluster.terminate(0, a);
  cluster.run(seconds(60));
  EXPECT_EQ(reply(call).status, CallStatus::ok);
  for (const std::size_t node : {0U, 1U, 2U}) {
    cluster.crash(node);
    cluster.run(seconds(1));
    cluster.restart(node, TestCluster::Disk::lost);
    cluster.run(seconds(1));
  }
  EXPECT_EQ(cluster.copies(a).size(), 0U) << "its end is never forgotten";
  EXPECT_EQ(cluster.copies(b).size(), 1U);
}

}  // namespace
}  // namespace horde::supervisor
