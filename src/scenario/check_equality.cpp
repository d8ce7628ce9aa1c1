#include "scenario/check_equality.hpp"

#include "base/hash.hpp"

namespace horde::scenario {
namespace {

constexpr char kStatusPrefix = '\x02';  // Keys up to this one are the member list's.

}  // namespace

std::optional<NodeIndex> MapsChecker::different(Group core) const {
  const crdt::AwLwwMap* first = core.empty() ? nullptr : world_->map(core.front());
  for (const NodeIndex node : core) {
    const crdt::AwLwwMap* map = world_->map(node);
    if (map != nullptr && first != nullptr &&
        (map->digest() != first->digest() || map->keys_visible() != first->keys_visible())) {
      return node;
    }
  }
  return {};
}

std::optional<std::string> MapsChecker::unsettled(Group core) {
  const auto node = different(core);
  if (!node) {
    return {};
  }
  const auto say = [this](NodeIndex each) {
    const crdt::AwLwwMap& map = *world_->map(each);
    return world_->name(each) + " has " + std::to_string(map.keys_visible()) + " keys and " +
           crdt::to_string(map.vector());
  };
  return say(core.front()) + ", " + say(*node);
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

std::optional<NodeIndex> ViewsChecker::different(Group core) {
  for (const NodeIndex node : core) {
    if (view_of(node) != view_of(core.front())) {
      return node;
    }
  }
  return {};
}

std::optional<std::string> ViewsChecker::unsettled(Group core) {
  const auto node = different(core);
  if (!node) {
    return {};
  }
  return world_->name(core.front()) + " sees " + to_string(world_->members(core.front())) + "; " +
         world_->name(*node) + " sees " + to_string(world_->members(*node));
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
