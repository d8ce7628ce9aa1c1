// TokenRingChecker: an observer that watches the ring's two promises.
//
// Safety is looked at after every step of every node: no epoch has two holders. Liveness is asked
// for by the test, when the network is whole again: since when has each node not had the token?
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/core/observer.hpp"
#include "sim/core/simulator.hpp"

namespace horde::sim {

class TokenRingChecker final : public Observer {
 public:
  /// Asks `simulator` to stop at the first violation.
  explicit TokenRingChecker(Simulator& simulator) : simulator_(&simulator) {}

  void on_step(const StepInfo& step) override;
  void on_down(base::Instant at, NodeIndex node, DownWhy why) override;

  /// "epoch 7 has two holders, n1 and n3, at 1.204000s"; empty while all is well.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  /// How many nodes hold a token, of whatever epoch.
  [[nodiscard]] std::size_t holders() const { return holder_of_.size(); }
  /// How often that node got a token.
  [[nodiscard]] std::uint64_t turns(NodeIndex node) const {
    return node < turns_.size() ? turns_[node] : 0;
  }

 private:
  void let_go(NodeIndex node);

  Simulator* simulator_;
  std::map<std::uint64_t, NodeIndex> holder_of_;  // By epoch.
  std::map<NodeIndex, std::uint64_t> epoch_of_;   // The same the other way.
  std::vector<std::uint64_t> turns_;
  std::string violation_;
};

}  // namespace horde::sim
