// NodeTable: what is believed of each other node, and the rules by which claims change it.
//
//            up                 accused                 timer without refutation
//   (none) ------> alive ----------------> suspect ------------------------------> dead
//                    ^      refuted           |                                      |
//                    +------------------------+--------------------------------------+
//   any of them -> left, when the node says so itself: final for that boot
//
// A claim counts by (boot, left, incarnation, state). A claim of death that we hear of is believed
// only if two members vouch for it, and either the node has been suspect here for a while as well,
// or its port refuses. Otherwise it is a suspicion, with a timer of our own. So a member that can
// send and not hear, and takes all others for dead, kills nobody; and when a cut heals, what each
// side thought of the other can be refuted before anybody believes it.
//
// Beliefs without accusers are ours alone: we were cut off, or think so. They are not told, and
// any sign of life ends them.
//
// Pure bookkeeping: no frames, no chance. Cost: O(log n) a claim.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.hpp"
#include "liveness/messages.hpp"
#include "liveness/types.hpp"

namespace horde::liveness {

struct Entry {
  NodeInfo info;
  std::vector<base::NodeId> accusers;  // Ascending. Of a suspicion, or of a death.
  Evidence evidence = Evidence::silence;
  base::Instant suspected_at;
  base::Instant deadline = base::Instant::never();  // When a suspicion becomes death.
  std::size_t reachable_index = 0;                  // Valid while reachable.

  // Contact with it, for limits of rate. Kept here so that they are forgotten with it.
  base::Instant tell_again_at;
  base::Instant ask_again_at;
  base::Instant refused_until;  // Until then a hint counts as fresh.
};

/// What a claim led to: events for others, nodes of which there is news to gossip, and nodes that
/// have become reachable.
struct Changes {
  explicit Changes(std::vector<PeerEvent>& events_out) : events(events_out) {}
  std::vector<PeerEvent>& events;
  std::vector<base::NodeId> news;
  std::vector<base::NodeId> risen;
};

class NodeTable {
 public:
  NodeTable(base::NodeId self, const Options& options) : self_(self), options_(options) {}

  // Inputs.
  /// Takes in a claim about another node. Requires: record.node is not ourselves.
  void apply(base::Instant now, const Record& record, Changes& out);
  /// `accusers` (one of them may be ourselves) suspect `node` of being dead, as it is known now.
  void accuse(base::Instant now, base::NodeId node, const std::vector<base::NodeId>& accusers,
              Changes& out);
  /// Declares a reachable node dead at once; who vouches for it was said with accuse().
  void kill(base::Instant now, base::NodeId node, Evidence evidence, Changes& out);
  /// Declares those dead whose time to refute is over.
  void on_due(base::Instant now, Changes& out);
  /// We hear nobody: suspects everybody, silently, or declares everybody dead, silently.
  void suspect_all(base::Instant now, Changes& out);
  void kill_all(base::Instant now, Changes& out);
  /// Something came from `run` itself: a belief of ours alone about it ends.
  void on_sign_of_life(base::Instant now, const base::RunId& run, Changes& out);
  /// We hear somebody again: suspicions that were ours alone end.
  void clear_private(base::Instant now, Changes& out);
  /// We were stopped for `pause`: all suspicions get as much more time.
  void postpone(base::Duration pause);
  /// Drops dead and left nodes that are old and not wanted.
  void forget(base::Instant now);
  void set_wanted(std::set<base::NodeId> wanted);

  // Queries.
  [[nodiscard]] const std::map<base::NodeId, Entry>& entries() const { return entries_; }
  [[nodiscard]] Entry* find(base::NodeId node);
  [[nodiscard]] const Entry* find(base::NodeId node) const;
  [[nodiscard]] bool is_reachable(base::NodeId node) const;
  /// Alive and suspect nodes, in an order that means nothing.
  [[nodiscard]] const std::vector<base::NodeId>& reachable() const { return reachable_; }
  [[nodiscard]] std::optional<base::NodeId> reachable_at(const base::Address& address) const;
  /// Wanted and dead, the first one after `after`, going round.
  [[nodiscard]] std::optional<base::NodeId> next_lost(base::NodeId after) const;
  [[nodiscard]] std::size_t lost_count() const { return lost_.size(); }
  /// What we tell others of it.
  [[nodiscard]] Record record_of(base::Instant now, const Entry& entry) const;
  [[nodiscard]] bool is_forgettable(base::Instant now, const Entry& entry) const;
  /// The same on two nodes (each counting itself) that know the same reachable nodes.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  [[nodiscard]] base::Instant next_deadline() const;
  [[nodiscard]] std::uint64_t nodes_refused() const { return nodes_refused_; }

 private:
  [[nodiscard]] Entry* insert(base::Instant now, const Record& record);
  void apply_new(base::Instant now, const Record& record, Changes& out);
  void apply_newer_boot(base::Instant now, Entry& entry, const Record& record, Changes& out);
  void apply_same_boot(base::Instant now, Entry& entry, const Record& record, Changes& out);
  void revive(base::Instant now, Entry& entry, Changes& out);
  void suspect(base::Instant now, Entry& entry, const std::vector<base::NodeId>& accusers,
               Changes& out);
  void accused_dead(base::Instant now, Entry& entry, const Record& record, Changes& out);
  void bury(base::Instant since, Entry& entry, State state, Changes& out);
  void set_deadline(Entry& entry, base::Instant deadline);
  void renew_deadline(Entry& entry);
  void renew_deadlines();
  void set_state(base::Instant since, Entry& entry, State state);
  void count_in(Entry& entry);
  void count_out(Entry& entry);
  [[nodiscard]] bool is_believable(base::Instant now, const Entry& entry, Evidence evidence) const;
  [[nodiscard]] std::uint32_t confirmations_wanted(const Entry& entry) const;

  base::NodeId self_;
  Options options_;
  std::map<base::NodeId, Entry> entries_;
  std::vector<base::NodeId> reachable_;
  std::size_t alive_ = 0;  // Of the reachable, those that are not suspect.
  std::map<base::Address, base::NodeId> by_address_;  // Reachable ones.
  std::set<std::pair<base::Instant, base::NodeId>> deadlines_;
  std::set<base::NodeId> wanted_;
  std::set<base::NodeId> lost_;  // Wanted and dead.
  std::uint64_t digest_ = 0;     // Sum over the reachable: order does not matter.
  std::uint64_t nodes_refused_ = 0;
};

/// One node's share of a digest.
[[nodiscard]] std::uint64_t digest_of(base::NodeId node, std::uint64_t boot,
                                      std::uint64_t incarnation);

}  // namespace horde::liveness
