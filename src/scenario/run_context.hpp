// RunContext: what the parts of a runner share: the world, the cluster in it, what is yet to
// happen, and those who watch.
#pragma once

#include <functional>
#include <map>

#include "scenario/check_acknowledged.hpp"
#include "scenario/check_calls.hpp"
#include "scenario/check_children.hpp"
#include "scenario/check_name_ends.hpp"
#include "scenario/child_metrics.hpp"
#include "scenario/cluster.hpp"
#include "scenario/death_watch.hpp"
#include "scenario/metrics.hpp"
#include "scenario/name_metrics.hpp"
#include "scenario/network_faults.hpp"
#include "scenario/story.hpp"

namespace horde::scenario {

/// What is yet to happen, by time since time 0; what is due at one time, in the order in which it
/// came.
class Schedule {
 public:
  using Act = std::function<void()>;
  void at(base::Duration time, Act act) { acts_.emplace(std::pair(time, ++last_), std::move(act)); }
  [[nodiscard]] bool empty() const { return acts_.empty(); }
  [[nodiscard]] base::Duration next() const { return acts_.begin()->first.first; }
  [[nodiscard]] Act take() {
    Act act = std::move(acts_.begin()->second);
    acts_.erase(acts_.begin());
    return act;
  }

 private:
  std::map<std::pair<base::Duration, std::uint64_t>, Act> acts_;
  std::uint64_t last_ = 0;
};

/// That a process has which has lost a name.
[[nodiscard]] inline base::Duration conflict_grace_of(const Scenario& scenario) {
  const base::Duration otherwise = registry::Options{}.conflict_grace;
  return scenario.horde.registry ? scenario.horde.registry->conflict_grace.value_or(otherwise)
                                 : otherwise;
}

struct RunContext {
  RunContext(const Scenario& scenario_given, std::uint64_t seed_given, World& world_given)
      : scenario(scenario_given),
        seed(seed_given),
        world(world_given),
        cluster(seed_given),
        network(world_given),
        deaths(world_given, cluster, network),
        metrics(world_given, deaths),
        story(world_given),
        acknowledged(world_given),
        acknowledged_names(world_given, WhichHorde::registry),
        calls(world_given),
        children(world_given, watch, scenario_given.horde.redistribution),
        child_metrics(world_given, children),
        reads(world_given, cluster),
        names(world_given, cluster, reads, children, watch),
        name_ends(world_given, cluster, conflict_grace_of(scenario_given)),
        name_metrics(world_given, reads, names) {}

  /// Since time 0.
  [[nodiscard]] base::Duration now() const { return world.now() - zero; }
  /// Chance of one purpose, keyed by what it is for.
  [[nodiscard]] base::Rng chance(std::string_view purpose, std::uint64_t step,
                                 std::uint64_t repetition) const {
    return base::Rng(seed).fork(purpose).fork(step).fork(repetition);
  }

  /// All that is measured, as far as there is something to tell.
  [[nodiscard]] std::vector<Metric> measured() const {
    std::vector<Metric> out = metrics.result(cluster.all());
    if (has_children(scenario)) {
      child_metrics.add_to(out, cluster.running());
    }
    if (has_registry(scenario)) {
      name_metrics.add_to(out, cluster.running());
    }
    return out;
  }

  const Scenario& scenario;
  std::uint64_t seed;
  World& world;
  Cluster cluster;
  NetworkFaults network;
  DeathWatch deaths;
  Metrics metrics;
  Story story;
  AcknowledgedChecker acknowledged;
  AcknowledgedChecker acknowledged_names;
  CallsChecker calls;
  ChildWatch watch;
  ChildrenChecker children;
  ChildMetrics child_metrics;
  NameWatch reads;
  NamesChecker names;
  NameEndsChecker name_ends;
  NameMetrics name_metrics;
  Schedule schedule;
  Findings unmet;  // Expectations.
  base::Instant zero;
  base::Instant last_write;  // That a step asked for.
};

}  // namespace horde::scenario
