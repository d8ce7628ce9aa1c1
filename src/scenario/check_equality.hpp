// E1 and E2: all maps of the core are equal, and so are all views of its membership: each horde's
// with those of the same horde.
#pragma once

#include <map>
#include <set>

#include "scenario/checker.hpp"
#include "scenario/cluster.hpp"

namespace horde::scenario {

/// E1. Asks for digests, and when these are equal and everything is looked at, for all of the maps.
class MapsChecker final : public Checker {
 public:
  /// `cluster`: who was taken off the registry's member list is not looked at there.
  explicit MapsChecker(World& world, const Cluster* cluster = nullptr)
      : world_(&world), cluster_(cluster) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"E1"}; }
  [[nodiscard]] bool holds(Group core) const {
    return !different(WhichHorde::horde, core) && !different(WhichHorde::registry, core);
  }
  [[nodiscard]] std::optional<std::string> unsettled(Group core) override;

 private:
  // The first node whose map differs from that of the first of the core.
  [[nodiscard]] std::optional<std::pair<NodeIndex, NodeIndex>> different(WhichHorde which,
                                                                         Group core) const;

  World* world_;
  const Cluster* cluster_;
};

/// E2. A view is read again only when something happened that may have changed it.
class ViewsChecker final : public Checker {
 public:
  explicit ViewsChecker(World& world, const Cluster* cluster = nullptr)
      : world_(&world), cluster_(cluster) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"E2"}; }
  void on_step(const WorldStep& step) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  [[nodiscard]] bool holds(Group core) {
    return !different(WhichHorde::horde, core) && !different(WhichHorde::registry, core);
  }
  [[nodiscard]] std::optional<std::string> unsettled(Group core) override;

 private:
  using Key = std::pair<WhichHorde, NodeIndex>;
  [[nodiscard]] std::optional<std::pair<NodeIndex, NodeIndex>> different(WhichHorde which,
                                                                         Group core);
  [[nodiscard]] std::uint64_t view_of(WhichHorde which, NodeIndex node);
  void forget(NodeIndex node);

  World* world_;
  const Cluster* cluster_;
  std::map<Key, std::uint64_t> views_;  // Hashes of those that are up to date.
};

/// "n1 alive, n2 dead".
[[nodiscard]] std::string to_string(const std::vector<members::Member>& view);

}  // namespace horde::scenario
