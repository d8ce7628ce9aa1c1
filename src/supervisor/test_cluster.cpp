#include "supervisor/test_cluster.hpp"

#include <algorithm>

namespace horde::supervisor {
namespace {

using members::Status;

class ReplicaOf final : public Replica {
 public:
  explicit ReplicaOf(const TestCluster::Node& node) : node_(&node) {}
  [[nodiscard]] std::size_t holders(const base::Dot& dot) const override {
    std::size_t count = 1;
    for (const auto& [other, belief] : node_->beliefs) {
      count += belief.vector.covers(dot) ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] const crdt::VersionVector& vector() const override { return node_->map.vector(); }
  // Everybody is a witness here, and stays one.
  [[nodiscard]] bool is_closed_but_for(const std::set<base::NodeId>& /*witnesses*/) const override {
    return true;
  }

 private:
  const TestCluster::Node* node_;
};

}  // namespace

TestCluster::TestCluster(ClusterOptions options, std::uint64_t seed)
    : rng(base::Rng(seed).fork("cluster")), options_(std::move(options)), nodes_(options_.nodes) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (options_.clock_offset_max_ms != 0) {
      nodes_[i].clock_offset_ns =
          static_cast<std::int64_t>(rng.below(options_.clock_offset_max_ms)) * 1'000'000;
    }
    boot(i);
  }
}

void TestCluster::note(std::string what) {
  story.push_back(base::to_string(now_) + " " + std::move(what));
}

void TestCluster::fail(std::string what) {
  note("BROKEN: " + what);
  if (broken_.empty()) {
    broken_ = std::move(what);
  }
}

void TestCluster::after(base::Duration delay, Event event) {
  events_.emplace(std::pair((now_ + delay).ns, ++sequence_), std::move(event));
}

base::Duration TestCluster::some(base::Duration max) {
  return {static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(max.ns) + 1))};
}

void TestCluster::run(base::Duration duration) {
  const base::Instant end = now_ + duration;
  base::Instant last;
  unsigned at_once = 0;
  while (true) {
    at_once = now_ == last ? at_once + 1 : 0;
    last = now_;
    if (at_once > 10'000) {
      fail("time stands still");
      return;
    }
    base::Instant next = end;
    std::size_t sleeper = nodes_.size();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].up && nodes_[i].supervisor->wake_at() < next) {
        next = std::max(now_, nodes_[i].supervisor->wake_at());
        sleeper = i;
      }
    }
    if (!events_.empty() && events_.begin()->first.first <= next.ns) {
      now_ = {std::max(now_.ns, events_.begin()->first.first)};
      const Event event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
    } else if (sleeper < nodes_.size()) {
      now_ = next;
      input(sleeper, [&](Supervisor& s, base::Now at, Outputs& out) {
        s.on_timeout(at, ReplicaOf(nodes_[sleeper]), out);
      });
    } else {
      now_ = end;
      break;
    }
  }
  for (const auto& [number, call] : calls) {
    const bool alive = nodes_[call.node].up && nodes_[call.node].boot == call.boot;
    if (alive && call.replies == 0 && call.until + base::milliseconds(1) < now_) {
      fail("call " + std::to_string(number) + " hangs");
    }
  }
}

void TestCluster::input(std::size_t i,
                        const std::function<void(Supervisor&, base::Now, Outputs&)>& give) {
  if (!nodes_[i].up) {
    return;
  }
  Outputs out;
  give(*nodes_[i].supervisor, at(i), out);
  std::vector<crdt::Key> changed;
  carry_out(i, out, changed);
  hand_changes(i, std::move(changed));
}

