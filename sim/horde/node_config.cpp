#include "sim/horde/node_config.hpp"

#include <algorithm>

#include "scenario/overloaded.hpp"

namespace horde::sim {
namespace {

members::Topology topology_of(const scenario::Topology& topology) {
  using Result = members::Topology;
  return std::visit(
      scenario::Overloaded{
          [](const scenario::AutoTopology&) -> Result { return members::Automatic{}; },
          [](const scenario::FullMeshTopology&) -> Result { return members::FullMesh{}; },
          [](const scenario::RingTopology&) -> Result { return members::Ring{}; },
          [](const scenario::KRegularTopology& t) -> Result {
            return members::KRegular{static_cast<std::uint32_t>(t.k)};
          },
          [](const scenario::GraphTopology& t) -> Result {
            members::Given given;
            for (const scenario::NodeSet& edge : t.edges) {
              given.edges.emplace_back(base::NodeId::of(edge.refs[0].name),
                                       base::NodeId::of(edge.refs[1].name));
            }
            return given;
          }},
      topology.kind);
}

replication::Options replication_of(const scenario::HordeOptions& options) {
  replication::Options out;
  out.propagation = options.propagation == scenario::Propagation::eager
                        ? replication::Propagation::eager
                        : replication::Propagation::interval;
  out.sync_interval = options.sync_interval;
  out.push_delay = options.push_coalesce.value_or(out.push_delay);
  out.session_timeout = options.session_timeout.value_or(out.session_timeout);
  out.tombstone_age_max = options.tombstone_age_max.value_or(out.tombstone_age_max);
  if (options.max_sync_size) {
    out.page_keys_max = static_cast<std::size_t>(*options.max_sync_size);
  }
  if (options.tombstones_max) {
    out.tombstones_max = static_cast<std::size_t>(*options.tombstones_max);
  }
  return out;
}

// A probe has a share of its period for the direct way and one for the whole; both shrink and grow
// with it.
liveness::Options liveness_of(const scenario::HordeOptions& options) {
  liveness::Options out;
  out.forget_after = std::max(out.forget_after, options.forget_after);
  if (options.probe_interval) {
    const liveness::Options defaults;
    const std::int64_t thousandths = options.probe_interval->ns / (defaults.period.ns / 1'000);
    out.period = *options.probe_interval;
    out.direct_timeout = defaults.direct_timeout / 1'000 * thousandths;
    out.probe_timeout = defaults.probe_timeout / 1'000 * thousandths;
  }
  if (options.probe_timeout) {
    out.direct_timeout = std::min(*options.probe_timeout, out.probe_timeout - base::Duration{1});
  }
  return out;
}

}  // namespace

node::Config node_config(const scenario::HordeOptions& options, const Boot& boot,
                         std::vector<base::Address> seeds) {
  node::HordeConfig horde{.name = std::string(kHordeName),
                          .replication = replication_of(options),
                          .members = {.automatic = options.members.automatic,
                                      .names = options.members.names,
                                      .forget_after = options.forget_after},
                          .topology = topology_of(options.topology)};
  horde.boot_wait = options.boot_wait.value_or(horde.boot_wait);
  return {.name = std::string(boot.name),
          .address = boot.address,
          .boot = boot.number,
          .seed = boot.seed,
          .seeds = std::move(seeds),
          .hordes = {std::move(horde)},
          .liveness = liveness_of(options)};
}

node::ChildrenConfig children_config(const scenario::HordeOptions& options) {
  node::ChildrenConfig out;
  out.options.horde = kHordeName;
  out.options.redistribution = options.redistribution == scenario::Redistribution::active
                                   ? supervisor::Redistribution::active
                                   : supervisor::Redistribution::passive;
  out.options.duplicates = options.duplicates == scenario::Duplicates::leave
                               ? supervisor::Duplicates::leave
                               : supervisor::Duplicates::stop;
  switch (options.distribution) {
    case scenario::Distribution::uniform:
      break;  // As it is.
    case scenario::Distribution::uniform_quorum:
      out.strategy = [] { return std::make_unique<supervisor::UniformQuorum>(); };
      break;
    case scenario::Distribution::uniform_random:
      out.strategy = [] { return std::make_unique<supervisor::UniformRandom>(); };
      break;
  }
  return out;
}

}  // namespace horde::sim
