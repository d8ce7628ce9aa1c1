// Compactor: what may be forgotten. Tombstones that all neighbours have seen, and ended runs on
// which all witnesses agree.
//
// It remembers the last vector heard from each node, in its newest run, and decides from those
// alone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/time.hpp"
#include "crdt/aw_lww_map.hpp"
#include "replication/options.hpp"
#include "replication/outputs.hpp"

namespace horde::replication {

/// Who is there now.
struct Present {
  std::set<base::NodeId> neighbours;                // We have rounds with these.
  std::map<base::NodeId, std::uint64_t> reachable;  // Everybody alive, with the start of its run.
};

class Compactor {
 public:
  explicit Compactor(const Options& options) : options_(options) {}

  /// `from` has said, at `now`, that it covers `vector`.
  void on_vector(base::Instant now, const base::RunId& from, const crdt::VersionVector& vector);
  /// The last vector heard from the node's newest run, or null.
  [[nodiscard]] const crdt::VersionVector* heard(base::NodeId node) const;
  /// When that was.
  [[nodiscard]] std::optional<base::Instant> heard_at(base::NodeId node) const;
  /// How many other replicas are known to cover `dot` (D4): never by staged pages.
  [[nodiscard]] std::size_t holders(const base::Dot& dot) const;

  /// All whose word is needed to close a run: members, and those removed for a short time; not
  /// self.
  void set_witnesses(const std::set<base::NodeId>& witnesses);
  /// Nodes removed for so long that their last run counts as ended, too.
  void set_retired(const std::set<base::NodeId>& retired) { retired_ = retired; }
  [[nodiscard]] const std::set<base::NodeId>& witnesses() const { return witnesses_; }

  /// Drops tombstones that every neighbour covers while no member is away, or that are too old or
  /// too many (T1).
  void drop_tombstones(base::Instant now, crdt::AwLwwMap& map, const Present& present,
                       Outputs& out);
  /// Closes runs that every witness agrees on, two datagram lifetimes after it was seen to (C2).
  void close_runs(base::Instant now, crdt::AwLwwMap& map, Outputs& out);
  /// Whether ended runs are waiting to be closed, so that silent witnesses should be asked.
  [[nodiscard]] bool has_pending(const crdt::AwLwwMap& map) const;

  /// Forgets what others said: this replica's state has been replaced.
  void clear();

 private:
  struct Heard {
    std::uint64_t start = 0;
    base::Instant at;
    crdt::VersionVector vector;
  };
  struct Pending {
    std::uint64_t before = 0;
    std::uint64_t sum = 0;
    base::Instant since;
  };
  struct Watermark {
    base::Instant at;
    std::uint64_t order = 0;
  };

  [[nodiscard]] bool agree(base::NodeId node, std::uint64_t before, std::uint64_t sum) const;
  [[nodiscard]] std::uint64_t closable_before(const crdt::AwLwwMap& map, base::NodeId node) const;
  void forget_silent_witness(const crdt::AwLwwMap& map, Outputs& out);

  Options options_;
  std::map<base::NodeId, Heard> heard_;
  std::set<base::NodeId> witnesses_;
  std::set<base::NodeId> retired_;
  std::set<base::NodeId> forgotten_;
  std::map<base::NodeId, Pending> pending_;
  std::deque<Watermark> watermarks_;  // Orders by age, to date tombstones without a time in each.
};

}  // namespace horde::replication
