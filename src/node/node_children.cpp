// Node: children, the processes that run them, and the links that both use. See the loop in
// run_children for the order in which they hear of each other.
#include <algorithm>

#include "node/node.hpp"
#include "supervisor/quorum.hpp"

namespace horde::node {
namespace {

// Beside the rounds in which it hears of what happened without it.
constexpr base::Duration kReturnWaitMin = base::milliseconds(500);

// The call by which this node stops its own supervisors; drivers number theirs from below.
constexpr base::CallId kOwnStop{~std::uint64_t{0}};

base::Bytes detail_of(const supervisor::Reply& reply) {
  base::Bytes out;
  const auto add = [&out](base::BytesView part) {
    out += out.empty() || part.empty() ? "" : " ";
    out += part;
  };
  add(reply.id == supervisor::ChildId{} ? "" : supervisor::to_string(reply.id));
  if (const auto pid = decode_pid(reply.pid)) {
    add(process::to_string(*pid));
  }
  for (const base::NodeId node : reply.missing) {
    add("missing " + base::to_string(node));
  }
  add(reply.detail);
  return out;
}

/// What a supervisor may ask of the map that its entries are in.
class ReplicaOf final : public supervisor::Replica {
 public:
  explicit ReplicaOf(const replication::Replicator& replicator) : replicator_(&replicator) {}
  [[nodiscard]] std::size_t holders(const base::Dot& dot) const override {
    return replicator_->holders(dot);
  }
  [[nodiscard]] const crdt::VersionVector& vector() const override {
    return replicator_->map().vector();
  }
  [[nodiscard]] bool is_closed_but_for(const std::set<base::NodeId>& witnesses) const override {
    const crdt::VersionVector& known = replicator_->map().vector();
    return std::ranges::all_of(known.open(), [&](const base::Dot& dot) {
      return witnesses.contains(dot.run.node) && dot.run.start == known.latest_start(dot.run.node);
    });
  }

 private:
  const replication::Replicator* replicator_;
};

}  // namespace

// A boot's processes, links and supervisors end with it; what is in the map is heard of anew.
void Node::make_children() {
  runtime_ = std::make_unique<process::Runtime>(base::RunId{self_, boot_}, config_.process_types,
                                                config_.processes, rng_.fork("processes"));
  process_out_ = {};
  local_calls_ = std::make_unique<LocalCalls>(*runtime_);
  for (Horde& horde : hordes_) {
    make_names(horde);
    horde.children.reset();
    horde.view_changed = true;
    if (!horde.config.children) {
      continue;
    }
    const ChildrenConfig& config = *horde.config.children;
    supervisor::Options options = config.options;
    options.quorum_return_wait = options.quorum_return_wait.value_or(
        horde.config.replication.sync_interval * 2 + kReturnWaitMin);
    horde.children = std::make_unique<Children>(Children{
        .supervisor = supervisor::Supervisor({self_, boot_}, options, config.strategy(),
                                             rng_.fork("children").fork(horde.id).fork(boot_)),
        .copies = Copies(*runtime_, horde.config.name, config.extra_arguments)});
    horde.children->copies.on_ignore_ask(
        [this](const process::Pid& pid) { return why_ignored(pid); });
    horde.replicator.map().visit_after(
        0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
          if (const auto id = supervisor::child_of(key)) {
            horde.children->changes.push_back({*id, siblings});
          }
          return true;
        });
  }
}

void Node::note_entries(Horde& horde, const std::vector<crdt::Change>& changes) {
  if (horde.children == nullptr) {
    return;
  }
  for (const crdt::Change& change : changes) {
    if (const auto id = supervisor::child_of(change.key)) {
      const crdt::Siblings* siblings = horde.replicator.map().siblings(change.key);
      horde.children->changes.push_back({*id, siblings == nullptr ? crdt::Siblings{} : *siblings});
    }
  }
}

// One thing at a time, in this order: what was written is heard of before anything else happens to
// a supervisor, and what one output of a supervisor leads to is done before its next one. A
// registry hears who is a member before it hears of names: it takes out those of who is none.
void Node::run_children(base::Now now) {
  while (tell_names_views(now) || run_names(now) || hand_on_entries(now) || tell_views(now) ||
         carry_out_next(now) || hand_on_arrivals(now) || hand_on_links(now)) {
  }
}

