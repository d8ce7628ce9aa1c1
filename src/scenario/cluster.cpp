#include "scenario/cluster.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace horde::scenario {

void Cluster::add(const std::string& name) {
  const auto index = static_cast<NodeIndex>(nodes_.size());
  nodes_.push_back({.name = name, .id = base::NodeId::of(name)});
  by_name_.emplace(name, index);
  by_id_.emplace(nodes_.back().id, index);
}

void Cluster::draw_minority() {
  base::Rng rng = rng_.fork("minority");
  for (const base::NodeId id :
       faults::random_some(ids(all()), nodes_.empty() ? 0 : (nodes_.size() - 1) / 2, rng)) {
    minority_.insert(find(id));
  }
}

NodeIndex Cluster::find(const std::string& name) const {
  const auto it = by_name_.find(name);
  HORDE_ASSERT(it != by_name_.end());
  return it->second;
}

NodeIndex Cluster::find(base::NodeId id) const {
  const auto it = by_id_.find(id);
  HORDE_ASSERT(it != by_id_.end());
  return it->second;
}

std::vector<NodeIndex> Cluster::all() const {
  std::vector<NodeIndex> out;
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    out.push_back(node);
  }
  return out;
}

std::vector<NodeIndex> Cluster::running() const {
  return in({State::up});
}

std::vector<NodeIndex> Cluster::in(std::initializer_list<State> states) const {
  std::vector<NodeIndex> out = all();
  std::erase_if(out, [&](NodeIndex node) {
    return std::ranges::find(states, nodes_[node].state) == states.end();
  });
  return out;
}

faults::Nodes Cluster::ids(std::span<const NodeIndex> nodes) const {
  faults::Nodes out;
  for (const NodeIndex node : nodes) {
    out.push_back(nodes_[node].id);
  }
  return out;
}

NodeSet Cluster::named(std::span<const NodeIndex> nodes) const {
  NodeSet out;
  for (const NodeIndex node : nodes) {
    out.refs.push_back({.role = NodeRef::Role::named, .name = nodes_[node].name});
  }
  return out;
}

std::vector<NodeIndex> Cluster::Resolver::operator()(const NodeSet& set) {
  std::vector<NodeIndex> out;
  for (const NodeRef& ref : set.refs) {
    add(ref, out);
  }
  std::vector<NodeIndex> unique;
  for (const NodeIndex node : out) {
    if (std::ranges::find(unique, node) == unique.end()) {
      unique.push_back(node);
    }
  }
  used_.insert(unique.begin(), unique.end());
  return unique;
}

void Cluster::Resolver::reserve(const NodeSet& set) {
  for (const NodeRef& ref : set.refs) {
    if (ref.role == NodeRef::Role::named) {
      used_.insert(cluster_->find(ref.name));
    }
  }
}

std::optional<NodeIndex> Cluster::Resolver::operator()(const NodeRef& ref) {
  const std::vector<NodeIndex> nodes = (*this)(NodeSet{{ref}});
  return nodes.empty() ? std::nullopt : std::optional(nodes.front());
}

void Cluster::Resolver::add(const NodeRef& ref, std::vector<NodeIndex>& out) {
  const auto add_if = [&](const auto& belongs) {
    for (NodeIndex node = 0; node < cluster_->size(); ++node) {
      if (belongs(node)) {
        out.push_back(node);
      }
    }
  };
  switch (ref.role) {
    case NodeRef::Role::named:
      out.push_back(cluster_->find(ref.name));
      return;
    case NodeRef::Role::random: {
      std::vector<NodeIndex> free = draw_from_;
      std::erase_if(free, [&](NodeIndex node) {
        return used_.contains(node) || std::ranges::find(out, node) != out.end();
      });
      if (!free.empty()) {
        out.push_back(free[rng_.below(free.size())]);
      }
      return;
    }
    case NodeRef::Role::all:
      add_if([](NodeIndex) { return true; });
      return;
    case NodeRef::Role::minority:
      add_if([&](NodeIndex node) { return cluster_->is_minority(node); });
      return;
    case NodeRef::Role::majority:
      add_if([&](NodeIndex node) { return !cluster_->is_minority(node); });
      return;
    case NodeRef::Role::others:
      add_if([&](NodeIndex node) {
        return !used_.contains(node) && std::ranges::find(out, node) == out.end();
      });
      return;
    case NodeRef::Role::owner_of:
      if (const auto owner = cluster_->owner_of_ ? cluster_->owner_of_(ref.name) : std::nullopt) {
        out.push_back(*owner);
      }
      return;
    case NodeRef::Role::holder_of:
      if (const auto holder =
              cluster_->holder_of_ ? cluster_->holder_of_(ref.name) : std::nullopt) {
        out.push_back(*holder);
      }
      return;
  }
}

}  // namespace horde::scenario
