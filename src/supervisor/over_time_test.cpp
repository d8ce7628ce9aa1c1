// Children over time: failures, restarts, and members that come and go.
#include <gtest/gtest.h>

#include "supervisor/test_clustered.hpp"

namespace horde::supervisor {
namespace {

using base::milliseconds;
using base::seconds;
using Exit = Supervisor::Exit;

class OverTime : public Clustered {
 protected:
  std::vector<ChildId> start_many(std::size_t count, const ChildSpec& spec = {.start = "ok"}) {
    std::vector<std::uint64_t> calls;
    for (std::size_t i = 0; i < count; ++i) {
      calls.push_back(cluster_->start(i % cluster_->size(), spec));
    }
    cluster_->run(seconds(2));
    std::vector<ChildId> out;
    for (const std::uint64_t call : calls) {
      EXPECT_EQ(reply(call).status, CallStatus::ok);
      out.push_back(reply(call).id);
    }
    return out;
  }
};

using Restarts = OverTime;
using Members = OverTime;

// Shows: options.one_for_one, restart.quarantine
TEST_F(Restarts, OfAChildAreNothingToItsSiblings) {
  TestCluster& cluster = make(1, {.max_restarts = 2});
  const std::vector<ChildId> children = start_many(3);
  const Token before = cluster.node(0).processes.at(children[1]).token;
  for (int i = 0; i < 5; ++i) {
    cluster.exit(0, children[0], Exit::abnormal);
    cluster.run(milliseconds(50));
  }
  EXPECT_EQ(cluster.supervisor(0).quarantined().size(), 1U);
  EXPECT_EQ(cluster.node(0).processes.at(children[1]).token, before);
  EXPECT_EQ(cluster.node(0).processes.size(), 2U);
}

// Shows: restart.new_pid
TEST_F(Restarts, PublishTheNewPidToAllMembers) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1);
  const auto pid_at = [&](std::size_t node) {
    const auto rows = cluster.supervisor(node).which_children();
    return std::ranges::find(rows, child, &ChildRow::id)->pid;
  };
  const base::Bytes before = pid_at(0);
  cluster.exit(1, child, Exit::abnormal);
  cluster.run(seconds(1));
  EXPECT_NE(pid_at(0), before);
  EXPECT_EQ(pid_at(0), cluster.node(1).processes.at(child).pid);
  EXPECT_EQ(pid_at(1), pid_at(0));
}

// Shows: restart.failed
TEST_F(Restarts, ThatFailAreTriedAgainEverMoreRarelyAndCountAsRestarts) {
  TestCluster& cluster = make(1, {.max_restarts = 3, .backoff = milliseconds(200)});
  const ChildId child = start_many(1, {.start = "flaky"})[0];
  cluster.starts_fail = true;
  cluster.exit(0, child, Exit::abnormal);
  cluster.run(milliseconds(50));
  const auto state = [&] { return cluster.supervisor(0).entry(child)->run.state; };
  EXPECT_EQ(state(), RunState::backoff);
  EXPECT_EQ(cluster.supervisor(0).entry(child)->strikes.count, 2U) << "the crash, and a start";
  cluster.run(milliseconds(300));
  EXPECT_EQ(cluster.supervisor(0).entry(child)->strikes.count, 2U) << "400 ms: 200 doubled";
  cluster.run(milliseconds(150));
  EXPECT_EQ(cluster.supervisor(0).entry(child)->strikes.count, 3U);
  cluster.run(seconds(1));
  EXPECT_EQ(state(), RunState::quarantined) << "one more than it may";
  cluster.starts_fail = false;
  cluster.run(seconds(11));
  EXPECT_EQ(state(), RunState::running);
}

// Shows: restart.ended
TEST_F(Restarts, OfAChildThatEndedForGoodNeverComeAndAllForgetIt) {
  TestCluster& cluster = make(3);
  const ChildId child = child_on(1, {.start = "ok", .restart = Restart::transient});
  cluster.exit(1, child, Exit::normal);
  cluster.run(seconds(1));
  for (std::size_t i = 0; i < 3; ++i) {
    const auto rows = cluster.supervisor(i).which_children();
    EXPECT_EQ(std::ranges::find(rows, child, &ChildRow::id), rows.end());
  }
  cluster.run(seconds(30));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster.supervisor(i).entry(child), nullptr);
    EXPECT_EQ(cluster.supervisor(i).sizes().ended, 0U);
  }
}

