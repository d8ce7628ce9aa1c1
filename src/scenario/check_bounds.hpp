// A10: queues, tables, tombstones and contexts stay within their bounds.
#pragma once

#include <map>
#include <set>

#include "scenario/checker.hpp"

namespace horde::scenario {

/// The bounds that the engine states, for this scenario's options.
struct Bounds {
  std::size_t early_events = 0;
  std::size_t queued_events = 0;
  std::size_t pending_writes = 0;
  std::size_t tombstones = 0;
  std::size_t sessions_served = 0;
  std::size_t reassembly_bytes_per_node = 0;
};
[[nodiscard]] Bounds bounds_of(const HordeOptions& options);

class BoundsChecker final : public Checker {
 public:
  BoundsChecker(World& world, const Bounds& bounds) : world_(&world), bounds_(bounds) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"A10"}; }
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_step(const WorldStep& step) override;
  void check_all(Group live) override;

 private:
  void check(NodeIndex node, const NodeSizes& sizes);
  void check(NodeIndex node, const replication::Replicator::Sizes& sizes);
  void expect(NodeIndex node, std::string_view what, std::size_t is, std::size_t most);

  World* world_;
  Bounds bounds_;
  std::size_t runs_ = 0;  // Ever started: each has at most one part in a vector.
  std::set<NodeIndex> nodes_;
  std::uint64_t steps_ = 0;
};

}  // namespace horde::scenario
