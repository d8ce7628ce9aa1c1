// What a registry is told of the cluster and of its map.
#pragma once

#include <map>
#include <set>

#include "base/ids.hpp"
#include "crdt/entry.hpp"

namespace horde::registry {

/// What this member believes now.
struct View {
  std::set<base::NodeId> members;
  std::map<base::NodeId, std::uint64_t> reachable;  ///< With the newest boot heard of; self too.
  std::set<base::NodeId> suspects;                  ///< Reachable, but maybe gone.

  /// Whether that life of that node is a member's that can be reached: its names are visible, and
  /// what it asks counts.
  [[nodiscard]] bool is_present(const base::RunId& run) const {
    const auto it = reachable.find(run.node);
    return it != reachable.end() && it->second == run.start && members.contains(run.node);
  }
};

struct EntryChange {
  crdt::Key key;
  crdt::Siblings siblings;  ///< All there are now; none: the entry is gone.
};

}  // namespace horde::registry
