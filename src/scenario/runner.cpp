#include "scenario/runner.hpp"

#include <algorithm>
#include <map>

namespace horde::scenario {
namespace {

constexpr std::size_t kFindingsMax = 10;  // Shown of one checker.
constexpr std::size_t kSmallCluster = 32;
// How finely convergence is measured.
constexpr base::Duration kSlice = base::milliseconds(1);
constexpr base::Duration kLargeSlice = base::milliseconds(10);

}  // namespace

RunResult Runner::run() {
  add_nodes();
  form();
  if (!is_over()) {
    schedule_timeline();
    play();
  }
  if (!is_over() && settled_ != run_.scenario.settle) {
    settle(run_.scenario.settle);
  }
  return result();
}

void Runner::play() {
  const std::optional<base::Duration> end = run_.scenario.duration;
  while (!run_.schedule.empty() && !is_over()) {
    const base::Duration next = run_.schedule.next();
    if (end && next > *end) {
      break;
    }
    advance(next);
    if (is_over()) {
      return;
    }
    run_.schedule.take()();
    note_health();
    collect_failures();
  }
  if (end && !is_over()) {
    advance(*end);
  }
}

void Runner::advance(base::Duration to) {
  run_until(run_.zero + to);
  collect_failures();
  if (const std::string problem = run_.world.problem(); !problem.empty() && !is_over()) {
    fail({.id = "world", .text = problem}, Verdict::failed);
  }
}

void Runner::run_until(base::Instant time) {
  while (run_.world.now() < time && !run_.world.is_stopped()) {
    const bool watching = healed_ || names_healed_;
    run_.world.run_until(watching ? std::min(time, run_.world.now() + slice()) : time);
    if (healed_) {
      note_convergence(replicating());
    }
    if (names_healed_) {
      note_names(replicating());
    }
  }
}

base::Duration Runner::slice() const {
  return run_.cluster.size() <= kSmallCluster ? kSlice : kLargeSlice;
}

// --- Convergence ---

std::vector<NodeIndex> Runner::replicating() const {
  std::vector<NodeIndex> nodes = run_.cluster.running();
  std::erase_if(nodes, [this](NodeIndex node) { return run_.cluster[node].removed; });
  return nodes;
}

// A fault is over when none is left: no cut, and no node down, paused or slow.
void Runner::note_health() {
  bool healthy = run_.network.empty();
  for (const NodeIndex node : run_.cluster.all()) {
    const Cluster::Node& state = run_.cluster[node];
    healthy = healthy && state.state != Cluster::State::crashed && !state.paused && !state.slow;
  }
  if (!healthy) {
    healed_.reset();
    names_healed_.reset();
  } else if (!was_healthy_) {
    healed_ = run_.world.now();
    note_convergence(replicating());
    if (has_registry(run_.scenario)) {
      names_healed_ = run_.world.now();
      note_names(replicating());
    }
  }
  was_healthy_ = healthy;
}

void Runner::note_convergence(const std::vector<NodeIndex>& nodes) {
  if (maps_.holds(nodes) && views_.holds(nodes)) {
    converged_ = run_.world.now() - std::max(*healed_, run_.last_write);
    healed_.reset();
    run_.metrics.on_converged(*converged_);
    run_.story.add(TimelineLine::Kind::event, "maps and views are equal again, " +
                                                  to_text(*converged_) +
                                                  " after the last fault or write");
  }
}

void Runner::note_names(const std::vector<NodeIndex>& nodes) {
  if (run_.names.all_held(nodes)) {
    run_.name_metrics.on_one_holder(run_.world.now() - *names_healed_);
    names_healed_.reset();
  }
}

// --- Failures ---

void Runner::on_step(const WorldStep& /*step*/) {
  // Asked after each step of each node: two comparisons a checker.
  for (const Checker* checker : always_) {
    if (!checker->findings().empty()) {
      run_.world.stop();
      return;
    }
  }
}

void Runner::on_down(base::Instant /*at*/, NodeIndex node, DownWhy why) {
  Cluster::Node& state = run_.cluster[node];
  if (why != DownWhy::ended) {
    return;
  }
  state.state = state.ends_as;
  state.paused = false;
  if (state.ends_as == Cluster::State::crashed) {
    fail({.id = "ended", .node = state.name, .text = "ended by itself, though nobody asked it to"},
         Verdict::failed);
    run_.world.stop();
  }
}

void Runner::collect_failures() {
  if (over_) {
    return;
  }
  for (const Checker* checker : always_) {
    // Where everything is looked at, one mistake may show in thousands of places.
    const auto& list = checker->findings().list();
    for (Failure failure : std::span(list).first(std::min(list.size(), kFindingsMax))) {
      failure.at = {run_.now().ns};
      fail(std::move(failure), Verdict::failed);
      over_ = true;
    }
  }
  for (; unwanted_seen_ < run_.calls.unwanted().list().size(); ++unwanted_seen_) {
    Failure unwanted = run_.calls.unwanted().list()[unwanted_seen_];
    unwanted.at = {run_.now().ns};
    run_.story.add(TimelineLine::Kind::failure, unwanted.text);
    run_.unmet.add(std::move(unwanted));
  }
  for (; unmet_seen_ < run_.unmet.list().size(); ++unmet_seen_) {
    failures_.push_back(run_.unmet.list()[unmet_seen_]);
    verdict_ = graver(verdict_, Verdict::failed);
  }
}

void Runner::fail(Failure failure, Verdict verdict) {
  if (failure.at.ns == 0) {
    failure.at = {run_.now().ns};
  }
  run_.story.add(
      TimelineLine::Kind::failure,
      failure.id + (failure.node.empty() ? "" : " on " + failure.node) + ": " + failure.text);
  failures_.push_back(std::move(failure));
  verdict_ = graver(verdict_, verdict);
  over_ = true;
}

// --- Settling ---

// Ends the faults of the core, and answers who it is: those that run. Who stopped or left as it was
// asked to, or was taken off the member list, belongs to it only if it is named.
std::vector<NodeIndex> Runner::heal(const Settle& settle) {
  using State = Cluster::State;
  Cluster::Resolver resolve(run_.cluster, base::Rng(run_.seed).fork("core"));
  const std::vector<NodeIndex> nodes = resolve(settle.core);
  const bool named = std::ranges::all_of(
      settle.core.refs, [](const NodeRef& ref) { return ref.role == NodeRef::Role::named; });
  run_.deaths.disturb_network();
  run_.network.heal_among(run_.cluster.ids(nodes), run_.cluster.ids(run_.cluster.all()));
  std::vector<NodeIndex> core;
  for (const NodeIndex node : nodes) {
    const Cluster::Node& state = run_.cluster[node];
    actions_.relieve(node);
    if (state.state == State::crashed || (named && state.state != State::up)) {
      run_.story.add(TimelineLine::Kind::step, "restart " + state.name);
      actions_.start(node);
    }
    if (state.state == State::up && (named || !state.removed)) {
      core.push_back(node);
    }
  }
  return core;
}

void Runner::settle(const Settle& settle) {
  const std::vector<NodeIndex> core = heal(settle);
  note_health();
  if (!healed_ && (!was_healthy_ || !converged_)) {
    healed_ = run_.world.now();  // Faults remain outside, or there were none at all.
  }
  check_everything();
  for (Checker* checker : eventually_) {
    checker->begin_settle(core);
  }
  const std::vector<Failure> unsettled =
      wait(core, settle.within.resolve(run_.scenario.horde.sync_interval));
  check_everything();
  if (is_over()) {
    return;
  }
  for (const Failure& failure : unsettled) {
    fail(failure, Verdict::liveness_failed);
  }
  if (!is_over()) {
    run_.story.add(TimelineLine::Kind::step, "settled");
    settled_ = settle;
  }
}

std::vector<Failure> Runner::wait(const std::vector<NodeIndex>& core, base::Duration within) {
  const base::Instant deadline = run_.world.now() + within;
  std::vector<Failure> unsettled = look(core);
  while (!unsettled.empty() && run_.world.now() < deadline && !is_over()) {
    run_.world.run_until(std::min(run_.world.now() + slice(), deadline));
    if (healed_) {
      note_convergence(core);
    }
    if (names_healed_) {
      note_names(core);
    }
    advance(run_.now());
    unsettled = look(core);
  }
  return unsettled;
}

std::vector<Failure> Runner::look(const std::vector<NodeIndex>& core) {
  std::vector<Failure> unsettled;
  for (Checker* checker : eventually_) {
    if (const auto why = checker->unsettled(core)) {
      unsettled.push_back({.id = std::string(checker->ids().front()), .text = *why});
    }
  }
  return unsettled;
}

void Runner::check_everything() {
  if (is_over()) {
    return;
  }
  const std::vector<NodeIndex> live = run_.cluster.running();
  for (Checker* checker : always_) {
    checker->check_all(live);
  }
  collect_failures();
}

RunResult Runner::result() const {
  RunResult out{.seed = run_.seed,
                .verdict = verdict_,
                .drawn = drawn_,
                .timeline = run_.story.lines(),
                .checked = checked_,
                .seen = probes_.seen(),
                .metrics = run_.measured(),
                .ended = {run_.now().ns}};
  // By time, and as they were found: stable_sort is not usable here, as libstdc++ 12's is made of
  // what C++23 deprecates.
  std::multimap<base::Instant, Failure> by_time;
  for (const Failure& failure : failures_) {
    by_time.emplace(failure.at, failure);
  }
  for (auto& [at, failure] : by_time) {
    out.failures.push_back(std::move(failure));
  }
  return out;
}

}  // namespace horde::scenario
