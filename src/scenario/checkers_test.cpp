// Each checker is shown observations that are right, and such in which one thing is wrong.
#include <gtest/gtest.h>

#include "scenario/check_acknowledged.hpp"
#include "scenario/check_bounds.hpp"
#include "scenario/check_equality.hpp"
#include "scenario/check_joins.hpp"
#include "scenario/check_oracle.hpp"
#include "scenario/check_reads.hpp"
#include "scenario/check_rest.hpp"
#include "scenario/fake_world.hpp"
#include "scenario/probes.hpp"

namespace horde::scenario {
namespace {

const std::vector<NodeIndex> kBoth{0, 1};

std::string first(const Checker& checker) {
  const auto& list = checker.findings().list();
  return list.empty() ? "" : list.front().id + " " + list.front().node + " " + list.front().key;
}

// What n1 has comes to n2, whole.
void sync(FakeWorld& world) {
  ASSERT_TRUE(join_all(world.node(1).map, state_of(world.node(0).map)));
  world.node(1).table = world.node(0).table;
}

base::Answer answer(std::uint64_t call, std::string_view status) {
  return {.call = {call}, .status = status};
}

// --- A1 ---

TEST(ReadsChecker, FindsAReadThatIsNotWhatTheMapHolds) {
  FakeWorld world(2);
  ReadsChecker checker(world);
  world.step(0, checker, {world.put(0, "a", "1")});
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
  const crdt::Event event = world.put(0, "a", "2");
  world.node(0).table["a"] = "1";
  world.step(0, checker, {event});
  EXPECT_EQ(first(checker), "A1 n1 a");
}

TEST(ReadsChecker, FindsARowOfTheTableThatNoEntryStandsFor) {
  FakeWorld world(2);
  world.node(1).table["ghost"] = "1";
  ReadsChecker checker(world);
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "A1 n2 ");
}

TEST(ReadsChecker, FindsAMemberThatNoEntryStandsFor) {
  FakeWorld world(2);
  world.node(0).view = {{.name = "n2"}};
  ReadsChecker checker(world);
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "A1 n1 ");
}

// --- A2, A11, A12 ---

TEST(OracleChecker, FindsAMapThatLacksAnEventItsVectorCovers) {
  FakeWorld world(2);
  OracleChecker checker(world, {"A11"});
  world.step(0, checker, {world.put(0, "a", "1")});
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
  const base::Dot dot{FakeWorld::run_of(0), 1};
  world.node(1).map.load_vector({&dot, 1}, {});
  world.step(1, checker, {}, {{members::kUserKeyPrefix + std::string("a")}});
  EXPECT_EQ(first(checker), "A11 n2 a");
}

TEST(OracleChecker, LetsANodeThatStartsAnewKnowLessThanBefore) {
  FakeWorld world(1);
  OracleChecker checker(world, {"A2", "A11", "A12"});
  world.step(0, checker, {world.put(0, "a", "1")});
  world.node(0).map = {};
  checker.on_tell({}, 0, {.topic = "started_anew"});
  world.step(0, checker, {});
  EXPECT_EQ(first(checker), "");
}

TEST(OracleChecker, FindsAVectorThatShrinksWithinABoot) {
  FakeWorld world(1);
  OracleChecker checker(world, {"A2"});
  world.step(0, checker, {world.put(0, "a", "1")});
  world.node(0).map = {};
  world.step(0, checker, {});
  EXPECT_EQ(first(checker), "A2 n1 ");
}

// --- A3 ---

TEST(JoinsChecker, FindsNothingInTheRealJoin) {
  FakeWorld world(2);
  (void)world.put(0, "a", "1");
  sync(world);
  (void)world.put(0, "a", "2");
  (void)world.put(1, "a", "3");
  (void)world.node(1).map.remove(FakeWorld::run_of(1), members::kUserKeyPrefix + std::string("a"),
                                 9);
  JoinsChecker checker(world);
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
}

TEST(JoinsChecker, FindsAJoinThatForgetsWhatTheOtherHas) {
  FakeWorld world(2);
  (void)world.put(0, "a", "1");
  (void)world.put(1, "b", "2");
  JoinsChecker checker(world, [](crdt::AwLwwMap&, const MapState&) { return true; });
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "A3 n1 ");
}

