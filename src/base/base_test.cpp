#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"

namespace horde::base {
namespace {

TEST(Time, PrintsTheLargestUnitThatNeedsAtMostThreeDecimals) {
  EXPECT_EQ(to_string(milliseconds(300)), "300ms");
  EXPECT_EQ(to_string(milliseconds(1500)), "1.5s");
  EXPECT_EQ(to_string(microseconds(250)), "250us");
  EXPECT_EQ(to_string(nanoseconds(1'000'000'001)), "1000000.001us");
  EXPECT_EQ(to_string(seconds(-2)), "-2s");
  EXPECT_EQ(to_string(Duration{}), "0s");
  EXPECT_EQ(to_string(Instant{12'345'678'900}), "12.345678s");
  EXPECT_EQ(to_string(Instant::never()), "never");
}

TEST(NodeId, OfAShortNamePrintsAndOrdersAsTheName) {
  EXPECT_EQ(to_string(NodeId::of("n1")), "n1");
  EXPECT_EQ(to_string(NodeId::of("abcdefgh")), "abcdefgh");
  EXPECT_LT(NodeId::of("n1"), NodeId::of("n10"));
  EXPECT_LT(NodeId::of("n10"), NodeId::of("n2"));
  EXPECT_EQ(to_string(NodeId{}), "(none)");
}

TEST(NodeId, OfALongNameIsAHashThatNoShortNameEquals) {
  const NodeId id = NodeId::of("host-1.example:7000");
  EXPECT_EQ(to_string(id).size(), 17U);
  EXPECT_EQ(to_string(id)[0], '#');
  EXPECT_EQ(id, NodeId::of("host-1.example:7000"));
  EXPECT_NE(id, NodeId::of("host-2.example:7000"));
  EXPECT_FALSE(is_node_name(""));
  EXPECT_FALSE(is_node_name("a b"));
  EXPECT_FALSE(is_node_name(std::string(256, 'a')));
}

TEST(Address, PrintsBothFamiliesAsPeopleWriteThem) {
  Address v4{.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, .port = 7000};
  EXPECT_EQ(to_string(v4), "127.0.0.1:7000");
  Address v6{.ip = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2}, .port = 1};
  EXPECT_EQ(to_string(v6), "[fd00::102]:1");
}

// The values are XXH3's own test vector for the empty input and what this build must never change:
// stored digests and trace hashes depend on them.
TEST(Hash, IsTheSpecifiedFunctionOnEveryBuild) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2U);
  EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafU);
}

TEST(Rng, ForksDependOnTheLabelAndNotOnEarlierDraws) {
  Rng a(7);
  Rng b(7);
  (void)a.next();
  EXPECT_EQ(a.fork("x").next(), b.fork("x").next());
  EXPECT_NE(b.fork("x").next(), b.fork("y").next());
}

TEST(Rng, BelowIsInRangeAndRoughlyUniform) {
  Rng rng(1);
  std::array<int, 5> seen{};
  for (int i = 0; i < 5'000; ++i) {
    ++seen[rng.below(5)];
  }
  for (const int count : seen) {
    EXPECT_NEAR(count, 1'000, 150);
  }
}

TEST(Bytes, PrintForPeople) {
  EXPECT_EQ(to_hex(std::string("\x00\xffz", 3)), "00ff7a");
  EXPECT_EQ(printable("a\\\n"), "a\\x5c\\x0a");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace horde::base
