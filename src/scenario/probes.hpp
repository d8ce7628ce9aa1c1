// Probes: what a sweep must have seen at least once, or its pass means nothing (`sometimes`).
#pragma once

#include <set>

#include "scenario/checker.hpp"
#include "scenario/child_watch.hpp"

namespace horde::scenario {

class Probes final : public Checker, public ChildListener {
 public:
  explicit Probes(const ChildWatch& watch) : watch_(&watch) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {}; }
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_step(const WorldStep& step) override;
  void on_copy_up(base::Instant at, NodeIndex node, const supervisor::ChildId& id) override;
  /// In the order of checks.hpp.
  [[nodiscard]] std::vector<std::string> seen() const;

 private:
  const ChildWatch* watch_;
  std::set<std::string_view> seen_;
};

}  // namespace horde::scenario
