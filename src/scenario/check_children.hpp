// A6 and E4: which children run, and how often.
//
// Wanted is what a start_children answered with ok and nobody terminated since. A child that may
// end by itself is wanted as long as a node knows of it. What became of a call that ended as
// unknown is open: such a child may run, but not twice.
#pragma once

#include <map>
#include <set>

#include "scenario/checker.hpp"

namespace horde::scenario {

class ChildrenChecker final : public Checker {
 public:
  explicit ChildrenChecker(World& world) : world_(&world) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"E4", "A6"}; }

  /// A start or terminate is called for. To be told before its answer comes.
  void on_start(NodeIndex node, base::CallId call, std::string name, bool ends_by_itself);
  void on_terminate(NodeIndex node, base::CallId call, const supervisor::ChildId& id);
  /// The node's disk was rolled back or lost: children that none of `live` knows of may be lost.
  void on_disk_loss(NodeIndex node, const std::vector<NodeIndex>& live);
  /// The child that the last start of that name made, if it was answered.
  [[nodiscard]] std::optional<supervisor::ChildId> find(const std::string& name) const;

  void on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) override;
  void check_all(Group live) override;
  [[nodiscard]] std::optional<std::string> unsettled(Group core) override;

 private:
  struct StartedAs {
    std::string name;
    bool ends_by_itself = false;
  };
  using CallKey = std::pair<NodeIndex, std::uint64_t>;

  [[nodiscard]] std::string shown(const supervisor::ChildId& id) const;

  World* world_;
  std::map<CallKey, StartedAs> starts_;
  std::map<CallKey, supervisor::ChildId> terminates_;
  std::map<std::string, supervisor::ChildId> by_name_;
  std::map<supervisor::ChildId, StartedAs> wanted_;
  std::map<supervisor::ChildId, StartedAs> known_;  // All that had an answer with an id.
  std::set<supervisor::ChildId> terminated_;        // With ok.
};

}  // namespace horde::scenario
