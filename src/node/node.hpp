// Node assembles one node: liveness, links, processes, and for each horde its map, its member list,
// and its supervisor and its registry, if it has them. It meets base::Engine, so the simulator and
// a socket drive the same object.
//
//   datagram --> frames --> Liveness ----------------- events --> peers of every horde
//                       \-> Replicator of its horde -- changes -> Members, Supervisor, Registry
//                       \-> Links -- messages -> processes, Supervisor, Registry
//
// Effects of one input are in this order: log records, tells, datagrams (frames for one address
// share them, in the order in which they arose), answers, the end. A record precedes what it lets
// others see.
//
// Reading costs no message. Writing waits for the first sync of a life, with a short limit, so that
// a key gets at most one sibling from each life that wrote it unseen (W4).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/engine.hpp"
#include "base/rng.hpp"
#include "liveness/liveness.hpp"
#include "members/members.hpp"
#include "members/topology.hpp"
#include "node/copies.hpp"
#include "node/horde_names.hpp"
#include "node/local_calls.hpp"
#include "replication/replicator.hpp"
#include "wire/fragments.hpp"
#include "wire/links.hpp"

namespace horde::node {

/// What a horde that supervises children needs.
struct ChildrenConfig {
  supervisor::Options options;
  process::Args extra_arguments;  ///< Put before each child's own, by whoever starts it.
  /// Makes this member's placement strategy, once for each boot.
  std::function<std::unique_ptr<supervisor::Strategy>()> strategy = [] {
    return std::make_unique<supervisor::Uniform>();
  };
  /// How often the node tells of them (node_telemetry.cpp); zero: never.
  base::Duration telemetry_interval = base::seconds(5);
  /// Ends that are kept for members that have not confirmed them. With more, whoever is silent for
  /// the longest is waited for no more, and has to come back as if it were new.
  std::size_t ends_max = 100'000;
};

struct HordeConfig {
  std::string name = "horde";
  replication::Options replication;
  members::Options members;
  members::Topology topology;
  /// How long a booting member waits for somebody who has synced, if it cannot tell that nobody
  /// has; negative: for ever.
  base::Duration boot_wait = base::seconds(5);
  /// How long writes wait for the first sync.
  base::Duration write_wait = base::seconds(1);
  std::optional<ChildrenConfig> children;  ///< Nothing: it supervises none.
  /// Nothing: no registry. Processes reach it by the horde's name.
  std::optional<registry::Options> names{};
};

struct Config {
  std::string name;
  base::Address address;
  std::uint64_t boot = 0;  // Raised if the log or others know a later one.
  std::uint64_t seed = 0;
  std::vector<base::Address> seeds;
  std::vector<HordeConfig> hordes;
  liveness::Options liveness;
  base::Duration stop_wait = base::seconds(5);  // For the last sync of a graceful stop, at most.
  base::Duration children_stop_wait =
      base::seconds(60);  // Before it: for children to be handed over.
  wire::LinkOptions links;
  process::RuntimeOptions processes;
  process::ProcessTypes process_types;
};

/// By which its frames say whose they are; hordes of one node need different ones.
[[nodiscard]] std::uint16_t id_of_horde(std::string_view name);

/// Why a node cannot be made with it: "horde: children.backoff: wants ...", the first field that is
/// wrong, of hordes with the horde's name before it; empty if it can.
[[nodiscard]] std::string refusal_of(const Config& config);

/// A graceful stop.
struct StopCall {
  base::Duration timeout = base::seconds(60);  ///< For children to be handed over.
  base::Bytes reason;                          ///< The detail of Ended.
};

/// Why a call ended otherwise than "ok". The names are what Answer::status says.
enum class CallErrc : std::uint8_t {
  unknown_horde,
  key_over_limit,
  value_over_limit,
  queue_over_limit,  ///< Too many writes wait for the first sync.
  bad_name,          ///< A member name that no node can have.
  shutting_down,
};
[[nodiscard]] std::string_view to_string(CallErrc code);

/// Whom a message of a link is for: its first byte.
enum class Channel : std::uint8_t {
  processes = 1,
  supervisor = 2,  ///< Then the horde's id.
  registry = 3,    ///< Then the horde's id.
};

/// What happened to one key in the last input.
struct Touched {
  std::size_t horde = 0;
  crdt::Key key;  // As in the map, with its prefix.
  crdt::Visible visible = crdt::Visible::same;
};
struct Written {
  std::size_t horde = 0;
  crdt::Event event;
};
/// A key of a registry whose holders changed in the last input, or whether they are visible.
struct NameTouched {
  std::size_t horde = 0;
  base::Bytes key;
};

class Node {
 public:
  /// `log`: what the disk holds, oldest first. Damaged records end it; damaged_records() counts
  /// them. With a config that is refused, it ends as it starts: bad_config, with the reason.
  /// Requires: is_node_name(config.name).
  Node(Config config, std::span<const base::Bytes> log);

