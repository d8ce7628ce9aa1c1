// RingWorld: a simulated world of token rings, and what one is checked for: the example of another
// protocol under scenarios.
#pragma once

#include "scenario/checker.hpp"
#include "scenario/scenario.hpp"
#include "sim/horde/sim_world.hpp"
#include "sim/ring/token_ring_checker.hpp"

namespace horde::sim {

class RingWorld final : public SimWorld {
 public:
  /// Requires: two nodes or more.
  RingWorld(const scenario::Scenario& scenario, std::uint64_t seed);

  [[nodiscard]] const TokenRingChecker& checker() const { return checker_; }

  // A ring has no calls and no map.
  scenario::CallResult call(scenario::NodeIndex, base::CallId, const scenario::Call&) override {
    return scenario::CallResult::not_offered;
  }
  [[nodiscard]] bool is_synced(scenario::NodeIndex) const override { return true; }
  [[nodiscard]] const crdt::AwLwwMap* map(scenario::NodeIndex) const override { return nullptr; }
  [[nodiscard]] std::optional<crdt::Value> get(scenario::NodeIndex, std::string_view) override {
    return {};
  }
  [[nodiscard]] std::map<crdt::Key, crdt::Value> to_map(scenario::NodeIndex) const override {
    return {};
  }
  [[nodiscard]] std::vector<members::Member> members(scenario::NodeIndex) const override {
    return {};
  }
  [[nodiscard]] scenario::NodeSizes sizes(scenario::NodeIndex) const override { return {}; }

 protected:
  [[nodiscard]] MachineFactory factory() override;
  [[nodiscard]] std::span<const std::string_view> kinds() const override { return {}; }
  [[nodiscard]] scenario::WorldStep step_of(const StepInfo& step) override;

 private:
  std::uint32_t nodes_;
  TokenRingChecker checker_;
};

/// "ring": one holder an epoch at any time; after a settle's faults every node gets the token.
class RingChecker final : public scenario::Checker {
 public:
  explicit RingChecker(const RingWorld& world) : world_(&world) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"ring"}; }
  void on_step(const scenario::WorldStep& step) override;
  void begin_settle(scenario::Group core) override;
  [[nodiscard]] std::optional<std::string> unsettled(scenario::Group core) override;

 private:
  const RingWorld* world_;
  std::vector<std::uint64_t> turns_;  // When the settle began.
};

}  // namespace horde::sim