// --- A4 ---

TEST(AcknowledgedChecker, FindsAnAcknowledgedPutThatIsNowhere) {
  FakeWorld world(2);
  AcknowledgedChecker checker(world);
  world.step(0, checker, {world.put(0, "a", "1")});
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
  world.node(0).map = {};
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "A4 n1 a");
}

TEST(AcknowledgedChecker, IsContentWhereAnotherNodeHasIt) {
  FakeWorld world(2);
  AcknowledgedChecker checker(world);
  world.step(0, checker, {world.put(0, "a", "1")});
  sync(world);
  world.node(0).map = {};
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
}

TEST(AcknowledgedChecker, IsContentWhereItWasRemovedOrTheDiskIsGone) {
  FakeWorld world(2);
  AcknowledgedChecker checker(world);
  const crdt::Event put = world.put(0, "a", "1");
  world.step(0, checker, {put});
  world.step(0, checker, {*world.node(0).map.remove(FakeWorld::run_of(0), put.key, 9)});
  world.step(1, checker, {world.put(1, "b", "1")});
  checker.on_disk_loss(1);
  world.node(1).map = {};
  checker.check_all(kBoth);
  EXPECT_EQ(first(checker), "");
}

TEST(AcknowledgedChecker, FindsAnOkForWhichNothingWasWritten) {
  FakeWorld world(1);
  AcknowledgedChecker checker(world);
  checker.on_put(0, {1}, {"a"});
  checker.on_answer({}, 0, answer(1, "shutting_down"));
  world.step(0, checker, {});
  EXPECT_EQ(first(checker), "");
  checker.on_put(0, {2}, {"a"});
  checker.on_answer({}, 0, answer(2, "ok"));
  world.step(0, checker, {});
  EXPECT_EQ(first(checker), "A4 n1 a");
}

// --- A10 ---