bool Node::hand_on_entries(base::Now now) {
  bool any = false;
  for (Horde& horde : hordes_) {
    if (horde.children == nullptr || horde.children->changes.empty()) {
      continue;
    }
    any = true;
    const std::vector<supervisor::EntryChange> changes = std::exchange(horde.children->changes, {});
    supervisor::Outputs outputs;
    horde.children->supervisor.on_entries(now, changes, outputs);
    take(horde, std::move(outputs));
  }
  return any;
}

bool Node::carry_out_next(base::Now now) {
  for (Horde& horde : hordes_) {
    if (horde.children != nullptr && !horde.children->todo.empty()) {
      supervisor::Output next = std::move(horde.children->todo.front());
      horde.children->todo.pop_front();
      std::visit([&](auto& output) { carry_out(now, horde, output); }, next);
      return true;
    }
  }
  return false;
}

// What is asked for first is done first; what follows from it comes behind what waits already.
void Node::take(Horde& horde, supervisor::Outputs outputs) {
  for (supervisor::Output& output : outputs.list) {
    horde.children->todo.push_back(std::move(output));
  }
}

void Node::carry_out(base::Now now, Horde& horde, const supervisor::StartCopy& order) {
  supervisor::Outputs outputs;
  horde.children->copies.start(now, order, horde.children->supervisor, process_out_, outputs);
  take(horde, std::move(outputs));
}

void Node::carry_out(base::Now now, Horde& horde, const supervisor::StopCopy& order) {
  horde.children->copies.stop(now, order, process_out_);
}

void Node::carry_out(base::Now now, Horde& horde, const supervisor::WriteEntry& entry) {
  write(now, horde, {{.key = entry.key, .value = entry.value}});
}

void Node::carry_out(base::Now now, Horde& horde, const supervisor::RemoveEntry& entry) {
  write(now, horde, {{.key = entry.key, .value = std::nullopt}});
}

void Node::carry_out(base::Now now, Horde& horde, const supervisor::SendTo& message) {
  wire::Writer writer;
  writer.u8(static_cast<std::uint8_t>(Channel::supervisor));
  writer.varint(horde.id);
  writer.raw(message.body);
  send_over_link(now, message.to, std::move(writer).take());
}

void Node::carry_out(base::Now /*now*/, Horde& /*horde*/, const supervisor::Reply& reply) {
  if (reply.call != kOwnStop) {
    answers_.push_back({.call = reply.call,
                        .status = supervisor::to_string(reply.status),
                        .detail = detail_of(reply)});
  }
}

void Node::carry_out(base::Now now, Horde& horde, const supervisor::AnnounceStop& /*announce*/) {
  write(now, horde, horde.members.announce_stop(boot_));
}

void Node::carry_out(base::Now now, Horde& horde, const supervisor::AnnounceReturn& /*announce*/) {
  write(now, horde, horde.members.announce(boot_));
}

void Node::carry_out(base::Now /*now*/, Horde& horde, const supervisor::HasLeft& /*left*/) {
  horde.children->left = true;
}

void Node::carry_out(base::Now /*now*/, Horde& /*horde*/, const supervisor::Told& told) {
  tell(told.topic, self_, told.value, supervisor::to_string(told.id));
}

bool Node::hand_on_arrivals(base::Now now) {
  if (process_out_.sends.empty() && process_out_.arrivals.empty()) {
    process_out_.lives.clear();
    return false;
  }
  const process::Outputs outputs = std::exchange(process_out_, {});
  for (const process::Outgoing& send : outputs.sends) {
    base::Bytes message(1, static_cast<char>(Channel::processes));
    message += send.body;
    send_over_link(now, send.to, message);
  }
  for (const process::Arrival& arrival : outputs.arrivals) {
    if (arrival.port == local_calls_->port()) {
      local_calls_->on_arrival(arrival.what, answers_);
    }
    for (Horde& horde : hordes_) {
      if (horde.children != nullptr && horde.children->copies.port() == arrival.port) {
        supervisor::Outputs out;
        horde.children->copies.on_arrival(now, arrival.what, horde.children->supervisor,
                                          process_out_, out);
        take(horde, std::move(out));
      }
    }
  }
  return true;
}

// --- Links.

