// A9: only the holder, its end, its member's removal or a lost conflict frees a name; and a process
// that has lost one has ended when its grace is over.
//
// Looked at where it is written: each remove of an entry must have one of these reasons, as its
// writer has it at that moment.
#pragma once

#include <map>
#include <set>

#include "registry/name.hpp"
#include "scenario/checker.hpp"
#include "scenario/cluster.hpp"

namespace horde::scenario {

class NameEndsChecker final : public Checker {
 public:
  /// `grace`: that a loser has.
  NameEndsChecker(World& world, const Cluster& cluster, base::Duration grace)
      : world_(&world), cluster_(&cluster), grace_(grace) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"A9"}; }

  /// Asked for by the process itself; to be told before the answer comes.
  void on_unregister(NodeIndex node, base::CallId call, const base::Bytes& name,
                     const process::Pid& pid);

  void on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_step(const WorldStep& step) override;
  void on_down(base::Instant at, NodeIndex node, DownWhy why) override;

 private:
  struct Loser {
    base::Instant until;
    std::optional<base::Instant> late;  // When it was first seen to live after it.
  };

  void look_at_losers(NodeIndex node, base::Instant at);
  void on_written(NodeIndex node, const crdt::Event& event);
  [[nodiscard]] bool may_free(NodeIndex node, const registry::NameKey& key) const;

  World* world_;
  const Cluster* cluster_;
  base::Duration grace_;
  std::map<std::pair<NodeIndex, std::uint64_t>, std::pair<base::Bytes, process::Pid>> asked_;
  // By who has written it: the process of each entry, and those that may be taken out.
  std::map<NodeIndex, std::map<registry::NameKey, process::Pid>> held_;
  std::set<std::pair<base::Bytes, process::Pid>> given_up_;
  std::map<NodeIndex, base::Instant> last_step_;
  std::map<NodeIndex, std::map<process::Pid, Loser>> losers_;
};

}  // namespace horde::scenario
