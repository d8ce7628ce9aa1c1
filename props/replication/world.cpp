#include "props/replication/world.hpp"

#include <algorithm>
#include <array>

#include "wire/limits.hpp"

namespace horde::props {
namespace {

constexpr base::Duration kLatency = base::milliseconds(1);
constexpr base::Duration kSettleMax = base::seconds(300);
constexpr std::size_t kSettleEventsMax = 20'000;
constexpr base::Duration kLinger = base::seconds(26);
constexpr std::size_t kTimersAtOnceMax = 1'000;

const std::array<std::string, 4> kNodeNames = {"a", "b", "c", "d"};

std::vector<base::Bytes> log_of(const std::vector<replication::LogRecord>& disk) {
  std::vector<base::Bytes> log;
  for (const replication::LogRecord& record : disk) {
    if (record.mode == replication::LogRecord::Mode::replace) {
      log.clear();
    }
    log.push_back(record.bytes);
  }
  return log;
}

}  // namespace

World::World(const Settings& settings, std::string* trace)
    : settings_(settings), trace_(trace), now_{base::seconds(1'000).ns} {
  nodes_.resize(settings_.nodes);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].id = base::NodeId::of(kNodeNames[i]);
    boot(i, {});
  }
  tell_everybody();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    replication::Outputs out;
    nodes_[i].replica->assume_synced(out);
    absorb(i, std::move(out));
  }
}

// --- Steps ---

void World::take(const Step& step) {
  if (failure_) {
    return;
  }
  ++tally_.steps;
  switch (step.kind) {
    case StepKind::deliver:
    case StepKind::lose:
    case StepKind::duplicate:
    case StepKind::hold:
      return step_message(step);
    case StepKind::release:
      return step_release(step);
    case StepKind::run:
    case StepKind::advance:
    case StepKind::jump:
      return step_time(step);
    case StepKind::put:
    case StepKind::remove:
      return step_write(step);
    case StepKind::restart:
    case StepKind::roll_back:
    case StepKind::lose_disk:
    case StepKind::stop:
    case StepKind::start:
    case StepKind::renew:
      return step_life(step);
    case StepKind::cut:
    case StepKind::heal:
    case StepKind::expel:
    case StepKind::admit:
    case StepKind::learn:
    case StepKind::answer:
    case StepKind::change_clock:
      return step_surroundings(step);
  }
}

void World::step_message(const Step& step) {
  if (under_way_.empty()) {
    return;
  }
  // Every other time one of the oldest: else conversations would hardly ever get anywhere.
  const std::size_t among =
      step.node % 2 == 0 ? std::min<std::size_t>(under_way_.size(), 2) : under_way_.size();
  const auto it = under_way_.begin() + static_cast<std::ptrdiff_t>(step.amount % among);
  if (step.kind == StepKind::duplicate) {
    held_up_.push_back(*it);
    return;
  }
  Message message = std::move(*it);
  under_way_.erase(it);
  if (step.kind == StepKind::deliver) {
    return deliver(std::move(message));
  }
  if (trace_ != nullptr) {
    note((step.kind == StepKind::lose ? "lost: " : "held up: ") + describe(message.body));
  }
  if (step.kind == StepKind::hold) {
    held_up_.push_back(std::move(message));
  }
}

void World::step_release(const Step& step) {
  drop_old_messages();
  if (!held_up_.empty()) {
    const auto it = held_up_.begin() + static_cast<std::ptrdiff_t>(step.amount % held_up_.size());
    Message message = std::move(*it);
    held_up_.erase(it);
    deliver(std::move(message));
  }
}

void World::drop_old_messages() {
  const auto is_old = [this](const Message& message) {
    return now_ - message.sent_at > wire::kDatagramLifetimeMax;
  };
  std::erase_if(under_way_, is_old);
  std::erase_if(held_up_, is_old);
}

void World::step_time(const Step& step) {
  if (step.kind == StepKind::run) {
    note("time passes");
    // Often so short that conversations are cut off in the middle.
    const std::int64_t longest_ms = step.node % 3 == 0 ? 400 : step.node % 3 == 1 ? 30 : 4;
    return run_until(now_ + base::milliseconds(1 + step.amount % longest_ms));
  }
  const bool jumps = step.kind == StepKind::jump;
  now_ = now_ + (jumps ? base::milliseconds(5'000 + step.amount % 20'000)
                       : base::milliseconds(1 + step.amount % 350));
  drop_old_messages();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if ((step.node >> i & 1U) != 0) {
      fire_timer(i);
    }
  }
}

