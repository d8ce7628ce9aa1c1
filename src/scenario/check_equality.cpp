#include "scenario/check_equality.hpp"

#include <algorithm>
#include <array>

#include "base/hash.hpp"

namespace horde::scenario {
namespace {

constexpr char kStatusPrefix = '\x02';  // Keys up to this one are the member list's.

constexpr std::array kHordes{WhichHorde::horde, WhichHorde::registry};

// Who counts for that horde.
std::vector<NodeIndex> members_of(WhichHorde which, Group core, const Cluster* cluster) {
  std::vector<NodeIndex> out(core.begin(), core.end());
  if (which == WhichHorde::registry && cluster != nullptr) {
    std::erase_if(out, [&](NodeIndex node) { return (*cluster)[node].removed_from_registry; });
  }
  return out;
}

std::string_view prefix_of(WhichHorde which) {
  return which == WhichHorde::registry ? "registry: " : "";
}

}  // namespace

std::optional<std::pair<NodeIndex, NodeIndex>> MapsChecker::different(WhichHorde which,
                                                                      Group core) const {
  const std::vector<NodeIndex> members = members_of(which, core, cluster_);
  const crdt::AwLwwMap* first = members.empty() ? nullptr : map_of(*world_, members.front(), which);
  for (const NodeIndex node : members) {
    const crdt::AwLwwMap* map = map_of(*world_, node, which);
    if (map != nullptr && first != nullptr &&
        (map->digest() != first->digest() || map->keys_visible() != first->keys_visible())) {
      return std::pair(members.front(), node);
    }
  }
  return {};
}

std::optional<std::string> MapsChecker::unsettled(Group core) {
  for (const WhichHorde which : kHordes) {
    if (const auto pair = different(which, core)) {
      const auto say = [&](NodeIndex each) {
        const crdt::AwLwwMap& map = *map_of(*world_, each, which);
        return world_->name(each) + " has " + std::to_string(map.keys_visible()) + " keys and " +
               crdt::to_string(map.vector());
      };
      return std::string(prefix_of(which)) + say(pair->first) + ", " + say(pair->second);
    }
  }
  return {};
}

void ViewsChecker::forget(NodeIndex node) {
  for (const WhichHorde which : kHordes) {
    views_.erase({which, node});
  }
}

void ViewsChecker::on_step(const WorldStep& step) {
  for (const WhichHorde which : kHordes) {
    const MapStep of = step.of(which);
    const bool touched = std::ranges::any_of(
        of.touched, [](const crdt::Change& change) { return change.key.front() <= kStatusPrefix; });
    if (touched) {
      views_.erase({which, step.node});
    }
  }
}

void ViewsChecker::on_tell(base::Instant /*at*/, NodeIndex node, const base::Tell& /*tell*/) {
  forget(node);
}

void ViewsChecker::on_up(base::Instant /*at*/, NodeIndex node, std::uint64_t /*boot*/) {
  forget(node);
}

std::uint64_t ViewsChecker::view_of(WhichHorde which, NodeIndex node) {
  const auto it = views_.find({which, node});
  if (it != views_.end()) {
    return it->second;
  }
  std::uint64_t hash = 0;
  for (const members::Member& member : members_of_horde(*world_, node, which)) {
    hash =
        base::combine(hash, base::hash64(member.name, static_cast<std::uint64_t>(member.status)));
  }
  return views_[{which, node}] = hash;
}

std::optional<std::pair<NodeIndex, NodeIndex>> ViewsChecker::different(WhichHorde which,
                                                                       Group core) {
  const std::vector<NodeIndex> members = members_of(which, core, cluster_);
  for (const NodeIndex node : members) {
    if (view_of(which, node) != view_of(which, members.front())) {
      return std::pair(members.front(), node);
    }
  }
  return {};
}

std::optional<std::string> ViewsChecker::unsettled(Group core) {
  for (const WhichHorde which : kHordes) {
    if (const auto pair = different(which, core)) {
      const auto say = [&](NodeIndex node) {
        return world_->name(node) + " sees " + to_string(members_of_horde(*world_, node, which));
      };
      return std::string(prefix_of(which)) + say(pair->first) + "; " + say(pair->second);
    }
  }
  return {};
}

std::string to_string(const std::vector<members::Member>& view) {
  std::map<std::string_view, std::size_t> counts;
  std::string text;
  for (const members::Member& member : view) {
    ++counts[members::to_string(member.status)];
    text += (text.empty() ? "" : ", ") + member.name + ' ' +
            std::string(members::to_string(member.status));
  }
  constexpr std::size_t kNamedMax = 8;
  if (view.size() <= kNamedMax) {
    return text.empty() ? "nobody" : text;
  }
  text.clear();
  for (const auto& [status, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + std::string(status);
  }
  return text;
}

}  // namespace horde::scenario