  // --- base::Engine.
  void on_start(base::Now now, base::Effects& out);
  void on_datagram(base::Now now, const base::Address& from, base::BytesView bytes,
                   base::Effects& out);
  void on_timeout(base::Now now, base::Effects& out);
  void on_hint(base::Now now, const base::Hint& hint, base::Effects& out);
  [[nodiscard]] base::Instant wake_at() const;

  // --- Local calls. Each is answered by one Answer with its id: at once, or when the first sync is
  //     over. "ok" means: done here, in the map and (as a record before the answer) in the log.
  using Pairs = std::vector<std::pair<crdt::Key, crdt::Value>>;
  void put(base::Now now, base::CallId call, std::string_view horde, Pairs pairs,
           base::Effects& out);
  void remove(base::Now now, base::CallId call, std::string_view horde, std::vector<crdt::Key> keys,
              base::Effects& out);
  void set_members(base::Now now, base::CallId call, std::string_view horde,
                   const std::vector<std::string>& names, base::Effects& out);
  // Of a horde with children; answered as supervisor.hpp says. The detail of an answer is the
  // child's id, then its pid, then who is missing, then the reason, as far as there are such.
  void start_child(base::Now now, base::CallId call, std::string_view horde,
                   supervisor::StartCall request, base::Effects& out);
  void terminate_child(base::Now now, base::CallId call, std::string_view horde,
                       const supervisor::TerminateCall& request, base::Effects& out);
  void wait_for_quorum(base::Now now, base::CallId call, std::string_view horde,
                       base::Duration timeout, base::Effects& out);
  /// Ends a child's quarantine.
  void release_child(base::Now now, base::CallId call, std::string_view horde,
                     const supervisor::ChildId& id, base::Effects& out);
  // Of this node's processes.
  /// Answered as LocalCalls says.
  void spawn(base::Now now, base::CallId call, SpawnCall request, base::Effects& out);
  void exit_process(base::Now now, base::CallId call, const process::Pid& pid,
                    const process::ExitReason& reason, base::Effects& out);
  // Of a horde with names. Refusals are answered by their name (process::NameErrc); the detail of
  // already_registered and not_held is the holder's pid.
  void register_name(base::Now now, base::CallId call, std::string_view horde,
                     const registry::RegisterCall& request, base::Effects& out);
  void unregister_name(base::Now now, base::CallId call, std::string_view horde,
                       const process::Pid& pid, base::BytesView key, base::Effects& out);
  /// The detail says how many.
  void unregister_match(base::Now now, base::CallId call, std::string_view horde,
                        const process::Pid& pid, base::BytesView key,
                        const process::NamePredicate& which, base::Effects& out);
  /// The detail is the value before.
  void update_value(base::Now now, base::CallId call, std::string_view horde,
                    const process::Pid& pid, base::BytesView key, base::Bytes value,
                    base::Effects& out);
  void put_meta(base::Now now, base::CallId call, std::string_view horde, base::BytesView key,
                base::Bytes value, base::Effects& out);
  void delete_meta(base::Now now, base::CallId call, std::string_view horde, base::BytesView key,
                   base::Effects& out);
  /// "missing" with the names of those who do not see it.
  void barrier(base::Now now, base::CallId call, std::string_view horde,
               const registry::BarrierCall& request, base::Effects& out);
  /// To whoever holds the key; "not_found" if nobody does.
  void send_via(base::Now now, base::CallId call, std::string_view horde, base::BytesView key,
                base::BytesView message, base::Effects& out);
  void call_via(base::Now now, base::CallId call, std::string_view horde, base::BytesView key,
                base::BytesView request, base::Duration timeout, base::Effects& out);
  /// This member's registry gives its names up, and stays stopped in this boot.
  void stop_names(base::Now now, base::CallId call, std::string_view horde, base::Effects& out);
  /// Announces it, hands children over as they stop, sends what others lack, says goodbye, and
  /// ends. Children that do not stop in time are taken over when it has ended.
  void stop(base::Now now, base::Effects& out);
  void stop(base::Now now, StopCall request, base::Effects& out);
  /// The same, and takes itself off every member list first.
  void leave(base::Now now, base::Effects& out);

