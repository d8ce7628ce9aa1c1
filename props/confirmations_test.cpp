// Properties of names that are confirmed by a quorum, over random schedules of small clusters: 2 to
// 5 members, one or two names, claims, ends, releases, cuts, and links that lose, repeat, delay and
// reorder. Views agree and nobody restarts: what is not promised is not asked for.
#include <gtest/gtest.h>

#include "registry/test_confirmations.hpp"

namespace horde::registry {
namespace {

using Outcome = Confirmations::Outcome;

constexpr std::uint64_t kSeeds = 20'000;

struct Counts {
  std::size_t granted = 0, taken = 0, without_quorum = 0;
};

/// One history; all chance is drawn from its seed.
class History {
 public:
  explicit History(std::uint64_t seed)
      : rng_(seed), nodes_(2 + rng_.below(4)), cluster_(nodes_, {}, rng_.next()) {
    keys_.push_back("k");
    if (rng_.chance(1, 3)) {
      keys_.push_back("l");
    }
  }

  void run() {
    const std::uint64_t steps = 10 + rng_.below(50);
    for (std::uint64_t i = 0; i < steps; ++i) {
      step();
    }
  }

  // All is well again, everybody ends: nothing must be left anywhere.
  void end() {
    cluster_.set_faults({});
    cluster_.heal();
    cluster_.run_for(base::seconds(6));
    for (const auto& who : std::exchange(alive_, {})) {
      cluster_.end(who);
    }
    cluster_.run_for(base::seconds(6));
    EXPECT_EQ(cluster_.results().size(), claims_) << "each call ends";
    EXPECT_EQ(cluster_.promises(), 0);
    for (std::size_t i = 0; i < nodes_; ++i) {
      EXPECT_EQ(cluster_.member(i).size(), 0);
      EXPECT_EQ(cluster_.member(i).wake_at(), base::Instant::never());
      EXPECT_EQ(cluster_.table(i).holdings_count(), 0);
    }
  }

  [[nodiscard]] const ConfirmCluster& cluster() const { return cluster_; }

 private:
  void step() {
    switch (rng_.below(10)) {
      case 0:
      case 1:
      case 2:
        return claim();
      case 3:
        return end_one();
      case 4:
        return release();
      case 5:
        return change_faults();
      case 6:
        if (rng_.chance(1, 2)) {
          cluster_.heal();
        } else {
          const std::size_t a = rng_.below(nodes_);
          cluster_.cut(a, (a + 1 + rng_.below(nodes_ - 1)) % nodes_);
        }
        return;
      default:
        return cluster_.run_for(base::milliseconds(static_cast<std::int64_t>(rng_.below(300))));
    }
  }

