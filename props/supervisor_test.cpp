// A sample of the histories that props_supervisor runs by the thousand.
#include <gtest/gtest.h>

#include "props/supervisor/schedule.hpp"

namespace horde::props {
namespace {

// Shows: terminate_child.final, placement.heal, placement.joins_active, beyond.token
TEST(SupervisorProperty, HoldsThroughCutsCrashesFalseDeathsAndMoves) {
  std::map<std::string, unsigned> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const ScheduleResult result = run_supervisor_schedule(seed);
    for (const auto& [topic, count] : result.seen) {
      seen[topic] += count;
    }
    std::string story;
    if (!result.violation.empty()) {
      for (const std::string& line : result.story) {
        story += line + "\n";
      }
    }
    ASSERT_EQ(result.violation, "") << "seed " << seed << "\n" << story;
  }
  // Or its passing would mean nothing.
  for (const char* topic :
       {"claimed", "taken_over", "end_forgotten", "quorum_lost", "quorum_met", "name_lost 1"}) {
    EXPECT_GT(seen[topic], 10U) << topic;
  }
}

}  // namespace
}  // namespace horde::props
