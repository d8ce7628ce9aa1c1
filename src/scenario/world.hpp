// World: what a runner needs of the place where the nodes live, simulated or real.
//
//   runner --- time, calls, faults ---> World --- steps, answers, tells ---> WorldObserver
//          <-- observations ----------
//
// Observations are copies, but for maps, which are views: valid until time goes on. Times are the
// world's own; what people read is relative to the runner's time 0.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/engine.hpp"
#include "crdt/aw_lww_map.hpp"
#include "faults/network.hpp"
#include "members/members.hpp"
#include "registry/registry.hpp"
#include "replication/replicator.hpp"
#include "scenario/scenario.hpp"
#include "supervisor/supervisor.hpp"

namespace horde::scenario {

/// A node's place in the world, in the order of add_node, from 0.
using NodeIndex = std::uint32_t;

// --- Local calls of a node. Keys are users' keys, without the map's prefix.
struct PutCall {
  std::vector<std::pair<crdt::Key, crdt::Value>> pairs;
};
struct RemoveCall {
  std::vector<crdt::Key> keys;
};
struct SetMembersCall {
  std::vector<std::string> names;
  WhichHorde horde = WhichHorde::horde;
};
struct StopCall {};
struct LeaveCall {};
/// Answered with the child's id and pid; see supervisor.hpp.
struct StartChildCall {
  std::string type;
  std::vector<std::string> args;
  supervisor::Restart restart = supervisor::Restart::permanent;
  supervisor::Shutdown shutdown;
  std::optional<std::string> placement_key;
  std::uint64_t acknowledged_by = 1;
  base::Duration timeout = base::seconds(5);
};
struct TerminateChildCall {
  supervisor::ChildId id;
  base::Duration timeout = base::seconds(5);
};
/// Ends a quarantine.
struct ReleaseChildCall {
  supervisor::ChildId id;
};
struct WaitForQuorumCall {
  base::Duration timeout = base::seconds(5);
};
// Of processes and names. Keys are names as users give them, values as they are registered.
struct SpawnCall {
  std::string type;
  std::vector<std::string> args;
  std::string name;  ///< That its node knows it by.
  std::optional<process::Via> via;
};
struct ExitProcessCall {
  process::Pid pid;
  process::ExitReason reason;
};
struct RegisterNameCall {
  registry::RegisterCall request;
};
struct UnregisterNameCall {
  process::Pid pid;
  base::Bytes key;
};
/// Of those registrations that have this value.
struct UnregisterMatchCall {
  process::Pid pid;
  base::Bytes key;
  base::Bytes value;
};
struct UpdateValueCall {
  process::Pid pid;
  base::Bytes key;
  base::Bytes value;
};
struct PutMetaCall {
  base::Bytes key;
  base::Bytes value;
};
struct DeleteMetaCall {
  base::Bytes key;
};
struct BarrierCall {
  registry::BarrierCall request;
};
struct SendToNameCall {
  base::Bytes key;
  base::Bytes message;
};
struct CallNameCall {
  base::Bytes key;
  base::Bytes request;
  base::Duration timeout = base::seconds(5);
};
struct StopRegistryCall {};
using Call = std::variant<PutCall, RemoveCall, SetMembersCall, StopCall, LeaveCall, StartChildCall,
                          TerminateChildCall, ReleaseChildCall, WaitForQuorumCall, SpawnCall,
                          ExitProcessCall, RegisterNameCall, UnregisterNameCall,
                          UnregisterMatchCall, UpdateValueCall, PutMetaCall, DeleteMetaCall,
                          BarrierCall, SendToNameCall, CallNameCall, StopRegistryCall>;

/// One entry of a registry, as a node reads it.
struct NameRow {
  base::Bytes key;
  process::Pid pid;
  base::Bytes value;
  friend bool operator==(const NameRow&, const NameRow&) = default;
};

/// What one node's table says of a child.
struct ChildState {
  bool ended = false;
  supervisor::RunState state = supervisor::RunState::starting;
  supervisor::Claim claim;
  std::optional<base::NodeId> place;  ///< Where placement puts it, as this node sees the others.
};

/// Whether a call reached its node; its answer comes to the observer.
enum class CallResult : std::uint8_t { made, node_down, node_paused, not_offered };

/// What one input did to one of a node's maps.
struct MapStep {
  const crdt::AwLwwMap* map = nullptr;    ///< Null: there is none.
  std::span<const crdt::Change> touched;  ///< Keys as in the map, with their prefix.
  std::span<const crdt::Event> written;   ///< By this node, just now.
};

/// One input of one node, all of whose effects were carried out.
struct WorldStep {
  NodeIndex node = 0;
  base::Instant at;
  const crdt::AwLwwMap* map = nullptr;         ///< Null: the protocol has none.
  std::span<const crdt::Change> touched;       ///< Keys as in the map, with their prefix.
  std::span<const crdt::Event> written;        ///< By this node, just now.
  MapStep registry;                            ///< Of the map of names.
  std::span<const base::Bytes> names_touched;  ///< Names of which reads may have changed.

