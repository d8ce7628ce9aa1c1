// E3 and E5: each wanted name has one live holder, whom every node can look up; no name points at
// a process that has ended.
//
// Wanted is what a registration answered with ok, while the process lives, has not given it up and
// has not been told that it lost it; and the name of a child that must run, where a copy runs.
#pragma once

#include <map>
#include <set>

#include "scenario/check_children.hpp"
#include "scenario/name_watch.hpp"

namespace horde::scenario {

class NamesChecker final : public Checker {
 public:
  NamesChecker(World& world, const Cluster& cluster, const NameWatch& watch,
               const ChildrenChecker& children, const ChildWatch& copies)
      : world_(&world),
        cluster_(&cluster),
        watch_(&watch),
        children_(&children),
        copies_(&copies) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"E3", "E5"}; }
  /// Only these of its ids are looked at.
  void look_for(bool holders, bool dead) {
    for_holders_ = holders;
    for_dead_ = dead;
  }

  /// A child of that name registers itself under `name` when it starts.
  void on_child(const base::Bytes& name, const std::string& child);
  // To be told before the answer comes.
  void on_register(NodeIndex node, base::CallId call, const base::Bytes& name,
                   const process::Pid& pid);
  /// Of a process that is started under the name: known on its node as `process`.
  void on_start_under(NodeIndex node, base::CallId call, const base::Bytes& name,
                      const std::string& process);
  void on_unregister(NodeIndex node, base::CallId call, const base::Bytes& name,
                     const process::Pid& pid);
  /// The node's registry was asked to stop.
  void on_stop(NodeIndex node);

  void on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  [[nodiscard]] std::optional<std::string> unsettled(Group core) override;

  /// Somebody who lives holds it, or is a child that must run.
  [[nodiscard]] bool is_meant(const base::Bytes& name) const;
  /// The same, and the child has a copy that runs.
  [[nodiscard]] bool is_wanted(const base::Bytes& name) const;
  /// Whether each wanted name has one live holder, the same for all `nodes`, and no other process
  /// has an entry under it.
  [[nodiscard]] bool all_held(Group nodes) const;

 private:
  using CallKey = std::pair<NodeIndex, std::uint64_t>;
  struct Asked {
    base::Bytes name;
    process::Pid pid;
    std::string process;  // Of a start.
    bool gives_up = false;
  };

  void forget(NodeIndex node);
  [[nodiscard]] bool is_registered(const base::Bytes& name) const;
  template <class Which>
  [[nodiscard]] bool is_of_child(const base::Bytes& name, Which&& which) const;
  [[nodiscard]] std::optional<std::string> odd_one(Group core) const;
  [[nodiscard]] std::optional<std::string> wrong(const base::Bytes& name, Group core) const;
  [[nodiscard]] std::optional<std::string> missing_one(Group core) const;
  [[nodiscard]] std::optional<std::string> left_over(Group core) const;

  World* world_;
  const Cluster* cluster_;
  const NameWatch* watch_;
  const ChildrenChecker* children_;
  const ChildWatch* copies_;
  bool for_holders_ = true;
  bool for_dead_ = true;
  std::map<CallKey, Asked> asked_;
  std::map<base::Bytes, std::set<process::Pid>> registered_;
  std::map<base::Bytes, std::set<std::string>> of_children_;
  std::uint64_t changes_ = 1;  // Of what is wanted.
  // When all was well.
  std::pair<std::uint64_t, std::uint64_t> settled_at_{};
  std::uint64_t settled_copies_ = 0;
  std::vector<NodeIndex> settled_core_;
};

}  // namespace horde::scenario
