// What each call answers, and when.
#include <gtest/gtest.h>

#include "supervisor/test_clustered.hpp"

namespace horde::supervisor {
namespace {

using base::milliseconds;
using base::seconds;
using Exit = Supervisor::Exit;

// A user's own: always that member, alive or not.
class Always final : public Strategy {
 public:
  explicit Always(std::size_t node) : node_(TestCluster::id(node)) {}
  [[nodiscard]] Placed choose(const ChildView& /*child*/,
                              std::span<const Member> /*members*/) const override {
    return node_;
  }
  [[nodiscard]] bool has_quorum(std::span<const Member> /*members*/) const override { return true; }

 private:
  base::NodeId node_;
};

class Calls : public Clustered {
 protected:
  // A cluster in which each member has an opinion of its own of where children belong.
  TestCluster& make_with(const std::vector<std::size_t>& places, const Options& options = {}) {
    return make(places.size(), options, [places, next = std::size_t{0}]() mutable {
      return std::make_unique<Always>(places[next++ % places.size()]);
    });
  }
  // A call that TestCluster has no name for; reply(number) tells how it ended.
  void call(std::size_t node, std::uint64_t number, base::Duration time,
            const std::function<void(Supervisor&, base::Now, base::CallId, Outputs&)>& what) {
    cluster_->calls[number] = {.node = node,
                               .boot = cluster_->node(node).boot,
                               .until = cluster_->now() + time,
                               .kind = TestCluster::Call::Kind::stop};
    cluster_->input(
        node, [&](Supervisor& s, base::Now now, Outputs& out) { what(s, now, {number}, out); });
  }
};

using StartChildCall = Calls;
using TerminateChildCall = Calls;
using ListCalls = Calls;
using WaitForQuorumCall = Calls;
using StopCall = Calls;

// Shows: start_child.new_id
TEST_F(StartChildCall, WithTheSameSpecTwiceStartsTwoChildren) {
  TestCluster& cluster = make(2);
  const auto first = cluster.start(0, {.start = "ok"});
  const auto second = cluster.start(0, {.start = "ok"});
  cluster.run(seconds(1));
  EXPECT_NE(reply(first).id, reply(second).id);
  EXPECT_EQ(cluster.copies(reply(first).id).size(), 1U);
  EXPECT_EQ(cluster.copies(reply(second).id).size(), 1U);
}

// Shows: start_child.placed, strategy.own, options.strategy
TEST_F(StartChildCall, IsForwardedToTheMemberThatTheStrategyNames) {
  TestCluster& cluster = make_with({2, 2, 2});
  const auto call = cluster.start(0, {.start = "ok"});
  cluster.run(seconds(1));
  EXPECT_EQ(reply(call).status, CallStatus::ok);
  EXPECT_EQ(cluster.copies(reply(call).id), std::vector<std::size_t>{2});
}

// Shows: start_child.chooses_again, options.hops
TEST_F(StartChildCall, IsChosenForAgainByWhomItIsForwardedToAsLongAsThereAreHops) {
  const auto runs_on = [this](std::uint64_t hops) {
    TestCluster& cluster = make_with({1, 2, 3, 3}, {.hops_max = hops});
    const auto call = cluster.start(0, {.start = "ok"});
    cluster.run(seconds(1));
    EXPECT_EQ(reply(call).status, CallStatus::ok);
    return cluster.copies(reply(call).id);
  };
  EXPECT_EQ(runs_on(8), std::vector<std::size_t>{3});
  EXPECT_EQ(runs_on(3), std::vector<std::size_t>{3});
  EXPECT_EQ(runs_on(2), std::vector<std::size_t>{2});
  EXPECT_EQ(runs_on(1), std::vector<std::size_t>{1});
  EXPECT_EQ(runs_on(0), std::vector<std::size_t>{0});
}

// Shows: start_child.no_ping_pong
TEST_F(StartChildCall, EndsAtOneOfThoseThatNameEachOther) {
  for (const auto& places : {std::vector<std::size_t>{1, 0}, std::vector<std::size_t>{1, 2, 0}}) {
    TestCluster& cluster = make_with(places);
    const auto call = cluster.start(0, {.start = "ok"});
    cluster.run(seconds(1));
    EXPECT_EQ(reply(call).status, CallStatus::ok);
    EXPECT_EQ(cluster.copies(reply(call).id).size(), 1U);
  }
}

// Shows: start_child.node_dead
TEST_F(StartChildCall, ForAMemberThatIsNotAliveIsRefusedAndRecordsNothing) {
  TestCluster& cluster = make_with({1, 1});
  cluster.crash(1);
  cluster.run(seconds(1));
  const auto call = cluster.start(0, {.start = "ok"});
  EXPECT_EQ(reply(call).status, CallStatus::node_dead_or_shutting_down);
  EXPECT_EQ(cluster.supervisor(0).sizes().children, 0U);
}

// Shows: start_child.no_alive_nodes
TEST_F(StartChildCall, WithNobodyToChooseFromIsRefused) {
  make(1);
  call(0, 900, seconds(1), [](Supervisor& s, base::Now now, base::CallId id, Outputs& out) {
    s.on_view(now, View{}, out);
    s.start_child(now, id, {.spec = {.start = "ok"}}, out);
  });
  EXPECT_EQ(reply(900).status, CallStatus::no_alive_nodes);
}

// Shows: start_child.unknown, start_child.target_dies
TEST_F(StartChildCall, ThatIsNotAnsweredInTimeIsUnknownUnderItsId) {
  TestCluster& cluster = make_with({1, 1});
  cluster.cut(0, 1);
  const auto call = cluster.start(0, {.start = "ok"}, milliseconds(200));
  cluster.run(milliseconds(190));
  EXPECT_EQ(cluster.calls.at(call).replies, 0U);
  cluster.run(milliseconds(20));
  EXPECT_EQ(reply(call).status, CallStatus::unknown);
  EXPECT_NE(reply(call).id, ChildId{});
}

// Shows: start_child.terminated
TEST_F(StartChildCall, OfAChildThatIsTerminatedBeforeItRanSaysSo) {
  TestCluster& cluster = make(1);
  const auto call = cluster.start(0, {.start = "ok"});
  const ChildId child = cluster.supervisor(0).which_children().at(0).id;
  cluster.terminate(0, child);
  cluster.run(seconds(1));
  EXPECT_EQ(reply(call).status, CallStatus::terminated);
  EXPECT_TRUE(cluster.copies(child).empty());
}

// Shows: start_child.before_sync
TEST_F(StartChildCall, OnANodeThatHasNotSyncedWaitsForThatOrTheDeadline) {
  TestCluster& cluster = make(2);
  cluster.crash(1);
  cluster.run(seconds(1));
  cluster.cut(0, 1);
  cluster.restart(1, TestCluster::Disk::lost);
  const auto late = cluster.start(1, {.start = "ok"}, milliseconds(100));
  const auto kept = cluster.start(1, {.start = "ok"});
  cluster.run(milliseconds(200));
  EXPECT_EQ(reply(late).status, CallStatus::timeout) << "it was sent to nobody";
  EXPECT_EQ(cluster.calls.at(kept).replies, 0U);
  cluster.heal();
  cluster.run(seconds(1));
  EXPECT_EQ(reply(kept).status, CallStatus::ok);
  EXPECT_EQ(cluster.supervisor(1).count_children().specs, 1U);
}

// Shows: terminate_child.again
TEST_F(TerminateChildCall, MadeTwiceIsOkTwice) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1);
  const auto first = cluster.terminate(0, child);
  const auto second = cluster.terminate(1, child);
  cluster.run(seconds(1));
  const auto third = cluster.terminate(0, child);
  cluster.run(seconds(1));
  for (const auto call : {first, second, third}) {
    EXPECT_EQ(reply(call).status, CallStatus::ok);
  }
}

