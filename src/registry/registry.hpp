// Registry: one member's share of a distributed process registry, as a pure state machine.
//
//   view, entries, messages, ended processes, calls, time  -->  Registry  -->  Outputs
//
// Names stand in the map under (name, holder's run), one writer each. Who is shown under a name is
// computed from them and from this member's view, so each read is local, and two members that see
// the same entries and members show the same holder. Two processes that took one name at the same
// time both heard ok; when their entries meet, the node of the one with the lower rank tells it so
// (name_conflict), takes its name out of the map, and ends it after a grace. docs/registry.md has
// the rules (R15 to R18) and what is promised.
//
// Its owner keeps the map and the processes. It must
//   - carry outputs out in order, hand each change of a name's or a meta key's entry, its own
//     writes included, to on_entries before time goes on, and call on_timeout when wake_at() has
//     come;
//   - say process_ended of every process of this run that ends, before anybody can read;
//   - make a new Registry for each boot, and for a replica that had to start anew.
//
// Source: Horde 0.10, Horde.Registry. Deviations: docs/registry.md.
#pragma once

#include <deque>
#include <expected>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "base/rng.hpp"
#include "registry/calls.hpp"
#include "registry/options.hpp"
#include "registry/outputs.hpp"
#include "registry/table.hpp"

namespace horde::registry {

/// What this member believes now.
struct View {
  std::set<base::NodeId> members;
  std::map<base::NodeId, std::uint64_t> reachable;  ///< With the newest boot heard of; self too.
  std::set<base::NodeId> suspects;                  ///< Reachable, but maybe gone.
};

struct EntryChange {
  crdt::Key key;
  crdt::Siblings siblings;  ///< All there are now; none: the entry is gone.
};

class Registry {
 public:
  /// `self`: this boot of this member. Requires: refusal_of(options) is empty.
  Registry(const base::RunId& self, base::Bytes name, Options options, base::Rng rng);

  // --- What it is told.
  void on_view(base::Now now, View view, Outputs& out);
  /// This boot's replica has synced, or counts as synced: from here on it registers.
  void on_synced(base::Now now, Outputs& out);
  void on_entries(base::Now now, std::span<const EntryChange> changes, Outputs& out);
  /// An error changes nothing.
  wire::Decoded<void> on_message(base::Now now, const base::RunId& from, base::BytesView body,
                                 Outputs& out);
  void on_link_ended(base::Now now, const base::RunId& run, Outputs& out);
  /// Requires: wake_at() <= now.mono.
  void on_timeout(base::Now now, Outputs& out);
  [[nodiscard]] base::Instant wake_at() const;
  void process_ended(base::Now now, const process::Pid& pid, Outputs& out);

  // --- Calls that are answered at once. `who` must be alive and of this run.
  process::NameResult register_name(base::Now now, const Registrant& who,
                                    const process::Registration& what, Outputs& out);
  process::NameResult unregister_name(base::Now now, const process::Pid& who, base::BytesView key,
                                      Outputs& out);
  std::size_t unregister_match(base::Now now, const process::Pid& who, base::BytesView key,
                               const process::NamePredicate& which, Outputs& out);
  std::expected<process::UpdatedValue, process::NameRefusal> update_value(
      base::Now now, const process::Pid& who, base::BytesView key,
      const std::function<base::Bytes(base::BytesView)>& change, Outputs& out);
  process::NameResult put_meta(base::Now now, base::BytesView key, base::Bytes value, Outputs& out);
  process::NameResult delete_meta(base::Now now, base::BytesView key, Outputs& out);

  // --- Calls that may take time. Each is answered by exactly one Reply, at the latest when its
  //     time is over.
  void register_name(base::Now now, base::CallId call, const Registrant& who,
                     const RegisterCall& request, Outputs& out);
  void barrier(base::Now now, base::CallId call, const BarrierCall& request, Outputs& out);
  /// For good (in this boot): gives all names of this node's processes up, and refuses calls.
  void stop(base::Now now, Outputs& out);

  // --- Reads.
  [[nodiscard]] const Table& table() const { return table_; }
  [[nodiscard]] const std::map<base::Bytes, base::Bytes, std::less<>>& meta() const {
    return meta_;
  }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] bool is_stopped() const { return stopped_; }
  /// Why the last registration of this process was refused with already_registered.
  enum class LostTo : std::uint8_t { nobody, same_child, other_child, process };
  struct Refused {
    LostTo to = LostTo::nobody;
    process::Pid holder;
    std::uint64_t term = 0;  ///< same_child: of the holder's claim.
  };
  [[nodiscard]] Refused last_refusal(const process::Pid& who) const;

  struct Statistics {
    std::uint64_t conflicts_lost = 0;     ///< Names of this node's processes.
    std::uint64_t killed = 0;             ///< Losers that did not end by themselves.
    std::uint64_t entries_refused = 0;    ///< That are no names.
    std::uint64_t listeners_missing = 0;  ///< Events that nobody was there for.
  };
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }
  /// What is held now, for bounds and baselines (A10).
  struct Sizes {
    std::size_t holdings = 0, shown = 0, local_processes = 0, losers = 0, calls = 0, promises = 0;
  };
  [[nodiscard]] Sizes sizes() const;
};

}  // namespace horde::registry
