// R18: what becomes of children whose copies lose registered names, or do not get them.
#include <gtest/gtest.h>

#include <algorithm>

#include "supervisor/test_clustered.hpp"

namespace horde::supervisor {
namespace {

using base::milliseconds;
using base::seconds;
using Exit = Supervisor::Exit;
using Why = Ignored::Why;

// Members that hear of each other's entries every few seconds only, and of all else at once: so
// that a name's loss comes before the entry of the copy that it was lost to.
class NameLost : public Clustered {
 protected:
  TestCluster& make_slow(std::size_t nodes, const Options& options = {},
                         std::function<std::unique_ptr<Strategy>()> strategy = {}) {
    ClusterOptions cluster{
        .nodes = nodes, .supervisor = options, .sync_interval = seconds(5), .eager = false};
    if (strategy) {
      cluster.strategy = std::move(strategy);
    }
    cluster_ = std::make_unique<TestCluster>(std::move(cluster), 7);
    cluster_->run(seconds(1));
    return *cluster_;
  }
  /// A claim that node 0 makes of the child in its present boot, later than any other.
  [[nodiscard]] Claim later_claim(const ChildId& child) const {
    const Claim top = cluster_->joined().at(child).claim;
    return {.term = top.term + 3'600'000'000'000,
            .owner = TestCluster::id(0),
            .boot = cluster_->node(0).boot};
  }
  /// A child that node 0 has taken over from node 1, which does not know it and runs it too.
  ChildId taken_over(const ChildSpec& spec = {.start = "ok"}) {
    const ChildId child = child_on(1, spec);
    cluster_->run(seconds(10));
    cluster_->cut(0, 1);
    while (cluster_->copies(child).size() < 2) {
      cluster_->run(milliseconds(20));
    }
    cluster_->heal();
    cluster_->run(milliseconds(200));
    EXPECT_EQ(cluster_->copies(child).size(), 2U);
    EXPECT_LT(cluster_->supervisor(1).entry(child)->claim, claim_of(0, child));
    return child;
  }
  [[nodiscard]] Claim claim_of(std::size_t node, const ChildId& child) const {
    return cluster_->node(node).processes.at(child).token.claim;
  }
  void lose(std::size_t node, const ChildId& child, const Claim& winner) {
    cluster_->lose_name(node, child, {.same_child = true, .winner = winner});
  }
  [[nodiscard]] const Entry& entry_at(std::size_t node, const ChildId& child) {
    return *cluster_->supervisor(node).entry(child);
  }
};

using NameLostToALaterCopy = NameLost;
using NameLostToAnother = NameLost;
using NameTaken = NameLost;

// Goal: the loser neither starts again (it would lose again, up to three conflicts for one) nor
// counts a strike nor ends the child, whatever its restart rule says.
TEST_F(NameLostToALaterCopy, IsNotStartedAgainBeforeTheWinnersEntryIsHere) {
  for (const Restart restart : {Restart::permanent, Restart::transient, Restart::temporary}) {
    TestCluster& cluster = make_slow(2);
    const ChildId child = taken_over({.start = "ok", .restart = restart});
    const Claim winner = claim_of(0, child);
    lose(1, child, winner);
    EXPECT_EQ(cluster.supervisor(1).sizes().awaited, 1U);
    EXPECT_EQ(entry_at(1, child).run.state, RunState::backoff);
    EXPECT_EQ(entry_at(1, child).strikes, Strikes{});
    cluster.run(seconds(2));
    EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{0});
    EXPECT_EQ(cluster.supervisor(1).sizes().awaited, 1U) << "its entry is not here yet";
    cluster.run(seconds(8));
    EXPECT_EQ(cluster.supervisor(1).sizes().awaited, 0U);
    EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{0});
    EXPECT_EQ(entry_at(1, child).claim, winner);
    EXPECT_EQ(cluster.settled_wrong(), "");
  }
}