// A message that cannot be sent leaves a gap, and a link has none: the link ends.
void Node::send_over_link(base::Now now, const base::RunId& to, const base::Bytes& message) {
  const auto sent = links_.send(to, message);
  if (sent) {
    return;
  }
  if (sent.error() == wire::SendErrc::unreachable) {
    link_ended(now, to);
    return;
  }
  links_.peer_down(now.mono, to, link_out_);
  if (liveness_.is_reachable(to.node)) {
    links_.peer_up(now.mono, to, link_out_);
  }
}

void Node::link_ended(base::Now now, const base::RunId& run) {
  runtime_->peer_ended(now, run, process_out_);
  for (Horde& horde : hordes_) {
    if (horde.children != nullptr) {
      supervisor::Outputs outputs;
      horde.children->supervisor.on_link_ended(now, run, outputs);
      take(horde, std::move(outputs));
    }
    if (horde.registered != nullptr) {
      horde.registered->names.act([&](registry::Registry& registry, registry::Outputs& out) {
        registry.on_link_ended(now, run, out);
      });
    }
  }
}

bool Node::hand_on_links(base::Now now) {
  if (links_.wake_at() <= now.mono) {
    links_.on_timeout(now.mono, link_out_);
  }
  wire::LinkOutputs outputs = std::exchange(link_out_, {});
  for (wire::LinkOutputs::Outgoing& send : outputs.sends) {
    if (const liveness::NodeInfo* info = liveness_.find(send.to.node)) {
      queue_frame(info->address, std::move(send.frame));
    }
  }
  for (const wire::LinkEnded& ended : outputs.ended) {
    for (const base::Bytes& message : ended.received) {
      on_link_message(now, ended.peer, message);
    }
    link_ended(now, ended.peer);
  }
  for (const base::RunId& run : outputs.readable) {
    while (const auto message = links_.receive(run)) {
      on_link_message(now, run, *message);
    }
  }
  return !outputs.ended.empty() || !outputs.readable.empty();
}

void Node::on_link_message(base::Now now, const base::RunId& from, base::BytesView message) {
  wire::Reader reader(message);
  const auto channel = static_cast<Channel>(reader.u8());
  if (channel == Channel::processes) {
    const auto taken = runtime_->on_message(now, from, message.substr(1), process_out_);
    if (!taken) {
      count(taken.error());
    }
    return;
  }
  const std::uint64_t id = reader.count(0xffff);
  const bool known = channel == Channel::supervisor || channel == Channel::registry;
  if (!reader.ok() || !known) {
    count(reader.ok() ? wire::DecodeError{wire::DecodeErrc::bad_tag, 0} : reader.error());
    return;
  }
  const base::BytesView body = message.substr(reader.offset());
  const auto horde = std::ranges::find(hordes_, id, &Horde::id);
  wire::Decoded<void> taken;
  if (horde != hordes_.end() && channel == Channel::supervisor && horde->children != nullptr) {
    supervisor::Outputs outputs;
    taken = horde->children->supervisor.on_message(now, from, body, outputs);
    take(*horde, std::move(outputs));
  } else if (horde != hordes_.end() && channel == Channel::registry &&
             horde->registered != nullptr) {
    horde->registered->names.act([&](registry::Registry& registry, registry::Outputs& out) {
      taken = registry.on_message(now, from, body, out);
    });
  } else {
    ++drops_.unknown_horde;
  }
  if (!taken) {
    count(taken.error());
  }
}

// --- What supervisors are told.

bool Node::tell_views(base::Now now) {
  bool any = false;
  for (Horde& horde : hordes_) {
    if (horde.children == nullptr || !std::exchange(horde.view_changed, false)) {
      continue;
    }
    any = true;
    const members::SeenNodes all = seen(horde);
    supervisor::View view{.members = horde.members.list(all),
                          .witnesses = horde.members.witnesses(now.mono)};
    view.announced = horde.members.announced();
    view.cut_noticed_max =
        supervisor::cut_noticed_max(config_.liveness, std::max(all.size(), view.witnesses.size()));
    for (const auto& [node, what] : all) {
      view.boots[node] = what.boot;
      if (what.state == members::Seen::State::reachable) {
        view.reachable.insert(node);
      }
    }
    supervisor::Outputs outputs;
    horde.children->supervisor.on_view(now, std::move(view), outputs);
    take(horde, std::move(outputs));
  }
  return any;
}

