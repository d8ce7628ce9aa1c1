#include "process/restart_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/rng.hpp"

namespace horde::process {
namespace {

using base::milliseconds;
using base::seconds;
using Failure = RestartHistory::Failure;

base::Instant at(base::Duration since_zero) {
  return base::Instant{} + since_zero;
}

TEST(RestartIntensity, IsExceededByOneMoreThanMaxRestartsWithinTheTime) {
  RestartIntensity intensity;
  const RestartPolicy policy;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(intensity.note(at(seconds(i)), policy));
  }
  EXPECT_TRUE(intensity.note(at(seconds(5)), policy)) << "exactly max_time after the first";
}

TEST(RestartIntensity, ForgetsWhatIsOlder) {
  RestartIntensity intensity;
  const RestartPolicy policy;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(intensity.note(at(milliseconds(1700 * i)), policy)) << i;
  }
}

// Goal: the bounded queue says what a full history would. Method: random times, a plain count
// beside.
TEST(RestartIntensity, SaysWhatAFullHistoryWouldSay) {
  int exceeded = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    base::Rng rng(seed);
    RestartPolicy policy{.max_restarts = static_cast<std::uint32_t>(rng.below(5))};
    policy.max_time = milliseconds(static_cast<std::int64_t>(1 + rng.below(20)));
    RestartIntensity intensity;
    std::vector<base::Instant> history;
    base::Instant now;
    for (int i = 0; i < 200; ++i) {
      now = now + milliseconds(static_cast<std::int64_t>(rng.below(8)));
      history.push_back(now);
      const auto within = std::count_if(history.begin(), history.end(), [&](base::Instant each) {
        return now - each <= policy.max_time;
      });
      const bool too_many = within > static_cast<std::int64_t>(policy.max_restarts);
      exceeded += too_many ? 1 : 0;
      ASSERT_EQ(intensity.note(now, policy), too_many) << "seed " << seed << ", restart " << i;
      ASSERT_LE(intensity.count(), policy.max_restarts) << "seed " << seed;
    }
  }
  EXPECT_GT(exceeded, 10'000);
}

TEST(RestartHistory, StartsAgainAtOnceAfterAnExit) {
  RestartHistory history;
  history.on_running(at({}));
  EXPECT_EQ(history.on_failure(at(seconds(1)), Failure::exit, {}).again_at, at(seconds(1)));
}

TEST(RestartHistory, BacksOffFromStartsThatFail) {
  RestartHistory history;
  const RestartPolicy policy{.max_restarts = 100, .backoff_max = milliseconds(500)};
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 5; ++i) {
    waits.push_back(history.on_failure(at({}), Failure::start, policy).again_at.ns / 1'000'000);
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{100, 200, 400, 500, 500}));
}

TEST(RestartHistory, QuarantinesForLongerEachTimeAndForgetsAfterAHealthyTime) {
  RestartHistory history;
  const RestartPolicy policy{.max_restarts = 1, .quarantine_max = seconds(12)};
  base::Instant now;
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 6; ++i) {
    const auto verdict = history.on_failure(now, Failure::exit, policy);
    if (verdict.quarantined) {
      pauses.push_back((verdict.again_at - now).ns / 1'000'000'000);
    }
    now = verdict.again_at;
  }
  EXPECT_EQ(pauses, (std::vector<std::int64_t>{5, 10, 12}));
  EXPECT_EQ(history.strikes(), 6U);
  EXPECT_EQ(history.level(), 3U);
  history.on_running(now);
  EXPECT_FALSE(history.is_healthy(now + seconds(29), policy));
  EXPECT_FALSE(history.on_failure(now + seconds(30), Failure::exit, policy).quarantined);
  EXPECT_EQ(history.strikes(), 1U);
  EXPECT_EQ(history.level(), 0U);
}

TEST(RestartHistory, TakesOverTheLargerCounts) {
  RestartHistory history;
  history.adopt(4, 2);
  history.adopt(3, 3);
  EXPECT_EQ(history.strikes(), 4U);
  EXPECT_EQ(history.level(), 3U);
  const RestartPolicy policy{.max_restarts = 0};
  const auto verdict = history.on_failure(at({}), Failure::exit, policy);
  EXPECT_EQ(verdict.again_at, at(seconds(40))) << "at the level that was taken over";
}

TEST(Doubled, StaysWithinItsMaximum) {
  EXPECT_EQ(doubled(milliseconds(100), seconds(10), 3), milliseconds(800));
  EXPECT_EQ(doubled(milliseconds(100), seconds(10), 4'000'000'000U), seconds(10));
}

}  // namespace
}  // namespace horde::process
