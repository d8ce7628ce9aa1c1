// E1 and E2: all maps of the core are equal, and so are all views of its membership.
#pragma once

#include <map>
#include <set>

#include "scenario/checker.hpp"

namespace horde::scenario {

/// E1. Asks for digests, and when these are equal and everything is looked at, for all of the maps.
class MapsChecker final : public Checker {
 public:
  explicit MapsChecker(World& world) : world_(&world) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"E1"}; }
  [[nodiscard]] bool holds(Group core) const { return !different(core); }
  [[nodiscard]] std::optional<std::string> unsettled(Group core) override;

 private:
  // The first that differs from the first of the core.
  [[nodiscard]] std::optional<NodeIndex> different(Group core) const;

  World* world_;
};

/// E2. A view is read again only when something happened that may have changed it.
class ViewsChecker final : public Checker {
 public:
  explicit ViewsChecker(World& world) : world_(&world) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"E2"}; }
  void on_step(const WorldStep& step) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  [[nodiscard]] bool holds(Group core) { return !different(core); }
  [[nodiscard]] std::optional<std::string> unsettled(Group core) override;

 private:
  [[nodiscard]] std::optional<NodeIndex> different(Group core);
  [[nodiscard]] std::uint64_t view_of(NodeIndex node);

  World* world_;
  std::map<NodeIndex, std::uint64_t> views_;  // Hashes of those that are up to date.
};

/// "n1 alive, n2 dead".
[[nodiscard]] std::string to_string(const std::vector<members::Member>& view);

}  // namespace horde::scenario
