// The simulator's way out of a node: effects, the network, what is counted and traced of them.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "sim/core/simulator.hpp"
#include "sim/core/simulator_trace.hpp"

namespace horde::sim {
namespace {

DropWhy why_of(faults::DropReason reason) {
  switch (reason) {
    case faults::DropReason::lost:
      return DropWhy::lost;
    case faults::DropReason::cut:
      return DropWhy::cut;
    case faults::DropReason::queue_full:
      return DropWhy::queue_full;
  }
  HORDE_ASSERT(false);
}

std::string_view name_of(const faults::Action& action) {
  return std::holds_alternative<faults::Drop>(action)    ? "cut"
         : std::holds_alternative<faults::Hold>(action)  ? "clog"
         : std::holds_alternative<faults::Delay>(action) ? "channel"
                                                         : "link";
}

}  // namespace

base::Address Simulator::address_of(NodeIndex node) {
  const std::uint32_t number = node + 1;
  base::Address address{.port = 7000};
  address.ip[10] = 0xff;
  address.ip[11] = 0xff;
  address.ip[12] = 10;
  address.ip[13] = static_cast<std::uint8_t>(number >> 16U);
  address.ip[14] = static_cast<std::uint8_t>(number >> 8U);
  address.ip[15] = static_cast<std::uint8_t>(number);
  return address;
}

NodeIndex Simulator::node_of(const base::Address& address) {
  const NodeIndex number = static_cast<NodeIndex>(address.ip[13]) << 16U |
                           static_cast<NodeIndex>(address.ip[14]) << 8U | address.ip[15];
  return number != 0 && address == address_of(number - 1) ? number - 1 : kNoNode;
}

Datagram Simulator::view(const Flight& flight) {
  return {.number = flight.number,
          .from = flight.from,
          .to = flight.to,
          .bytes = flight.bytes,
          .sent_at = flight.sent_at};
}

std::uint32_t Simulator::new_flight() {
  if (free_flights_.empty()) {
    flights_.emplace_back();
    return static_cast<std::uint32_t>(flights_.size() - 1);
  }
  const std::uint32_t slot = free_flights_.back();
  free_flights_.pop_back();
  return slot;
}

void Simulator::land(std::uint32_t slot) {
  flights_[slot].bytes = {};
  free_flights_.push_back(slot);
}

void Simulator::carry_out(NodeIndex index, base::Send& send_effect) {
  const NodeIndex to = node_of(send_effect.to);
  if (!options_.splitter || !network_.tells_channels_apart(now_)) {
    send(index, to, {.bytes = std::move(send_effect.bytes)});
    return;
  }
  for (ChannelPart& part : options_.splitter(std::move(send_effect.bytes))) {
    send(index, to, std::move(part));
  }
}

void Simulator::send(NodeIndex index, NodeIndex to, ChannelPart part) {
  ++counts_.sent;
  Flight flight{.bytes = std::move(part.bytes),
                .number = counts_.sent,
                .channels = part.channels,
                .from = index,
                .to = to < nodes_.size() ? to : kNoNode,
                .sent_at = now_};
  flight.hash = base::hash64(flight.bytes);
  Traffic& traffic = nodes_[index].traffic;
  traffic.on_sent(now_, flight.bytes.size());
  if (options_.classifier) {
    KindSizes sizes;
    options_.classifier(flight.bytes, sizes);
    traffic.on_sent_kinds(now_, sizes);
  }
  trace(TraceKind::sent, index, flight.to, flight.hash, [&](TraceEvent& event) {
    event.number = flight.number;
    event.bytes = flight.bytes.size();
  });
  for (Observer* observer : observers_) {
    observer->on_sent(now_, view(flight));
  }
  if (flight.to == kNoNode) {
    count_drop(view(flight), flight.hash, DropWhy::unknown_address);
    return;
  }
  flight.identity = identities_.next(nodes_[index].host, nodes_[flight.to].host, flight.hash, now_);
  const std::uint32_t slot = new_flight();
  flights_[slot] = std::move(flight);
  transmit(slot);
}

void Simulator::carry_out(NodeIndex index, const base::Persist& persist) {
  nodes_[index].disk.write(persist);
  const auto mode = static_cast<std::uint64_t>(persist.mode);
  trace(TraceKind::persist, index, kNoNode, base::hash64(persist.record, mode),
        [&](TraceEvent& event) {
          event.label = persist.mode == base::Persist::Mode::append ? "append" : "replace";
          event.bytes = persist.record.size();
        });
  for (Observer* observer : observers_) {
    observer->on_persist(now_, index, persist);
  }
}

void Simulator::carry_out(NodeIndex index, const base::Tell& tell) {
  const std::uint64_t head = base::combine(base::hash64(tell.topic, tell.about.value), tell.value);
  trace(TraceKind::tell, index, kNoNode, base::hash64(tell.detail, head), [&](TraceEvent& event) {
    event.label = tell.topic;
    event.number = tell.value;
    event.detail = (tell.about == base::NodeId{} ? "" : to_string(tell.about) + " ") +
                   std::to_string(tell.value) + (tell.detail.empty() ? "" : " ") +
                   base::printable(tell.detail);
  });
  for (Observer* observer : observers_) {
    observer->on_tell(now_, index, tell);
  }
}

void Simulator::carry_out(NodeIndex index, const base::Answer& answer) {
  const std::uint64_t head = base::hash64(answer.status, answer.call.value);
  trace(TraceKind::answer, index, kNoNode, base::hash64(answer.detail, head),
        [&](TraceEvent& event) {
          event.label = answer.status;
          event.number = answer.call.value;
          event.detail = base::printable(answer.detail);
        });
  for (Observer* observer : observers_) {
    observer->on_answer(now_, index, answer);
  }
}

void Simulator::carry_out(NodeIndex index, const base::Ended& ended) {
  trace(TraceKind::ended, index, kNoNode, base::hash64(ended.detail, base::hash64(ended.reason)),
        [&](TraceEvent& event) {
          event.label = ended.reason;
          event.detail = base::printable(ended.detail);
        });
  for (Observer* observer : observers_) {
    observer->on_ended(now_, index, ended);
  }
}

void Simulator::transmit(std::uint32_t slot) {
  const Flight& flight = flights_[slot];
  const faults::Verdict verdict = network_.judge({.from = nodes_[flight.from].host,
                                                  .to = nodes_[flight.to].host,
                                                  .size_bytes = flight.bytes.size(),
                                                  .now = now_,
                                                  .identity = flight.identity,
                                                  .channels = flight.channels});
  switch (verdict.fate) {
    case faults::Verdict::Fate::drop:
      drop(slot, why_of(verdict.reason));
      return;
    case faults::Verdict::Fate::hold:
      if (held_.size() >= options_.held_max) {
        drop(slot, DropWhy::held_full);
        return;
      }
      held_.push_back(slot);
      if (verdict.hold_until != base::Instant::never() && verdict.hold_until != release_at_) {
        release_at_ = verdict.hold_until;
        queue_.push(release_at_, Kind::release, 0);
      }
      return;
    case faults::Verdict::Fate::deliver:
      break;
  }
  if (verdict.copies_count == 2) {
    const std::uint32_t copy = new_flight();
    flights_[copy] = flights_[slot];
    launch(slot, verdict.copies[0]);
    launch(copy, verdict.copies[1]);
  } else {
    launch(slot, verdict.copies[0]);
  }
}

void Simulator::launch(std::uint32_t slot, const faults::Verdict::Copy& copy) {
  if (copy.damage.kind != faults::Damage::Kind::none) {
    Flight& flight = flights_[slot];
    faults::apply(copy.damage, flight.bytes);
    flight.hash = base::hash64(flight.bytes);
  }
  queue_.push(now_ + copy.after, Kind::deliver, slot);
}

void Simulator::deliver(std::uint32_t slot) {
  const Flight& flight = flights_[slot];
  const HostedNode& to = nodes_[flight.to];
  if (to.machine) {
    accept(flight.to, {.kind = HostedNode::Input::Kind::datagram, .flight = slot});
    return;
  }
  if (!to.refuses) {
    drop(slot, DropWhy::node_down);
    return;
  }
  // The refusal is a packet too, on the way back; a cut or a loss may eat it.
  constexpr std::uint64_t refusal_bytes = 64;
  const faults::Verdict verdict = network_.judge({.from = to.host,
                                                  .to = nodes_[flight.from].host,
                                                  .size_bytes = refusal_bytes,
                                                  .now = now_,
                                                  .identity = base::mix64(flight.identity)});
  count_drop(view(flight), flight.hash, DropWhy::node_down);
  if (verdict.fate == faults::Verdict::Fate::deliver) {
    queue_.push(now_ + verdict.copies[0].after, Kind::refuse, slot);
  } else {
    land(slot);
  }
}

void Simulator::refuse(std::uint32_t slot) {
  const NodeIndex sender = flights_[slot].from;
  if (nodes_[sender].machine) {
    accept(sender, {.kind = HostedNode::Input::Kind::hint, .flight = slot});
  } else {
    land(slot);
  }
}

void Simulator::release_held() {
  const std::vector<std::uint32_t> released = std::exchange(held_, {});
  release_at_ = base::Instant::never();
  for (const std::uint32_t slot : released) {
    transmit(slot);
  }
}

void Simulator::drop(std::uint32_t slot, DropWhy why) {
  count_drop(view(flights_[slot]), flights_[slot].hash, why);
  land(slot);
}

void Simulator::count_drop(const Datagram& datagram, std::uint64_t hash, DropWhy why) {
  ++counts_.dropped[static_cast<std::size_t>(why)];
  trace(TraceKind::dropped, datagram.from, datagram.to, hash + static_cast<std::uint64_t>(why),
        [&](TraceEvent& event) {
          event.number = datagram.number;
          event.bytes = datagram.bytes.size();
          event.label = to_string(why);
        });
  for (Observer* observer : observers_) {
    observer->on_dropped(now_, datagram, why);
  }
}

faults::RuleId Simulator::add_rule(faults::Rule rule) {
  network_.expire(now_);
  trace_fault(kNoNode, name_of(rule.action), rule.name);
  return network_.add(std::move(rule));
}

bool Simulator::heal(faults::RuleId rule) {
  trace_fault(kNoNode, "heal", "rule " + std::to_string(rule.value));
  network_.expire(now_);
  const bool healed = network_.heal(rule);
  release_held();
  return healed;
}

std::size_t Simulator::heal(std::string_view name) {
  trace_fault(kNoNode, "heal", name);
  network_.expire(now_);
  const std::size_t healed = network_.heal(name);
  release_held();
  return healed;
}

std::size_t Simulator::heal_all() {
  trace_fault(kNoNode, "heal", "all");
  network_.expire(now_);
  const std::size_t healed = network_.heal_all();
  release_held();
  return healed;
}

void Simulator::set_default_link(const faults::Link& link) {
  trace_fault(kNoNode, "default link", to_string(link.latency));
  network_.set_default_link(link);
}

void Simulator::set_link(NodeIndex from, NodeIndex to, const faults::Link& link) {
  trace_fault(from, "link", "to " + nodes_[to].name + " " + to_string(link.latency));
  network_.set_link(nodes_[from].host, nodes_[to].host, link);
}

void Simulator::trace_fault(NodeIndex node, std::string_view label, std::string_view detail) {
  trace(TraceKind::fault, node, kNoNode, base::hash64(detail, base::hash64(label)),
        [&](TraceEvent& event) {
          event.label = label;
          event.detail = detail;
        });
}

}  // namespace horde::sim
