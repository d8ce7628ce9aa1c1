// Topology: which members replicate with which, as a pure function of who is there.
//
// Every member that sees the same set computes the same graph, so both ends of an edge know of it
// without a message. While views differ a member may ask one that does not count it as a neighbour;
// it is answered all the same.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.hpp"

namespace horde::members {

/// Everybody with everybody: n - 1 neighbours.
struct FullMesh {
  friend bool operator==(const FullMesh&, const FullMesh&) = default;
};

/// In the order of ids, closed: 2 neighbours.
struct Ring {
  friend bool operator==(const Ring&, const Ring&) = default;
};

/// The union of k/2 rings in orders of their own, and a matching if k is odd: connected, k
/// neighbours or, where rings share an edge, a few less. A full mesh while n <= k + 1.
struct KRegular {
  std::uint32_t k = 4;
  friend bool operator==(const KRegular&, const KRegular&) = default;
};

/// The given edges; those of members that are not there are left out.
struct Given {
  std::vector<std::pair<base::NodeId, base::NodeId>> edges;
  friend bool operator==(const Given&, const Given&) = default;
};

/// A full mesh up to `mesh_max` members, above that k-regular.
struct Automatic {
  std::uint32_t mesh_max = 16;
  std::uint32_t k = 4;
  friend bool operator==(const Automatic&, const Automatic&) = default;
};

using Topology = std::variant<Automatic, FullMesh, Ring, KRegular, Given>;

/// The neighbours of `self` among `present` (which includes it), and whether events must be passed
/// on because not everybody is everybody's neighbour. Cost: O(n k log n).
struct Neighbours {
  std::vector<base::NodeId> nodes;  // Ascending.
  bool complete = true;
  friend bool operator==(const Neighbours&, const Neighbours&) = default;
};
[[nodiscard]] Neighbours neighbours_of(base::NodeId self, const std::set<base::NodeId>& present,
                                       const Topology& topology);

/// How many parts the graph of `present` falls into; 1 is what replication needs.
[[nodiscard]] std::size_t components(const std::set<base::NodeId>& present,
                                     const Topology& topology);

}  // namespace horde::members
