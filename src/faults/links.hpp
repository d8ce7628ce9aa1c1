// LinkSet: a set of directed links, as a value, and the shapes of cuts that are made of it.
//
//   split           {a b | c d}          the groups do not hear each other
//   isolate         {a}, everyone else   nothing in, nothing out
//   one_way         {a} -> {b}           b does not hear a
//   bridge          {a b} c {d e}        c hears and is heard by all, the two sides are apart
//   majorities_ring                      each hears a majority, no two hear the same one
//   pairs           a - c, b - d         partial: these pairs and no others
//
// Each shape's random form draws the arguments and leaves building the set to the shape, so that
// what was drawn can be printed and written down as a scenario without chance in it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/rng.hpp"

namespace horde::faults {

using Nodes = std::vector<base::NodeId>;

class LinkSet {
 public:
  /// No link at all.
  LinkSet() : LinkSet(std::vector<Nodes>{}) {}

  /// Whether the link from `from` to `to` belongs to the set. Never for `from == to`.
  /// Cost: two binary searches.
  [[nodiscard]] bool contains(base::NodeId from, base::NodeId to) const;

  /// Requires, for all that follow: no node is named twice (asserted).

  /// Between different groups, both ways. Nodes that are not named are not touched.
  [[nodiscard]] static LinkSet split(const std::vector<Nodes>& groups);
  /// Between each of `nodes` and everyone else, both ways; they do not hear each other either.
  [[nodiscard]] static LinkSet isolate(const Nodes& nodes);
  /// From each of `from` to each of `to`.
  [[nodiscard]] static LinkSet one_way(const Nodes& from, const Nodes& to);
  /// From each of `nodes` to everyone not named: they hear, and are not heard.
  [[nodiscard]] static LinkSet out_of(const Nodes& nodes);
  /// From everyone not named to each of `nodes`: they are heard, and do not hear.
  [[nodiscard]] static LinkSet into(const Nodes& nodes);
  /// Between `left` and `right`, both ways. A node that is in neither joins them.
  [[nodiscard]] static LinkSet bridge(const Nodes& left, const Nodes& right);
  /// What remains is a ring of majorities: each node hears itself and the next ones around it in
  /// the order given, together a bare majority. Where that is an even number, a node hears one more
  /// of those after it than of those before it. Requires: at least three nodes.
  /// Source: Jepsen, nemesis.clj, majorities-ring-perfect.
  [[nodiscard]] static LinkSet majorities_ring(const Nodes& ring);
  /// Between the two of each pair, both ways. Here a node may be in several pairs.
  [[nodiscard]] static LinkSet pairs(const std::vector<std::pair<base::NodeId, base::NodeId>>& all);
  /// Every link there is.
  [[nodiscard]] static LinkSet all();
  /// The links among `nodes` that `belongs(from, to)` chooses; a part of another set, for one.
  /// Cost: a byte for each pair.
  [[nodiscard]] static LinkSet among(
      const Nodes& nodes, const std::function<bool(base::NodeId, base::NodeId)>& belongs);

  friend bool operator==(const LinkSet&, const LinkSet&) = default;

 private:
  struct Member {
    base::NodeId node;
    std::uint32_t group = 0;
    friend bool operator==(const Member&, const Member&) = default;
  };

  explicit LinkSet(const std::vector<Nodes>& groups);
  [[nodiscard]] std::uint32_t group_of(base::NodeId node) const;
  void insert(std::uint32_t from, std::uint32_t to) { matrix_[from * groups_count_ + to] = 1; }

  std::uint32_t groups_count_ = 1;  // Group 0 is everyone who is not named.
  std::vector<Member> members_;     // Ascending by node.
  std::vector<std::uint8_t> matrix_;
};

/// `nodes` in random order. Requires, for all random forms: `nodes` without duplicates.
[[nodiscard]] Nodes shuffled(Nodes nodes, base::Rng& rng);
/// 2 to `groups_max` groups, none empty, their sizes uniform. Requires: two nodes or more.
[[nodiscard]] std::vector<Nodes> random_groups(const Nodes& nodes, std::size_t groups_max,
                                               base::Rng& rng);
/// `count` of the nodes. Requires: count <= nodes.size().
[[nodiscard]] Nodes random_some(const Nodes& nodes, std::size_t count, base::Rng& rng);
/// Each pair with a chance of `ppm` in a million, drawn under the pair's own key: one node less
/// leaves the other pairs as they are.
[[nodiscard]] std::vector<std::pair<base::NodeId, base::NodeId>> random_pairs(const Nodes& nodes,
                                                                              std::uint32_t ppm,
                                                                              const base::Rng& rng);

/// The sides of a bridge: one node in the middle, the others in two halves.
struct BridgeSides {
  Nodes left;
  base::NodeId middle;
  Nodes right;
};
/// Requires: three nodes or more.
[[nodiscard]] BridgeSides random_bridge(const Nodes& nodes, base::Rng& rng);

[[nodiscard]] std::string to_string(const Nodes& nodes);                // "n1 n2"
[[nodiscard]] std::string to_string(const std::vector<Nodes>& groups);  // "n1 n2 | n3"

}  // namespace horde::faults
