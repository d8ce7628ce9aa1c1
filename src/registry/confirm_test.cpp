#include "registry/confirm.hpp"

#include <gtest/gtest.h>

#include "registry/test_confirmations.hpp"

namespace horde::registry {
namespace {

using Outcome = Confirmations::Outcome;

std::vector<Outcome> outcomes(const ConfirmCluster& cluster) {
  std::vector<Outcome> out;
  for (const auto& [call, result] : cluster.results()) {
    out.push_back(result.outcome);
  }
  return out;
}

TEST(Confirmations, AFreeNameIsGrantedInOneRoundTrip) {
  ConfirmCluster cluster(5, {}, 1);
  const base::Instant begun = cluster.now();
  const std::uint64_t call = cluster.claim({.who = {0}});
  EXPECT_EQ(cluster.messages(), 4);
  EXPECT_TRUE(cluster.results().empty());
  cluster.run_for(base::milliseconds(10));
  ASSERT_TRUE(cluster.results().contains(call));
  EXPECT_EQ(cluster.results().at(call).outcome, Outcome::granted);
  EXPECT_LE(cluster.results().at(call).at, begun + base::microseconds(2'200));
  EXPECT_EQ(cluster.messages(), 8);
  EXPECT_EQ(cluster.promises(), 0) << "the name has reached all";
}

TEST(Confirmations, AMemberThatIsAloneAsksNobody) {
  ConfirmCluster cluster(1, {}, 1);
  cluster.claim({.who = {0}});
  EXPECT_EQ(outcomes(cluster), std::vector{Outcome::granted});
  EXPECT_EQ(cluster.messages(), 0);
}

TEST(Confirmations, WithoutAMajorityItEndsAtItsDeadlineAndNothingIsLeft) {
  ConfirmCluster cluster(5, {}, 1);
  for (const std::size_t other : {1U, 2U, 3U}) {
    cluster.cut(0, other);
  }
  cluster.claim({.who = {0}, .timeout = base::seconds(2)});
  cluster.run_for(base::seconds(2) - base::nanoseconds(1));
  EXPECT_TRUE(cluster.results().empty());
  EXPECT_EQ(cluster.promises(), 2);
  cluster.run_for(base::milliseconds(10));
  EXPECT_EQ(outcomes(cluster), std::vector{Outcome::quorum_not_met});
  EXPECT_EQ(cluster.promises(), 0);
}

TEST(Confirmations, AMajorityIsEnoughAndAMemberThatIsBackIsAsked) {
  ConfirmCluster cluster(4, {}, 1);
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  cluster.claim({.who = {0}});
  cluster.run_for(base::seconds(1));
  EXPECT_TRUE(cluster.results().empty()) << "2 of 4 are no majority";
  cluster.heal();
  cluster.run_for(base::milliseconds(500));
  EXPECT_EQ(outcomes(cluster), std::vector{Outcome::granted});
}

// Goal: who has the name is asked itself; what another shows of it may be old.
// Method: the holder's release has not reached a third member, and then the holder has not
// released.
TEST(Confirmations, TheHoldersNodeRefusesForCertainAndOthersOnlyAsAMajority) {
  ConfirmCluster cluster(3, {.map_delay_max = base::seconds(1)}, 1);
  cluster.put({1, 7}, "k");
  cluster.run_for(base::seconds(2));
  cluster.cut(1, 2);
  cluster.remove(1, "k");
  cluster.run_for(base::seconds(2));
  cluster.heal();
  cluster.claim({.who = {1, 8}});
  cluster.run_for(base::milliseconds(3));
  ASSERT_EQ(cluster.table(2).lookup("k")->pid, cluster.pid({1, 7})) << "what it shows is old";
  EXPECT_EQ(outcomes(cluster), std::vector{Outcome::granted});

  ConfirmCluster second(3, {.map_delay_max = base::seconds(1)}, 1);
  second.put({1, 7}, "k");
  const std::uint64_t call = second.claim({.who = {0}});
  second.run_for(base::milliseconds(5));
  ASSERT_TRUE(second.results().contains(call));
  EXPECT_EQ(second.results().at(call).outcome, Outcome::already_registered);
  EXPECT_EQ(second.results().at(call).holder, second.pid({1, 7}));
  EXPECT_EQ(second.promises(), 0);
}

TEST(Confirmations, AHolderWhoseNodeIsInSuspicionIsWaitedFor) {
  ConfirmCluster cluster(3, {}, 1);
  cluster.put({1, 7}, "k");
  cluster.run_for(base::milliseconds(10));
  const base::NodeId holder = base::NodeId::of("n2");
  for (const std::size_t node : {0U, 2U}) {
    cluster.change_view(node, [&](View& view) { view.suspects.insert(holder); });
  }
  cluster.cut(0, 1);
  cluster.claim({.who = {0}, .timeout = base::seconds(1)});
  cluster.run_for(base::seconds(1));
  EXPECT_EQ(outcomes(cluster), std::vector{Outcome::timeout});
  cluster.claim({.who = {0}});
  cluster.run_for(base::seconds(1));
  for (const std::size_t node : {0U, 2U}) {
    cluster.change_view(node, [&](View& view) { view.reachable.erase(holder); });
  }
  cluster.run_for(base::seconds(1));
  EXPECT_EQ(outcomes(cluster), (std::vector{Outcome::timeout, Outcome::granted}));
}

TEST(Confirmations, OfTwoAtOnceTheOneThatGoesBeforeIsGranted) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    ConfirmCluster cluster(5, {}, seed);
    const std::uint64_t lower = cluster.claim({.who = {0}, .priority = 1});
    const std::uint64_t higher = cluster.claim({.who = {1}, .priority = 2});
    cluster.run_for(base::seconds(5));
    ASSERT_EQ(cluster.results().size(), 2);
    const auto of = [&](std::uint64_t call) { return cluster.results().at(call).outcome; };
    EXPECT_TRUE((of(lower) == Outcome::granted) != (of(higher) == Outcome::granted)) << seed;
    EXPECT_TRUE((of(lower) == Outcome::already_registered) !=
                (of(higher) == Outcome::already_registered))
        << seed;
    EXPECT_EQ(cluster.promises(), 0);
  }
}

TEST(Confirmations, ProcessesOfOneNodeStandInLine) {
  ConfirmCluster cluster(3, {}, 1);
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  cluster.claim({.who = {0, 1}, .timeout = base::seconds(1)});
  cluster.claim({.who = {0, 2}, .timeout = base::milliseconds(500)});
  cluster.claim({.who = {0, 3}, .priority = -1});
  cluster.claim({.who = {0, 4}});
  cluster.run_for(base::milliseconds(500));
  EXPECT_EQ(outcomes(cluster), std::vector{Outcome::timeout}) << "it has asked nobody";
  cluster.run_for(base::milliseconds(600));
  cluster.heal();
  cluster.run_for(base::seconds(1));
  EXPECT_EQ(outcomes(cluster), (std::vector{Outcome::quorum_not_met, Outcome::timeout,
                                            Outcome::granted, Outcome::already_registered}));
  EXPECT_EQ(cluster.results().at(4).holder, cluster.pid({0, 3}));
}

TEST(Confirmations, AProcessThatEndsGivesItsClaimUp) {
  ConfirmCluster cluster(3, {}, 1);
  cluster.claim({.who = {0, 1}});
  cluster.claim({.who = {0, 2}});
  cluster.end({0, 1});
  cluster.end({0, 2});
  cluster.run_for(base::milliseconds(10));
  EXPECT_EQ(outcomes(cluster), (std::vector{Outcome::ended, Outcome::ended}));
  EXPECT_EQ(cluster.promises(), 0);
  cluster.claim({.who = {1, 1}});
  cluster.run_for(base::milliseconds(10));
  EXPECT_EQ(cluster.results().at(3).outcome, Outcome::granted);
}

TEST(Confirmations, ALaterCopyOfAChildPassesAnEarlierOne) {
  ConfirmCluster cluster(3, {}, 1);
  cluster.claim({.who = {0}, .child = 9, .term = 4});
  cluster.run_for(base::milliseconds(10));
  cluster.claim({.who = {1}, .child = 9, .term = 3});
  cluster.run_for(base::milliseconds(10));
  cluster.claim({.who = {2}, .child = 9, .term = 5});
  cluster.run_for(base::milliseconds(10));
  EXPECT_EQ(outcomes(cluster),
            (std::vector{Outcome::granted, Outcome::already_registered, Outcome::granted}));
  EXPECT_EQ(cluster.table(0).lookup("k")->pid, cluster.pid({2}));
}

// Goal: what was written before a try does not settle its promise.
// Method: a third member hears of the holder's first registration and its end only after it has
// promised the second; were either taken for the second, it would say yes to another.
TEST(Confirmations, AnOlderWriteOfTheHolderDoesNotSettleAPromise) {
  ConfirmCluster cluster(3, {}, 1);
  cluster.set_faults({.map_delay_max = base::milliseconds(200)});
  cluster.put({0, 1}, "k");
  cluster.remove(0, "k");
  cluster.set_faults({.map_delay_max = base::seconds(30)});
  cluster.claim({.who = {0, 1}});
  cluster.run_for(base::seconds(1));
  ASSERT_EQ(outcomes(cluster), std::vector{Outcome::granted});
  ASSERT_EQ(cluster.table(1).lookup("k"), nullptr);
  ASSERT_EQ(cluster.table(2).lookup("k"), nullptr);
  EXPECT_EQ(cluster.promises(), 2) << "of the other two";
  cluster.claim({.who = {1, 1}, .timeout = base::milliseconds(500)});
  cluster.run_for(base::seconds(1));
  EXPECT_EQ(cluster.results().at(2).outcome, Outcome::already_registered);
  cluster.run_for(base::seconds(60));
  EXPECT_EQ(cluster.promises(), 0);
  EXPECT_TRUE(cluster.violations().empty());
}

TEST(Confirmations, PromisesOfAMemberThatIsGoneAreVoid) {
  ConfirmCluster cluster(3, {}, 1);
  cluster.set_faults({.map_delay_max = base::seconds(30)});
  cluster.claim({.who = {0}});
  cluster.run_for(base::milliseconds(10));
  EXPECT_EQ(cluster.promises(), 2);
  for (const std::size_t node : {1U, 2U}) {
    cluster.change_view(node, [](View& view) { view.reachable.erase(base::NodeId::of("n1")); });
  }
  EXPECT_EQ(cluster.promises(), 0);
}

// What a restart costs: the promise is forgotten, and until the name arrives another may be granted
// it by the member that restarted and the one that had not been asked.
TEST(Confirmations, AMemberThatRestartsHasForgottenItsPromises) {
  ConfirmCluster cluster(3, {}, 1);
  cluster.set_faults({.map_delay_max = base::seconds(30)});
  cluster.cut(0, 2);
  cluster.claim({.who = {0}});
  cluster.run_for(base::milliseconds(10));
  ASSERT_EQ(outcomes(cluster), std::vector{Outcome::granted});
  cluster.restart(1);
  cluster.claim({.who = {2}});
  cluster.run_for(base::milliseconds(10));
  EXPECT_EQ(cluster.violations().size(), 1);
}

TEST(Confirmations, TheYesOfALifeThatIsOverDoesNotCount) {
  ConfirmCluster cluster(4, {}, 1);
  cluster.cut(0, 2);
  cluster.cut(0, 3);
  cluster.claim({.who = {0}});
  cluster.run_for(base::milliseconds(10));
  cluster.cut(0, 1);
  cluster.restart(1);
  cluster.heal();
  cluster.cut(0, 1);
  cluster.cut(0, 3);
  cluster.run_for(base::seconds(1));
  EXPECT_TRUE(cluster.results().empty()) << "its own yes and one other, of 4";
}

TEST(Confirmations, TheQuorumIsOfTheListAsItIsNow) {
  ConfirmCluster cluster(4, {}, 1);
  cluster.cut(0, 2);
  cluster.cut(0, 3);
  cluster.claim({.who = {0}});
  cluster.run_for(base::milliseconds(10));
  EXPECT_TRUE(cluster.results().empty());
  cluster.change_view(0, [](View& view) { view.members.erase(base::NodeId::of("n4")); });
  EXPECT_EQ(outcomes(cluster), std::vector{Outcome::granted});

  ConfirmCluster second(4, {}, 1);
  second.cut(0, 1);
  second.cut(0, 3);
  second.claim({.who = {0}});
  second.run_for(base::milliseconds(10));
  second.change_view(0, [](View& view) { view.members.erase(base::NodeId::of("n3")); });
  second.run_for(base::seconds(1));
  EXPECT_TRUE(second.results().empty()) << "who has said yes is no member any more";
}

TEST(Promises, AreRefusedAboveTheirMaximum) {
  View view;
  const base::RunId asker{base::NodeId::of("n1"), 1};
  view.members.insert(asker.node);
  view.reachable[asker.node] = 1;
  const Table table(Keys::unique);
  Promises promises;
  for (std::uint64_t i = 1; i <= Promises::kPromisesMax; ++i) {
    const auto vote = promises.on_ask({}, view, table, asker,
                                      {.number = i, .key = std::to_string(i), .serial = 1});
    ASSERT_EQ(vote->verdict, Verdict::yes);
  }
  const Ask one_more{.number = 1, .key = "k", .serial = 1};
  EXPECT_EQ(promises.on_ask({}, view, table, asker, one_more)->verdict, Verdict::full);
  EXPECT_EQ(promises.size(), Promises::kPromisesMax);
  promises.on_withdraw(asker, {.number = 5, .key = "5"});
  EXPECT_EQ(promises.on_ask({}, view, table, asker, one_more)->verdict, Verdict::yes);
}

TEST(Promises, OfWhoCannotBeReachedAreNotMade) {
  const Table table(Keys::unique);
  Promises promises;
  const Ask ask{.number = 1, .key = "k", .serial = 1};
  EXPECT_FALSE(promises.on_ask({}, {}, table, {base::NodeId::of("n1"), 1}, ask));
  EXPECT_EQ(promises.size(), 0);
}

}  // namespace
}  // namespace horde::registry
