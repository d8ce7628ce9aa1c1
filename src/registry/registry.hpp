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
//   - carry outputs out in order, and then hand each key that changed in the map, its own writes
//     included, to on_entries as it stands then; call on_timeout when wake_at() has come;
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
#include "registry/barrier.hpp"
#include "registry/calls.hpp"
#include "registry/confirm.hpp"
#include "registry/options.hpp"
#include "registry/outputs.hpp"
#include "registry/table.hpp"
#include "registry/view.hpp"

namespace horde::registry {

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
  /// Also of one that ended at this instant: that it declined is heard of after its end.
  [[nodiscard]] Refused last_refusal(const process::Pid& who) const;

  struct Statistics {
    std::uint64_t conflicts_lost = 0;     ///< Names of this node's processes.
    std::uint64_t killed = 0;             ///< Losers that did not end by themselves.
    std::uint64_t entries_refused = 0;    ///< That are no names.
    std::uint64_t listeners_missing = 0;  ///< Events that nobody was there for.
  };
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }
  void note_missing_listener() { ++statistics_.listeners_missing; }
  /// Keys whose entries or visibility changed since the last call.
  [[nodiscard]] std::vector<base::Bytes> take_touched() { return table_.take_touched(); }
  /// What is held now, for bounds and baselines (A10).
  struct Sizes {
    std::size_t holdings = 0, shown = 0, processes = 0, losers = 0, calls = 0, conflicts = 0;
    std::size_t promises = 0;  ///< To others that have a name confirmed, or wait to see one.
  };
  [[nodiscard]] Sizes sizes() const;

 private:
  // A process of this run that holds, or asked for, names.
  struct Local {
    std::uint64_t birth_ns = 0;                      // Its first registration, if it is no child.
    base::Instant kill_at = base::Instant::never();  // It has lost a name.
    Refused refused{};
  };
  struct Waiting {
    Registrant who;
    process::Registration what;
    Confirm confirm = Confirm::none;
    base::Instant until;
  };

  // registry.cpp
  void react(base::Now now, Outputs& out);
  void notify(const Shift& shift, Outputs& out);
  void put(const NameKey& key, std::uint64_t serial, const Rank& rank, base::Bytes value,
           Cause cause, Outputs& out);
  void drop(const NameKey& key, Cause cause, Outputs& out);
  void hear(const NameKey& key, const crdt::Siblings& siblings, Outputs& out);
  void hear_own(const NameKey& key, bool is_there, Outputs& out);
  void hear_meta(base::BytesView key, const crdt::Siblings& siblings);
  void clean_up(const base::RunId& run, Outputs& out);
  [[nodiscard]] bool is_listed() const { return view_.members.contains(self_.node); }
  [[nodiscard]] bool cleans_up() const;

  // registering.cpp
  [[nodiscard]] process::NameResult check(const Registrant& who,
                                          const process::Registration& what) const;
  [[nodiscard]] process::NameResult check_holder(const Registrant& who,
                                                 const process::Registration& what);
  process::NameResult enroll(base::Now now, const Registrant& who,
                             const process::Registration& what, Outputs& out);
  [[nodiscard]] Rank rank_of_child(const Registrant& who, const process::Registration& what) const;
  [[nodiscard]] Rank rank_of(base::Now now, const Registrant& who,
                             const process::Registration& what);
  [[nodiscard]] std::optional<NameKey> held(const process::Pid& who, base::BytesView key) const;
  /// Whether the call waits: it is to be tried again.
  [[nodiscard]] bool attempt(base::Now now, base::CallId call, const Waiting& request,
                             Outputs& out);
  void try_again(base::Now now, Outputs& out);
  void answer(base::CallId call, const process::NameResult& result, Outputs& out);

  // confirming.cpp
  [[nodiscard]] bool begin_confirming(base::Now now, base::CallId call, const Waiting& request,
                                      Outputs& out);
  void settle_confirmed(base::Now now, Outputs& out);
  void settle_confirmed(base::Now now, const Confirmations::Finished& finished,
                        const Waiting& request, Outputs& out);
  void settle_barriers(Outputs& out);

  // conflicts.cpp
  void settle_conflicts(base::Now now, Outputs& out);
  void lose(base::Now now, const NameKey& loser, const Holding& winner, Outputs& out);
  void kill_late_losers(base::Now now, Outputs& out);

  base::RunId self_;
  base::Bytes name_;
  Options options_;
  Table table_;
  View view_;
  bool synced_ = false;
  bool stopped_ = false;
  std::map<base::Bytes, base::Bytes, std::less<>> meta_;
  std::map<std::uint64_t, Local> locals_;               // By serial.
  std::map<std::uint64_t, Refused> refused_and_ended_;  // At `ended_at_`.
  base::Instant ended_at_;
  std::size_t names_held_ = 0;     // By processes of this run.
  std::uint64_t last_number_ = 0;  // With duplicate keys.
  std::set<NameKey> taken_out_;    // Own ones that others removed while we were no member.
  std::map<base::CallId, Waiting> waiting_;
  Confirmations confirmations_;
  std::map<base::CallId, Waiting> confirming_;
  Barriers barriers_;
  base::Instant retry_at_ = base::Instant::never();  // Unless nobody waits.
  std::set<base::Bytes> conflicts_;  // Keys in which a process of this run may have lost.
  base::Instant conflicts_at_;       // The next ones not before.
  std::size_t conflicts_left_ = 0;   // Of those at once.
  std::set<std::pair<base::Instant, std::uint64_t>> kills_;
  Statistics statistics_;
};

}  // namespace horde::registry