// Shows: terminate_child.not_found
TEST_F(TerminateChildCall, OfWhatHasEndedByItselfOrNeverWasIsNotFound) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(1, {.start = "ok", .restart = Restart::temporary});
  cluster.exit(1, child, Exit::normal);
  cluster.run(seconds(1));
  const auto ended = cluster.terminate(0, child);
  const auto never = cluster.terminate(0, {1, 2});
  EXPECT_EQ(reply(ended).status, CallStatus::not_found);
  EXPECT_EQ(reply(never).status, CallStatus::not_found);
}

// Shows: terminate_child.node_dead
TEST_F(TerminateChildCall, OnANodeThatStopsOrHasNotSyncedRecordsNothing) {
  TestCluster& cluster = make(2);
  const ChildId child = child_on(0);
  cluster.crash(1);
  cluster.run(seconds(1));
  cluster.cut(0, 1);
  cluster.restart(1, TestCluster::Disk::kept);
  const auto unsynced = cluster.terminate(1, child);
  EXPECT_EQ(reply(unsynced).status, CallStatus::node_dead_or_shutting_down);
  cluster.leave(0);
  const auto stopping = cluster.terminate(0, child);
  EXPECT_EQ(reply(stopping).status, CallStatus::node_dead_or_shutting_down);
  EXPECT_FALSE(cluster.supervisor(0).entry(child)->ended());
  EXPECT_FALSE(cluster.supervisor(1).entry(child)->ended());
}