  void claim() {
    ConfirmCluster::Claim claim;
    const bool again = !alive_.empty() && rng_.chance(1, 3);
    if (again) {
      claim.who = alive_[rng_.below(alive_.size())];
    } else {
      claim.who = {rng_.below(nodes_), ++serials_};
      alive_.push_back(claim.who);
    }
    claim.key = keys_[rng_.below(keys_.size())];
    claim.priority = static_cast<std::int64_t>(rng_.below(3));
    claim.timeout = base::milliseconds(static_cast<std::int64_t>(100 + rng_.below(3'000)));
    ++claims_;
    cluster_.claim(claim);
  }

  void end_one() {
    if (!alive_.empty()) {
      const std::size_t which = rng_.below(alive_.size());
      cluster_.end(alive_[which]);
      alive_.erase(alive_.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }

  void release() {
    const base::Bytes key = keys_[rng_.below(keys_.size())];
    for (std::size_t node = 0; node < nodes_; ++node) {
      const Holding* const held = cluster_.table(node).lookup(key);
      if (held != nullptr && held->pid.run == cluster_.pid({node, 1}).run) {
        cluster_.remove(node, key);
      }
    }
  }

  void change_faults() {
    const auto up_to = [&](std::uint64_t ms) {
      return base::milliseconds(static_cast<std::int64_t>(1 + rng_.below(ms)));
    };
    ConfirmFaults faults;
    faults.delay_max = up_to(rng_.chance(1, 2) ? 5 : 200);
    faults.map_delay_max = up_to(rng_.chance(1, 2) ? 5 : 2'000);
    faults.lost_permille = rng_.chance(1, 2) ? 0 : rng_.below(400);
    faults.repeated_permille = rng_.chance(1, 2) ? 0 : rng_.below(400);
    cluster_.set_faults(faults);
  }

  base::Rng rng_;
  std::size_t nodes_;
  ConfirmCluster cluster_;
  std::vector<base::Bytes> keys_;
  std::vector<ConfirmCluster::Who> alive_;
  std::uint64_t serials_ = 0;
  std::size_t claims_ = 0;
};

TEST(ConfirmedNames, AreNeverGrantedToTwoThatLiveAndLeaveNothingBehind) {
  Counts counts;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    history.run();
    history.end();
    for (const std::string& violation : history.cluster().violations()) {
      ADD_FAILURE() << violation;
    }
    for (const auto& [call, result] : history.cluster().results()) {
      counts.granted += result.outcome == Outcome::granted ? 1 : 0;
      counts.taken += result.outcome == Outcome::already_registered ? 1 : 0;
      counts.without_quorum += result.outcome == Outcome::quorum_not_met ? 1 : 0;
    }
    if (testing::Test::HasFailure()) {
      return;
    }
  }
  std::printf("granted %zu, taken %zu, no quorum %zu\n", counts.granted, counts.taken,
              counts.without_quorum);
  EXPECT_GT(counts.granted, kSeeds);
  EXPECT_GT(counts.taken, kSeeds);
  EXPECT_GT(counts.without_quorum, kSeeds / 10);
}

TEST(ConfirmedNames, WithoutAnotherAndWithAMajorityInReachAreGrantedInTime) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    base::Rng rng(seed);
    const std::size_t nodes = 1 + rng.below(7);
    ConfirmCluster cluster(nodes, {}, seed);
    cluster.set_faults({.delay_max = base::milliseconds(50), .repeated_permille = 100});
    for (std::size_t i = 0; i < (nodes - 1) / 2; ++i) {
      cluster.cut(0, nodes - 1 - i);
    }
    const std::uint64_t call = cluster.claim({.who = {0}, .timeout = base::milliseconds(200)});
    cluster.run_for(base::milliseconds(200));
    ASSERT_TRUE(cluster.results().contains(call)) << "seed " << seed;
    ASSERT_EQ(cluster.results().at(call).outcome, Outcome::granted) << "seed " << seed;
  }
}

// Goal: contention ends, and with a holder. Method: up to one claim a node, begun within 5 ms.
TEST(ConfirmedNames, ThatSeveralClaimAtOnceAreGrantedToExactlyOne) {
  base::Duration longest{};
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    base::Rng rng(seed);
    const std::size_t nodes = 2 + rng.below(6);
    ConfirmCluster cluster(nodes, {.delay_max = base::milliseconds(3)}, seed);
    const base::Instant begun = cluster.now();
    for (std::size_t node = 0; node < nodes; ++node) {
      cluster.claim({.who = {node}, .priority = static_cast<std::int64_t>(rng.below(3))});
      cluster.run_for(base::microseconds(static_cast<std::int64_t>(rng.below(5'000 / nodes))));
    }
    cluster.run_for(base::seconds(5));
    std::size_t granted = 0;
    for (const auto& [call, result] : cluster.results()) {
      granted += result.outcome == Outcome::granted ? 1 : 0;
      longest = std::max(longest, result.at - begun);
      ASSERT_TRUE(result.outcome == Outcome::granted ||
                  result.outcome == Outcome::already_registered)
          << "seed " << seed;
    }
    ASSERT_EQ(granted, 1) << "seed " << seed;
    ASSERT_EQ(cluster.results().size(), nodes) << "seed " << seed;
    ASSERT_TRUE(cluster.violations().empty()) << "seed " << seed;
  }
  std::printf("the longest was undecided for %s\n", base::to_string(longest).c_str());
  EXPECT_LT(longest, base::seconds(2));
}

}  // namespace
}  // namespace horde::registry
