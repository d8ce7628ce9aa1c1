#include "registry/test_confirmations.hpp"

#include <algorithm>

namespace horde::registry {

ConfirmCluster::ConfirmCluster(std::size_t nodes, ConfirmFaults faults, std::uint64_t seed)
    : nodes_(nodes), faults_(faults), rng_(seed) {
  View view;
  for (std::size_t i = 0; i < nodes; ++i) {
    nodes_[i].run = {base::NodeId::of("n" + std::to_string(i + 1)), 1};
    view.members.insert(nodes_[i].run.node);
    view.reachable[nodes_[i].run.node] = 1;
  }
  for (std::size_t i = 0; i < nodes; ++i) {
    nodes_[i].confirmations = std::make_unique<Confirmations>(nodes_[i].run, base::milliseconds(50),
                                                              rng_.fork("member").fork(i));
    change_view(i, [&](View& own) { own = view; });
  }
}

Rank ConfirmCluster::rank_of(const Claim& claim, const process::Pid& pid) {
  Rank rank{.priority = claim.priority, .birth_ns = 1, .id = {claim.child, 0}};
  rank.is_child = claim.child != 0;
  rank.term = claim.term;
  if (!rank.is_child) {
    rank.id = {pid.run.node.value, pid.serial};
  }
  return rank;
}

std::uint64_t ConfirmCluster::claim(const Claim& claim) {
  Node& node = nodes_[claim.who.node];
  const std::uint64_t call = ++calls_;
  node.calls[call] = claim;
  Outputs out;
  const process::Pid who = pid(claim.who);
  node.confirmations->begin(moment(), node.view, node.table,
                            {.call = {call},
                             .key = claim.key,
                             .pid = who,
                             .rank = rank_of(claim, who),
                             .deadline = now_ + claim.timeout},
                            out);
  take(claim.who.node, out);
  return call;
}

void ConfirmCluster::take(std::size_t node, Outputs& out) {
  for (const Output& output : out.list) {
    send(node, std::get<SendTo>(output));
  }
  for (const auto& finished : nodes_[node].confirmations->take_finished()) {
    results_[finished.call.value] = {finished.outcome, finished.holder, now_};
    const Claim claim = nodes_[node].calls.at(finished.call.value);
    nodes_[node].calls.erase(finished.call.value);
    if (finished.outcome == Outcome::granted) {
      note_grant(node, claim);
    }
  }
}

void ConfirmCluster::note_grant(std::size_t node, const Claim& claim) {
  const process::Pid who = pid(claim.who);
  const auto [held, is_new] = granted_.try_emplace(claim.key, who);
  const bool same_child = claim.child != 0;  // It may pass its own earlier copies.
  if (!is_new && held->second != who && !same_child) {
    violations_.push_back(claim.key + " is granted to " + to_string(who) + " while " +
                          to_string(held->second) + " holds it, at " + base::to_string(now_));
  }
  held->second = who;
  nodes_[node].names.emplace(who.serial, claim.key);
  write(node, {.key = {claim.key, who.run}, .serial = who.serial, .rank = rank_of(claim, who)});
}

void ConfirmCluster::put(Who who, const base::Bytes& key) {
  const process::Pid by = pid(who);
  nodes_[who.node].names.emplace(who.serial, key);
  write(
      who.node,
      {.key = {key, by.run}, .serial = who.serial, .rank = rank_of({.who = who, .key = key}, by)});
}

void ConfirmCluster::remove(std::size_t node, const base::Bytes& key) {
  std::erase_if(nodes_[node].names, [&](const auto& name) { return name.second == key; });
  if (const auto held = granted_.find(key);
      held != granted_.end() && held->second.run == nodes_[node].run) {
    granted_.erase(held);
  }
  write(node, {.key = {key, nodes_[node].run}});
}

void ConfirmCluster::end(Who who) {
  Node& node = nodes_[who.node];
  Outputs out;
  node.confirmations->process_ended(pid(who), out);
  take(who.node, out);
  for (const auto& [serial, key] : std::set(node.names)) {
    if (serial == who.serial) {
      remove(who.node, key);
    }
  }
}

void ConfirmCluster::write(std::size_t node, const Write& what) {
  Write write = what;
  crdt::Sibling sibling{.dot = {nodes_[node].run, ++nodes_[node].counter}};
  sibling.kind = what.serial == 0 ? crdt::Kind::tombstone : crdt::Kind::put;
  write.siblings = {sibling};
  apply(node, write);
  for (std::size_t to = 0; to < nodes_.size(); ++to) {
    if (to != node) {
      spread(node, to, write);
    }
  }
}

void ConfirmCluster::spread(std::size_t from, std::size_t to, const Write& write) {
  if (cuts_.contains(std::minmax(from, to))) {
    nodes_[from].held_back.emplace_back(to, write);
    return;
  }
  const auto range = static_cast<std::uint64_t>(faults_.map_delay_max.ns);
  const base::Duration delay{static_cast<std::int64_t>(rng_.below(range))};
  base::Instant& last = nodes_[from].last_write_at[to];
  last = std::max(last, now_ + delay);
  at(last, [this, to, write] { apply(to, write); });
}

void ConfirmCluster::apply(std::size_t node, const Write& write) {
  Node& at = nodes_[node];
  if (write.serial == 0) {
    at.table.erase(write.key, Cause::released);
  } else {
    at.table.put(write.key, write.serial, write.rank, {}, Cause::registered);
  }
  Outputs out;
  at.confirmations->on_entry(moment(), at.view, at.table, write.key, write.siblings, out);
  take(node, out);
}

void ConfirmCluster::heal() {
  cuts_.clear();
  for (std::size_t from = 0; from < nodes_.size(); ++from) {
    for (const auto& [to, write] : std::exchange(nodes_[from].held_back, {})) {
      spread(from, to, write);
    }
  }
}

void ConfirmCluster::send(std::size_t from, const SendTo& message) {
  ++messages_;
  const auto to = std::ranges::find_if(
      nodes_, [&](const Node& node) { return node.run.node == message.to.node; });
  const auto index = static_cast<std::size_t>(to - nodes_.begin());
  if (cuts_.contains(std::minmax(from, index)) || rng_.chance(faults_.lost_permille, 1000)) {
    return;
  }
  const int copies = rng_.chance(faults_.repeated_permille, 1000) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto range = static_cast<std::uint64_t>(faults_.delay_max.ns);
    const base::Duration delay{static_cast<std::int64_t>(range / 10 + rng_.below(range))};
    const base::RunId by = nodes_[from].run;
    at(now_ + delay, [this, from, index, by, message] { deliver(from, index, by, message); });
  }
}