// Shows: lists.whole_cluster, lists.row, lists.counts, spec.type, spec.modules
TEST_F(ListCalls, ShowTheChildrenOfTheWholeClusterWithPidTypeAndModules) {
  TestCluster& cluster = make_with({1, 1, 1});
  const auto worker = cluster.start(0, {.start = "ok", .modules = "m1"});
  const auto other =
      cluster.start(2, {.start = "ok", .type = ChildType::supervisor, .modules = "m2"});
  cluster.run(seconds(1));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster.supervisor(i).count_children(),
              (ChildCounts{.specs = 2, .active = 2, .supervisors = 1, .workers = 1}));
    for (const ChildRow& row : cluster.supervisor(i).which_children()) {
      const bool is_worker = row.id == reply(worker).id;
      EXPECT_EQ(row.pid, reply(is_worker ? worker : other).pid);
      EXPECT_EQ(row.type, is_worker ? ChildType::worker : ChildType::supervisor);
      EXPECT_EQ(row.modules, is_worker ? "m1" : "m2");
    }
  }
}

// Shows: lists.restarting, lists.silent_members
TEST_F(ListCalls, ShowAChildWithoutAProcessAsRestarting) {
  TestCluster& cluster = make(2, {.max_restarts = 0, .takeover_delay = seconds(100)});
  const ChildId waits = child_on(0);
  const ChildId lost = child_on(1);
  cluster.exit(0, waits, Exit::abnormal);
  cluster.crash(1);
  cluster.run(seconds(1));
  const std::vector<ChildRow> rows = cluster.supervisor(0).which_children();
  ASSERT_GE(rows.size(), 2U);
  for (const ChildRow& row : rows) {
    if (row.id == waits || row.id == lost) {
      EXPECT_EQ(row.pid, "");
    }
  }
  const ChildCounts counts = cluster.supervisor(0).count_children();
  EXPECT_EQ(counts.specs, rows.size());
  EXPECT_EQ(counts.active, cluster.node(0).processes.size());
}

// Shows: wait_for_quorum.at_once, wait_for_quorum.timeout
TEST_F(WaitForQuorumCall, IsAnsweredAtOnceOrWhenItsTimeIsOver) {
  TestCluster& cluster = make(3, {}, [] { return std::make_unique<UniformQuorum>(); });
  const auto wait = [this](std::uint64_t number) {
    call(0, number, seconds(2), [](Supervisor& s, base::Now now, base::CallId id, Outputs& out) {
      s.wait_for_quorum(now, id, seconds(2), out);
    });
  };
  wait(900);
  EXPECT_EQ(reply(900).status, CallStatus::ok);
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  cluster.run(seconds(1));
  wait(901);
  cluster.run(milliseconds(1'990));
  EXPECT_EQ(cluster.calls.at(901).replies, 0U);
  cluster.run(milliseconds(20));
  EXPECT_EQ(reply(901).status, CallStatus::timeout);
}

// Shows: stop.calls
TEST_F(StopCall, EndsTheCallsThatAreOpen) {
  TestCluster& cluster = make(3, {}, [] { return std::make_unique<UniformQuorum>(); });
  const ChildId child = child_on(1);
  cluster.may_end(child);
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  cluster.run(seconds(1));
  call(0, 900, seconds(60), [](Supervisor& s, base::Now now, base::CallId id, Outputs& out) {
    s.wait_for_quorum(now, id, seconds(60), out);
  });
  call(0, 901, seconds(60), [&](Supervisor& s, base::Now now, base::CallId id, Outputs& out) {
    s.terminate_child(now, id, {.id = child, .timeout = seconds(60)}, out);
  });
  cluster.leave(0);
  cluster.run(seconds(5));
  EXPECT_FALSE(cluster.node(0).up);
  EXPECT_EQ(reply(900).status, CallStatus::shutting_down);
  EXPECT_EQ(reply(901).status, CallStatus::unknown);
}

}  // namespace
}  // namespace horde::supervisor
