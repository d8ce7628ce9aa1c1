// Supervisor: one member's share of a distributed supervisor, as a pure state machine.
//
//   view, entries, messages, copies' fates, calls, time  -->  Supervisor  -->  Outputs
//
// There is no leader. Each member looks at the same entries and at its own view, and settles each
// child that concerns it: it starts what is its own, claims what its owner left and placement
// gives it, stops what a later claim runs. docs/supervision.md has the rules (R1 to R20) and what
// is promised: one copy once views and maps agree, more during a cut or a false death.
//
// Its owner keeps the map and the processes. It must
//   - carry outputs out in order, hand each change of a child's entry, its own writes included, to
//     on_entries before any other input, and call on_timeout when wake_at() has come;
//   - answer each StartCopy and StopCopy as outputs.hpp says;
//   - make a new Supervisor for each boot, and for a replica that had to start anew.
// Restarts are decided here, since each needs a token of its own: the owner only reports fates.
//
// Cost: a view change looks at owners, and at the children of those that are gone; an entry's
// change at that child. Everything else is by timers in one ordered set.
//
// Source: Horde 0.10, DynamicSupervisorImpl. Deviations: docs/supervision.md.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/rng.hpp"
#include "supervisor/options.hpp"
#include "supervisor/outputs.hpp"
#include "supervisor/placement.hpp"
#include "supervisor/transitions.hpp"

namespace horde::supervisor {

/// What this member believes now.
struct View {
  std::vector<Member> members;       ///< Ascending by name; self as it has announced itself.
  Boots boots;                       ///< Newest boot heard of, of whomever.
  Boots announced;                   ///< What members announced in the map, maybe a later one.
  std::set<base::NodeId> reachable;  ///< Who can be talked to; self need not be named.
  std::set<base::NodeId> witnesses;  ///< Members, and those removed who are not forgotten yet.
  base::Duration cut_noticed_max;    ///< quorum.hpp; of no use without a quorum.
};

/// The replica that the entries are in, asked at the moment of an input.
class Replica {
 public:
  Replica() = default;
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;
  Replica(Replica&&) = delete;
  Replica& operator=(Replica&&) = delete;
  virtual ~Replica() = default;
  /// How many replicas, this one included, are known to hold what the dot's event did.
  [[nodiscard]] virtual std::size_t holders(const base::Dot& dot) const = 0;
  [[nodiscard]] virtual const crdt::VersionVector& vector() const = 0;
  /// Whether all runs are closed but the last ones of `witnesses`: whoever else comes back with
  /// anything that is not known here has to start anew, with an empty map.
  [[nodiscard]] virtual bool is_closed_but_for(const std::set<base::NodeId>& witnesses) const = 0;
};

struct EntryChange {
  ChildId id;
  crdt::Siblings siblings;  ///< All there are now; none: the entry is gone.
};

/// A copy has ended because its process lost a registered name.
struct Conflict {
  bool same_child = false;  ///< To another copy of this child, else to whomever.
  Claim winner{};           ///< same_child: what that copy runs under.
};
/// Why an init answered ignore.
struct Ignored {
  enum class Why : std::uint8_t {
    declined,                   ///< For a reason of its own.
    name_taken_by_other_child,  ///< A name that it wants is another child's.
    name_taken_by_process,      ///< ... is that of a process that is no child.
    name_taken_by_same_child,   ///< ... is that of a later copy, which runs under `winner`.
  };
  Why why = Why::declined;
  Claim winner{};
};

struct StartCall {
  ChildSpec spec;
  base::Duration timeout = base::seconds(5);
  std::uint64_t copies = 1;  ///< Replicas that must hold the entry before ok.
};

struct TerminateCall {
  enum class IfUnknown : std::uint8_t {
    not_found,  ///< Nothing is written about an id that was never heard of.
    record,     ///< An end is: for ids whose start_child ended as unknown.
  };
  std::optional<ChildId> id;
  base::Bytes pid;  ///< Used without an id; also one of an earlier copy, as far as remembered.
  base::Duration timeout = base::seconds(5);
  IfUnknown if_unknown = IfUnknown::not_found;
};

struct ChildRow {
  ChildId id;
  base::Bytes pid;  ///< Empty: restarting.
  RunState state = RunState::starting;
  Claim claim;
  ChildType type = ChildType::worker;
  base::Bytes modules;
};
struct ChildCounts {
  std::size_t specs = 0, active = 0, supervisors = 0, workers = 0;
  friend bool operator==(const ChildCounts&, const ChildCounts&) = default;
};

class Supervisor {
 public:
  /// `self`: this boot of this member. `rng`: for ids alone. Requires: refusal_of(options) is
  /// empty.
  Supervisor(const base::RunId& self, Options options, std::unique_ptr<Strategy> strategy,
             base::Rng rng);

