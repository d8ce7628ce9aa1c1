// Replicator keeps one map convergent with its neighbours'.
//
// Pure: it is told the time and what arrived, and answers with outputs. It never sends, sleeps,
// reads a clock or draws entropy; the same object runs in the simulator and on a socket.
//
//   Pusher     new events, at once                      Puller   sessions in which we receive
//   rounds     digests, then vectors, at intervals      Server   sessions in which we send
//   Compactor  what may be forgotten
//
// Rules and invariants (S1..., P1..., T1...) are those of docs/protocol.md.
// Source: the rounds of DeltaCrdt 0.6, causal_crdt.ex. Deviations: see docs/protocol.md; above all,
// what is exchanged is whole states by vectors, not Merkle trees with truncated deltas.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "crdt/aw_lww_map.hpp"
#include "replication/compactor.hpp"
#include "replication/options.hpp"
#include "replication/outputs.hpp"
#include "replication/puller.hpp"
#include "replication/pusher.hpp"
#include "replication/record.hpp"
#include "replication/server.hpp"

namespace horde::replication {

/// Whom to replicate with. Both sides of a pair name each other.
struct Peers {
  std::vector<base::RunId> neighbours;  // Reachable, with the run that liveness knows.
  std::vector<base::RunId> reachable;   // Everybody alive, neighbour or not.
  Pusher::Forwarding forwarding = Pusher::Forwarding::off;
};

/// Why a write was refused.
enum class WriteErrc : std::uint8_t {
  key_over_limit,    ///< The key is longer than wire::kKeyBytesMax.
  value_over_limit,  ///< The value is longer than wire::kValueBytesMax.
};

class Replicator {
 public:
  /// `own` is this life's run: its start is larger than any used before (D1).
  Replicator(const base::RunId& own, const Options& options);

  /// Reads a log back, before on_start. Stops at the first record that is damaged, and says where:
  /// what was read until there is a state.
  wire::Decoded<std::size_t> load(std::span<const base::Bytes> log);

  // --- Inputs. Each appends to `out`, in the order in which it must be carried out.
  void on_start(base::Now now, Outputs& out);
  /// Requires: wake_at() <= now.mono.
  void on_timeout(base::Now now, Outputs& out);
  /// `body` as encoded by a peer's Replicator. An error changes nothing.
  wire::Decoded<bool> on_message(base::Now now, const base::RunId& from, base::BytesView body,
                                 Outputs& out);
  void set_peers(base::Now now, const Peers& peers, Outputs& out);
  void set_witnesses(const std::set<base::NodeId>& members, const std::set<base::NodeId>& retired);
  /// A run is known to have started (from the failure detector, or any datagram).
  void on_run_started(const base::RunId& run);
  /// Goes on under a new run with the state as it is: somebody else has used a later start (D1).
  void start_new_run(base::Now now, std::uint64_t start, Outputs& out);
  /// Answers needs_new_run: goes on under a new run with an empty map; own values that nobody else
  /// is known to have are written again after the first sync (C3).
  void start_anew(base::Now now, std::uint64_t start, Outputs& out);
  /// This node is about to end: the next round is now, and others follow at least so often.
  void hurry(base::Instant now, base::Duration sync_interval);
  /// Nobody has synced, and everybody has been met: what is here counts as synced (a cold start).
  void assume_synced(Outputs& out);

  // --- Local writes: at once, all or nothing. A bulk call is one delta.
  std::optional<WriteErrc> put(base::Now now,
                               std::span<const std::pair<crdt::Key, crdt::Value>> pairs,
                               Outputs& out);
  void remove(base::Now now, std::span<const crdt::Key> keys, Outputs& out);

  // --- Queries.
  [[nodiscard]] base::Instant wake_at() const;
  [[nodiscard]] const crdt::AwLwwMap& map() const { return map_; }
  [[nodiscard]] const base::RunId& own_run() const { return own_; }
  /// Whether this life has had everything that some member that was synced had at one moment.
  [[nodiscard]] bool is_synced() const { return synced_; }
  /// Whether `peer` said that it is synced; nothing while it has not been heard.
  [[nodiscard]] std::optional<bool> peer_synced(base::NodeId peer) const;
  /// Whether all that `peer` said that it has is here; false while it has said nothing.
  [[nodiscard]] bool has_all_of(base::NodeId peer) const;
  /// The whole state as one record, for a log that is replaced.
  [[nodiscard]] base::Bytes checkpoint() const;
  /// How many replicas, this one included, hold what the dot's event did.
  [[nodiscard]] std::size_t holders(const base::Dot& dot) const;

