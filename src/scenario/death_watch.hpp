// DeathWatch: counts false deaths, those of healthy and reachable nodes.
//
// A node is healthy and reachable while it runs, and for some time nothing was done to it, to
// whoever declares it dead, or to the network of either. What the network always does (its loss and
// latency) is no excuse.
#pragma once

#include <map>

#include "scenario/cluster.hpp"
#include "scenario/network_faults.hpp"

namespace horde::scenario {

class DeathWatch final : public WorldObserver {
 public:
  DeathWatch(World& world, const Cluster& cluster, const NetworkFaults& network)
      : world_(&world), cluster_(&cluster), network_(&network) {}

  /// Something was done to the node, or is over.
  void disturb(NodeIndex node) { disturbed_[node] = world_->now(); }
  /// Faults of the network are about to change, or have just changed.
  void disturb_network();

  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  void on_down(base::Instant at, NodeIndex node, DownWhy why) override;

  [[nodiscard]] std::int64_t false_deaths() const { return false_deaths_; }

 private:
  [[nodiscard]] bool is_well(NodeIndex node) const;

  World* world_;
  const Cluster* cluster_;
  const NetworkFaults* network_;
  std::map<NodeIndex, base::Instant> disturbed_;
  std::map<NodeIndex, std::uint64_t> boots_;
  std::int64_t false_deaths_ = 0;
};

}  // namespace horde::scenario
