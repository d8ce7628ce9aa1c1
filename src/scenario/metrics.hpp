// Metrics: what every run measures. Times to convergence and detection, traffic by kind, calls,
// memory.
#pragma once

#include <map>
#include <set>

#include "scenario/death_watch.hpp"
#include "scenario/run.hpp"
#include "scenario/world.hpp"

namespace horde::scenario {

class Metrics final : public WorldObserver {
 public:
  Metrics(World& world, const DeathWatch& deaths) : world_(&world), deaths_(&deaths) {}

  /// From here on: what was before does not count.
  void begin(const std::vector<NodeIndex>& all);
  void on_formed(base::Duration after) { formation_ = after; }
  void on_converged(base::Duration after) { counts_.convergence.push_back(after.ns); }
  /// `node` crashes now; `watching` are those whom it will take to notice.
  void on_crash(NodeIndex node, const std::vector<NodeIndex>& watching);
  /// A write is called for; to be told before its answer comes.
  void on_write(NodeIndex node, base::CallId call) {
    ++counts_.called;
    writes_.emplace(node, call.value);
  }
  /// It did not reach its node.
  void on_write_refused(NodeIndex node, base::CallId call) {
    counts_.refused += static_cast<std::int64_t>(writes_.erase({node, call.value}));
  }
  /// There was no node to write on.
  void on_write_lost() {
    ++counts_.called;
    ++counts_.refused;
  }

  void on_step(const WorldStep& step) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) override;
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;

  /// In the order of known_metrics(); without those of which there is no sample.
  [[nodiscard]] std::vector<Metric> result(const std::vector<NodeIndex>& all) const;

 private:
  struct Crash {
    base::Instant at;
    std::set<NodeIndex> watching;
  };

  /// What began anew with begin().
  struct Counts {
    std::vector<std::int64_t> convergence;
    std::vector<std::int64_t> detection;
    std::vector<std::int64_t> detection_all;
    std::int64_t called = 0;
    std::int64_t acknowledged = 0;
    std::int64_t refused = 0;
    std::int64_t events = 0;
    std::int64_t false_deaths_before = 0;
    std::map<std::string_view, std::int64_t> told;
    std::map<NodeIndex, std::vector<KindTally>> sent_before;
  };

  [[nodiscard]] std::int64_t told(std::string_view topic) const;
  void add_traffic(std::vector<Metric>& out, const std::vector<NodeIndex>& all) const;

  World* world_;
  const DeathWatch* deaths_;
  std::optional<base::Duration> formation_;
  std::map<base::NodeId, Crash> crashes_;  // Nodes that are down, and not known to be to all.
  std::set<std::pair<NodeIndex, base::NodeId>> dead_to_;  // To whom, who.
  std::set<std::pair<NodeIndex, std::uint64_t>> writes_;  // Not answered yet.
  Counts counts_;
};

/// The mean and the spread of `samples`; requires at least one.
[[nodiscard]] Metric spread(std::string name, Metric::Unit unit, std::vector<std::int64_t> samples);

}  // namespace horde::scenario
