// Table: all names that a registry knows, with who is shown under each. A projection of the map
// and of the view; plain data, no time.
//
//   put, erase (entries) --+
//   set_present (view) ----+--> who is shown under each key --> reads
//                          `--> Shift: who is shown no more, who is now
//
// One notion of visible (R15): the holder's run is present, which is to say that its node is a
// member, reachable, and in that boot. Holders of other runs stay in the table, hidden, and are
// shown again without a write when their node is back. Of several visible holders of a unique key
// the winner is shown: of copies of one child only the latest counts, then the highest rank (R16).
//
// Cost: lookup is one hash and no allocation; put and erase are logarithmic in the keys of the
// holder and linear in the holders of that one key; set_present pays for the keys of the runs
// whose presence has changed.
#pragma once

#include <boost/container/small_vector.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "process/names.hpp"
#include "registry/events.hpp"
#include "registry/name.hpp"
#include "registry/options.hpp"
#include "registry/row_index.hpp"

namespace horde::registry {

/// One entry of the map.
struct Holding {
  process::Pid pid;
  std::uint64_t number = 0;
  Rank rank;
  base::Bytes value;
  bool visible = false;
};

/// What reads of one key showed, and show from now on. At most one of both may be missing.
struct Shift {
  struct Shown {
    process::Pid pid;
    base::Bytes value;
    friend bool operator==(const Shown&, const Shown&) = default;
  };
  base::Bytes key;
  std::optional<Shown> before;
  std::optional<Shown> after;
  Cause cause = Cause::registered;
};

class Table {
 public:
  explicit Table(Keys keys) : keys_(keys) {}
  // Its indexes point into its rows.
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  Table(Table&&) = default;
  Table& operator=(Table&&) = default;
  ~Table() = default;

  /// Adds or replaces. `cause`: of what follows from it for readers, where ranks do not say it.
  void put(const NameKey& key, std::uint64_t serial, const Rank& rank, base::Bytes value,
           Cause cause);
  /// False if there was none.
  bool erase(const NameKey& key, Cause cause);
  /// The runs whose holders are visible from now on, and the nodes that are members: who is present
  /// no more has lost its node or its membership.
  void set_present(const std::set<base::RunId>& present, const std::set<base::NodeId>& members);

  // --- Reads. Views are valid until the next change.
  /// Null: nobody is shown. With duplicate keys, the first of shown().
  [[nodiscard]] const Holding* lookup(base::BytesView key) const;
  /// Ascending by run, then number.
  [[nodiscard]] std::vector<const Holding*> shown(base::BytesView key) const;
  /// All, also who is hidden or has lost, in the same order.
  [[nodiscard]] std::span<const Holding> holdings(base::BytesView key) const;
  [[nodiscard]] const Holding* find(const NameKey& key) const;
  /// Those under which `pid` is shown, ascending; with duplicate keys one may be there repeatedly.
  [[nodiscard]] std::vector<base::BytesView> keys(const process::Pid& pid) const;
  /// Entries shown: keys with unique keys, registrations with duplicate ones.
  [[nodiscard]] std::size_t shown_count() const { return shown_count_; }
  [[nodiscard]] std::size_t holdings_count() const { return holdings_count_; }
  /// Every entry shown, ascending by pid, then key.
  void visit(const std::function<void(const process::NameEntry&)>& each) const;
  /// Everything of one process or run, also what is hidden, ascending.
  [[nodiscard]] std::vector<NameKey> of(const process::Pid& pid) const;
  [[nodiscard]] std::vector<NameKey> of(const base::RunId& run) const;
  /// Those that have anything in the table, ascending.
  [[nodiscard]] std::vector<base::RunId> runs() const;
  [[nodiscard]] bool is_present(const base::RunId& run) const { return present_.contains(run); }
  /// Which of the holders is shown, for holders of a key; also hidden ones may be asked for.
  [[nodiscard]] bool is_shown(const NameKey& key) const;
  /// The visible holding that a visible `loser` has lost against: a later copy of its child if
  /// there is one, else who is shown. Null if it has not lost.
  [[nodiscard]] const Holding* winner_over(const NameKey& loser) const;

  // --- What happened since the last call, in order.
  [[nodiscard]] std::vector<Shift> take_shifts() { return std::exchange(shifts_, {}); }
  /// Keys with several visible holders that were touched; unique keys only.
  [[nodiscard]] std::set<base::Bytes> take_contested() { return std::exchange(contested_, {}); }
  /// Keys whose holders changed, or their visibility.
  [[nodiscard]] std::vector<base::Bytes> take_touched() { return std::exchange(touched_, {}); }

 private:
  // One nearly always, which then stands in its row.
  using Holdings = boost::container::small_vector<Holding, 1>;
  struct Row {
    static constexpr int kNobody = -1;
    int shown = kNobody;  // Of holdings; with duplicate keys, the first visible one.
    base::Bytes key;
    Holdings holdings;  // Ascending by run, number.
  };
  using Rows = std::map<base::BytesView, Row*>;  // By their own keys.

  [[nodiscard]] std::optional<Shift::Shown> seen(const Row& row, const NameKey& key) const;
  void choose(Row& row) const;
  template <class Change>
  void change(Row& row, const NameKey& key, Cause cause, Change&& what);
  void set_visible(const base::RunId& run, bool visible, Cause cause);

  Keys keys_;
  RowIndex<Row> rows_;
  std::map<process::Pid, Rows> by_pid_;
  std::set<base::RunId> present_;
  std::vector<Shift> shifts_;
  std::set<base::Bytes> contested_;
  std::vector<base::Bytes> touched_;
  std::size_t shown_count_ = 0;
  std::size_t holdings_count_ = 0;
};

}  // namespace horde::registry
