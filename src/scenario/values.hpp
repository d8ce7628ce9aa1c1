// The small values that steps and options are made of: nodes by name or role, latencies,
// topologies.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scenario/units.hpp"

namespace horde::scenario {

/// A node by name, or by a role that the run resolves at the moment of the step.
struct NodeRef {
  enum class Role : std::uint8_t {
    named,      ///< The node `name`.
    random,     ///< One running node, drawn by the seed.
    all,        ///< Every node.
    minority,   ///< Fewer than half of the nodes, drawn once by the seed.
    majority,   ///< All but `minority`.
    others,     ///< Every node that the step does not name elsewhere.
    owner_of,   ///< The node that owns the child `name`, if any does.
    holder_of,  ///< The node of the process that holds the name `name`, if any does.
  };
  Role role = Role::named;
  std::string name;  // Of the node, the child or the holder's name; empty for the other roles.

  friend bool operator==(const NodeRef&, const NodeRef&) = default;
};

/// One or several nodes; written as one text or as a list of them.
struct NodeSet {
  std::vector<NodeRef> refs;

  [[nodiscard]] static NodeSet of(NodeRef::Role role) { return {{NodeRef{.role = role}}}; }
  friend bool operator==(const NodeSet&, const NodeSet&) = default;
};

/// A role's name ("owner_of:child-1"), or the node's.
[[nodiscard]] std::string to_string(const NodeRef& node);
/// "n1", "n1, n2", "all".
[[nodiscard]] std::string to_string(const NodeSet& nodes);

struct ConstantLatency {
  base::Duration time = base::milliseconds(1);
  friend bool operator==(const ConstantLatency&, const ConstantLatency&) = default;
};

struct UniformLatency {
  base::Duration min = base::milliseconds(1);
  base::Duration max = base::milliseconds(5);
  friend bool operator==(const UniformLatency&, const UniformLatency&) = default;
};

struct ExponentialLatency {
  base::Duration min;
  base::Duration mean = base::milliseconds(5);  // Of the whole, `min` included.
  friend bool operator==(const ExponentialLatency&, const ExponentialLatency&) = default;
};

struct LogNormalLatency {
  base::Duration median = base::milliseconds(5);
  Fraction sigma{500'000};  // Of the logarithm: 50% means 0.5.
  friend bool operator==(const LogNormalLatency&, const LogNormalLatency&) = default;
};

/// How long a datagram is under way.
struct Latency {
  std::variant<ConstantLatency, UniformLatency, ExponentialLatency, LogNormalLatency> kind;
  friend bool operator==(const Latency&, const Latency&) = default;
};

/// A full mesh up to 16 nodes, above that 4-regular.
struct AutoTopology {
  friend bool operator==(const AutoTopology&, const AutoTopology&) = default;
};

struct FullMeshTopology {
  friend bool operator==(const FullMeshTopology&, const FullMeshTopology&) = default;
};

struct RingTopology {
  friend bool operator==(const RingTopology&, const RingTopology&) = default;
};

/// Every node has `k` neighbours (a full mesh while there are no more than that).
struct KRegularTopology {
  std::int64_t k = 4;
  friend bool operator==(const KRegularTopology&, const KRegularTopology&) = default;
};

/// The given undirected edges.
struct GraphTopology {
  std::vector<NodeSet> edges;  // Each of two named nodes.
  friend bool operator==(const GraphTopology&, const GraphTopology&) = default;
};

/// Who synchronises with whom.
struct Topology {
  std::variant<AutoTopology, FullMeshTopology, RingTopology, KRegularTopology, GraphTopology> kind;
  friend bool operator==(const Topology&, const Topology&) = default;
};

/// A text, or nothing: `null` in a file says that a key must be absent.
struct Wanted {
  std::optional<std::string> value;
  friend bool operator==(const Wanted&, const Wanted&) = default;
};

/// A JSON value as a registry carries it: its canonical CBOR. By itself: null.
struct JsonValue {
  std::string bytes = "\xf6";
  friend bool operator==(const JsonValue&, const JsonValue&) = default;
};

/// A number of a metric: a plain one counts, a text has the unit.
struct Amount {
  std::variant<std::int64_t, ByteCount, base::Duration> value;
  friend bool operator==(const Amount&, const Amount&) = default;
};

/// What is to hold of one of the run's metrics (known_metrics.hpp).
struct MetricBounds {
  enum class Of : std::uint8_t { mean, p50, p90, p99, max };
  Of of = Of::max;  // Of a distribution; a single number is all of these.
  std::optional<Amount> at_least;
  std::optional<Amount> at_most;
  friend bool operator==(const MetricBounds&, const MetricBounds&) = default;
};

/// What is to hold of a node's member list: its size, or its names in any order.
using WantedMembers = std::variant<std::int64_t, std::vector<std::string>>;

}  // namespace horde::scenario
