// The tables of latencies and topologies, which scenario options and steps share.
#include "scenario/tables.hpp"

namespace horde::scenario {
namespace {

constexpr Rule kLatency{.max = base::seconds(3'600).ns};

}  // namespace

template <>
const Table<ConstantLatency>& table_of() {
  using T = ConstantLatency;
  static const Table<T> table{
      .name = "latency_constant",
      .doc = "Every datagram takes the same time.",
      .fields = {field<&T::time>("time", "One-way, so half of a round trip.", kLatency)},
      .bare = true};
  return table;
}

template <>
const Table<UniformLatency>& table_of() {
  using T = UniformLatency;
  static const Table<T> table{.name = "latency_uniform",
                              .doc = "Any time from min to max, all equally likely.",
                              .fields = {field<&T::min>("min", "The shortest.", kLatency),
                                         field<&T::max>("max", "The longest.", kLatency)},
                              .check = [](const At& at, const T& value) {
                                if (value.min > value.max) {
                                  at.problem("min is above max", "write the smaller one as min");
                                }
                              }};
  return table;
}

template <>
const Table<ExponentialLatency>& table_of() {
  using T = ExponentialLatency;
  static const Table<T> table{
      .name = "latency_exponential",
      .doc = "At least min, mostly short, sometimes long.",
      .fields = {field<&T::min>("min", "The shortest.", kLatency),
                 field<&T::mean>("mean", "The mean, min included.", kLatency)},
      .check = [](const At& at, const T& value) {
        if (value.min > value.mean) {
          at.problem("min is above mean", "write a mean of at least min");
        }
      }};
  return table;
}

template <>
const Table<LogNormalLatency>& table_of() {
  using T = LogNormalLatency;
  static const Table<T> table{
      .name = "latency_log_normal",
      .doc = "Around the median, with a long tail, as on the internet.",
      .fields = {field<&T::median>("median", "Half of all take longer.", kLatency),
                 field<&T::sigma>("sigma",
                                  "The spread: standard deviation of the logarithm; at 50% one in "
                                  "a hundred takes over 3.2 times the median.",
                                  {.max = 5 * kPartsPerMillion})}};
  return table;
}

template <>
const Table<Latency>& table_of() {
  static const Table<Latency> table{
      .name = "latency",
      .doc = "How long a datagram is under way, one way; a duration alone is constant.",
      .fields = {},
      .one_of = {alternative<&Latency::kind, ConstantLatency>("constant"),
                 alternative<&Latency::kind, UniformLatency>("uniform"),
                 alternative<&Latency::kind, ExponentialLatency>("exponential"),
                 alternative<&Latency::kind, LogNormalLatency>("log_normal")},
      .shorthand = "constant"};
  return table;
}

template <>
const Table<AutoTopology>& table_of() {
  static const Table<AutoTopology> table{
      .name = "topology_auto", .doc = "A full mesh up to 16 nodes, above that 4-regular."};
  return table;
}

template <>
const Table<FullMeshTopology>& table_of() {
  static const Table<FullMeshTopology> table{.name = "topology_full_mesh",
                                             .doc = "Everybody with everybody."};
  return table;
}

template <>
const Table<RingTopology>& table_of() {
  static const Table<RingTopology> table{.name = "topology_ring",
                                         .doc = "Each with the two next to it by name."};
  return table;
}

template <>
const Table<KRegularTopology>& table_of() {
  using T = KRegularTopology;
  static const Table<T> table{
      .name = "topology_k_regular",
      .doc = "Each with k others, computed from the membership.",
      .fields = {field<&T::k>("k", "Neighbours of each node.", {.min = 2, .max = 1'000})},
      .shorthand = "k"};
  return table;
}

template <>
const Table<GraphTopology>& table_of() {
  using T = GraphTopology;
  static const Table<T> table{
      .name = "topology_graph",
      .doc = "The given edges: pairs of node names.",
      .fields = {field<&T::edges>("edges", "Pairs of node names, each edge once.", {.min = 1})},
      .bare = true,
      .check = [](const At& at, const T& value) {
        for (std::size_t i = 0; i < value.edges.size(); ++i) {
          const auto& refs = value.edges[i].refs;
          if (refs.size() != 2 || refs[0] == refs[1] || refs[0].role != NodeRef::Role::named ||
              refs[1].role != NodeRef::Role::named) {
            (at / i).problem("not an edge", "write two different nodes by name: [\"n1\", \"n2\"]");
          }
        }
      }};
  return table;
}

template <>
const Table<Topology>& table_of() {
  static const Table<Topology> table{
      .name = "topology",
      .doc = "Who synchronises with whom.",
      .fields = {},
      .one_of = {alternative<&Topology::kind, AutoTopology>("auto"),
                 alternative<&Topology::kind, FullMeshTopology>("full_mesh"),
                 alternative<&Topology::kind, RingTopology>("ring"),
                 alternative<&Topology::kind, KRegularTopology>("k_regular"),
                 alternative<&Topology::kind, GraphTopology>("graph")}};
  return table;
}

}  // namespace horde::scenario
