#include "replication/compactor.hpp"

#include <algorithm>

#include "wire/limits.hpp"

namespace horde::replication {
namespace {

std::size_t cold_runs(const crdt::VersionVector& vector) {
  std::size_t nodes = 0;
  base::NodeId last;
  for (const base::Dot& dot : vector.open()) {
    nodes += dot.run.node != last ? 1U : 0U;
    last = dot.run.node;
  }
  return vector.open().size() - nodes;
}

}  // namespace

void Compactor::on_vector(base::Instant now, const base::RunId& from,
                          const crdt::VersionVector& vector) {
  Heard& heard = heard_[from.node];
  if (from.start < heard.start) {
    return;  // From an earlier life, which may have known more than is left on its disk.
  }
  heard.start = from.start;
  heard.at = now;
  if (heard.vector != vector) {
    heard.vector = vector;
  }
  forgotten_.erase(from.node);
}

const crdt::VersionVector* Compactor::heard(base::NodeId node) const {
  const auto it = heard_.find(node);
  return it == heard_.end() ? nullptr : &it->second.vector;
}

std::optional<base::Instant> Compactor::heard_at(base::NodeId node) const {
  const auto it = heard_.find(node);
  return it == heard_.end() ? std::nullopt : std::optional(it->second.at);
}

std::size_t Compactor::holders(const base::Dot& dot) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      heard_, [&dot](const auto& heard) { return heard.second.vector.covers(dot); }));
}

void Compactor::set_witnesses(const std::set<base::NodeId>& witnesses) {
  witnesses_ = witnesses;
  std::erase_if(heard_, [&](const auto& heard) { return !witnesses_.contains(heard.first); });
  std::erase_if(forgotten_, [&](base::NodeId node) { return !witnesses_.contains(node); });
}

void Compactor::drop_tombstones(base::Instant now, crdt::AwLwwMap& map, const Present& present,
                                Outputs& out) {
  watermarks_.push_back({now, map.last_order()});
  std::uint64_t old_order = 0;
  while (watermarks_.size() > 1 && now - watermarks_.front().at > options_.tombstone_age_max) {
    old_order = watermarks_.front().order;
    watermarks_.pop_front();
  }
  // While a member is away, what it missed is kept for its return; dropped, it would have to
  // compare all it has with somebody.
  const bool all_here = std::ranges::all_of(
      witnesses_, [&](base::NodeId node) { return present.reachable.contains(node); });
  const auto seen_by_all = [&](const base::Dot& dot) {
    return all_here && std::ranges::all_of(present.neighbours, [&](base::NodeId node) {
             const crdt::VersionVector* vector = heard(node);
             return vector != nullptr && vector->covers(dot);
           });
  };
  std::size_t over =
      map.tombstones() > options_.tombstones_max ? map.tombstones() - options_.tombstones_max : 0;
  std::vector<std::pair<crdt::Key, base::Dot>> dropped;
  map.visit_tombstones(
      [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t order) {
        const bool forced = order <= old_order || over > 0;
        over -= over > 0 ? 1U : 0U;
        for (const crdt::Sibling& sibling : siblings) {
          if (sibling.kind == crdt::Kind::tombstone && (forced || seen_by_all(sibling.dot))) {
            dropped.emplace_back(key, sibling.dot);
          }
        }
        return true;
      });
  for (const auto& [key, dot] : dropped) {
    map.drop_tombstone(key, dot);
  }
  if (!dropped.empty()) {
    out.tell("tombstones_dropped", base::NodeId{}, dropped.size());
  }
}

bool Compactor::has_pending(const crdt::AwLwwMap& map) const {
  return cold_runs(map.vector()) > 0;
}

std::uint64_t Compactor::closable_before(const crdt::AwLwwMap& map, base::NodeId node) const {
  const std::uint64_t latest = map.vector().latest_start(node);
  return retired_.contains(node) ? latest + 1 : latest;
}

// Whether every witness has said that it knows a later run of `node` and has the same of the
// earlier ones as we have, or has closed them already.
bool Compactor::agree(base::NodeId node, std::uint64_t before, std::uint64_t sum) const {
  return std::ranges::all_of(witnesses_, [&](base::NodeId witness) {
    if (forgotten_.contains(witness)) {
      return true;
    }
    const crdt::VersionVector* vector = heard(witness);
    if (vector == nullptr) {
      return false;
    }
    if (vector->is_closed({node, before - 1})) {
      return true;
    }
    const bool knows_it_ended = vector->latest_start(node) >= before || retired_.contains(node);
    return knows_it_ended && vector->sum_before(node, before) == sum;
  });
}

void Compactor::close_runs(base::Instant now, crdt::AwLwwMap& map, Outputs& out) {
  forget_silent_witness(map, out);
  std::set<base::NodeId> nodes;
  base::NodeId last;
  for (const base::Dot& dot : map.vector().open()) {
    if (dot.run.node == last || retired_.contains(dot.run.node)) {
      nodes.insert(dot.run.node);
    }
    last = dot.run.node;
  }
  std::erase_if(pending_, [&nodes](const auto& part) { return !nodes.contains(part.first); });
  for (const base::NodeId node : nodes) {
    Pending& pending = pending_[node];
    const std::uint64_t sum = map.vector().sum_before(node, pending.before);
    // A candidate stays while it holds, so that a node that goes on restarting does not put it off.
    // It does not when others have closed more, or when what is known of those runs has changed.
    const bool closed = map.vector().is_closed({node, pending.before - 1});
    if (pending.before == 0 || closed || sum != pending.sum || !agree(node, pending.before, sum)) {
      pending = {.before = closable_before(map, node), .since = now};
      pending.sum = map.vector().sum_before(node, pending.before);
      if (!agree(node, pending.before, pending.sum)) {
        pending.before = 0;
      }
      continue;
    }
    if (now - pending.since >= wire::kDatagramLifetimeMax * 2) {
      map.close(node, pending.before);
      out.tell("run_closed", node, pending.before);
      pending_.erase(node);
    }
  }
}

// Over the cap the witness that was silent for the longest is not waited for any more; it will have
// to start anew when it returns (C3). Runs are never closed against the word of one that answers.
void Compactor::forget_silent_witness(const crdt::AwLwwMap& map, Outputs& out) {
  if (cold_runs(map.vector()) <= options_.cold_runs_max) {
    return;
  }
  std::optional<std::pair<base::Instant, base::NodeId>> silent;
  for (const base::NodeId node : witnesses_) {
    const std::pair candidate{heard_at(node).value_or(base::Instant{}), node};
    if (!forgotten_.contains(node) && (!silent || candidate < *silent)) {
      silent = candidate;
    }
  }
  if (silent) {
    forgotten_.insert(silent->second);
    out.tell("witness_forgotten", silent->second);
  }
}

void Compactor::clear() {
  heard_.clear();
  pending_.clear();
  watermarks_.clear();
}

}  // namespace horde::replication
