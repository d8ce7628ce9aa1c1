#include "props/names/world.hpp"

#include <algorithm>

#include "props/drop_steps.hpp"

namespace horde::props::names {
namespace {

using process::NameErrc;
using process::Pid;
using registry::NameKey;
using registry::Registry;

// What a process takes to end that was told so and does as it is told.
constexpr base::Duration kObeysAfter = base::milliseconds(10);
constexpr std::uint64_t kBirthOfChildren = 500'000'000;  // Some before all, some after most others.

base::Bytes key_of(std::size_t key) {
  return base::Bytes(1, static_cast<char>('a' + key));
}

}  // namespace

World::World(const Schedule& schedule, std::string* trace) : schedule_(schedule), trace_(trace) {
  for (std::size_t i = 0; i < kMembers; ++i) {
    members_[i].run = {base::NodeId::of("n" + std::to_string(i + 1)), 1};
    list_.insert(members_[i].run.node);
  }
  for (std::size_t i = 0; i < kMembers; ++i) {
    boot(i);
  }
  for (std::size_t i = 0; i < kMembers; ++i) {
    for (std::size_t j = 0; j < kMembers; ++j) {
      look(i, j);
    }
    become_synced(i);
  }
}

Verdict World::run() {
  for (const Step& step : schedule_.steps) {
    ++tally_.steps;
    tell("- " + to_string(step));
    take_step(step);
    for (std::size_t i = 0; i < kMembers && !failure_; ++i) {
      check(i);
    }
    if (failure_) {
      return {failure_, tally_};
    }
  }
  settle();
  return {failure_, tally_};
}

void World::take_step(const Step& step) {
  const std::size_t i = step.node;
  Member& member = members_[i];
  const auto serial = some_process(i, step.which);
  switch (step.kind) {
    case Step::Kind::enroll:
      return enroll(step);
    case Step::Kind::enroll_copy:
      return enroll_copy(step);
    case Step::Kind::update:
      return serial ? update(i, *serial, key_of(step.key), step.count) : void();
    case Step::Kind::unregister:
      return serial ? unregister(i, *serial, key_of(step.key)) : void();
    case Step::Kind::exit:
      return serial ? end(i, *serial) : void();
    case Step::Kind::deliver:
      return deliver(step.other, i, step.count);
    case Step::Kind::look:
      return look(i, step.other);
    case Step::Kind::disbelieve:
      member.belief.boots.erase(members_[step.other].run.node);
      return give_view(i);
    case Step::Kind::suspect:
      if (!member.belief.suspects.insert(members_[step.other].run.node).second) {
        member.belief.suspects.erase(members_[step.other].run.node);
      }
      return give_view(i);
    case Step::Kind::cut:
      cuts_.insert(std::minmax(i, step.other));
      return;
    case Step::Kind::heal:
      return cuts_.clear();
    case Step::Kind::crash:
      return crash(i);
    case Step::Kind::restart:
      return restart(i, true);
    case Step::Kind::restart_lost:
      return restart(i, false);
    case Step::Kind::change_list:
      if (list_.erase(members_[step.other].run.node) == 0) {
        list_.insert(members_[step.other].run.node);
      }
      return;
    case Step::Kind::hear_list:
      member.belief.members = list_;
      tally_.not_listed += is_listed(member) ? 0U : 1U;
      return give_view(i);
    case Step::Kind::sync:
      return sync(i);
    case Step::Kind::pass:
      return pass(base::milliseconds(static_cast<std::int64_t>(step.count)));
  }
}

// --- Processes and their names.

std::optional<std::uint64_t> World::some_process(std::size_t i, std::size_t which) const {
  const auto& processes = members_[i].processes;
  if (processes.empty()) {
    return {};
  }
  return std::next(processes.begin(), static_cast<std::ptrdiff_t>(which % processes.size()))->first;
}

void World::enroll(const Step& step) {
  Member& member = members_[step.node];
  auto serial = step.is_new ? std::nullopt : some_process(step.node, step.which);
  if (!member.is_up) {
    return;
  }
  if (!serial) {
    serial = ++member.last_serial;
    member.processes[*serial] = {.who = {.pid = {member.run, *serial}, .child = {}},
                                 .priority = step.priority,
                                 .is_stubborn = step.is_stubborn};
  }
  const Process& process = member.processes.at(*serial);
  if (schedule_.settings.one_name_each && process.first) {
    return;
  }
  enroll(step.node, *serial, key_of(step.key));
}

// Every copy has the birth and the priority of its child, and a term of its own.
void World::enroll_copy(const Step& step) {
  Member& member = members_[step.node];
  const std::size_t child = step.which % kChildren;
  const registry::Identity id{.high = 0, .low = child + 1};
  const bool lives_here = std::ranges::any_of(member.processes, [&](const auto& process) {
    return process.second.who.child && process.second.who.child->id == id;
  });
  if (!member.is_up || lives_here) {
    return;
  }
  // Now and then two members claim under one term: then it is their names that decide.
  last_term_ += step.is_new ? 1U : 0U;
  const std::uint64_t serial = ++member.last_serial;
  const std::uint64_t birth_ns = kBirthOfChildren * (3 - child);
  const bool has_run = step.has_run;
  const Pid pid{member.run, serial};
  member.processes[serial] = {
      .who = {.pid = pid,
              .child = registry::Registrant::OfChild{id, birth_ns, last_term_, has_run}},
      .priority = child == 0 ? 1 : 0,
      .is_stubborn = step.is_stubborn};
  enroll(step.node, serial, key_of(step.key));
}

void World::enroll(std::size_t i, std::uint64_t serial, const base::Bytes& key) {
  Member& member = members_[i];
  const Process asks = member.processes.at(serial);
  Claimant claimant{.pid = asks.who.pid, .rank = {.priority = asks.priority}};
  if (asks.who.child) {
    claimant.rank.is_child = true;
    claimant.rank.id = asks.who.child->id;
    claimant.rank.birth_ns = asks.who.child->birth_ns;
    claimant.rank.term = asks.who.child->term;
    claimant.has_run = asks.who.child->has_run;
    asks_ = claimant;
  }
  const std::vector<Claimant> seen = visible(member)[key];
  const Expected expected = member.is_synced && is_listed(member)
                                ? expected_answer(claimant, seen, member.belief)
                                : Expected{Answer::wait};
  process::NameResult result;
  act(i, [&](Registry& registry, registry::Outputs& out) {
    result = registry.register_name(at(i), asks.who,
                                    {.key = key, .value = "v", .priority = asks.priority}, out);
  });
  asks_.reset();
  const Answer answer = result                                 ? Answer::ok
                        : result.error().why == NameErrc::wait ? Answer::wait
                                                               : Answer::taken;
  const Pid holder = result ? Pid{} : result.error().holder;
  tell("  " + to_string(asks.who.pid) + " asks for " + key + ": " +
       (result ? "ok" : std::string(to_string(result.error().why))));
  if (answer != expected.answer || (answer == Answer::taken && holder != expected.holder.pid)) {
    return fail("a registration is not answered as the model says: " + to_string(asks.who.pid) +
                " asks for " + key);
  }
  tally_.waited += answer == Answer::wait ? 1U : 0U;
  tally_.taken += answer == Answer::taken ? 1U : 0U;
  if (answer == Answer::taken) {
    return check_refusal(member, claimant, expected.holder);
  }
  if (!result) {
    return;
  }
  ++tally_.registered;
  tally_.from_own_child += seen.empty() ? 0U : 1U;
  const registry::Holding* const read = member.registry->table().lookup(key);
  if (read == nullptr || read->pid != asks.who.pid) {
    return fail("who was told ok is not what its node reads next");
  }
  Process& process = member.processes.at(serial);
  process.names[key] = {read->rank, "v"};
  check_rank(process, key, at(i).wall.ns);
  process.first = process.first.value_or(read->rank);
}

void World::update(std::size_t i, std::uint64_t serial, const base::Bytes& key, std::size_t value) {
  Member& member = members_[i];
  const std::optional<Claimant> holder = winner(visible(member)[key]);
  const Pid pid{member.run, serial};
  const base::Bytes before = holder ? holder->value : "";
  const base::Bytes after = std::to_string(value);
  const bool holds = holder && holder->pid == pid;
  if (holds) {
    member.processes.at(serial).names.at(key).value = after;
  }
  std::expected<process::UpdatedValue, process::NameRefusal> result;
  act(i, [&](Registry& registry, registry::Outputs& out) {
    result = registry.update_value(
        at(i), pid, key, [&](base::BytesView) { return after; }, out);
  });
  const bool is_right =
      holds ? result && result->before == before && result->after == after
      : !holder
          ? !result && result.error().why == NameErrc::not_found
          : !result && result.error() == process::NameRefusal{NameErrc::not_held, holder->pid};
  tally_.updated += holds ? 1U : 0U;
  if (!is_right) {
    fail("an update is not answered as the model says");
  }
}

void World::unregister(std::size_t i, std::uint64_t serial, const base::Bytes& key) {
  Member& member = members_[i];
  const bool has = member.processes.at(serial).names.erase(key) != 0;
  const std::optional<Claimant> holder = winner(visible(member)[key]);
  process::NameResult result;
  act(i, [&](Registry& registry, registry::Outputs& out) {
    result = registry.unregister_name(at(i), {member.run, serial}, key, out);
  });
  if (result.has_value() != (has || !holder)) {
    fail("giving a name up is not answered as the model says");
  }
}

void World::end(std::size_t i, std::uint64_t serial) {
  members_[i].processes.erase(serial);
  act(i, [&](Registry& registry, registry::Outputs& out) {
    registry.process_ended(at(i), {members_[i].run, serial}, out);
  });
}

// --- The network and the members.

bool World::connected(std::size_t a, std::size_t b) const {
  return members_[a].is_up && members_[b].is_up && !cuts_.contains(std::minmax(a, b));
}

base::Now World::at(std::size_t i) const {
  return {now_, {now_.ns + schedule_.settings.clock_offset_ms[i] * 1'000'000}};
}

void World::deliver(std::size_t from, std::size_t to, std::size_t count) {
  if (!connected(from, to)) {
    return;
  }
  std::set<crdt::Key> keys;
  for (std::size_t e = 0; e < events_.size() && count > 0; ++e) {
    if (members_[from].map.vector().covers(events_[e].sibling.dot) &&
        members_[to].map.fit(events_[e]) == crdt::AwLwwMap::Fit::applies) {
      members_[to].map.apply(events_[e]);
      keys.insert(events_[e].key);
      --count;
    }
  }
  hand_on(to, keys);
}

// In one step, so that nobody hears of a name from a third member and later that it is gone.
void World::deliver_everything() {
  std::vector<crdt::Event> all;
  for (const crdt::Event& event : events_) {
    if (std::ranges::any_of(members_, [&](const Member& member) {
          return member.map.vector().covers(event.sibling.dot);
        })) {
      all.push_back(event);
    }
  }
  for (std::size_t i = 0; i < kMembers; ++i) {
    std::set<crdt::Key> keys;
    for (const crdt::Event& event : all) {
      if (members_[i].map.fit(event) == crdt::AwLwwMap::Fit::applies) {
        members_[i].map.apply(event);
        keys.insert(event.key);
      }
    }
    hand_on(i, keys);
  }
}

void World::boot(std::size_t i) {
  Member& member = members_[i];
  member.is_up = true;
  member.is_synced = false;
  member.heard.clear();
  member.belief = {
      .boots = {{member.run.node, member.run.start}}, .suspects = {}, .members = list_};
  registry::Options options{.listeners = {"listener"},
                            .conflict_grace = schedule_.settings.conflict_grace,
                            .conflicts_at_once = schedule_.settings.conflicts_at_once};
  member.registry = std::make_unique<Registry>(member.run, "r", options, base::Rng(i));
  std::set<crdt::Key> keys;
  member.map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings&, std::uint64_t) {
    keys.insert(key);
    return true;
  });
  hand_on(i, keys);
  give_view(i);
}