void World::step_write(const Step& step) {
  const std::size_t index = step.node % nodes_.size();
  Node& node = nodes_[index];
  if (!node.replica) {
    return;
  }
  const crdt::Key key = "k" + std::to_string(step.amount % settings_.keys);
  replication::Outputs out;
  if (step.kind == StepKind::put) {
    const std::pair<crdt::Key, crdt::Value> pair{key, "v" + std::to_string(++last_value_)};
    note(kNodeNames[index] + " puts " + key + " = " + pair.second);
    (void)node.replica->put(now(node), std::span(&pair, 1), out);
  } else {
    note(kNodeNames[index] + " removes " + key);
    node.replica->remove(now(node), std::span(&key, 1), out);
  }
  absorb(index, std::move(out));
}

void World::step_life(const Step& step) {
  const std::size_t index = step.node % nodes_.size();
  Node& node = nodes_[index];
  if (step.kind == StepKind::renew) {
    if (node.replica) {
      note(kNodeNames[index] + " goes on under a new run");
      replication::Outputs out;
      node.replica->start_new_run(now(node), next_start(), out);
      absorb(index, std::move(out));
    }
    return;
  }
  if (step.kind == StepKind::start) {
    if (!node.replica) {
      boot(index, std::move(node.disk));
    }
    return;
  }
  if (node.replica) {
    shut_down(index);
  }
  if (step.kind == StepKind::stop) {
    note(kNodeNames[index] + " stops");
    return;
  }
  std::vector<replication::LogRecord> disk = std::move(node.disk);
  if (step.kind == StepKind::roll_back) {
    ++tally_.rollbacks;
    disk.resize(step.amount % (disk.size() + 1));
    note(kNodeNames[index] + "'s disk rolls back to " + std::to_string(disk.size()) + " records");
  } else if (step.kind == StepKind::lose_disk) {
    ++tally_.lost_disks;
    disk.clear();
    note(kNodeNames[index] + "'s disk is lost");
  }
  boot(index, std::move(disk));
  if (step.kind != StepKind::restart) {
    forget_lost_promises(index, Own::too);
  }
}

