// Replicator: lives, local writes, and what every input ends with. Rounds are in
// replicator_rounds.cpp.
#include "replication/replicator.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "wire/limits.hpp"

namespace horde::replication {
namespace {

// A log is replaced by a checkpoint when it is this much larger than the last one.
constexpr std::size_t kLogGrowth = 2;
constexpr std::size_t kLogBytesMin = 64 * 1024;

constexpr std::uint64_t kFirstRoundMask = (std::uint64_t{1} << 48U) - 1;

}  // namespace

Replicator::Replicator(const base::RunId& own, const Options& options)
    : own_(own),
      options_(options),
      pusher_(options),
      puller_(options),
      server_(options),
      compactor_(options) {
  use_start(own.start);
}

void Replicator::use_start(std::uint64_t start) {
  own_.start = start;
  // Answers name the round only. Numbers that no other run of this node uses keep late answers to a
  // former run, which may have known more, from being taken as answers to this one (S6).
  last_round_ = base::mix64(start) & kFirstRoundMask;
  puller_.close();
  puller_.set_own_start(start);
  server_.reset(start);
  pusher_.on_run_started(own_);
  for (auto& [node, peer] : peers_) {
    peer.round.reset();
    peer.session_due.reset();
  }
}

wire::Decoded<std::size_t> Replicator::load(std::span<const base::Bytes> log) {
  std::size_t loaded = 0;
  wire::Decoded<std::size_t> result = loaded;
  for (const base::Bytes& bytes : log) {
    auto record = decode_record(bytes);
    if (!record) {
      result = std::unexpected(record.error());
      break;
    }
    for (auto& [key, siblings] : record->entries) {
      map_.load_entry(key, std::move(siblings));
    }
    map_.load_vector(record->vector.open(), record->vector.closed());
    for (const auto& [run, counter] : record->floor) {
      map_.load_floor(run, counter);
    }
    if (record->rewrites_done) {
      rewrites_.clear();
    }
    rewrites_.insert(rewrites_.end(), record->rewrites.begin(), record->rewrites.end());
    log_bytes_ += bytes.size();
    result = ++loaded;
  }
  (void)map_.take_delta();
  return result;
}

void Replicator::on_start(base::Now now, Outputs& out) {
  tick_at_ = now.mono + options_.sync_interval;
  close_at_ = now.mono;
  finish(now, out);
}

void Replicator::start_new_run(base::Now now, std::uint64_t start, Outputs& out) {
  HORDE_ASSERT(start > own_.start);
  use_start(start);
  finish(now, out);
}

void Replicator::start_anew(base::Now now, std::uint64_t start, Outputs& out) {
  HORDE_ASSERT(start > own_.start);
  const bool closed_there = std::ranges::find(overruled_by_.closed(), own_.node,
                                              &crdt::Closed::node) != overruled_by_.closed().end();
  const auto agreed = closed_there ? map_.vector().agreed_by(overruled_by_, own_.node)
                                   : std::optional<crdt::VersionVector>{};
  // That a neighbour had acknowledged an event says little: it may be overruled as well. Where it
  // cannot be told, a value that was removed may come back, but none is lost.
  const auto others_have = [&](const base::Dot& dot) {
    return overruled_by_.is_closed(dot.run) ? agreed && agreed->covers(dot)
                                            : overruled_by_.covers(dot);
  };
  std::vector<crdt::Change> lost;
  map_.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    for (const crdt::Sibling& sibling : siblings) {
      if (sibling.kind == crdt::Kind::put && sibling.dot.run.node == own_.node &&
          !is_by_rank(key) && !others_have(sibling.dot)) {
        rewrites_.push_back({sibling.dot, key, sibling.value, sibling.stamp});
      }
    }
    if (crdt::winner(siblings) != nullptr) {
      lost.push_back({key, crdt::Visible::removed});
    }
    return true;
  });
  map_ = crdt::AwLwwMap{};
  pusher_.clear();
  compactor_.clear();
  for (auto& [node, peer] : peers_) {
    peer.cursor = 0;
    peer.next_round_at = now.mono;
  }
  synced_ = false;
  puller_.set_synced(false);
  server_.set_synced(false);
  needs_new_run_ = false;
  use_start(start);
  out.changes.insert(out.changes.end(), lost.begin(), lost.end());
  out.tell("started_anew", own_.node, rewrites_.size());
  replace_log(out);
  finish(now, out);
}