void TestCluster::hand_changes(std::size_t i, std::vector<crdt::Key> changed) {
  Node& node = nodes_[i];
  while (!changed.empty() && node.up) {
    std::vector<EntryChange> changes;
    for (const crdt::Key& key : changed) {
      const crdt::Siblings* siblings = node.map.siblings(key);
      EntryChange change{*child_of(key), siblings == nullptr ? crdt::Siblings{} : *siblings};
      const EntryRead read = read_entry(change.siblings);
      if (read.entry && read.entry->ended()) {
        node.ends_seen.insert(change.id);
      }
      changes.push_back(std::move(change));
    }
    changed.clear();
    Outputs out;
    node.supervisor->on_entries(at(i), changes, out);
    carry_out(i, out, changed);
  }
}

void TestCluster::carry_out(std::size_t i, const Outputs& out, std::vector<crdt::Key>& changed) {
  Node& node = nodes_[i];
  const base::RunId self{id(i), node.boot};
  bool wrote = false;
  for (const Output& output : out.list) {
    if (const auto* put = std::get_if<WriteEntry>(&output)) {
      note(base::to_string(self) + " writes " + short_name(*child_of(put->key)) + " " +
           to_string(*decode_entry(put->value)));
      check_write(i, *child_of(put->key), *decode_entry(put->value));
      node.map.put(self, put->key, put->value, at(i).wall.ns);
      changed.push_back(put->key);
      wrote = true;
    } else if (const auto* gone = std::get_if<RemoveEntry>(&output)) {
      note(base::to_string(self) + " forgets " + short_name(*child_of(gone->key)));
      node.map.remove(self, gone->key, at(i).wall.ns);
      changed.push_back(gone->key);
      wrote = true;
    } else if (const auto* start = std::get_if<StartCopy>(&output)) {
      carry_out(i, *start);
    } else if (const auto* stop = std::get_if<StopCopy>(&output)) {
      carry_out(i, *stop);
    } else if (const auto* send = std::get_if<SendTo>(&output)) {
      send_message(i, *send);
    } else if (const auto* answer = std::get_if<Reply>(&output)) {
      reply(i, *answer);
    } else if (std::holds_alternative<AnnounceStop>(output)) {
      node.says = Status::shutting_down;
    } else if (std::holds_alternative<AnnounceReturn>(output)) {
      node.says = Status::alive;
    } else if (std::holds_alternative<HasLeft>(output)) {
      note(base::to_string(self) + " has left");
      crash(i);
      node.says = Status::left;
      for (std::size_t j = 0; j < nodes_.size(); ++j) {
        if (i != j && !cuts_.contains(std::minmax(i, j)) && nodes_[j].up) {
          nodes_[j].beliefs[i].says = Status::left;
        }
      }
      return;
    } else if (const auto* telling = std::get_if<Told>(&output)) {
      ++told[std::string(telling->topic)];
      if (telling->topic == "name_lost") {
        ++told["name_lost " + std::to_string(telling->value)];
      }
    }
  }
  if (wrote && options_.eager) {
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      if (i != j) {
        send_state(i, j);
      }
    }
  }
}

void TestCluster::reply(std::size_t i, const Reply& reply) {
  note(base::to_string(id(i)) + " answers call " + std::to_string(reply.call.value) + ": " +
       std::string(to_string(reply.status)));
  Call& call = calls[reply.call.value];
  ++call.replies;
  call.reply = reply;
  if (call.replies > 1) {
    fail("call " + std::to_string(reply.call.value) + " is answered twice");
  }
  if (call.until + base::milliseconds(1) < now_) {
    fail("call " + std::to_string(reply.call.value) + " is answered late");
  }
  if (call.kind == Call::Kind::start && reply.status == CallStatus::ok) {
    acknowledged_.insert(reply.id);
  }
  if (call.kind == Call::Kind::terminate && reply.status == CallStatus::ok) {
    terminated_ok_.insert(reply.id);
    if (!copies(reply.id).empty()) {
      fail("terminated with ok while a copy runs: " + short_name(reply.id));
    }
  }
}

// --- Faults.

