// Which side of a split runs the children, with whole nodes: every split in two of 1 to 9 nodes,
// and random ones after members have left or crashed. HORDE_SPLITS=N runs N random ones instead of
// the few here, from HORDE_SPLITS_SEED on.
#include <gtest/gtest.h>

#include <cstdlib>

#include "props/quorum/splits.hpp"

namespace horde::props {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class EverySplit : public testing::TestWithParam<std::uint32_t> {};

TEST_P(EverySplit, LeavesTheChildrenToTheSideThatTheRuleNames) {
  for (const Split& split : all_splits(GetParam())) {
    EXPECT_NE(keeps_quorum(split), Keeps::none);
    ASSERT_EQ(run_split(split), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Quorum, EverySplit, testing::Range(1U, 10U));

TEST(RandomSplit, AfterMembersHaveLeftOrCrashedLeavesTheChildrenToTheSideThatTheRuleNames) {
  std::uint64_t without_quorum = 0;
  const std::uint64_t first = number_from("HORDE_SPLITS_SEED", 1);
  const std::uint64_t count = number_from("HORDE_SPLITS", 60);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Split split = random_split(seed);
    without_quorum += keeps_quorum(split) == Keeps::none ? 1 : 0;
    ASSERT_EQ(run_split(split), "") << "HORDE_SPLITS_SEED=" << seed;
  }
  // Or its passing would mean less.
  EXPECT_GT(without_quorum, 0U);
  EXPECT_LT(without_quorum, count);
}

}  // namespace
}  // namespace horde::props
