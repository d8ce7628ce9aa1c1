#include "sim/horde/ring_world.hpp"

#include "scenario/network_faults.hpp"
#include "sim/ring/token_ring.hpp"

namespace horde::sim {

RingWorld::RingWorld(const scenario::Scenario& scenario, std::uint64_t seed)
    : SimWorld({.seed = seed, .link = scenario::link_of(scenario.network)}),
      nodes_(static_cast<std::uint32_t>(scenario.nodes.size())),
      checker_(simulator()) {
  simulator().add_observer(checker_);
}

MachineFactory RingWorld::factory() {
  return token_ring_factory(nodes_);
}

scenario::WorldStep RingWorld::step_of(const StepInfo& step) {
  return {.node = step.node, .at = step.at};
}

void RingChecker::on_step(const scenario::WorldStep& /*step*/) {
  if (!world_->checker().violation().empty() && findings().empty()) {
    findings_.add({.id = "ring", .text = world_->checker().violation()});
  }
}

void RingChecker::begin_settle(scenario::Group core) {
  turns_.clear();
  for (const scenario::NodeIndex node : core) {
    turns_.push_back(world_->checker().turns(node));
  }
}

std::optional<std::string> RingChecker::unsettled(scenario::Group core) {
  for (std::size_t i = 0; i < core.size(); ++i) {
    if (world_->checker().turns(core[i]) == turns_[i]) {
      return world_->name(core[i]) + " has not had the token again";
    }
  }
  return {};
}

}  // namespace horde::sim