void World::crash(std::size_t i) {
  members_[i].is_up = false;
  members_[i].registry.reset();
  members_[i].processes.clear();
  members_[i].to_kill.clear();
}

void World::restart(std::size_t i, bool with_disk) {
  if (members_[i].is_up) {
    return;
  }
  ++tally_.reboots;
  ++members_[i].run.start;
  if (!with_disk) {
    ++tally_.disks_lost;
    members_[i].map = {};
  }
  boot(i);
}

void World::look(std::size_t i, std::size_t other) {
  if (i == other || !members_[i].is_up) {
    return;
  }
  auto& boots = members_[i].belief.boots;
  const base::RunId& run = members_[other].run;
  if (connected(i, other)) {
    boots[run.node] = run.start;
  } else {
    tally_.hidden += boots.erase(run.node);
  }
  give_view(i);
}

void World::give_view(std::size_t i) {
  Member& member = members_[i];
  if (!member.is_up) {
    return;
  }
  registry::View view{
      .members = member.belief.members, .reachable = member.belief.boots, .suspects = {}};
  for (const Member& other : members_) {
    if (!member.belief.boots.contains(other.run.node)) {
      member.belief.suspects.erase(other.run.node);
    }
  }
  view.suspects = member.belief.suspects;
  act(i, [&](Registry& registry, registry::Outputs& out) { registry.on_view(at(i), view, out); });
}

