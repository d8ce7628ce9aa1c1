// Runtime: the processes of one node's life. Mailboxes, links, monitors, exit signals, timers,
// calls.
//
//   act(port) -----+                        +--> handler of a process --> Context: send, spawn, ...
//   on_message ----+--> signals, mailboxes -+
//   on_timeout ----+    run queue           +--> Outputs: sends to peers, arrivals at ports
//   peer_ended ----+
//
// Pure, as the engine's contract asks: it is told the time and what arrived, and appends to
// Outputs. A component outside of any process (a distributed supervisor, a registry, a local call)
// owns a port: it has a pid, acts through the same Context, and what arrives at it comes out in
// Outputs.
//
// Order. Signals from one process to another arrive in the order in which they were sent. A handler
// runs to completion; what it sends takes effect at once (a process that it kills is gone before
// its next line), except for its own end, which follows the handler. The run queue holds each
// process that has something to do once, first come first served, and one message is handled a
// turn, so a process that floods itself delays others by one handler a turn. At most
// messages_per_input are handled per input; wake_at() is then the present, and on_timeout goes on.
//
// Peers. `sends` go over reliable links, one message each, in order. The link layer owes us:
//   - a link that ends does so on both sides: peer_ended comes on each, and nothing that was sent
//     before it arrives after it (whoever is still there and is met again starts from nothing);
//   - peer_ended also answers what was sent to a run that is known to be over, or cannot be
//   reached.
//
// Promises: a monitor gives exactly one Down, a call exactly one CallEnded (by its deadline),
// unless the process that is waiting ends or gives it up; a process that has ended handles nothing
// and its pid is never used again; linked processes see each other's end. Nothing that a peer sends
// makes a handler run that it did not address, or speaks for another node's process.
//
// Cost: logarithmic in what exists for each signal; peer_ended pays for what pointed at that peer.
// Source: Erlang reference manual, "Processes"; OTP's gen.erl (calls). Deviations: a call ends as
// ok, error (not handled) or unknown; mailboxes are bounded; a link made of two crossing requests
// needs both to be undone, which unlink does (see Link).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "process/process.hpp"
#include "process/server.hpp"
#include "process/signal.hpp"
#include "wire/codec.hpp"

namespace horde::process {

struct RuntimeOptions {
  std::size_t processes_max = 1'000'000;
  std::size_t mailbox_max = 10'000;  ///< Messages, casts, requests; unanswered requests; and exits.
  std::size_t mailbox_bytes_max = 64 * 1024 * 1024;  ///< In them; the last one may be above.
  std::size_t relations_max = 1'100'000;  ///< Of each: a process's links, monitors, and watchers.
  std::size_t timers_max = 10'000;        ///< A process.
  std::size_t calls_max = 10'000;         ///< A process's, under way.
  std::size_t messages_per_input = 1'000;
};

/// A message for the peer `to`, over the link to it.
struct Outgoing {
  base::RunId to;
  base::Bytes body;
  friend bool operator==(const Outgoing&, const Outgoing&) = default;
};
/// What arrived at a port.
struct Arrival {
  Pid port;
  Envelope what;
  friend bool operator==(const Arrival&, const Arrival&) = default;
};
/// A process started (its init was ok) or ended; for observers.
struct LifeEvent {
  enum class Kind : std::uint8_t { started, ended };
  Kind kind = Kind::started;
  Pid pid;
  base::Bytes type;
  ExitReason reason;  ///< ended
  friend bool operator==(const LifeEvent&, const LifeEvent&) = default;
};
/// What an input led to, each list in order. The lists are independent of each other.
struct Outputs {
  std::vector<Outgoing> sends;
  std::vector<Arrival> arrivals;
  std::vector<LifeEvent> lives;
};

struct RuntimeStatistics {
  std::uint64_t spawned = 0;
  std::uint64_t ended = 0;
  std::uint64_t handled = 0;           ///< Calls of handlers, init and terminate not counted.
  std::uint64_t threw = 0;             ///< Handlers that threw.
  std::uint64_t to_the_dead = 0;       ///< Messages and casts to processes that are not there.
  std::uint64_t over_limit = 0;        ///< Refused or dropped because something was full.
  std::uint64_t late_replies = 0;      ///< To calls that had ended.
  std::uint64_t expired_requests = 0;  ///< Not handled, as their callers had given up.
};

class Runtime {
 public:
  Runtime(base::RunId self, ProcessTypes types, RuntimeOptions options, base::Rng rng);

