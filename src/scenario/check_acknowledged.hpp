// A4: an acknowledged put that nobody removed is in some live state.
//
// "Acknowledged": its node said ok, and neither lost its disk since nor is down. "Removed": some
// event, by whomever, superseded it. Where it must be is any live node's map: that it comes to all
// others is E1's to say.
#pragma once

#include <map>
#include <set>
#include <unordered_map>

#include "base/hash.hpp"
#include "scenario/checker.hpp"

namespace horde::scenario {

class AcknowledgedChecker final : public Checker {
 public:
  explicit AcknowledgedChecker(World& world, WhichHorde which = WhichHorde::horde)
      : world_(&world), which_(which) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"A4"}; }

  /// A put was called for, of these keys (users'). To be told before its answer comes.
  void on_put(NodeIndex node, base::CallId call, std::vector<crdt::Key> keys);
  /// The node's disk was rolled back or lost: what it had acknowledged is gone with it.
  void on_disk_loss(NodeIndex node) { open_.erase(node); }

  void on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_step(const WorldStep& step) override;
  void check_all(Group live) override;

 private:
  struct Put {
    crdt::Key key;
    crdt::Stamp stamp = 0;
  };
  using Puts = std::map<base::Dot, Put>;

  void supersede(const crdt::Event& event);
  void forget_rewritten(NodeIndex node, const crdt::Event& event);
  [[nodiscard]] bool is_held(const base::Dot& dot, const crdt::Key& key, Group live) const;

  World* world_;
  WhichHorde which_;
  std::map<std::pair<NodeIndex, std::uint64_t>, std::vector<crdt::Key>> calls_;
  std::vector<crdt::Key> answered_;  // Keys of puts that were answered in the present step.
  std::map<NodeIndex, Puts> open_;   // By writer; acknowledged, and not superseded.
  std::map<base::NodeId, NodeIndex> writers_;
};

}  // namespace horde::scenario