void World::sync(std::size_t i) {
  for (std::size_t j = 0; j < kMembers; ++j) {
    if (i != j && connected(i, j) && members_[j].is_synced && !members_[i].is_synced) {
      deliver(j, i, events_.size());
      become_synced(i);
    }
  }
}

void World::become_synced(std::size_t i) {
  members_[i].is_synced = true;
  act(i, [&](Registry& registry, registry::Outputs& out) { registry.on_synced(at(i), out); });
}

void World::pass(base::Duration time) {
  const base::Instant until = now_ + time;
  for (int inputs = 0; !failure_; ++inputs) {
    if (inputs > 1'000) {
      return fail("time stands still");
    }
    base::Instant next = until;
    std::size_t who = kMembers;
    std::uint64_t obeys = 0;  // A process; 0: it is a registry's turn.
    for (std::size_t i = 0; i < kMembers; ++i) {
      if (members_[i].is_up && members_[i].registry->wake_at() <= next) {
        next = members_[i].registry->wake_at();
        who = i;
        obeys = 0;
      }
      for (const auto& [serial, process] : members_[i].processes) {
        if (process.told_at && !process.is_stubborn && *process.told_at + kObeysAfter < next) {
          next = *process.told_at + kObeysAfter;
          who = i;
          obeys = serial;
        }
      }
    }
    now_ = std::max(now_, next);
    if (who == kMembers) {
      return;
    }
    if (obeys != 0) {
      tell("  " + to_string(Pid{members_[who].run, obeys}) + " ends as it was told");
      end(who, obeys);
      continue;
    }
    act(who,
        [&](Registry& registry, registry::Outputs& out) { registry.on_timeout(at(who), out); });
  }
}

