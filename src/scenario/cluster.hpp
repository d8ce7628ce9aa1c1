// Cluster: the nodes of a run by name, in which state each is meant to be, and who a role is.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "scenario/world.hpp"

namespace horde::scenario {

class Cluster {
 public:
  enum class State : std::uint8_t {
    waiting,  ///< Not started yet.
    up,
    crashed,  ///< A fault; a settle restarts it.
    stopped,  ///< As it was asked to.
    left,     ///< For good.
  };
  struct Node {
    std::string name;
    base::NodeId id;
    State state = State::waiting;
    bool paused = false;
    bool slow = false;
    /// Taken off the member list by a set_members: it runs, and replicates with nobody.
    bool removed = false;
    /// The same of the registry's member list.
    bool removed_from_registry = false;
    bool registry_stopped = false;   ///< In its present life.
    std::uint64_t starts = 0;        ///< So far: tells one life from another.
    std::uint64_t start_faults = 0;  ///< So far: a later one outlasts an earlier one.
    State ends_as = State::crashed;  ///< What it is when it next goes down by itself.
  };

  explicit Cluster(std::uint64_t seed) : rng_(base::Rng(seed).fork("roles")) {}

  void add(const std::string& name);
  /// Draws the minority, once all nodes of the start are there.
  void draw_minority();

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] Node& operator[](NodeIndex node) { return nodes_[node]; }
  [[nodiscard]] const Node& operator[](NodeIndex node) const { return nodes_[node]; }
  /// Requires: a node of that name was added.
  [[nodiscard]] NodeIndex find(const std::string& name) const;
  [[nodiscard]] NodeIndex find(base::NodeId id) const;
  /// How the owner of a child is found, by the child's name.
  using OwnerOf = std::function<std::optional<NodeIndex>(const std::string& child)>;
  void find_owners_by(OwnerOf owner_of) { owner_of_ = std::move(owner_of); }
  /// How the node of a name's holder is found.
  void find_holders_by(OwnerOf holder_of) { holder_of_ = std::move(holder_of); }
  [[nodiscard]] bool is_minority(NodeIndex node) const { return minority_.contains(node); }
  /// Ascending.
  [[nodiscard]] std::vector<NodeIndex> all() const;
  [[nodiscard]] std::vector<NodeIndex> running() const;
  [[nodiscard]] std::vector<NodeIndex> in(std::initializer_list<State> states) const;
  [[nodiscard]] faults::Nodes ids(std::span<const NodeIndex> nodes) const;

  /// The nodes of one step, as its roles are resolved: nobody is drawn twice, and `others` are all
  /// that the step names nowhere else.
  class Resolver {
   public:
    /// `draw_from`: whom `random` may be.
    Resolver(const Cluster& cluster, base::Rng rng, std::vector<NodeIndex> draw_from)
        : cluster_(&cluster), rng_(rng), draw_from_(std::move(draw_from)) {}
    Resolver(const Cluster& cluster, base::Rng rng) : Resolver(cluster, rng, cluster.running()) {}
    /// Names that the step gives elsewhere: not drawn, and not among `others`.
    void reserve(const NodeSet& set);
    /// In the order in which they are named; each once.
    [[nodiscard]] std::vector<NodeIndex> operator()(const NodeSet& set);
    [[nodiscard]] std::optional<NodeIndex> operator()(const NodeRef& ref);

   private:
    void add(const NodeRef& ref, std::vector<NodeIndex>& out);
    const Cluster* cluster_;
    base::Rng rng_;
    std::vector<NodeIndex> draw_from_;
    std::set<NodeIndex> used_;
  };
  [[nodiscard]] NodeSet named(std::span<const NodeIndex> nodes) const;

 private:
  base::Rng rng_;
  std::vector<Node> nodes_;
  std::map<std::string, NodeIndex> by_name_;
  std::map<base::NodeId, NodeIndex> by_id_;
  std::set<NodeIndex> minority_;
  OwnerOf owner_of_;
  OwnerOf holder_of_;
};

}  // namespace horde::scenario
