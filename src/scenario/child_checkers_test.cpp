// What is checked and measured of children and of calls: each is shown a right story, and such in
// which one thing is wrong.
#include <gtest/gtest.h>

#include "scenario/check_calls.hpp"
#include "scenario/check_children.hpp"
#include "scenario/check_quorum.hpp"
#include "scenario/child_metrics.hpp"
#include "scenario/fake_world.hpp"
#include "supervisor/entry.hpp"

namespace horde::scenario {
namespace {

using supervisor::ChildId;

constexpr ChildId kChild{1, 1};
const std::vector<NodeIndex> kBoth{0, 1};

std::string first(const Checker& checker) {
  const auto& list = checker.findings().list();
  return list.empty() ? "" : list.front().id + " " + list.front().node + ": " + list.front().text;
}

class Children : public testing::Test {
 protected:
  explicit Children(Redistribution redistribution = Redistribution::passive)
      : checker(world, watch, redistribution), metrics(world, checker) {
    watch.add(checker);
    watch.add(metrics);
    metrics.begin({});
  }

  void tell(NodeIndex node, std::string_view topic, std::uint64_t value = 0, ChildId id = kChild) {
    watch.on_tell(world.now(), node,
                  {.topic = topic, .value = value, .detail = supervisor::to_string(id)});
  }
  void run(NodeIndex node, ChildId id = kChild) {
    tell(node, "copy_starting", 1, id);
    tell(node, "copy_up", 0, id);
  }
  void answer(std::uint64_t call, std::string_view status, ChildId id = kChild) {
    checker.on_answer(world.now(), 0,
                      {.call = {call}, .status = status, .detail = supervisor::to_string(id)});
  }
  // A child that was asked for as "x" and answered, runs on n1, and is known to both.
  void start_one() {
    checker.on_start(0, {1}, {.name = "x"});
    run(0);
    answer(1, "ok");
    list(0);
  }
  // All tables say that `owner` has the child.
  void list(NodeIndex owner, ChildId id = kChild) {
    const supervisor::Claim claim{.term = 1, .owner = FakeWorld::run_of(owner).node, .boot = 1};
    for (const NodeIndex node : kBoth) {
      world.node(node).children = {
          {.id = id, .state = supervisor::RunState::running, .claim = claim}};
      world.node(node).child_states[id] = {.state = supervisor::RunState::running,
                                           .claim = claim,
                                           .place = FakeWorld::run_of(owner).node};
    }
    touch(0, id);
  }
  void touch(NodeIndex node, ChildId id = kChild) {
    const std::vector<crdt::Change> touched{{supervisor::key_of(id), crdt::Visible::added}};
    watch.on_step({.node = node, .at = world.now(), .touched = touched});
    checker.on_step({.node = node, .at = world.now(), .touched = touched});
  }
  void pass(std::int64_t ms) { world.run_until(world.now() + base::milliseconds(ms)); }
  [[nodiscard]] std::optional<Metric> metric(std::string_view name) const {
    std::vector<Metric> all;
    metrics.add_to(all, kBoth);
    const auto it = std::ranges::find(all, name, &Metric::name);
    return it == all.end() ? std::nullopt : std::optional(*it);
  }

