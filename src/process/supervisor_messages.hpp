// What a Supervisor is asked and answers, and the options that it is started with. All of it bytes.
//
//   options:  varint max_restarts, varint max_ms, u8 on_intensity, varint backoff_first_ms, varint
//             backoff_max_ms, varint quarantine_first_ms, varint quarantine_max_ms, varint
//             healthy_after_ms, varint max_children, args extra, varint n, spec ...
//   request:  u8 1 start, spec | u8 2 terminate, target | u8 3 which | u8 4 count | u8 5 release,
//   target target:   u8 1, node, varint start, varint serial | u8 2, blob id answer:   u8 1 ok,
//   pid, blob info | u8 2 ignore | u8 3 error, reason      to start
//             u8 1 ok | u8 3 error, reason                                     to terminate,
//             release varint n, child ...                                              to which 4
//             varints: specs, active, supervisors, workers                   to count
//   child:    blob id, u8 state, flag, pid if 1, u8 kind, varint n, blob module ...
#pragma once

#include <variant>

#include "process/supervision.hpp"

namespace horde::process {

struct SupervisorOptions {
  SupervisionOptions supervision;
  std::vector<ChildSpec> children;  ///< Started by init, in this order.
};

namespace supervisor {

struct StartChild {
  ChildSpec spec;  ///< Its id is replaced by a random one.
};
/// A child by its pid (also a former one, while it waits), or by its id.
using Target = std::variant<Pid, base::Bytes>;
struct TerminateChild {
  Target child;
};
struct WhichChildren {};
struct CountChildren {};
struct Release {
  Target child;
};
using Request = std::variant<StartChild, TerminateChild, WhichChildren, CountChildren, Release>;

struct Answer {
  enum class Kind : std::uint8_t { ok = 1, ignore = 2, error = 3 };
  Kind kind = Kind::ok;
  Pid pid;            ///< ok of a start.
  base::Bytes info;   ///< The same: what init had to say.
  ExitReason reason;  ///< error: not_found, max_children, shutting_down, or init's.
  friend bool operator==(const Answer&, const Answer&) = default;
};
struct ChildRow {
  base::Bytes id;
  Child::State state = Child::State::running;
  Pid pid;  ///< None: it is being started again.
  ChildKind kind = ChildKind::worker;
  std::vector<base::Bytes> modules;
  friend bool operator==(const ChildRow&, const ChildRow&) = default;
};
struct Counts {
  std::uint64_t specs = 0;
  std::uint64_t active = 0;
  std::uint64_t supervisors = 0;
  std::uint64_t workers = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
};

[[nodiscard]] base::Bytes encode(const Request& request);
[[nodiscard]] wire::Decoded<Request> decode_request(base::BytesView bytes);
[[nodiscard]] base::Bytes encode(const Answer& answer);
[[nodiscard]] wire::Decoded<Answer> decode_answer(base::BytesView bytes);
[[nodiscard]] base::Bytes encode(const std::vector<ChildRow>& rows);
[[nodiscard]] wire::Decoded<std::vector<ChildRow>> decode_rows(base::BytesView bytes);
[[nodiscard]] base::Bytes encode(const Counts& counts);
[[nodiscard]] wire::Decoded<Counts> decode_counts(base::BytesView bytes);

}  // namespace supervisor

/// Requires: validate(options.supervision), validate(each child).
[[nodiscard]] base::Bytes encode(const SupervisorOptions& options);
[[nodiscard]] wire::Decoded<SupervisorOptions> decode_supervisor_options(base::BytesView bytes);

}  // namespace horde::process
