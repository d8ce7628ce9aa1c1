// HordeWorld: what is observed of processes and names.
#include <algorithm>

#include "sim/horde/channels.hpp"
#include "sim/horde/horde_world.hpp"
#include "sim/horde/node_config.hpp"

namespace horde::sim {
namespace {

scenario::NameRow row_of(base::BytesView name, const registry::Holding& holding) {
  return {.key = base::Bytes(name), .pid = holding.pid, .value = holding.value};
}

}  // namespace

std::vector<scenario::NameRow> HordeWorld::holders(scenario::NodeIndex index,
                                                   base::BytesView name) const {
  std::vector<scenario::NameRow> out;
  if (const registry::Registry* registry = node(index).names(kRegistryName)) {
    for (const registry::Holding* holding : registry->table().shown(name)) {
      out.push_back(row_of(name, *holding));
    }
  }
  return out;
}

std::optional<scenario::NameRow> HordeWorld::lookup(scenario::NodeIndex index,
                                                    base::BytesView name) const {
  const registry::Registry* registry = node(index).names(kRegistryName);
  const registry::Holding* holding = registry == nullptr ? nullptr : registry->table().lookup(name);
  return holding == nullptr ? std::nullopt : std::optional(row_of(name, *holding));
}

std::vector<base::Bytes> HordeWorld::names_of(scenario::NodeIndex index,
                                              const process::Pid& pid) const {
  std::vector<base::Bytes> out;
  if (const registry::Registry* registry = node(index).names(kRegistryName)) {
    for (const base::BytesView name : registry->table().keys(pid)) {
      out.emplace_back(name);
    }
  }
  return out;
}

std::vector<scenario::NameRow> HordeWorld::names(scenario::NodeIndex index) const {
  std::vector<scenario::NameRow> out;
  if (const registry::Registry* registry = node(index).names(kRegistryName)) {
    registry->table().visit([&](const process::NameEntry& entry) {
      out.push_back({base::Bytes(entry.key), entry.pid, base::Bytes(entry.value)});
    });
  }
  return out;
}

std::size_t HordeWorld::names_count(scenario::NodeIndex index) const {
  const registry::Registry* registry = node(index).names(kRegistryName);
  return registry == nullptr ? 0 : registry->table().shown_count();
}

std::optional<base::Bytes> HordeWorld::meta(scenario::NodeIndex index, base::BytesView key) const {
  const registry::Registry* registry = node(index).names(kRegistryName);
  if (registry == nullptr) {
    return {};
  }
  const auto it = registry->meta().find(key);
  return it == registry->meta().end() ? std::nullopt : std::optional(it->second);
}

const crdt::AwLwwMap* HordeWorld::registry_map(scenario::NodeIndex index) const {
  return has_registry_ && is_up(index) ? &node(index).replicator(kRegistryPlace).map() : nullptr;
}

std::vector<members::Member> HordeWorld::registry_members(scenario::NodeIndex index) const {
  return node(index).members(kRegistryName);
}

bool HordeWorld::is_registry_stopped(scenario::NodeIndex index) const {
  const registry::Registry* registry = node(index).names(kRegistryName);
  return registry != nullptr && registry->is_stopped();
}

base::RunId HordeWorld::run(scenario::NodeIndex index) const {
  return {base::NodeId::of(name(index)), is_up(index) ? node(index).boot() : 0};
}

bool HordeWorld::sees(scenario::NodeIndex index, const base::RunId& run) const {
  const node::Node& from = node(index);
  const registry::Registry* registry = from.names(kRegistryName);
  const std::vector<members::Member> members = from.members(kRegistryName);
  const bool is_self = run.node == base::NodeId::of(name(index));
  const bool is_member =
      std::ranges::find(members, run.node, &members::Member::id) != members.end();
  return registry != nullptr && is_member && registry->table().is_present(run) &&
         (is_self ? run.start == from.boot() : from.liveness().is_reachable(run.node));
}

bool HordeWorld::is_alive(scenario::NodeIndex index, const process::Pid& pid) const {
  return is_up(index) && node(index).processes().is_alive(pid);
}

std::optional<process::Pid> HordeWorld::process(scenario::NodeIndex index,
                                                const std::string& process) const {
  return is_up(index) ? node(index).processes().whereis(process) : std::nullopt;
}

faults::Channels HordeWorld::channels(scenario::WhichHorde which) const {
  const HordeChannels all({kHordeName, kRegistryName});
  return all.of(which == scenario::WhichHorde::registry ? kRegistryName : kHordeName);
}

}  // namespace horde::sim