// Goal: nothing that happens meanwhile starts it: not a view, not a timer, not its own entry.
TEST_F(NameLostToALaterCopy, StaysAwayWhateverElseIsHeard) {
  TestCluster& cluster = make_slow(3);
  const ChildId child = child_on(1);
  const Claim winner = later_claim(child);
  lose(1, child, winner);
  cluster.crash(2);
  cluster.run(seconds(2));
  cluster.restart(2, TestCluster::Disk::kept);
  cluster.run(seconds(20));
  cluster.input(1, [](Supervisor& s, base::Now now, Outputs& out) { s.on_synced(now, out); });
  cluster.run(seconds(20));
  EXPECT_TRUE(cluster.copies(child).empty());
  EXPECT_EQ(cluster.supervisor(1).sizes().awaited, 1U);
}

// Goal: a winner that dies before anybody has its entry does not take the child with it, and no
// token goes back below its own. Method: a winner whose clock is an hour ahead.
TEST_F(NameLostToALaterCopy, IsTakenOverAboveTheWinnersTermOnceItsOwnerIsGone) {
  for (const bool comes_back : {false, true}) {
    TestCluster& cluster = make_slow(2);
    const ChildId child = child_on(1);
    const Claim winner = later_claim(child);
    lose(1, child, winner);
    cluster.run(seconds(1));
    ASSERT_TRUE(cluster.copies(child).empty());
    cluster.crash(0);
    if (comes_back) {
      cluster.restart(0, TestCluster::Disk::lost);
    }
    cluster.run(seconds(1));
    EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{1});
    EXPECT_EQ(claim_of(1, child).term, winner.term + 1);
    EXPECT_EQ(entry_at(1, child).strikes, Strikes{});
    EXPECT_EQ(cluster.told["winner_gone"], 1U);
    EXPECT_EQ(cluster.supervisor(1).sizes().awaited, 0U);
  }
}

TEST_F(NameLostToALaterCopy, IsTakenOverNoSoonerThanFromAnyOtherGoneOwner) {
  TestCluster& cluster = make_slow(2, {.takeover_delay = seconds(4)});
  const ChildId child = child_on(1);
  lose(1, child, later_claim(child));
  cluster.run(seconds(1));
  cluster.crash(0);
  cluster.run(seconds(4));
  EXPECT_TRUE(cluster.copies(child).empty());
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{1});
}

TEST_F(NameLostToALaterCopy, IsTakenOverOnlyWhenTheWinnerMustHaveStoppedWhereAQuorumIsNeeded) {
  TestCluster& cluster = make_slow(3, {}, [] { return std::make_unique<UniformQuorum>(); });
  const ChildId child = child_on(1);
  lose(1, child, later_claim(child));
  cluster.run(seconds(1));
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  cluster.run(seconds(5));
  EXPECT_TRUE(cluster.copies(child).empty()) << "the winner has 5 s to stop";
  cluster.run(seconds(2));
  EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{1});
}

// Goal: an end is heard while the child waits, and it waits no more.
TEST_F(NameLostToALaterCopy, IsLeftAloneOnceItHasEnded) {
  TestCluster& cluster = make_slow(2);
  const ChildId child = child_on(1);
  lose(1, child, later_claim(child));
  cluster.terminate(1, child);
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.supervisor(1).sizes().awaited, 0U);
  cluster.crash(0);
  cluster.run(seconds(5));
  EXPECT_TRUE(cluster.copies(child).empty());
}

