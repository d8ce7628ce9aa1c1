// The objects of the format that have a table, each defined in one of the *_tables.cpp.
//
// Internal to this folder, as fields.hpp is.
#pragma once

#include "scenario/codecs.hpp"

namespace horde::scenario {

// values_tables.cpp
template <>
const Table<Latency>& table_of();
template <>
const Table<ConstantLatency>& table_of();
template <>
const Table<UniformLatency>& table_of();
template <>
const Table<ExponentialLatency>& table_of();
template <>
const Table<LogNormalLatency>& table_of();
template <>
const Table<Topology>& table_of();
template <>
const Table<AutoTopology>& table_of();
template <>
const Table<FullMeshTopology>& table_of();
template <>
const Table<RingTopology>& table_of();
template <>
const Table<KRegularTopology>& table_of();
template <>
const Table<GraphTopology>& table_of();

// call_tables.cpp
template <>
const Table<Put>& table_of();
template <>
const Table<Remove>& table_of();
template <>
const Table<PutMany>& table_of();
template <>
const Table<RemoveMany>& table_of();
template <>
const Table<Merge>& table_of();
template <>
const Table<Drop>& table_of();
template <>
const Table<Get>& table_of();
template <>
const Table<Take>& table_of();
template <>
const Table<Workload>& table_of();
template <>
const Table<SetMembers>& table_of();
template <>
const Table<Join>& table_of();
template <>
const Table<Leave>& table_of();
template <>
const Table<Stop>& table_of();
template <>
const Table<Expect>& table_of();
template <>
const Table<MetricBounds>& table_of();
template <>
const Table<Measure>& table_of();
template <>
const Table<Settle>& table_of();
template <>
const Table<Swarm>& table_of();

// fault_tables.cpp
template <>
const Table<Crash>& table_of();
template <>
const Table<Restart>& table_of();
template <>
const Table<Pause>& table_of();
template <>
const Table<Resume>& table_of();
template <>
const Table<Slow>& table_of();
template <>
const Table<Clock>& table_of();
template <>
const Table<Hint>& table_of();
template <>
const Table<Garbage>& table_of();
template <>
const Table<Groups>& table_of();
template <>
const Table<Isolate>& table_of();
template <>
const Table<OneWay>& table_of();
template <>
const Table<Bridge>& table_of();
template <>
const Table<MajoritiesRing>& table_of();
template <>
const Table<RandomCut>& table_of();
template <>
const Table<Cut>& table_of();
template <>
const Table<Heal>& table_of();
template <>
const Table<StartChildren>& table_of();
template <>
const Table<TerminateChildren>& table_of();
template <>
const Table<ReleaseChildren>& table_of();
template <>
const Table<WaitForQuorum>& table_of();
template <>
const Table<StartFaults>& table_of();
template <>
const Table<Clog>& table_of();
template <>
const Table<Unclog>& table_of();
template <>
const Table<Link>& table_of();

// name_tables.cpp
template <>
const Table<StartProcesses>& table_of();
template <>
const Table<StopProcesses>& table_of();
template <>
const Table<RegisterNames>& table_of();
template <>
const Table<UnregisterNames>& table_of();
template <>
const Table<UnregisterMatch>& table_of();
template <>
const Table<UpdateValues>& table_of();
template <>
const Table<PutMeta>& table_of();
template <>
const Table<DeleteMeta>& table_of();
template <>
const Table<GetMeta>& table_of();
template <>
const Table<SendToNames>& table_of();
template <>
const Table<CallNames>& table_of();
template <>
const Table<Barrier>& table_of();
template <>
const Table<StopRegistry>& table_of();
template <>
const Table<Lookup>& table_of();
template <>
const Table<SelectNames>& table_of();
template <>
const Table<Channel>& table_of();
template <>
const Table<RegistryOptions>& table_of();

// scenario_tables.cpp
template <>
const Table<Step>& table_of();
template <>
const Table<NodeOptions>& table_of();
template <>
const Table<StaticChild>& table_of();
template <>
const Table<HordeOptions>& table_of();
template <>
const Table<NetworkOptions>& table_of();
template <>
const Table<SwarmOptions>& table_of();
template <>
const Table<Scenario>& table_of();

template <>
inline constexpr std::array<std::string_view, 3> kEnumTexts<Disk>{"kept", "rolled_back", "lost"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<Hint::Kind>{"port_refused",
                                                                        "tripwire_closed"};
template <>
inline constexpr std::array<std::string_view, 5> kEnumTexts<MetricBounds::Of>{"mean", "p50", "p90",
                                                                              "p99", "max"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<Propagation>{"eager", "interval"};
template <>
inline constexpr std::array<std::string_view, 3> kEnumTexts<Distribution>{
    "uniform", "uniform_quorum", "uniform_random"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<Redistribution>{"passive", "active"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<Duplicates>{"stop", "leave"};
template <>
inline constexpr std::array<std::string_view, 3> kEnumTexts<RestartRule>{"permanent", "transient",
                                                                         "temporary"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<NameKeys>{"unique", "duplicate"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<ConfirmedBy>{"none", "quorum"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<WhichHorde>{"horde", "registry"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<Hash>{"rendezvous", "ring"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<OnIntensity>{"quarantine", "shutdown"};
template <>
inline constexpr std::array<std::string_view, 4> kEnumTexts<StartFaults::Mode>{"fail", "block",
                                                                               "ignore", "crash"};
template <>
inline constexpr std::array<std::string_view, 2> kEnumTexts<Protocol>{"horde", "token_ring"};
template <>
inline constexpr std::array<std::string_view, 13> kEnumTexts<FaultFamily>{
    "crash", "disk_loss", "pause",   "slow",    "cut",     "one_way", "clog",
    "loss",  "duplicate", "reorder", "corrupt", "latency", "clock"};

inline constexpr std::int64_t kPartsPerMillion = 1'000'000;
/// A share of datagrams.
inline constexpr Rule kShare{.max = kPartsPerMillion};
/// A duration that may be negative.
inline constexpr Rule kSigned{.min = -kDurationMax.ns};
inline constexpr Rule kRequired{.required = true};

/// Codec of a list of node names that need not exist: one name, or a list of them.
struct NamesCodec {
  static void read(const At& at, const Json& json, const Rule& rule, std::vector<std::string>& out);
  static Json write(const std::vector<std::string>& names);
  static Json schema(const Rule& rule, Json& definitions);
};

/// Codec of the members that a horde is given: "auto", or a list of names.
struct MembersCodec {
  static void read(const At& at, const Json& json, const Rule& rule, Members& out);
  static Json write(const Members& value);
  static Json schema(const Rule& rule, Json& definitions);
};
template <>
struct Codec<Members> : MembersCodec {};

/// Says what is wrong with `type` if no process type has that name.
void check_process_type(const At& at, std::string_view type);
inline constexpr std::string_view kTypeDoc =
    "The process type: echo, counter, sleeper, crasher, named, stubborn, slow_init, flaky_init.";
inline constexpr std::string_view kShutdownDoc =
    "How long it has to end when it is stopped; 5s if not set, 0ms: it is killed at once.";

/// Says what is wrong with `answer` if no call is ever answered with it.
void check_answer(const At& at, const WantedAnswer& answer);
inline constexpr std::string_view kViaDoc = "The nodes that are called, in turn.";
inline constexpr std::string_view kOverDoc = "The calls are spread evenly over this time.";
inline constexpr std::string_view kAnswerDoc =
    "The status that each call must be answered with, as ok or max_children; without it, any.";
inline constexpr std::string_view kTimeoutDoc = "A call ends by then.";
inline constexpr Rule kTimeout{.min = 1'000'000, .max = base::seconds(600).ns};

/// Whether `name` may name a node of a scenario; says what is wrong with it if not.
bool check_node_name(const At& at, std::string_view name);

}  // namespace horde::scenario
