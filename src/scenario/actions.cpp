#include "scenario/actions.hpp"

#include <algorithm>

namespace horde::scenario {

void Actions::perform(const Action& action, std::uint64_t step, std::uint64_t repetition) {
  // Cuts are told as they were drawn, in network_actions.cpp; expectations only when they fail.
  const bool told_there = std::holds_alternative<Cut>(action) ||
                          std::holds_alternative<Expect>(action) ||
                          std::holds_alternative<Settle>(action);
  if (!told_there) {
    tell(action);
  }
  std::visit([&](const auto& one) { on(one, Place{step, repetition}); }, action);
}

Cluster::Resolver Actions::resolver(Place place) const {
  return {run_->cluster, run_->chance("step", place.step, place.repetition)};
}

Actions::Nodes Actions::running(Cluster::Resolver& resolve, const NodeSet& set) const {
  Nodes nodes = resolve(set);
  std::erase_if(nodes,
                [this](NodeIndex node) { return run_->cluster[node].state != Cluster::State::up; });
  return nodes;
}

Actions::Nodes Actions::present(Cluster::Resolver& resolve, const NodeSet& set) const {
  Nodes nodes = resolve(set);
  std::erase_if(nodes, [this](NodeIndex node) {
    const Cluster::State state = run_->cluster[node].state;
    return state == Cluster::State::waiting || state == Cluster::State::left;
  });
  return nodes;
}

void Actions::tell(const Action& action) {
  run_->story.add(TimelineLine::Kind::step, to_string(action));
}

void Actions::later(base::Duration after, Schedule::Act act) {
  run_->schedule.at(run_->now() + after, std::move(act));
}

}  // namespace horde::scenario
