// HordeWorld: the calls of a scenario's steps, made on a node.
#include <array>

#include "sim/horde/horde_world.hpp"
#include "sim/horde/node_config.hpp"
#include "supervisor/spec_codec.hpp"

namespace horde::sim {
namespace {

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

// The bytes of a call, for the trace: equal calls have equal ones.
struct CallText {
  std::string text;
  void add(base::BytesView part) { text += std::to_string(part.size()) + ':' + base::Bytes(part); }
  void add(std::int64_t number) { add(std::to_string(number)); }

  void operator()(const scenario::PutCall& put) {
    for (const auto& [key, value] : put.pairs) {
      add(key);
      add(value);
    }
  }
  void operator()(const scenario::RemoveCall& remove) {
    for (const crdt::Key& key : remove.keys) {
      add(key);
    }
  }
  void operator()(const scenario::SetMembersCall& set) {
    for (const std::string& name : set.names) {
      add(name);
    }
    add(static_cast<std::int64_t>(set.horde));
  }
  void operator()(const scenario::StartChildCall& start) { add(encode(spec_of(start))); }
  void operator()(const scenario::TerminateChildCall& call) { add(supervisor::to_string(call.id)); }
  void operator()(const scenario::ReleaseChildCall& call) { add(supervisor::to_string(call.id)); }
  void operator()(const scenario::SpawnCall& call) {
    add(call.type);
    for (const std::string& argument : call.args) {
      add(argument);
    }
    add(call.name);
    add(call.via ? call.via->key : "");
  }
  void operator()(const scenario::ExitProcessCall& call) {
    add(to_string(call.pid));
    add(to_string(call.reason));
  }
  void operator()(const scenario::RegisterNameCall& call) {
    add(to_string(call.request.pid));
    add(call.request.what.key);
    add(call.request.what.value);
    add(call.request.what.priority);
    add(static_cast<std::int64_t>(call.request.confirm));
  }
  void operator()(const scenario::UnregisterNameCall& call) {
    add(to_string(call.pid));
    add(call.key);
  }
  void operator()(const scenario::UnregisterMatchCall& call) {
    add(to_string(call.pid));
    add(call.key);
    add(call.value);
  }
  void operator()(const scenario::UpdateValueCall& call) {
    add(to_string(call.pid));
    add(call.key);
    add(call.value);
  }
  void operator()(const scenario::PutMetaCall& call) {
    add(call.key);
    add(call.value);
  }
  void operator()(const scenario::DeleteMetaCall& call) { add(call.key); }
  void operator()(const scenario::BarrierCall& call) { add(call.request.key); }
  void operator()(const scenario::SendToNameCall& call) {
    add(call.key);
    add(call.message);
  }
  void operator()(const scenario::CallNameCall& call) {
    add(call.key);
    add(call.request);
  }
  void operator()(const scenario::StopRegistryCall&) {}
  void operator()(const scenario::StopCall&) {}
  void operator()(const scenario::LeaveCall&) {}
  void operator()(const scenario::WaitForQuorumCall&) {}
};

std::uint64_t hash_of(const scenario::Call& call) {
  CallText text;
  std::visit(text, call);
  return base::hash64(text.text, call.index());
}

std::string_view label_of(const scenario::Call& call) {
  constexpr std::array<std::string_view, std::variant_size_v<scenario::Call>> labels{
      "put",
      "remove",
      "set_members",
      "stop",
      "leave",
      "start_child",
      "terminate_child",
      "release_child",
      "wait_for_quorum",
      "spawn",
      "exit_process",
      "register_name",
      "unregister_name",
      "unregister_match",
      "update_value",
      "put_meta",
      "delete_meta",
      "barrier",
      "send_to_name",
      "call_name",
      "stop_registry"};
  return labels[call.index()];
}

// Carries a call out on a node.
struct Caller {
  node::Node& node;
  base::Now now;
  base::CallId id;
  base::Effects& out;

  void operator()(const scenario::PutCall& put) const {
    node.put(now, id, kHordeName, put.pairs, out);
  }
  void operator()(const scenario::RemoveCall& remove) const {
    node.remove(now, id, kHordeName, remove.keys, out);
  }
  void operator()(const scenario::SetMembersCall& set) const {
    const bool of_registry = set.horde == scenario::WhichHorde::registry;
    node.set_members(now, id, of_registry ? kRegistryName : kHordeName, set.names, out);
  }
  void operator()(const scenario::StartChildCall& start) const {
    node.start_child(
        now, id, kHordeName,
        {.spec = spec_of(start), .timeout = start.timeout, .copies = start.acknowledged_by}, out);
  }
  void operator()(const scenario::TerminateChildCall& terminate) const {
    node.terminate_child(now, id, kHordeName, {.id = terminate.id, .timeout = terminate.timeout},
                         out);
  }
  void operator()(const scenario::ReleaseChildCall& release) const {
    node.release_child(now, id, kHordeName, release.id, out);
  }
  void operator()(const scenario::WaitForQuorumCall& wait) const {
    node.wait_for_quorum(now, id, kHordeName, wait.timeout, out);
  }
  void operator()(const scenario::StopCall&) const { node.stop(now, out); }
  void operator()(const scenario::LeaveCall&) const { node.leave(now, out); }
  void operator()(const scenario::SpawnCall& spawn) const {
    node::SpawnCall request{.type = spawn.type,
                            .args = {spawn.args.begin(), spawn.args.end()},
                            .name = spawn.name,
                            .via = spawn.via};
    if (request.via) {
      request.via->registry = base::Bytes(kRegistryName);
    }
    node.spawn(now, id, std::move(request), out);
  }
  void operator()(const scenario::ExitProcessCall& exit) const {
    node.exit_process(now, id, exit.pid, exit.reason, out);
  }
  void operator()(const scenario::RegisterNameCall& call) const {
    node.register_name(now, id, kRegistryName, call.request, out);
  }
  void operator()(const scenario::UnregisterNameCall& call) const {
    node.unregister_name(now, id, kRegistryName, call.pid, call.key, out);
  }
  void operator()(const scenario::UnregisterMatchCall& call) const {
    node.unregister_match(
        now, id, kRegistryName, call.pid, call.key,
        [&call](const process::NameEntry& entry) { return entry.value == call.value; }, out);
  }
  void operator()(const scenario::UpdateValueCall& call) const {
    node.update_value(now, id, kRegistryName, call.pid, call.key, call.value, out);
  }
  void operator()(const scenario::PutMetaCall& call) const {
    node.put_meta(now, id, kRegistryName, call.key, call.value, out);
  }
  void operator()(const scenario::DeleteMetaCall& call) const {
    node.delete_meta(now, id, kRegistryName, call.key, out);
  }
  void operator()(const scenario::BarrierCall& call) const {
    node.barrier(now, id, kRegistryName, call.request, out);
  }
  void operator()(const scenario::SendToNameCall& call) const {
    node.send_via(now, id, kRegistryName, call.key, call.message, out);
  }
  void operator()(const scenario::CallNameCall& call) const {
    node.call_via(now, id, kRegistryName, call.key, call.request, call.timeout, out);
  }
  void operator()(const scenario::StopRegistryCall&) const {
    node.stop_names(now, id, kRegistryName, out);
  }
};

}  // namespace

scenario::CallResult HordeWorld::call(scenario::NodeIndex index, base::CallId id,
                                      const scenario::Call& call) {
  const auto body = [&](Machine& machine, base::Now now, base::Effects& out) {
    std::visit(Caller{engine_of<node::Node>(machine), now, id, out}, call);
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

}  // namespace horde::sim
