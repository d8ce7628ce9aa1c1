#include "scenario/check_reads.hpp"

#include <algorithm>
#include <set>

#include "base/hash.hpp"
#include "registry/name.hpp"
#include "supervisor/entry.hpp"

namespace horde::scenario {
namespace {

constexpr char kWantedPrefix = '\x01';

// Deliberately not crdt::winner: what checks must not be what is checked.
const crdt::Sibling* shown(const crdt::Siblings* siblings) {
  const crdt::Sibling* best = nullptr;
  if (siblings != nullptr) {
    for (const crdt::Sibling& sibling : *siblings) {
      if (sibling.kind != crdt::Kind::put) {
        continue;
      }
      const bool newer = best == nullptr || sibling.stamp > best->stamp ||
                         (sibling.stamp == best->stamp && sibling.dot > best->dot);
      best = newer ? &sibling : best;
    }
  }
  return best;
}

}  // namespace

std::string shown_key(base::BytesView key) {
  if (const auto child = supervisor::child_of(key)) {
    return "child " + supervisor::to_string(*child);
  }
  if (const auto name = registry::name_key_of(key)) {
    return base::printable(name->name);
  }
  const bool user = !key.empty() && key.front() == members::kUserKeyPrefix;
  return base::printable(user ? key.substr(1) : key);
}

void ReadsChecker::on_step(const WorldStep& step) {
  if (step.map == nullptr) {
    return;
  }
  for (const crdt::Change& change : step.touched) {
    if (change.key.front() == members::kUserKeyPrefix) {
      const base::BytesView key = base::BytesView(change.key).substr(1);
      check_key(step.node, key, world_->get(step.node, key), step.map->siblings(change.key));
    }
  }
}

void ReadsChecker::check_key(NodeIndex node, base::BytesView key,
                             const std::optional<crdt::Value>& read,
                             const crdt::Siblings* siblings) {
  const crdt::Sibling* expected = shown(siblings);
  const bool equal = expected == nullptr ? !read : read && *read == expected->value;
  if (!equal) {
    findings_.add({.id = "A1",
                   .node = world_->name(node),
                   .key = base::printable(key),
                   .text = "reads " + (read ? '"' + base::printable(*read) + '"' : "nothing") +
                           ", but its map holds " +
                           (siblings == nullptr ? "{}" : crdt::to_string(*siblings))});
  }
}

void ReadsChecker::check_all(Group live) {
  for (const NodeIndex node : live) {
    const crdt::AwLwwMap* map = world_->map(node);
    if (map == nullptr) {
      continue;
    }
    const std::map<crdt::Key, crdt::Value> table = world_->to_map(node);
    std::size_t shown_keys = 0;
    map->visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
      if (key.front() == members::kUserKeyPrefix) {
        const auto it = table.find(key.substr(1));
        shown_keys += shown(&siblings) != nullptr ? 1U : 0U;
        check_key(node, base::BytesView(key).substr(1),
                  it == table.end() ? std::nullopt : std::optional(it->second), &siblings);
      }
      return true;
    });
    if (table.size() != shown_keys) {
      findings_.add({.id = "A1",
                     .node = world_->name(node),
                     .text = "the table read has " + std::to_string(table.size()) +
                             " keys, its map shows " + std::to_string(shown_keys)});
    }
    check_members(node, *map, world_->members(node));
    if (const crdt::AwLwwMap* names = world_->registry_map(node)) {
      check_members(node, *names, world_->registry_members(node));
    }
  }
}

void ReadsChecker::check_members(NodeIndex node, const crdt::AwLwwMap& map,
                                 const std::vector<members::Member>& members) {
  std::set<std::string> wanted;
  map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    if (key.front() == kWantedPrefix && shown(&siblings) != nullptr) {
      wanted.insert(key.substr(1));
    }
    return true;
  });
  std::set<std::string> listed;
  for (const members::Member& member : members) {
    listed.insert(member.name);
  }
  if (listed != wanted) {
    findings_.add({.id = "A1",
                   .node = world_->name(node),
                   .text = "lists " + std::to_string(listed.size()) + " members, its map holds " +
                           std::to_string(wanted.size())});
  }
}

}  // namespace horde::scenario
