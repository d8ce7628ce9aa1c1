#include "faults/links.hpp"

#include <gtest/gtest.h>

#include <set>

namespace horde::faults {
namespace {

using base::NodeId;

Nodes nodes(std::size_t count) {
  Nodes all;
  for (std::size_t i = 1; i <= count; ++i) {
    all.push_back(NodeId::of("n" + std::to_string(i)));
  }
  return all;
}

const NodeId n1 = NodeId::of("n1");
const NodeId n2 = NodeId::of("n2");
const NodeId n3 = NodeId::of("n3");
const NodeId n4 = NodeId::of("n4");

TEST(LinkSet, OfNothingContainsNoLinkAndOfAllContainsEveryOneButToOneself) {
  EXPECT_FALSE(LinkSet().contains(n1, n2));
  EXPECT_TRUE(LinkSet::all().contains(n1, n2));
  EXPECT_FALSE(LinkSet::all().contains(n1, n1));
}

TEST(LinkSet, ASplitSeparatesItsGroupsAndNobodyElse) {
  const LinkSet links = LinkSet::split({{n1, n2}, {n3}});
  EXPECT_TRUE(links.contains(n1, n3));
  EXPECT_TRUE(links.contains(n3, n2));
  EXPECT_FALSE(links.contains(n1, n2));
  EXPECT_FALSE(links.contains(n4, n1));
  EXPECT_FALSE(links.contains(n3, n4));
}

TEST(LinkSet, IsolatedNodesHearNobodyNotEvenEachOther) {
  const LinkSet links = LinkSet::isolate({n1, n2});
  EXPECT_TRUE(links.contains(n1, n2));
  EXPECT_TRUE(links.contains(n1, n3));
  EXPECT_TRUE(links.contains(n3, n1));
  EXPECT_FALSE(links.contains(n3, n4));
  EXPECT_FALSE(links.contains(n1, n1));
}

TEST(LinkSet, OneWayShapesHaveOneDirection) {
  const LinkSet one_way = LinkSet::one_way({n1}, {n2, n3});
  EXPECT_TRUE(one_way.contains(n1, n3));
  EXPECT_FALSE(one_way.contains(n3, n1));
  EXPECT_FALSE(one_way.contains(n1, n4));
  EXPECT_TRUE(LinkSet::out_of({n1}).contains(n1, n4));
  EXPECT_FALSE(LinkSet::out_of({n1}).contains(n4, n1));
  EXPECT_TRUE(LinkSet::into({n1}).contains(n4, n1));
  EXPECT_FALSE(LinkSet::into({n1}).contains(n1, n4));
}

TEST(LinkSet, ABridgeIsJoinedByTheNodeInNeitherSide) {
  const LinkSet links = LinkSet::bridge({n1, n2}, {n4});
  EXPECT_TRUE(links.contains(n1, n4));
  EXPECT_FALSE(links.contains(n1, n3));
  EXPECT_FALSE(links.contains(n3, n4));
}

TEST(LinkSet, PairsMayShareANode) {
  const LinkSet links = LinkSet::pairs({{n1, n2}, {n2, n3}});
  EXPECT_TRUE(links.contains(n2, n1));
  EXPECT_TRUE(links.contains(n2, n3));
  EXPECT_FALSE(links.contains(n1, n3));
}

// Goal: for every size, each node hears exactly a bare majority with itself in it, and no two nodes
// hear the same one.
TEST(LinkSet, AMajoritiesRingLeavesEachNodeADifferentMajority) {
  for (std::size_t size = 3; size <= 12; ++size) {
    const Nodes ring = nodes(size);
    const LinkSet links = LinkSet::majorities_ring(ring);
    std::set<std::set<NodeId>> heard_sets;
    for (const NodeId to : ring) {
      std::set<NodeId> heard;
      for (const NodeId from : ring) {
        if (!links.contains(from, to)) {
          heard.insert(from);
        }
      }
      EXPECT_EQ(heard.size(), size / 2 + 1) << size;
      EXPECT_TRUE(heard.contains(to));
      heard_sets.insert(heard);
    }
    EXPECT_EQ(heard_sets.size(), size);
  }
}

TEST(LinkSet, AMajoritiesRingOfFiveLeavesTheTwoNeighboursBothWays) {
  const Nodes ring = nodes(5);
  const LinkSet links = LinkSet::majorities_ring(ring);
  EXPECT_FALSE(links.contains(ring[1], ring[0]));
  EXPECT_FALSE(links.contains(ring[4], ring[0]));
  EXPECT_TRUE(links.contains(ring[2], ring[0]));
  EXPECT_TRUE(links.contains(ring[3], ring[0]));
}

TEST(LinkSet, TakesOnePartOfAnotherSetAndLeavesTheRest) {
  const LinkSet split = LinkSet::split({{n1}, {n2, n3}});
  const LinkSet rest = LinkSet::among(nodes(4), [&](NodeId from, NodeId to) {
    return split.contains(from, to) && (from == n3 || to == n3);
  });
  EXPECT_TRUE(rest.contains(n1, n3));
  EXPECT_TRUE(rest.contains(n3, n1));
  EXPECT_FALSE(rest.contains(n1, n2));
  EXPECT_FALSE(rest.contains(n3, n2));
  EXPECT_FALSE(rest.contains(n1, NodeId::of("n9")));
}

TEST(RandomShapes, ReachEveryNumberOfGroupsAndNoneIsEmpty) {
  std::set<std::size_t> counts;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    base::Rng rng(seed);
    const std::vector<Nodes> groups = random_groups(nodes(6), 4, rng);
    std::size_t named = 0;
    for (const Nodes& group : groups) {
      EXPECT_FALSE(group.empty());
      named += group.size();
    }
    EXPECT_EQ(named, 6U);
    counts.insert(groups.size());
  }
  EXPECT_EQ(counts, (std::set<std::size_t>{2, 3, 4}));
}

TEST(RandomShapes, ABridgeHasBothSidesAndNamesEachNodeOnce) {
  base::Rng rng(1);
  const BridgeSides three = random_bridge(nodes(3), rng);
  EXPECT_EQ(three.left.size(), 1U);
  EXPECT_EQ(three.right.size(), 1U);
  const BridgeSides six = random_bridge(nodes(6), rng);
  std::set<NodeId> named(six.left.begin(), six.left.end());
  named.insert(six.right.begin(), six.right.end());
  named.insert(six.middle);
  EXPECT_EQ(named.size(), 6U);
}

TEST(RandomShapes, APairIsDrawnByItselfSoOneNodeLessLeavesTheOthers) {
  const base::Rng rng(3);
  const auto of_eight = random_pairs(nodes(8), 400'000, rng);
  const auto of_seven = random_pairs(nodes(7), 400'000, rng);
  auto expected = of_eight;
  std::erase_if(expected, [](const auto& pair) { return pair.second == NodeId::of("n8"); });
  EXPECT_EQ(of_seven, expected);
  EXPECT_LT(of_seven.size(), of_eight.size());
  EXPECT_EQ(random_pairs(nodes(8), 1'000'000, rng).size(), 28U);
}

TEST(RandomShapes, PrintAsTheyAreWrittenInAScenario) {
  EXPECT_EQ(to_string(std::vector<Nodes>{{n1, n2}, {n3}}), "n1 n2 | n3");
  base::Rng rng(9);
  EXPECT_EQ(random_some(nodes(4), 4, rng), nodes(4));
}

}  // namespace
}  // namespace horde::faults
