#include "sim/ring/token_ring.hpp"

#include <gtest/gtest.h>

#include "sim/core/simulator.hpp"
#include "sim/ring/token_ring_checker.hpp"

namespace horde::sim {
namespace {

using base::Instant;
using base::milliseconds;
using base::seconds;
using faults::LinkSet;

// A ring of nodes that are up, watched.
class Ring {
 public:
  explicit Ring(std::uint64_t seed, faults::Link link = {}, std::uint32_t nodes = 5)
      : simulator({.seed = seed, .link = std::move(link)}), checker(simulator) {
    simulator.add_observer(checker);
    for (NodeIndex i = 0; i < nodes; ++i) {
      simulator.add_node({.name = "n" + std::to_string(i + 1)},
                         token_ring_factory({.nodes = nodes}));
      simulator.start(i);
    }
  }

  // Runs for a while and returns how often the node that got the token least often got it.
  std::uint64_t fewest_turns(base::Duration duration) {
    std::vector<std::uint64_t> before;
    for (NodeIndex i = 0; i < simulator.nodes_count(); ++i) {
      before.push_back(checker.turns(i));
    }
    simulator.run_for(duration);
    std::uint64_t fewest = ~std::uint64_t{0};
    for (NodeIndex i = 0; i < simulator.nodes_count(); ++i) {
      fewest = std::min(fewest, checker.turns(i) - before[i]);
    }
    return fewest;
  }

  Simulator simulator;
  TokenRingChecker checker;
};

// Each hop takes 10 ms of holding and 1 ms on the way: a round of five takes 55 ms.
TEST(TokenRing, PassesOneTokenRoundWhileNothingIsWrong) {
  Ring ring(1);
  ring.simulator.run_for(seconds(5));
  EXPECT_EQ(ring.fewest_turns(milliseconds(5'500)), 100U);
  EXPECT_LE(ring.checker.holders(), 1U);
  EXPECT_EQ(ring.checker.violation(), "");
}

// Goal: safety under everything at once, then one token that goes round. Method: 40 seeds, each
// with a lossy network, a cut, a one-way cut, a pause, and a crash with restart.
TEST(TokenRing, KeepsOneHolderAnEpochUnderFaultsAndOneTokenAfterThem) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Ring ring(seed,
              {.latency = faults::Exponential{.min = milliseconds(1), .mean = milliseconds(8)},
               .loss = {100'000},
               .duplicate = {50'000},
               .reorder = {100'000}});
    Simulator& simulator = ring.simulator;
    const auto host = [&](NodeIndex i) { return simulator.host(i); };
    simulator.at(Instant{} + seconds(5), [&] {
      simulator.add_rule(
          {.name = "split",
           .links = LinkSet::split({{host(0), host(1)}, {host(2), host(3), host(4)}}),
           .action = faults::Drop{}});
    });
    simulator.at(Instant{} + seconds(9), [&] { simulator.crash(2); });
    simulator.at(Instant{} + seconds(10), [&] { simulator.pause(4); });
    simulator.at(Instant{} + seconds(11), [&] { simulator.start(2); });
    simulator.at(Instant{} + seconds(13), [&] { simulator.resume(4); });
    simulator.at(Instant{} + seconds(14), [&] {
      simulator.heal("split");
      simulator.add_rule(
          {.name = "deaf", .links = LinkSet::into({host(1)}), .action = faults::Drop{}});
    });
    simulator.run_until(Instant{} + seconds(20));
    simulator.heal_all();
    simulator.set_default_link({});
    simulator.run_for(seconds(5));
    EXPECT_GE(ring.fewest_turns(seconds(1)), 15U) << "seed " << seed;
    EXPECT_LE(ring.checker.holders(), 1U) << "seed " << seed;
    ASSERT_EQ(ring.checker.violation(), "") << "seed " << seed;
  }
}

TEST(TokenRing, GoesOnWithoutACrashedNodeAndTakesItBack) {
  Ring ring(2);
  ring.simulator.run_for(seconds(5));
  ring.simulator.crash(1, {.refusal = CrashOptions::Refusal::port_refused});
  ring.simulator.run_for(seconds(5));
  EXPECT_GT(ring.checker.turns(2), 100U);
  ring.simulator.start(1);
  ring.simulator.run_for(seconds(1));
  EXPECT_GE(ring.fewest_turns(seconds(1)), 15U);
  EXPECT_EQ(ring.checker.violation(), "");
}

// Goal: the checker can fail. Method: what was seen must be on disk before it is acknowledged; with
// a disk that forgets, a token that is repeated late is taken a second time.
TEST(TokenRing, TheCheckerSeesATokenTakenTwiceAfterALostDisk) {
  int violations = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Ring ring(seed,
              {.latency = faults::Exponential{.min = milliseconds(1), .mean = milliseconds(15)},
               .duplicate = {500'000}});
    for (int i = 0; i < 400; ++i) {
      ring.simulator.at(Instant{} + seconds(5) + milliseconds(50 * i), [&ring, i] {
        const auto node = static_cast<NodeIndex>(i % 5);
        ring.simulator.crash(node, {.disk = {.kind = DiskLoss::Kind::lost}});
        ring.simulator.start(node);
      });
    }
    if (ring.simulator.run_for(seconds(30)) == RunEnd::stopped) {
      ++violations;
      EXPECT_NE(ring.checker.violation().find("has two holders"), std::string::npos);
      EXPECT_EQ(ring.simulator.stop_reason(), ring.checker.violation());
    }
  }
  EXPECT_GE(violations, 1);
}

TEST(TokenRing, ThrowsAwayWhatIsNoMessage) {
  Ring ring(3, {.corrupt = {300'000}, .truncate = {300'000}});
  ring.simulator.run_for(seconds(10));
  ring.simulator.set_default_link({});
  ring.simulator.run_for(seconds(5));
  EXPECT_GE(ring.fewest_turns(seconds(1)), 15U);
}

}  // namespace
}  // namespace horde::sim