  /// What is held now, for bounds (A10) and baselines. Bytes are counted, not measured.
  struct Sizes {
    std::size_t entries = 0, tombstones = 0, vector_parts = 0, floor_parts = 0, early_events = 0,
                queued_events = 0, rounds_open = 0, sessions_open = 0, sessions_served = 0,
                neighbours = 0, bytes = 0;
  };
  [[nodiscard]] Sizes sizes() const;

 private:
  struct Round {
    std::uint64_t number = 0;
    std::uint64_t digest = 0;
    base::Instant begun;
  };
  struct Peer {
    base::RunId run;
    bool neighbour = false;
    base::Instant next_round_at;  // When the open round is given up, if there is one.
    std::optional<Round> round;   // At most one is under way.
    unsigned unanswered = 0;
    std::uint64_t cursor = 0;
    std::optional<bool> synced;
    bool cold_part_equal = false;
    bool must_reconcile = false;
    std::optional<base::Instant> session_due;
  };

  // One handler per message.
  void on(base::Now now, Peer& peer, const Ask& ask, Outputs& out);
  void on(base::Now now, Peer& peer, const Equal& equal, Outputs& out);
  void on(base::Now now, Peer& peer, const VectorIs& message, Outputs& out);
  void on(base::Now now, Peer& peer, const Pull& pull, Outputs& out);
  void on(base::Now now, Peer& peer, Page page, Outputs& out);
  void on(base::Now now, Peer& peer, const Again& again, Outputs& out);
  void on(base::Now now, Peer& peer, const Ranges& ranges, Outputs& out);
  void on(base::Now now, Peer& peer, const RangeDots& answer, Outputs& out);
  void on(base::Now now, Peer& peer, Push push, Outputs& out);

  // The peer's state, in its newest run; null for a run that is over.
  Peer* peer_of(const base::RunId& run);
  void ask(base::Instant now, Peer& peer, Outputs& out);
  void exchanged(base::Instant now, Peer& peer);
  [[nodiscard]] base::Duration round_period(const Peer& peer) const;
  void heard_vector(base::Instant now, Peer& peer, const crdt::VersionVector& vector);
  enum class Standing : std::uint8_t { compatible, they_start_anew, we_start_anew };
  // Whether states under these vectors may be joined, and if not, who gives way (C3).
  [[nodiscard]] Standing standing_to(base::Instant now, const base::RunId& run,
                                     const crdt::VersionVector& theirs) const;
  void must_start_anew(base::Instant now, const crdt::VersionVector& theirs);
  void want_session(base::Instant now, Peer& peer);
  [[nodiscard]] bool needs_session(const Peer& peer) const;
  void open_due_session(base::Instant now, Outputs& out);
  void finish_session(base::Now now, Puller::Finished finished, Outputs& out);
  void became_synced(Outputs& out);
  [[nodiscard]] bool is_by_rank(const crdt::Key& key) const;
  void write_again(base::Now now, Outputs& out);
  void resolve_crowded(base::Now now, const std::vector<crdt::Change>& changes, Outputs& out);
  void run_rounds(base::Instant now, Outputs& out);
  void ask_silent(base::Instant now, Outputs& out);
  void tick(base::Now now, Outputs& out);
  void use_start(std::uint64_t start);
  void append_record(const crdt::Delta& delta, Outputs& out);
  // Writes what changed to the log and hands the changes up: the end of every input.
  void finish(base::Now now, Outputs& out);
  void replace_log(Outputs& out);

  base::RunId own_;
  Options options_;
  crdt::AwLwwMap map_;
  Pusher pusher_;
  Puller puller_;
  Server server_;
  Compactor compactor_;
  std::map<base::NodeId, Peer> peers_;
  Present present_;
  std::uint64_t last_round_ = 0;
  base::Instant tick_at_;
  base::Instant close_at_;
  base::NodeId last_silent_asked_;
  bool witnesses_known_ = false;
  bool synced_ = false;
  bool needs_new_run_ = false;
  crdt::VersionVector overruled_by_;  // Whose closings we gave way to last.
  base::Instant heeded_until_;
  std::vector<Rewrite> rewrites_;
  bool rewrites_done_ = false;
  std::size_t log_bytes_ = 0;
  std::size_t checkpoint_bytes_ = 0;
};

}  // namespace horde::replication
