// E6 and E7: the cluster is at rest. Traffic is what an idle one sends, and nothing is pending.
#pragma once

#include <map>
#include <set>

#include "scenario/checker.hpp"

namespace horde::scenario {

/// E6. Looks at windows of a few sync intervals, one after the other. The baseline of replication
/// is one question and one answer for each pair of neighbours and interval.
class TrafficChecker final : public Checker {
 public:
  /// Bytes of replication's own fields that a node may send to each neighbour in each interval.
  static constexpr std::uint64_t kBytesMax = 64;
  static constexpr std::int64_t kIntervals = 2;

  TrafficChecker(World& world, base::Duration sync_interval)
      : world_(&world), sync_interval_(sync_interval) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"E6"}; }
  void begin_settle(Group core) override;
  [[nodiscard]] std::optional<std::string> unsettled(Group core) override;

 private:
  [[nodiscard]] std::uint64_t sent(NodeIndex node) const;

  World* world_;
  base::Duration sync_interval_;
  base::Instant since_;
  std::map<NodeIndex, std::uint64_t> before_;
  std::optional<std::string> verdict_;
};

/// E7. An early event may wait for one that only a node which is down can send: that is a reason.
class PendingChecker final : public Checker {
 public:
  explicit PendingChecker(World& world) : world_(&world) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"E7"}; }
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  void on_down(base::Instant at, NodeIndex node, DownWhy why) override;
  [[nodiscard]] std::optional<std::string> unsettled(Group core) override;

 private:
  template <class Say>
  [[nodiscard]] std::optional<std::string> pending_of(const replication::Replicator::Sizes& sizes,
                                                      const Say& say) const;
  World* world_;
  std::set<NodeIndex> down_;
};

}  // namespace horde::scenario
