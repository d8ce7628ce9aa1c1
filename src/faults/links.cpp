#include "faults/links.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace horde::faults {

LinkSet::LinkSet(const std::vector<Nodes>& groups) {
  for (const Nodes& group : groups) {
    for (const base::NodeId node : group) {
      members_.push_back({.node = node, .group = groups_count_});
    }
    ++groups_count_;
  }
  std::ranges::sort(members_, {}, &Member::node);
  HORDE_ASSERT(std::ranges::adjacent_find(members_, {}, &Member::node) == members_.end());
  matrix_.resize(std::size_t{groups_count_} * groups_count_);
}

std::uint32_t LinkSet::group_of(base::NodeId node) const {
  const auto found = std::ranges::lower_bound(members_, node, {}, &Member::node);
  return found != members_.end() && found->node == node ? found->group : 0;
}

bool LinkSet::contains(base::NodeId from, base::NodeId to) const {
  return from != to && matrix_[group_of(from) * groups_count_ + group_of(to)] != 0;
}

LinkSet LinkSet::split(const std::vector<Nodes>& groups) {
  LinkSet links(groups);
  for (std::uint32_t from = 1; from < links.groups_count_; ++from) {
    for (std::uint32_t to = 1; to < links.groups_count_; ++to) {
      if (from != to) {
        links.insert(from, to);
      }
    }
  }
  return links;
}

LinkSet LinkSet::isolate(const Nodes& nodes) {
  LinkSet links({nodes});
  links.insert(0, 1);
  links.insert(1, 0);
  links.insert(1, 1);
  return links;
}

LinkSet LinkSet::one_way(const Nodes& from, const Nodes& to) {
  LinkSet links({from, to});
  links.insert(1, 2);
  return links;
}

LinkSet LinkSet::out_of(const Nodes& nodes) {
  LinkSet links({nodes});
  links.insert(1, 0);
  return links;
}

LinkSet LinkSet::into(const Nodes& nodes) {
  LinkSet links({nodes});
  links.insert(0, 1);
  return links;
}

LinkSet LinkSet::bridge(const Nodes& left, const Nodes& right) {
  return split({left, right});
}

LinkSet LinkSet::majorities_ring(const Nodes& ring) {
  HORDE_ASSERT(ring.size() >= 3);
  std::vector<Nodes> groups;
  for (const base::NodeId node : ring) {
    groups.push_back({node});
  }
  LinkSet links(groups);
  const std::size_t majority = ring.size() / 2 + 1;
  const std::size_t before = (majority - 1) / 2;
  for (std::size_t to = 0; to < ring.size(); ++to) {
    for (std::size_t from = 0; from < ring.size(); ++from) {
      // Counted from the first of those that `to` hears.
      const std::size_t place = (from + before + ring.size() - to) % ring.size();
      if (place >= majority) {
        links.insert(static_cast<std::uint32_t>(from + 1), static_cast<std::uint32_t>(to + 1));
      }
    }
  }
  return links;
}

LinkSet LinkSet::pairs(const std::vector<std::pair<base::NodeId, base::NodeId>>& all) {
  Nodes nodes;
  for (const auto& [one, other] : all) {
    nodes.push_back(one);
    nodes.push_back(other);
  }
  std::ranges::sort(nodes);
  const auto repeated = std::ranges::unique(nodes);
  nodes.erase(repeated.begin(), repeated.end());
  std::vector<Nodes> groups;
  for (const base::NodeId node : nodes) {
    groups.push_back({node});
  }
  LinkSet links(groups);
  for (const auto& [one, other] : all) {
    links.insert(links.group_of(one), links.group_of(other));
    links.insert(links.group_of(other), links.group_of(one));
  }
  return links;
}

LinkSet LinkSet::among(const Nodes& nodes,
                       const std::function<bool(base::NodeId, base::NodeId)>& belongs) {
  std::vector<Nodes> groups;
  for (const base::NodeId node : nodes) {
    groups.push_back({node});
  }
  LinkSet links(groups);
  for (std::uint32_t from = 0; from < nodes.size(); ++from) {
    for (std::uint32_t to = 0; to < nodes.size(); ++to) {
      if (from != to && belongs(nodes[from], nodes[to])) {
        links.insert(from + 1, to + 1);
      }
    }
  }
  return links;
}

LinkSet LinkSet::all() {
  LinkSet links;
  links.insert(0, 0);
  return links;
}

Nodes shuffled(Nodes nodes, base::Rng& rng) {
  for (std::size_t left = nodes.size(); left > 1; --left) {
    std::swap(nodes[left - 1], nodes[rng.below(left)]);
  }
  return nodes;
}

std::vector<Nodes> random_groups(const Nodes& nodes, std::size_t groups_max, base::Rng& rng) {
  HORDE_ASSERT(nodes.size() >= 2 && groups_max >= 2);
  const std::size_t most = std::min(groups_max, nodes.size());
  const std::size_t count = 2 + rng.below(most - 1);
  const Nodes order = shuffled(nodes, rng);
  // The places where one group ends and the next begins: `count - 1` of those between two nodes.
  std::vector<std::size_t> ends;
  std::size_t wanted = count - 1;
  for (std::size_t place = 1; place < order.size(); ++place) {
    if (rng.chance(wanted, order.size() - place)) {
      ends.push_back(place);
      --wanted;
    }
  }
  ends.push_back(order.size());
  std::vector<Nodes> groups;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    Nodes group(order.begin() + static_cast<std::ptrdiff_t>(begin),
                order.begin() + static_cast<std::ptrdiff_t>(end));
    std::ranges::sort(group);
    groups.push_back(std::move(group));
    begin = end;
  }
  return groups;
}

Nodes random_some(const Nodes& nodes, std::size_t count, base::Rng& rng) {
  HORDE_ASSERT(count <= nodes.size());
  Nodes some = shuffled(nodes, rng);
  some.resize(count);
  std::ranges::sort(some);
  return some;
}

std::vector<std::pair<base::NodeId, base::NodeId>> random_pairs(const Nodes& nodes,
                                                                std::uint32_t ppm,
                                                                const base::Rng& rng) {
  std::vector<std::pair<base::NodeId, base::NodeId>> pairs;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t j = i + 1; j < nodes.size(); ++j) {
      const auto [one, other] = std::minmax(nodes[i], nodes[j]);
      base::Rng draw = rng.fork(base::combine(one.value, other.value));
      if (draw.chance(ppm, 1'000'000)) {
        pairs.emplace_back(one, other);
      }
    }
  }
  return pairs;
}

BridgeSides random_bridge(const Nodes& nodes, base::Rng& rng) {
  HORDE_ASSERT(nodes.size() >= 3);
  const Nodes order = shuffled(nodes, rng);
  const auto half = static_cast<std::ptrdiff_t>((order.size() - 1) / 2);
  BridgeSides sides{.left = Nodes(order.begin() + 1, order.begin() + 1 + half),
                    .middle = order.front(),
                    .right = Nodes(order.begin() + 1 + half, order.end())};
  std::ranges::sort(sides.left);
  std::ranges::sort(sides.right);
  return sides;
}

std::string to_string(const Nodes& nodes) {
  std::string out;
  for (const base::NodeId node : nodes) {
    out += (out.empty() ? "" : " ") + to_string(node);
  }
  return out;
}

std::string to_string(const std::vector<Nodes>& groups) {
  std::string out;
  for (const Nodes& group : groups) {
    out += (out.empty() ? "" : " | ") + to_string(group);
  }
  return out;
}

}  // namespace horde::faults
