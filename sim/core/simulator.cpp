#include "sim/core/simulator.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/rng.hpp"
#include "sim/core/simulator_trace.hpp"

namespace horde::sim {
namespace {

// An engine that asks for this many timeouts without time passing would do so for ever.
constexpr std::uint32_t kTimeoutsAtOnceMax = 10'000;

// From the clock, as a real node takes it, with low bits by chance, so that two nodes that were
// given one name do not share it; above `last` even where the clock was set back.
std::uint64_t next_boot(base::WallTime wall, std::uint64_t last, std::uint64_t random) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(wall.ns / 1'000'000, 0));
  return std::max((ms << 8U) | (random & 255U), last + 1);
}

}  // namespace

Simulator::Simulator(SimulatorOptions options)
    : options_(std::move(options)), network_(options_.seed, options_.link) {}

NodeIndex Simulator::add_node(NodeOptions options, MachineFactory factory) {
  constexpr std::size_t nodes_max = (1U << 24U) - 2;  // What address_of can number.
  HORDE_ASSERT(nodes_.size() < nodes_max);
  const auto host = base::NodeId::of(options.host.empty() ? options.name : options.host);
  const auto place = std::ranges::lower_bound(hosts_, host);
  HORDE_ASSERT(place == hosts_.end() || *place != host);
  hosts_.insert(place, host);

  const auto index = static_cast<NodeIndex>(nodes_.size());
  NodeClock clock({.mono = {}, .wall = {options_.wall_start.ns + options.clock_offset.ns}});
  clock.set_drift({}, options.drift);
  nodes_.push_back({.name = std::move(options.name),
                    .host = host,
                    .factory = std::move(factory),
                    .clock = clock,
                    .machine = nullptr});
  const std::string& name = nodes_.back().name;
  trace(TraceKind::node, index, kNoNode, base::hash64(name), [&](TraceEvent& event) {
    event.label = name;
    event.detail = to_string(address_of(index));
  });
  return index;
}

void Simulator::start(NodeIndex index) {
  HostedNode& node = nodes_[index];
  HORDE_ASSERT(!stepping_ && !node.machine);
  const base::Now now = node.clock.now(now_);
  ++node.starts;
  node.refuses = false;
  base::Rng chance = base::Rng(options_.seed).fork("boot").fork(node.host.value).fork(node.starts);
  node.boot = next_boot(now.wall, node.boot, chance.next());
  node.machine = node.factory({.index = index,
                               .name = node.name,
                               .address = address_of(index),
                               .number = node.boot,
                               .seed = chance.next(),
                               .now = now,
                               .records = node.disk.records()});
  HORDE_ASSERT(node.machine != nullptr);
  trace(TraceKind::up, index, kNoNode, node.boot,
        [&](TraceEvent& event) { event.number = node.boot; });
  for (Observer* observer : observers_) {
    observer->on_up(now_, index, node.boot);
  }
  trace(TraceKind::start, index, kNoNode, 0, [](TraceEvent&) {});
  begin_step();
  node.machine->on_start(now, effects_);
  finish_step(
      {.node = index, .cause = Cause::start, .at = now_, .now = now, .machine = *node.machine});
}

void Simulator::crash(NodeIndex index, CrashOptions options) {
  HostedNode& node = nodes_[index];
  HORDE_ASSERT(!stepping_ && node.machine);
  node.disk.lose(options.disk);
  node.refuses = options.refusal == CrashOptions::Refusal::port_refused;
  take_down(index, DownWhy::crashed);
}

void Simulator::take_down(NodeIndex index, DownWhy why) {
  HostedNode& node = nodes_[index];
  node.machine.reset();
  node.paused = false;
  node.process_at = base::Instant::never();
  node.wake = base::Instant::never();
  node.timer_at = base::Instant::never();
  node.timeout_waits = false;
  trace(TraceKind::down, index, kNoNode, static_cast<std::uint64_t>(why),
        [&](TraceEvent& event) { event.label = to_string(why); });
  for (const HostedNode::Input& input : node.inbox) {
    if (input.kind == HostedNode::Input::Kind::datagram) {
      drop(input.flight, DropWhy::node_down);
    } else if (input.kind == HostedNode::Input::Kind::hint) {
      land(input.flight);
    }
  }
  node.inbox.clear();
  for (Observer* observer : observers_) {
    observer->on_down(now_, index, why);
  }
}

