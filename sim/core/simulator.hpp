// Simulator: any number of engines in virtual time, on a modelled network, in one thread.
//
//   at(), call()          Machine               faults::Network
//        |                 ^    |                  ^     |
//        v     input       |    | effects   packet |     | verdict
//   event queue ---------> node -------> Send -----+     +---> event queue
//   (time, sequence)        |
//                           +----> Persist -> Disk; Tell, Answer, Ended -> observers, trace
//
// It promises that a run is a function of the seed, the factories and what is done to it from
// outside, and shows it by trace_hash(). Effects are carried out in the engine's order, before the
// next input. A datagram is judged by the fault rules when it is sent.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/engine.hpp"
#include "faults/network.hpp"
#include "sim/core/event_queue.hpp"
#include "sim/core/hosted_node.hpp"
#include "sim/core/machine.hpp"
#include "sim/core/observer.hpp"
#include "sim/core/trace.hpp"
#include "sim/core/traffic.hpp"

namespace horde::sim {

struct SimulatorOptions {
  std::uint64_t seed = 1;
  faults::Link link;  ///< Of every link that has no behaviour of its own.
  /// What wall clocks show at virtual time 0: 2025-01-01 00:00:00 UTC.
  base::WallTime wall_start = {1'735'689'600'000'000'000};
  std::size_t inbox_max = 4'096;     ///< Inputs that wait at a paused or slow node.
  std::size_t held_max = 1'000'000;  ///< Datagrams that wait for the end of a clog.
  Classifier classifier;             ///< Empty: traffic is not divided into kinds.
  /// Empty: datagrams are on no channel. Used while a rule treats channels differently.
  ChannelSplitter splitter;
};

struct NodeOptions {
  std::string name;
  /// The node's id in the fault rules, and what its chance is keyed by; unique. Empty: the name.
  std::string host;
  base::Duration clock_offset;  ///< Of the wall clock at virtual time 0.
  DriftPpm drift;
};

struct CrashOptions {
  DiskLoss disk;
  /// The host lives on and refuses what arrives, so that senders get a hint: see Refusal.
  enum class Refusal : std::uint8_t { silent, port_refused };
  Refusal refusal = Refusal::silent;
};

/// What was counted since the start of the run.
struct Counts {
  std::uint64_t inputs = 0;
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;  ///< Copies that reached an engine.
  std::array<std::uint64_t, kDropWhyCount> dropped{};
  [[nodiscard]] std::uint64_t of(DropWhy why) const {
    return dropped[static_cast<std::size_t>(why)];
  }
};

/// Whether a call reached its engine.
enum class CallResult : std::uint8_t { done, node_down, node_paused };
enum class RunEnd : std::uint8_t { time_reached, stopped };

class Simulator {
 public:
  explicit Simulator(SimulatorOptions options);

  // --- Nodes. Requires, for all: `node` was added. ---

  /// The node is down until it is started. Requires: the host's name is not used yet.
  NodeIndex add_node(NodeOptions options, MachineFactory factory);
  /// Makes the machine, with a boot number larger than any before. Requires: the node is down.
  void start(NodeIndex node);
  /// The process is gone at once, with all that waits in its inbox. Requires: the node is up.
  void crash(NodeIndex node, CrashOptions options = {});
  /// Inputs wait until the node is resumed, in order. No effect on a node that is down or paused.
  void pause(NodeIndex node);
  void resume(NodeIndex node);
  /// Each input takes this long, one after another; calls do not. Zero: as usual.
  void set_slow(NodeIndex node, base::Duration per_input);
  void step_clock(NodeIndex node, base::Duration by);
  void set_drift(NodeIndex node, DriftPpm drift);

  /// A local call: `body` may call the engine, its effects are carried out and traced like any.
  /// `label` and `payload_hash` say what was called, for the trace.
  using CallBody = std::function<void(Machine& machine, base::Now now, base::Effects& out)>;
  CallResult call(NodeIndex node, std::string_view label, std::uint64_t payload_hash,
                  const CallBody& body);

  // --- The network. ---

  [[nodiscard]] const faults::Network& network() const { return network_; }
  faults::RuleId add_rule(faults::Rule rule);
  bool heal(faults::RuleId rule);
  std::size_t heal(std::string_view name);
  std::size_t heal_all();
  void set_default_link(const faults::Link& link);
  void set_link(NodeIndex from, NodeIndex to, const faults::Link& link);

  // --- Running. ---

  [[nodiscard]] base::Instant now() const { return now_; }
  /// Runs `action` at that virtual time, before what is scheduled later for the same time.
  /// Requires: not in the past.
  void at(base::Instant time, std::function<void()> action);
  /// Runs all events up to and including `end`. Stops early if it was asked to.
  RunEnd run_until(base::Instant end);
  RunEnd run_for(base::Duration duration) { return run_until(now_ + duration); }
  /// From an observer or an action: run_until returns after the present event. The first reason
  /// stays, and no later run_until runs anything.
  void request_stop(std::string reason);
  [[nodiscard]] const std::optional<std::string>& stop_reason() const { return stop_reason_; }

