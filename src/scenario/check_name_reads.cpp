#include "scenario/check_name_reads.hpp"

#include <algorithm>

namespace horde::scenario {
namespace {

using registry::Rank;

// Deliberately not the registry's own: what checks must not be what is checked.
const crdt::Sibling* shown(const crdt::Siblings& siblings) {
  const crdt::Sibling* best = nullptr;
  for (const crdt::Sibling& sibling : siblings) {
    if (sibling.kind == crdt::Kind::put &&
        (best == nullptr || sibling.stamp > best->stamp ||
         (sibling.stamp == best->stamp && sibling.dot > best->dot))) {
      best = &sibling;
    }
  }
  return best;
}

std::string listed(const std::vector<NameRow>& rows) {
  std::string text;
  for (const NameRow& row : rows) {
    text += (text.empty() ? "" : ", ") + to_string(row.pid);
  }
  return text.empty() ? "nobody" : text;
}

}  // namespace

void NameReadsChecker::on_up(base::Instant /*at*/, NodeIndex node, std::uint64_t /*boot*/) {
  entries_.erase(node);
  if (const crdt::AwLwwMap* map = world_->registry_map(node)) {
    map->visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
      take(node, key, &siblings);
      return true;
    });
  }
}

void NameReadsChecker::on_tell(base::Instant /*at*/, NodeIndex node, const base::Tell& tell) {
  if (tell.topic == "restarted_as" || tell.topic == "started_anew") {
    entries_.erase(node);
  }
}

void NameReadsChecker::take(NodeIndex node, const crdt::Key& key, const crdt::Siblings* siblings) {
  const auto name = registry::name_key_of(key);
  if (!name) {
    return;
  }
  Entries& entries = entries_[node][name->name];
  entries.erase(*name);
  const crdt::Sibling* put = siblings == nullptr ? nullptr : shown(*siblings);
  const auto value =
      put == nullptr ? std::nullopt : std::optional(registry::decode_name_value(put->value));
  if (value && *value && (keys_ == NameKeys::duplicate || name->number == 0)) {
    entries[*name] = {
        .pid = {name->run, (*value)->serial}, .rank = (*value)->rank, .value = (*value)->value};
  }
  if (entries.empty()) {
    entries_[node].erase(name->name);
  }
}

void NameReadsChecker::on_step(const WorldStep& step) {
  if (step.registry.map == nullptr || world_->is_registry_stopped(step.node)) {
    return;
  }
  for (const crdt::Change& change : step.registry.touched) {
    take(step.node, change.key, step.registry.map->siblings(change.key));
  }
  Held held;
  for (const base::Bytes& name : step.names_touched) {
    check_name(step.node, name, held);
  }
  check_keys(step.node, held);
}

void NameReadsChecker::check_name(NodeIndex node, const base::Bytes& name, Held& held) {
  const std::vector<NameRow> read = world_->holders(node, name);
  check_projection(node, name, read);
  check_ways(node, name, read);
  for (const NameRow& holder : read) {
    check_holder(node, holder);
    held[holder.pid].insert(name);
  }
}

void NameReadsChecker::check_ways(NodeIndex node, const base::Bytes& name,
                                  const std::vector<NameRow>& read) {
  if (keys_ == NameKeys::unique && read.size() > 1) {
    fail("A5", node, name, "has " + std::to_string(read.size()) + " holders: " + listed(read));
  }
  const std::optional<NameRow> found = world_->lookup(node, name);
  if (found != (read.empty() ? std::nullopt : std::optional(read.front()))) {
    fail("A5", node, name,
         "a lookup reads " + (found ? to_string(found->pid) : "nobody") + ", the entries are of " +
             listed(read));
  }
}

void NameReadsChecker::check_holder(NodeIndex node, const NameRow& holder) {
  if (!world_->sees(node, holder.pid.run)) {
    fail("A5", node, holder.key,
         "reads " + to_string(holder.pid) + ", whose node it holds for gone, or for no member");
  } else if (holder.pid.run == world_->run(node) && !world_->is_alive(node, holder.pid)) {
    fail("A5", node, holder.key,
         "reads its own process " + to_string(holder.pid) + ", which has ended");
  }
}

