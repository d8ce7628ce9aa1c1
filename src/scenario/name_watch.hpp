// NameWatch: whom each node reads as the holder of each name, and whether that process lives.
//
// Checkers and metrics of names listen to it. It asks again what a step has touched, and everything
// when a node comes or goes, so that thousands of names cost nothing while nothing happens to them.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "scenario/cluster.hpp"

namespace horde::scenario {

class NameListener {
 public:
  virtual ~NameListener() = default;
  /// Reads of the name have changed, or whether who is read lives.
  virtual void on_name(base::Instant at, const base::Bytes& name) = 0;
};

class NameWatch final : public WorldObserver {
 public:
  NameWatch(World& world, const Cluster& cluster) : world_(&world), cluster_(&cluster) {}

  /// Told in the order in which they came; live as long as the watch.
  void add(NameListener& listener) { listeners_.push_back(&listener); }
  /// Who reads has changed other than by a node's coming or going.
  void look_again();

  void on_step(const WorldStep& step) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  void on_down(base::Instant at, NodeIndex node, DownWhy why) override;

  /// Whom the node reads, ascending.
  [[nodiscard]] const std::vector<process::Pid>& read(NodeIndex node,
                                                      const base::Bytes& name) const;
  /// Whether the process lives, wherever that is.
  [[nodiscard]] bool lives(const process::Pid& pid) const;
  /// Whether some node that runs reads no live process.
  [[nodiscard]] bool is_bad(const base::Bytes& name) const;
  /// Names that are read somewhere, but not by all that run as the same live processes.
  [[nodiscard]] const std::set<base::Bytes>& odd() const { return odd_; }
  /// Whether somebody reads the name.
  [[nodiscard]] bool is_read(const base::Bytes& name) const { return reads_.contains(name); }
  /// Another one after each change.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  /// Nodes that run and have a registry which is to tell what the others' do.
  [[nodiscard]] std::vector<NodeIndex> readers() const;

 private:
  using Row = std::map<NodeIndex, std::vector<process::Pid>>;  // Without those that read nobody.

  void look(base::Instant at, NodeIndex node, const base::Bytes& name);
  void judge(base::Instant at, const base::Bytes& name, const std::vector<NodeIndex>& readers);
  void judge_all(base::Instant at);
  void forget(NodeIndex node);

  World* world_;
  const Cluster* cluster_;
  std::vector<NameListener*> listeners_;
  std::map<base::Bytes, Row> reads_;
  std::set<base::Bytes> odd_;
  std::set<base::Bytes> bad_;
  std::uint64_t version_ = 1;
};

}  // namespace horde::scenario
