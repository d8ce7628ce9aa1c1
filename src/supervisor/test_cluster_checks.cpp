// TestCluster: what must hold of each write, and once nothing has happened for a while.
#include <algorithm>

#include "supervisor/test_cluster.hpp"

namespace horde::supervisor {

using members::Status;

void TestCluster::check_write(std::size_t i, const ChildId& child, const Entry& entry) {
  if (entry.ended() && !may_end_.contains(child)) {
    fail("a child is ended that nobody has ended: " + short_name(child));
  }
  const bool is_mine = entry.claim.run() == base::RunId{id(i), nodes_[i].boot};
  if (!entry.ended() && entry.run.state == RunState::released && is_mine &&
      nodes_[i].processes.contains(child)) {
    fail("a child is released before it has stopped: " + short_name(child));
  }
  const crdt::Siblings* siblings = nodes_[i].map.siblings(key_of(child));
  const EntryRead before = read_entry(siblings == nullptr ? crdt::Siblings{} : *siblings);
  if (!before.entry && !entry.ended() && !entry.birth->is_static) {
    unborn_.insert({child, entry.claim});
  }
  const auto copy = nodes_[i].processes.find(child);
  const bool healthy = copy != nodes_[i].processes.end() &&
                       copy->second.phase == Process::Phase::running &&
                       now_ - copy->second.since >= options_.supervisor.healthy_after;
  if (before.entry && entry.strikes.era > before.entry->strikes.era && !healthy &&
      !may_lift_.contains(child)) {
    fail("strikes are taken back by who runs no healthy copy: " + short_name(child));
  }
}

std::vector<std::size_t> TestCluster::copies(const ChildId& child) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].up && nodes_[i].processes.contains(child)) {
      out.push_back(i);
    }
  }
  return out;
}

std::map<ChildId, Entry> TestCluster::joined() const {
  std::map<ChildId, Entry> out;
  for (const Node& node : nodes_) {
    if (!node.up) {
      continue;
    }
    node.map.visit_after(0,
                         [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
                           if (const EntryRead read = read_entry(siblings); read.entry) {
                             const auto [it, is_new] = out.try_emplace(*child_of(key), *read.entry);
                             it->second = is_new ? it->second : join(it->second, *read.entry);
                           }
                           return true;
                         });
  }
  return out;
}

std::string TestCluster::settled_wrong() const {
  if (!broken_.empty()) {
    return broken_;
  }
  for (const Node& node : nodes_) {
    if (node.up && node.map.digest() != nodes_.front().map.digest() && nodes_.front().up) {
      return "maps differ";
    }
  }
  const std::map<ChildId, Entry> entries = joined();
  for (const auto& [child, entry] : entries) {
    const std::vector<std::size_t> where = copies(child);
    if (entry.ended()) {
      if (!where.empty()) {
        return "an ended child runs: " + short_name(child);
      }
      continue;
    }
    if (where.size() <= 1 && entry.birth->spec.start == "fail") {
      continue;  // Born while its first owner died; it will be tried for ever.
    }
    if (where.size() != 1) {
      return short_name(child) + " runs " + std::to_string(where.size()) + " times, its entry is " +
             to_string(entry);
    }
    const Process& process = nodes_[where[0]].processes.at(child);
    if (process.token.claim != entry.claim || process.phase != Process::Phase::running ||
        entry.run.pid != process.pid) {
      return short_name(child) + " runs as " + to_string(process.token) + ", its entry is " +
             to_string(entry);
    }
    if (options_.supervisor.redistribution == Redistribution::active) {
      std::vector<Member> members;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        members.push_back({.name = base::to_string(id(i)), .id = id(i), .status = nodes_[i].says});
        if (!nodes_[i].up) {
          members.back().status = Status::dead;
        }
      }
      const Placed placed = options_.strategy()->choose({child, entry.birth->spec}, members);
      if (!placed || *placed != id(where[0])) {
        return short_name(child) + " runs on " + base::to_string(id(where[0])) +
               ", which is not where it belongs";
      }
    }
  }
  for (const Node& node : nodes_) {
    for (const auto& [child, process] : node.processes) {
      if (node.up && !entries.contains(child)) {
        return "a copy that no entry knows: " + short_name(child);
      }
    }
  }
  std::size_t disks_lost = 0;
  for (const Node& node : nodes_) {
    disks_lost += node.disks_lost;
  }
  // Who keeps to the highest token it has seen must not be left with a copy that it refuses (R2).
  for (const auto& [child, token] : tokens_) {
    const auto entry = entries.find(child);
    if (disks_lost == 0 && entry != entries.end() && !entry->second.ended() &&
        entry->second.claim < token.claim) {
      return short_name(child) + " runs under " + to_string(entry->second.claim) + ", below " +
             to_string(token) + ", which was given out";
    }
  }
  for (const ChildId& child : acknowledged_) {
    const bool ended = std::ranges::any_of(
        nodes_, [&](const Node& node) { return node.ends_seen.contains(child); });
    if (disks_lost == 0 && !ended && !entries.contains(child)) {
      return "a child that start_child said ok of is lost: " + short_name(child);
    }
  }
  return {};
}

}  // namespace horde::supervisor
