// Copies: the processes here that run a supervisor's children. It carries out StartCopy and
// StopCopy through a port of the runtime, and tells the supervisor what became of each.
//
//   StartCopy -> spawn, monitor -> Started(ok)     -> copy_started ... Down -> copy_exited
//                               -> Started(ignore) -> copy_ignored(why)
//                               -> Started(error)  -> copy_failed
//   StopCopy  -> exit(shutdown(why)), after the grace exit(kill) ...... Down -> copy_stopped
//   note_conflict: it is to end, since it lost a name ...... Down, Started -> copy_conflicted
//
// Each step of a copy's life is told to observers: copy_starting (value: the token's start count),
// copy_up, copy_failed (0: init answered ignore, 1: an error, 2: either, of one that had lost a
// name, 3: it was asked to stop), copy_down (0: it was asked to stop, 1: a normal exit of its own,
// 2: a crash, 3: it had lost a name). The detail is the child's id.
//
// Promises: each StartCopy is answered once, each StopCopy by copy_stopped or by an answer that was
// under way; a process that does not end when it is asked to is killed when its grace is over, and
// a second StopCopy may cut the grace short.
#pragma once

#include <map>

#include "process/runtime.hpp"
#include "supervisor/supervisor.hpp"

namespace horde::node {

/// What a child's `start` says: a process type and its arguments.
struct Program {
  base::Bytes type;
  process::Args args;
  friend bool operator==(const Program&, const Program&) = default;
};
[[nodiscard]] base::Bytes encode(const Program& program);
/// Any bytes may be given.
[[nodiscard]] wire::Decoded<Program> decode_program(base::BytesView bytes);
/// Why a child's `start` cannot be taken: "start: ..."; empty if it can. Whether there is such a
/// type is known only where it is to run.
[[nodiscard]] std::string refusal_of_start(base::BytesView start);

/// A pid as entries and answers hold it.
[[nodiscard]] base::Bytes encode(const process::Pid& pid);
[[nodiscard]] std::optional<process::Pid> decode_pid(base::BytesView bytes);

class Copies {
 public:
  /// Opens a port. `extra_arguments` go before each child's own. Requires: `runtime` lives longer
  /// than this.
  Copies(process::Runtime& runtime, base::BytesView name, process::Args extra_arguments);

  /// Asked once for each init that answers ignore; without it, all of them have declined.
  using WhyIgnored = std::function<supervisor::Ignored(const process::Pid&)>;
  void on_ignore_ask(WhyIgnored why) { why_ignored_ = std::move(why); }

  void start(base::Now now, const supervisor::StartCopy& order, supervisor::Supervisor& supervisor,
             process::Outputs& processes, supervisor::Outputs& out);
  void stop(base::Now now, const supervisor::StopCopy& order, process::Outputs& processes);
  /// Something arrived at our port.
  void on_arrival(base::Now now, const process::Envelope& what, supervisor::Supervisor& supervisor,
                  process::Outputs& processes, supervisor::Outputs& out);

  /// The process, if it is a copy's, has lost a name: however it ends now, unless it is stopped,
  /// that is neither a crash nor an end of the child (R18). Of several losses, the one to the
  /// latest copy of its own child counts. `winner` is read with same_child.
  void note_conflict(const process::Pid& pid, bool same_child, const supervisor::Claim& winner);

  /// What a process here is a copy of.
  struct ChildOf {
    supervisor::ChildId id;
    supervisor::Claim claim;
    std::uint64_t birth_ns = 0;
    bool has_run = false;
    friend bool operator==(const ChildOf&, const ChildOf&) = default;
  };
  /// Nothing if it is none, or is gone. Known from before its init runs.
  [[nodiscard]] std::optional<ChildOf> child_of(const process::Pid& pid) const;

  [[nodiscard]] const process::Pid& port() const { return port_; }
  /// The children that have a process here, also one that is starting or stopping.
  [[nodiscard]] std::vector<supervisor::ChildId> ids() const;

 private:
  struct Copy {
    process::Pid pid;
    process::MonitorRef monitor;
    supervisor::Shutdown shutdown;
    supervisor::Claim claim;
    std::uint64_t birth_ns = 0;
    bool has_run = false;
    std::optional<supervisor::Conflict> conflict{};
    bool stopping = false;
    base::Instant kill_at = base::Instant::never();  // While stopping.
    std::optional<process::TimerRef> kill_timer;
  };
  using Entry = std::map<supervisor::ChildId, Copy>::iterator;

  [[nodiscard]] Entry find(const process::Pid& pid);
  void erase(Entry copy);
  void on_started(base::Now now, const process::Started& started,
                  supervisor::Supervisor& supervisor, process::Outputs& processes,
                  supervisor::Outputs& out);
  void on_down(base::Now now, const process::Down& down, supervisor::Supervisor& supervisor,
               process::Outputs& processes, supervisor::Outputs& out);

  process::Runtime* runtime_;
  process::Pid port_;
  process::Args extra_arguments_;
  WhyIgnored why_ignored_;
  std::map<supervisor::ChildId, Copy> copies_;
  std::map<process::Pid, supervisor::ChildId> by_pid_;
  std::map<process::TimerRef, process::Pid> kill_timers_;
};

}  // namespace horde::node
