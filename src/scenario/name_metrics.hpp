// NameMetrics: what a run measures of names: conflicts, how long wanted ones could not be read, how
// long it took after a heal until each had one holder.
#pragma once

#include <map>

#include "scenario/check_names.hpp"
#include "scenario/run.hpp"

namespace horde::scenario {

class NameMetrics final : public WorldObserver, public NameListener {
 public:
  NameMetrics(World& world, const NameWatch& watch, const NamesChecker& names)
      : world_(&world), watch_(&watch), names_(&names) {}

  /// From here on: what was before does not count.
  void begin();
  void on_one_holder(base::Duration after_heal) { counts_.one_holder.push_back(after_heal.ns); }

  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_name(base::Instant at, const base::Bytes& name) override;

  /// In the order of known_metrics(). `live`: nodes that are up.
  void add_to(std::vector<Metric>& out, const std::vector<NodeIndex>& live) const;

 private:
  struct Counts {
    std::int64_t conflicts = 0;
    std::int64_t killed = 0;
    std::int64_t unavailable_ns = 0;
    std::vector<std::int64_t> one_holder;
  };

  World* world_;
  const NameWatch* watch_;
  const NamesChecker* names_;
  std::map<base::Bytes, base::Instant> bad_since_;  // Wanted names that some node cannot read.
  Counts counts_;
};

}  // namespace horde::scenario