  // Inputs. Each appends to `out`.
  /// A message of the link from `from`. An error changes nothing. A peer of our own name is
  /// refused.
  [[nodiscard]] wire::Decoded<void> on_message(base::Now now, const base::RunId& from,
                                               base::BytesView body, Outputs& out);
  /// The link to `run` is over. Monitors of its processes give Down(noconnection), linked processes
  /// get an exit signal noconnection, calls under way to it end as unknown.
  void peer_ended(base::Now now, const base::RunId& run, Outputs& out);
  void on_timeout(base::Now now, Outputs& out);  // Requires: wake_at() <= now.
  /// Does `what` in the name of a port. Requires: the port is open.
  void act(base::Now now, const Pid& port, const std::function<void(Context&)>& what, Outputs& out);

  /// Processes reach it under `name`, and it is told of each end of a process, at once. Requires:
  /// it lives as long as this.
  void add_registry(base::BytesView name, Names& names) { registries_[base::Bytes(name)] = &names; }

  /// A port traps all exits, kill too; context.stop() closes it.
  [[nodiscard]] Pid open_port(base::BytesView name);

  // Queries.
  /// When on_timeout is due.
  [[nodiscard]] base::Instant wake_at() const;
  [[nodiscard]] base::RunId self() const { return self_; }
  [[nodiscard]] bool is_alive(const Pid& pid) const;
  [[nodiscard]] std::optional<Pid> whereis(base::BytesView name) const;
  [[nodiscard]] std::size_t process_count() const { return processes_.size() - ports_; }
  [[nodiscard]] const RuntimeStatistics& statistics() const { return statistics_; }
  /// Of everything that is held: what must be back where it was when all processes have ended.
  [[nodiscard]] std::size_t rows() const;
  /// A process as others see it; nullptr if it is not there. Valid until the next input.
  [[nodiscard]] const Process* find(const Pid& pid) const;

 private:
  friend class Context;
  struct Call {
    std::uint64_t caller = 0;
    Pid callee;
    base::Instant deadline;
  };
  struct Alarm {
    enum class Kind : std::uint8_t { timer, call };
    Kind kind = Kind::timer;
    std::uint64_t serial = 0;
  };
  /// All that must end with a peer.
  struct Peer {
    std::set<std::pair<std::uint64_t, MonitorRef>> monitors;  // Ours of theirs: watcher.
    std::set<std::tuple<std::uint64_t, Pid, MonitorRef>>
        watchers;                                   // Theirs of ours: target, watcher.
    std::set<std::pair<std::uint64_t, Pid>> links;  // Ours, theirs.
    std::set<CallRef> calls;
    [[nodiscard]] bool is_empty() const {
      return monitors.empty() && watchers.empty() && links.empty() && calls.empty();
    }
  };

  // runtime.cpp: inputs, turns.
  void begin(base::Now now);
  void finish(Outputs& out);
  void fire_alarms();
  void run_turns();
  void take_turn(Process& process);
  void handle(Process& process, Envelope envelope);
  void dispatch(Process& process, Context& context, const Envelope& envelope);
  [[nodiscard]] bool is_stale(Process& process, const Envelope& envelope);
  static void open_request(Process& process, const Envelope& envelope);
  void start(Process& process);
  void apply_init(Process& process, Init init);
  void settle(Process& process);
  void terminate(Process& process, ExitReason& reason);
  template <class F>
  void guarded(Process& process, F&& body);

