// Promises of the actor runtime, over random schedules of several nodes with lost links and
// crashes.
#include <gtest/gtest.h>

#include "props/process/world.hpp"

namespace horde::props {
namespace {

// Goal: each monitor tells once, each call ends once (as error only if it was never handled),
// messages stay in order, nobody handles anything after its end, linked sets end together, and
// nothing is left behind. Method: 1500 worlds of 400 random steps; what they saw shows that the
// hard cases were common.
TEST(Processes, KeepTheirPromisesOverLostLinksAndCrashes) {
  Seen total;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    ProcessWorld world(seed);
    const auto failure = world.run(400);
    ASSERT_FALSE(failure) << "seed " << seed << ": " << *failure;
    const Seen& seen = world.seen();
    total.downs += seen.downs;
    total.downs_by_loss += seen.downs_by_loss;
    total.calls_ok += seen.calls_ok;
    total.calls_error += seen.calls_error;
    total.calls_unknown += seen.calls_unknown;
    total.exits_trapped += seen.exits_trapped;
    total.deaths_by_link += seen.deaths_by_link;
    total.cuts += seen.cuts;
    total.crashes += seen.crashes;
    total.sets_killed += seen.sets_killed;
  }
  std::printf(
      "downs %lu (%lu by loss), calls ok %lu error %lu unknown %lu, exits trapped %lu, deaths by "
      "link %lu in "
      "%lu sets, cuts %lu, crashes %lu\n",
      total.downs, total.downs_by_loss, total.calls_ok, total.calls_error, total.calls_unknown,
      total.exits_trapped, total.deaths_by_link, total.sets_killed, total.cuts, total.crashes);
  for (const std::uint64_t count :
       {total.downs_by_loss, total.calls_ok, total.calls_error, total.calls_unknown,
        total.exits_trapped, total.deaths_by_link, total.crashes}) {
    EXPECT_GT(count, 500U);
  }
}

}  // namespace
}  // namespace horde::props
