// A6 and E4: which children run, and how often.
//
// Wanted is what a start_children answered with ok and nobody terminated since, and each static
// child. A child that may end by itself is wanted as long as a node knows of it. What became of a
// call that ended as unknown is open: such a child may run, but not twice.
#pragma once

#include <map>
#include <set>

#include "scenario/checker.hpp"
#include "scenario/child_watch.hpp"

namespace horde::scenario {

class ChildrenChecker final : public Checker, public ChildListener {
 public:
  /// What a step asked for.
  struct StartedAs {
    std::string name;
    bool ends_by_itself = false;
    std::int64_t acknowledged_by = 1;
    bool is_static = false;
    std::int64_t disks_lost = 0;  // Since it was answered.
  };

  /// `redistribution`: active ones must end where placement puts them.
  ChildrenChecker(World& world, const ChildWatch& watch, Redistribution redistribution)
      : world_(&world), watch_(&watch), redistribution_(redistribution) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"E4", "A6"}; }

  /// A child that every node knows from the start.
  void on_static(const supervisor::ChildId& id, StartedAs as);
  /// A start or terminate is called for. To be told before its answer comes.
  void on_start(NodeIndex node, base::CallId call, StartedAs as);
  void on_terminate(NodeIndex node, base::CallId call, const supervisor::ChildId& id);
  /// The node's disk was rolled back or lost: children that none of `live` knows of may be lost,
  /// unless as many nodes as that held them.
  void on_disk_loss(NodeIndex node, const std::vector<NodeIndex>& live);
  /// The child that the last start of that name made, if it was answered.
  [[nodiscard]] std::optional<supervisor::ChildId> find(const std::string& name) const;
  /// What steps call it; empty if it was never answered.
  [[nodiscard]] std::string name_of(const supervisor::ChildId& id) const;
  /// It must run, sooner or later.
  [[nodiscard]] bool must_run(const supervisor::ChildId& id) const;

  void on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) override;
  void on_step(const WorldStep& step) override;
  void on_copy_starting(base::Instant at, NodeIndex node, const supervisor::ChildId& id) override;
  void check_all(Group live) override;
  [[nodiscard]] std::optional<std::string> unsettled(Group core) override;

 private:
  using CallKey = std::pair<NodeIndex, std::uint64_t>;

  [[nodiscard]] std::optional<std::string> odd_one(Group core) const;
  [[nodiscard]] std::optional<std::string> wrong_one(Group core) const;
  [[nodiscard]] std::optional<std::string> wrong_place(const supervisor::ChildRow& row,
                                                       Group core) const;
  [[nodiscard]] std::string shown(const supervisor::ChildId& id) const;

  World* world_;
  const ChildWatch* watch_;
  Redistribution redistribution_;
  std::map<CallKey, StartedAs> starts_;
  std::map<CallKey, supervisor::ChildId> terminates_;
  std::map<std::string, supervisor::ChildId> by_name_;
  std::map<supervisor::ChildId, StartedAs> wanted_;
  std::map<supervisor::ChildId, StartedAs> known_;  // All that had an answer with an id.
  std::set<supervisor::ChildId> terminated_;        // With ok.
  // Ends that a node has heard of; forgetting them is no reason to start again.
  std::map<NodeIndex, std::set<supervisor::ChildId>> ends_known_;
  std::uint64_t settled_version_ = 0;  // Of the watch, when all was well.
  std::vector<NodeIndex> settled_core_;
};

}  // namespace horde::scenario