// By process, as one may hold thousands.
void NameReadsChecker::check_keys(NodeIndex node, const Held& held) {
  for (const auto& [pid, names] : held) {
    const std::vector<base::Bytes> list = world_->names_of(node, pid);
    const std::set<base::Bytes> known(list.begin(), list.end());
    for (const base::Bytes& name : names) {
      if (!known.contains(name)) {
        fail("A5", node, name,
             "reads " + to_string(pid) + ", whose own names do not have this one");
      }
    }
  }
}

// Of several copies of one child the one of the latest claim stands for it; of those that are left
// the highest rank is shown.
std::vector<NameRow> NameReadsChecker::projection(NodeIndex node, const base::Bytes& name) const {
  std::vector<NameRow> out;
  const auto of_node = entries_.find(node);
  if (of_node == entries_.end() || !of_node->second.contains(name)) {
    return out;
  }
  std::vector<const Entry*> visible;
  for (const auto& [key, entry] : of_node->second.at(name)) {
    if (world_->sees(node, key.run)) {
      visible.push_back(&entry);
    }
  }
  if (keys_ == NameKeys::duplicate) {
    for (const Entry* entry : visible) {
      out.push_back({name, entry->pid, entry->value});
    }
    return out;
  }
  const auto claim = [](const Entry* e) { return std::tuple(e->rank.term, e->pid); };
  const auto rank = [](const Entry* e) {
    return std::tuple(e->rank.priority, e->rank.birth_ns, e->rank.id.high, e->rank.id.low,
                      e->rank.term, e->pid);
  };
  const Entry* best = nullptr;
  for (const Entry* entry : visible) {
    const bool is_late = std::ranges::any_of(visible, [&](const Entry* other) {
      return entry->rank.is_child && other->rank.is_child && other->rank.id == entry->rank.id &&
             claim(other) > claim(entry);
    });
    if (!is_late && (best == nullptr || rank(entry) > rank(best))) {
      best = entry;
    }
  }
  if (best != nullptr) {
    out.push_back({name, best->pid, best->value});
  }
  return out;
}

void NameReadsChecker::check_projection(NodeIndex node, const base::Bytes& name,
                                        const std::vector<NameRow>& read) {
  std::vector<NameRow> wanted = projection(node, name);
  std::ranges::sort(wanted, {}, [](const NameRow& row) { return std::tuple(row.pid, row.value); });
  std::vector<NameRow> is = read;
  std::ranges::sort(is, {}, [](const NameRow& row) { return std::tuple(row.pid, row.value); });
  if (is != wanted) {
    fail("A1", node, name, "reads " + listed(is) + ", but its map and view show " + listed(wanted));
  }
}

void NameReadsChecker::check_all(Group live) {
  for (const NodeIndex node : live) {
    if (world_->registry_map(node) == nullptr || world_->is_registry_stopped(node)) {
      continue;
    }
    const std::vector<NameRow> all = world_->names(node);
    std::map<base::Bytes, std::vector<NameRow>> by_name;
    for (const NameRow& row : all) {
      by_name[row.key].push_back(row);
    }
    if (all.size() != world_->names_count(node)) {
      fail("A5", node, {},
           "selects " + std::to_string(all.size()) + " entries, and counts " +
               std::to_string(world_->names_count(node)));
    }
    for (const auto& [name, entries] : entries_[node]) {
      by_name.try_emplace(name);
    }
    Held held;
    for (const auto& [name, rows] : by_name) {
      check_name(node, name, held);
      if (rows != world_->holders(node, name)) {
        fail("A5", node, name,
             "selects " + listed(rows) + ", the entries are of " +
                 listed(world_->holders(node, name)));
      }
    }
    check_keys(node, held);
  }
}

void NameReadsChecker::fail(std::string_view id, NodeIndex node, const base::Bytes& name,
                            std::string text) {
  if (wanted_.contains(std::string(id))) {
    findings_.add({.id = std::string(id),
                   .node = world_->name(node),
                   .key = base::printable(name),
                   .text = std::move(text)});
  }
}

}  // namespace horde::scenario
