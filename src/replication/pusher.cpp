#include "replication/pusher.hpp"

#include <algorithm>

namespace horde::replication {
namespace {

std::size_t bytes_of(const crdt::Event& event) {
  return encoded_bytes_max(event);
}

}  // namespace

void Pusher::set_neighbours(const std::vector<base::NodeId>& nodes, Forwarding forwarding) {
  forwarding_ = forwarding;
  std::erase_if(neighbours_, [&nodes](const auto& neighbour) {
    return std::ranges::find(nodes, neighbour.first) == nodes.end();
  });
  for (const base::NodeId node : nodes) {
    neighbours_.try_emplace(node, Neighbour{.budget_bytes = options_.push_bytes_per_interval});
  }
}

void Pusher::set_caught_up(base::NodeId node, bool caught_up) {
  if (const auto it = neighbours_.find(node); it != neighbours_.end()) {
    it->second.caught_up = caught_up;
  }
}

void Pusher::add(base::Instant now, const crdt::Event& event) {
  if (options_.propagation == Propagation::interval) {
    return;
  }
  queue_.push_back({event, base::NodeId{}});
  flush_at_ = std::min(flush_at_, now + options_.push_delay);
}

bool Pusher::is_ended(const base::RunId& run) const {
  const auto it = newest_start_.find(run.node);
  return it != newest_start_.end() && it->second > run.start;
}

void Pusher::on_push(base::Instant now, crdt::AwLwwMap& map, base::NodeId from, Push push) {
  bool applied = false;
  for (crdt::Event& event : push.events) {
    const base::RunId run = event.sibling.dot.run;
    if (is_ended(run) || map.vector().is_ended(run)) {
      continue;
    }
    switch (map.fit(event)) {
      case crdt::AwLwwMap::Fit::covered:
        break;
      case crdt::AwLwwMap::Fit::applies:
        accept(now, map, std::move(event), from);
        applied = true;
        break;
      case crdt::AwLwwMap::Fit::early:
        keep_early(std::move(event), from);
        break;
    }
  }
  if (applied) {
    apply_early(now, map);
  }
}

void Pusher::accept(base::Instant now, crdt::AwLwwMap& map, crdt::Event event, base::NodeId from) {
  if (forwarding_ == Forwarding::on && options_.propagation == Propagation::eager) {
    queue_.push_back({event, from});
    flush_at_ = std::min(flush_at_, now + options_.push_delay);
  }
  map.apply(std::move(event));
}

void Pusher::apply_early(base::Instant now, crdt::AwLwwMap& map) {
  bool progress = true;
  while (progress) {
    progress = false;
    for (auto it = early_.begin(); it != early_.end();) {
      const auto current = it++;
      const crdt::AwLwwMap::Fit fit = map.fit(current->second.event);
      // What is left of an ended run comes by sessions only: others may have agreed on its end.
      const bool ended = map.vector().is_ended(current->first.run);
      if (fit == crdt::AwLwwMap::Fit::early && !ended) {
        continue;
      }
      if (!ended && fit == crdt::AwLwwMap::Fit::applies) {
        accept(now, map, std::move(current->second.event), current->second.from);
        progress = true;
      }
      drop_early(current);
    }
  }
}

void Pusher::keep_early(crdt::Event event, base::NodeId from) {
  const std::size_t bytes = bytes_of(event);
  if (bytes > options_.early_bytes_max) {
    return;
  }
  const base::Dot dot = event.sibling.dot;
  if (early_.contains(dot)) {
    return;
  }
  early_.emplace(dot, Early{std::move(event), from, ++arrivals_});
  early_bytes_ += bytes;
  while (early_.size() > options_.early_events_max || early_bytes_ > options_.early_bytes_max) {
    drop_early(
        std::ranges::min_element(early_, {}, [](const auto& e) { return e.second.arrival; }));
  }
}

void Pusher::drop_early(std::map<base::Dot, Early>::iterator it) {
  early_bytes_ -= bytes_of(it->second.event);
  early_.erase(it);
}

void Pusher::on_run_started(const base::RunId& run) {
  std::uint64_t& newest = newest_start_[run.node];
  if (run.start <= newest) {
    return;
  }
  newest = run.start;
  for (auto it = early_.begin(); it != early_.end();) {
    const auto current = it++;
    if (is_ended(current->first.run)) {
      drop_early(current);
    }
  }
}

std::optional<base::NodeId> Pusher::gap_source() const {
  if (early_.empty()) {
    return std::nullopt;
  }
  return std::ranges::min_element(early_, {}, [](const auto& e) { return e.second.arrival; })
      ->second.from;
}

bool Pusher::spend(base::Instant now, Neighbour& neighbour, std::size_t bytes) {
  if (now - neighbour.refilled_at >= options_.sync_interval) {
    neighbour.refilled_at = now;
    neighbour.budget_bytes = options_.push_bytes_per_interval;
  }
  if (bytes > neighbour.budget_bytes) {
    return false;
  }
  neighbour.budget_bytes -= bytes;
  return true;
}

void Pusher::flush(base::Instant now, Outputs& out) {
  flush_at_ = base::Instant::never();
  // Neighbours that are due the same events share one encoding; in a full mesh that is all of them.
  std::map<std::vector<std::size_t>, std::vector<base::NodeId>> groups;
  for (auto& [node, neighbour] : neighbours_) {
    std::vector<std::size_t> chosen;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < queue_.size() && neighbour.caught_up; ++i) {
      if (queue_[i].from != node && queue_[i].event.sibling.dot.run.node != node) {
        chosen.push_back(i);
        bytes += bytes_of(queue_[i].event);
      }
    }
    if (chosen.empty()) {
      continue;
    }
    if (!spend(now, neighbour, bytes)) {
      neighbour.caught_up = false;
      out.tell("push_overflow", node, chosen.size());
      continue;
    }
    groups[std::move(chosen)].push_back(node);
  }
  for (const auto& [chosen, nodes] : groups) {
    send_batches(nodes, chosen, out);
  }
  queue_.clear();
}

void Pusher::send_batches(const std::vector<base::NodeId>& to,
                          const std::vector<std::size_t>& chosen, Outputs& out) const {
  Push push;
  std::size_t bytes = 0;
  for (const std::size_t i : chosen) {
    const std::size_t event_bytes = bytes_of(queue_[i].event);
    if (!push.events.empty() && bytes + event_bytes > options_.page_bytes) {
      out.send(to, std::exchange(push, {}));
      bytes = 0;
    }
    push.events.push_back(queue_[i].event);
    bytes += event_bytes;
  }
  out.send(to, push);
}

void Pusher::clear() {
  queue_.clear();
  early_.clear();
  early_bytes_ = 0;
  flush_at_ = base::Instant::never();
  for (auto& [node, neighbour] : neighbours_) {
    neighbour.caught_up = false;
  }
}

}  // namespace horde::replication
