// Supervision: starts, watches, starts again and stops children. The core of the local supervisor
// (Supervisor, a process), and of any component with a port, such as a distributed supervisor.
//
//   start_child --> starting --ok--> running --exit--> starting (at once) ...
//                      |                |      `-----> waiting, quarantined (until a time) ->
//                      starting |                `-- stop_child --> stopping --> gone
//                      `-- ignore, or a fresh start failed --> gone
//
// It acts through the Context of its owner: a process that traps everything, or a port. The owner
// passes on each Info (on_info says whether it was about a child), and reads what came of it from
// take_events(). Children are linked with the owner, so that they end with it, and monitored; the
// owner ignores Exits that are not its parent's.
//
// Promises: one process per child at a time; a stop that the owner asked for is not counted as a
// failure, whatever the child's reason; children stop all at once, each within its own time, and
// are killed after it. Source: OTP's supervisor and Elixir's DynamicSupervisor. Deviations:
// restart_policy.hpp; a child is looked for by id; an accepted child (a takeover) whose start fails
// is tried again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "process/child_spec.hpp"
#include "process/restart_policy.hpp"
#include "process/server.hpp"

namespace horde::process {

struct SupervisionOptions {
  RestartPolicy restart;
  std::size_t max_children = 1'000'000;
  Args extra_arguments;  ///< Put before each child's own.
};

/// The first option that is wrong.
[[nodiscard]] std::expected<void, SpecError> validate(const SupervisionOptions& options);

struct Child {
  enum class State : std::uint8_t { starting, running, waiting, quarantined, stopping };
  ChildSpec spec;
  State state = State::starting;
  Pid pid;  ///< None while it waits.
  std::uint64_t starts = 0;
  RestartHistory history;
  /// Waiting or quarantined: until then. Stopping: killed then.
  base::Instant again_at = base::Instant::never();
  ExitReason last_failure;

  [[nodiscard]] bool is_up() const { return state == State::starting || state == State::running; }

 private:
  friend class Supervision;
  bool accepted = false;  // It ran before, here or elsewhere.
  MonitorRef monitor;
};
[[nodiscard]] std::string_view to_string(Child::State state);

struct ChildEvent {
  enum class Kind : std::uint8_t {
    started,            ///< For the first time here; `info` from init.
    restarted,          ///< The same, under a new pid.
    start_failed,       ///< A fresh start: there is no child.
    ignored,            ///< init answered ignore: there is no child (any more).
    crashed,            ///< It ended, or could not start, and will be started again.
    quarantined,        ///< The same, after more than max_restarts: see again_at.
    finished,           ///< It ended for good by itself: `reason` is normal, or it is temporary.
    stopped,            ///< As its owner asked; `reason` is its own.
    intensity_reached,  ///< OnIntensity::shutdown: the owner should end. Of no child.
  };
  Kind kind = Kind::started;
  base::Bytes id;
  Pid pid;
  base::Bytes info;
  ExitReason reason;
};
[[nodiscard]] std::string_view to_string(ChildEvent::Kind kind);

struct StartOptions {
  /// `accepted`: it was accepted before (a takeover, a move). If its start fails it is tried again,
  /// and max_children does not apply.
  enum class As : std::uint8_t { fresh, accepted };
  As as = As::fresh;
  std::uint64_t starts = 0;   ///< Starts before this one, for the token.
  std::uint32_t strikes = 0;  ///< As another owner left them.
  std::uint32_t level = 0;
};

struct StopOptions {
  ExitReason reason = ExitReason::shutdown();  ///< What the child is asked with.
  std::optional<base::Duration>
      at_most{};  ///< Caps the child's own time, also if that is infinity.
};

class Supervision {
 public:
  /// The token of a child's start; starts count from 1.
  using TokenOf = std::function<base::Bytes(const Child& child)>;

  explicit Supervision(
      SupervisionOptions options, TokenOf token_of = [](const Child&) { return base::Bytes(); });

  // Inputs.
  /// started, ignored or start_failed follows. Refused: what is wrong with the spec, an id that is
  /// taken, or max_children.
  std::expected<void, SpecError> start_child(Context& context, ChildSpec spec,
                                             const StartOptions& options);
  /// stopped follows. False: no such child. A second stop changes nothing, unless it leaves less
  /// time.
  bool stop_child(Context& context, base::BytesView id, const StopOptions& options);
  void stop_all(Context& context, const StopOptions& options);
  /// Starts a child that waits or is quarantined now, as if it had never failed. False: none such.
  bool release(Context& context, base::BytesView id);
  /// Whether `info` was about a child.
  bool on_info(Context& context, const Info& info);

  // Queries.
  [[nodiscard]] std::vector<ChildEvent> take_events() { return std::exchange(events_, {}); }
  [[nodiscard]] const std::map<base::Bytes, Child, std::less<>>& children() const {
    return children_;
  }
  [[nodiscard]] const Child* find(base::BytesView id) const;
  /// Also by a pid that it had before, as long as it waits to be started again.
  [[nodiscard]] const Child* find(const Pid& pid) const;
  [[nodiscard]] bool empty() const { return children_.empty(); }

 private:
  void start(Context& context, Child& child);
  void stop(Context& context, Child& child, const StopOptions& options);
  void fail(Context& context, Child& child, const ExitReason& reason,
            RestartHistory::Failure failure);
  void on_started(Context& context, Child& child, const Started& started);
  void on_down(Context& context, Child& child, const ExitReason& reason);
  void on_due(Context& context);
  void detach(Context& context, Child& child);
  void set_due(Context& context, Child& child, base::Instant at);
  void set_timer(Context& context);
  void emit(ChildEvent::Kind kind, const Child& child, base::Bytes info, ExitReason reason);
  void drop(Context& context, Child& child, ChildEvent::Kind kind, const ExitReason& reason);

  SupervisionOptions options_;
  TokenOf token_of_;
  RestartIntensity intensity_;
  std::map<base::Bytes, Child, std::less<>> children_;
  std::map<Pid, base::Bytes> by_pid_;  // The last one of each child.
  std::map<MonitorRef, base::Bytes> by_monitor_;
  std::set<std::pair<base::Instant, base::Bytes>> due_;  // The again_at of those that have one.
  TimerRef timer_;  // One for all of them: for the earliest, or earlier.
  base::Instant timer_at_ = base::Instant::never();
  std::vector<ChildEvent> events_;
};

}  // namespace horde::process
