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

supervisor::Restart restart_of(scenario::RestartRule rule) {
  switch (rule) {
    case scenario::RestartRule::permanent:
      return supervisor::Restart::permanent;
    case scenario::RestartRule::transient:
      return supervisor::Restart::transient;
    case scenario::RestartRule::temporary:
      return supervisor::Restart::temporary;
  }
  HORDE_ASSERT(false);
}

supervisor::ChildSpec spec_of(const scenario::StaticChild& child) {
  const std::vector<std::string> args = scenario::arguments_of(child.type, child.args, child.name);
  supervisor::ChildSpec spec{.start = encode(node::Program{child.type, {args.begin(), args.end()}}),
                             .restart = restart_of(child.restart)};
  if (child.shutdown) {
    spec.shutdown = supervisor::Shutdown{*child.shutdown};
  }
  return spec;
}

}  // namespace

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

namespace {

node::HordeConfig horde_config(std::string_view name, const scenario::HordeOptions& options) {
  node::HordeConfig horde{.name = std::string(name),
                          .replication = replication_of(options),
                          .members = {.automatic = options.members.automatic,
                                      .names = options.members.names,
                                      .forget_after = options.forget_after},
                          .topology = topology_of(options.topology)};
  horde.boot_wait = options.boot_wait.value_or(horde.boot_wait);
  return horde;
}

}  // namespace

node::Config node_config(const scenario::HordeOptions& options, const Boot& boot,
                         std::vector<base::Address> seeds) {
  return {.name = std::string(boot.name),
          .address = boot.address,
          .boot = boot.number,
          .seed = boot.seed,
          .seeds = std::move(seeds),
          .hordes = {horde_config(kHordeName, options)},
          .liveness = liveness_of(options)};
}

node::HordeConfig registry_config(const scenario::HordeOptions& options) {
  const scenario::RegistryOptions own = options.registry.value_or(scenario::RegistryOptions{});
  scenario::HordeOptions as_map = options;
  as_map.members = own.members.value_or(options.members);
  as_map.sync_interval = own.sync_interval.value_or(options.sync_interval);
  node::HordeConfig out = horde_config(kRegistryName, as_map);
  registry::Options names;
  names.keys = own.keys == scenario::NameKeys::duplicate ? registry::Keys::duplicate
                                                         : registry::Keys::unique;
  names.listeners = {own.listeners.begin(), own.listeners.end()};
  for (const auto& [key, value] : own.meta) {
    names.meta.emplace(key, value.bytes);
  }
  names.conflict_grace = own.conflict_grace.value_or(names.conflict_grace);
  names.conflict_pace = own.conflict_pace.value_or(names.conflict_pace);
  if (own.conflicts_at_once) {
    names.conflicts_at_once = static_cast<std::size_t>(*own.conflicts_at_once);
  }
  if (own.names_max) {
    names.names_max = static_cast<std::size_t>(*own.names_max);
  }
  out.names = std::move(names);
  return out;
}

node::ChildrenConfig children_config(const scenario::Scenario& scenario, std::string_view name) {
  const scenario::HordeOptions& options = scenario.horde;
  node::ChildrenConfig out;
  supervisor::Options& to = out.options;
  to.horde = kHordeName;
  to.redistribution = options.redistribution == scenario::Redistribution::active
                          ? supervisor::Redistribution::active
                          : supervisor::Redistribution::passive;
  to.duplicates = options.duplicates == scenario::Duplicates::leave ? supervisor::Duplicates::leave
                                                                    : supervisor::Duplicates::stop;
  to.on_intensity = options.on_intensity == scenario::OnIntensity::shutdown
                        ? supervisor::OnIntensity::shutdown
                        : supervisor::OnIntensity::quarantine;
  for (const scenario::StaticChild& child : options.static_children) {
    to.static_children.push_back({.name = child.name, .spec = spec_of(child)});
  }
  out.extra_arguments = {options.extra_arguments.begin(), options.extra_arguments.end()};
  if (options.max_children) {
    to.max_children = static_cast<std::size_t>(*options.max_children);
  }
  if (options.max_restarts) {
    to.max_restarts = static_cast<std::uint64_t>(*options.max_restarts);
  }
  if (options.proxy_message_ttl) {
    to.hops_max = static_cast<std::uint64_t>(*options.proxy_message_ttl);
  }
  to.healthy_after = options.healthy_after.value_or(to.healthy_after);
  to.quarantine = options.quarantine.value_or(to.quarantine);

  const auto node = std::ranges::find(scenario.nodes, name, &scenario::NodeOptions::name);
  const scenario::Hash hash =
      node == scenario.nodes.end() ? options.hash : node->hash.value_or(options.hash);
  const auto scheme = hash == scenario::Hash::ring ? supervisor::HashScheme::ring
                                                   : supervisor::HashScheme::rendezvous;
  switch (options.distribution) {
    case scenario::Distribution::uniform:
      out.strategy = [scheme] { return std::make_unique<supervisor::Uniform>(scheme); };
      break;
    case scenario::Distribution::uniform_quorum:
      out.strategy = [scheme] { return std::make_unique<supervisor::UniformQuorum>(scheme); };
      break;
    case scenario::Distribution::uniform_random:
      out.strategy = [] { return std::make_unique<supervisor::UniformRandom>(); };
      break;
  }
  to.takeover_delay = options.takeover_delay;
  return out;
}

}  // namespace horde::sim