// Shows: options.max_seconds, restart.intensity, options.on_intensity
TEST_F(Restarts, ThatAreFurtherApartThanTheWindowDoNotEndTheSupervisor) {
  TestCluster& cluster = make(
      2, {.max_restarts = 1, .healthy_after = seconds(2), .on_intensity = OnIntensity::shutdown});
  const ChildId first = child_on(1);
  const ChildId second = child_on(1);
  for (const ChildId& child : {first, second, first, second}) {
    cluster.exit(1, child, Exit::abnormal);
    cluster.run(milliseconds(2'100));
  }
  EXPECT_TRUE(cluster.node(1).up);
  cluster.exit(1, first, Exit::abnormal);
  cluster.exit(1, second, Exit::abnormal);
  cluster.run(seconds(2));
  EXPECT_EQ(cluster.node(1).says, members::Status::shutting_down)
      << "two of any children, within the window";
  EXPECT_EQ(cluster.copies(first), std::vector<std::size_t>{0});
  EXPECT_EQ(cluster.copies(second), std::vector<std::size_t>{0});
}

// Shows: options.max_children_takeover, options.max_children
TEST_F(Members, ThatAreFullStillTakeOverWhatWasAccepted) {
  TestCluster& cluster = make(2, {.max_children = 10});
  std::size_t accepted = 0;
  for (int i = 0; i < 60; ++i) {
    const auto call = cluster.start(0, {.start = "ok"});
    cluster.run(milliseconds(100));
    accepted += reply(call).status == CallStatus::ok ? 1 : 0;
  }
  EXPECT_EQ(accepted, 20U);
  EXPECT_EQ(cluster.node(0).processes.size(), 10U);
  cluster.crash(1);
  cluster.run(seconds(2));
  EXPECT_EQ(cluster.node(0).processes.size(), 20U);
}

// Shows: placement.dies_uniform, placement.dies_quorum, placement.dies_random
TEST_F(Members, ThatDieLeaveEachChildToTheOneThatIsChosenNow) {
  const std::vector<std::function<std::unique_ptr<Strategy>()>> strategies = {
      [] { return std::make_unique<Uniform>(); }, [] { return std::make_unique<UniformQuorum>(); },
      [] { return std::make_unique<UniformRandom>(); }};
  for (const auto& strategy : strategies) {
    TestCluster& cluster = make(4, {}, strategy);
    const std::vector<ChildId> children = start_many(40);
    std::map<ChildId, std::size_t> before;
    for (const ChildId& child : children) {
      before[child] = cluster.copies(child).at(0);
    }
    cluster.crash(2);
    cluster.run(seconds(20));  // With a quorum, until the other side must have stopped.
    EXPECT_EQ(cluster.settled_wrong(), "");
    std::vector<Member> left;
    for (const std::size_t i : {0U, 1U, 3U}) {
      left.push_back({.id = TestCluster::id(i), .status = members::Status::alive});
    }
    for (const ChildId& child : children) {
      const std::size_t now = cluster.copies(child).at(0);
      if (before[child] != 2) {
        EXPECT_EQ(now, before[child]);
      } else {
        const ChildSpec& spec = cluster.supervisor(0).entry(child)->birth->spec;
        EXPECT_EQ(strategy()->choose({child, spec}, left), TestCluster::id(now));
      }
    }
    EXPECT_EQ(cluster.broken(), "");
  }
}

// Shows: placement.leaves_active
TEST_F(Members, ThatLeaveOrDieWhereActiveLeaveEachChildWhereItBelongs) {
  TestCluster& cluster = make(4, {.redistribution = Redistribution::active});
  (void)start_many(40);
  cluster.leave(3);
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.settled_wrong(), "");
  cluster.crash(2);
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.settled_wrong(), "");
  EXPECT_EQ(cluster.node(0).processes.size() + cluster.node(1).processes.size(), 40U);
}

// Shows: placement.all_lost_power
TEST_F(Members, ThatAllStartFromTheirDisksRunEachChildOnce) {
  TestCluster& cluster = make(3);
  (void)start_many(20);
  for (std::size_t i = 0; i < 3; ++i) {
    cluster.crash(i);
  }
  cluster.run(seconds(1));
  for (std::size_t i = 0; i < 3; ++i) {
    cluster.restart(i, TestCluster::Disk::kept);
    cluster.run(milliseconds(300));
  }
  cluster.run(seconds(3));
  EXPECT_EQ(cluster.settled_wrong(), "");
  EXPECT_EQ(cluster.supervisor(0).count_children().active, 20U);
}

// Shows: strategy.quorum_stops, placement.split_quorum
TEST_F(Members, ThatLoseQuorumStopAllTheirChildrenAtOnceForThatReason) {
  TestCluster& cluster = make(3, {}, [] { return std::make_unique<UniformQuorum>(); });
  (void)start_many(30);
  const std::size_t had = cluster.node(0).processes.size();
  ASSERT_GT(had, 3U);
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  bool seen = false;
  for (int i = 0; i < 1'000 && !seen; ++i) {
    cluster.run(milliseconds(1));
    std::size_t stopping = 0;
    for (const auto& [id, process] : cluster.node(0).processes) {
      if (process.phase == TestCluster::Process::Phase::stopping) {
        EXPECT_EQ(process.stopped_for, StopReason::quorum_lost);
        ++stopping;
      }
    }
    seen = stopping > 0;
    EXPECT_TRUE(stopping == 0 || stopping == cluster.node(0).processes.size());
  }
  EXPECT_TRUE(seen);
  cluster.run(seconds(20));
  EXPECT_TRUE(cluster.node(0).processes.empty());
  EXPECT_EQ(cluster.node(1).processes.size() + cluster.node(2).processes.size(), 30U);
}

}  // namespace
}  // namespace horde::supervisor
