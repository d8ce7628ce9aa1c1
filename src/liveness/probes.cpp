// Pings, the relays that ping in another's stead, and what follows from answers and silence.
#include <algorithm>

#include "liveness/liveness.hpp"

namespace horde::liveness {
namespace {

constexpr std::size_t kRelaysMax = 64;  // Pings for others under way; above, a nack at once.
constexpr std::size_t kHintProbesMax = 64;
constexpr std::size_t kSeedsLookedAtMax = 8;  // A period.
constexpr std::size_t kLookersMax = 4;  // Pings a period for one that is lost, by all members.
constexpr base::Duration kRefusalFresh = base::milliseconds(250);

bool remove(std::vector<base::NodeId>& from, base::NodeId node) {
  return std::erase(from, node) > 0;
}

}  // namespace

wire::Decoded<void> Liveness::on_membership(base::Instant now, const wire::Sender& sender,
                                            const base::Address& from, base::BytesView body,
                                            Outputs& out) {
  const wire::Decoded<Message> message = decode_membership(body);
  if (!message) {
    return std::unexpected(message.error());
  }
  note_time(now);
  if (sender.node == self_id_) {
    on_namesake(now, sender, from, *message, out);
    return {};
  }
  take_in(now, sender, from, message->records, out);
  switch (message->kind) {
    case Message::Kind::ping:
      on_ping(now, sender, from, *message, out);
      return {};  // Its ack tells the sender what it must know.
    case Message::Kind::ack:
      on_ack(now, sender, *message, out);
      break;
    case Message::Kind::ping_req:
      on_ping_req(now, sender, from, *message, out);
      break;
    case Message::Kind::relayed:
      on_relayed(sender, *message);
      break;
    case Message::Kind::nack:
      on_nack(now, sender, *message, out);
      break;
    case Message::Kind::gossip:
      break;
  }
  if (accuses_us(*message)) {
    // Whether the refutation is old or new, the sender has not heard of it.
    send(now, sender.node, from, {.kind = Message::Kind::gossip}, {self_id_}, out);
  }
  tell(now, sender, from, out);
  return {};
}

bool Liveness::accuses_us(const Message& message) const {
  return std::any_of(message.records.begin(), message.records.end(), [&](const Record& record) {
    return record.node == self_id_ && record.boot == self_.boot && record.state > State::alive;
  });
}

// Somebody sends under our name. A datagram of our own former life may come late, so only an
// answer to a ping of the moment is proof. The other one is answered, so that it has its proof.
void Liveness::on_namesake(base::Instant now, const wire::Sender& sender, const base::Address& from,
                           const Message& message, Outputs& out) {
  if (from == self_.address) {
    return;
  }
  if (message.kind == Message::Kind::ack && from == name_check_.address() &&
      name_check_.on_answer(now, message.number)) {
    const bool newer = std::pair(self_.boot, self_.address) > std::pair(sender.boot, from);
    out.events.push_back({newer ? PeerEvent::Kind::name_in_use : PeerEvent::Kind::name_claimed,
                          self_id_, sender.boot, from});
    return;
  }
  if (message.kind == Message::Kind::ping) {
    send(now, self_id_, from, {.kind = Message::Kind::ack, .number = message.number}, {}, out);
  }
  name_check_.begin(now, from, sender.boot);
}

void Liveness::on_ping(base::Instant now, const wire::Sender& sender, const base::Address& from,
                       const Message& ping, Outputs& out) {
  if (ping.target != base::NodeId{} && ping.target != self_id_) {
    return;  // For whoever was at our address before us.
  }
  std::vector<base::NodeId> first;
  if (ping.target_boot != self_.boot || leaving_ || accuses_us(ping)) {
    first.push_back(self_id_);
  }
  const Entry* entry = table_.find(sender.node);
  if (entry != nullptr && (entry->info.state != State::alive || entry->info.boot > sender.boot)) {
    first.push_back(sender.node);
  }
  send(now, sender.node, from, {.kind = Message::Kind::ack, .number = ping.number}, first, out);
}

void Liveness::on_ack(base::Instant now, const wire::Sender& sender, const Message& ack,
                      Outputs& out) {
  const auto probe = probes_.find(ack.number);
  if (probe != probes_.end()) {
    const base::NodeId target = probe->second.target;
    if (target == base::NodeId{} || target == sender.node) {
      on_probe_answered(probe);
    }
    return;
  }
  const auto relay = relays_.find(ack.number);
  if (relay != relays_.end() && relay->second.target == sender.node) {
    const Relay answered = relay->second;
    relays_.erase(relay);
    answer_relay(now, answered, Message::Kind::relayed, 0, out);
  }
}

void Liveness::on_ping_req(base::Instant now, const wire::Sender& sender, const base::Address& from,
                           const Message& request, Outputs& out) {
  const Relay relay{.asker = sender.node,
                    .asker_address = from,
                    .asker_number = request.number,
                    .target = request.target,
                    .due = now + options_.direct_timeout};
  if (request.target == self_id_) {
    answer_relay(now, relay, Message::Kind::relayed, 0, out);
    return;
  }
  if (relays_.size() >= kRelaysMax) {
    answer_relay(now, relay, Message::Kind::nack, 0, out);
    return;
  }
  relays_.emplace(++last_number_, relay);
  ping(now, last_number_,
       {.target = request.target, .address = request.target_address, .boot = request.target_boot},
       out);
}

void Liveness::on_relayed(const wire::Sender& sender, const Message& message) {
  const auto probe = probes_.find(message.number);
  if (probe != probes_.end() && remove(probe->second.relays, sender.node)) {
    on_probe_answered(probe);
  }
}

void Liveness::on_nack(base::Instant now, const wire::Sender& sender, const Message& nack,
                       Outputs& out) {
  const auto probe = probes_.find(nack.number);
  if (probe == probes_.end() || !remove(probe->second.relays, sender.node)) {
    return;
  }
  if (nack.refused == 1) {
    probe->second.refusers.push_back(sender.node);
  }
  if (probe->second.relays.empty() && confirm_refusal(now, nack.number, out)) {
    probes_.erase(nack.number);
  }
}

void Liveness::on_probe_answered(std::map<std::uint64_t, Probe>::iterator probe) {
  if (probe->second.purpose == Probe::Purpose::round && health_ > 0) {
    --health_;
  }
  probes_.erase(probe);
}

// Our own port was refused, another member's as well, and nobody got an answer: the process is
// gone. One of the two alone may be a firewall, or a datagram of an earlier moment.
bool Liveness::confirm_refusal(base::Instant now, std::uint64_t number, Outputs& out) {
  const Probe& probe = probes_.at(number);
  const Entry* entry = table_.find(probe.target);
  if (probe.refusers.empty() || entry == nullptr || entry->info.boot != probe.boot ||
      now >= entry->refused_until) {
    return false;
  }
  std::vector<base::NodeId> accusers = probe.refusers;
  accusers.push_back(self_id_);
  Changes changes(out.events);
  table_.accuse(now, probe.target, accusers, changes);
  table_.kill(now, probe.target, Evidence::refusal, changes);
  settle(now, changes);
  return true;
}

void Liveness::on_hint(base::Instant now, const base::Hint& hint, Outputs& out) {
  note_time(now);
  const std::optional<base::NodeId> node = table_.reachable_at(hint.peer);
  if (leaving_ || !node) {
    return;
  }
  Entry& entry = *table_.find(*node);
  const bool known = now < entry.refused_until;
  entry.refused_until = now + kRefusalFresh;
  // Only a refusal answers a ping of ours; a closed connection may have had reasons of its own.
  const bool refused = hint.kind == base::Hint::Kind::port_refused;
  for (auto at = relays_.begin(); at != relays_.end();) {
    if (refused && at->second.target == *node) {
      answer_relay(now, at->second, Message::Kind::nack, 1, out);
      at = relays_.erase(at);
    } else {
      ++at;
    }
  }
  if (known || probes_.size() >= kHintProbesMax) {
    return;
  }
  for (auto& [number, probe] : probes_) {
    if (probe.target == *node) {
      if (probe.phase == Probe::Phase::direct) {
        begin_indirect(now, number, probe, out);
      }
      return;
    }
  }
  begin_probe(now,
              {.purpose = Probe::Purpose::hint,
               .target = *node,
               .address = entry.info.address,
               .boot = entry.info.boot},
              out);
}

void Liveness::probe_next(base::Instant now, Outputs& out) {
  for (std::size_t looked_at = 0; looked_at <= 2 * table_.reachable().size(); ++looked_at) {
    if (round_at_ >= round_.size()) {
      round_ = table_.reachable();
      round_at_ = 0;
      for (std::size_t i = round_.size(); i > 1; --i) {
        std::swap(round_[i - 1], round_[rng_.below(i)]);
      }
    }
    if (round_.empty()) {
      return;
    }
    const base::NodeId node = round_[round_at_++];
    if (table_.is_reachable(node)) {
      const NodeInfo& info = table_.find(node)->info;
      ++statistics_.probes;
      begin_probe(now, {.target = node, .address = info.address, .boot = info.boot}, out);
      return;
    }
  }
}

// One more ping a period, for members that are wanted though dead, and in turn with them for seeds
// where nobody is known to be: so a heal is noticed by whoever comes first. Where many look for
// few, each leaves some periods out, so that who comes back does not have to answer all of them.
void Liveness::probe_lost(base::Instant now, Outputs& out) {
  if (rng_.below(table_.reachable().size() + 1) >= kLookersMax * (table_.lost_count() + 1)) {
    return;
  }
  const auto lost = table_.next_lost(last_lost_);
  if (lost && (*lost > last_lost_ || seeds_.empty())) {
    last_lost_ = *lost;
    const NodeInfo& info = table_.find(*lost)->info;
    begin_probe(now,
                {.purpose = Probe::Purpose::lost,
                 .target = *lost,
                 .address = info.address,
                 .boot = info.boot},
                out);
    return;
  }
  last_lost_ = base::NodeId{};  // The round of the dead is over: a seed, then from the start.
  for (std::size_t i = 0; joined_ && i < std::min(kSeedsLookedAtMax, seeds_.size()); ++i) {
    seed_turn_ = (seed_turn_ + 1) % seeds_.size();
    const base::Address& seed = seeds_[seed_turn_];
    if (!table_.reachable_at(seed)) {
      begin_probe(now, {.purpose = Probe::Purpose::lost, .address = seed}, out);
      return;
    }
  }
}

void Liveness::begin_probe(base::Instant now, Probe probe, Outputs& out) {
  const std::uint64_t number = ++last_number_;
  probe.due = now + by_health(options_.direct_timeout);
  ping(now, number, probe, out);
  Probe& stored = probes_.emplace(number, std::move(probe)).first->second;
  if (stored.purpose == Probe::Purpose::hint) {
    begin_indirect(now, number, stored, out);
  }
}

// A suspect is told first that it is one, and a stranger who we are.
void Liveness::ping(base::Instant now, std::uint64_t number, const Probe& probe, Outputs& out) {
  std::vector<base::NodeId> first;
  const Entry* entry = table_.find(probe.target);
  if (entry == nullptr || !table_.is_reachable(probe.target)) {
    first.push_back(self_id_);
  }
  if (entry != nullptr && entry->info.state != State::alive) {
    first.push_back(probe.target);
  }
  send(now, probe.target, probe.address,
       {.kind = Message::Kind::ping,
        .number = number,
        .target = probe.target,
        .target_boot = probe.boot},
       first, out);
}

void Liveness::begin_indirect(base::Instant now, std::uint64_t number, Probe& probe, Outputs& out) {
  probe.phase = Probe::Phase::indirect;
  probe.due = now + by_health(options_.probe_timeout - options_.direct_timeout);
  probe.relays = pick_relays(probe.target);
  probe.relays_asked = probe.relays.size();
  for (const base::NodeId relay : probe.relays) {
    send(now, relay, table_.find(relay)->info.address,
         {.kind = Message::Kind::ping_req,
          .number = number,
          .target = probe.target,
          .target_boot = probe.boot,
          .target_address = probe.address},
         {}, out);
  }
}

void Liveness::on_probes_due(base::Instant now, Outputs& out) {
  std::vector<std::uint64_t> due;
  for (const auto& [number, probe] : probes_) {
    if (probe.due <= now) {
      due.push_back(number);
    }
  }
  for (const std::uint64_t number : due) {
    Probe& probe = probes_.at(number);
    if (probe.purpose != Probe::Purpose::lost && probe.phase == Probe::Phase::direct &&
        table_.is_reachable(probe.target)) {
      begin_indirect(now, number, probe, out);
      ping(now, number, probe, out);
      continue;
    }
    if (probe.purpose != Probe::Purpose::lost && !confirm_refusal(now, number, out)) {
      on_probe_failed(now, probe, out);
    }
    probes_.erase(number);
  }
}

void Liveness::on_probe_failed(base::Instant now, const Probe& probe, Outputs& out) {
  const Entry* entry = table_.find(probe.target);
  if (entry == nullptr || entry->info.boot != probe.boot || !table_.is_reachable(probe.target)) {
    return;  // It is known to be gone by now, or back under another boot.
  }
  ++statistics_.probes_failed;
  ++unanswered_;
  // Silence of a relay is a sign that the fault is ours; with all of them heard, it is not.
  if (!probe.relays.empty() || probe.relays_asked == 0) {
    health_ = std::min(health_ + 1, options_.health_max);
  }
  ++statistics_.accusations;
  Changes changes(out.events);
  if (isolated_) {
    return;
  }
  table_.accuse(now, probe.target, {self_id_}, changes);
  settle(now, changes);
  // It is told at once, without waiting for gossip: it may have lost one ping too many.
  send(now, probe.target, probe.address, {.kind = Message::Kind::gossip}, {probe.target}, out);
}

void Liveness::on_relays_due(base::Instant now, Outputs& out) {
  for (auto at = relays_.begin(); at != relays_.end();) {
    if (at->second.due <= now) {
      const Entry* entry = table_.find(at->second.target);
      const bool refused = entry != nullptr && now < entry->refused_until;
      answer_relay(now, at->second, Message::Kind::nack, refused ? 1 : 0, out);
      at = relays_.erase(at);
    } else {
      ++at;
    }
  }
}

void Liveness::answer_relay(base::Instant now, const Relay& relay, Message::Kind kind,
                            std::uint8_t refused, Outputs& out) {
  std::vector<base::NodeId> first;
  const Entry* entry = table_.find(relay.target);
  if (entry != nullptr && queue_.contains(relay.target)) {
    first.push_back(relay.target);
  }
  send(now, relay.asker, relay.asker_address,
       {.kind = kind, .number = relay.asker_number, .refused = refused}, first, out);
}

// Members that are suspect themselves answer for nobody. Where there are few others, some draws are
// in vain, and fewer are asked.
std::vector<base::NodeId> Liveness::pick_relays(base::NodeId target) {
  const std::vector<base::NodeId>& from = table_.reachable();
  std::vector<base::NodeId> out;
  for (std::uint32_t draw = 0; draw < 8 * options_.relays && out.size() < options_.relays; ++draw) {
    const base::NodeId node = from[rng_.below(from.size())];
    if (node != target && table_.find(node)->info.state == State::alive &&
        std::find(out.begin(), out.end(), node) == out.end()) {
      out.push_back(node);
    }
  }
  return out;
}

// Distinct reachable members, at random. Few are wanted of many: a draw that was had before is
// drawn again, and with few members to choose from, they are shuffled.
std::vector<base::NodeId> Liveness::pick(std::size_t count, base::NodeId without) {
  const std::vector<base::NodeId>& from = table_.reachable();
  std::vector<base::NodeId> out;
  if (from.size() <= 4 * count) {
    out = from;
    std::erase(out, without);
    const std::size_t wanted = std::min(count, out.size());
    for (std::size_t i = 0; i < wanted; ++i) {
      std::swap(out[i], out[i + rng_.below(out.size() - i)]);
    }
    out.resize(wanted);
    return out;
  }
  while (out.size() < count) {
    const base::NodeId node = from[rng_.below(from.size())];
    if (node != without && std::find(out.begin(), out.end(), node) == out.end()) {
      out.push_back(node);
    }
  }
  return out;
}

}  // namespace horde::liveness