  // --- Reads: local, without a message.
  /// Null if absent, or if there is no such horde.
  [[nodiscard]] const crdt::Value* get(std::string_view horde, std::string_view key) const;
  [[nodiscard]] std::map<crdt::Key, crdt::Value> take(std::string_view horde,
                                                      std::span<const crdt::Key> keys) const;
  [[nodiscard]] std::map<crdt::Key, crdt::Value> to_map(std::string_view horde) const;
  [[nodiscard]] std::vector<members::Member> members(std::string_view horde) const;
  /// Null if the horde has no children, or if there is no such horde.
  [[nodiscard]] const supervisor::Supervisor* children(std::string_view horde) const;
  /// Null if the horde has no names, or if there is no such horde.
  [[nodiscard]] const registry::Registry* names(std::string_view horde) const;

  // --- For checkers and statistics.
  [[nodiscard]] std::uint64_t boot() const { return boot_; }
  [[nodiscard]] const liveness::Liveness& liveness() const { return liveness_; }
  [[nodiscard]] std::size_t hordes_count() const { return hordes_.size(); }
  [[nodiscard]] const replication::Replicator& replicator(std::size_t horde) const {
    return hordes_[horde].replicator;
  }
  /// Of the last input; cleared by the next one.
  [[nodiscard]] const std::vector<Touched>& touched() const { return touched_; }
  [[nodiscard]] const std::vector<Written>& written() const { return written_; }
  [[nodiscard]] const std::vector<NameTouched>& names_touched() const { return names_touched_; }
  [[nodiscard]] std::size_t damaged_records() const { return damaged_records_; }

  /// Datagrams and frames that were dropped, by why.
  struct Drops {
    std::array<std::uint64_t, 7> undecodable{};  // By wire::DecodeErrc.
    std::uint64_t unknown_sender = 0;            // Not known to liveness.
    std::uint64_t old_boot = 0;                  // From an earlier life of its sender.
    std::uint64_t unknown_horde = 0;
    std::uint64_t own_name = 0;    // Claims to come from this node.
    std::uint64_t over_limit = 0;  // Ours: a message larger than any may be.
  };
  [[nodiscard]] const Drops& drops() const { return drops_; }
  /// Writes that wait for the first sync.
  [[nodiscard]] std::size_t pending_writes(std::size_t horde) const {
    return hordes_[horde].pending.size();
  }
  [[nodiscard]] std::size_t bytes_held() const { return reassembler_.bytes_held(); }
  [[nodiscard]] const process::Runtime& processes() const { return *runtime_; }
  [[nodiscard]] const Copies* copies(std::size_t horde) const {
    return hordes_[horde].children == nullptr ? nullptr : &hordes_[horde].children->copies;
  }