  // --- What it is told.
  void on_view(base::Now now, View view, Outputs& out);
  /// This boot's replica has synced, or counts as synced: from here on it acts (R8).
  void on_synced(base::Now now, Outputs& out);
  void on_entries(base::Now now, std::span<const EntryChange> changes, Outputs& out);
  /// An error changes nothing.
  wire::Decoded<void> on_message(base::Now now, const base::RunId& from, base::BytesView body,
                                 Outputs& out);
  void on_link_ended(base::Now now, const base::RunId& run, Outputs& out);
  /// Requires: wake_at() <= now.mono.
  void on_timeout(base::Now now, const Replica& replica, Outputs& out);

  // --- Fates of copies.
  void copy_started(base::Now now, const ChildId& id, base::Bytes pid, base::Bytes info,
                    Outputs& out);
  /// The child ends, unless a name was taken by a later copy of it (see copy_conflicted), or, at a
  /// restart or takeover, by a process that is no child: then it is tried again, ever more rarely.
  void copy_ignored(base::Now now, const ChildId& id, const Ignored& why, Outputs& out);
  void copy_failed(base::Now now, const ChildId& id, base::Bytes reason, Outputs& out);
  enum class Exit : std::uint8_t {
    normal,
    abnormal
  };  // Normal, shutdown and shutdown(x) are normal.
  void copy_exited(base::Now now, const ChildId& id, Exit exit, base::Bytes reason, Outputs& out);
  void copy_stopped(base::Now now, const ChildId& id, Outputs& out);
  /// Neither a crash nor an end, whatever the restart rule says (R18). After a loss to a later copy
  /// nothing starts here before the winner's claim, or a later one, is in the entry, or the
  /// winner's owner is gone; after any other it starts again, at once if it was healthy since the
  /// last loss.
  void copy_conflicted(base::Now now, const ChildId& id, const Conflict& conflict, Outputs& out);

  // --- Calls. Each is answered by exactly one Reply, at the latest when its time is over.
  void start_child(base::Now now, base::CallId call, StartCall request, Outputs& out);
  void terminate_child(base::Now now, base::CallId call, const TerminateCall& request,
                       Outputs& out);
  void wait_for_quorum(base::Now now, base::CallId call, base::Duration timeout, Outputs& out);
  /// Ends a child's quarantine; on the owner, or on its way there.
  void unquarantine(base::Now now, base::CallId call, const ChildId& id, Outputs& out);
  /// Graceful: announces it, stops all copies at once, hands each child over as it stops.
  void stop(base::Now now, base::CallId call, base::Duration timeout, Outputs& out);

  // --- Queries, over the whole cluster as known here. Cost: one pass over all children.
  [[nodiscard]] std::vector<ChildRow> which_children() const;
  [[nodiscard]] std::vector<ChildRow> quarantined() const;
  [[nodiscard]] ChildCounts count_children() const;
  [[nodiscard]] bool has_quorum() const { return quorum_; }
  [[nodiscard]] base::Instant wake_at() const;
  /// The value of a child's entry, if there is one.
  [[nodiscard]] const Entry* entry(const ChildId& id) const;
  /// Where placement puts the child, as this member sees the others now.
  [[nodiscard]] std::optional<base::NodeId> place_of(const ChildId& id) const;

