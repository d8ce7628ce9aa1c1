// The values of the actor runtime: pids, references, exit reasons, and what arrives at a process.
//
// Source: the Erlang reference manual, "Processes" (links, monitors, exit signals and reasons).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

namespace horde::process {

/// A process: its number in one life of a node. Never used twice.
struct Pid {
  base::RunId run;
  std::uint64_t serial = 0;  ///< From 1. 0: no process.

  [[nodiscard]] bool is_none() const { return serial == 0; }
  friend constexpr auto operator<=>(const Pid&, const Pid&) = default;
};
[[nodiscard]] std::string to_string(const Pid& pid);  // "<n1.17.3>"

/// References, unique within one life of a node and never used twice there.
struct MonitorRef {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(MonitorRef, MonitorRef) = default;
};
struct CallRef {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(CallRef, CallRef) = default;
};
struct TimerRef {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(TimerRef, TimerRef) = default;
};

/// A name that a process has lost in a registry, and who has it now.
struct NameConflict {
  base::Bytes registry;
  base::Bytes key;
  base::Bytes value;
  Pid winner;
  friend bool operator==(const NameConflict&, const NameConflict&) = default;
};

/// Why a process ended, or is asked to.
struct ExitReason {
  enum class Kind : std::uint8_t {
    normal = 1,         ///< It had nothing more to do.
    shutdown = 2,       ///< It was asked to stop.
    shutdown_with = 3,  ///< The same, and `detail` says why.
    kill = 4,           ///< Asked for with exit(): cannot be trapped.
    killed = 5,         ///< What others see of one that was ended by `kill`.
    noproc = 6,         ///< There is no such process (any more).
    noconnection = 7,   ///< Its node was lost.
    error = 8,          ///< It failed; `detail` says how.
    name_conflict = 9,  ///< Another process has its name: see name_conflict_of.
  };
  Kind kind = Kind::normal;
  base::Bytes detail;  ///< Empty unless shutdown_with, error or name_conflict; cut at
                       ///< wire::kReasonDetailBytesMax.

  [[nodiscard]] static ExitReason normal() { return {}; }
  [[nodiscard]] static ExitReason shutdown() { return {Kind::shutdown, {}}; }
  [[nodiscard]] static ExitReason shutdown(base::BytesView why);
  [[nodiscard]] static ExitReason kill() { return {Kind::kill, {}}; }
  [[nodiscard]] static ExitReason killed() { return {Kind::killed, {}}; }
  [[nodiscard]] static ExitReason noproc() { return {Kind::noproc, {}}; }
  [[nodiscard]] static ExitReason noconnection() { return {Kind::noconnection, {}}; }
  [[nodiscard]] static ExitReason error(base::BytesView what);
  [[nodiscard]] static ExitReason name_conflict(const NameConflict& conflict);

  /// normal, shutdown or shutdown(x): no crash, and a transient child is not started again.
  [[nodiscard]] bool is_normal_exit() const { return kind <= Kind::shutdown_with; }
  friend bool operator==(const ExitReason&, const ExitReason&) = default;
};
[[nodiscard]] std::string to_string(const ExitReason& reason);  // "normal", "error(boom)"
/// Nothing if it is another reason.
[[nodiscard]] std::optional<NameConflict> name_conflict_of(const ExitReason& reason);
/// Reads what to_string(ExitReason) prints; any other text is an error with that text.
[[nodiscard]] ExitReason reason_of(base::BytesView text);

/// The arguments that a process is started with.
using Args = std::vector<base::Bytes>;

/// Whom a request is to be answered to.
struct Caller {
  Pid pid;
  CallRef ref;
  friend constexpr auto operator<=>(const Caller&, const Caller&) = default;
};

// What arrives at a process. Requests and casts have handlers of their own; Info is the rest.
struct Request {
  Caller from;
  base::Instant expires;  ///< When the caller has given up, or later: it started to wait before us.
  base::Bytes bytes;
  friend bool operator==(const Request&, const Request&) = default;
};
struct Cast {
  Pid from;
  base::Bytes bytes;
  friend bool operator==(const Cast&, const Cast&) = default;
};
struct Message {
  Pid from;
  base::Bytes bytes;
  friend bool operator==(const Message&, const Message&) = default;
};
/// The end of a monitored process.
struct Down {
  MonitorRef monitor;
  Pid pid;
  ExitReason reason;
  friend bool operator==(const Down&, const Down&) = default;
};
/// An exit signal, for those that trap exits.
struct Exit {
  Pid from;
  ExitReason reason;
  friend bool operator==(const Exit&, const Exit&) = default;
};
struct Timeout {
  TimerRef timer;
  base::Bytes bytes;
  friend bool operator==(const Timeout&, const Timeout&) = default;
};
/// The end of a call; each call that was made ends exactly once, unless the caller ends before.
struct CallEnded {
  enum class Status : std::uint8_t {
    ok = 0,       ///< `reply` is the answer.
    error = 1,    ///< The request was not handled and will not be: see `reason`.
    unknown = 2,  ///< It may have been handled, or may yet be.
  };
  CallRef call;
  Pid callee;
  Status status = Status::ok;
  base::Bytes reply;
  /// error: noproc, over_limit, or what the callee ended with before the request's turn.
  /// unknown: error(timeout), noconnection, or what the callee ended with before it answered.
  ExitReason reason;
  friend bool operator==(const CallEnded&, const CallEnded&) = default;
};
[[nodiscard]] std::string_view to_string(CallEnded::Status status);
/// How the start of a process went, for the parent that asked to be told.
struct Started {
  enum class Outcome : std::uint8_t { ok, ignore, error };
  Pid pid;
  Outcome outcome = Outcome::ok;
  base::Bytes info;   ///< ok: what init had to say.
  ExitReason reason;  ///< error: why there is no process.
  friend bool operator==(const Started&, const Started&) = default;
};

using Info = std::variant<Message, Down, Exit, Timeout, CallEnded, Started>;
using Envelope = std::variant<Request, Cast, Info>;

/// Why something local could not be done.
enum class Refusal : std::uint8_t {
  over_limit,          ///< A queue, table or message is full or too large.
  noproc,              ///< No such process here.
  already_registered,  ///< Somebody holds the name.
  unknown_type,        ///< No such process type.
  name_refused,        ///< A registry has refused the name, and nobody else holds it.
};
[[nodiscard]] std::string_view to_string(Refusal refusal);

}  // namespace horde::process