void Simulator::pause(NodeIndex index) {
  HostedNode& node = nodes_[index];
  if (node.machine && !node.paused) {
    node.paused = true;
    trace_fault(index, "pause", "");
  }
}

void Simulator::resume(NodeIndex index) {
  HostedNode& node = nodes_[index];
  if (node.paused) {
    node.paused = false;
    trace_fault(index, "resume", "");
    schedule_process(index);
  }
}

void Simulator::set_slow(NodeIndex index, base::Duration per_input) {
  HORDE_ASSERT(per_input >= base::Duration{});
  nodes_[index].slow = per_input;
  trace_fault(index, "slow", to_string(per_input));
}

void Simulator::step_clock(NodeIndex index, base::Duration by) {
  nodes_[index].clock.step_wall(by);
  trace_fault(index, "clock step", to_string(by));
}

void Simulator::set_drift(NodeIndex index, DriftPpm drift) {
  nodes_[index].clock.set_drift(now_, drift);
  trace_fault(index, "clock drift", std::to_string(drift.value) + " ppm");
  if (nodes_[index].machine) {
    arm(index);  // The same reading of the clock is now another virtual time.
  }
}

CallResult Simulator::call(NodeIndex index, std::string_view label, std::uint64_t payload_hash,
                           const CallBody& body) {
  HostedNode& node = nodes_[index];
  if (!node.machine) {
    return CallResult::node_down;
  }
  if (node.paused) {
    return CallResult::node_paused;
  }
  trace(TraceKind::call, index, kNoNode, base::combine(base::hash64(label), payload_hash),
        [&](TraceEvent& event) { event.label = label; });
  begin_step();
  const base::Now now = node.clock.now(now_);
  body(*node.machine, now, effects_);
  finish_step({.node = index,
               .cause = Cause::call,
               .label = label,
               .at = now_,
               .now = now,
               .machine = *node.machine});
  return CallResult::done;
}

void Simulator::at(base::Instant time, std::function<void()> action) {
  HORDE_ASSERT(time >= now_);
  std::uint32_t slot = 0;
  if (free_actions_.empty()) {
    slot = static_cast<std::uint32_t>(actions_.size());
    actions_.push_back(std::move(action));
  } else {
    slot = free_actions_.back();
    free_actions_.pop_back();
    actions_[slot] = std::move(action);
  }
  queue_.push(time, Kind::action, slot);
}

RunEnd Simulator::run_until(base::Instant end) {
  HORDE_ASSERT(!stepping_ && end >= now_);
  while (!stop_reason_ && !queue_.empty() && queue_.top().at <= end) {
    const EventQueue::Event event = queue_.pop();
    now_ = event.at;
    dispatch(event);
  }
  if (stop_reason_) {
    return RunEnd::stopped;
  }
  now_ = end;
  return RunEnd::time_reached;
}

void Simulator::request_stop(std::string reason) {
  if (!stop_reason_) {
    stop_reason_ = std::move(reason);
  }
}

void Simulator::dispatch(const EventQueue::Event& event) {
  switch (event.kind) {
    case Kind::deliver:
      deliver(event.index);
      break;
    case Kind::refuse:
      refuse(event.index);
      break;
    case Kind::timer:
      on_timer(event.index);
      break;
    case Kind::process:
      process(event.index);
      break;
    case Kind::release:
      release_held();
      break;
    case Kind::action: {
      const std::function<void()> action = std::move(actions_[event.index]);
      free_actions_.push_back(event.index);
      action();
      break;
    }
  }
}

void Simulator::accept(NodeIndex index, HostedNode::Input input) {
  HostedNode& node = nodes_[index];
  if (!node.paused && node.slow.ns == 0 && node.inbox.empty()) {
    handle(index, input);
    return;
  }
  using InputKind = HostedNode::Input::Kind;
  if (input.kind == InputKind::timeout) {
    node.timeout_waits = true;  // At most one, so it needs no room.
  } else if (node.inbox.size() >= options_.inbox_max) {
    if (input.kind == InputKind::datagram) {
      drop(input.flight, DropWhy::inbox_full);
    } else {
      land(input.flight);
    }
    return;
  }
  node.inbox.push_back(input);
  schedule_process(index);
}

void Simulator::schedule_process(NodeIndex index) {
  HostedNode& node = nodes_[index];
  if (!node.paused && !node.inbox.empty() && node.process_at == base::Instant::never()) {
    node.process_at = now_ + node.slow;
    queue_.push(node.process_at, Kind::process, index);
  }
}