void World::step_surroundings(const Step& step) {
  const std::size_t index = step.node % nodes_.size();
  Node& node = nodes_[index];
  if (step.kind == StepKind::change_clock) {
    node.clock_offset = base::milliseconds(static_cast<std::int64_t>(step.amount % 4'000) - 2'000);
    return;
  }
  if (step.kind == StepKind::answer) {
    if (node.needs_new_run) {
      start_anew(index);
    }
    return;
  }
  if (step.kind == StepKind::learn) {
    tell_peers(index);
    return;
  }
  note(to_string(step.kind) + " " + kNodeNames[index]);
  if (step.kind == StepKind::cut || step.kind == StepKind::heal) {
    node.is_cut = step.kind == StepKind::cut;
    if (settings_.learns_at_once) {
      tell_everybody();
    }
    return;
  }
  const bool admitted = step.kind == StepKind::admit;
  tally_.expelled += node.is_member && !admitted ? 1U : 0U;
  if (node.is_member != admitted) {
    node.is_member = admitted;
    node.expelled_at = now_;
    tell_everybody();  // Who is a member is everybody's knowledge, also of those who are down.
  }
}

// --- Lives ---

void World::boot(std::size_t index, std::vector<replication::LogRecord> disk) {
  Node& node = nodes_[index];
  oracle_.on_boot(node.id);
  node.disk = std::move(disk);
  node.needs_new_run = false;
  node.checked = 0;
  node.replica.emplace(base::RunId{node.id, next_start()}, settings_.options);
  note(kNodeNames[index] + " starts as " + base::to_string(node.replica->own_run()));
  if (!node.replica->load(log_of(node.disk))) {
    fail("D2", "a log that was written cannot be read");
  }
  replication::Outputs out;
  node.replica->on_start(now(node), out);
  absorb(index, std::move(out));
  tell_peers(index);
  if (settings_.learns_at_once) {
    tell_everybody();
  }
}

void World::shut_down(std::size_t index) {
  ++tally_.restarts;
  nodes_[index].on_disk = nodes_[index].replica->map().vector();
  nodes_[index].replica.reset();
}

void World::start_anew(std::size_t index) {
  Node& node = nodes_[index];
  if (!node.replica) {
    return;
  }
  ++tally_.started_anew;
  node.needs_new_run = false;
  oracle_.on_boot(node.id);
  replication::Outputs out;
  node.replica->start_anew(now(node), next_start(), out);
  note(kNodeNames[index] + " starts anew as " + base::to_string(node.replica->own_run()));
  absorb(index, std::move(out));
  forget_lost_promises(index, Own::stay);
  if (settings_.learns_at_once) {
    tell_everybody();
  }
}

// A put that only this node had, and has no more, was never promised. After a new start its own
// ones stay promised, as it must write them again.
void World::forget_lost_promises(std::size_t index, Own own) {
  const base::NodeId id = nodes_[index].id;
  std::erase_if(promises_, [&](const Promise& promise) {
    const bool held = std::ranges::any_of(nodes_, [&](const Node& node) {
      const crdt::VersionVector& vector =
          node.replica ? node.replica->map().vector() : node.on_disk;
      return oracle_.covers(vector, promise.dot);
    });
    return !held && (own == Own::too || promise.dot.run.node != id);
  });
}

// --- Surroundings ---

base::Now World::now(const Node& node) const {
  return {now_, {(now_ + node.clock_offset).ns}};
}

bool World::are_neighbours(std::size_t a, std::size_t b) const {
  const std::size_t distance = a < b ? b - a : a - b;
  switch (settings_.graph) {
    case Graph::mesh:
      return true;
    case Graph::ring:
      return distance == 1 || distance == nodes_.size() - 1;
    case Graph::chain:
      return distance == 1;
  }
  return false;
}

bool World::is_witness(const Node& node, const Node& closer) const {
  // Who was expelled does not know it, and believes in all others, unless the cluster has split.
  const bool believes = !closer.is_member && !settings_.splits;
  return believes || node.is_member == closer.is_member ||
         now_ - std::max(node.expelled_at, closer.expelled_at) < settings_.forget_after;
}

bool World::can_talk(std::size_t a, std::size_t b) const {
  const Node& from = nodes_[a];
  const Node& to = nodes_[b];
  if (from.is_cut || to.is_cut || !from.replica || !to.replica) {
    return false;
  }
  return from.is_member == to.is_member ||
         (settings_.hears_outsiders && is_witness(from, to) && is_witness(to, from));
}

replication::Peers World::peers_of(std::size_t index) const {
  replication::Peers peers;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (i != index && can_talk(index, i)) {
      peers.reachable.push_back(nodes_[i].replica->own_run());
      if (are_neighbours(index, i)) {
        peers.neighbours.push_back(nodes_[i].replica->own_run());
      }
    }
  }
  if (settings_.graph != Graph::mesh) {
    peers.forwarding = replication::Pusher::Forwarding::on;
  }
  return peers;
}

void World::tell_peers(std::size_t index) {
  Node& node = nodes_[index];
  if (!node.replica) {
    return;
  }
  std::set<base::NodeId> witnesses;
  std::set<base::NodeId> retired;
  for (const Node& other : nodes_) {
    (is_witness(other, node) ? witnesses : retired).insert(other.id);
  }
  node.replica->set_witnesses(witnesses, retired);
  replication::Outputs out;
  node.replica->set_peers(now(node), peers_of(index), out);
  absorb(index, std::move(out));
}

void World::tell_everybody() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    tell_peers(i);
  }
}

// --- Time and messages ---

void World::fire_timer(std::size_t index) {
  for (std::size_t fired = 0;
       nodes_[index].replica && !failure_ && nodes_[index].replica->wake_at() <= now_; ++fired) {
    if (fired > kTimersAtOnceMax) {
      return fail("timers", kNodeNames[index] + "'s timer is due again at once, for ever");
    }
    replication::Outputs out;
    nodes_[index].replica->on_timeout(now(nodes_[index]), out);
    absorb(index, std::move(out));
  }
}

bool World::pump(base::Instant end) {
  base::Instant wake = base::Instant::never();
  std::size_t sleeper = 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].replica && nodes_[i].replica->wake_at() < wake) {
      wake = nodes_[i].replica->wake_at();
      sleeper = i;
    }
  }
  const base::Instant arrival =
      under_way_.empty() ? base::Instant::never() : under_way_.front().sent_at + kLatency;
  const base::Instant next = std::min(wake, arrival);
  if (next > end || failure_) {
    now_ = std::max(now_, end);
    return false;
  }
  now_ = std::max(now_, next);
  if (arrival <= wake) {
    Message message = std::move(under_way_.front());
    under_way_.pop_front();
    deliver(std::move(message));
  } else {
    fire_timer(sleeper);
  }
  return true;
}

