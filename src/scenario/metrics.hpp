// Metrics: what every run measures. Times to convergence and detection, traffic by kind, calls,
// memory.
#pragma once

#include <map>
#include <set>

#include "scenario/run.hpp"
#include "scenario/world.hpp"

namespace horde::scenario {

class Metrics final : public WorldObserver {
 public:
  explicit Metrics(World& world) : world_(&world) {}

  /// Time 0: what was sent before it does not count.
  void begin(base::Duration formation, const std::vector<NodeIndex>& all);
  void on_converged(base::Duration after) { convergence_.push_back(after.ns); }
  /// `node` crashes now; `watching` are those whom it will take to notice.
  void on_crash(NodeIndex node, const std::vector<NodeIndex>& watching);
  /// Called for writes: how many were asked for, and those that did not reach their node.
  void on_write() { ++writes_; }
  void on_write_refused() { ++refused_; }

  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) override;
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;

  [[nodiscard]] std::vector<Metric> result(const std::vector<NodeIndex>& all) const;

 private:
  struct Crash {
    base::Instant at;
    std::set<NodeIndex> watching;
  };

  void add_traffic(std::vector<Metric>& out, const std::vector<NodeIndex>& all) const;

  World* world_;
  std::optional<base::Duration> formation_;
  std::vector<std::int64_t> convergence_;
  std::map<base::NodeId, Crash> crashes_;  // Nodes that are down, and not known to be to all.
  std::vector<std::int64_t> detection_;
  std::vector<std::int64_t> detection_all_;
  std::int64_t writes_ = 0;
  std::int64_t acknowledged_ = 0;
  std::int64_t refused_ = 0;
  std::map<std::string_view, std::int64_t> told_;
  std::set<std::pair<NodeIndex, base::NodeId>> dead_to_;  // To whom, who.
  std::map<NodeIndex, std::vector<KindTally>> before_;
};

/// The mean and the spread of `samples`; requires at least one.
[[nodiscard]] Metric spread(std::string name, Metric::Unit unit, std::vector<std::int64_t> samples);

}  // namespace horde::scenario
