// Table: all names that a registry knows, with who is shown under each. A projection of the map
// and of the view; plain data, no time.
//
//   put, erase (entries) --+
//   set_present (view) ----+--> shown holder of each name --> reads
//                          `--> Shift: who is shown no more, who is now
//
// One notion of visible (R15): the holder's run is present, which is to say that its node is a
// member, reachable, and in that boot. Holders of other runs stay in the table, hidden, and are
// shown again without a write when their node is back. Of several visible holders of a unique name
// the one that winner() gives is shown.
//
// Cost: lookup is one hash and no allocation; put and erase are logarithmic in the names of the
// holder; set_present pays for the names of the runs whose presence has changed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/hash.hpp"
#include "process/names.hpp"
#include "registry/events.hpp"
#include "registry/name.hpp"
#include "registry/options.hpp"

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
  base::Bytes key;
  std::optional<std::pair<process::Pid, base::Bytes>> before;
  std::optional<std::pair<process::Pid, base::Bytes>> after;
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

  /// Adds or replaces. `cause`: of what follows from it for readers.
  void put(const NameKey& key, const process::Pid& pid, Rank rank, base::Bytes value, Cause cause);
  /// False if there was none.
  bool erase(const NameKey& key, Cause cause);
  /// The runs whose holders are visible. `removed`: of those that are present no more, the nodes
  /// that are no members any more.
  void set_present(const std::set<base::RunId>& present, const std::set<base::NodeId>& removed);

  // --- Reads.
  /// Null: nobody is shown. With duplicate keys, the first.
  [[nodiscard]] const Holding* lookup(base::BytesView key) const;
  [[nodiscard]] std::vector<const Holding*> shown(base::BytesView key) const;
  /// All, also who is hidden or has lost, ascending by (run, number).
  [[nodiscard]] std::span<const Holding> holdings(base::BytesView key) const;
  [[nodiscard]] std::vector<base::BytesView> keys(const process::Pid& pid) const;
  /// Entries shown: names with unique keys, registrations with duplicate ones.
  [[nodiscard]] std::size_t shown_count() const { return shown_count_; }
  [[nodiscard]] std::size_t holdings_count() const { return holdings_count_; }
  void visit(const std::function<void(const process::NameEntry&)>& each) const;
  /// Everything that a process, or a whole run, has in the map.
  [[nodiscard]] std::vector<NameKey> of(const process::Pid& pid) const;
  [[nodiscard]] std::vector<NameKey> of(const base::RunId& run) const;
  [[nodiscard]] std::vector<base::RunId> runs() const;
  [[nodiscard]] bool is_present(const base::RunId& run) const { return present_.contains(run); }

  /// What readers saw change since the last call, in order.
  [[nodiscard]] std::vector<Shift> take_shifts() { return std::exchange(shifts_, {}); }
  /// Unique keys under which a visible holder of this run is not the one shown, since the last
  /// call; there may be others among them.
  [[nodiscard]] std::set<base::Bytes> take_contested() { return std::exchange(contested_, {}); }
  /// The visible holding that outranks `loser` (R16): a later copy of its child if there is one,
  /// else who is shown. Null if it is the one shown, or hidden.
  [[nodiscard]] const Holding* winner_over(base::BytesView key, const process::Pid& loser) const;

 private:
  struct Row;
  struct ByKey {
    bool operator()(const Row* a, const Row* b) const;
  };
  // Never iterated.
  using Rows =
      std::unordered_map<base::Bytes, std::unique_ptr<Row>, base::BytesHash, std::equal_to<>>;

  Keys keys_;
  Rows rows_;
  std::map<process::Pid, std::set<const Row*, ByKey>> by_pid_;
  std::set<base::RunId> present_;
  std::vector<Shift> shifts_;
  std::set<base::Bytes> contested_;
  std::size_t shown_count_ = 0;
  std::size_t holdings_count_ = 0;
};

}  // namespace horde::registry