void TestCluster::boot(std::size_t i) {
  Node& node = nodes_[i];
  node.up = true;
  node.boot += 1 + rng.below(3);
  node.synced = false;
  node.says = Status::uninitialized;
  node.beliefs.clear();
  node.was_reachable.clear();
  node.processes.clear();
  node.outranked_by.clear();
  node.supervisor = std::make_unique<Supervisor>(base::RunId{id(i), node.boot}, options_.supervisor,
                                                 options_.strategy(), rng.fork(i).fork(node.boot));
  note(base::to_string(base::RunId{id(i), node.boot}) + " boots");
  std::vector<crdt::Key> keys;
  node.map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings&, std::uint64_t) {
    keys.push_back(key);
    return true;
  });
  hand_changes(i, std::move(keys));
  look(i, node.boot);
  sync(i, node.boot);
}

void TestCluster::crash(std::size_t i) {
  if (nodes_[i].up) {
    note(base::to_string(id(i)) + " goes down");
    nodes_[i].up = false;
    nodes_[i].processes.clear();
  }
}

void TestCluster::restart(std::size_t i, Disk disk) {
  if (nodes_[i].up) {
    return;
  }
  if (disk == Disk::lost) {
    note(base::to_string(id(i)) + " has lost its disk");
    nodes_[i].map = {};
    nodes_[i].ends_seen.clear();
    nodes_[i].announced_boots.clear();
    // Once all disks that knew of an end are lost, it is as if it had never been said.
    std::erase_if(terminated_ok_, [this](const ChildId& child) {
      return std::ranges::none_of(nodes_,
                                  [&](const Node& node) { return node.ends_seen.contains(child); });
    });
    ++nodes_[i].disks_lost;
  }
  boot(i);
}

void TestCluster::disbelieve(std::size_t i, std::size_t other, base::Duration for_long) {
  note(base::to_string(id(i)) + " holds " + base::to_string(id(other)) + " for dead");
  nodes_[i].beliefs[other].disbelieved_until = now_ + for_long;
}

void TestCluster::leave(std::size_t i, base::Duration timeout) {
  const std::uint64_t number = ++last_call_;
  calls[number] = {
      .node = i, .boot = nodes_[i].boot, .until = now_ + timeout, .kind = Call::Kind::stop};
  input(i, [&](Supervisor& s, base::Now now, Outputs& out) {
    s.stop(now, {number}, timeout - base::milliseconds(1), out);
  });
}

std::uint64_t TestCluster::start(std::size_t i, ChildSpec spec, base::Duration timeout,
                                 std::uint64_t copies) {
  const std::uint64_t number = ++last_call_;
  note("start_child at " + base::to_string(id(i)) + ", call " + std::to_string(number));
  calls[number] = {.node = i, .boot = nodes_[i].boot, .until = now_ + timeout};
  input(i, [&](Supervisor& s, base::Now now, Outputs& out) {
    s.start_child(now, {number}, {.spec = std::move(spec), .timeout = timeout, .copies = copies},
                  out);
  });
  return number;
}

std::uint64_t TestCluster::terminate(std::size_t i, const ChildId& child, base::Duration timeout) {
  const std::uint64_t number = ++last_call_;
  note("terminate_child " + short_name(child) + " at " + base::to_string(id(i)) + ", call " +
       std::to_string(number));
  calls[number] = {
      .node = i, .boot = nodes_[i].boot, .until = now_ + timeout, .kind = Call::Kind::terminate};
  may_end_.insert(child);
  input(i, [&](Supervisor& s, base::Now now, Outputs& out) {
    s.terminate_child(now, {number}, {.id = child, .timeout = timeout}, out);
  });
  return number;
}

// --- Views, states, messages.

bool TestCluster::believes(std::size_t i, std::size_t j) const {
  const auto it = nodes_[i].beliefs.find(j);
  return it != nodes_[i].beliefs.end() && it->second.boot != 0 &&
         it->second.disbelieved_until <= now_ && it->second.says != Status::left &&
         now_ - it->second.heard < options_.dead_after;
}

