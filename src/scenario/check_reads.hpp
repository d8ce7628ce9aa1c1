// A1: what is read is the projection of the replicated map.
//
// The projection is worked out here anew, from the siblings of each key. Keys are looked at when
// they change, the whole table and the member list when everything is.
#pragma once

#include "scenario/checker.hpp"

namespace horde::scenario {

class ReadsChecker final : public Checker {
 public:
  explicit ReadsChecker(World& world) : world_(&world) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"A1"}; }
  void on_step(const WorldStep& step) override;
  void check_all(Group live) override;

 private:
  void check_key(NodeIndex node, base::BytesView key, const std::optional<crdt::Value>& read,
                 const crdt::Siblings* siblings);
  void check_members(NodeIndex node, const crdt::AwLwwMap& map,
                     const std::vector<members::Member>& members);

  World* world_;
};

}  // namespace horde::scenario
