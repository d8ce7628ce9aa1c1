// ChildWatch: which copies of which children there are, by what nodes tell of them.
//
// Checkers and metrics of children listen to it. What a node had is gone with its life.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "scenario/world.hpp"

namespace horde::scenario {

/// How a copy came to its end.
enum class CopyEnd : std::uint8_t {
  stopped,    ///< It was asked to.
  finished,   ///< By a normal exit of its own.
  crashed,    ///< By any other.
  ignored,    ///< It never was up: its init declined.
  failed,     ///< It never was up: its init failed.
  lost_name,  ///< To another process that has its name.
  node_gone,  ///< With its node.
};

class ChildListener {
 public:
  virtual ~ChildListener() = default;
  virtual void on_copy_starting(base::Instant /*at*/, NodeIndex /*node*/,
                                const supervisor::ChildId& /*id*/) {}
  virtual void on_copy_up(base::Instant /*at*/, NodeIndex /*node*/,
                          const supervisor::ChildId& /*id*/) {}
  /// `was_up`: it had started.
  virtual void on_copy_end(base::Instant /*at*/, NodeIndex /*node*/,
                           const supervisor::ChildId& /*id*/, CopyEnd /*how*/, bool /*was_up*/) {}
  /// Some node declared another one dead.
  virtual void on_declared_dead(base::Instant /*at*/, base::NodeId /*node*/) {}
};

class ChildWatch final : public WorldObserver {
 public:
  struct Copy {
    NodeIndex node = 0;
    bool up = false;  // Or starting.
  };

  /// Told in the order in which they came; live as long as the watch.
  void add(ChildListener& listener) { listeners_.push_back(&listener); }

  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_step(const WorldStep& step) override;
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  void on_down(base::Instant at, NodeIndex node, DownWhy why) override;

  /// Its copies, also those that are starting.
  [[nodiscard]] const std::vector<Copy>& copies(const supervisor::ChildId& id) const;
  [[nodiscard]] const std::set<supervisor::ChildId>& on(NodeIndex node) const;
  [[nodiscard]] bool is_up(NodeIndex node, const supervisor::ChildId& id) const;
  /// Children with more than one copy, and those whose only copy is still starting.
  [[nodiscard]] const std::set<supervisor::ChildId>& odd() const { return odd_; }
  /// Another one after each change of copies or of some node's entries.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  using Copies = std::map<supervisor::ChildId, std::vector<Copy>>;

  void end(base::Instant at, NodeIndex node, const supervisor::ChildId& id, CopyEnd how);
  void end_all(base::Instant at, NodeIndex node);
  void look(const supervisor::ChildId& id);

  std::vector<ChildListener*> listeners_;
  Copies copies_;
  std::map<NodeIndex, std::set<supervisor::ChildId>> by_node_;
  std::set<supervisor::ChildId> odd_;
  std::uint64_t version_ = 1;
};

}  // namespace horde::scenario