void TestCluster::look(std::size_t i, std::uint64_t boot) {
  Node& node = nodes_[i];
  if (!node.up || node.boot != boot) {
    return;
  }
  for (std::size_t j = 0; j < nodes_.size(); ++j) {
    if (i == j) {
      continue;
    }
    Node::Belief& belief = node.beliefs[j];
    const std::uint64_t boot_before = belief.boot;
    if (connected(i, j) && rng.chance(9, 10)) {
      belief.heard = now_;
      belief.boot = nodes_[j].boot;
      belief.says = nodes_[j].says;
    }
    const bool reachable = believes(i, j);
    const bool ended = node.was_reachable[j] && (!reachable || belief.boot != boot_before);
    node.was_reachable[j] = reachable;
    if (ended) {
      channels_[{i, j}].under_way.clear();
      const base::RunId run{id(j), boot_before};
      input(i, [&](Supervisor& s, base::Now now, Outputs& out) { s.on_link_ended(now, run, out); });
    }
  }
  give_view(i);
  look_at_names(i);
  // A cold start: all have met, and nobody has synced.
  const bool cold = std::ranges::none_of(nodes_, [](const Node& n) { return n.up && n.synced; });
  bool met = true;
  for (std::size_t j = 0; j < nodes_.size(); ++j) {
    met = met && (i == j || (nodes_[j].up && believes(i, j)));
  }
  if (!node.synced && cold && met) {
    // Counted as synced only with what all of them have: one of two disks may hold an end that the
    // other one has lost.
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      for (std::size_t k = 0; k < nodes_.size(); ++k) {
        if (j != k && nodes_[j].up && nodes_[k].up) {
          join_state(k, state_of(j));
        }
      }
    }
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      if (nodes_[j].up) {
        become_synced(j);
      }
    }
  }
  after(options_.look_interval / 2 + some(options_.look_interval),
        [this, i, boot] { look(i, boot); });
}

void TestCluster::give_view(std::size_t i) {
  Node& node = nodes_[i];
  View view;
  for (std::size_t j = 0; j < nodes_.size(); ++j) {
    Status status = node.says;
    if (i != j) {
      const Node::Belief& belief = node.beliefs[j];
      status = belief.boot == 0 && !nodes_[j].announced ? Status::uninitialized : belief.says;
      if ((status != Status::uninitialized || nodes_[j].announced) && !believes(i, j) &&
          belief.says != Status::left) {
        status = Status::dead;
      }
      if (belief.boot != 0) {
        view.boots[id(j)] = belief.boot;
      }
      if (believes(i, j)) {
        view.reachable.insert(id(j));
      }
    }
    view.witnesses.insert(id(j));
    view.members.push_back({.name = base::to_string(id(j)), .id = id(j), .status = status});
  }
  view.boots[id(i)] = node.boot;
  view.announced = node.announced_boots;
  // Silence is noticed at the first look after `dead_after` of it.
  view.cut_noticed_max = options_.dead_after + options_.look_interval * 3 / 2;
  input(i, [&](Supervisor& s, base::Now now, Outputs& out) { s.on_view(now, view, out); });
}

void TestCluster::become_synced(std::size_t i) {
  Node& node = nodes_[i];
  if (node.synced) {
    return;
  }
  note(base::to_string(id(i)) + " has synced");
  node.synced = true;
  if (node.says == Status::uninitialized) {
    node.says = Status::alive;
    node.announced = true;
    node.announced_boots[id(i)] = node.boot;
  }
  input(i, [&](Supervisor& s, base::Now now, Outputs& out) { s.on_synced(now, out); });
  give_view(i);
}

