// TestCluster: processes that start, end, and lose names as they are told.
#include <algorithm>

#include "supervisor/test_cluster.hpp"

namespace horde::supervisor {

void TestCluster::carry_out(std::size_t i, const StartCopy& start) {
  Node& node = nodes_[i];
  note(base::to_string(id(i)) + " starts " + short_name(start.id) + " " + to_string(start.token));
  if (!tokens_.emplace(start.id, start.token).second) {
    fail("token used twice: " + to_string(start.token));
  }
  if (node.processes.contains(start.id)) {
    fail("a second copy on one member: " + short_name(start.id));
  }
  if (node.ends_seen.contains(start.id)) {
    fail("an ended child is started by who knew of its end: " + short_name(start.id));
  }
  if (terminated_ok_.contains(start.id)) {
    fail("a child that was terminated with ok is started: " + short_name(start.id));
  }
  if (const auto winner = node.outranked_by.find(start.id);
      winner != node.outranked_by.end() && start.token.claim < winner->second) {
    fail("a copy is started below a claim that its member has heard of: " + short_name(start.id));
  }
  node.processes[start.id] = {.token = start.token, .spec = start.spec};
  after(some(base::milliseconds(20)),
        [this, i, boot = node.boot, start] { finish_start(i, boot, start.id, start.token); });
}

void TestCluster::finish_start(std::size_t i, std::uint64_t boot, const ChildId& child,
                               const Token& token) {
  Node& node = nodes_[i];
  const auto it = node.processes.find(child);
  if (!node.up || node.boot != boot || it == node.processes.end() || it->second.token != token ||
      it->second.phase != Process::Phase::starting) {
    return;
  }
  const Entry* entry = node.supervisor->entry(child);
  const base::Bytes how = entry != nullptr && entry->birth ? entry->birth->spec.start : "";
  const std::optional<Ignored> ignored_for = ignores(i, child, how, token);
  if (ignored_for || how == "fail" || (how == "flaky" && starts_fail)) {
    node.processes.erase(it);
    using Why = Ignored::Why;
    const bool stays = ignored_for && (ignored_for->why == Why::name_taken_by_same_child ||
                                       (ignored_for->why == Why::name_taken_by_process &&
                                        !unborn_.contains({child, token.claim})));
    if (!stays) {
      may_end_.insert(child);
    }
    if (ignored_for && ignored_for->why == Why::name_taken_by_same_child) {
      note(base::to_string(id(i)) + " finds the name of " + short_name(child) + " taken by " +
           to_string(ignored_for->winner));
      Claim& highest = node.outranked_by[child];
      highest = std::max(highest, ignored_for->winner);
    }
    input(i, [&](Supervisor& s, base::Now now, Outputs& out) {
      if (ignored_for) {
        s.copy_ignored(now, child, *ignored_for, out);
      } else {
        s.copy_failed(now, child, "no luck", out);
      }
    });
    return;
  }
  unborn_.erase({child, token.claim});
  it->second.phase = Process::Phase::running;
  it->second.since = now_;
  it->second.pid = "p" + std::to_string(++last_pid_);
  input(i, [&, pid = it->second.pid](Supervisor& s, base::Now now, Outputs& out) {
    s.copy_started(now, child, pid, "info", out);
  });
  if (how == "poison") {
    after(base::milliseconds(30), [this, i, boot] {
      if (nodes_[i].up && nodes_[i].boot == boot) {
        crash(i);
        after(base::seconds(1), [this, i] { restart(i, Disk::kept); });
      }
    });
  }
}

// A registry as far as the children that are "named" know it: each has one name, all of its copies
// want it, and of those that a member sees the one under the highest claim has it.
std::optional<Claim> TestCluster::winner_of_name(std::size_t i, const ChildId& child) const {
  std::optional<Claim> out;
  for (std::size_t j = 0; j < nodes_.size(); ++j) {
    const auto it = nodes_[j].processes.find(child);
    if (i != j && connected(i, j) && believes(i, j) && it != nodes_[j].processes.end() &&
        nodes_[i].beliefs.at(j).boot == nodes_[j].boot &&
        it->second.phase == Process::Phase::running && !it->second.loses_to) {
      out = std::max(out.value_or(Claim{}), it->second.token.claim);
    }
  }
  return out;
}

std::optional<Ignored> TestCluster::ignores(std::size_t i, const ChildId& child,
                                            const base::Bytes& how, const Token& token) const {
  if (const auto it = ignored.find(child); it != ignored.end()) {
    return it->second;
  }
  const std::optional<Claim> winner = how == "named" ? winner_of_name(i, child) : std::nullopt;
  if (winner && *winner > token.claim) {
    return Ignored{Ignored::Why::name_taken_by_same_child, *winner};
  }
  return how == "ignore" ? std::optional(Ignored{}) : std::nullopt;
}

// Tells copies that have lost their name, each once; they end within their grace.
void TestCluster::look_at_names(std::size_t i) {
  for (auto& [child, process] : nodes_[i].processes) {
    const std::optional<Claim> winner = winner_of_name(i, child);
    if (process.spec.start != "named" || process.loses_to || !winner ||
        *winner <= process.token.claim) {
      continue;
    }
    note(base::to_string(id(i)) + "'s copy of " + short_name(child) + " loses its name to " +
         to_string(*winner));
    process.loses_to = winner;
    after(some(base::milliseconds(40)),
          [this, i, boot = nodes_[i].boot, id = child, token = process.token, to = *winner] {
            const auto it = nodes_[i].processes.find(id);
            if (nodes_[i].up && nodes_[i].boot == boot && it != nodes_[i].processes.end() &&
                it->second.token == token && it->second.phase != Process::Phase::stopping) {
              lose_name(i, id, {.same_child = true, .winner = to});
            }
          });
  }
}

void TestCluster::carry_out(std::size_t i, const StopCopy& stop) {
  Node& node = nodes_[i];
  note(base::to_string(id(i)) + " stops " + short_name(stop.id) + ": " +
       std::string(to_string(stop.reason)));
  const auto it = node.processes.find(stop.id);
  if (it == node.processes.end()) {
    return;  // Its exit is on the way.
  }
  it->second.phase = Process::Phase::stopping;
  it->second.stopped_for = stop.reason;
  const base::Duration grace = std::min(it->second.spec.effective_shutdown().grace, stop.grace_max);
  const bool stubborn = it->second.spec.start == "stubborn";
  if (stubborn && grace == Shutdown::kForever) {
    return;
  }
  after(stubborn ? grace : std::min(grace, some(base::milliseconds(40))),
        [this, i, boot = node.boot, child = stop.id, token = it->second.token] {
          Node& there = nodes_[i];
          const auto copy = there.processes.find(child);
          if (there.up && there.boot == boot && copy != there.processes.end() &&
              copy->second.token == token) {
            there.processes.erase(copy);
            input(i, [&](Supervisor& s, base::Now now, Outputs& out) {
              s.copy_stopped(now, child, out);
            });
          }
        });
}

void TestCluster::exit(std::size_t i, const ChildId& child, Supervisor::Exit how) {
  const auto it = nodes_[i].processes.find(child);
  if (!nodes_[i].up || it == nodes_[i].processes.end() ||
      it->second.phase == Process::Phase::starting) {
    return;
  }
  note(base::to_string(id(i)) + "'s copy of " + short_name(child) +
       (how == Supervisor::Exit::normal ? " ends normally" : " crashes"));
  const Entry* entry = nodes_[i].supervisor->entry(child);
  if (it->second.phase == Process::Phase::running && entry != nullptr && entry->birth) {
    const Restart restart = entry->birth->spec.restart;
    if (restart == Restart::temporary ||
        (restart == Restart::transient && how == Supervisor::Exit::normal)) {
      may_end_.insert(child);
    }
  }
  nodes_[i].processes.erase(it);
  input(i, [&](Supervisor& s, base::Now now, Outputs& out) {
    s.copy_exited(now, child, how, "exit", out);
  });
}

void TestCluster::lose_name(std::size_t i, const ChildId& child, const Conflict& conflict) {
  const auto it = nodes_[i].processes.find(child);
  if (!nodes_[i].up || it == nodes_[i].processes.end() ||
      it->second.phase == Process::Phase::stopping) {
    return;
  }
  note(base::to_string(id(i)) + "'s copy of " + short_name(child) + " ends for a lost name");
  if (conflict.same_child) {
    Claim& highest = nodes_[i].outranked_by[child];
    highest = std::max(highest, conflict.winner);
  }
  nodes_[i].processes.erase(it);
  input(i, [&](Supervisor& s, base::Now now, Outputs& out) {
    s.copy_conflicted(now, child, conflict, out);
  });
}

}  // namespace horde::supervisor
