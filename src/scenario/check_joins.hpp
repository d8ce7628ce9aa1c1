// A3: joining states is commutative, associative and idempotent, on the states that live nodes
// have.
//
// States are rebuilt from what is observed and joined whole, as a session with reconciliation
// would. Equal means equal vectors and equal live puts: tombstones and floors may differ.
#pragma once

#include "scenario/checker.hpp"

namespace horde::scenario {

/// What a node holds, as a value.
struct MapState {
  std::vector<std::pair<crdt::Key, crdt::Siblings>> entries;
  crdt::VersionVector vector;
  crdt::Floor floor;
};
[[nodiscard]] MapState state_of(const crdt::AwLwwMap& map);
[[nodiscard]] crdt::AwLwwMap map_of(const MapState& state);
/// Joins all of `from` into `into`. Nothing happens, and the answer is false, where one of them was
/// left out when runs were closed: such states are never joined (C3).
[[nodiscard]] bool join_all(crdt::AwLwwMap& into, const MapState& from);

class JoinsChecker final : public Checker {
 public:
  /// How a join is carried out; a test gives one that is wrong.
  using Join = bool (*)(crdt::AwLwwMap& into, const MapState& from);
  explicit JoinsChecker(World& world, Join join = join_all, WhichHorde which = WhichHorde::horde)
      : world_(&world), join_(join), which_(which) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"A3"}; }
  void check_all(Group live) override;

 private:
  void expect_equal(const crdt::AwLwwMap& a, const crdt::AwLwwMap& b, NodeIndex node,
                    std::string_view law);

  World* world_;
  Join join_;
  WhichHorde which_;
  NodeIndex turn_ = 0;  // Other nodes each time.
};

}  // namespace horde::scenario
