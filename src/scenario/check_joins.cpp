#include "scenario/check_joins.hpp"

#include <algorithm>

namespace horde::scenario {
namespace {

// Larger maps are left to the property tests: three copies of each would cost more than the run.
constexpr std::size_t kEntriesMax = 20'000;

}  // namespace

MapState state_of(const crdt::AwLwwMap& map) {
  MapState state{.vector = map.vector(), .floor = map.floor()};
  state.entries.reserve(map.entries());
  map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    state.entries.emplace_back(key, siblings);
    return true;
  });
  return state;
}

crdt::AwLwwMap map_of(const MapState& state) {
  crdt::AwLwwMap map;
  for (const auto& [key, siblings] : state.entries) {
    map.load_entry(key, siblings);
  }
  map.load_vector(state.vector.open(), state.vector.closed());
  for (const auto& [run, counter] : state.floor) {
    map.load_floor(run, counter);
  }
  return map;
}

bool join_all(crdt::AwLwwMap& into, const MapState& from) {
  if (into.vector().agreement_with(from.vector) == crdt::Agreement::differs ||
      from.vector.agreement_with(into.vector()) == crdt::Agreement::differs) {
    return false;
  }
  crdt::Remote remote{
      .entries = from.entries, .vector = from.vector, .floor = from.floor, .adopt_floor = true};
  std::map<base::BytesView, const crdt::Siblings*> theirs;
  for (const auto& [key, siblings] : from.entries) {
    theirs.emplace(key, &siblings);
  }
  // What a reconciliation notes: our puts that they cover and do not have.
  into.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    const auto it = theirs.find(key);
    for (const crdt::Sibling& sibling : siblings) {
      const bool has = it != theirs.end() && crdt::find(*it->second, sibling.dot) != nullptr;
      if (sibling.kind == crdt::Kind::put && !has && from.vector.covers(sibling.dot)) {
        remote.gone.emplace_back(key, sibling.dot);
      }
    }
    return true;
  });
  into.join(remote);
  return true;
}

void JoinsChecker::check_all(Group live) {
  std::vector<NodeIndex> nodes;
  std::size_t entries = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(live.size(), 3); ++i) {
    const NodeIndex node = live[(turn_ + i) % live.size()];
    const crdt::AwLwwMap* map = map_of(*world_, node, which_);
    if (map != nullptr) {
      nodes.push_back(node);
      entries += map->entries();
    }
  }
  ++turn_;
  if (nodes.size() < 2 || entries > kEntriesMax) {
    return;
  }
  const MapState a = state_of(*map_of(*world_, nodes[0], which_));
  const MapState b = state_of(*map_of(*world_, nodes[1], which_));
  const MapState c = state_of(*map_of(*world_, nodes.back(), which_));
  crdt::AwLwwMap ab = map_of(a);
  crdt::AwLwwMap ba = map_of(b);
  if (!join_(ab, b) || !join_(ba, a)) {
    return;
  }
  expect_equal(ab, ba, nodes[0], "not commutative");
  const MapState ab_once = state_of(ab);
  crdt::AwLwwMap ab_twice = map_of(ab_once);
  if (join_(ab_twice, b) && join_(ab_twice, ab_once)) {
    expect_equal(ab_twice, ab, nodes[0], "not idempotent");
  }
  crdt::AwLwwMap bc = map_of(b);
  crdt::AwLwwMap a_bc = map_of(a);
  if (join_(bc, c) && join_(a_bc, state_of(bc)) && join_(ab, c)) {
    expect_equal(ab, a_bc, nodes[0], "not associative");
  }
}

void JoinsChecker::expect_equal(const crdt::AwLwwMap& a, const crdt::AwLwwMap& b, NodeIndex node,
                                std::string_view law) {
  if (a.digest() == b.digest() && a.to_map() == b.to_map()) {
    return;
  }
  findings_.add({.id = "A3",
                 .node = world_->name(node),
                 .text = "the join with its peer's state is " + std::string(law) + ": " +
                         crdt::to_string(a.vector()) + " with " + std::to_string(a.keys_visible()) +
                         " keys, or " + crdt::to_string(b.vector()) + " with " +
                         std::to_string(b.keys_visible()) + " keys"});
}

}  // namespace horde::scenario
