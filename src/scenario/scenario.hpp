// Scenario: one experiment as a value: the cluster, its network, what happens when, what must hold.
//
// `parse` makes it from a file and `to_json` writes it back (parse.hpp). Every field has a default;
// a default-constructed Scenario is three nodes that idle until they have settled. Instants are
// durations since time 0, which is when the cluster has formed (with `formed: false`: the start).
#pragma once

#include "scenario/checks.hpp"
#include "scenario/steps.hpp"

namespace horde::scenario {

inline constexpr std::int64_t kScenarioVersion = 1;
inline constexpr std::int64_t kNodesMax = 10'000;
/// No duration in a file is longer: sums of a few of them never overflow.
inline constexpr base::Duration kDurationMax = base::seconds(10LL * 365 * 24 * 3'600);
inline constexpr std::int64_t kSyncsMax = 1'000'000;

/// Which member a child's hash means.
enum class Hash : std::uint8_t { rendezvous, ring };

struct NodeOptions {
  std::string name;
  base::Duration starts;        // After the start of the run.
  base::Duration clock_offset;  // Of the wall clock; may be negative.
  Drift clock_drift;
  std::optional<Hash> hash;  // Instead of the horde's: a node of another version.
  friend bool operator==(const NodeOptions&, const NodeOptions&) = default;
};

enum class Propagation : std::uint8_t { eager, interval };
enum class Redistribution : std::uint8_t { passive, active };
enum class Duplicates : std::uint8_t { stop, leave };
enum class OnIntensity : std::uint8_t { quarantine, shutdown };
enum class Distribution : std::uint8_t { uniform, uniform_quorum, uniform_random };

/// A child that every node knows from the start.
struct StaticChild {
  std::string name;
  std::string type = "sleeper";
  std::vector<std::string> args;
  RestartRule restart = RestartRule::permanent;
  std::optional<base::Duration> shutdown;
  friend bool operator==(const StaticChild&, const StaticChild&) = default;
};

/// The members that a horde is given: those heard of, or a list.
struct Members {
  bool automatic = true;
  std::vector<std::string> names;  // Empty if automatic.
  friend bool operator==(const Members&, const Members&) = default;
};

enum class NameKeys : std::uint8_t { unique, duplicate };

/// Of the registry that every node has a member of. What is not set is the engine's own default,
/// members and sync interval are the horde's.
struct RegistryOptions {
  NameKeys keys = NameKeys::unique;
  std::vector<std::string> listeners;  // Names of local processes.
  std::map<std::string, JsonValue> meta;
  std::optional<base::Duration> conflict_grace;
  std::optional<std::int64_t> conflicts_at_once;
  std::optional<base::Duration> conflict_pace;
  std::optional<std::int64_t> names_max;
  std::optional<Members> members;
  std::optional<base::Duration> sync_interval;
  friend bool operator==(const RegistryOptions&, const RegistryOptions&) = default;
};

/// Options of every node's engine. What is not set is the engine's own default.
struct HordeOptions {
  base::Duration sync_interval = base::milliseconds(300);
  Propagation propagation = Propagation::eager;
  Topology topology;
  Members members;
  Distribution distribution = Distribution::uniform;
  Hash hash = Hash::rendezvous;
  Redistribution redistribution = Redistribution::passive;
  Duplicates duplicates = Duplicates::stop;
  OnIntensity on_intensity = OnIntensity::quarantine;
  std::vector<StaticChild> static_children;
  std::vector<std::string> extra_arguments;
  std::optional<std::int64_t> max_children;
  std::optional<std::int64_t> max_restarts;
  std::optional<base::Duration> healthy_after;
  std::optional<base::Duration> quarantine;
  std::optional<base::Duration> takeover_delay;
  std::optional<std::int64_t> proxy_message_ttl;
  std::optional<std::int64_t> max_sync_size;  // Entries in a page; not set: no limit.
  base::Duration forget_after = base::seconds(24 * 3600);
  std::optional<base::Duration> boot_wait;
  std::optional<base::Duration> push_coalesce;
  std::optional<base::Duration> session_timeout;
  std::optional<base::Duration> tombstone_age_max;
  std::optional<std::int64_t> tombstones_max;
  std::optional<base::Duration> probe_interval;
  std::optional<base::Duration> probe_timeout;
  std::optional<RegistryOptions> registry;
  friend bool operator==(const HordeOptions&, const HordeOptions&) = default;
};

struct NetworkOptions {
  Latency latency;
  Fraction loss;
  Fraction duplicate;
  Fraction reorder;
  base::Duration reorder_by = base::milliseconds(10);  // At most, for a datagram that is delayed.
  Fraction corrupt;
  ByteRate bandwidth;       // Of each direction of each pair of nodes.
  std::vector<Link> links;  // What differs from the above; a later one wins.
  friend bool operator==(const NetworkOptions&, const NetworkOptions&) = default;
};

enum class FaultFamily : std::uint8_t {
  crash,
  disk_loss,
  pause,
  slow,
  cut,
  one_way,
  clog,
  loss,
  duplicate,
  reorder,
  corrupt,
  latency,
  clock
};
[[nodiscard]] std::vector<FaultFamily> all_fault_families();
[[nodiscard]] std::string_view to_string(FaultFamily family);

/// What `swarm` steps draw from. Each family is on or off by the seed, then faults begin `gap`
/// apart and last `lasts` on average.
struct SwarmOptions {
  std::vector<FaultFamily> faults = all_fault_families();
  base::Duration gap = base::seconds(1);
  base::Duration lasts = base::seconds(2);
  std::int64_t down_max = 1;  // Nodes that are down at once, at most.
  friend bool operator==(const SwarmOptions&, const SwarmOptions&) = default;
};

enum class Protocol : std::uint8_t { horde, token_ring };

struct Scenario {
  std::int64_t version = kScenarioVersion;
  std::string about;
  std::uint64_t seed = 1;
  Protocol protocol = Protocol::horde;
  std::vector<NodeOptions> nodes = numbered_nodes(3);
  HordeOptions horde;
  NetworkOptions network;
  bool formed = true;
  SwarmOptions swarm;
  std::vector<Step> timeline;
  std::optional<base::Duration> duration;  // Not set: until the last step has ended.
  Settle settle;                           // After the duration.
  std::vector<CheckId<CheckKind::always>> always = all_checks<CheckKind::always>();
  std::vector<CheckId<CheckKind::eventually>> eventually = all_checks<CheckKind::eventually>();
  std::vector<CheckId<CheckKind::sometimes>> sometimes;

  /// n1, n2, ... n<count>.
  [[nodiscard]] static std::vector<NodeOptions> numbered_nodes(std::int64_t count);
  friend bool operator==(const Scenario&, const Scenario&) = default;
};

/// Whether its nodes supervise children: some step starts them, or they know of static ones.
[[nodiscard]] bool has_children(const Scenario& scenario);
/// Whether its nodes have a registry: it has options, some step is about names, or some process
/// takes one.
[[nodiscard]] bool has_registry(const Scenario& scenario);
/// What a process called `name` is started with: `args`, and for a type that registers itself its
/// name, if they do not say another.
inline constexpr std::string_view kNameArgument = "name=";
[[nodiscard]] std::vector<std::string> arguments_of(std::string_view type,
                                                    std::vector<std::string> args,
                                                    const std::string& name);

}  // namespace horde::scenario
