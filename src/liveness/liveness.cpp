// Inputs and timers. See claims.cpp for what frames say of nodes, probes.cpp for pings.
#include "liveness/liveness.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "liveness/suspicion.hpp"

namespace horde::liveness {
namespace {

constexpr std::size_t kFarewellsMax = 8;     // Members that a goodbye is told at once.
constexpr std::size_t kSeedsAskedMax = 3;    // At once.
constexpr std::uint32_t kUnansweredMin = 3;  // Probes before we take ourselves as cut off.

}  // namespace

Liveness::Liveness(Self self, Options options, base::Rng rng)
    : self_(std::move(self)),
      self_id_(base::NodeId::of(self_.name)),
      options_(options),
      rng_(rng),
      table_(self_id_, options_),
      exchange_interval_(options_.exchange_interval) {
  HORDE_ASSERT(options_.direct_timeout < options_.probe_timeout);
  HORDE_ASSERT(options_.probe_timeout <= options_.period);
  HORDE_ASSERT(options_.confirmations + 1 <= kAccusersMax);
  // Answers to a former life must not pass as answers to this one.
  last_number_ = base::mix64(self_.boot) >> 32U;
}

void Liveness::start(base::Instant now, std::span<const base::Address> seeds, Outputs& out) {
  for (const base::Address& seed : seeds) {
    if (seed != self_.address && std::find(seeds_.begin(), seeds_.end(), seed) == seeds_.end()) {
      seeds_.push_back(seed);
    }
  }
  last_heard_ = now;
  joined_ = seeds_.empty();
  const auto phase =
      static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(options_.period.ns)));
  period_at_ = now + base::nanoseconds(phase);
  exchange_at_ = now;
  on_exchange_due(now, out);
}

wire::Decoded<void> Liveness::on_frame(base::Instant now, const wire::Sender& sender,
                                       const base::Address& from, const wire::FrameView& frame,
                                       Outputs& out) {
  HORDE_ASSERT(frame.tag == wire::Tag::membership || frame.tag == wire::Tag::table);
  return frame.tag == wire::Tag::table ? on_table(now, sender, from, frame.body, out)
                                       : on_membership(now, sender, from, frame.body, out);
}

void Liveness::on_timeout(base::Instant now, Outputs& out) {
  note_time(now);
  on_relays_due(now, out);
  on_probes_due(now, out);
  Changes changes(out.events);
  table_.on_due(now, changes);
  if (isolation_ends_at_ <= now) {
    isolation_ends_at_ = base::Instant::never();
    table_.kill_all(now, changes);
  }
  settle(now, changes);
  if (period_at_ <= now) {
    on_period(now, out);
  }
  if (name_check_.due() <= now) {
    run_name_check(now, out);
  }
  if (exchange_at_ <= now) {
    on_exchange_due(now, out);
  }
  if (gossip_at_ <= now) {
    on_gossip_due(now, out);
  }
}

base::Instant Liveness::wake_at() const {
  base::Instant out = std::min({period_at_, gossip_at_, exchange_at_, isolation_ends_at_,
                                table_.next_deadline(), name_check_.due()});
  for (const auto& [number, probe] : probes_) {
    out = std::min(out, probe.due);
  }
  for (const auto& [number, relay] : relays_) {
    out = std::min(out, relay.due);
  }
  return out;
}

// A process that was stopped, or a machine that slept, finds all its timers due at once. They say
// nothing about others, who had no chance to be heard: each gets as much more time as was lost.
void Liveness::note_time(base::Instant now) {
  const base::Instant due = wake_at();
  if (due == base::Instant::never() || now - due <= options_.period * 2) {
    return;
  }
  const base::Duration pause = now - due;
  ++statistics_.pauses;
  probes_.clear();
  relays_.clear();
  table_.postpone(pause);
  name_check_.postpone(pause);
  if (isolation_ends_at_ != base::Instant::never()) {
    isolation_ends_at_ = isolation_ends_at_ + pause;
  }
  last_heard_ = now;
  unanswered_ = 0;
  hasten_exchange(now);
}

void Liveness::note_heard(base::Instant now, Outputs& out) {
  last_heard_ = now;
  unanswered_ = 0;
  if (!joined_) {
    joined_ = true;
    hasten_exchange(now);
  }
  if (isolated_) {
    isolated_ = false;
    isolation_ends_at_ = base::Instant::never();
    Changes changes(out.events);
    table_.clear_private(now, changes);
    settle(now, changes);
    hasten_exchange(now);
  }
}

void Liveness::on_period(base::Instant now, Outputs& out) {
  period_at_ = now + by_health(options_.period);
  table_.forget(now);
  if (leaving_) {
    return;
  }
  check_isolation(now, out);
  probe_next(now, out);
  probe_lost(now, out);
}

