// ChildMetrics: what a run measures of its children: how long they had no process, or more than
// one; what restarts and takeovers took.
#pragma once

#include <map>

#include "scenario/check_children.hpp"
#include "scenario/run.hpp"

namespace horde::scenario {

class ChildMetrics final : public ChildListener {
 public:
  ChildMetrics(World& world, const ChildrenChecker& children)
      : world_(&world), children_(&children) {}

  /// From here on: what was before does not count, but where each child is does. `names`: only
  /// those of such names; "{i}" is any number.
  void begin(std::optional<std::string> names);

  void on_copy_starting(base::Instant at, NodeIndex node, const supervisor::ChildId& id) override;
  void on_copy_up(base::Instant at, NodeIndex node, const supervisor::ChildId& id) override;
  void on_copy_end(base::Instant at, NodeIndex node, const supervisor::ChildId& id, CopyEnd how,
                   bool was_up) override;
  void on_declared_dead(base::Instant at, base::NodeId node) override;

  /// Of children that have run, in the order of known_metrics(). `live`: nodes that are up.
  void add_to(std::vector<Metric>& out, const std::vector<NodeIndex>& live) const;

 private:
  using Id = supervisor::ChildId;
  struct Sample {
    Id id;
    std::int64_t ns = 0;
  };
  using Samples = std::vector<Sample>;
  struct Copies {
    std::int64_t up = 0;
    base::Instant since;  // Of this number.
  };
  struct Outage {
    base::Instant since;
    CopyEnd how = CopyEnd::stopped;
    base::NodeId node;
  };
  struct Counts {
    Samples outages, restarts, takeovers, after_detection;
    std::map<Id, std::int64_t> duplicate_ns, starts, crashes;
  };

  [[nodiscard]] bool is_meant(const Id& id) const;
  [[nodiscard]] std::int64_t sum(const std::map<Id, std::int64_t>& of) const;
  void change(base::Instant at, const Id& id, std::int64_t by);

  World* world_;
  const ChildrenChecker* children_;
  std::optional<std::string> names_;
  std::map<Id, Copies> copies_;
  std::map<Id, Outage> outages_;                      // That go on.
  std::map<base::NodeId, base::Instant> dead_since_;  // The first that declared it.
  Counts counts_;
};

}  // namespace horde::scenario
