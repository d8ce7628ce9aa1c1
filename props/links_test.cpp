// Reliable links under random schedules: everything that the model looks at, over enough of them
// that each hard case is common.
#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "props/links/measure.hpp"
#include "props/links/world.hpp"

namespace horde::props::links {
namespace {

constexpr std::uint64_t kSeed = 7;
constexpr std::uint64_t kSchedules = 10'000;

// Goal: messages arrive once and in order or the link ends on both sides, and nothing hangs.
// Method: random faults, restarts, false deaths, slow users and tiny windows against the model;
// then the faults end, everything must arrive and fall silent.
TEST(LinksProperties, MessagesArriveOnceAndInOrderOrTheLinkEndsOnBothSides) {
  const base::Rng seeds(kSeed);
  Tally sum;
  for (std::uint64_t i = 0; i < kSchedules; ++i) {
    const Schedule schedule = make_schedule(seeds.fork(i).next());
    const Verdict verdict = run_schedule(schedule);
    ASSERT_FALSE(verdict.failure) << "props_links --replay " << schedule.seed << "\n"
                                  << story(shrink(schedule));
    const Tally& tally = verdict.tally;
    for (std::uint64_t Tally::*field :
         {&Tally::queue_full, &Tally::blocked, &Tally::duplicates, &Tally::stale, &Tally::old_boot,
          &Tally::down, &Tally::peer_down, &Tally::newer_run, &Tally::peer_ended, &Tally::gave_up,
          &Tally::own_restart, &Tally::unknown, &Tally::handed_over}) {
      sum.*field += tally.*field > 0 ? 1U : 0U;
    }
  }
  // Of the hard cases each is in one schedule of a hundred at least.
  for (const std::uint64_t having :
       {sum.queue_full, sum.blocked, sum.duplicates, sum.stale, sum.old_boot, sum.down,
        sum.peer_down, sum.newer_run, sum.peer_ended, sum.gave_up, sum.own_restart, sum.unknown,
        sum.handed_over}) {
    EXPECT_GT(having, kSchedules / 100);
  }
}

// Goal: retransmission costs what was lost, not more. The bounds are half as much again as
// measured.
TEST(LinksProperties, OnALossyPathLittleMoreIsSentThanIsLost) {
  const PathFigures clean = measure({.messages = 400, .bytes = 65'536});
  EXPECT_EQ(clean.sent_again, 0U);
  const PathFigures lossy = measure({.messages = 400, .bytes = 65'536, .loss_percent = 5});
  const std::uint64_t segments = 400 * 64;
  EXPECT_LT(lossy.sent_again, segments * 8 / 100);
}

}  // namespace
}  // namespace horde::props::links
