// Runner: the nodes, who watches them, what will happen, and the forming of the cluster.
#include <algorithm>
#include <set>

#include "scenario/check_bounds.hpp"
#include "scenario/check_joins.hpp"
#include "scenario/check_name_reads.hpp"
#include "scenario/check_oracle.hpp"
#include "scenario/check_quorum.hpp"
#include "scenario/check_reads.hpp"
#include "scenario/check_rest.hpp"
#include "scenario/runner.hpp"

namespace horde::scenario {
namespace {

// A cluster that has not formed by then will not.
constexpr base::Duration kFormingMax = base::seconds(120);
constexpr base::Duration kFormingSlice = base::milliseconds(10);

bool only_reads(const Action& action) {
  return std::holds_alternative<Expect>(action) || std::holds_alternative<Get>(action) ||
         std::holds_alternative<Take>(action) || std::holds_alternative<GetMeta>(action) ||
         std::holds_alternative<Lookup>(action) || std::holds_alternative<SelectNames>(action);
}

}  // namespace

Runner::Runner(const Scenario& scenario, std::uint64_t seed, World& world, Checkers own)
    : run_(scenario, seed, world),
      actions_(run_),
      maps_(world, &run_.cluster),
      views_(world, &run_.cluster),
      probes_(run_.watch) {
  // The order in which a step is told: who acts on it last.
  world.add_observer(run_.story);
  world.add_observer(run_.metrics);
  world.add_observer(run_.deaths);
  world.add_observer(probes_);
  world.add_observer(views_);
  world.add_observer(run_.acknowledged);
  if (has_children(scenario)) {
    follow_children();
  }
  if (has_registry(scenario)) {
    follow_names();
  }
  world.add_observer(run_.calls);
  add_checkers(std::move(own));
  for (const auto& checker : checkers_) {
    world.add_observer(*checker);
  }
  world.add_observer(*this);
  draw_swarms();
}

void Runner::add_checkers(Checkers own) {
  const Scenario& scenario = run_.scenario;
  std::set<std::string> wanted;
  for (const auto& check : scenario.always) {
    wanted.insert(check.id);
  }
  for (const auto& check : scenario.eventually) {
    wanted.insert(check.id);
  }
  const auto use = [&](Checker* checker, std::vector<Checker*>& list) {
    bool any = false;
    for (const std::string_view id : checker->ids()) {
      if (wanted.contains(std::string(id))) {
        if (std::ranges::find(checked_, id) == checked_.end()) {
          checked_.emplace_back(id);
        }
        any = true;
      }
    }
    if (any) {
      list.push_back(checker);
    }
    return any;
  };
  const auto keep = [&](std::unique_ptr<Checker> checker, std::vector<Checker*>& list) {
    if (use(checker.get(), list)) {
      checkers_.push_back(std::move(checker));
    }
  };
  World& world = run_.world;
  if (scenario.protocol == Protocol::horde) {
    keep(std::make_unique<ReadsChecker>(world), always_);
    keep(std::make_unique<OracleChecker>(world, wanted), always_);
    keep(std::make_unique<JoinsChecker>(world), always_);
    use(&run_.acknowledged, always_);
    use(&run_.calls, always_);
    if (has_children(scenario)) {
      use(&run_.children, always_);
      if (wanted.contains("E4")) {
        eventually_.push_back(&run_.children);
      }
      if (scenario.horde.distribution == Distribution::uniform_quorum) {
        keep(std::make_unique<QuorumChecker>(world, run_.cluster, run_.network, run_.watch),
             always_);
      }
    }
    if (has_registry(scenario)) {
      add_name_checkers(wanted, use, keep);
    }
    keep(std::make_unique<BoundsChecker>(world, bounds_of(scenario.horde)), always_);
    always_.push_back(&probes_);
    use(&maps_, eventually_);
    use(&views_, eventually_);
    keep(std::make_unique<TrafficChecker>(world, scenario.horde.sync_interval), eventually_);
    keep(std::make_unique<PendingChecker>(world), eventually_);
  }
  for (auto& checker : own) {
    for (const std::string_view id : checker->ids()) {
      checked_.emplace_back(id);
    }
    always_.push_back(checker.get());
    eventually_.push_back(checker.get());
    checkers_.push_back(std::move(checker));
  }
}

template <class Use, class Keep>
void Runner::add_name_checkers(const std::set<std::string>& wanted, const Use& use,
                               const Keep& keep) {
  World& world = run_.world;
  constexpr WhichHorde kOfRegistry = WhichHorde::registry;
  const NameKeys keys =
      run_.scenario.horde.registry ? run_.scenario.horde.registry->keys : NameKeys::unique;
  keep(std::make_unique<NameReadsChecker>(world, keys, wanted), always_);
  keep(std::make_unique<OracleChecker>(world, wanted, kOfRegistry), always_);
  keep(std::make_unique<JoinsChecker>(world, join_all, kOfRegistry), always_);
  use(&run_.acknowledged_names, always_);
  use(&run_.name_ends, always_);
  run_.names.look_for(wanted.contains("E3"), wanted.contains("E5"));
  use(&run_.names, eventually_);
}

void Runner::follow_names() {
  World& world = run_.world;
  world.add_observer(run_.reads);
  world.add_observer(run_.names);
  world.add_observer(run_.name_ends);
  world.add_observer(run_.name_metrics);
  world.add_observer(run_.acknowledged_names);
  run_.reads.add(run_.name_metrics);
  for (const StaticChild& child : run_.scenario.horde.static_children) {
    for (const std::string& argument : arguments_of(child.type, child.args, child.name)) {
      if (argument.starts_with(kNameArgument)) {
        run_.names.on_child(argument.substr(kNameArgument.size()), child.name);
      }
    }
  }
  run_.cluster.find_holders_by([this](const std::string& name) -> std::optional<NodeIndex> {
    for (const NodeIndex node : run_.cluster.running()) {
      for (const process::Pid& pid : run_.reads.read(node, name)) {
        if (run_.reads.lives(pid)) {
          return run_.cluster.find(pid.run.node);
        }
      }
    }
    return {};
  });
}

void Runner::follow_children() {
  World& world = run_.world;
  world.add_observer(run_.watch);
  world.add_observer(run_.children);
  run_.watch.add(run_.children);
  run_.watch.add(run_.child_metrics);
  run_.watch.add(probes_);
  for (const StaticChild& child : run_.scenario.horde.static_children) {
    run_.children.on_static(world.static_child(child.name),
                            {.name = child.name,
                             .ends_by_itself = child.restart != RestartRule::permanent,
                             .is_static = true});
  }
  // Any node's table will do: who asks does not know better.
  run_.cluster.find_owners_by([this](const std::string& name) -> std::optional<NodeIndex> {
    const auto id = run_.children.find(name);
    for (const NodeIndex node : run_.cluster.running()) {
      const auto child = id ? run_.world.child(node, *id) : std::nullopt;
      if (child && !child->ended) {
        return run_.cluster.find(child->claim.owner);
      }
    }
    return {};
  });
}

void Runner::add_nodes() {
  const auto add = [this](const NodeOptions& options) {
    run_.cluster.add(options.name);
    (void)run_.world.add_node(options);
  };
  for (const NodeOptions& node : run_.scenario.nodes) {
    add(node);
  }
  run_.cluster.draw_minority();
  // Those that join later exist from the start, so that steps can name them.
  for (const Step& step : run_.scenario.timeline) {
    if (const auto* join = std::get_if<Join>(&step.action)) {
      for (const std::string& name : join->nodes) {
        add({.name = name});
      }
    }
  }
  for (const Link& link : run_.scenario.network.links) {
    Cluster::Resolver resolve(run_.cluster, base::Rng(run_.seed).fork("links"));
    const std::vector<NodeIndex> from = resolve(link.from);
    const std::vector<NodeIndex> to = resolve(link.to);
    for (const NodeIndex a : from) {
      for (const NodeIndex b : to) {
        if (a != b) {
          run_.world.set_link(
              a, b, changed(run_.world.link(run_.cluster[a].id, run_.cluster[b].id), link));
        }
      }
    }
  }
}

// Before anything happens, so that what was drawn can be shown and written down.
void Runner::draw_swarms() {
  std::uint64_t number = 0;
  for (const Step& step : run_.scenario.timeline) {
    timeline_.push_back(step);
    const auto* swarm = std::get_if<Swarm>(&step.action);
    if (swarm == nullptr) {
      continue;
    }
    const base::Duration every = step.every.value_or(base::Duration{});
    std::int64_t left = step.every ? step.count.value_or(kSyncsMax) : 1;
    for (base::Duration at = step.at; left > 0 && at <= step.until.value_or(at); at += every) {
      const DrawnSwarm drawn = draw_swarm(run_.scenario, run_.seed, at, *swarm, ++number);
      timeline_.insert(timeline_.end(), drawn.steps.begin(), drawn.steps.end());
      const std::vector<Setting> settings = settings_of(drawn);
      drawn_.insert(drawn_.end(), settings.begin(), settings.end());
      swarm_ends_.push_back(at + swarm->lasts);
      --left;
    }
  }
}

void Runner::schedule_timeline() {
  // Until the last of its faults the run goes on.
  for (const base::Duration end : swarm_ends_) {
    run_.schedule.at(end, [] {});
  }
  for (std::size_t i = 0; i < timeline_.size(); ++i) {
    schedule(timeline_[i], i, 0, timeline_[i].at);
  }
}

void Runner::schedule(const Step& step, std::uint64_t number, std::uint64_t repetition,
                      base::Duration at) {
  run_.schedule.at(at, [this, &step, number, repetition, at] {
    if (const auto* settling = std::get_if<Settle>(&step.action)) {
      settle(*settling);
    } else {
      if (!only_reads(step.action)) {
        settled_.reset();
      }
      actions_.perform(step.action, number, repetition);
    }
    const auto times = static_cast<std::int64_t>(repetition) + 1;
    const bool again = step.every && (!step.count || times < *step.count) &&
                       (!step.until || at + *step.every <= *step.until);
    if (again) {
      schedule(step, number, repetition + 1, at + *step.every);
    }
  });
}

// --- Forming ---

std::optional<std::string> Runner::unformed() {
  const std::vector<NodeIndex> nodes = run_.cluster.running();
  for (const NodeIndex node : nodes) {
    if (!run_.world.is_synced(node)) {
      return run_.cluster[node].name + " has not had its first sync";
    }
  }
  auto difference = views_.unsettled(nodes);
  return difference ? difference : maps_.unsettled(nodes);
}

void Runner::form() {
  const base::Instant begin = run_.world.now();
  run_.zero = begin;
  std::vector<NodeIndex> nodes(run_.scenario.nodes.size());
  base::Duration last_start;
  for (NodeIndex node = 0; node < nodes.size(); ++node) {
    const base::Duration starts = run_.scenario.nodes[node].starts;
    last_start = std::max(last_start, starts);
    run_.schedule.at(starts, [this, node] { actions_.start(node); });
  }
  if (!run_.scenario.formed) {
    run_.story.begin(run_.zero);
    run_.metrics.begin({});
    return;
  }
  while (!run_.schedule.empty() && !is_over()) {
    advance(run_.schedule.next());
    run_.schedule.take()();
  }
  auto why = unformed();
  const base::Instant deadline = run_.world.now() + kFormingMax;
  while (why && run_.world.now() < deadline && !is_over()) {
    advance(run_.now() + kFormingSlice);
    why = unformed();
  }
  const base::Duration took = run_.now() - last_start;
  run_.zero = run_.world.now();
  run_.story.begin(run_.zero);
  run_.metrics.on_formed(took);
  run_.metrics.begin(run_.cluster.all());
  if (why && !is_over()) {
    fail({.id = "form",
          .text = "the cluster did not form within " + to_text(kFormingMax) + ": " + *why},
         Verdict::liveness_failed);
    return;
  }
  run_.story.add(
      TimelineLine::Kind::event,
      std::to_string(nodes.size()) + " nodes have formed a cluster, after " + to_text(took));
}

}  // namespace horde::scenario