 private:
  struct PendingWrite {
    base::CallId call;
    Pairs puts;
    std::vector<crdt::Key> removes;
  };
  /// The supervisor of a horde, for one boot.
  struct Children {
    supervisor::Supervisor supervisor;
    Copies copies;
    std::vector<supervisor::EntryChange> changes{};  // Not told yet.
    std::deque<supervisor::Output> todo{};
    bool synced_told = false;
    bool left = false;  // All is handed over.
    std::optional<base::Instant> telemetry_at{};
  };
  /// The registry of a horde, for one boot.
  struct Registered {
    Registered(registry::Registry registry, HordeNames::RegistrantOf registrant)
        : names(std::move(registry), std::move(registrant)) {}
    HordeNames names;
    std::set<crdt::Key> changed{};  // Not told yet.
    bool synced_told = false;
    bool view_changed = true;  // It has not been told.
  };
  struct Horde {
    HordeConfig config;
    std::uint16_t id = 0;
    replication::Replicator replicator;
    members::Members members;
    std::deque<PendingWrite> pending;
    base::Instant write_at;       // Writes wait no longer than this.
    base::Instant assume_at;      // boot_wait is over.
    base::Instant cold_check_at;  // While not synced.
    base::Instant absent_since;  // The start: of members that were never heard of in this boot, ...
    base::Instant absent_at;     // ... who count as dead from here on.
    bool absent_are_dead = false;
    std::uint64_t announced_boot = 0;
    bool must_start_anew = false;
    base::Instant review_at;  // When witnesses and the list are looked at next.
    std::set<base::NodeId> witnesses{};
    std::unique_ptr<Children> children;
    std::unique_ptr<Registered> registered;
    bool view_changed = true;  // Its supervisor has not been told.
    /// Of `lone_horde`: since when it has no peers while another horde has; told once.
    std::optional<base::Instant> alone_since{};
    bool alone_told = false;
  };
  enum class Life : std::uint8_t {
    running,
    stopping_children,  // Stopping: children are being handed over.
    handing_over,       // Stopping: what others lack is still being sent.
    leaving,            // Stopping: the goodbye is being told.
    ended,
  };

  // node.cpp
  [[nodiscard]] Horde* find(std::string_view name);
  [[nodiscard]] const Horde* find(std::string_view name) const;
  void load(std::span<const base::Bytes> log);
  void begin(base::Now now);
  void finish(base::Now now, base::Effects& out);
  void begin_stop(base::Now now);
  void advance_stop(base::Now now);
  void settle(base::Now now);
  void submit(base::Now now, Horde& horde, PendingWrite write);
  void carry_out(base::Now now, Horde& horde, PendingWrite write);
  void answer(base::CallId call, std::string_view status);
  void write(base::Now now, Horde& horde, const std::vector<members::Write>& writes);
  [[nodiscard]] bool may_write(base::Instant now, const Horde& horde) const;
  void change_boot(base::Now now);

  // node_events.cpp: what components hand up.
  void on_frame(base::Now now, const wire::Sender& sender, const base::Address& from,
                const wire::FrameView& frame);
  void on_peer_frame(base::Now now, const wire::Sender& sender, const wire::FrameView& frame);
  void take(base::Now now, liveness::Outputs outputs);
  void take(base::Now now, Horde& horde, replication::Outputs outputs);
  void on_peer_event(base::Now now, const liveness::PeerEvent& event);
  void want_update(base::Instant now);
  void update_peers(base::Now now);
  void review(base::Now now, Horde& horde);
  void check_cold_start(base::Now now, Horde& horde);
  [[nodiscard]] members::SeenNodes seen(const Horde& horde) const;
  void count_absent_as_dead(base::Now now, Horde& horde);
  void queue_frame(const base::Address& to, wire::Frame frame);
  void count(const wire::DecodeError& error);

