// The steps of a scenario's timeline: calls of the map and the membership, faults, expectations.
//
// Plain values. Their keys, defaults, bounds and descriptions in files stand in steps_tables.cpp.
#pragma once

#include "scenario/name_steps.hpp"

namespace horde::scenario {

// --- The map -------------------------------------------------------------------------------------

struct Put {
  NodeRef via{.role = NodeRef::Role::random};
  std::string key;
  std::string value;
  friend bool operator==(const Put&, const Put&) = default;
};

struct Remove {
  NodeRef via{.role = NodeRef::Role::random};
  std::string key;
  friend bool operator==(const Remove&, const Remove&) = default;
};

/// `count` puts, evenly over `over`, the nodes of `via` taking turns. "{i}" in `key` counts from
/// `first`. Each value is unlike every other, filled up to `value_size`.
struct PutMany {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string key = "key-{i}";
  ByteCount value_size{16};
  NodeSet via{{NodeRef{.role = NodeRef::Role::random}}};
  base::Duration over;
  friend bool operator==(const PutMany&, const PutMany&) = default;
};

struct RemoveMany {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string key = "key-{i}";
  NodeSet via{{NodeRef{.role = NodeRef::Role::random}}};
  base::Duration over;
  friend bool operator==(const RemoveMany&, const RemoveMany&) = default;
};

/// A bulk put: one delta.
struct Merge {
  NodeRef via{.role = NodeRef::Role::random};
  std::map<std::string, std::string> entries;
  friend bool operator==(const Merge&, const Merge&) = default;
};

/// A bulk remove: one delta.
struct Drop {
  NodeRef via{.role = NodeRef::Role::random};
  std::vector<std::string> keys;
  friend bool operator==(const Drop&, const Drop&) = default;
};

/// Reads one key and expects what is read.
struct Get {
  NodeRef via{.role = NodeRef::Role::random};
  std::string key;
  Wanted value;
  friend bool operator==(const Get&, const Get&) = default;
};

/// Reads several keys at once and expects exactly `values`.
struct Take {
  NodeRef via{.role = NodeRef::Role::random};
  std::vector<std::string> keys;
  std::map<std::string, std::string> values;
  friend bool operator==(const Take&, const Take&) = default;
};

/// Puts and removes of random keys out of `keys`, evenly mixed over `over`, from random nodes of
/// `via`.
struct Workload {
  std::int64_t puts = 1'000;
  std::int64_t removes = 0;
  std::int64_t keys = 100;
  std::string key = "key-{i}";
  ByteCount value_size{16};
  NodeSet via = NodeSet::of(NodeRef::Role::all);
  base::Duration over = base::seconds(10);
  friend bool operator==(const Workload&, const Workload&) = default;
};

// --- The membership ------------------------------------------------------------------------------

/// Members that do not exist (yet) are legal.
struct SetMembers {
  NodeRef via{.role = NodeRef::Role::random};
  std::vector<std::string> members;
  WhichHorde horde = WhichHorde::horde;
  friend bool operator==(const SetMembers&, const SetMembers&) = default;
};

/// New nodes, started evenly over `over`. A file may say how many; reading it names them.
struct Join {
  std::vector<std::string> nodes;
  base::Duration over;
  friend bool operator==(const Join&, const Join&) = default;
};

/// Leaves the membership for good, then stops; killed after `kill_after` if it is still at it.
struct Leave {
  NodeSet nodes;
  std::optional<base::Duration> kill_after;
  friend bool operator==(const Leave&, const Leave&) = default;
};

/// A graceful stop: announced, but still a wanted member, which may be restarted.
struct Stop {
  NodeSet nodes;
  std::optional<base::Duration> kill_after;
  friend bool operator==(const Stop&, const Stop&) = default;
};

// --- Children ------------------------------------------------------------------------------------

enum class RestartRule : std::uint8_t { permanent, transient, temporary };

/// `count` children of one process type, evenly over `over`, the nodes of `via` taking turns. "{i}"
/// in `name`, `args` and `placement_key` counts from `first`. The name is the scenario's own, for
/// later steps.
struct StartChildren {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "child-{i}";
  std::string type = "sleeper";
  std::vector<std::string> args;
  RestartRule restart = RestartRule::permanent;
  std::optional<base::Duration> shutdown;  // Grace when it is stopped; 5 s if not set.
  std::optional<std::string> placement_key;
  std::int64_t acknowledged_by = 1;  // Members that must hold it before ok.
  base::Duration timeout = base::seconds(5);
  WantedAnswer answer;
  NodeSet via{{NodeRef{.role = NodeRef::Role::random}}};
  base::Duration over;
  friend bool operator==(const StartChildren&, const StartChildren&) = default;
};

/// Terminates children that a start_children of the same names has started.
struct TerminateChildren {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "child-{i}";
  base::Duration timeout = base::seconds(5);
  WantedAnswer answer;
  NodeSet via{{NodeRef{.role = NodeRef::Role::random}}};
  base::Duration over;
  friend bool operator==(const TerminateChildren&, const TerminateChildren&) = default;
};

/// Ends the quarantine of children.
struct ReleaseChildren {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "child-{i}";
  WantedAnswer answer;
  NodeSet via{{NodeRef{.role = NodeRef::Role::random}}};
  friend bool operator==(const ReleaseChildren&, const ReleaseChildren&) = default;
};

/// Calls wait_for_quorum on each of `via`.
struct WaitForQuorum {
  NodeSet via = NodeSet::of(NodeRef::Role::all);
  base::Duration timeout = base::seconds(5);
  WantedAnswer answer;
  friend bool operator==(const WaitForQuorum&, const WaitForQuorum&) = default;
};

/// Starts of processes go wrong on these nodes, whatever their type.
struct StartFaults {
  enum class Mode : std::uint8_t { fail, block, ignore, crash };
  NodeSet nodes = NodeSet::of(NodeRef::Role::all);
  Mode mode = Mode::fail;
  std::optional<base::Duration> lasts;  // "for"; until the run settles if not set.
  friend bool operator==(const StartFaults&, const StartFaults&) = default;
};

// --- Faults of nodes -----------------------------------------------------------------------------

enum class Disk : std::uint8_t { kept, rolled_back, lost };

struct Crash {
  NodeSet nodes;
  Disk disk = Disk::kept;
  std::int64_t records = 1;  // That a rolled-back disk has lost.
  std::optional<base::Duration> restart_after;
  friend bool operator==(const Crash&, const Crash&) = default;
};

/// A new boot of nodes that crashed or stopped ("all": of all those).
struct Restart {
  NodeSet nodes;
  friend bool operator==(const Restart&, const Restart&) = default;
};

/// Handles nothing; datagrams wait (up to the socket's buffer) as for a stopped process.
struct Pause {
  NodeSet nodes;
  std::optional<base::Duration> lasts;  // "for"; until `resume` if not set.
  friend bool operator==(const Pause&, const Pause&) = default;
};

struct Resume {
  NodeSet nodes;
  friend bool operator==(const Resume&, const Resume&) = default;
};

/// Handles every event `delay` late.
struct Slow {
  NodeSet nodes;
  base::Duration delay = base::milliseconds(100);
  std::optional<base::Duration> lasts;
  friend bool operator==(const Slow&, const Slow&) = default;
};

/// Changes wall clocks: `offset` sets what stands between the clock and true time, `step` adds.
struct Clock {
  NodeSet nodes;
  std::optional<base::Duration> offset;
  std::optional<base::Duration> step;
  std::optional<Drift> drift;
  friend bool operator==(const Clock&, const Clock&) = default;
};

/// Tells `nodes` what a network would tell of `peer`; it need not be true.
struct Hint {
  enum class Kind : std::uint8_t { port_refused, tripwire_closed };
  NodeSet nodes;
  NodeRef peer;
  Kind kind = Kind::port_refused;
  friend bool operator==(const Hint&, const Hint&) = default;
};

/// Datagrams of random bytes, or of real ones damaged, as if sent by `from`.
struct Garbage {
  NodeSet to = NodeSet::of(NodeRef::Role::all);
  NodeRef from{.role = NodeRef::Role::random};
  std::int64_t count = 100;
  ByteCount size_max{1'400};
  base::Duration over = base::seconds(1);
  friend bool operator==(const Garbage&, const Garbage&) = default;
};

// --- Faults of the network -----------------------------------------------------------------------

/// Nothing passes between the groups; nodes in none of them reach everybody.
struct Groups {
  std::vector<NodeSet> groups;
  friend bool operator==(const Groups&, const Groups&) = default;
};

/// Each of `nodes` is alone.
struct Isolate {
  NodeSet nodes;
  friend bool operator==(const Isolate&, const Isolate&) = default;
};

/// What `from` sends to `to` is lost; the other direction works.
struct OneWay {
  NodeSet from;
  NodeSet to = NodeSet::of(NodeRef::Role::others);
  friend bool operator==(const OneWay&, const OneWay&) = default;
};

/// Two halves of the other nodes, in the order of their names, that only `over` reaches.
struct Bridge {
  NodeRef over{.role = NodeRef::Role::random};
  friend bool operator==(const Bridge&, const Bridge&) = default;
};

/// Each node sees a majority, and no two see the same one.
struct MajoritiesRing {
  friend bool operator==(const MajoritiesRing&, const MajoritiesRing&) = default;
};

/// One of the shapes above, with random nodes.
struct RandomCut {
  friend bool operator==(const RandomCut&, const RandomCut&) = default;
};

struct Cut {
  std::variant<Groups, Isolate, OneWay, Bridge, MajoritiesRing, RandomCut> shape;
  std::string name;                     // For `heal`; may be empty.
  std::optional<base::Duration> lasts;  // "for"; until `heal` if not set.
  friend bool operator==(const Cut&, const Cut&) = default;
};

/// Ends the cuts of this name; "all" ends every cut, clog and link change.
struct Heal {
  std::string cut = "all";
  friend bool operator==(const Heal&, const Heal&) = default;
};

/// Datagrams wait and all arrive when the clog ends.
struct Clog {
  NodeSet from = NodeSet::of(NodeRef::Role::all);
  NodeSet to = NodeSet::of(NodeRef::Role::all);
  std::optional<base::Duration> lasts;
  friend bool operator==(const Clog&, const Clog&) = default;
};

struct Unclog {
  NodeSet from = NodeSet::of(NodeRef::Role::all);
  NodeSet to = NodeSet::of(NodeRef::Role::all);
  friend bool operator==(const Unclog&, const Unclog&) = default;
};

/// Changes what is set, leaves the rest; as a step and in `network.links`.
struct Link {
  NodeSet from = NodeSet::of(NodeRef::Role::all);
  NodeSet to = NodeSet::of(NodeRef::Role::all);
  std::optional<Latency> latency;
  std::optional<Fraction> loss, duplicate, reorder, corrupt;
  std::optional<base::Duration> reorder_by;
  std::optional<ByteRate> bandwidth;
  std::optional<base::Duration> lasts;
  friend bool operator==(const Link&, const Link&) = default;
};

// --- Expectations and phases ---------------------------------------------------------------------

/// What must hold on each of `on` (that runs) at this moment; what is not set is not looked at.
struct Expect {
  NodeSet on = NodeSet::of(NodeRef::Role::all);
  std::map<std::string, Wanted> values;
  std::vector<std::string> absent;
  std::optional<std::int64_t> keys;
  std::optional<std::int64_t> children;
  std::optional<std::int64_t> running;  // Children with a process on one of `on`, and on one only.
  std::optional<std::int64_t> quarantined;
  std::optional<bool> quorum;
  std::optional<WantedMembers> members;
  std::optional<NodeSet> alive;
  std::optional<NodeSet> dead;
  std::optional<bool> converged;
  std::optional<std::int64_t> names;            // Entries that the registry shows.
  std::map<std::string, NodeRef> held;          // Names, and where the holder of each lives.
  std::vector<std::string> free;                // Names that nobody may hold.
  std::map<std::string, MetricBounds> metrics;  // Of all nodes, whatever `on` says.
  friend bool operator==(const Expect&, const Expect&) = default;
};

/// Metrics tell of what happens from here on, until now and at the end.
struct Measure {
  std::optional<std::string> children;  // Those of children only of these names.
  friend bool operator==(const Measure&, const Measure&) = default;
};

/// Ends all faults of the network among `core`, restarts and resumes its nodes, and waits until the
/// `eventually` checkers hold there; faults outside stay as they are. Fails after `within`.
struct Settle {
  Span within{.syncs = 20};
  NodeSet core = NodeSet::of(NodeRef::Role::all);
  friend bool operator==(const Settle&, const Settle&) = default;
};

/// Random faults of the families in `swarm` (at the top), for so long.
struct Swarm {
  base::Duration lasts = base::seconds(20);
  friend bool operator==(const Swarm&, const Swarm&) = default;
};

using Action =
    std::variant<Put, Remove, PutMany, RemoveMany, Merge, Drop, Get, Take, Workload, SetMembers,
                 StartChildren, TerminateChildren, ReleaseChildren, WaitForQuorum, Join, Leave,
                 Stop, Crash, Restart, StartFaults, Pause, Resume, Slow, Clock, Hint, Garbage, Cut,
                 Heal, Clog, Unclog, Link, Channel, StartProcesses, StopProcesses, RegisterNames,
                 UnregisterNames, UnregisterMatch, UpdateValues, PutMeta, DeleteMeta, GetMeta,
                 SendToNames, CallNames, Barrier, StopRegistry, Lookup, SelectNames, Expect,
                 Measure, Settle, Swarm>;

/// `pattern` with "{i}" replaced by `number`.
[[nodiscard]] std::string numbered(const std::string& pattern, std::int64_t number);
[[nodiscard]] std::vector<std::string> numbered(std::vector<std::string> patterns,
                                                std::int64_t number);
inline constexpr std::string_view kNumberMark = "{i}";

/// The key of an action in files: "put", "cut", ...
[[nodiscard]] std::string_view name_of(const Action& action);

/// One step: what happens at `at`, and (with `every`) again until `until` or `count` times in all.
struct Step {
  base::Duration at;
  std::optional<base::Duration> every;
  std::optional<base::Duration> until;
  std::optional<std::int64_t> count;
  Action action;
  friend bool operator==(const Step&, const Step&) = default;
};

/// What happens as one line for people, without what is at its default:
/// `cut {"groups": [["n1"], ["n2", "n3"]]}`.
[[nodiscard]] std::string to_string(const Action& action);

}  // namespace horde::scenario
