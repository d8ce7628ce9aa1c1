#include "sim/horde/horde_world.hpp"

#include <array>

#include "scenario/network_faults.hpp"
#include "scenario/overloaded.hpp"
#include "sim/horde/node_config.hpp"
#include "supervisor/quorum.hpp"
#include "supervisor/spec_codec.hpp"
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

supervisor::ChildSpec spec_of(const scenario::StartChildCall& call) {
  supervisor::ChildSpec spec{
      .start = encode(node::Program{call.type, {call.args.begin(), call.args.end()}}),
      .restart = call.restart,
      .shutdown = call.shutdown};
  if (call.placement_key) {
    spec.place_by = supervisor::PlaceBy::key;
    spec.placement_key = *call.placement_key;
  }
  return spec;
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

std::uint64_t hash_of(const scenario::Call& call) {
  std::uint64_t hash = call.index();
  const auto add = [&hash](base::BytesView text) { hash = base::hash64(text, hash); };
  if (const auto* put = std::get_if<scenario::PutCall>(&call)) {
    for (const auto& [key, value] : put->pairs) {
      add(key);
      add(value);
    }
  } else if (const auto* remove = std::get_if<scenario::RemoveCall>(&call)) {
    for (const crdt::Key& key : remove->keys) {
      add(key);
    }
  } else if (const auto* set = std::get_if<scenario::SetMembersCall>(&call)) {
    for (const std::string& name : set->names) {
      add(name);
    }
  } else if (const auto* start = std::get_if<scenario::StartChildCall>(&call)) {
    add(encode(spec_of(*start)));
  } else if (const auto* terminate = std::get_if<scenario::TerminateChildCall>(&call)) {
    add(supervisor::to_string(terminate->id));
  } else if (const auto* release = std::get_if<scenario::ReleaseChildCall>(&call)) {
    add(supervisor::to_string(release->id));
  }
  return hash;
}

std::string_view label_of(const scenario::Call& call) {
  constexpr std::array<std::string_view, 9> labels{
      "put",         "remove",          "set_members",   "stop",           "leave",
      "start_child", "terminate_child", "release_child", "wait_for_quorum"};
  return labels[call.index()];
}

}  // namespace

HordeWorld::HordeWorld(const scenario::Scenario& scenario, std::uint64_t seed)
    : SimWorld({.seed = seed, .link = scenario::link_of(scenario.network), .classifier = classify}),
      scenario_(&scenario) {}

MachineFactory HordeWorld::factory() {
  return [this](const Boot& boot) {
    std::vector<base::Address> seeds;
    for (NodeIndex seed = 0; seed < kSeedsMax && seed < scenario_->nodes.size(); ++seed) {
      seeds.push_back(Simulator::address_of(seed));
    }
    node::Config config = node_config(scenario_->horde, boot, std::move(seeds));
    if (scenario::has_children(*scenario_)) {
      config.hordes.front().children = children_config(*scenario_, boot.name);
      process::add_builtin_types(config.process_types);
      process::add_start_faults(config.process_types, start_faults_[std::string(boot.name)]);
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
  touched_.clear();
  written_.clear();
  for (const node::Touched& touched : node.touched()) {
    touched_.push_back({touched.key, touched.visible});
  }
  for (const node::Written& written : node.written()) {
    written_.push_back(written.event);
  }
  return {.node = step.node,
          .at = step.at,
          .map = &node.replicator(0).map(),
          .touched = touched_,
          .written = written_};
}

scenario::CallResult HordeWorld::call(scenario::NodeIndex index, base::CallId id,
                                      const scenario::Call& call) {
  const auto body = [&](Machine& machine, base::Now now, base::Effects& out) {
    auto& node = engine_of<node::Node>(machine);
    std::visit(
        scenario::Overloaded{
            [&](const scenario::PutCall& put) { node.put(now, id, kHordeName, put.pairs, out); },
            [&](const scenario::RemoveCall& remove) {
              node.remove(now, id, kHordeName, remove.keys, out);
            },
            [&](const scenario::SetMembersCall& set) {
              node.set_members(now, id, kHordeName, set.names, out);
            },
            [&](const scenario::StartChildCall& start) {
              node.start_child(now, id, kHordeName,
                               {.spec = spec_of(start),
                                .timeout = start.timeout,
                                .copies = start.acknowledged_by},
                               out);
            },
            [&](const scenario::TerminateChildCall& terminate) {
              node.terminate_child(now, id, kHordeName,
                                   {.id = terminate.id, .timeout = terminate.timeout}, out);
            },
            [&](const scenario::ReleaseChildCall& release) {
              node.release_child(now, id, kHordeName, release.id, out);
            },
            [&](const scenario::WaitForQuorumCall& wait) {
              node.wait_for_quorum(now, id, kHordeName, wait.timeout, out);
            },
            [&](const scenario::StopCall&) { node.stop(now, out); },
            [&](const scenario::LeaveCall&) { node.leave(now, out); }},
        call);
  };
  switch (simulator().call(index, label_of(call), hash_of(call), body)) {
    case CallResult::done:
      return scenario::CallResult::made;
    case CallResult::node_down:
      return scenario::CallResult::node_down;
    case CallResult::node_paused:
      return scenario::CallResult::node_paused;
  }
  HORDE_ASSERT(false);
}

bool HordeWorld::is_synced(scenario::NodeIndex index) const {
  return node(index).replicator(0).is_synced();
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
  return {.replication = from.replicator(0).sizes(),
          .pending_writes = from.pending_writes(0),
          .reassembly_bytes = from.bytes_held(),
          .processes = from.processes().process_count(),
          .children = supervisor == nullptr ? std::nullopt : std::optional(supervisor->sizes())};
}

}  // namespace horde::sim
