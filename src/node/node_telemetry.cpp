// Node: what it tells of its children every few seconds, and of each delta that it took in.
// docs/supervision.md has the topics.
#include <algorithm>

#include "node/node.hpp"

namespace horde::node {

void Node::tell_of_children(base::Now now) {
  for (Horde& horde : hordes_) {
    if (horde.children == nullptr || horde.config.children->telemetry_interval.ns <= 0) {
      continue;
    }
    Children& children = *horde.children;
    const bool due = children.telemetry_at && *children.telemetry_at <= now.mono;
    if (due || !children.telemetry_at) {
      children.telemetry_at = now.mono + horde.config.children->telemetry_interval;
    }
    if (!due) {
      continue;
    }
    const supervisor::Supervisor::Sizes sizes = children.supervisor.sizes();
    // Outputs and changes are worked off within each input: between two of them only calls wait,
    // and writes for the first sync.
    const std::size_t queue =
        sizes.calls + horde.pending.size() + children.todo.size() + children.changes.size();
    tell("children_known", self_, sizes.live, horde.config.name);
    tell("children_here", self_, sizes.copies, horde.config.name);
    tell("children_queue", self_, queue, horde.config.name);
  }
}

void Node::tell_of_delta(const Horde& horde, base::NodeId from,
                         const std::vector<crdt::Change>& changes) {
  if (horde.children == nullptr || changes.empty()) {
    return;
  }
  std::vector<base::BytesView> keys;
  keys.reserve(changes.size());
  for (const crdt::Change& change : changes) {
    keys.emplace_back(change.key);
  }
  std::ranges::sort(keys);
  const auto repeated = std::ranges::unique(keys);
  tell("delta_applied", from, keys.size() - repeated.size(), horde.config.name);
}

}  // namespace horde::node
