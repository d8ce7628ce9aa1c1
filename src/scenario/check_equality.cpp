#include "scenario/check_equality.hpp"

#include "base/hash.hpp"

namespace horde::scenario {
namespace {

constexpr char kStatusPrefix = '\x02';  // Keys up to this one are the member list's.

}  // namespace

std::optional<std::string> MapsChecker::unsettled(Group core) {
  const crdt::AwLwwMap* first = nullptr;
  NodeIndex first_node = 0;
  for (const NodeIndex node : core) {
    const crdt::AwLwwMap* map = world_->map(node);
    if (map == nullptr) {
      continue;
    }
    if (first == nullptr) {
      first = map;
      first_node = node;
    } else if (map->digest() != first->digest() || map->keys_visible() != first->keys_visible()) {
      return world_->name(first_node) + " has " + std::to_string(first->keys_visible()) +
             " keys and " + crdt::to_string(first->vector()) + ", " + world_->name(node) + " has " +
             std::to_string(map->keys_visible()) + " and " + crdt::to_string(map->vector());
    }
  }
  return {};
}

void ViewsChecker::on_step(const WorldStep& step) {
  for (const crdt::Change& change : step.touched) {
    if (change.key.front() <= kStatusPrefix) {
      views_.erase(step.node);
      return;
    }
  }
}

void ViewsChecker::on_tell(base::Instant /*at*/, NodeIndex node, const base::Tell& /*tell*/) {
  views_.erase(node);
}

void ViewsChecker::on_up(base::Instant /*at*/, NodeIndex node, std::uint64_t /*boot*/) {
  views_.erase(node);
}

std::uint64_t ViewsChecker::view_of(NodeIndex node) {
  const auto it = views_.find(node);
  if (it != views_.end()) {
    return it->second;
  }
  std::uint64_t hash = 0;
  for (const members::Member& member : world_->members(node)) {
    hash =
        base::combine(hash, base::hash64(member.name, static_cast<std::uint64_t>(member.status)));
  }
  return views_[node] = hash;
}

std::optional<std::string> ViewsChecker::unsettled(Group core) {
  for (std::size_t i = 1; i < core.size(); ++i) {
    if (view_of(core[i]) != view_of(core[0])) {
      return world_->name(core[0]) + " sees " + to_string(world_->members(core[0])) + "; " +
             world_->name(core[i]) + " sees " + to_string(world_->members(core[i]));
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