  /// What is held now, for bounds and baselines (A10).
  struct Sizes {
    std::size_t children = 0, live = 0, ended = 0, copies = 0, calls = 0, pids = 0, timers = 0,
                moves = 0, confirmations = 0, awaited = 0;
  };
  [[nodiscard]] Sizes sizes() const;

 private:
  struct Copy {
    enum class Phase : std::uint8_t { starting, running, stopping };
    Phase phase = Phase::starting;
    Token token;
    StopReason stop_reason = StopReason::terminated;
    bool hurried = false;  // Its stop is bounded by quorum_stop_max.
    base::Instant since;   // Of running.
  };
  struct Move {
    base::RunId target;
    bool accepted = false;
    base::Instant until;
  };
  // Somebody who wants to know what became of a start.
  struct Waiter {
    std::optional<base::CallId> call;  // Ours, or
    base::RunId reply_to;              // another member's.
    std::uint64_t number = 0;
    std::uint64_t copies = 1;
    base::Instant until;
  };
  struct Confirmed {
    std::uint64_t boot = 0;
    std::uint64_t vector = 0;  // Its number in vectors_, until ours covers it.
  };
  struct Child {
    std::optional<Entry> entry;
    std::size_t puts = 0;
    std::optional<base::Dot> whole;
    std::uint64_t heard_term = 0;
    base::Instant claim_heard_at;
    std::optional<Copy> copy;
    std::optional<Move> move;
    std::uint64_t starts = 0;  // Under our present claim, whether written or not.
    bool first_start = false;  // Born here, and never started yet.
    base::Instant retry_at;    // Not started again before.
    // A copy under this later claim took a name from ours, and no entry here has it yet (R18).
    std::optional<Claim> awaited;
    std::uint64_t names_lost = 0;  // Copies here that ended for a name, since one was healthy.
    base::Instant due = base::Instant::never();
    base::Bytes info;              // What the last copy's init answered.
    std::deque<base::Bytes> pids;  // In by_pid_, oldest first.
    std::vector<Waiter> waiters;
    std::set<base::RunId> asked_by;
    std::map<base::NodeId, Confirmed> confirmed;  // Of its end.
    base::Instant ask_at;
  };
  struct PendingStart {
    StartRequest request;
    base::Instant until;
    base::Instant retry_at = base::Instant::never();
    std::optional<base::RunId> sent_to;
    unsigned tries = 0;
  };
  struct PendingTerminate {
    ChildId id;
    base::Instant until;
  };
  struct PendingStop {
    std::optional<base::CallId> call;  // Nothing: the intensity was exceeded, and ...
    base::Instant until;               // ... then it is back, if it has stopped.
  };

