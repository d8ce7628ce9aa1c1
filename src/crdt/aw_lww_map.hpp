// AwLwwMap: the state of one replica's add-wins, last-write-wins map.
//
// Two invariants hold after every call (replication rules, docs/protocol.md):
//   main     the puts kept are exactly the unsuperseded puts of the events that `vector()` covers
//   closure  a vector that covers an event covers every event that it supersedes
// Given to it are local writes, single events in order (pushes), and whole joins; it decides
// nothing about when. It is pure state: no time passes in it and nothing leaves it.
//
// Every change of an entry moves it behind all others in `order`, a number local to this replica
// and run, by which it is served to others page by page.
//
// Source: the observed-remove map of Almeida, Shoker, Baquero, "Delta state replicated data types"
// (2018), and DeltaCrdt's AWLWWMap. Deviations: removes are events with dots, supersession is
// listed, concurrent puts stay visible to those who ask.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.hpp"
#include "crdt/entry.hpp"
#include "crdt/version_vector.hpp"

namespace horde::crdt {

/// Run -> the largest counter of a remove of that run whose tombstone was dropped (the floor, T1).
using Floor = std::map<base::RunId, std::uint64_t>;

/// What a key shows before and after a change.
enum class Visible : std::uint8_t {
  same,     ///< Nothing that the plain reading shows; siblings may have changed.
  added,    ///< The plain reading shows a new value.
  removed,  ///< The plain reading shows nothing any more.
};

struct Change {
  Key key;
  Visible visible = Visible::same;
};

/// What changed since the last take_delta(): as much as a log record must hold, and who must be
/// told.
struct Delta {
  std::vector<Change> keys;         // In the order of change; twice if changed twice.
  std::vector<base::Dot> raised;    // Runs whose counter rose, with the new one.
  std::vector<Closed> closed;       // Closings that are new.
  std::vector<base::RunId> floors;  // Runs whose floor rose.
  [[nodiscard]] bool empty() const {
    return keys.empty() && raised.empty() && closed.empty() && floors.empty();
  }
};

/// A sender's side of a join.
struct Remote {
  std::vector<std::pair<Key, Siblings>> entries;  // Each key at most once.
  VersionVector vector;
  Floor floor;
  std::vector<std::pair<Key, base::Dot>> gone;  // Reconciled (T4): covered there, and not there.
  bool adopt_floor = false;                     // After a reconciliation (T5).
};

class AwLwwMap {
 public:
  AwLwwMap() = default;
  // Its indexes point into its table, which moves whole but does not copy.
  AwLwwMap(const AwLwwMap&) = delete;
  AwLwwMap& operator=(const AwLwwMap&) = delete;
  AwLwwMap(AwLwwMap&&) = default;
  AwLwwMap& operator=(AwLwwMap&&) = default;
  ~AwLwwMap() = default;

  // --- Local writes (W1 to W3). `run` is the writer's own; `clock` its wall clock in ns.
  Event put(const base::RunId& run, const Key& key, Value value, Stamp clock);
  /// Nothing if no put of the key is visible.
  std::optional<Event> remove(const base::RunId& run, const Key& key, Stamp clock);
  /// Puts the shown value again, over all siblings, with its stamp: the entry shows what it showed,
  /// here and beside writes that are still unseen. Requires: a put of the key is visible.
  Event put_over(const base::RunId& run, const Key& key);
  /// A put that supersedes nothing and keeps its stamp: what a replica that had to start anew had
  /// written and nobody else has (C3).
  Event put_again(const base::RunId& run, const Key& key, Value value, Stamp stamp);

  // --- Events and state of others.
  enum class Fit : std::uint8_t { applies, covered, early };
  /// Whether `event` can be applied now: `early` if its predecessor or what it supersedes is
  /// missing.
  [[nodiscard]] Fit fit(const Event& event) const;
  /// Requires: fit(event) == applies.
  void apply(Event event);
  /// Joins another replica's state, in one step. Requires: neither vector differs from
  /// the closings of the other (Agreement::differs).
  void join(const Remote& remote);