std::optional<WriteErrc> Replicator::put(base::Now now,
                                         std::span<const std::pair<crdt::Key, crdt::Value>> pairs,
                                         Outputs& out) {
  for (const auto& [key, value] : pairs) {
    if (key.size() > wire::kKeyBytesMax) {
      return WriteErrc::key_over_limit;
    }
    if (value.size() > wire::kValueBytesMax) {
      return WriteErrc::value_over_limit;
    }
  }
  for (const auto& [key, value] : pairs) {
    crdt::Event event = map_.put(own_, key, value, now.wall.ns);
    pusher_.add(now.mono, event);
    out.written.push_back(std::move(event));
  }
  finish(now, out);
  return std::nullopt;
}

void Replicator::remove(base::Now now, std::span<const crdt::Key> keys, Outputs& out) {
  for (const crdt::Key& key : keys) {
    if (auto event = map_.remove(own_, key, now.wall.ns)) {
      pusher_.add(now.mono, *event);
      out.written.push_back(std::move(*event));
    }
  }
  finish(now, out);
}

void Replicator::assume_synced(Outputs& out) {
  became_synced(out);
}

void Replicator::became_synced(Outputs& out) {
  if (!synced_) {
    synced_ = true;
    puller_.set_synced(true);
    server_.set_synced(true);
    out.tell("synced", own_.node, map_.keys_visible());
  }
}

bool Replicator::is_by_rank(const crdt::Key& key) const {
  return !key.empty() && options_.keys_by_rank.find(key[0]) != base::Bytes::npos;
}

// Superseding nothing: what others wrote meanwhile stays beside it, and stamps decide (C3).
void Replicator::write_again(base::Now now, Outputs& out) {
  for (Rewrite& rewrite : std::exchange(rewrites_, {})) {
    if (map_.vector().covers(rewrite.dot) && !map_.vector().is_closed(rewrite.dot.run)) {
      continue;  // Some other replica had it, and what became of it is known.
    }
    crdt::Event event = map_.put_again(own_, rewrite.key, std::move(rewrite.value), rewrite.stamp);
    pusher_.add(now.mono, event);
    out.written.push_back(std::move(event));
  }
  rewrites_done_ = true;
}

// The winner's owner puts its value again over all siblings when there are many (W4). With its
// stamp: with a newer one, two owners that do not see each other's newest would each be the winner
// where they look, and put again for ever. Not for keys that are read by rank: the newest stamp may
// be that of a stale writer, and its value over all siblings would undo the one of highest rank.
void Replicator::resolve_crowded(base::Now now, const std::vector<crdt::Change>& changes,
                                 Outputs& out) {
  for (const crdt::Change& change : changes) {
    const crdt::Siblings* siblings = map_.siblings(change.key);
    if (siblings == nullptr || siblings->size() <= options_.siblings_kept ||
        is_by_rank(change.key)) {
      continue;
    }
    const crdt::Sibling* best = crdt::winner(*siblings);
    if (best != nullptr && best->dot.run.node == own_.node) {
      crdt::Event event = map_.put_over(own_, change.key);
      pusher_.add(now.mono, event);
      out.written.push_back(std::move(event));
    }
  }
}