void Node::run_timers(base::Now now) {
  if (runtime_->wake_at() <= now.mono) {
    runtime_->on_timeout(now, process_out_);
  }
  for (Horde& horde : hordes_) {
    if (horde.children != nullptr && horde.children->supervisor.wake_at() <= now.mono) {
      // What has changed must be heard of first.
      static_cast<void>(hand_on_entries(now));
      supervisor::Outputs outputs;
      horde.children->supervisor.on_timeout(now, ReplicaOf(horde.replicator), outputs);
      take(horde, std::move(outputs));
    }
    if (horde.registered != nullptr && horde.registered->names.registry().wake_at() <= now.mono) {
      horde.registered->names.act([&](registry::Registry& registry, registry::Outputs& out) {
        registry.on_timeout(now, out);
      });
    }
  }
}

// A member may act once it has synced, and others may choose it once it has said so (R8). What the
// sync has brought is heard of first: a claim made from the entries of before would be written over
// later ones, which it has not outranked.
void Node::tell_synced(base::Now now, Horde& horde) {
  if (horde.children == nullptr || horde.children->synced_told || !horde.replicator.is_synced()) {
    return;
  }
  horde.children->synced_told = true;
  static_cast<void>(hand_on_entries(now));
  supervisor::Outputs outputs;
  horde.children->supervisor.on_synced(now, outputs);
  take(horde, std::move(outputs));
}

// --- Calls.

template <class Call>
void Node::call_supervisor(base::Now now, base::CallId call, std::string_view horde,
                           base::Effects& out, Call&& what) {
  begin(now);
  Horde* target = find(horde);
  if (target == nullptr || target->children == nullptr) {
    answer(call, to_string(CallErrc::unknown_horde));
  } else {
    supervisor::Outputs outputs;
    what(target->children->supervisor, outputs);
    take(*target, std::move(outputs));
  }
  finish(now, out);
}

void Node::start_child(base::Now now, base::CallId call, std::string_view horde,
                       supervisor::StartCall request, base::Effects& out) {
  call_supervisor(
      now, call, horde, out, [&](supervisor::Supervisor& supervisor, supervisor::Outputs& outputs) {
        if (std::string why = refusal_of_start(request.spec.start); !why.empty()) {
          outputs.add(supervisor::Reply{
              .call = call, .status = supervisor::CallStatus::bad_spec, .detail = std::move(why)});
          return;
        }
        supervisor.start_child(now, call, std::move(request), outputs);
      });
}

void Node::terminate_child(base::Now now, base::CallId call, std::string_view horde,
                           const supervisor::TerminateCall& request, base::Effects& out) {
  call_supervisor(now, call, horde, out,
                  [&](supervisor::Supervisor& supervisor, supervisor::Outputs& outputs) {
                    supervisor.terminate_child(now, call, request, outputs);
                  });
}

void Node::wait_for_quorum(base::Now now, base::CallId call, std::string_view horde,
                           base::Duration timeout, base::Effects& out) {
  call_supervisor(now, call, horde, out,
                  [&](supervisor::Supervisor& supervisor, supervisor::Outputs& outputs) {
                    supervisor.wait_for_quorum(now, call, timeout, outputs);
                  });
}

void Node::release_child(base::Now now, base::CallId call, std::string_view horde,
                         const supervisor::ChildId& id, base::Effects& out) {
  call_supervisor(now, call, horde, out,
                  [&](supervisor::Supervisor& supervisor, supervisor::Outputs& outputs) {
                    supervisor.unquarantine(now, call, id, outputs);
                  });
}

void Node::stop_children(base::Now now) {
  for (Horde& horde : hordes_) {
    if (horde.children != nullptr) {
      supervisor::Outputs outputs;
      horde.children->supervisor.stop(now, kOwnStop, stop_call_.timeout, outputs);
      take(horde, std::move(outputs));
    }
  }
}

const supervisor::Supervisor* Node::children(std::string_view horde) const {
  const Horde* target = find(horde);
  return target == nullptr || target->children == nullptr ? nullptr : &target->children->supervisor;
}

bool Node::children_have_left() const {
  return std::ranges::all_of(hordes_, [](const Horde& horde) {
    return horde.children == nullptr || horde.children->left;
  });
}

}  // namespace horde::node
