// VersionVector: what a replica knows. For each run, "I have the effect of every event up to here".
//
//   open:   run -> counter          one number for each run with events
//   closed: node -> {before, sum}   all runs of the node that started before `before` are over and
//                                   agreed upon; `sum` identifies what was agreed (rule C2)
//
// Promises: counters only rise, except by replacing the whole value; a run without events has no
// entry (C1). `digest()` is kept up to date, so asking costs nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"

namespace horde::crdt {

/// The runs of `node` that started before `before` are closed. `sum` is the sum of the hashes of
/// their last dots: two replicas that closed the same runs after the same events have the same sum.
struct Closed {
  base::NodeId node;
  std::uint64_t before = 0;
  std::uint64_t sum = 0;
  friend bool operator==(const Closed&, const Closed&) = default;
};

/// How a replica's knowledge stands to runs that another one has closed.
enum class Agreement : std::uint8_t {
  same,     ///< It has exactly what was agreed, or there is nothing to compare.
  behind,   ///< It has nothing of some of those runs: an ordinary newcomer.
  differs,  ///< It has something else: it was left out of the agreement, and must start anew (C3).
};

class VersionVector {
 public:
  /// The number of the last event of `run` that is covered; 0 if none is. Closed runs: the largest
  /// value.
  [[nodiscard]] std::uint64_t counter(const base::RunId& run) const;
  [[nodiscard]] bool covers(const base::Dot& dot) const { return counter(dot.run) >= dot.counter; }
  /// Whether everything that `other` covers is covered here, closings included.
  [[nodiscard]] bool covers(const VersionVector& other) const;
  [[nodiscard]] bool is_closed(const base::RunId& run) const;

  /// Raises `dot.run` to `dot.counter`; nothing if it is covered already.
  void raise(const base::Dot& dot);
  /// The larger of both for each run. Requires: agreement_with(other) is
  /// not differs.
  void merge(const VersionVector& other);

  /// Closes all runs of `node` that started before `before`. Requires: more than are closed.
  void close(base::NodeId node, std::uint64_t before);
  /// Takes over a closing as it was stored, whatever is known here of its runs.
  void restore(const Closed& closed);

  /// How what is known here stands to the closings of `other` that go as far as ours, or further.
  [[nodiscard]] Agreement agreement_with(const VersionVector& other) const;

  /// What was agreed on `node`'s runs that `other` has closed, if that can be told from the sums:
  /// all of them but one must be known here as they were agreed. Cost: a hash for each event of
  /// those runs, and some thousands more.
  [[nodiscard]] std::optional<VersionVector> agreed_by(const VersionVector& other,
                                                       base::NodeId node) const;
  /// A hash of the closings alone. Where two vectors differ from each other's closings, the one
  /// with the smaller rank gives way.
  [[nodiscard]] std::uint64_t closings_rank() const;

  /// The newest run of `node` that has events or was closed before; 0 if none is known.
  [[nodiscard]] std::uint64_t latest_start(base::NodeId node) const;
  /// Whether a later run of the same node is known here, or the run is closed.
  [[nodiscard]] bool is_ended(const base::RunId& run) const;
  /// The sum of the hashes of the last dots of `node`'s runs before `before`, closed ones included.
  [[nodiscard]] std::uint64_t sum_before(base::NodeId node, std::uint64_t before) const;

  /// Hash of the whole value, the same for equal values: a sum over its parts, so order is no
  /// matter.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  /// Hash of the cold part alone: ended runs and closings.
  [[nodiscard]] std::uint64_t cold_digest() const;
  /// The newest run of each node only: all that changes while nobody restarts.
  [[nodiscard]] VersionVector hot() const;
  /// What hot() leaves out.
  [[nodiscard]] VersionVector cold() const;

  /// How many events `other` lacks of what is covered here, counted over open runs.
  [[nodiscard]] std::uint64_t events_ahead_of(const VersionVector& other) const;

  [[nodiscard]] std::span<const base::Dot> open() const {
    return open_;
  }  // By run; last covered dot.
  [[nodiscard]] std::span<const Closed> closed() const { return closed_; }  // By node.
  [[nodiscard]] bool empty() const { return open_.empty() && closed_.empty(); }

  friend bool operator==(const VersionVector& a, const VersionVector& b) {
    return a.open_ == b.open_ && a.closed_ == b.closed_;
  }

 private:
  [[nodiscard]] const Closed* find_closed(base::NodeId node) const;
  void set_closed(const Closed& closed);

  std::vector<base::Dot> open_;
  std::vector<Closed> closed_;
  std::uint64_t digest_ = 0;
};

[[nodiscard]] std::string to_string(const VersionVector& vector);  // "{n1.17:3 n2.4:1 | n3<9}"

}  // namespace horde::crdt