void Replicator::finish(base::Now now, Outputs& out) {
  if (synced_ && !rewrites_.empty()) {
    write_again(now, out);
  }
  crdt::Delta delta = map_.take_delta();
  if (synced_ && !delta.keys.empty()) {
    resolve_crowded(now, delta.keys, out);
    crdt::Delta more = map_.take_delta();
    delta.keys.insert(delta.keys.end(), more.keys.begin(), more.keys.end());
    delta.raised.insert(delta.raised.end(), more.raised.begin(), more.raised.end());
  }
  if (!delta.empty() || rewrites_done_) {
    append_record(delta, out);
  }
  out.changes.insert(out.changes.end(), std::make_move_iterator(delta.keys.begin()),
                     std::make_move_iterator(delta.keys.end()));
  if (const auto source = pusher_.gap_source()) {
    if (const auto it = peers_.find(*source); it != peers_.end()) {
      want_session(now.mono, it->second);
    }
  }
  out.needs_new_run = out.needs_new_run || needs_new_run_;
}

void Replicator::append_record(const crdt::Delta& delta, Outputs& out) {
  const bool rewrites_done = std::exchange(rewrites_done_, false);
  if (!options_.storage) {
    return;
  }
  if (log_bytes_ > std::max(kLogBytesMin, kLogGrowth * checkpoint_bytes_)) {
    replace_log(out);
    return;
  }
  Record record{.rewrites_done = rewrites_done};
  std::set<base::BytesView> seen;
  for (const crdt::Change& change : delta.keys) {
    if (seen.insert(change.key).second) {
      const crdt::Siblings* siblings = map_.siblings(change.key);
      record.entries.emplace_back(change.key, siblings == nullptr ? crdt::Siblings{} : *siblings);
    }
  }
  for (const crdt::Closed& closed : delta.closed) {
    record.vector.restore(closed);
  }
  for (const base::Dot& dot : delta.raised) {
    record.vector.raise(dot);
  }
  for (const base::RunId& run : delta.floors) {
    if (const auto it = map_.floor().find(run); it != map_.floor().end()) {
      record.floor.insert(*it);
    }
  }
  base::Bytes bytes = encode(record);
  log_bytes_ += bytes.size();
  out.records.push_back({LogRecord::Mode::append, std::move(bytes)});
}

base::Bytes Replicator::checkpoint() const {
  Record record{
      .vector = map_.vector(), .floor = map_.floor(), .rewrites = rewrites_, .rewrites_done = true};
  map_.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    record.entries.emplace_back(key, siblings);
    return true;
  });
  return encode(record);
}

void Replicator::replace_log(Outputs& out) {
  if (options_.storage) {
    base::Bytes bytes = checkpoint();
    log_bytes_ = bytes.size();
    checkpoint_bytes_ = bytes.size();
    out.records.push_back({LogRecord::Mode::replace, std::move(bytes)});
  }
}

std::optional<bool> Replicator::peer_synced(base::NodeId peer) const {
  const auto it = peers_.find(peer);
  return it == peers_.end() ? std::nullopt : it->second.synced;
}

bool Replicator::has_all_of(base::NodeId peer) const {
  const crdt::VersionVector* theirs = compactor_.heard(peer);
  return theirs != nullptr && map_.vector().covers(*theirs);
}

std::size_t Replicator::holders(const base::Dot& dot) const {
  return compactor_.holders(dot) + (map_.vector().covers(dot) ? 1U : 0U);
}

Replicator::Sizes Replicator::sizes() const {
  Sizes out{.entries = map_.entries(),
            .tombstones = map_.tombstones(),
            .vector_parts = map_.vector().open().size() + map_.vector().closed().size(),
            .floor_parts = map_.floor().size(),
            .early_events = pusher_.early_events(),
            .queued_events = pusher_.queued_events(),
            .sessions_open = puller_.is_open() ? 1U : 0U,
            .sessions_served = server_.sessions(),
            .neighbours = present_.neighbours.size(),
            .bytes = map_.bytes()};
  out.rounds_open = static_cast<std::size_t>(std::ranges::count_if(
      peers_, [](const auto& peer) { return peer.second.round.has_value(); }));
  return out;
}

}  // namespace horde::replication