  // node_children.cpp
  void make_children();
  void note_entries(Horde& horde, const std::vector<crdt::Change>& changes);
  void run_children(base::Now now);
  void run_timers(base::Now now);
  [[nodiscard]] bool hand_on_entries(base::Now now);
  [[nodiscard]] bool carry_out_next(base::Now now);
  [[nodiscard]] bool hand_on_arrivals(base::Now now);
  [[nodiscard]] bool hand_on_links(base::Now now);
  void take(Horde& horde, supervisor::Outputs outputs);
  void carry_out(base::Now now, Horde& horde, const supervisor::StartCopy& order);
  void carry_out(base::Now now, Horde& horde, const supervisor::StopCopy& order);
  void carry_out(base::Now now, Horde& horde, const supervisor::WriteEntry& entry);
  void carry_out(base::Now now, Horde& horde, const supervisor::RemoveEntry& entry);
  void carry_out(base::Now now, Horde& horde, const supervisor::SendTo& message);
  void carry_out(base::Now now, Horde& horde, const supervisor::Reply& reply);
  void carry_out(base::Now now, Horde& horde, const supervisor::AnnounceStop& announce);
  void carry_out(base::Now now, Horde& horde, const supervisor::AnnounceReturn& announce);
  void carry_out(base::Now now, Horde& horde, const supervisor::HasLeft& left);
  void carry_out(base::Now now, Horde& horde, const supervisor::Told& told);
  void send_over_link(base::Now now, const base::RunId& to, const base::Bytes& message);
  void link_ended(base::Now now, const base::RunId& run);
  void on_link_message(base::Now now, const base::RunId& from, base::BytesView message);
  [[nodiscard]] bool tell_views(base::Now now);
  void tell_synced(base::Now now, Horde& horde);
  template <class Call>
  void call_supervisor(base::Now now, base::CallId call, std::string_view horde, base::Effects& out,
                       Call&& what);
  void stop_children(base::Now now);
  [[nodiscard]] bool children_have_left() const;
  void tell(std::string_view topic, base::NodeId about, std::uint64_t value,
            base::Bytes detail = {});

  // node_names.cpp
  void make_names(Horde& horde);
  void note_names(Horde& horde, const std::vector<crdt::Change>& changes);
  [[nodiscard]] bool run_names(base::Now now);
  [[nodiscard]] bool tell_names_views(base::Now now);
  [[nodiscard]] registry::View names_view(const Horde& horde) const;
  [[nodiscard]] registry::Registrant registrant_of(const process::Pid& pid) const;
  [[nodiscard]] supervisor::Ignored why_ignored(const process::Pid& pid) const;
  void carry_out(base::Now now, Horde& horde, const registry::Write& write);
  void carry_out(base::Now now, Horde& horde, const registry::SendTo& message);
  void carry_out(base::Now now, Horde& horde, const registry::Reply& reply);
  void carry_out(base::Now now, Horde& horde, const registry::TellLoser& conflict);
  void carry_out(base::Now now, Horde& horde, const registry::Kill& kill);
  void carry_out(base::Now now, Horde& horde, const registry::Notify& notify);
  void carry_out(base::Now now, Horde& horde, const registry::Told& told);
  void answer(base::CallId call, const process::NameResult& result);
  template <class Call>
  void call_registry(base::Now now, base::CallId call, std::string_view horde, base::Effects& out,
                     Call&& what);
  void stop_registries(base::Now now);
  void names_view_changed();
  static void note_view(Horde& horde);

  // node_telemetry.cpp
  void warn_of_lone_hordes(base::Now now);
  void tell_of_children(base::Now now);
  void tell_of_delta(const Horde& horde, base::NodeId from,
                     const std::vector<crdt::Change>& changes);

  Config config_;
  base::NodeId self_;
  std::uint64_t boot_ = 0;
  base::Rng rng_;
  liveness::Liveness liveness_;
  std::deque<Horde> hordes_;
  wire::Reassembler reassembler_;
  wire::Links links_;
  wire::LinkOutputs link_out_;
  std::unique_ptr<process::Runtime> runtime_;
  process::Outputs process_out_;
  std::unique_ptr<LocalCalls> local_calls_;
  base::Instant processes_at_;  // When processes are looked at next.
  bool leaves_lists_ = false;   // Stopping: takes itself off every member list.
  Life life_ = Life::running;
  base::Instant stop_at_ = base::Instant::never();
  StopCall stop_call_;
  std::optional<std::uint64_t> later_boot_;  // Heard of ourselves.
  base::Instant update_peers_at_ = base::Instant::never();
  std::size_t damaged_records_ = 0;
  Drops drops_;
  std::string refusal_;  // Of the config.

  // What the present input has led to, until finish() puts it into Effects.
  std::vector<base::Persist> records_;
  std::vector<base::Tell> tells_;
  std::vector<std::pair<base::Address, std::vector<wire::Frame>>> frames_;
  std::vector<base::Answer> answers_;
  std::optional<base::Ended> ended_;
  std::vector<Touched> touched_;
  std::vector<Written> written_;
  std::vector<NameTouched> names_touched_;
};

}  // namespace horde::node
