#include "sim/horde/horde_world.hpp"

#include <array>

#include "scenario/network_faults.hpp"
#include "sim/horde/channels.hpp"
#include "sim/horde/node_config.hpp"
#include "supervisor/quorum.hpp"
#include "wire/datagram.hpp"

namespace horde::sim {
namespace {

// Enough that one of them is there; a node asks them one after the other.
constexpr std::uint32_t kSeedsMax = 3;

// Frames by their tags; kind 0 is what a datagram and its frames have around their bodies.
constexpr std::array<std::string_view, wire::kTagMax + 1> kKinds{
    "framing", "membership", "table", "digest", "vector", "session", "push", "fragment", "link"};

void classify(base::BytesView datagram, KindSizes& out) {
  const auto view = wire::unpack(datagram);
  HORDE_ASSERT(view.has_value());
  std::size_t framing = datagram.size();
  for (const wire::FrameView& frame : view->frames) {
    out.add(static_cast<unsigned>(frame.tag), frame.body.size());
    framing -= frame.body.size();
  }
  out.add(0, framing);
}

process::StartFault fault_of(std::optional<scenario::StartFaults::Mode> mode) {
  if (!mode) {
    return process::StartFault::none;
  }
  switch (*mode) {
    case scenario::StartFaults::Mode::fail:
      return process::StartFault::fail;
    case scenario::StartFaults::Mode::block:
      return process::StartFault::block;
    case scenario::StartFaults::Mode::ignore:
      return process::StartFault::ignore;
    case scenario::StartFaults::Mode::crash:
      return process::StartFault::crash;
  }
  HORDE_ASSERT(false);
}

ChannelSplitter splitter_of(bool has_registry) {
  std::vector<std::string_view> hordes{kHordeName};
  if (has_registry) {
    hordes.push_back(kRegistryName);
  }
  return [channels = HordeChannels(hordes)](base::Bytes datagram) mutable {
    return channels.split(std::move(datagram));
  };
}

}  // namespace

HordeWorld::HordeWorld(const scenario::Scenario& scenario, std::uint64_t seed)
    : SimWorld({.seed = seed,
                .link = scenario::link_of(scenario.network),
                .classifier = classify,
                .splitter = splitter_of(scenario::has_registry(scenario))}),
      scenario_(&scenario),
      has_registry_(scenario::has_registry(scenario)) {}

MachineFactory HordeWorld::factory() {
  return [this](const Boot& boot) {
    std::vector<base::Address> seeds;
    for (NodeIndex seed = 0; seed < kSeedsMax && seed < scenario_->nodes.size(); ++seed) {
      seeds.push_back(Simulator::address_of(seed));
    }
    node::Config config = node_config(scenario_->horde, boot, std::move(seeds));
    process::add_builtin_types(config.process_types);
    process::add_start_faults(config.process_types, start_faults_[std::string(boot.name)]);
    if (scenario::has_children(*scenario_)) {
      config.hordes.front().children = children_config(*scenario_, boot.name);
    }
    if (has_registry_) {
      config.hordes.push_back(registry_config(scenario_->horde));
    }
    return host<node::Node>(std::move(config), boot.records);
  };
}

std::span<const std::string_view> HordeWorld::kinds() const {
  return kKinds;
}

const node::Node& HordeWorld::node(scenario::NodeIndex index) const {
  const Machine* machine = simulator().machine(index);
  HORDE_ASSERT(machine != nullptr);
  return engine_of<node::Node>(*machine);
}

scenario::WorldStep HordeWorld::step_of(const StepInfo& step) {
  const auto& node = engine_of<node::Node>(step.machine);
  const auto of = [this](std::size_t horde) -> Changes& {
    return horde == kRegistryPlace ? registry_changes_ : changes_;
  };
  for (Changes* changes : {&changes_, &registry_changes_}) {
    changes->touched.clear();
    changes->written.clear();
  }
  names_touched_.clear();
  for (const node::Touched& touched : node.touched()) {
    of(touched.horde).touched.push_back({touched.key, touched.visible});
  }
  for (const node::Written& written : node.written()) {
    of(written.horde).written.push_back(written.event);
  }
  for (const node::NameTouched& touched : node.names_touched()) {
    names_touched_.push_back(touched.key);
  }
  return {.node = step.node,
          .at = step.at,
          .map = &node.replicator(0).map(),
          .touched = changes_.touched,
          .written = changes_.written,
          .registry = {.map = has_registry_ ? &node.replicator(kRegistryPlace).map() : nullptr,
                       .touched = registry_changes_.touched,
                       .written = registry_changes_.written},
          .names_touched = names_touched_};
}

bool HordeWorld::is_synced(scenario::NodeIndex index) const {
  return node(index).replicator(0).is_synced() &&
         (!has_registry_ || node(index).replicator(kRegistryPlace).is_synced());
}

const crdt::AwLwwMap* HordeWorld::map(scenario::NodeIndex index) const {
  return is_up(index) ? &node(index).replicator(0).map() : nullptr;
}

std::optional<crdt::Value> HordeWorld::get(scenario::NodeIndex index, std::string_view key) {
  const crdt::Value* value = node(index).get(kHordeName, key);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::map<crdt::Key, crdt::Value> HordeWorld::to_map(scenario::NodeIndex index) const {
  return node(index).to_map(kHordeName);
}

std::vector<members::Member> HordeWorld::members(scenario::NodeIndex index) const {
  return node(index).members(kHordeName);
}

std::vector<supervisor::ChildRow> HordeWorld::children(scenario::NodeIndex index) const {
  const supervisor::Supervisor* supervisor = node(index).children(kHordeName);
  return supervisor == nullptr ? std::vector<supervisor::ChildRow>{} : supervisor->which_children();
}

std::optional<scenario::ChildState> HordeWorld::child(scenario::NodeIndex index,
                                                      const supervisor::ChildId& id) const {
  const supervisor::Supervisor* supervisor = node(index).children(kHordeName);
  const supervisor::Entry* entry = supervisor == nullptr ? nullptr : supervisor->entry(id);
  if (entry == nullptr) {
    return {};
  }
  return scenario::ChildState{.ended = entry->ended(),
                              .state = entry->run.state,
                              .claim = entry->claim,
                              .place = supervisor->place_of(id)};
}

supervisor::ChildId HordeWorld::static_child(const std::string& name) const {
  return supervisor::static_child_id(kHordeName, name);
}

bool HordeWorld::has_quorum(scenario::NodeIndex index) const {
  const supervisor::Supervisor* supervisor = node(index).children(kHordeName);
  return supervisor == nullptr || supervisor->has_quorum();
}

base::Duration HordeWorld::quorum_stop_bound(std::size_t nodes) const {
  return supervisor::quorum_stop_bound(liveness_of(scenario_->horde), nodes,
                                       children_config(*scenario_, {}).options);
}

void HordeWorld::set_start_fault(scenario::NodeIndex index,
                                 std::optional<scenario::StartFaults::Mode> fault) {
  start_faults_[name(index)] = fault_of(fault);
}

scenario::NodeSizes HordeWorld::sizes(scenario::NodeIndex index) const {
  const node::Node& from = node(index);
  const supervisor::Supervisor* supervisor = from.children(kHordeName);
  scenario::NodeSizes out{
      .replication = from.replicator(0).sizes(),
      .registry = {},
      .pending_writes = from.pending_writes(0),
      .reassembly_bytes = from.bytes_held(),
      .processes = from.processes().process_count(),
      .children = supervisor == nullptr ? std::nullopt : std::optional(supervisor->sizes()),
      .names = {}};
  if (has_registry_) {
    out.registry = from.replicator(kRegistryPlace).sizes();
    out.pending_writes += from.pending_writes(kRegistryPlace);
    if (const registry::Registry* names = from.names(kRegistryName)) {
      out.names = names->sizes();
    }
  }
  return out;
}

}  // namespace horde::sim