  [[nodiscard]] MapStep of(WhichHorde which) const {
    return which == WhichHorde::registry ? registry : MapStep{map, touched, written};
  }
};

enum class DownWhy : std::uint8_t { crashed, ended };

/// What may watch a world. Of one step: tells and answers first, then on_step.
class WorldObserver {
 public:
  virtual ~WorldObserver() = default;
  virtual void on_step(const WorldStep& /*step*/) {}
  virtual void on_tell(base::Instant /*at*/, NodeIndex /*node*/, const base::Tell& /*tell*/) {}
  virtual void on_answer(base::Instant /*at*/, NodeIndex /*node*/, const base::Answer& /*answer*/) {
  }
  virtual void on_ended(base::Instant /*at*/, NodeIndex /*node*/, const base::Ended& /*ended*/) {}
  virtual void on_up(base::Instant /*at*/, NodeIndex /*node*/, std::uint64_t /*boot*/) {}
  virtual void on_down(base::Instant /*at*/, NodeIndex /*node*/, DownWhy /*why*/) {}
};

/// What a node holds now, for bounds and baselines.
struct NodeSizes {
  replication::Replicator::Sizes replication;
  std::optional<replication::Replicator::Sizes> registry;  ///< Of the map of names.
  std::size_t pending_writes = 0;
  std::size_t reassembly_bytes = 0;
  std::size_t processes = 0;
  std::optional<supervisor::Supervisor::Sizes> children;  ///< Nothing: it supervises none.
  std::optional<registry::Registry::Sizes> names;         ///< Nothing: it has no registry.
};

/// What a node has sent of one kind since it was first started.
struct KindTally {
  std::string_view kind;  ///< "membership", "push", ... "framing"; static storage.
  std::uint64_t datagrams = 0;
  std::uint64_t bytes = 0;
  std::uint64_t most_a_second = 0;  ///< Datagrams, in the busiest second since reset_maxima.
};

/// Kinds that others speak of.
inline constexpr std::string_view kKindTotal = "total";
inline constexpr std::string_view kKindFraming = "framing";
inline constexpr std::string_view kKindMembership = "membership";

class World {
 public:
  virtual ~World() = default;

  /// Observers are told in the order in which they came, and live as long as the world.
  virtual void add_observer(WorldObserver& observer) = 0;

  // --- Time.
  [[nodiscard]] virtual base::Instant now() const = 0;
  /// Everything up to and including `end`, or until stop() is called from an observer.
  virtual void run_until(base::Instant end) = 0;
  virtual void stop() = 0;
  /// Whether it runs nothing any more.
  [[nodiscard]] virtual bool is_stopped() const = 0;
  /// Why the world cannot go on; empty while it can. Not set by stop().
  [[nodiscard]] virtual std::string problem() const = 0;

  // --- Nodes. Requires, where not said otherwise: the node is up.
  virtual NodeIndex add_node(const NodeOptions& options) = 0;  // Down until it is started.
  virtual void start(NodeIndex node) = 0;                      // Requires: it is down.
  struct Loss {
    Disk disk = Disk::kept;
    std::size_t records = 0;  // Of a rolled-back disk.
  };
  virtual void crash(NodeIndex node, const Loss& loss) = 0;
  virtual void pause(NodeIndex node) = 0;
  virtual void resume(NodeIndex node) = 0;
  // These work on nodes that are down, too.
  virtual void set_slow(NodeIndex node, base::Duration per_input) = 0;
  virtual void set_clock_offset(NodeIndex node, base::Duration offset) = 0;
  virtual void step_clock(NodeIndex node, base::Duration by) = 0;
  virtual void set_clock_drift(NodeIndex node, Drift drift) = 0;
  // Nothing happens where the node is down or paused.
  virtual CallResult call(NodeIndex node, base::CallId id, const Call& call) = 0;
  virtual void hint(NodeIndex node, NodeIndex peer, Hint::Kind kind) = 0;
  /// Of every start of a process on the node from here on; nothing: they go well. Also while it is
  /// down.
  virtual void set_start_fault(NodeIndex /*node*/, std::optional<StartFaults::Mode> /*fault*/) {}
  virtual void inject(NodeIndex from, NodeIndex to, const base::Bytes& datagram) = 0;

  // --- The network. Rules and links name nodes by NodeId::of(name).
  virtual faults::RuleId add_rule(faults::Rule rule) = 0;
  virtual void heal(faults::RuleId rule) = 0;
  [[nodiscard]] virtual faults::Link link(base::NodeId from, base::NodeId to) const = 0;
  virtual void set_link(NodeIndex from, NodeIndex to, const faults::Link& link) = 0;