  // --- Settling (supervisor.cpp).
  void settle(base::Now now, const ChildId& id, Outputs& out);
  void settle_copy(base::Now now, const ChildId& id, Child& child, Outputs& out);
  void settle_absent(base::Now now, const ChildId& id, Child& child, Outputs& out);
  [[nodiscard]] base::Instant takeover_at(base::Now now, const Child& child,
                                          const base::RunId& owner);
  [[nodiscard]] std::optional<StopReason> stop_reason(const Child& child) const;
  [[nodiscard]] bool must_stop_in_time() const;
  [[nodiscard]] base::Duration takeover_delay(const base::RunId& owner) const;
  void settle_all(base::Now now, const std::set<ChildId>& ids, Outputs& out);
  void adopt(base::Now now, const ChildId& id, Child& child, std::optional<Entry> entry);
  void index(const ChildId& id, const Entry& entry, bool present);
  void remember_pid(const ChildId& id, Child& child, const base::Bytes& pid);
  void drop(const ChildId& id);
  void write(base::Now now, const ChildId& id, Child& child, Entry entry, Facts facts,
             Outputs& out);
  void claim(base::Now now, const ChildId& id, Child& child, Facts facts, Outputs& out);
  void set_due(const ChildId& id, Child& child, base::Instant due);
  [[nodiscard]] bool is_mine(const Entry& entry) const { return entry.claim.run() == self_; }
  [[nodiscard]] bool may_run() const { return synced_ && quorum_ && listed_ && !stopping_; }
  [[nodiscard]] const Member* member(base::NodeId node) const;
  [[nodiscard]] bool is_candidate(base::NodeId node) const;
  [[nodiscard]] bool is_gone(const base::RunId& owner) const;
  void prepare_choices();
  [[nodiscard]] Placed choose(const ChildId& id, const ChildSpec& spec) const;
  [[nodiscard]] bool is_chosen(const ChildId& id, const Entry& entry) const;
  [[nodiscard]] std::optional<base::RunId> run_of(base::NodeId node) const;
  void start_statics(base::Now now, Outputs& out);
  void note_gone_owners(base::Now now, Outputs& out);

  // --- Copies, failures, moves, leaving (copies.cpp).
  void start_copy(base::Now now, const ChildId& id, Child& child, Outputs& out);
  void stop_copy(const ChildId& id, Child& child, StopReason reason, Outputs& out);
  void copy_gone(base::Now now, const ChildId& id, Child& child, base::Duration pause,
                 Outputs& out);
  void failed(base::Now now, const ChildId& id, Child& child, Outputs& out);
  void finish(base::Now now, const ChildId& id, Child& child, base::Bytes reason, Outputs& out);
  void strike(base::Now now, Child& child, Entry& next) const;
  void release(base::Now now, const ChildId& id, Child& child, base::NodeId target, Outputs& out);
  void consider_move(base::Now now, const ChildId& id, Child& child, Outputs& out);
  void end_move(Child& child);
  void note_crash(base::Now now, Outputs& out);
  void begin_stop(base::Now now, Outputs& out);
  void return_empty(base::Now now, Outputs& out);
  void look_at_stop(base::Now now, const Replica& replica, Outputs& out);
  [[nodiscard]] std::uint64_t alive_hash() const;

  // --- Names lost (conflicts.cpp).
  void give_way(base::Now now, const ChildId& id, Child& child, const Claim& winner);
  void set_awaited(const ChildId& id, Child& child, const std::optional<Claim>& claim);
  void settle_awaited(base::Now now, const ChildId& id, Child& child, Outputs& out);
  [[nodiscard]] base::NodeId heir(const ChildId& id, const Child& child) const;
  [[nodiscard]] base::Duration backoff(std::uint64_t failures) const;

  // --- Calls (calls.cpp).
  void route(base::Now now, base::CallId call, Outputs& out);
  [[nodiscard]] CallStatus place(base::Now now, const StartRequest& request, const Waiter& waiter,
                                 std::optional<base::RunId>& forward_to, Outputs& out);
  [[nodiscard]] CallStatus begin(base::Now now, const StartRequest& request, Outputs& out);
  void check_waiters(base::Now now, const ChildId& id, const Replica* replica, Outputs& out);
  void reply_start(const Waiter& waiter, const ChildId& id, CallStatus status, base::Bytes pid,
                   base::Bytes detail, Outputs& out);
  void look_at_calls(base::Now now, const Replica& replica, Outputs& out);
  void on(base::Now now, const base::RunId& from, const StartRequest& message, Outputs& out);
  void on(base::Now now, const base::RunId& from, const Started& message, Outputs& out);
  void on(base::Now now, const base::RunId& from, const Offer& message, Outputs& out);
  void on(base::Now now, const base::RunId& from, const Accept& message, Outputs& out);
  void on(base::Now now, const base::RunId& from, const Unquarantine& message, Outputs& out);
  void end_calls(Outputs& out);
  void lift_quarantine(base::Now now, const ChildId& id, Outputs& out);