// The faults end. Nobody hears of what is gone by now, or who has lost to it would have no winner.
void World::settle() {
  tell("- the faults end");
  cuts_.clear();
  for (const Member& member : members_) {
    list_.insert(member.run.node);
  }
  for (std::size_t i = 0; i < kMembers; ++i) {
    restart(i, true);
  }
  for (std::size_t i = 0; i < kMembers; ++i) {
    for (const Member& other : members_) {
      auto& boots = members_[i].belief.boots;
      if (const auto it = boots.find(other.run.node);
          it != boots.end() && it->second != other.run.start) {
        boots.erase(it);
      }
    }
    give_view(i);
  }
  const Claims before = registrations();
  for (const Member& member : members_) {
    for (const auto& [serial, process] : member.processes) {
      if (process.told_at) {
        doomed_.insert(process.who.pid);
      }
    }
  }
  const bool cold = std::ranges::none_of(members_, &Member::is_synced);
  deliver_everything();
  for (std::size_t i = 0; i < kMembers; ++i) {
    members_[i].belief.suspects.clear();
    members_[i].belief.members = list_;
    for (std::size_t j = 0; j < kMembers; ++j) {
      look(i, j);
    }
  }
  for (std::size_t i = 0; i < kMembers; ++i) {
    if (cold || !members_[i].is_synced) {
      become_synced(i);
    }
  }
  for (int round = 0; round < 12 && !failure_; ++round) {
    deliver_everything();
    pass(schedule_.settings.conflict_grace / 4 + base::milliseconds(20));
    for (std::size_t i = 0; i < kMembers && !failure_; ++i) {
      check(i);
    }
  }
  if (!failure_) {
    check_settled(before);
  }
}

