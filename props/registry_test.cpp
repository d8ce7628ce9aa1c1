// A registry under random schedules: everything that the model looks at, over enough of them that
// each hard case is common.
#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "props/names/world.hpp"

namespace horde::props::names {
namespace {

constexpr std::uint64_t kSeed = 7;
constexpr std::uint64_t kSchedules = 3'000;

// Goal: on each member each name shows who the model says, a registration is answered as it says,
// and once the faults have ended each name has one live holder, the same everywhere.
// Method: processes and copies of children that take the same names on three members, with cuts,
// false deaths, crashes, lost disks, and entries, views and ends that overtake each other.
TEST(RegistryProperties, EachNameHasTheHolderThatTheModelSays) {
  const base::Rng seeds(kSeed);
  Tally sum;
  for (std::uint64_t i = 0; i < kSchedules; ++i) {
    const Schedule schedule = make_schedule(seeds.fork(i).next());
    const Verdict verdict = run_schedule(schedule);
    ASSERT_FALSE(verdict.failure) << "props_registry --replay " << schedule.seed << "\n"
                                  << story(shrink(schedule));
    for (std::uint64_t Tally::*field :
         {&Tally::from_own_child, &Tally::taken, &Tally::waited, &Tally::lost,
          &Tally::lost_to_own_child, &Tally::killed, &Tally::hidden, &Tally::reboots,
          &Tally::disks_lost, &Tally::decided}) {
      sum.*field += verdict.tally.*field > 0 ? 1U : 0U;
    }
  }
  // Of the hard cases each is in one schedule of a hundred at least.
  for (const std::uint64_t having :
       {sum.from_own_child, sum.taken, sum.waited, sum.lost, sum.lost_to_own_child, sum.killed,
        sum.hidden, sum.reboots, sum.disks_lost, sum.decided}) {
    EXPECT_GT(having, kSchedules / 100);
  }
}

}  // namespace
}  // namespace horde::props::names