  // --- Ends: confirmed by all, then forgotten (ends.cpp).
  void on(base::Now now, const base::RunId& from, const AskEnds& message, Outputs& out);
  void on(base::Now now, const base::RunId& from, const ConfirmEnds& message, Outputs& out);
  void watch_end(base::Now now, const ChildId& id);
  void look_at_ends(base::Now now, const Replica& replica, Outputs& out);
  void confirm_to_askers(const Replica& replica, Outputs& out);
  void ask_for_confirmations(base::Now now, const std::set<ChildId>& ids, Outputs& out);
  [[nodiscard]] bool answer_terminates(base::Now now, const ChildId& id, Outputs& out);
  void forget(const ChildId& id, Outputs& out);
  [[nodiscard]] bool gathers(const ChildId& id) const;
  enum class Left : std::uint8_t { must, need_not };  // Confirm.
  [[nodiscard]] std::vector<base::NodeId> missing(const Child& child, Left left) const;
  [[nodiscard]] bool may_forget(base::Now now, const Child& child) const;
  void hear_boots(const Boots& boots);
  [[nodiscard]] std::uint64_t newest_boot(base::NodeId node) const;

  base::RunId self_;
  Options options_;
  std::unique_ptr<Strategy> strategy_;
  std::unique_ptr<PlacementTable> table_;      // Of the strategy and view_, if it makes one.
  std::unique_ptr<PlacementTable> gatherers_;  // Who gathers the confirmations of an end.
  base::Rng rng_;
  View view_;
  base::Instant view_since_;  // When who is alive changed last.
  bool synced_ = false;
  bool quorum_ = false;
  bool lost_quorum_ = false;  // In this boot.
  base::Instant acts_from_;   // After a return of the quorum.
  bool listed_ = false;
  bool stopping_ = false;
  bool left_ = false;

  std::map<ChildId, Child> children_;
  std::map<base::RunId, std::set<ChildId>> by_owner_;      // Claimed, not released, not ended.
  std::map<base::NodeId, std::set<ChildId>> released_to_;  // Released, not ended.
  std::map<base::RunId, std::set<ChildId>> awaited_;       // By the owner of the awaited claim.
  std::set<ChildId> ended_;
  std::set<ChildId> copies_;  // Children with a copy here, under whatever claim.
  struct Gone {
    base::Instant since;
    base::Duration noticed_max;  // As the view was then, or later if that is more.
  };
  std::map<base::RunId, Gone> gone_;  // Owners in by_owner_ or awaited_.
  std::map<base::Bytes, ChildId> by_pid_;
  std::set<std::pair<base::Instant, ChildId>> due_;
  std::size_t moves_ = 0;
  std::deque<base::Instant> crashes_;

  std::map<base::CallId, PendingStart> starts_;
  std::map<base::CallId, PendingTerminate> terminates_;
  std::map<base::CallId, base::Instant> quorum_waits_;
  std::optional<PendingStop> stop_;
  std::set<ChildId> waited_for_;   // Children with waiters.
  std::set<ChildId> handed_over_;  // Released at our stop, and not known to be held elsewhere.
  std::set<ChildId> gathering_;    // Ends that we gather confirmations for.
  std::set<ChildId> news_of_;      // Of these: to be looked at at once; ...
  base::Instant all_ends_at_;      // ... all of them at this time.
  std::set<ChildId> to_confirm_;   // Ends that somebody asked about, to be answered now.
  Boots heard_boots_;
  std::map<std::uint64_t, crdt::VersionVector> vectors_;
  std::uint64_t last_vector_ = 0;
  base::Instant poll_at_ = base::Instant::never();
  base::Instant ends_at_ = base::Instant::never();
};

}  // namespace horde::supervisor