  // --- Observations.
  [[nodiscard]] virtual const std::string& name(NodeIndex node) const = 0;
  [[nodiscard]] virtual bool is_up(NodeIndex node) const = 0;
  /// Whether it has had everything that some member had. Requires: it is up, as for what follows.
  [[nodiscard]] virtual bool is_synced(NodeIndex node) const = 0;
  [[nodiscard]] virtual const crdt::AwLwwMap* map(NodeIndex node) const = 0;
  [[nodiscard]] virtual std::optional<crdt::Value> get(NodeIndex node, std::string_view key) = 0;
  [[nodiscard]] virtual std::map<crdt::Key, crdt::Value> to_map(NodeIndex node) const = 0;
  [[nodiscard]] virtual std::vector<members::Member> members(NodeIndex node) const = 0;
  // Children: a protocol may have none.
  /// Those of the cluster as the node knows them; without those that have ended.
  [[nodiscard]] virtual std::vector<supervisor::ChildRow> children(NodeIndex /*node*/) const {
    return {};
  }
  /// Nothing if it knows of no such child.
  [[nodiscard]] virtual std::optional<ChildState> child(NodeIndex /*node*/,
                                                        const supervisor::ChildId& /*id*/) const {
    return {};
  }
  /// The id of the static child of that name.
  [[nodiscard]] virtual supervisor::ChildId static_child(const std::string& /*name*/) const {
    return {};
  }
  /// Whether its strategy has quorum, as it sees the others.
  [[nodiscard]] virtual bool has_quorum(NodeIndex /*node*/) const { return true; }
  /// How long after a cut children may still run on a side without quorum, with so many nodes.
  [[nodiscard]] virtual base::Duration quorum_stop_bound(std::size_t /*nodes*/) const { return {}; }
  // Processes and names: a protocol may have none.
  /// What the node's registry reads, of one name: who is shown, ascending by pid.
  [[nodiscard]] virtual std::vector<NameRow> holders(NodeIndex /*node*/,
                                                     base::BytesView /*name*/) const {
    return {};
  }
  /// The same by another way through the registry.
  [[nodiscard]] virtual std::optional<NameRow> lookup(NodeIndex /*node*/,
                                                      base::BytesView /*name*/) const {
    return {};
  }
  [[nodiscard]] virtual std::vector<base::Bytes> names_of(NodeIndex /*node*/,
                                                          const process::Pid& /*pid*/) const {
    return {};
  }
  /// All entries that are shown, ascending by pid, then name.
  [[nodiscard]] virtual std::vector<NameRow> names(NodeIndex /*node*/) const { return {}; }
  [[nodiscard]] virtual std::size_t names_count(NodeIndex /*node*/) const { return 0; }
  [[nodiscard]] virtual std::optional<base::Bytes> meta(NodeIndex /*node*/,
                                                        base::BytesView /*key*/) const {
    return {};
  }
  [[nodiscard]] virtual const crdt::AwLwwMap* registry_map(NodeIndex /*node*/) const {
    return nullptr;
  }
  [[nodiscard]] virtual std::vector<members::Member> registry_members(NodeIndex /*node*/) const {
    return {};
  }
  /// Whether its registry was stopped.
  [[nodiscard]] virtual bool is_registry_stopped(NodeIndex /*node*/) const { return false; }
  /// Its present life.
  [[nodiscard]] virtual base::RunId run(NodeIndex node) const {
    return {base::NodeId::of(name(node)), 0};
  }
  /// Whether a process of that life of a node is to be shown here: the node is a member of the
  /// registry, can be reached, and this is its newest life that is known.
  [[nodiscard]] virtual bool sees(NodeIndex /*node*/, const base::RunId& /*run*/) const {
    return false;
  }
  /// Whether it lives on this node.
  [[nodiscard]] virtual bool is_alive(NodeIndex /*node*/, const process::Pid& /*pid*/) const {
    return false;
  }
  /// The node's process of that local name.
  [[nodiscard]] virtual std::optional<process::Pid> process(NodeIndex /*node*/,
                                                            const std::string& /*name*/) const {
    return {};
  }
  /// By which rules of the network know what this horde's replicas send.
  [[nodiscard]] virtual faults::Channels channels(WhichHorde /*which*/) const { return {}; }
  [[nodiscard]] virtual NodeSizes sizes(NodeIndex node) const = 0;
  /// First all of it ("total"), then by kind. Also of nodes that are down.
  [[nodiscard]] virtual std::vector<KindTally> traffic(NodeIndex node) const = 0;
  virtual void reset_maxima() = 0;
  /// Some datagram that was sent not long ago, chosen by `choice`; empty if there was none.
  [[nodiscard]] virtual base::Bytes recent_datagram(std::uint64_t choice) const = 0;
};

/// The map of one of the node's hordes.
[[nodiscard]] inline const crdt::AwLwwMap* map_of(const World& world, NodeIndex node,
                                                  WhichHorde which) {
  return which == WhichHorde::registry ? world.registry_map(node) : world.map(node);
}
[[nodiscard]] inline std::vector<members::Member> members_of_horde(const World& world,
                                                                   NodeIndex node,
                                                                   WhichHorde which) {
  return which == WhichHorde::registry ? world.registry_members(node) : world.members(node);
}

}  // namespace horde::scenario