TEST(BoundsChecker, FindsEachQueueAboveItsBound) {
  const Bounds bounds = bounds_of({.tombstones_max = 10});
  using Sizes = NodeSizes;
  const std::vector<void (*)(Sizes&)> excesses{
      [](Sizes& s) { s.replication.early_events = 1'025; },
      [](Sizes& s) { s.replication.queued_events = 1'000'001; },
      [](Sizes& s) { s.replication.rounds_open = 2; },
      [](Sizes& s) { s.replication.sessions_open = 2; },
      [](Sizes& s) { s.replication.sessions_served = 65; },
      [](Sizes& s) { s.replication.vector_parts = 3; },
      [](Sizes& s) { s.replication.floor_parts = 3; },
      [](Sizes& s) { s.replication.tombstones = 11; },
      [](Sizes& s) { s.pending_writes = 1'025; },
      [](Sizes& s) { s.reassembly_bytes = 1U << 30U; }};
  for (const auto& excess : excesses) {
    FakeWorld world(1);
    BoundsChecker checker(world, bounds);
    checker.on_up({}, 0, 1);
    checker.check_all(std::vector<NodeIndex>{0});
    EXPECT_EQ(first(checker), "");
    excess(world.node(0).sizes);
    checker.check_all(std::vector<NodeIndex>{0});
    EXPECT_EQ(first(checker), "A10 n1 ");
  }
}

// --- E1, E2, E6, E7 ---

TEST(MapsChecker, SaysWhoseMapsDiffer) {
  FakeWorld world(2);
  MapsChecker checker(world);
  (void)world.put(0, "a", "1");
  EXPECT_EQ(checker.unsettled(kBoth), "n1 has 1 keys and {n1.1:1}, n2 has 0 keys and {}");
  sync(world);
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
}

TEST(ViewsChecker, SaysWhoSeesOtherMembers) {
  FakeWorld world(2);
  ViewsChecker checker(world);
  world.node(0).view = {{.name = "n1", .status = members::Status::alive}};
  EXPECT_EQ(checker.unsettled(kBoth), "n1 sees n1 alive; n2 sees nobody");
  world.node(1).view = world.node(0).view;
  checker.on_tell({}, 1, {.topic = "member_up"});
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
}

// A view that is read again only when something happened must be read again when its entries are
// touched.
TEST(ViewsChecker, ReadsAViewAgainWhenItsEntriesChange) {
  FakeWorld world(2);
  ViewsChecker checker(world);
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
  world.node(1).view = {{.name = "n3"}};
  world.step(1, checker, {}, {{"\x01n3", crdt::Visible::added}});
  EXPECT_NE(checker.unsettled(kBoth), std::nullopt);
}

TEST(TrafficChecker, SettlesOnlyAfterAWindowWithoutMoreThanAnIdleNodeSends) {
  FakeWorld world(2);
  TrafficChecker checker(world, base::milliseconds(300));
  world.node(0).sizes.replication.neighbours = 1;
  checker.begin_settle(kBoth);
  EXPECT_NE(checker.unsettled(kBoth), std::nullopt);
  world.run_until(world.now() + base::milliseconds(600));
  world.node(0).push_bytes = 385;  // One more than 2 neighbours x 64 B x 3 intervals.
  EXPECT_EQ(checker.unsettled(kBoth),
            "n1 sent 385 B of replication in 2 sync intervals; an idle node sends at most 384");
  world.run_until(world.now() + base::milliseconds(600));
  EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
}

TEST(PendingChecker, NamesWhatIsPending) {
  const std::vector<std::pair<void (*)(NodeSizes&), std::string>> cases{
      {[](NodeSizes& s) { s.pending_writes = 1; }, "n1 has 1 writes that wait for the first sync"},
      {[](NodeSizes& s) { s.replication.queued_events = 2; }, "n1 has 2 events to push"},
      {[](NodeSizes& s) { s.replication.early_events = 3; },
       "n1 has 3 early events that wait for others"},
      {[](NodeSizes& s) { s.replication.sessions_open = 1; }, "n1 has 1 open session"},
      {[](NodeSizes& s) { s.replication.rounds_open = 2; },
       "n1 has 2 rounds under way, more than neighbours"}};
  for (const auto& [set, text] : cases) {
    FakeWorld world(2);
    PendingChecker checker(world);
    EXPECT_EQ(checker.unsettled(kBoth), std::nullopt);
    set(world.node(0).sizes);
    EXPECT_EQ(checker.unsettled(kBoth), text);
  }
}

TEST(PendingChecker, LetsEarlyEventsWaitForANodeThatIsDown) {
  FakeWorld world(2);
  PendingChecker checker(world);
  world.node(0).sizes.replication.early_events = 1;
  checker.on_down({}, 1, DownWhy::crashed);
  EXPECT_EQ(checker.unsettled(std::vector<NodeIndex>{0}), std::nullopt);
  checker.on_up({}, 1, 2);
  EXPECT_NE(checker.unsettled(kBoth), std::nullopt);
}

// --- Sometimes ---

TEST(Probes, SeeWhatNodesTellAndConcurrentWrites) {
  FakeWorld world(2);
  const ChildWatch watch;
  Probes probes(watch);
  probes.on_tell({}, 0, {.topic = "reconciled"});
  probes.on_tell({}, 0, {.topic = "synced"});
  EXPECT_EQ(probes.seen(), std::vector<std::string>{"reconcile"});
  (void)world.put(0, "a", "1");
  world.step(1, probes, {world.put(1, "a", "2")});
  EXPECT_EQ(probes.seen(), std::vector<std::string>{"reconcile"});
  sync(world);
  world.step(1, probes, {}, {{members::kUserKeyPrefix + std::string("a")}});
  EXPECT_EQ(probes.seen(), (std::vector<std::string>{"conflict", "reconcile"}));
}

TEST(Probes, TakeAFailedSelfCheckAsAViolation) {
  const ChildWatch watch;
  Probes probes(watch);
  probes.on_tell({}, 0, {.topic = "self_check_failed", .about = base::NodeId::of("n2")});
  EXPECT_EQ(first(probes), "A11 n2 ");
}

}  // namespace
}  // namespace horde::scenario
