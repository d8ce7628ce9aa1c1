#include "crdt/version_vector.hpp"

#include <gtest/gtest.h>

namespace horde::crdt {
namespace {

using base::Dot;
using base::NodeId;

const NodeId a = NodeId::of("a");
const NodeId b = NodeId::of("b");

VersionVector vector_of(std::initializer_list<Dot> dots) {
  VersionVector out;
  for (const Dot& dot : dots) {
    out.raise(dot);
  }
  return out;
}

TEST(VersionVector, CoversWhatItWasRaisedTo) {
  const VersionVector v = vector_of({{{a, 1}, 3}, {{b, 7}, 1}});
  EXPECT_TRUE(v.covers(Dot{{a, 1}, 3}));
  EXPECT_FALSE(v.covers(Dot{{a, 1}, 4}));
  EXPECT_FALSE(v.covers(Dot{{a, 2}, 1}));
  EXPECT_EQ(to_string(v), "{a.1:3 b.7:1}");
}

TEST(VersionVector, HasTheSameDigestForTheSameValueWhateverTheOrderOfEvents) {
  VersionVector late = vector_of({{{b, 7}, 1}, {{a, 1}, 1}});
  late.raise({{a, 1}, 3});
  EXPECT_EQ(late, vector_of({{{a, 1}, 3}, {{b, 7}, 1}}));
  EXPECT_EQ(late.digest(), vector_of({{{a, 1}, 3}, {{b, 7}, 1}}).digest());
  EXPECT_NE(late.digest(), vector_of({{{a, 1}, 2}, {{b, 7}, 1}}).digest());
}

TEST(VersionVector, MergesToTheLargerOfBoth) {
  VersionVector v = vector_of({{{a, 1}, 3}, {{b, 7}, 1}});
  v.merge(vector_of({{{a, 1}, 2}, {{a, 2}, 5}, {{b, 7}, 4}}));
  EXPECT_EQ(v, vector_of({{{a, 1}, 3}, {{a, 2}, 5}, {{b, 7}, 4}}));
}

TEST(VersionVector, KeepsOneNumberForAllClosedRunsOfANode) {
  VersionVector v = vector_of({{{a, 1}, 3}, {{a, 2}, 4}, {{a, 5}, 1}, {{b, 7}, 1}});
  v.close(a, 5);
  EXPECT_EQ(to_string(v), "{a.5:1 b.7:1 | a<5}");
  EXPECT_TRUE(v.covers(Dot{{a, 4}, 99}));
  EXPECT_TRUE(v.is_ended({a, 4}));
  EXPECT_FALSE(v.is_ended({a, 5}));
  VersionVector other = vector_of({{{a, 1}, 3}, {{a, 2}, 4}});
  EXPECT_EQ(other.agreement_with(v), Agreement::same);
  other.merge(v);
  EXPECT_EQ(other, v);
  EXPECT_EQ(other.digest(), v.digest());
}

// Goal: who holds an event of a run that was closed without it must notice before merging (C3).
TEST(VersionVector, DisagreesWithAClosingThatLeavesOutWhatItHas) {
  VersionVector closer = vector_of({{{a, 1}, 3}, {{a, 2}, 1}});
  closer.close(a, 2);
  EXPECT_EQ(vector_of({{{a, 1}, 4}}).agreement_with(closer), Agreement::differs);
  EXPECT_EQ(vector_of({{{a, 1}, 2}}).agreement_with(closer), Agreement::differs);
  EXPECT_EQ(vector_of({{{a, 1}, 3}}).agreement_with(closer), Agreement::same);
  EXPECT_EQ(vector_of({{{b, 1}, 3}}).agreement_with(closer), Agreement::behind);
  EXPECT_EQ(closer.agreement_with(vector_of({{{a, 1}, 4}})), Agreement::same);
}

TEST(VersionVector, SplitsIntoNewestRunsAndTheRest) {
  VersionVector v = vector_of({{{a, 1}, 3}, {{a, 2}, 4}, {{a, 5}, 1}, {{b, 7}, 1}});
  v.close(a, 2);
  VersionVector whole = v.cold();
  EXPECT_EQ(whole.digest(), v.cold_digest());
  EXPECT_EQ(to_string(v.hot()), "{a.5:1 b.7:1}");
  whole.merge(v.hot());
  EXPECT_EQ(whole, v);
}

TEST(VersionVector, OrdersByWhatIsCovered) {
  VersionVector small = vector_of({{{a, 1}, 3}});
  VersionVector large = vector_of({{{a, 1}, 4}, {{b, 1}, 1}});
  EXPECT_TRUE(large.covers(small));
  EXPECT_FALSE(small.covers(large));
  EXPECT_EQ(large.events_ahead_of(small), 2U);
  small.raise({{a, 9}, 1});
  small.close(a, 9);
  EXPECT_FALSE(large.covers(small));
}

}  // namespace
}  // namespace horde::crdt