// --- What a registry is given, and answers.

template <class Input>
void World::act(std::size_t i, Input&& input) {
  if (!members_[i].is_up || failure_) {
    return;
  }
  registry::Outputs out;
  input(*members_[i].registry, out);
  carry_out(i, out);
  for (const std::uint64_t serial : std::exchange(members_[i].to_kill, {})) {
    tell("  " + to_string(Pid{members_[i].run, serial}) + " is killed");
    end(i, serial);
  }
}

void World::carry_out(std::size_t i, const registry::Outputs& out) {
  std::set<crdt::Key> keys;
  for (const registry::Output& output : out.list) {
    if (const auto* put = std::get_if<registry::Write>(&output)) {
      write(i, *put, keys);
    } else if (const auto* loser = std::get_if<registry::TellLoser>(&output)) {
      note_told(i, *loser);
    } else if (const auto* kill = std::get_if<registry::Kill>(&output)) {
      const auto it = members_[i].processes.find(kill->pid.serial);
      if (kill->pid.run != members_[i].run || it == members_[i].processes.end() ||
          !it->second.told_at || now_ < *it->second.told_at + schedule_.settings.conflict_grace) {
        return fail("somebody is killed that has lost nothing, or before its grace is over");
      }
      ++tally_.killed;
      members_[i].to_kill.push_back(kill->pid.serial);
    } else if (const auto* notify = std::get_if<registry::Notify>(&output)) {
      note_event(i, *registry::decode_event(notify->event));
    } else if (const auto* told = std::get_if<registry::Told>(&output);
               told != nullptr && told->topic == "name_conflict") {
      note_lost(i, *told);
    }
  }
  hand_on(i, keys);
}

// R15: who writes what.
void World::write(std::size_t i, const registry::Write& write, std::set<crdt::Key>& keys) {
  Member& member = members_[i];
  const NameKey key = registry::name_key_of(write.key).value();
  const bool is_own = key.run == member.run;
  const auto newest = member.belief.boots.find(key.run.node);
  const bool is_over = (newest != member.belief.boots.end() && newest->second > key.run.start) ||
                       !member.belief.members.contains(key.run.node);
  if (!is_own && (write.value || !is_over)) {
    return fail(to_string(member.run) + " writes a name of " + to_string(key.run));
  }
  tell("  " + to_string(member.run) + (write.value ? " puts " : " removes ") + key.name + " of " +
       to_string(key.run));
  if (write.value) {
    events_.push_back(member.map.put(member.run, write.key, *write.value, at(i).wall.ns));
  } else if (auto event = member.map.remove(member.run, write.key, at(i).wall.ns)) {
    events_.push_back(std::move(*event));
  } else {
    return;
  }
  keys.insert(write.key);
}