void Simulator::process(NodeIndex index) {
  HostedNode& node = nodes_[index];
  if (node.process_at != now_) {
    return;  // Made before a crash.
  }
  node.process_at = base::Instant::never();
  if (node.paused) {
    return;
  }
  const HostedNode::Input input = node.inbox.front();
  node.inbox.pop_front();
  handle(index, input);
  schedule_process(index);
}

void Simulator::handle(NodeIndex index, HostedNode::Input input) {
  HostedNode& node = nodes_[index];
  const base::Now now = node.clock.now(now_);
  StepInfo step{.node = index, .at = now_, .now = now, .machine = *node.machine};
  switch (input.kind) {
    case HostedNode::Input::Kind::datagram: {
      const Flight flight = std::move(flights_[input.flight]);
      land(input.flight);
      ++counts_.delivered;
      node.traffic.on_received(flight.bytes.size());
      trace(TraceKind::delivered, index, flight.from, flight.hash, [&](TraceEvent& event) {
        event.number = flight.number;
        event.bytes = flight.bytes.size();
      });
      for (Observer* observer : observers_) {
        observer->on_delivered(now_, view(flight));
      }
      step.cause = Cause::datagram;
      begin_step();
      node.machine->on_datagram(now, address_of(flight.from), flight.bytes, effects_);
      break;
    }
    case HostedNode::Input::Kind::hint: {
      const NodeIndex about = flights_[input.flight].to;
      land(input.flight);
      trace(TraceKind::hint, index, about, 0,
            [](TraceEvent& event) { event.label = "port_refused"; });
      step.cause = Cause::hint;
      begin_step();
      node.machine->on_hint(
          now, {.kind = base::Hint::Kind::port_refused, .peer = address_of(about)}, effects_);
      break;
    }
    case HostedNode::Input::Kind::timeout: {
      node.timeout_waits = false;
      if (node.machine->wake_at() > now.mono) {
        arm(index);  // It was moved while this one waited.
        return;
      }
      node.timeouts_at_once = node.last_timeout == now_ ? node.timeouts_at_once + 1 : 1;
      node.last_timeout = now_;
      if (node.timeouts_at_once > kTimeoutsAtOnceMax) {
        request_stop(node.name + " asks for timeouts without end at " + to_string(now_));
        return;
      }
      trace(TraceKind::timeout, index, kNoNode, 0, [](TraceEvent&) {});
      step.cause = Cause::timeout;
      begin_step();
      node.machine->on_timeout(now, effects_);
      break;
    }
  }
  finish_step(step);
}

void Simulator::on_timer(NodeIndex index) {
  HostedNode& node = nodes_[index];
  if (node.timer_at != now_) {
    return;  // Stale: an earlier one was made, or the node went down.
  }
  node.timer_at = base::Instant::never();
  if (node.wake <= now_) {
    accept(index, {.kind = HostedNode::Input::Kind::timeout});
  } else if (node.wake != base::Instant::never()) {
    node.timer_at = node.wake;
    queue_.push(node.wake, Kind::timer, index);
  }
}

void Simulator::arm(NodeIndex index) {
  HostedNode& node = nodes_[index];
  node.wake = std::max(now_, node.clock.virtual_time_of(node.machine->wake_at()));
  if (node.wake < node.timer_at && !node.timeout_waits) {
    node.timer_at = node.wake;
    queue_.push(node.wake, Kind::timer, index);
  }
}

void Simulator::begin_step() {
  HORDE_ASSERT(!stepping_);
  stepping_ = true;
  ++counts_.inputs;
  effects_.list.clear();
}

void Simulator::finish_step(const StepInfo& step) {
  bool ended = false;
  for (base::Effect& effect : effects_.list) {
    std::visit([&](auto& one) { carry_out(step.node, one); }, effect);
    if (std::holds_alternative<base::Ended>(effect)) {
      ended = true;
      break;  // Nothing that stands behind it is carried out.
    }
  }
  for (Observer* observer : observers_) {
    observer->on_step(step);
  }
  stepping_ = false;
  if (ended) {
    take_down(step.node, DownWhy::ended);
  } else {
    arm(step.node);
  }
}

void Simulator::reset_traffic_maxima() {
  for (HostedNode& node : nodes_) {
    node.traffic.reset_maxima();
  }
}

}  // namespace horde::sim