void ConfirmCluster::deliver(std::size_t from, std::size_t to, const base::RunId& by,
                             const SendTo& message) {
  Node& node = nodes_[to];
  if (node.run != message.to || nodes_[from].run != by) {
    return;  // One of both has restarted: a link is between two lives.
  }
  Outputs out;
  const Message decoded = decode_message(message.body).value();
  if (const auto* ask = std::get_if<Ask>(&decoded)) {
    node.confirmations->on_ask(moment(), node.view, node.table, by, *ask, out);
  } else if (const auto* vote = std::get_if<Vote>(&decoded)) {
    node.confirmations->on_vote(moment(), node.view, node.table, by, *vote, out);
  } else if (const auto* withdraw = std::get_if<Withdraw>(&decoded)) {
    node.confirmations->on_withdraw(by, *withdraw);
  } else {
    node.confirmations->on_written(by, std::get<Written>(decoded));
  }
  take(to, out);
}

void ConfirmCluster::at(base::Instant time, Event event) {
  events_.emplace(time, std::move(event));
}

void ConfirmCluster::run_for(base::Duration time) {
  const base::Instant until = now_ + time;
  while (true) {
    base::Instant next = events_.empty() ? base::Instant::never() : events_.begin()->first;
    std::optional<std::size_t> due;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].confirmations->wake_at() < next) {
        next = nodes_[i].confirmations->wake_at();
        due = i;
      }
    }
    if (next > until) {
      break;
    }
    now_ = std::max(now_, next);
    if (due) {
      Outputs out;
      Node& node = nodes_[*due];
      node.confirmations->on_timeout(moment(), node.view, node.table, out);
      take(*due, out);
    } else {
      const Event event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
    }
  }
  now_ = until;
}

void ConfirmCluster::change_view(std::size_t node, const std::function<void(View&)>& change) {
  Node& at = nodes_[node];
  change(at.view);
  std::set<base::RunId> present;
  for (const auto& [id, boot] : at.view.reachable) {
    if (at.view.members.contains(id)) {
      present.insert({id, boot});
    }
  }
  at.table.set_present(present, at.view.members);
  Outputs out;
  at.confirmations->on_view(moment(), at.view, at.table, out);
  take(node, out);
}

void ConfirmCluster::restart(std::size_t node) {
  Node& at = nodes_[node];
  ++at.run.start;
  at.counter = 0;
  at.calls.clear();
  at.names.clear();
  at.confirmations = std::make_unique<Confirmations>(at.run, base::milliseconds(50),
                                                     rng_.fork("again").fork(at.run.start));
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    change_view(i, [&](View& view) { view.reachable[at.run.node] = at.run.start; });
  }
}

std::size_t ConfirmCluster::promises() const {
  std::size_t out = 0;
  for (const Node& node : nodes_) {
    out += node.confirmations->promises().size();
  }
  return out;
}

}  // namespace horde::registry