void TestCluster::sync(std::size_t i, std::uint64_t boot) {
  if (!nodes_[i].up || nodes_[i].boot != boot) {
    return;
  }
  for (std::size_t j = 0; j < nodes_.size(); ++j) {
    if (i != j) {
      send_state(i, j);
    }
  }
  after(options_.sync_interval / 2 + some(options_.sync_interval),
        [this, i, boot] { sync(i, boot); });
}

crdt::Remote TestCluster::state_of(std::size_t i) const {
  crdt::Remote out;
  const auto add = [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    out.entries.emplace_back(key, siblings);
    return true;
  };
  nodes_[i].map.visit_after(0, add);
  out.vector = nodes_[i].map.vector();
  return out;
}

void TestCluster::join_state(std::size_t i, const crdt::Remote& remote) {
  crdt::AwLwwMap& map = nodes_[i].map;
  (void)map.take_delta();
  map.join(remote);
  std::vector<crdt::Key> changed;
  for (const crdt::Change& change : map.take_delta().keys) {
    changed.push_back(change.key);
  }
  hand_changes(i, std::move(changed));
}

void TestCluster::send_state(std::size_t from, std::size_t to) {
  // Who is not known to be back is told nothing.
  const bool knows = nodes_[from].beliefs[to].boot == nodes_[to].boot;
  if (!connected(from, to) || !knows || rng.below(100) < options_.loss_percent) {
    return;
  }
  auto remote = std::make_shared<crdt::Remote>(state_of(from));
  const Node& node = nodes_[from];
  after(some(options_.latency_max),
        [this, from, to, remote, synced = node.synced, from_boot = node.boot,
         to_boot = nodes_[to].boot, announced = node.announced_boots] {
          Node& target = nodes_[to];
          if (!target.up || target.boot != to_boot || cuts_.contains(std::minmax(from, to))) {
            return;
          }
          Node::Belief& belief = target.beliefs[from];
          if (nodes_[from].boot == from_boot && remote->vector.covers(belief.vector)) {
            belief.vector = remote->vector;
          }
          for (const auto& [member, boot] : announced) {
            std::uint64_t& known = target.announced_boots[member];
            known = std::max(known, boot);
          }
          join_state(to, *remote);
          if (synced) {
            become_synced(to);
          }
        });
}

void TestCluster::send_message(std::size_t from, const SendTo& message) {
  for (std::size_t to = 0; to < nodes_.size(); ++to) {
    if (id(to) != message.to.node) {
      continue;
    }
    Channel& channel = channels_[{from, to}];
    const Node::Belief& belief = nodes_[from].beliefs[to];
    if (!believes(from, to) || belief.boot != message.to.start) {
      after({}, [this, from, boot = nodes_[from].boot, run = message.to] {
        if (nodes_[from].boot == boot) {
          input(from, [&](Supervisor& s, base::Now now, Outputs& out) {
            s.on_link_ended(now, run, out);
          });
        }
      });
      return;
    }
    channel.to_boot = message.to.start;
    channel.under_way.push_back(message.body);
    after(some(options_.latency_max), [this, from, to] { deliver_front(from, to); });
  }
}

// In order, once; what cannot pass now waits until the link ends or the cut heals.
void TestCluster::deliver_front(std::size_t from, std::size_t to) {
  Channel& channel = channels_[{from, to}];
  if (channel.under_way.empty() || !nodes_[from].up) {
    channel.under_way.clear();
    return;
  }
  if (!connected(from, to)) {
    after(base::milliseconds(50), [this, from, to] { deliver_front(from, to); });
    return;
  }
  const base::Bytes body = channel.under_way.front();
  channel.under_way.pop_front();
  if (nodes_[to].boot != channel.to_boot) {
    return;
  }
  const base::RunId sender{id(from), nodes_[from].boot};
  input(to, [&](Supervisor& s, base::Now now, Outputs& out) {
    if (!s.on_message(now, sender, body, out)) {
      fail("a message is refused");
    }
  });
}

}  // namespace horde::supervisor
