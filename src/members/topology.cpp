#include "members/topology.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>

#include "base/hash.hpp"

namespace horde::members {
namespace {

// setS: an edge that two rings share stands once.
using Graph = boost::adjacency_list<boost::setS, boost::vecS, boost::undirectedS>;
using Nodes = std::vector<base::NodeId>;  // Ascending; a vertex is an index into it.

template <class... Handlers>
struct Overload : Handlers... {
  using Handlers::operator()...;
};

Graph complete_graph(std::size_t n) {
  Graph graph(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      boost::add_edge(i, j, graph);
    }
  }
  return graph;
}

// The vertices in an order of its own for each `number`, the same wherever it is computed.
std::vector<std::size_t> shuffled(const Nodes& nodes, std::uint64_t number) {
  std::vector<std::size_t> order(nodes.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::ranges::sort(order, {}, [&](std::size_t i) {
    return std::pair(base::combine(base::mix64(number), nodes[i].value), i);
  });
  return order;
}

void add_ring(Graph& graph, const std::vector<std::size_t>& order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t next = order[(i + 1) % order.size()];
    if (next != order[i]) {
      boost::add_edge(order[i], next, graph);
    }
  }
}

Graph ring_graph(const Nodes& nodes) {
  Graph graph(nodes.size());
  std::vector<std::size_t> order(nodes.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  add_ring(graph, order);
  return graph;
}

Graph regular_graph(const Nodes& nodes, std::uint32_t k) {
  if (nodes.size() <= k + 1) {
    return complete_graph(nodes.size());
  }
  Graph graph(nodes.size());
  for (std::uint32_t ring = 0; ring < std::max(k / 2, 1U); ++ring) {
    add_ring(graph, shuffled(nodes, ring + 1));
  }
  if (k % 2 == 1) {
    const std::vector<std::size_t> order = shuffled(nodes, 0);
    for (std::size_t i = 0; i < order.size() / 2; ++i) {
      boost::add_edge(order[i], order[i + order.size() / 2], graph);
    }
  }
  return graph;
}

Graph given_graph(const Nodes& nodes, const Given& given) {
  Graph graph(nodes.size());
  const auto index_of = [&nodes](base::NodeId node) {
    const auto it = std::ranges::lower_bound(nodes, node);
    return it != nodes.end() && *it == node ? static_cast<std::size_t>(it - nodes.begin())
                                            : nodes.size();
  };
  for (const auto& [a, b] : given.edges) {
    if (const std::size_t i = index_of(a), j = index_of(b); i < nodes.size() && j < nodes.size()) {
      boost::add_edge(i, j, graph);
    }
  }
  return graph;
}

Graph graph_of(const Nodes& nodes, const Topology& topology) {
  return std::visit(Overload{
                        [&](const Automatic& automatic) {
                          return nodes.size() <= automatic.mesh_max
                                     ? complete_graph(nodes.size())
                                     : regular_graph(nodes, automatic.k);
                        },
                        [&](const FullMesh&) { return complete_graph(nodes.size()); },
                        [&](const Ring&) { return ring_graph(nodes); },
                        [&](const KRegular& regular) { return regular_graph(nodes, regular.k); },
                        [&](const Given& given) { return given_graph(nodes, given); },
                    },
                    topology);
}

bool is_full_mesh(std::size_t n, const Topology& topology) {
  const auto* automatic = std::get_if<Automatic>(&topology);
  return std::holds_alternative<FullMesh>(topology) ||
         (automatic != nullptr && n <= automatic->mesh_max);
}

}  // namespace

Neighbours neighbours_of(base::NodeId self, const std::set<base::NodeId>& present,
                         const Topology& topology) {
  const Nodes nodes(present.begin(), present.end());
  const auto it = std::ranges::lower_bound(nodes, self);
  Neighbours out;
  if (it == nodes.end() || *it != self) {
    return out;
  }
  if (is_full_mesh(nodes.size(), topology)) {  // Known without building its n^2 edges.
    out.nodes = nodes;
    std::erase(out.nodes, self);
    return out;
  }
  const Graph graph = graph_of(nodes, topology);
  const auto vertex = static_cast<std::size_t>(it - nodes.begin());
  for (auto [at, end] = boost::adjacent_vertices(vertex, graph); at != end; ++at) {
    out.nodes.push_back(nodes[*at]);
  }
  std::ranges::sort(out.nodes);
  out.complete = boost::num_edges(graph) == nodes.size() * (nodes.size() - 1) / 2;
  return out;
}

std::size_t components(const std::set<base::NodeId>& present, const Topology& topology) {
  const Nodes nodes(present.begin(), present.end());
  std::vector<std::size_t> component(nodes.size());
  return static_cast<std::size_t>(
      boost::connected_components(graph_of(nodes, topology), component.data()));
}

}  // namespace horde::members