void World::run_until(base::Instant end) {
  while (pump(end)) {
  }
}

void World::deliver(Message message) {
  if (!can_talk(message.from, message.to)) {
    return;
  }
  ++tally_.messages;
  if (trace_ != nullptr) {
    note(base::to_string(message.from_run) + " -> " + kNodeNames[message.to] + ": " +
         describe(message.body));
  }
  Node& node = nodes_[message.to];
  replication::Outputs out;
  if (!node.replica->on_message(now(node), message.from_run, message.body, out)) {
    fail("codec", "a message that was sent cannot be read: " + describe(message.body));
  }
  absorb(message.to, std::move(out));
}

// --- The end ---

bool World::is_converged() const {
  return std::ranges::all_of(nodes_, [this](const Node& node) {
    return node.replica->map().digest() == nodes_.front().replica->map().digest() &&
           node.replica->is_synced() && !node.needs_new_run;
  });
}

void World::settle() {
  note("-- all are up and connected");
  std::ranges::move(held_up_, std::back_inserter(under_way_));
  held_up_.clear();
  settings_.answers_at_once = true;
  settings_.learns_at_once = true;
  for (std::size_t i = 0; i < nodes_.size() && !failure_; ++i) {
    nodes_[i].is_cut = false;
    nodes_[i].is_member = true;
    if (!nodes_[i].replica) {
      boot(i, std::move(nodes_[i].disk));
    }
    if (nodes_[i].needs_new_run) {
      start_anew(i);
    }
  }
  tell_everybody();
  if (settings_.lingers) {
    run_until(now_ + kLinger);
  }
  const base::Instant end = now_ + kSettleMax;
  for (std::size_t events = 0; events < kSettleEventsMax && !is_converged() && pump(end);
       ++events) {
    assume_synced_if_nobody_is();
  }
  if (!failure_ && !is_converged()) {
    std::string text = "not equal in the end";
    for (const Node& node : nodes_) {
      text += "\n  " + base::to_string(node.id) + ": " +
              crdt::to_string(node.replica->map().vector()) +
              (node.replica->is_synced() ? "" : ", not synced");
    }
    fail("E1", text);
  }
  check_end();
}

// A cold start: everybody has been met, and nobody has anything that others would have to wait for.
// What a replica had to write again it does then, at its next input.
void World::assume_synced_if_nobody_is() {
  const bool some =
      std::ranges::any_of(nodes_, [](const Node& node) { return node.replica->is_synced(); });
  const bool equal = std::ranges::all_of(nodes_, [this](const Node& node) {
    return node.replica->map().digest() == nodes_.front().replica->map().digest();
  });
  for (std::size_t i = 0; i < nodes_.size() && !some && equal; ++i) {
    replication::Outputs out;
    nodes_[i].replica->assume_synced(out);
    nodes_[i].replica->set_peers(now(nodes_[i]), peers_of(i), out);
    absorb(i, std::move(out));
  }
}

void World::check_end() {
  for (const Node& node : nodes_) {
    if (failure_) {
      return;
    }
    if (auto violation = oracle_.check_all(node.id, node.replica->map())) {
      return fail(std::string(violation->invariant), scenario::to_string(*violation));
    }
    if (node.replica->map().vector() != nodes_.front().replica->map().vector() ||
        node.replica->map().to_map() != nodes_.front().replica->map().to_map()) {
      return fail("E1", "equal digests, but other contents at " + base::to_string(node.id));
    }
  }
  const bool all_remember =
      tally_.expelled + tally_.rollbacks + tally_.lost_disks + tally_.witnesses_forgotten == 0;
  if (all_remember && oracle_.conflicting_closings() > 0) {
    return fail("C2", "a run was closed after two different events, by members with their disks");
  }
  if (all_remember && tally_.started_anew > 0) {
    return fail("C3", "a replica had to start anew that was a member all the time, with its disk");
  }
  check_promises();
}

