// Quorum by views in time: nothing runs on both sides of a clean cut.
#include "supervisor/quorum.hpp"

#include <gtest/gtest.h>

#include "supervisor/test_cluster.hpp"

namespace horde::supervisor {
namespace {

using base::milliseconds;
using base::seconds;

ClusterOptions with_quorum(std::size_t nodes) {
  ClusterOptions out{.nodes = nodes};
  out.strategy = [] { return std::make_unique<UniformQuorum>(); };
  out.supervisor.quorum_stop_max = milliseconds(300);
  return out;
}

// What test_cluster.cpp says of its views, and the stop.
base::Duration bound_of(const ClusterOptions& options) {
  return options.dead_after + options.look_interval * 3 / 2 + options.supervisor.quorum_stop_max;
}

ChildSpec stubborn(base::Duration grace) {
  return {.start = "stubborn", .shutdown = Shutdown{grace}};
}

TEST(QuorumBound, IsLongerInALargerClusterAndTheTakeoverWaitsLonger) {
  const liveness::Options liveness;
  Options options;
  base::Duration before;
  for (const std::size_t nodes : {2U, 3U, 5U, 10U, 100U}) {
    const base::Duration bound = quorum_stop_bound(liveness, nodes, options);
    EXPECT_GT(bound, before) << nodes;
    EXPECT_GT(quorum_takeover_delay(cut_noticed_max(liveness, nodes), options), bound) << nodes;
    before = bound;
  }
  options.takeover_delay = seconds(3);
  EXPECT_EQ(quorum_takeover_delay(cut_noticed_max(liveness, 5), options), seconds(3));
}

// Goal: A7. A side without quorum stops within the bound, whatever its children's shutdown rules
// say, and the side with quorum starts none of them before, and all of them after. Method: random
// clusters and cuts in two, children that use all the grace they have, a look at each millisecond.
// Shows: strategy.quorum_stops, strategy.quorum_in_time, placement.split_quorum
TEST(QuorumBound, HoldsForEveryCleanCutWhateverTheShutdownRules) {
  unsigned taken_over = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    base::Rng rng(seed);
    const ClusterOptions options = with_quorum(2 + rng.below(5));
    TestCluster cluster(options, seed);
    cluster.run(seconds(1));
    constexpr std::array kGraces = {base::Duration{}, milliseconds(200), seconds(30),
                                    Shutdown::kForever};
    for (std::size_t i = 0; i < 12; ++i) {
      cluster.start(rng.below(options.nodes), stubborn(kGraces[i % kGraces.size()]));
    }
    cluster.run(seconds(1));
    const std::uint64_t side = rng.next();
    const auto is_left = [&](std::size_t node) { return ((side >> node) & 1U) != 0; };
    for (std::size_t a = 0; a < options.nodes; ++a) {
      for (std::size_t b = a + 1; b < options.nodes; ++b) {
        if (is_left(a) != is_left(b)) {
          cluster.cut(a, b);
        }
      }
    }
    const base::Instant cut_at = cluster.now();
    const base::Instant stopped_at = cut_at + bound_of(options);
    std::set<ChildId> beyond;  // Children on a side without quorum, as it turns out.
    while (cluster.now() < stopped_at + bound_of(options) * 2) {
      cluster.run(milliseconds(1));
      for (const auto& [child, entry] : cluster.joined()) {
        ASSERT_LE(cluster.copies(child).size(), 1U) << base::to_string(cluster.now() - cut_at);
      }
      for (std::size_t i = 0; i < options.nodes && cluster.now() > stopped_at; ++i) {
        ASSERT_TRUE(cluster.supervisor(i).has_quorum() || cluster.node(i).processes.empty());
      }
      if (cluster.now() <= stopped_at) {
        beyond = {};
        for (const auto& [child, entry] : cluster.joined()) {
          if (cluster.copies(child).empty()) {
            beyond.insert(child);
          }
        }
      }
    }
    for (const ChildId& child : beyond) {
      EXPECT_EQ(cluster.copies(child).size(), 1U);
      ++taken_over;
    }
    EXPECT_EQ(cluster.broken(), "");
  }
  EXPECT_GT(taken_over, 40U);
}

// Goal: a stop that is under way, for another reason and without an end, ends in time as well.
TEST(QuorumBound, HoldsForCopiesThatAreBeingStoppedAlready) {
  const ClusterOptions options = with_quorum(3);
  TestCluster cluster(options, 3);
  cluster.run(seconds(1));
  for (int i = 0; i < 6; ++i) {
    cluster.start(0, stubborn(Shutdown::kForever));
  }
  cluster.run(seconds(1));
  cluster.leave(0, seconds(60));
  cluster.run(seconds(1));
  ASSERT_FALSE(cluster.node(0).processes.empty());
  cluster.cut(0, 1);
  cluster.cut(0, 2);
  cluster.run(bound_of(options));
  EXPECT_TRUE(cluster.node(0).processes.empty());
  EXPECT_EQ(cluster.broken(), "");
}

// Goal: nobody waits for what is certain. Method: the owner is back under a later boot at once, and
// then is gone without one.
TEST(QuorumBound, IsNotWaitedForWhereTheOwnersLifeIsOver) {
  ClusterOptions options = with_quorum(3);
  options.supervisor.quorum_stop_max = seconds(60);
  TestCluster cluster(options, 4);
  cluster.run(seconds(1));
  for (int i = 0; i < 9; ++i) {
    cluster.start(0, {.start = "ok"});
  }
  cluster.run(seconds(1));
  ASSERT_FALSE(cluster.node(1).processes.empty());
  cluster.crash(1);
  cluster.restart(1, TestCluster::Disk::kept);
  cluster.run(seconds(2));
  EXPECT_EQ(cluster.settled_wrong(), "");
  cluster.crash(1);
  cluster.run(seconds(2));
  EXPECT_NE(cluster.settled_wrong(), "");  // Dead for all that anybody knows.
}

}  // namespace
}  // namespace horde::supervisor
