// The event trace: a rolling hash over everything that happens, and records of it for people.
//
// The hash is always kept and is the proof of determinism: two runs with the same hash had the same
// events, payloads and effects in the same order. Recording is optional and changes nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/time.hpp"
#include "sim/core/machine.hpp"

namespace horde::sim {

enum class TraceKind : std::uint8_t {
  node,       ///< A node was added; `label` is its name, `detail` its address.
  up,         ///< It was started; `number` is its boot number.
  down,       ///< It is gone; `label` says why.
  start,      ///< Inputs of an engine, from here ...
  delivered,  ///< `number`, `bytes` and `hash` of the datagram, from `peer`.
  timeout,
  hint,     ///< `label` is its kind, `peer` whom it is about.
  call,     ///< ... to here. `label` is the call's, `hash` that of its payload.
  sent,     ///< Effects, from here ... To `peer`.
  persist,  ///< `label` is "append" or "replace".
  tell,     ///< `label` is the topic, `detail` what it is about.
  answer,   ///< `number` is the call's id, `label` the status.
  ended,    ///< ... to here. `label` is the reason.
  dropped,  ///< Datagram `number` of `node` to `peer`; `label` says why.
  fault,    ///< Something was done to the world: "cut", "pause", ...; `detail` says what.
};
inline constexpr std::uint8_t kTraceKindCount = 15;
[[nodiscard]] std::string_view to_string(TraceKind kind);
[[nodiscard]] std::optional<TraceKind> trace_kind_of(std::string_view text);

struct TraceEvent {
  base::Instant at;
  TraceKind kind = TraceKind::node;
  NodeIndex node = kNoNode;
  NodeIndex peer = kNoNode;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;  ///< Of the payload: bytes, label and detail in full.
  std::string label;
  std::string detail;         ///< For people: printable, shortened.
  std::uint64_t rolling = 0;  ///< The rolling hash after this event.

  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
};

/// The rolling hash.
class TraceHash {
 public:
  void add(base::Instant at, TraceKind kind, NodeIndex node, NodeIndex peer, std::uint64_t hash) {
    state_ = base::mix64(state_ ^ static_cast<std::uint64_t>(at.ns));
    state_ = base::mix64(state_ ^ (static_cast<std::uint64_t>(node) << 32U | peer));
    state_ = base::mix64(state_ ^ (hash + static_cast<std::uint64_t>(kind)));
  }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0;
};

/// Receives each event of a run that is recorded.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void on_event(const TraceEvent& event) = 0;
};

/// Keeps the last `events_max` events in memory.
class TraceList final : public TraceSink {
 public:
  explicit TraceList(std::size_t events_max = static_cast<std::size_t>(-1))
      : events_max_(events_max) {}
  void on_event(const TraceEvent& event) override;
  [[nodiscard]] const std::deque<TraceEvent>& events() const { return events_; }

 private:
  std::size_t events_max_;
  std::deque<TraceEvent> events_;
};

/// Prints events as lines for people: "1.204000s n1 sent #17 to n2, 100 B". It learns the nodes'
/// names from the trace itself.
class TracePrinter {
 public:
  [[nodiscard]] std::string print(const TraceEvent& event);

 private:
  [[nodiscard]] std::string name(NodeIndex node) const;
  std::vector<std::string> names_;
};

/// Yields the events of a trace one by one, then nothing.
using TraceSource = std::function<std::optional<TraceEvent>()>;
[[nodiscard]] TraceSource source_of(const TraceList& list);

/// Where two traces part.
struct TraceDifference {
  static constexpr std::size_t kBeforeMax = 20;
  std::uint64_t index = 0;         ///< Of the first event that differs, from 0.
  std::optional<TraceEvent> left;  ///< Nothing where that trace has ended.
  std::optional<TraceEvent> right;
  std::vector<TraceEvent> before;  ///< The last events that both share, oldest first.
};
/// Nothing if the traces are equal. Reads both only up to the difference.
[[nodiscard]] std::optional<TraceDifference> first_difference(const TraceSource& left,
                                                              const TraceSource& right);

}  // namespace horde::sim
