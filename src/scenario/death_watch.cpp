#include "scenario/death_watch.hpp"

namespace horde::scenario {
namespace {

// The longest that a suspicion which began under a fault may go on after it.
constexpr base::Duration kAftermath = base::seconds(15);

}  // namespace

void DeathWatch::disturb_network() {
  if (network_->empty()) {
    return;
  }
  const faults::Nodes all = cluster_->ids(cluster_->all());
  for (NodeIndex node = 0; node < cluster_->size(); ++node) {
    if (network_->disturbs((*cluster_)[node].id, all)) {
      disturb(node);
    }
  }
}

void DeathWatch::on_up(base::Instant /*at*/, NodeIndex node, std::uint64_t boot) {
  boots_[node] = boot;
  disturb(node);
}

void DeathWatch::on_down(base::Instant /*at*/, NodeIndex node, DownWhy /*why*/) {
  disturb(node);
}

bool DeathWatch::is_well(NodeIndex node) const {
  const Cluster::Node& state = (*cluster_)[node];
  const auto disturbed = disturbed_.find(node);
  return world_->is_up(node) && !state.paused && !state.slow &&
         (disturbed == disturbed_.end() || world_->now() - disturbed->second > kAftermath) &&
         (network_->empty() || !network_->disturbs(state.id, cluster_->ids(cluster_->all())));
}

void DeathWatch::on_tell(base::Instant /*at*/, NodeIndex node, const base::Tell& tell) {
  if (tell.topic == "restarted_as") {
    boots_[node] = tell.value;
  }
  if (tell.topic == "member_dead") {
    const NodeIndex dead = cluster_->find(tell.about);
    if (tell.value == boots_[dead] && is_well(dead) && is_well(node)) {
      ++false_deaths_;
    }
  }
}

}  // namespace horde::scenario
