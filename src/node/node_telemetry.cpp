// Node: what it tells of its children every few seconds, and of each delta that it took in.
// docs/supervision.md has the topics.
#include <algorithm>

#include "node/node.hpp"

namespace horde::node {
namespace {

// A list that is set takes a while to get everywhere.
constexpr base::Duration kAloneBeforeWarned = base::seconds(10);

}  // namespace

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

// Two hordes of one node have members of their own: one that was set up with peers, and one that
// was forgotten, look well each by itself, and children find their names taken by nobody. Looked at
// when lists are reviewed.
void Node::warn_of_lone_hordes(base::Now now) {
  if (hordes_.size() < 2) {
    return;
  }
  const auto has_peers = [this](const Horde& horde) {
    const bool is_member = horde.members.is_wanted(self_);
    return is_member && std::ranges::any_of(horde.members.wanted(), [this](const auto& member) {
             return member.first != self_ && liveness_.is_reachable(member.first);
           });
  };
  const auto is_used = [](const Horde& horde) {
    return horde.children != nullptr || horde.registered != nullptr;
  };
  const bool any_has = std::ranges::any_of(
      hordes_, [&](const Horde& horde) { return is_used(horde) && has_peers(horde); });
  for (Horde& horde : hordes_) {
    if (!any_has || !is_used(horde) || has_peers(horde)) {
      horde.alone_since.reset();
      horde.alone_told = false;
    } else if (!horde.alone_since) {
      horde.alone_since = now.mono;
    } else if (!horde.alone_told && now.mono >= *horde.alone_since + kAloneBeforeWarned) {
      horde.alone_told = true;
      tell("lone_horde", self_, 0, horde.config.name);
    }
  }
}

void Node::tell_of_delta(const Horde& horde, base::NodeId from,
                         const std::vector<crdt::Change>& changes) {
  if ((horde.children == nullptr && horde.registered == nullptr) || changes.empty()) {
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
