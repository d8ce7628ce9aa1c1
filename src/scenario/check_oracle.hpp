// A2, A11, A12: what each replica holds, against an oracle that remembers every event.
//
// At each step for the keys it touched, over everything when the run settles. C2 (a run is closed
// by everybody after the same event) is found on the way and reported like them.
#pragma once

#include <set>

#include "scenario/checker.hpp"
#include "scenario/oracle.hpp"

namespace horde::scenario {

class OracleChecker final : public Checker {
 public:
  /// Only `wanted` of its ids are reported.
  OracleChecker(World& world, std::set<std::string> wanted, WhichHorde which = WhichHorde::horde)
      : world_(&world), wanted_(std::move(wanted)), which_(which) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"A2", "A11", "A12"}; }
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_step(const WorldStep& step) override;
  void check_all(Group live) override;

 private:
  void take(NodeIndex node, const std::optional<Violation>& violation);
  [[nodiscard]] base::NodeId replica(NodeIndex node) const {
    return base::NodeId::of(world_->name(node));
  }

  World* world_;
  std::set<std::string> wanted_;
  WhichHorde which_;
  Oracle oracle_;
};

}  // namespace horde::scenario
