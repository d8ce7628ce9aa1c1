// A7: without quorum no child runs later than the bound.
//
// What a node may believe does not count here: it is without quorum while those that any datagram
// could reach it from, by whatever way and at whatever delay, are no majority of its members. The
// rule is written down here anew: members that have left have no vote; of an even number the one of
// the lowest name has none; more than half of the votes must be there.
#pragma once

#include <map>

#include "scenario/checker.hpp"
#include "scenario/child_watch.hpp"
#include "scenario/cluster.hpp"
#include "scenario/network_faults.hpp"

namespace horde::scenario {

class QuorumChecker final : public Checker {
 public:
  QuorumChecker(World& world, const Cluster& cluster, const NetworkFaults& network,
                const ChildWatch& watch)
      : world_(&world), cluster_(&cluster), network_(&network), watch_(&watch) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"A7"}; }

  void on_step(const WorldStep& step) override;
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  void check_all(Group live) override;

 private:
  void look(base::Instant now);
  [[nodiscard]] std::vector<NodeIndex> reach(NodeIndex node) const;
  [[nodiscard]] bool may_have_quorum(NodeIndex node) const;

  World* world_;
  const Cluster* cluster_;
  const NetworkFaults* network_;
  const ChildWatch* watch_;
  base::Instant next_look_;
  std::map<NodeIndex, base::Instant> without_since_;
};

}  // namespace horde::scenario
