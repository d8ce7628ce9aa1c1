#include "members/topology.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace horde::members {
namespace {

using base::NodeId;

std::set<NodeId> nodes(int count) {
  std::set<NodeId> out;
  for (int i = 1; i <= count; ++i) {
    out.insert(NodeId::of("n" + std::to_string(i)));
  }
  return out;
}

TEST(Topology, FullMeshNamesAllOthers) {
  const Neighbours n = neighbours_of(NodeId::of("n2"), nodes(3), FullMesh{});
  EXPECT_EQ(n.nodes, (std::vector<NodeId>{NodeId::of("n1"), NodeId::of("n3")}));
  EXPECT_TRUE(n.complete);
}

TEST(Topology, ARingHasTwoNeighboursAndClosesOverWhoIsThere) {
  std::set<NodeId> present = nodes(5);
  EXPECT_EQ(neighbours_of(NodeId::of("n1"), present, Ring{}).nodes,
            (std::vector<NodeId>{NodeId::of("n2"), NodeId::of("n5")}));
  present.erase(NodeId::of("n2"));
  EXPECT_EQ(neighbours_of(NodeId::of("n1"), present, Ring{}).nodes,
            (std::vector<NodeId>{NodeId::of("n3"), NodeId::of("n5")}));
  EXPECT_FALSE(neighbours_of(NodeId::of("n1"), present, Ring{}).complete);
}

// Goal: every size and degree gives a connected graph of about that degree in which both ends of an
// edge name each other. Method: all sizes to 40, then 1,000.
TEST(Topology, KRegularIsConnectedSymmetricAndOfBoundedDegree) {
  for (int n = 1; n <= 40; ++n) {
    for (std::uint32_t k = 2; k <= 5; ++k) {
      const std::set<NodeId> present = nodes(n);
      EXPECT_EQ(components(present, KRegular{k}), 1U) << n << " nodes, k = " << k;
      for (const NodeId a : present) {
        const std::vector<NodeId> of_a = neighbours_of(a, present, KRegular{k}).nodes;
        EXPECT_LE(of_a.size(), k + 1);
        for (const NodeId b : of_a) {
          const std::vector<NodeId> of_b = neighbours_of(b, present, KRegular{k}).nodes;
          EXPECT_NE(std::ranges::find(of_b, a), of_b.end());
        }
      }
    }
  }
  EXPECT_EQ(components(nodes(1'000), KRegular{4}), 1U);
}

TEST(Topology, AutomaticIsAMeshForFewAndSparseForMany) {
  EXPECT_EQ(neighbours_of(NodeId::of("n1"), nodes(16), Automatic{}).nodes.size(), 15U);
  EXPECT_LE(neighbours_of(NodeId::of("n1"), nodes(17), Automatic{}).nodes.size(), 4U);
}

TEST(Topology, GivenEdgesOfAbsentMembersAreLeftOut) {
  const Given given{{{NodeId::of("n1"), NodeId::of("n2")}, {NodeId::of("n1"), NodeId::of("n9")}}};
  EXPECT_EQ(neighbours_of(NodeId::of("n1"), nodes(3), given).nodes,
            std::vector<NodeId>{NodeId::of("n2")});
  EXPECT_EQ(components(nodes(3), given), 2U);
}

}  // namespace
}  // namespace horde::members