  FakeWorld world{2};
  ChildWatch watch;
  ChildrenChecker checker;
  ChildMetrics metrics;
};

// --- E4 ---

TEST_F(Children, ThatRunOnceOnTheirOwnerAreSettled) {
  start_one();
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
  EXPECT_EQ(checker.find("x"), kChild);
}

TEST_F(Children, WithTwoCopiesAreNamed) {
  start_one();
  run(1);
  EXPECT_EQ(checker.unsettled(kBoth), "x runs on n1 and n2");
  tell(1, "copy_down");
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
}

TEST_F(Children, ThatAreStillStartingAreNotSettled) {
  start_one();
  tell(0, "copy_down", 2);
  tell(0, "copy_starting", 2);
  EXPECT_EQ(checker.unsettled(kBoth), "x is still starting on n1");
}

TEST_F(Children, ThatRunNowhereAreNamedUnlessTheyAreInQuarantine) {
  start_one();
  watch.on_down(world.now(), 0, DownWhy::crashed);
  const auto why = checker.unsettled(kBoth);
  ASSERT_TRUE(why);
  EXPECT_TRUE(why->starts_with("x runs nowhere; it is running under")) << *why;
  world.node(0).children.front().state = supervisor::RunState::quarantined;
  touch(0);
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
}

TEST_F(Children, ThatRunElsewhereThanOnTheirOwnerAreNamed) {
  start_one();
  list(1);
  EXPECT_EQ(checker.unsettled(kBoth), "x runs on n1, which is not its owner");
}

TEST_F(Children, ThatNoEntryTellsOfAreLostOrGhosts) {
  start_one();
  world.node(0).children.clear();
  touch(0);
  EXPECT_EQ(checker.unsettled(kBoth), "x runs on n1, and no entry says so");
  tell(0, "copy_down");
  EXPECT_EQ(checker.unsettled(kBoth), "x is lost: no entry says that it is wanted");
  checker.on_terminate(0, {2}, kChild);
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
}

TEST_F(Children, MustNotRunWhereTheCoreHasNoQuorum) {
  start_one();
  world.node(0).quorum = false;
  touch(0);
  EXPECT_EQ(checker.unsettled(kBoth), "x runs on n1, and there is no quorum");
  tell(0, "copy_down");
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
}

class ActiveChildren : public Children {
 protected:
  ActiveChildren() : Children(Redistribution::active) {}
};

TEST_F(ActiveChildren, MustRunWherePlacementPutsThem) {
  start_one();
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
  world.node(0).child_states[kChild].place = FakeWorld::run_of(1).node;
  touch(0);
  EXPECT_EQ(checker.unsettled(kBoth),
            "x runs on n1, and belongs on " + base::to_string(FakeWorld::run_of(1).node));
}

TEST_F(Children, LostWithTheOnlyDiskThatHeldThemAreForgivenOthersAreNot) {
  checker.on_start(0, {1}, {.name = "x"});
  answer(1, "ok");
  checker.on_start(0, {2}, {.name = "y", .acknowledged_by = 2});
  const ChildId other{2, 2};
  answer(2, "ok", other);
  checker.on_disk_loss(0, {0, 1});
  EXPECT_FALSE(checker.must_run(kChild));
  EXPECT_TRUE(checker.must_run(other));
  checker.on_disk_loss(1, {0, 1});
  EXPECT_FALSE(checker.must_run(other));
}

// --- A6 ---

TEST_F(Children, TerminatedWithOkMustNotBeStartedAgain) {
  start_one();
  checker.on_terminate(0, {2}, kChild);
  tell(0, "copy_down");
  answer(2, "ok");
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
  tell(1, "copy_starting", 1);
  EXPECT_EQ(first(checker), "A6 n2: x is started, and was terminated with ok");
}

TEST_F(Children, TerminatedAsUnknownMayStillRun) {
  start_one();
  checker.on_terminate(0, {2}, kChild);
  answer(2, "unknown");
  tell(1, "copy_starting", 1);
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
}

TEST_F(Children, ThatHaveEndedAreNotStartedByWhoKnowsItAlsoAfterItWasForgotten) {
  start_one();
  world.node(1).child_states[kChild].ended = true;
  touch(1);
  tell(0, "copy_starting", 2);  // n1 has not heard.
  EXPECT_EQ(first(checker), "");
  world.node(1).child_states.clear();
  touch(1);
  tell(1, "copy_starting", 1);
  EXPECT_EQ(first(checker), "A6 n2: x is started, and has ended, as this node knew");
}

TEST_F(Children, MayBeStartedByANodeThatLostItsDiskAndTheEndWithIt) {
  start_one();
  world.node(1).child_states[kChild].ended = true;
  touch(1);
  checker.on_disk_loss(1, {0, 1});
  tell(1, "copy_starting", 1);
  EXPECT_EQ(first(checker), "");
}

// --- Metrics ---

TEST_F(Children, TimeWithTwoCopiesIsSummed) {
  start_one();
  run(1);
  pass(300);
  tell(0, "copy_down");
  pass(500);
  EXPECT_EQ(metric("duplicate process seconds")->value, base::milliseconds(300).ns);
  run(0);
  pass(100);
  EXPECT_EQ(metric("duplicate process seconds")->value, base::milliseconds(400).ns)
      << "also of what goes on";
}

TEST_F(Children, TimeWithoutACopyIsAnOutageAndByItsCauseARestartOrATakeover) {
  start_one();
  tell(0, "copy_down", 2);
  pass(20);
  run(0);
  EXPECT_EQ(metric("child restart")->value, base::milliseconds(20).ns);
  EXPECT_EQ(metric("takeover"), std::nullopt);
  watch.on_down(world.now(), 0, DownWhy::crashed);
  pass(1'000);
  watch.on_tell(world.now(), 1, {.topic = "member_dead", .about = base::NodeId::of("n1")});
  pass(50);
  watch.on_tell(world.now(), 1, {.topic = "member_dead", .about = base::NodeId::of("n1")});
  pass(50);
  run(1);
  EXPECT_EQ(metric("takeover")->value, base::milliseconds(1'100).ns);
  EXPECT_EQ(metric("takeover after detection")->value, base::milliseconds(100).ns);
  EXPECT_EQ(metric("child outage")->distribution->samples, 2);
  EXPECT_EQ(metric("child starts")->value, 3);
  EXPECT_EQ(metric("child crashes")->value, 1);
}

TEST_F(Children, OutagesThatGoOnCountOnlyOfThoseThatMustRun) {
  start_one();
  tell(0, "copy_down");
  pass(70);
  EXPECT_EQ(metric("child outage")->value, base::milliseconds(70).ns);
  checker.on_terminate(0, {2}, kChild);
  EXPECT_EQ(metric("child outage"), std::nullopt);
}

TEST_F(Children, MetricsMayBeOfSomeNamesOnly) {
  start_one();
  metrics.begin("y-{i}");
  run(1);
  pass(10);
  EXPECT_EQ(metric("child starts")->value, 0);
  EXPECT_EQ(metric("duplicate process seconds")->value, 0);
}

// --- A8 ---

class Calls : public testing::Test {
 protected:
  void call(std::uint64_t id, base::Duration timeout, WantedAnswer wanted = "") {
    checker.on_call(0, {id}, {.what = "it", .timeout = timeout, .answer = std::move(wanted)});
  }
  void at(std::int64_t ms) { world.run_until({base::milliseconds(ms).ns}); }
  FakeWorld world{2};
  CallsChecker checker{world};
};

TEST_F(Calls, ThatAreNotAnsweredInTimeAreNamed) {
  call(1, base::seconds(5));
  call(2, base::seconds(5));
  checker.on_answer(world.now(), 0, {.call = {1}, .status = "error"});
  at(5'000);
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
  at(6'000);
  world.step(0, checker, {});
  EXPECT_EQ(first(checker), "A8 n1: it is not answered, 5s after it was asked for");
  EXPECT_EQ(checker.findings().list().size(), 1U);
}

TEST_F(Calls, OfANodeThatWentDownOrOnesThatWereNeverMadeAreNotExpected) {
  call(1, base::seconds(5));
  checker.on_down(world.now(), 0, DownWhy::crashed);
  call(2, base::seconds(5));
  checker.on_not_made(0, {2});
  at(60'000);
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
}

TEST_F(Calls, OfAPausedNodeAreExpectedWhenItGoesOn) {
  call(1, base::seconds(5));
  checker.on_pause(0);
  at(60'000);
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
  checker.on_resume(0);
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
  at(61'000);
  checker.check_all(kBoth);
  EXPECT_NE(first(checker), "");
}

TEST_F(Calls, AnsweredOtherwiseThanWantedAreTold) {
  call(1, base::seconds(5), "max_children");
  call(2, base::seconds(5), "ok");
  checker.on_answer(world.now(), 0, {.call = {1}, .status = "ok"});
  checker.on_answer(world.now(), 0, {.call = {2}, .status = "ok"});
  ASSERT_EQ(checker.unwanted().list().size(), 1U);
  EXPECT_EQ(checker.unwanted().list().front().text,
            "it is answered with ok; max_children was expected");
}

// --- A7 ---

class Quorum : public testing::Test {
 protected:
  Quorum() {
    for (NodeIndex node = 0; node < 4; ++node) {
      cluster.add(world.name(node));
      cluster[node].state = Cluster::State::up;
      for (NodeIndex other = 0; other < 4; ++other) {
        world.node(node).view.push_back({.name = world.name(other),
                                         .id = base::NodeId::of(world.name(other)),
                                         .status = members::Status::alive});
      }
      watch.on_tell(world.now(), node,
                    {.topic = "copy_starting",
                     .detail = supervisor::to_string(ChildId{1, std::uint64_t{node} + 1})});
    }
  }
  void cut(std::vector<std::vector<NodeIndex>> groups) {
    std::vector<faults::Nodes> ids;
    for (const auto& group : groups) {
      ids.push_back(cluster.ids(group));
    }
    (void)network.cut("x", faults::LinkSet::split(ids));
  }
  void pass(std::int64_t ms) {
    world.run_until(world.now() + base::milliseconds(ms));
    world.step(0, checker, {});
  }

  FakeWorld world{4};
  Cluster cluster{1};
  NetworkFaults network{world};
  ChildWatch watch;
  QuorumChecker checker{world, cluster, network, watch};
};

TEST_F(Quorum, LostForLongerThanTheBoundMustHaveStoppedAllChildren) {
  cut({{0, 1}, {2, 3}});  // n1 has no vote: n2 is alone, n3 and n4 are the majority.
  pass(20);
  pass(2'900);
  EXPECT_EQ(first(checker), "");
  pass(200);
  EXPECT_EQ(first(checker),
            "A7 n1: runs 1 children, though it has been without quorum for 3.1s; the bound is 3s");
}

TEST_F(Quorum, IsThereWhileAnyWayLeadsToAMajority) {
  cut({{0}, {2, 3}});  // By n2.
  pass(20);
  pass(60'000);
  EXPECT_EQ(first(checker), "");
}

TEST_F(Quorum, LostTwiceForLessThanTheBoundIsNotLostForLonger) {
  cut({{0, 1}, {2, 3}});
  pass(20);
  pass(2'500);
  network.heal("x");
  pass(20);
  cut({{0, 1}, {2, 3}});
  pass(20);
  pass(2'500);
  EXPECT_EQ(first(checker), "");
}

TEST_F(Quorum, DoesNotCountThoseThatHaveLeft) {
  for (NodeIndex node = 0; node < 4; ++node) {
    world.node(node).view[2].status = members::Status::left;
    world.node(node).view[3].status = members::Status::left;
  }
  cut({{0}, {1, 2, 3}});  // Of n1 and n2, n2 alone has a vote.
  pass(20);
  pass(4'000);
  EXPECT_EQ(first(checker).substr(0, 6), "A7 n1:");
}

}  // namespace
}  // namespace horde::scenario
