#include "sim/ring/token_ring_checker.hpp"

#include <algorithm>

#include "sim/ring/token_ring.hpp"

namespace horde::sim {

void TokenRingChecker::on_step(const StepInfo& step) {
  const auto held = engine_of<TokenRing>(step.machine).held();
  const auto before = epoch_of_.find(step.node);
  if (held && before != epoch_of_.end() && before->second == held->epoch) {
    return;
  }
  let_go(step.node);
  if (!held) {
    return;
  }
  const auto [holder, is_first] = holder_of_.emplace(held->epoch, step.node);
  if (!is_first && violation_.empty()) {
    violation_ = "epoch " + std::to_string(held->epoch) + " has two holders, " +
                 simulator_->name(holder->second) + " and " + simulator_->name(step.node) +
                 ", at " + to_string(step.at);
    simulator_->request_stop(violation_);
  }
  epoch_of_[step.node] = held->epoch;
  turns_.resize(std::max<std::size_t>(turns_.size(), step.node + std::size_t{1}));
  ++turns_[step.node];
}

void TokenRingChecker::on_down(base::Instant /*at*/, NodeIndex node, DownWhy /*why*/) {
  let_go(node);
}

void TokenRingChecker::let_go(NodeIndex node) {
  const auto held = epoch_of_.find(node);
  if (held == epoch_of_.end()) {
    return;
  }
  const auto holder = holder_of_.find(held->second);
  if (holder != holder_of_.end() && holder->second == node) {
    holder_of_.erase(holder);
  }
  epoch_of_.erase(held);
}

}  // namespace horde::sim