  // runtime_signals.cpp: what arrives.
  void route(Signal signal);
  void deliver(Signal& signal);
  void deliver_to_the_dead(const Signal& signal);
  static void count_user_message(Process& process, const Signal& signal);
  void on_user_message(Process& process, Signal& signal);
  void on_request(Process& process, Signal& signal);
  void on_link(Process& process, const Signal& signal);
  void on_unlink(Process& process, const Signal& signal);
  void on_exit(Process& process, const Signal& signal);
  void on_monitor(Process& process, const Signal& signal);
  void on_demonitor(Process& process, const Signal& signal);
  void on_down(Process& process, const Signal& signal);
  void on_call_result(Process& process, Signal& signal);
  void push(Process& process, Envelope envelope);
  [[nodiscard]] bool is_full(const Process& process) const;
  [[nodiscard]] bool has_room_for_request(Process& process);

  // runtime_ends.cpp: relations and their ends.
  void die(Process& process, const ExitReason& reason);
  void end(std::uint64_t serial, const ExitReason& reason);
  void end_requests(Process& process, const ExitReason& reason);
  void end_call(CallRef ref, CallEnded result);
  void report_start(Process& process, Started::Outcome outcome, base::Bytes info,
                    const ExitReason& reason);
  void drop_link(Process& process, const Pid& other);
  void drop_watcher(Process& process, const Pid& watcher, MonitorRef ref);
  void end_peer(const base::RunId& run, const Peer& peer);
  /// Changes what is noted of the peer that `pid` lives on, if it is a peer.
  template <class F>
  void with_peer(const Pid& pid, F&& change) {
    if (pid.run.node == self_.node) {
      return;
    }
    const auto it = peers_.try_emplace(pid.run).first;
    change(it->second);
    if (it->second.is_empty()) {
      peers_.erase(it);
    }
  }

  // runtime_actions.cpp: what a Context asks for.
  std::expected<Pid, Refusal> spawn(Process& parent, SpawnOptions options);
  std::expected<void, Refusal> send(Process& from, Signal::Kind kind, const Pid& to,
                                    base::BytesView bytes);
  CallRef call(Process& from, const Pid& to, base::BytesView request, base::Duration timeout);
  void reply(Process& from, const Caller& caller, base::BytesView answer);
  MonitorRef monitor(Process& watcher, const Pid& target);
  void demonitor(Process& watcher, MonitorRef ref);
  void link(Process& process, const Pid& other);
  void unlink(Process& process, const Pid& other);
  std::expected<TimerRef, Refusal> send_after(Process& process, base::Duration after,
                                              base::BytesView message);
  bool cancel(Process& process, TimerRef timer);
  std::expected<void, Refusal> register_name(Process& process, base::BytesView name);
  void unregister_name(Process& process, base::BytesView name);

  [[nodiscard]] Names& registry(base::BytesView name);
  [[nodiscard]] Process* find_local(const Pid& pid);
  [[nodiscard]] Process& make(Pid parent);

  base::RunId self_;
  ProcessTypes types_;
  RuntimeOptions options_;
  base::Rng rng_;
  base::Now now_;
  Outputs outputs_;                                              // Of the input under way.
  std::map<std::uint64_t, std::unique_ptr<Process>> processes_;  // And ports, by serial.
  std::map<base::Bytes, std::uint64_t, std::less<>> names_;
  std::map<base::Bytes, Names*, std::less<>> registries_;
  NoNames no_registry_;
  std::map<base::RunId, Peer> peers_;
  std::map<CallRef, Call> calls_;
  std::map<std::pair<base::Instant, std::uint64_t>, Alarm> alarms_;  // By time, reference.
  std::deque<std::uint64_t> ready_;                                  // Serials; some may be gone.
  std::deque<Signal> pending_;                                       // To processes here.
  bool delivering_ = false;
  std::uint64_t running_ = 0;  // Whose handler runs; 0: none.
  std::uint64_t last_serial_ = 0;
  std::uint64_t last_ref_ = 0;
  std::size_t ports_ = 0;
  RuntimeStatistics statistics_;
};

}  // namespace horde::process