// Goal: a leaving member hands what waits to the winner's owner, and to nobody who would run it
// beside the winner. Method: a child that placement would give to the third member.
TEST_F(NameLostToALaterCopy, IsReleasedToTheWinnersOwnerByAMemberThatLeaves) {
  TestCluster& cluster = make_slow(3);
  const auto place_without_1 = [](const ChildId& child) {
    using members::Status;
    const std::vector<Member> rest = {{"n1", TestCluster::id(0), Status::alive},
                                      {"n2", TestCluster::id(1), Status::shutting_down},
                                      {"n3", TestCluster::id(2), Status::alive}};
    return Uniform().choose({child, {.start = "ok"}}, rest).value();
  };
  ChildId child = child_on(1);
  while (place_without_1(child) != TestCluster::id(2)) {
    child = child_on(1);
  }
  lose(1, child, later_claim(child));
  cluster.leave(1, seconds(30));
  cluster.run(milliseconds(100));
  EXPECT_EQ(entry_at(1, child).run.state, RunState::released);
  EXPECT_EQ(entry_at(1, child).run.target, TestCluster::id(0));
  cluster.run(seconds(20));
  EXPECT_FALSE(cluster.node(1).up);
  EXPECT_EQ(cluster.copies(child), std::vector<std::size_t>{0}) << "it had lost its claim";
}

// Goal: the usual meeting after a cut: the name is lost first, the entry comes, one copy is left,
// and nothing was started in between.
TEST_F(NameLostToALaterCopy, AfterACutHealsLeavesOneCopyWithoutAnyStart) {
  TestCluster& cluster = make(3);
  const ChildId child = child_on(1, {.start = "named"});
  cluster.cut(0, 1);
  cluster.cut(1, 2);
  cluster.run(seconds(1));
  ASSERT_EQ(cluster.copies(child).size(), 2U);
  const std::size_t starts_before = cluster.story.size();
  cluster.heal();
  cluster.run(seconds(2));
  EXPECT_EQ(cluster.copies(child).size(), 1U);
  EXPECT_NE(cluster.copies(child).front(), 1U);
  EXPECT_EQ(
      std::count_if(
          cluster.story.begin() + static_cast<std::ptrdiff_t>(starts_before), cluster.story.end(),
          [](const std::string& line) { return line.find(" starts ") != std::string::npos; }),
      0);
  EXPECT_EQ(cluster.settled_wrong(), "");
}

// Goal: it starts again, finds the name taken, and ends; in between it was no crash.
TEST_F(NameLostToAnother, StartsAgainAtOnceWithoutAStrikeAndEndsAsItFindsTheNameTaken) {
  for (const Restart restart : {Restart::permanent, Restart::transient, Restart::temporary}) {
    TestCluster& cluster = make(1, {.max_restarts = 0, .on_intensity = OnIntensity::shutdown});
    const ChildId child = child_on(0, {.start = "ok", .restart = restart});
    cluster.lose_name(0, child, {});
    EXPECT_EQ(cluster.copies(child).size(), 1U) << "at once";
    cluster.run(milliseconds(100));
    EXPECT_EQ(entry_at(0, child).run.state, RunState::running);
    EXPECT_EQ(entry_at(0, child).strikes, Strikes{});
    EXPECT_EQ(cluster.told["intensity_exceeded"], 0U);
    cluster.ignored[child] = {Why::name_taken_by_other_child};
    cluster.lose_name(0, child, {});
    cluster.run(seconds(1));
    EXPECT_EQ(entry_at(0, child).end, (End{EndKind::finished, "ignore"}));
  }
}

// Goal: a name that is lost again and again costs a start now and then, not all there is; a healthy
// time makes up for it.
TEST_F(NameLostToAnother, AgainAndAgainIsStartedEverMoreRarely) {
  TestCluster& cluster = make(1, {.backoff = milliseconds(100), .backoff_max = seconds(10)});
  const ChildId child = child_on(0);
  cluster.told.clear();
  for (int i = 0; i < 2'000; ++i) {
    cluster.lose_name(0, child, {});
    cluster.run(milliseconds(10));
  }
  EXPECT_LT(cluster.told["name_lost"], 12U);
  EXPECT_GT(cluster.told["name_lost"], 6U);
  cluster.run(seconds(20));
  ASSERT_TRUE(entry_at(0, child).run.healthy);
  cluster.lose_name(0, child, {});
  EXPECT_EQ(cluster.copies(child).size(), 1U) << "at once";
}

