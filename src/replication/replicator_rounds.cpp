// Replicator: rounds, and the messages of peers.
#include <algorithm>

#include "base/assert.hpp"
#include "replication/codec.hpp"
#include "replication/replicator.hpp"

namespace horde::replication {
namespace {

constexpr base::Duration kClosePeriod = base::seconds(1);
constexpr std::size_t kColdAsksMax =
    16;  // A round of a node that has not synced, beside its neighbours.
// Closings that we gave way to are heeded for this many session timeouts; then whoever has them may
// be gone for good.
constexpr std::int64_t kHeededTimeouts = 10;
constexpr unsigned kUnansweredMax = 3;  // Rounds to a silent peer become up to 2^3 times rarer.

}  // namespace

// --- Peers and time ---

void Replicator::set_peers(base::Now now, const Peers& peers, Outputs& out) {
  present_ = {};
  for (const base::RunId& run : peers.reachable) {
    present_.reachable.insert_or_assign(run.node, run.start);
  }
  for (auto& [node, peer] : peers_) {
    peer.neighbour = false;
  }
  std::vector<base::NodeId> nodes;
  for (const base::RunId& run : peers.neighbours) {
    Peer* peer = peer_of(run);
    const bool is_new = peer != nullptr && present_.neighbours.insert(run.node).second &&
                        peer->next_round_at == base::Instant{};
    if (peer != nullptr) {
      peer->neighbour = true;
      nodes.push_back(run.node);
    }
    if (is_new) {
      peer->next_round_at = now.mono;  // An immediate sync follows.
    }
  }
  pusher_.set_neighbours(nodes, peers.forwarding);
  std::erase_if(peers_, [this](const auto& peer) {
    return !peer.second.neighbour && !present_.reachable.contains(peer.first);
  });
  if (puller_.is_open() && !peers_.contains(puller_.peer().node)) {
    puller_.close();
  }
  finish(now, out);
}

void Replicator::set_witnesses(const std::set<base::NodeId>& members,
                               const std::set<base::NodeId>& retired) {
  witnesses_known_ = true;
  std::set<base::NodeId> others = members;
  others.erase(own_.node);
  compactor_.set_witnesses(others);
  compactor_.set_retired(retired);
}

void Replicator::on_run_started(const base::RunId& run) {
  pusher_.on_run_started(run);
}

Replicator::Peer* Replicator::peer_of(const base::RunId& run) {
  if (run.node == own_.node) {
    return nullptr;
  }
  Peer& peer = peers_[run.node];
  if (run.start < peer.run.start) {
    return nullptr;
  }
  if (run.start > peer.run.start) {
    // Cursor, round and session belonged to the former run (S6, S7).
    peer = Peer{.run = run, .neighbour = peer.neighbour};
    on_run_started(run);
    pusher_.set_caught_up(run.node, false);
    if (puller_.is_open() && puller_.peer().node == run.node) {
      puller_.close();
    }
  }
  return &peer;
}

void Replicator::hurry(base::Instant now, base::Duration sync_interval) {
  options_.sync_interval = std::min(options_.sync_interval, sync_interval);
  for (auto& [node, peer] : peers_) {
    peer.next_round_at = std::min(peer.next_round_at, now);
  }
}

base::Instant Replicator::wake_at() const {
  base::Instant at = std::min({tick_at_, pusher_.flush_at(), puller_.wake_at()});
  for (const auto& [node, peer] : peers_) {
    if (peer.neighbour || peer.round) {
      at = std::min(at, peer.next_round_at);
    }
    if (peer.session_due && !puller_.is_open()) {
      at = std::min(at, *peer.session_due);
    }
  }
  return at;
}

void Replicator::on_timeout(base::Now now, Outputs& out) {
  if (pusher_.flush_at() <= now.mono) {
    pusher_.flush(now.mono, out);
  }
  if (puller_.wake_at() <= now.mono) {
    puller_.on_timeout(now.mono, map_, out);
  }
  run_rounds(now.mono, out);
  open_due_session(now.mono, out);
  if (tick_at_ <= now.mono) {
    tick(now, out);
  }
  finish(now, out);
}

void Replicator::tick(base::Now now, Outputs& out) {
  tick_at_ = now.mono + options_.sync_interval;
  // Both change the floor, which makes whoever compares live dots with us start again.
  if (!server_.is_reconciling(now.mono)) {
    compactor_.drop_tombstones(now.mono, map_, present_, out);
    if (synced_ && witnesses_known_ && close_at_ <= now.mono) {
      close_at_ = now.mono + kClosePeriod;
      compactor_.close_runs(now.mono, map_, out);
    }
  }
  ask_silent(now.mono, out);
}

// Those that are no neighbours would never be heard. Two things need everybody's word: whether
// anybody has synced and what all have, at a cold start; and what witnesses know, while ended runs
// wait to be closed.
void Replicator::ask_silent(base::Instant now, Outputs& out) {
  const bool closing = witnesses_known_ && compactor_.has_pending(map_);
  if (synced_ && !closing) {
    return;
  }
  std::vector<base::NodeId> silent;
  for (const auto& [node, start] : present_.reachable) {
    const auto peer = peers_.find(node);
    const bool known = peer != peers_.end();
    const bool asked = known && peer->second.round && peer->second.next_round_at > now;
    const bool wanted =
        synced_ ? compactor_.witnesses().contains(node)
                : !known || !peer->second.synced.has_value() || compactor_.heard(node) == nullptr;
    if (wanted && !asked && !(known && peer->second.neighbour)) {
      silent.push_back(node);
    }
  }
  const std::size_t count = std::min(silent.size(), synced_ ? 1 : kColdAsksMax);
  std::ranges::rotate(silent, std::ranges::upper_bound(silent, last_silent_asked_));
  for (std::size_t i = 0; i < count; ++i) {
    last_silent_asked_ = silent[i];
    if (Peer* peer = peer_of({silent[i], present_.reachable.at(silent[i])})) {
      ask(now, *peer, out);
    }
  }
}

// --- Rounds ---

// The node with the lower id leads a pair; the other one asks only when it has heard nothing for a
// while, so that a pair at rest exchanges one question and one answer in each interval.
base::Duration Replicator::round_period(const Peer& peer) const {
  const bool leads = own_.node < peer.run.node;
  return leads ? options_.sync_interval : options_.sync_interval * 5 / 4;
}

void Replicator::exchanged(base::Instant now, Peer& peer) {
  // From where our question was sent, not from the answer: else each round would come later by the
  // time that datagrams take.
  const base::Instant begun = peer.round ? peer.round->begun : now;
  peer.unanswered = 0;
  peer.round.reset();
  peer.next_round_at = begun + round_period(peer);
}

void Replicator::run_rounds(base::Instant now, Outputs& out) {
  for (auto& [node, peer] : peers_) {
    if (peer.next_round_at > now) {
      continue;
    }
    if (peer.round) {
      peer.round.reset();
      peer.unanswered = std::min(peer.unanswered + 1, kUnansweredMax);
    }
    if (peer.neighbour) {
      ask(now, peer, out);
    }
  }
}

void Replicator::ask(base::Instant now, Peer& peer, Outputs& out) {
  peer.round = Round{.number = ++last_round_, .digest = map_.digest(), .begun = now};
  peer.next_round_at = now + round_period(peer) * (std::int64_t{1} << peer.unanswered);
  out.send(peer.run.node, Ask{.round = last_round_,
                              .digest = map_.digest(),
                              .order = map_.last_order(),
                              .synced = synced_});
}

wire::Decoded<bool> Replicator::on_message(base::Now now, const base::RunId& from,
                                           base::BytesView body, Outputs& out) {
  wire::Reader reader(body);
  auto message = decode(reader);
  if (!message) {
    return std::unexpected(message.error());
  }
  Peer* peer = peer_of(from);
  if (peer == nullptr) {
    return false;
  }
  std::visit([&](auto& m) { on(now, *peer, std::move(m), out); }, *message);
  open_due_session(now.mono, out);
  finish(now, out);
  return true;
}

void Replicator::on(base::Now now, Peer& peer, const Ask& ask, Outputs& out) {
  peer.synced = ask.synced;
  if (ask.digest == map_.digest()) {
    out.send(peer.run.node,
             Equal{.round = ask.round, .order = map_.last_order(), .synced = synced_});
    peer.cursor = ask.order;
    heard_vector(now.mono, peer, map_.vector());
    if (ask.synced) {
      became_synced(out);
    }
  } else {
    out.send(
        peer.run.node,
        VectorIs{.round = ask.round, .vector = SentVector::hot(map_.vector()), .synced = synced_});
  }
  exchanged(now.mono, peer);
}

void Replicator::on(base::Now now, Peer& peer, const Equal& equal, Outputs& out) {
  if (!peer.round || peer.round->number != equal.round) {
    return;
  }
  peer.synced = equal.synced;
  // What was equal is our state when we asked; it covered all that the peer had when it answered.
  peer.cursor = std::max(peer.cursor, equal.order);
  if (peer.round->digest == map_.digest()) {
    heard_vector(now.mono, peer, map_.vector());
  }
  if (equal.synced) {
    became_synced(out);
  }
  exchanged(now.mono, peer);
}

void Replicator::on(base::Now now, Peer& peer, const VectorIs& message, Outputs& out) {
  peer.synced = message.synced;
  const bool answers = peer.round && peer.round->number == message.round;
  const bool unchanged = answers && peer.round->digest == map_.digest();
  if (answers) {
    exchanged(now.mono, peer);
  }
  const auto theirs = message.vector.resolve(map_.vector());
  if (!theirs || message.answer_whole) {
    out.send(peer.run.node, VectorIs{.vector = SentVector::full(map_.vector()),
                                     .answer_whole = !theirs,
                                     .synced = synced_});
  }
  if (!theirs) {
    return;
  }
  const Standing standing = standing_to(now.mono, peer.run, *theirs);
  if (standing == Standing::we_start_anew) {
    return must_start_anew(now.mono, *theirs);
  }
  heard_vector(now.mono, peer, *theirs);
  const bool they_differ = standing == Standing::they_start_anew;
  if (answers && !message.answer_whole && !theirs->covers(map_.vector())) {
    out.send(peer.run.node, VectorIs{.vector = they_differ ? SentVector::full(map_.vector())
                                                           : SentVector::hot(map_.vector()),
                                     .synced = synced_});
  }
  if (they_differ) {
    return;  // They will start anew; what they have must not be joined.
  }
  if (unchanged && *theirs == map_.vector()) {
    // Equal vectors with unequal sums are a bug; it is counted, and repaired by comparing live
    // dots.
    out.tell("self_check_failed", peer.run.node);
    peer.must_reconcile = true;
    want_session(now.mono, peer);
  } else if (!map_.vector().covers(*theirs)) {
    want_session(now.mono, peer);
  } else if (message.synced) {
    became_synced(out);
  }
}

void Replicator::heard_vector(base::Instant now, Peer& peer, const crdt::VersionVector& vector) {
  compactor_.on_vector(now, peer.run, vector);
  peer.cold_part_equal = vector.cold_digest() == map_.vector().cold_digest();
  // Pushes help whoever can keep all that it lacks until it fits.
  pusher_.set_caught_up(peer.run.node,
                        map_.vector().events_ahead_of(vector) <= options_.early_events_max);
}

// Runs may have been closed without us (C3), or by each of us without the other: then one must give
// way, and only one. The run of either may have been closed as well, while it was no member; what
// it would write in it would count as known everywhere. That counts on both sides: two members that
// removed each other would both give way otherwise, and nobody would have what they had.
Replicator::Standing Replicator::standing_to(base::Instant now, const base::RunId& run,
                                             const crdt::VersionVector& theirs) const {
  // Empty again, we would agree with everybody: also with those who have yet to give way, and then
  // have to give way once more, for ever if we stand between the two sides.
  if (now < heeded_until_ && theirs.agreement_with(overruled_by_) == crdt::Agreement::differs) {
    return Standing::they_start_anew;
  }
  const bool we_differ =
      theirs.is_closed(own_) || map_.vector().agreement_with(theirs) == crdt::Agreement::differs;
  const bool they_differ = map_.vector().is_closed(run) ||
                           theirs.agreement_with(map_.vector()) == crdt::Agreement::differs;
  if (!we_differ && !they_differ) {
    return Standing::compatible;
  }
  const bool they_stay = theirs.closings_rank() > map_.vector().closings_rank();
  return we_differ && (!they_differ || they_stay) ? Standing::we_start_anew
                                                  : Standing::they_start_anew;
}

void Replicator::must_start_anew(base::Instant now, const crdt::VersionVector& theirs) {
  needs_new_run_ = true;
  heeded_until_ = now + options_.session_timeout * kHeededTimeouts;
  overruled_by_ = theirs;
}

// --- Sessions ---

void Replicator::want_session(base::Instant now, Peer& peer) {
  if (!peer.session_due) {
    const bool eager = options_.propagation == Propagation::eager;
    peer.session_due = now + (eager ? options_.gap_delay : base::Duration{});
  }
}

bool Replicator::needs_session(const Peer& peer) const {
  const crdt::VersionVector* theirs = compactor_.heard(peer.run.node);
  return peer.must_reconcile || pusher_.gap_source() == peer.run.node ||
         (theirs != nullptr && !map_.vector().covers(*theirs));
}

void Replicator::open_due_session(base::Instant now, Outputs& out) {
  while (!puller_.is_open()) {
    const auto due = std::ranges::min_element(peers_, {}, [](const auto& peer) {
      return std::pair(peer.second.session_due.value_or(base::Instant::never()), peer.first);
    });
    if (due == peers_.end() || !due->second.session_due || *due->second.session_due > now) {
      return;
    }
    Peer& peer = due->second;
    peer.session_due.reset();
    if (needs_session(peer)) {
      puller_.open(now, map_,
                   {.peer = peer.run,
                    .cursor = peer.cursor,
                    .peer_has_our_cold_part = peer.cold_part_equal,
                    .reconcile = std::exchange(peer.must_reconcile, false)},
                   out);
    }
  }
}

void Replicator::on(base::Now now, Peer& peer, const Pull& pull, Outputs& out) {
  server_.on_pull(now.mono, map_, peer.run, pull, out);
}

void Replicator::on(base::Now now, Peer& peer, const Again& again, Outputs& out) {
  puller_.on_again(now.mono, map_, peer.run, again, out);
}

void Replicator::on(base::Now now, Peer& peer, const Ranges& ranges, Outputs& out) {
  server_.on_ranges(now.mono, map_, peer.run, ranges, out);
}

void Replicator::on(base::Now now, Peer& peer, const RangeDots& answer, Outputs& out) {
  puller_.on_range_dots(now.mono, map_, peer.run, answer, out);
}

void Replicator::on(base::Now now, Peer& peer, Push push, Outputs& out) {
  const std::size_t early = pusher_.early_events();
  pusher_.on_push(now.mono, map_, peer.run.node, std::move(push));
  if (pusher_.early_events() > early) {
    out.tell("push_buffered", peer.run.node, pusher_.early_events());
  }
}

void Replicator::on(base::Now now, Peer& peer, Page page, Outputs& out) {
  auto finished = puller_.on_page(now.mono, map_, peer.run, std::move(page), out);
  if (finished) {
    finish_session(now, std::move(*finished), out);
  }
}

void Replicator::finish_session(base::Now now, Puller::Finished finished, Outputs& out) {
  const crdt::VersionVector theirs = finished.remote.vector;
  switch (standing_to(now.mono, finished.peer, theirs)) {
    case Standing::compatible:
      break;
    case Standing::we_start_anew:
      return must_start_anew(now.mono, theirs);
    case Standing::they_start_anew:
      return;
  }
  Peer& peer = peers_.at(finished.peer.node);
  out.tell("session_done", finished.peer.node, finished.remote.entries.size());
  if (finished.pages > 1) {
    out.tell("truncated_sync", finished.peer.node, finished.pages);
  }
  if (finished.reconciled) {
    out.tell("reconciled", finished.peer.node, finished.remote.gone.size());
  }
  map_.join(finished.remote);
  pusher_.apply_early(now.mono, map_);
  peer.cursor = finished.cursor;
  heard_vector(now.mono, peer, theirs);
  if (finished.peer_synced) {
    became_synced(out);
  }
}

}  // namespace horde::replication