// A name is lost to somebody who goes before, and is seen here and not suspect; or to a copy of a
// child that takes it from an earlier one of its own, which was suspect.
void World::note_lost(std::size_t i, const registry::Told& told) {
  Member& member = members_[i];
  const auto process = member.processes.find(told.value);
  if (process == member.processes.end() || !process->second.names.contains(told.detail)) {
    return fail("a name is lost that nobody has");
  }
  const Claimant loser{process->second.who.pid, process->second.names.at(told.detail).rank};
  const std::vector<Claimant> seen = visible(member)[told.detail];
  const bool to_newcomer = asks_ && goes_before(*asks_, loser);
  const bool is_fair = to_newcomer || std::ranges::any_of(seen, [&](const Claimant& other) {
                         return goes_before(other, loser) && other.pid.run.node == told.about &&
                                !member.belief.suspects.contains(told.about);
                       });
  if (!is_fair) {
    return fail(to_string(loser.pid) + " loses " + told.detail + " to nobody who goes before it");
  }
  ++tally_.lost;
  process->second.names.erase(told.detail);
}

void World::note_told(std::size_t i, const registry::TellLoser& told) {
  const auto it = members_[i].processes.find(told.loser.serial);
  tell("  " + to_string(told.loser) + " is told that it has lost " + told.key + " to " +
       to_string(told.winner));
  if (told.loser.run != members_[i].run || it == members_[i].processes.end()) {
    return fail("a process is told of a lost name that does not live here");
  }
  Process& process = it->second;
  if (process.told_at) {
    return fail("a process is told twice that it has lost a name");
  }
  process.told_at = now_;
  const bool same_child = process.who.child && told.winner_rank.is_child &&
                          process.who.child->id == told.winner_rank.id;
  if (same_child != told.same_child) {
    return fail("a loser is told the wrong kind of winner");
  }
  tally_.lost_to_own_child += same_child ? 1U : 0U;
}

// Of one key they alternate, and the last one says who is shown.
void World::note_event(std::size_t i, const registry::Event& event) {
  auto& heard = members_[i].heard;
  const auto it = heard.find(event.key);
  if (event.kind == registry::Event::Kind::registered) {
    if (it != heard.end()) {
      return fail("a listener hears of two holders of one key");
    }
    heard.emplace(event.key, event.pid);
  } else {
    if (it == heard.end() || it->second != event.pid) {
      return fail("a listener hears of the end of what had not begun");
    }
    heard.erase(it);
  }
}

void World::hand_on(std::size_t i, const std::set<crdt::Key>& keys) {
  if (keys.empty()) {
    return;
  }
  std::vector<registry::EntryChange> changes;
  for (const crdt::Key& key : keys) {
    const crdt::Siblings* siblings = members_[i].map.siblings(key);
    changes.push_back({key, siblings == nullptr ? crdt::Siblings{} : *siblings});
  }
  act(i, [&](Registry& registry, registry::Outputs& out) {
    registry.on_entries(at(i), changes, out);
  });
}

void World::tell(const std::string& line) {
  if (trace_ != nullptr) {
    *trace_ += line + "\n";
  }
}

void World::fail(const std::string& what) {
  if (!failure_) {
    failure_ = what;
  }
}

Verdict run_schedule(const Schedule& schedule, std::string* trace) {
  return World(schedule, trace).run();
}

Schedule shrink(Schedule schedule) {
  return drop_steps(std::move(schedule),
                    [](const Schedule& fewer) { return run_schedule(fewer).failure.has_value(); });
}

std::string story(const Schedule& schedule) {
  std::string trace = to_string(schedule.settings) + "\n";
  const Verdict verdict = run_schedule(schedule, &trace);
  return trace + (verdict.failure ? "VIOLATED: " + *verdict.failure + "\n" : "no violation\n");
}

}  // namespace horde::props::names