void Liveness::check_isolation(base::Instant now, Outputs& out) {
  if (isolated_ || table_.reachable().empty() || unanswered_ < kUnansweredMin ||
      now - last_heard_ < options_.isolation_after) {
    return;
  }
  isolated_ = true;
  isolation_ends_at_ = now + suspicion_min(options_, table_.reachable().size() + 1);
  out.events.push_back({PeerEvent::Kind::isolated, self_id_, self_.boot, self_.address});
  Changes changes(out.events);
  table_.suspect_all(now, changes);
}

void Liveness::on_gossip_due(base::Instant now, Outputs& out) {
  gossip_allowed_at_ = now + options_.gossip_interval;
  if (!transfers_.empty()) {
    transfer_turn_ = (transfer_turn_ + 1) % transfers_.size();
    send_part(now, transfers_[transfer_turn_], out);
    std::erase_if(transfers_, [](const Transfer& transfer) { return transfer.next == 0; });
  } else if (!queue_.empty()) {
    for (const base::NodeId node : pick(1, self_id_)) {
      send(now, node, table_.find(node)->info.address, {.kind = Message::Kind::gossip}, {}, out);
    }
  }
  const bool more = !transfers_.empty() || (!queue_.empty() && !table_.reachable().empty());
  gossip_at_ = more ? gossip_allowed_at_ : base::Instant::never();
}

// Joining, and the rare comparison of tables: it starts fast and slows down, so that what gossip
// missed after a join or a heal is found soon, and idle costs nothing.
void Liveness::on_exchange_due(base::Instant now, Outputs& out) {
  const auto interval = static_cast<std::uint64_t>(exchange_interval_.ns);
  const auto jitter = static_cast<std::int64_t>(rng_.below(interval));
  exchange_at_ = now + exchange_interval_ / 2 + base::nanoseconds(jitter);
  if (leaving_) {
    return;
  }
  if (joined_) {
    exchange_interval_ = std::min(exchange_interval_ * 2, options_.exchange_interval_max);
    for (const base::NodeId node : pick(1, self_id_)) {
      ask(node, table_.find(node)->info.address, now, out);
    }
    return;
  }
  const std::size_t count = std::min(kSeedsAskedMax, seeds_.size());
  for (std::size_t i = 0; i < count; ++i) {  // The first steps of a Fisher-Yates shuffle.
    std::swap(seeds_[i], seeds_[i + rng_.below(seeds_.size() - i)]);
    ask(base::NodeId{}, seeds_[i], now, out);
  }
}

void Liveness::hasten_exchange(base::Instant now) {
  exchange_interval_ = options_.exchange_interval;
  const auto interval = static_cast<std::uint64_t>(exchange_interval_.ns);
  const base::Instant soon =
      now + base::nanoseconds(static_cast<std::int64_t>(rng_.below(interval)));
  exchange_at_ = std::min(exchange_at_, soon);
}

// Queues news, and puts who is new at a random place of the round, which may be over already: then
// its turn comes in the next one. So a node that all hear of at once is probed as often as anybody:
// a place in what is left of the round would have it probed by many in its first second.
void Liveness::settle(base::Instant now, const Changes& changes) {
  for (const base::NodeId node : changes.risen) {
    const std::size_t place = rng_.below(round_.size() + 1);
    if (place >= round_at_) {
      round_.push_back(node);
      std::swap(round_.back(), round_[place]);
    }
  }
  for (const base::NodeId node : changes.news) {
    spread(now, node);
  }
}

void Liveness::spread(base::Instant now, base::NodeId node) {
  queue_.push(node);
  if (gossip_at_ == base::Instant::never()) {
    gossip_at_ = std::max(now, gossip_allowed_at_);
  }
}

void Liveness::leave(base::Instant now, Outputs& out) {
  note_time(now);
  leaving_ = true;
  probes_.clear();
  spread(now, self_id_);
  for (const base::NodeId node : pick(kFarewellsMax, self_id_)) {
    send(now, node, table_.find(node)->info.address, {.kind = Message::Kind::gossip}, {self_id_},
         out);
  }
  if (table_.reachable().empty()) {
    queue_.erase(self_id_);
  }
}

void Liveness::restart_as(base::Instant now, std::uint64_t boot, Outputs& out) {
  HORDE_ASSERT(boot > self_.boot);
  note_time(now);
  self_.boot = boot;
  incarnation_ = 0;
  name_check_.reset();
  spread(now, self_id_);
  hasten_exchange(now);
  if (!joined_) {
    on_exchange_due(now, out);
  }
}

void Liveness::set_wanted(const std::vector<base::NodeId>& nodes) {
  std::set<base::NodeId> wanted(nodes.begin(), nodes.end());
  wanted.erase(self_id_);
  table_.set_wanted(std::move(wanted));
}

const NodeInfo* Liveness::find(base::NodeId node) const {
  const Entry* entry = table_.find(node);
  return entry == nullptr ? nullptr : &entry->info;
}

Statistics Liveness::statistics() const {
  Statistics out = statistics_;
  out.nodes_refused = table_.nodes_refused();
  return out;
}

}  // namespace horde::liveness