  // --- Watching. Observers and the sink must live as long as the simulator. ---

  void add_observer(Observer& observer) { observers_.push_back(&observer); }
  void record_to(TraceSink& sink) { sink_ = &sink; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_hash_.value(); }
  [[nodiscard]] const Counts& counts() const { return counts_; }

  [[nodiscard]] std::size_t nodes_count() const { return nodes_.size(); }
  [[nodiscard]] const std::string& name(NodeIndex node) const { return nodes_[node].name; }
  [[nodiscard]] base::NodeId host(NodeIndex node) const { return nodes_[node].host; }
  [[nodiscard]] bool is_up(NodeIndex node) const { return nodes_[node].machine != nullptr; }
  [[nodiscard]] bool is_paused(NodeIndex node) const { return nodes_[node].paused; }
  /// Of the last start; 0 before the first.
  [[nodiscard]] std::uint64_t boot(NodeIndex node) const { return nodes_[node].boot; }
  [[nodiscard]] base::Now clock(NodeIndex node) const { return nodes_[node].clock.now(now_); }
  /// Nothing while the node is down.
  [[nodiscard]] const Machine* machine(NodeIndex node) const { return nodes_[node].machine.get(); }
  [[nodiscard]] const std::vector<base::Bytes>& records(NodeIndex node) const {
    return nodes_[node].disk.records();
  }
  [[nodiscard]] const Traffic& traffic(NodeIndex node) const { return nodes_[node].traffic; }
  void reset_traffic_maxima();

  /// 10.0.0.1:7000 for node 0 and so on.
  [[nodiscard]] static base::Address address_of(NodeIndex node);
  /// kNoNode for an address that address_of never gives.
  [[nodiscard]] static NodeIndex node_of(const base::Address& address);

 private:
  using Kind = EventQueue::Kind;

  // simulator.cpp: nodes and their inputs.
  void dispatch(const EventQueue::Event& event);
  void accept(NodeIndex index, HostedNode::Input input);
  void handle(NodeIndex index, HostedNode::Input input);
  void handle_datagram(NodeIndex index, std::uint32_t slot);
  void handle_hint(NodeIndex index, std::uint32_t slot);
  void handle_timeout(NodeIndex index);
  void process(NodeIndex index);
  void schedule_process(NodeIndex index);
  void on_timer(NodeIndex index);
  void arm(NodeIndex index);
  void take_down(NodeIndex index, DownWhy why);
  [[nodiscard]] StepInfo begin_step(NodeIndex index, Cause cause, std::string_view label = {});
  void finish_step(const StepInfo& step);

  // simulator_effects.cpp: effects, transport, trace.
  void carry_out(NodeIndex index, base::Send& send);
  void send(NodeIndex index, NodeIndex to, ChannelPart part);
  void carry_out(NodeIndex index, const base::Persist& persist);
  void carry_out(NodeIndex index, const base::Tell& tell);
  void carry_out(NodeIndex index, const base::Answer& answer);
  void carry_out(NodeIndex index, const base::Ended& ended);
  void transmit(std::uint32_t slot);
  void launch(std::uint32_t slot, const faults::Verdict::Copy& copy);
  void deliver(std::uint32_t slot);
  void refuse(std::uint32_t slot);
  void release_held();
  void drop(std::uint32_t slot, DropWhy why);
  void count_drop(const Datagram& datagram, std::uint64_t hash, DropWhy why);
  [[nodiscard]] std::uint32_t new_flight();
  void land(std::uint32_t slot);
  [[nodiscard]] static Datagram view(const Flight& flight);
  /// `describe(event)` fills in what only people need, and runs only if the run is recorded.
  template <class Describe>
  void trace(TraceKind kind, NodeIndex node, NodeIndex peer, std::uint64_t hash,
             const Describe& describe);
  void trace_fault(NodeIndex node, std::string_view label, std::string_view detail);

  SimulatorOptions options_;
  base::Instant now_;
  EventQueue queue_;
  faults::Network network_;
  faults::Identities identities_;
  std::deque<HostedNode> nodes_;     // A deque: references stay valid while nodes are added.
  std::vector<base::NodeId> hosts_;  // Ascending.
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> free_flights_;
  std::vector<std::uint32_t> held_;  // Flights, in the order in which they were sent.
  base::Instant release_at_ = base::Instant::never();  // Of the last release event made.
  std::vector<std::function<void()>> actions_;
  std::vector<std::uint32_t> free_actions_;
  base::Effects effects_;  // Of the present step; kept for its capacity.
  bool stepping_ = false;
  std::optional<std::string> stop_reason_;
  Counts counts_;
  TraceHash trace_hash_;
  TraceSink* sink_ = nullptr;
  std::vector<Observer*> observers_;
};

}  // namespace horde::sim