// Section "Starting": a process that is no child has the name. An accepted child outlives it.
TEST_F(NameTaken, ByAProcessAtARestartOrTakeoverIsTriedAgainWithoutStrikes) {
  for (const bool takeover : {false, true}) {
    TestCluster& cluster = make(2, {.max_restarts = 2, .backoff_max = seconds(4)});
    const ChildId child = child_on(1);
    cluster.run(seconds(6));  // Healthy.
    cluster.ignored[child] = {Why::name_taken_by_process};
    cluster.told.clear();
    if (takeover) {
      cluster.crash(1);
    } else {
      cluster.exit(1, child, Exit::abnormal);
    }
    cluster.run(seconds(40));
    const std::size_t node = takeover ? 0 : 1;
    EXPECT_EQ(entry_at(node, child).end, End{});
    EXPECT_EQ(entry_at(node, child).run.state, RunState::backoff);
    EXPECT_EQ(entry_at(node, child).strikes.count, takeover ? 0U : 1U);
    EXPECT_GT(cluster.told["name_lost"], 10U);
    EXPECT_LT(cluster.told["name_lost"], 20U);
    cluster.ignored.clear();
    cluster.run(seconds(5));
    EXPECT_EQ(cluster.copies(child), std::vector{node});
  }
}

TEST_F(NameTaken, ByAProcessOrAnotherChildAtItsFirstStartRefusesTheChild) {
  for (const Why why :
       {Why::declined, Why::name_taken_by_process, Why::name_taken_by_other_child}) {
    TestCluster& cluster = make(1);
    const auto call = cluster.start(0, {.start = "ok"});
    const ChildId child = cluster.joined().begin()->first;
    cluster.ignored[child] = {why};
    cluster.run(seconds(1));
    EXPECT_EQ(reply(call).status, CallStatus::ignore);
    EXPECT_TRUE(entry_at(0, child).ended());
  }
}

TEST_F(NameTaken, ByAnotherChildEndsAnAcceptedChildToo) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1);
  cluster.ignored[child] = {Why::name_taken_by_other_child};
  cluster.crash(1);
  cluster.run(seconds(1));
  EXPECT_EQ(entry_at(0, child).end.kind, EndKind::finished);
}

// R17's other half: a copy that finds the name with a later copy of its own child gives way.
TEST_F(NameTaken, ByALaterCopyOfItsOwnChildWaitsForThatCopysEntry) {
  TestCluster& cluster = make_slow(2);
  const ChildId child = child_on(1);
  const Claim winner = later_claim(child);
  cluster.ignored[child] = {Why::name_taken_by_same_child, winner};
  cluster.exit(1, child, Exit::abnormal);
  cluster.run(seconds(5));
  EXPECT_TRUE(cluster.copies(child).empty());
  EXPECT_FALSE(entry_at(1, child).ended());
  EXPECT_EQ(cluster.supervisor(1).sizes().awaited, 1U);
  cluster.ignored.clear();
  cluster.crash(0);
  cluster.run(seconds(1));
  EXPECT_EQ(claim_of(1, child).term, winner.term + 1);
}

// Goal: news of a winner that the entry is past already hold nothing up.
TEST_F(NameLostToALaterCopy, ThatIsNoLaterThanTheEntryStartsAgain) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1);
  lose(1, child, claim_of(1, child));
  EXPECT_EQ(cluster.supervisor(1).sizes().awaited, 0U);
  EXPECT_EQ(cluster.copies(child).size(), 1U);
  Claim earlier = claim_of(1, child);
  --earlier.term;
  earlier.owner = TestCluster::id(0);
  earlier.boot = cluster.node(0).boot;
  lose(1, child, earlier);
  EXPECT_EQ(cluster.supervisor(1).sizes().awaited, 0U);
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.copies(child).size(), 1U);
  // Nor does what nobody has asked for.
  cluster.input(1, [](Supervisor& s, base::Now now, Outputs& out) {
    s.copy_conflicted(now, {9, 9}, {}, out);
    EXPECT_TRUE(out.list.empty());
  });
}

}  // namespace
}  // namespace horde::supervisor
