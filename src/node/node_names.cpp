// Node: registries, and the calls of this node's processes from outside.
#include <algorithm>

#include "node/node.hpp"

namespace horde::node {
namespace {

registry::Identity identity_of(const supervisor::ChildId& id) {
  return {.high = id.high, .low = id.low};
}

}  // namespace

// --- What a registry is told.

void Node::make_names(Horde& horde) {
  horde.registered.reset();
  if (!horde.config.names) {
    return;
  }
  registry::Registry registry({self_, boot_}, horde.config.name, *horde.config.names,
                              rng_.fork("names").fork(horde.id).fork(boot_));
  horde.registered = std::make_unique<Registered>(
      std::move(registry), [this](const process::Pid& pid) { return registrant_of(pid); });
  runtime_->add_registry(horde.config.name, horde.registered->names);
  horde.replicator.map().visit_after(
      0, [&](const crdt::Key& key, const crdt::Siblings& /*siblings*/, std::uint64_t) {
        if (registry::is_registry_key(key)) {
          horde.registered->changed.insert(key);
        }
        return true;
      });
}

void Node::note_names(Horde& horde, const std::vector<crdt::Change>& changes) {
  if (horde.registered == nullptr) {
    return;
  }
  for (const crdt::Change& change : changes) {
    if (registry::is_registry_key(change.key)) {
      horde.registered->changed.insert(change.key);
    }
  }
}

// First all that a registry asked for is done, then it hears what the map says: so what it hears of
// its own names is never older than what it knows.
bool Node::run_names(base::Now now) {
  bool any = false;
  for (Horde& horde : hordes_) {
    if (horde.registered == nullptr) {
      continue;
    }
    std::deque<registry::Output>& todo = horde.registered->names.todo();
    while (!todo.empty()) {
      any = true;
      const registry::Output next = std::move(todo.front());
      todo.pop_front();
      std::visit([&](const auto& output) { carry_out(now, horde, output); }, next);
    }
    if (horde.registered->changed.empty()) {
      continue;
    }
    any = true;
    std::vector<registry::EntryChange> changes;
    for (const crdt::Key& key : std::exchange(horde.registered->changed, {})) {
      const crdt::Siblings* const siblings = horde.replicator.map().siblings(key);
      changes.push_back({key, siblings == nullptr ? crdt::Siblings{} : *siblings});
    }
    horde.registered->names.act([&](registry::Registry& registry, registry::Outputs& out) {
      registry.on_entries(now, changes, out);
    });
  }
  return any;
}

registry::View Node::names_view(const Horde& horde) const {
  registry::View view;
  for (const auto& [node, name] : horde.members.wanted()) {
    view.members.insert(node);
  }
  view.reachable[self_] = boot_;
  // A node may have announced a later boot in the map than its datagrams have shown yet.
  const std::map<base::NodeId, std::uint64_t> announced = horde.members.announced();
  for (const liveness::NodeInfo& info : liveness_.nodes()) {
    if (info.state != liveness::State::alive && info.state != liveness::State::suspect) {
      continue;
    }
    const auto later = announced.find(info.id);
    view.reachable[info.id] =
        std::max(info.boot, later == announced.end() ? info.boot : later->second);
    if (info.state == liveness::State::suspect) {
      view.suspects.insert(info.id);
    }
  }
  return view;
}

bool Node::tell_names_views(base::Now now) {
  bool any = false;
  for (Horde& horde : hordes_) {
    if (horde.registered == nullptr) {
      continue;
    }
    Registered& registered = *horde.registered;
    if (std::exchange(registered.view_changed, false)) {
      any = true;
      registered.names.act([&](registry::Registry& registry, registry::Outputs& out) {
        registry.on_view(now, names_view(horde), out);
      });
    }
    // Not before it has heard of all that the sync has brought: it puts what nobody has.
    if (!registered.synced_told && horde.replicator.is_synced() && registered.changed.empty()) {
      registered.synced_told = true;
      any = true;
      registered.names.act([&](registry::Registry& registry, registry::Outputs& out) {
        registry.on_synced(now, out);
      });
    }
  }
  return any;
}

void Node::note_view(Horde& horde) {
  horde.view_changed = true;
  if (horde.registered != nullptr) {
    horde.registered->view_changed = true;
  }
}

// Whom liveness suspects is nothing to others.
void Node::names_view_changed() {
  for (Horde& horde : hordes_) {
    if (horde.registered != nullptr) {
      horde.registered->view_changed = true;
    }
  }
}

// --- What ranks a process, and why one declined.

registry::Registrant Node::registrant_of(const process::Pid& pid) const {
  registry::Registrant out{.pid = pid, .child = {}};
  for (const Horde& horde : hordes_) {
    if (horde.children == nullptr) {
      continue;
    }
    if (const auto child = horde.children->copies.child_of(pid)) {
      out.child = {.id = identity_of(child->id),
                   .birth_ns = child->birth_ns,
                   .term = child->claim.term,
                   .has_run = child->has_run};
    }
  }
  return out;
}

supervisor::Ignored Node::why_ignored(const process::Pid& pid) const {
  using LostTo = registry::Registry::LostTo;
  using Why = supervisor::Ignored::Why;
  for (const Horde& horde : hordes_) {
    if (horde.registered == nullptr) {
      continue;
    }
    const auto refused = horde.registered->names.registry().last_refusal(pid);
    switch (refused.to) {
      case LostTo::nobody:
        break;
      case LostTo::same_child:
        return {.why = Why::name_taken_by_same_child,
                .winner = {.term = refused.term,
                           .owner = refused.holder.run.node,
                           .boot = refused.holder.run.start}};
      case LostTo::other_child:
        return {.why = Why::name_taken_by_other_child};
      case LostTo::process:
        return {.why = Why::name_taken_by_process};
    }
  }
  return {};
}

// --- What a registry asks for.

void Node::carry_out(base::Now now, Horde& horde, const registry::Write& entry) {
  write(now, horde, {{.key = entry.key, .value = entry.value}});
}

void Node::carry_out(base::Now now, Horde& horde, const registry::SendTo& message) {
  wire::Writer writer;
  writer.u8(static_cast<std::uint8_t>(Channel::registry));
  writer.varint(horde.id);
  writer.raw(message.body);
  send_over_link(now, message.to, std::move(writer).take());
}

void Node::carry_out(base::Now /*now*/, Horde& horde, const registry::Reply& reply) {
  switch (reply.status) {
    case registry::CallStatus::ok:
      answer(reply.call, "ok");
      return;
    case registry::CallStatus::refused:
      answer(reply.call, std::unexpected(reply.refusal));
      return;
    case registry::CallStatus::quorum_not_met:
      answer(reply.call, "quorum_not_met");
      return;
    case registry::CallStatus::timeout:
      answer(reply.call, "timeout");
      return;
    case registry::CallStatus::missing:
      break;
  }
  base::Bytes names;
  for (const base::NodeId node : reply.missing) {
    const auto name = horde.members.wanted().find(node);
    names += names.empty() ? "" : " ";
    names += name == horde.members.wanted().end() ? base::to_string(node) : name->second;
  }
  answers_.push_back({.call = reply.call, .status = "missing", .detail = std::move(names)});
}

void Node::carry_out(base::Now now, Horde& horde, const registry::TellLoser& conflict) {
  for (Horde& other : hordes_) {
    if (other.children != nullptr) {
      other.children->copies.note_conflict(conflict.loser, conflict.same_child,
                                           {.term = conflict.winner_rank.term,
                                            .owner = conflict.winner.run.node,
                                            .boot = conflict.winner.run.start});
    }
  }
  local_calls_->exit(now, conflict.loser,
                     process::ExitReason::name_conflict({.registry = horde.config.name,
                                                         .key = conflict.key,
                                                         .value = conflict.value,
                                                         .winner = conflict.winner}),
                     process_out_);
}

void Node::carry_out(base::Now now, Horde& /*horde*/, const registry::Kill& kill) {
  local_calls_->exit(now, kill.pid, process::ExitReason::kill(), process_out_);
}

void Node::carry_out(base::Now now, Horde& horde, const registry::Notify& notify) {
  const auto listener = runtime_->whereis(notify.listener);
  if (!listener) {
    horde.registered->names.registry().note_missing_listener();
    return;
  }
  // A listener whose mailbox is full misses it, and that is counted there.
  (void)local_calls_->send(now, *listener, notify.event, process_out_);
}

void Node::carry_out(base::Now /*now*/, Horde& /*horde*/, const registry::Told& told) {
  tell(told.topic, told.about, told.value, told.detail);
}

// --- Calls.

void Node::answer(base::CallId call, const process::NameResult& result) {
  if (result) {
    answer(call, "ok");
    return;
  }
  const process::NameRefusal& refusal = result.error();
  answers_.push_back(
      {.call = call,
       .status = process::to_string(refusal.why),
       .detail = refusal.holder.is_none() ? "" : process::to_string(refusal.holder)});
}

template <class Call>
void Node::call_registry(base::Now now, base::CallId call, std::string_view horde,
                         base::Effects& out, Call&& what) {
  begin(now);
  Horde* target = find(horde);
  if (target == nullptr || target->registered == nullptr) {
    answer(call, to_string(CallErrc::unknown_horde));
  } else {
    what(target->registered->names);
  }
  finish(now, out);
}

void Node::register_name(base::Now now, base::CallId call, std::string_view horde,
                         const registry::RegisterCall& request, base::Effects& out) {
  call_registry(now, call, horde, out, [&](HordeNames& names) {
    if (!runtime_->is_alive(request.pid)) {
      answer(call, std::unexpected(process::NameRefusal{process::NameErrc::not_local, {}}));
      return;
    }
    names.act([&](registry::Registry& registry, registry::Outputs& outputs) {
      registry.register_name(now, call, names.registrant(request.pid), request, outputs);
    });
  });
}

void Node::unregister_name(base::Now now, base::CallId call, std::string_view horde,
                           const process::Pid& pid, base::BytesView key, base::Effects& out) {
  call_registry(now, call, horde, out,
                [&](HordeNames& names) { answer(call, names.unregister_name(now, pid, key)); });
}

void Node::unregister_match(base::Now now, base::CallId call, std::string_view horde,
                            const process::Pid& pid, base::BytesView key,
                            const process::NamePredicate& which, base::Effects& out) {
  call_registry(now, call, horde, out, [&](HordeNames& names) {
    const std::size_t count = names.unregister_match(now, pid, key, which);
    answers_.push_back({.call = call, .status = "ok", .detail = std::to_string(count)});
  });
}

void Node::update_value(base::Now now, base::CallId call, std::string_view horde,
                        const process::Pid& pid, base::BytesView key, base::Bytes value,
                        base::Effects& out) {
  call_registry(now, call, horde, out, [&](HordeNames& names) {
    const auto updated = names.update_value(
        now, pid, key, [&](base::BytesView /*before*/) { return std::move(value); });
    if (updated) {
      answers_.push_back({.call = call, .status = "ok", .detail = updated->before});
    } else {
      answer(call, std::unexpected(updated.error()));
    }
  });
}

void Node::put_meta(base::Now now, base::CallId call, std::string_view horde, base::BytesView key,
                    base::Bytes value, base::Effects& out) {
  call_registry(now, call, horde, out, [&](HordeNames& names) {
    answer(call, names.put_meta(now, key, std::move(value)));
  });
}

void Node::delete_meta(base::Now now, base::CallId call, std::string_view horde,
                       base::BytesView key, base::Effects& out) {
  call_registry(now, call, horde, out,
                [&](HordeNames& names) { answer(call, names.delete_meta(now, key)); });
}

void Node::barrier(base::Now now, base::CallId call, std::string_view horde,
                   const registry::BarrierCall& request, base::Effects& out) {
  call_registry(now, call, horde, out, [&](HordeNames& names) {
    names.act([&](registry::Registry& registry, registry::Outputs& outputs) {
      registry.barrier(now, call, request, outputs);
    });
  });
}

void Node::send_via(base::Now now, base::CallId call, std::string_view horde, base::BytesView key,
                    base::BytesView message, base::Effects& out) {
  call_registry(now, call, horde, out, [&](HordeNames& names) {
    const auto entry = names.lookup(key);
    answer(call, entry ? local_calls_->send(now, entry->pid, message, process_out_)
                       : process::to_string(process::NameErrc::not_found));
  });
}

void Node::call_via(base::Now now, base::CallId call, std::string_view horde, base::BytesView key,
                    base::BytesView request, base::Duration timeout, base::Effects& out) {
  call_registry(now, call, horde, out, [&](HordeNames& names) {
    if (const auto entry = names.lookup(key)) {
      local_calls_->call(now, call, entry->pid, request, timeout, process_out_);
    } else {
      answer(call, process::to_string(process::NameErrc::not_found));
    }
  });
}

// Its names go to nobody else by this; who registers them anew on other members may have them.
void Node::stop_names(base::Now now, base::CallId call, std::string_view horde,
                      base::Effects& out) {
  call_registry(now, call, horde, out, [&](HordeNames& names) {
    names.act([&](registry::Registry& registry, registry::Outputs& outputs) {
      registry.stop(now, outputs);
    });
    Horde& target = *find(horde);
    write(now, target, target.members.announce_stop(boot_));
    answer(call, "ok");
  });
}

void Node::stop_registries(base::Now now) {
  for (Horde& horde : hordes_) {
    if (horde.registered != nullptr) {
      horde.registered->names.act([&](registry::Registry& registry, registry::Outputs& outputs) {
        registry.stop(now, outputs);
      });
    }
  }
}

void Node::spawn(base::Now now, base::CallId call, SpawnCall request, base::Effects& out) {
  begin(now);
  local_calls_->spawn(now, call, std::move(request), process_out_, answers_);
  finish(now, out);
}

void Node::exit_process(base::Now now, base::CallId call, const process::Pid& pid,
                        const process::ExitReason& reason, base::Effects& out) {
  begin(now);
  local_calls_->exit(now, pid, reason, process_out_);
  answer(call, "ok");
  finish(now, out);
}

const registry::Registry* Node::names(std::string_view horde) const {
  const Horde* const target = find(horde);
  return target == nullptr || target->registered == nullptr ? nullptr
                                                            : &target->registered->names.registry();
}

}  // namespace horde::node
