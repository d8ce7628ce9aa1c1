// The steps about processes outside of any supervisor, and about the names of the registry.
//
// Plain values, as those of steps.hpp; their tables stand in name_tables.cpp. "{i}" in a text
// counts from `first`. A process is known by the local name that it was started with, on the node
// where it was started; names are those of the registry.
#pragma once

#include "scenario/values.hpp"

namespace horde::scenario {

/// What a call must be answered with: a status, as "ok" or "max_children"; empty: anything.
using WantedAnswer = std::string;

/// Which of a node's hordes.
enum class WhichHorde : std::uint8_t { horde, registry };

/// `count` processes of one type, one call each.
struct StartProcesses {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "process-{i}";
  std::string type = "sleeper";
  std::vector<std::string> args;
  std::optional<std::string> under;  // The name in the registry that it is started under.
  JsonValue value;
  WantedAnswer answer;
  NodeSet via{{NodeRef{.role = NodeRef::Role::random}}};
  base::Duration over;
  friend bool operator==(const StartProcesses&, const StartProcesses&) = default;
};

/// Sends them an exit signal.
struct StopProcesses {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "process-{i}";
  std::string reason = "shutdown";
  friend bool operator==(const StopProcesses&, const StopProcesses&) = default;
};

enum class ConfirmedBy : std::uint8_t { none, quorum };

/// A process that does not run yet is started first, as `type`.
struct RegisterNames {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "name-{i}";
  JsonValue value;
  std::int64_t priority = 0;
  std::string process = "process-{i}";
  std::string type = "sleeper";
  ConfirmedBy confirm = ConfirmedBy::none;
  base::Duration timeout = base::seconds(5);
  WantedAnswer answer;
  std::optional<NodeSet> via;  // Not set: where the process runs; a random one if it does not.
  base::Duration over;
  friend bool operator==(const RegisterNames&, const RegisterNames&) = default;
};

/// By `process`; not set: by who holds the name, as its own node reads it.
struct UnregisterNames {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "name-{i}";
  std::optional<std::string> process;
  WantedAnswer answer;
  base::Duration over;
  friend bool operator==(const UnregisterNames&, const UnregisterNames&) = default;
};

/// The registrations of `process` under one name that have this value.
struct UnregisterMatch {
  std::string name;
  std::string process = "process-0";
  JsonValue value;
  std::optional<std::int64_t> removed;  // How many it must have been.
  WantedAnswer answer;
  friend bool operator==(const UnregisterMatch&, const UnregisterMatch&) = default;
};

struct UpdateValues {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "name-{i}";
  std::optional<std::string> process;
  JsonValue value;
  std::optional<JsonValue> before;  // What it must have been.
  WantedAnswer answer;
  base::Duration over;
  friend bool operator==(const UpdateValues&, const UpdateValues&) = default;
};

struct PutMeta {
  std::string key;
  JsonValue value;
  WantedAnswer answer;
  NodeRef via{.role = NodeRef::Role::random};
  friend bool operator==(const PutMeta&, const PutMeta&) = default;
};

struct DeleteMeta {
  std::string key;
  WantedAnswer answer;
  NodeRef via{.role = NodeRef::Role::random};
  friend bool operator==(const DeleteMeta&, const DeleteMeta&) = default;
};

/// Reads one meta key on each of `via` and expects `value`; not set: nothing.
struct GetMeta {
  std::string key;
  std::optional<JsonValue> value;
  NodeSet via = NodeSet::of(NodeRef::Role::all);
  friend bool operator==(const GetMeta&, const GetMeta&) = default;
};

/// A message to whoever holds each name.
struct SendToNames {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "name-{i}";
  std::string message;
  WantedAnswer answer;
  NodeSet via{{NodeRef{.role = NodeRef::Role::random}}};
  base::Duration over;
  friend bool operator==(const SendToNames&, const SendToNames&) = default;
};

/// A request to whoever holds each name.
struct CallNames {
  std::int64_t count = 1;
  std::int64_t first = 0;
  std::string name = "name-{i}";
  std::string request;
  std::optional<std::string> reply;
  base::Duration timeout = base::seconds(5);
  WantedAnswer answer;
  NodeSet via{{NodeRef{.role = NodeRef::Role::random}}};
  base::Duration over;
  friend bool operator==(const CallNames&, const CallNames&) = default;
};

/// Until these members (all, if empty) read the name as the node that is called does.
struct Barrier {
  std::string name;
  std::vector<std::string> members;
  base::Duration timeout = base::seconds(5);
  WantedAnswer answer;
  NodeRef via{.role = NodeRef::Role::random};
  friend bool operator==(const Barrier&, const Barrier&) = default;
};

/// Stops the registry's member on these nodes, for as long as they live.
struct StopRegistry {
  NodeSet nodes;
  WantedAnswer answer;
  friend bool operator==(const StopRegistry&, const StopRegistry&) = default;
};

/// Reads one name on each of `via` and expects a holder, or nobody.
struct Lookup {
  std::string name;
  NodeSet via = NodeSet::of(NodeRef::Role::all);
  bool nobody = false;
  std::optional<NodeRef> on;           // Where the holder lives.
  std::optional<std::string> process;  // Which of the scenario's processes it is.
  std::optional<JsonValue> value;
  friend bool operator==(const Lookup&, const Lookup&) = default;
};

/// Reads all entries on each of `via` whose name begins with `prefix`, and whose value is `value`
/// if it is set.
struct SelectNames {
  std::string prefix;
  std::optional<JsonValue> value;
  std::optional<std::vector<std::string>> names;  // One for each entry, in any order.
  std::optional<std::int64_t> count;
  NodeSet via = NodeSet::of(NodeRef::Role::all);
  friend bool operator==(const SelectNames&, const SelectNames&) = default;
};

/// What one horde's replicas send each other is late; what the others send is not.
struct Channel {
  WhichHorde horde = WhichHorde::registry;
  base::Duration delay = base::seconds(1);
  NodeSet from = NodeSet::of(NodeRef::Role::all);
  NodeSet to = NodeSet::of(NodeRef::Role::all);
  std::optional<base::Duration> lasts;  // "for"; until a heal if not set.
  friend bool operator==(const Channel&, const Channel&) = default;
};

}  // namespace horde::scenario