  // --- Tombstones and ended runs.
  /// Drops the tombstone and raises the floor over it (T1). Requires: the entry has it.
  void drop_tombstone(const Key& key, const base::Dot& dot);
  /// Closes `node`'s runs before `before` (C2), with their floors; their tombstones go.
  void close(base::NodeId node, std::uint64_t before);

  // --- Loading from a log: state as it was, no invariant checked before the last record.
  void load_entry(const Key& key, Siblings siblings);
  void load_vector(std::span<const base::Dot> raised, std::span<const Closed> closed);
  void load_floor(const base::RunId& run, std::uint64_t counter);

  // --- Reading.
  [[nodiscard]] const Value* get(const Key& key) const;
  [[nodiscard]] const Siblings* siblings(base::BytesView key) const;
  /// Visible keys with their values, ascending by key. Cost: sorts all entries.
  [[nodiscard]] std::map<Key, Value> to_map() const;
  [[nodiscard]] std::size_t keys_visible() const { return keys_visible_; }
  [[nodiscard]] std::size_t entries() const { return entries_.size(); }
  [[nodiscard]] std::size_t tombstones() const { return tombstoned_.size(); }
  /// Bytes that keys, values and the tables' own parts take, as counted, not as allocated.
  [[nodiscard]] std::size_t bytes() const;

  [[nodiscard]] const VersionVector& vector() const { return vector_; }
  [[nodiscard]] const Floor& floor() const { return floor_; }
  /// Rises with each change of the floor or of the closings.
  [[nodiscard]] std::uint64_t floor_version() const { return floor_version_; }
  /// Whether `dot` is a tombstone that this floor has dropped, or of a run closed here.
  [[nodiscard]] bool below_floor(const base::Dot& dot) const;
  /// Whether `vector` covers all that was dropped here: only such may be served by pages (T2).
  [[nodiscard]] bool floor_covered_by(const VersionVector& vector) const;

  /// The sum of hash(dot) over the puts kept: what equal vectors must agree on.
  [[nodiscard]] std::uint64_t live_sum() const { return live_sum_; }
  /// What converged replicas agree on (section 8): vector and live puts.
  [[nodiscard]] std::uint64_t digest() const { return base::combine(vector_.digest(), live_sum_); }

  /// Rises with each change of the entries, dropped tombstones beside puts excepted.
  [[nodiscard]] std::uint64_t last_order() const { return last_order_; }
  /// Calls `visit(key, siblings, order)` for the entries with order > `cursor`, by order, until it
  /// answers false.
  void visit_after(
      std::uint64_t cursor,
      const std::function<bool(const Key&, const Siblings&, std::uint64_t)>& visit) const;
  /// The same for entries that hold a tombstone.
  void visit_tombstones(
      const std::function<bool(const Key&, const Siblings&, std::uint64_t)>& visit) const;

  /// What changed since the last call.
  [[nodiscard]] Delta take_delta();

 private:
  struct Entry {
    Siblings siblings;
    std::uint64_t order = 0;
  };
  // Never iterated: by order below, or sorted in to_map().
  using Table = std::unordered_map<Key, Entry, base::BytesHash, std::equal_to<>>;
  using Row = Table::value_type;

  enum class Order : std::uint8_t { moves, stays };

  Event write(const base::RunId& run, const Key& key, Sibling sibling);
  [[nodiscard]] Row& row(const Key& key);
  // Replaces a row's siblings and keeps every index; erases the row when nothing is left.
  void assign(Row& row, Siblings siblings, Order order);
  void drop_closed();
  void raise(const base::Dot& dot);
  void raise_floor(const base::RunId& run, std::uint64_t counter);
  [[nodiscard]] Siblings joined(const Siblings& ours, const Siblings& theirs,
                                const Remote& remote) const;

  Table entries_;
  std::map<std::uint64_t, Row*> by_order_;  // Rows stay where they are until erased.
  std::map<std::uint64_t, Row*> tombstoned_;
  VersionVector vector_;
  Floor floor_;
  std::uint64_t last_order_ = 0;
  std::uint64_t floor_version_ = 0;
  std::uint64_t live_sum_ = 0;
  std::size_t keys_visible_ = 0;
  std::size_t payload_bytes_ = 0;
  Delta delta_;
};

}  // namespace horde::crdt