void World::check_promises() {
  const crdt::AwLwwMap& map = nodes_.front().replica->map();
  const auto kept = [&](const Promise& promise) {
    const crdt::Siblings* siblings = map.siblings(promise.key);
    return oracle_.is_superseded(promise.dot) ||
           (siblings != nullptr && crdt::find(*siblings, promise.dot) != nullptr);
  };
  for (const Promise& promise : promises_) {
    const bool again = std::ranges::any_of(written_again_, [&](const Promise& other) {
      return other.value == promise.value && kept(other);
    });
    if (!kept(promise) && !again) {
      return fail("A4", base::to_string(promise.dot) + " (" + promise.key + " = " + promise.value +
                            ") was acknowledged, not superseded, and is lost");
    }
  }
}

// --- Outputs ---

void World::absorb(std::size_t index, replication::Outputs outputs) {
  Node& node = nodes_[index];
  for (const crdt::Event& event : outputs.written) {
    if (auto violation = oracle_.on_written(event)) {
      return fail(std::string(violation->invariant), scenario::to_string(*violation));
    }
    if (event.sibling.kind == crdt::Kind::put) {
      Promise promise{event.sibling.dot, event.key, event.sibling.value};
      const bool again =
          std::ranges::find(promises_, promise.value, &Promise::value) != promises_.end();
      tally_.written_again += again ? 1U : 0U;
      (again ? written_again_ : promises_).push_back(std::move(promise));
    }
  }
  for (replication::LogRecord& record : outputs.records) {
    node.disk.push_back(std::move(record));
  }
  for (const replication::Outgoing& sent : outputs.sends) {
    for (const base::NodeId to : sent.to) {
      const auto target = std::ranges::find(nodes_, to, &Node::id);
      const auto to_index = static_cast<std::size_t>(target - nodes_.begin());
      if (can_talk(index, to_index)) {
        under_way_.push_back({index, to_index, node.replica->own_run(), sent.body, now_});
      }
    }
  }
  check(index, outputs);
  if (outputs.needs_new_run) {
    node.needs_new_run = true;
    if (settings_.answers_at_once && !failure_) {
      start_anew(index);
    }
  }
}

void World::check(std::size_t index, const replication::Outputs& outputs) {
  Node& node = nodes_[index];
  const crdt::AwLwwMap& map = node.replica->map();
  for (const replication::Notice& notice : outputs.notices) {
    tally_.truncated += notice.topic == "truncated_sync" ? 1U : 0U;
    tally_.reconciled += notice.topic == "reconciled" ? 1U : 0U;
    tally_.closed += notice.topic == "run_closed" ? 1U : 0U;
    tally_.witnesses_forgotten += notice.topic == "witness_forgotten" ? 1U : 0U;
    tally_.tombstones_dropped += notice.topic == "tombstones_dropped" ? 1U : 0U;
    if (notice.topic == "self_check_failed") {
      fail("A11", "equal vectors with unequal live puts, as the replica's own check says");
    }
    if (trace_ != nullptr) {
      note("  " + kNodeNames[index] + ": " + std::string(notice.topic) + " " +
           base::to_string(notice.about) + " " + std::to_string(notice.value));
    }
  }
  tally_.conflicting_closings = oracle_.conflicting_closings();
  tally_.early += node.replica->sizes().early_events > 0 ? 1U : 0U;
  if (map.digest() == node.checked && outputs.changes.empty()) {
    return;
  }
  node.checked = map.digest();
  if (trace_ != nullptr) {
    std::string line = "  " + kNodeNames[index] + ": " + crdt::to_string(map.vector());
    for (std::uint32_t key = 0; key < settings_.keys; ++key) {
      const std::string name = "k" + std::to_string(key);
      line +=
          map.siblings(name) == nullptr ? "" : " " + name + crdt::to_string(*map.siblings(name));
    }
    note(line);
  }
  for (const crdt::Change& change : outputs.changes) {
    const crdt::Siblings* siblings = map.siblings(change.key);
    tally_.conflicts += siblings != nullptr && siblings->size() > 1 ? 1U : 0U;
  }
  if (auto violation = oracle_.check_all(node.id, map)) {
    fail(std::string(violation->invariant), scenario::to_string(*violation));
  }
}

void World::fail(std::string invariant, std::string text) {
  if (!failure_) {
    failure_ = Failure{std::move(invariant), std::move(text)};
  }
}

void World::note(const std::string& line) {
  if (trace_ != nullptr) {
    *trace_ +=
        base::to_string(base::Duration{now_.ns - base::seconds(1'000).ns}) + "  " + line + "\n";
  }
}

}  // namespace horde::props
