// The order of verdicts, which decides the exit code when several hold.
#include "scenario/run.hpp"

#include <gtest/gtest.h>

namespace horde::scenario {
namespace {

TEST(Verdict, TheGraverOneIsTheExitCode) {
  EXPECT_EQ(graver(Verdict::held, Verdict::never_seen), Verdict::never_seen);
  EXPECT_EQ(graver(Verdict::never_seen, Verdict::liveness_failed), Verdict::liveness_failed);
  EXPECT_EQ(graver(Verdict::liveness_failed, Verdict::failed), Verdict::failed);
  EXPECT_EQ(graver(Verdict::not_deterministic, Verdict::failed), Verdict::not_deterministic);
  EXPECT_EQ(graver(Verdict::not_deterministic, Verdict::bad_input), Verdict::bad_input);
  EXPECT_EQ(static_cast<int>(Verdict::never_seen), 5);
}

TEST(ChangedSettings, NameWhatIsNotAtItsDefault) {
  const auto scenario = parse(R"({"horde": {"sync_interval": "50ms"}, "network": {"loss": "1%"}})");
  ASSERT_TRUE(scenario.has_value());
  const auto settings = changed_settings(*scenario);
  ASSERT_EQ(settings.size(), 2U);
  EXPECT_EQ(settings[0].path, "horde.sync_interval");
  EXPECT_EQ(settings[0].value, "50ms");
  EXPECT_EQ(settings[1].path, "network.loss");
  EXPECT_TRUE(changed_settings(Scenario{}).empty());
}

}  // namespace
}  // namespace horde::scenario
