// Actions: cuts of all shapes, clogs and link changes.
#include <algorithm>
#include <set>

#include "scenario/actions.hpp"
#include "scenario/overloaded.hpp"

namespace horde::scenario {
namespace {

constexpr std::size_t kRingNodesMin = 3;  // Of a majorities ring, and of a bridge.

}  // namespace

template <class Change>
void Actions::change_network(const Change& change) {
  run_->deaths.disturb_network();
  change();
  run_->deaths.disturb_network();
}

void Actions::end_after(NetworkFaults::FaultId fault, const std::optional<base::Duration>& lasts) {
  if (lasts) {
    later(*lasts, [this, fault] { change_network([&] { run_->network.end(fault); }); });
  }
}

void Actions::on(const Cut& cut, Place place) {
  const Cut shape = concrete(cut, place);
  tell(shape);
  change_network([&] {
    if (auto links = links_of(shape)) {
      end_after(run_->network.cut(shape.name, std::move(*links)), shape.lasts);
    }
  });
}

// The cut with nodes in place of roles and chance.
Cut Actions::concrete(const Cut& cut, Place place) {
  using State = Cluster::State;
  const Nodes present = run_->cluster.in({State::up, State::crashed, State::stopped});
  Cluster::Resolver resolve(run_->cluster, run_->chance("step", place.step, place.repetition),
                            present);
  const auto named = [&](const NodeSet& set) { return run_->cluster.named(resolve(set)); };
  Cut out = cut;
  out.shape = std::visit(
      Overloaded{
          [&](const Groups& shape) -> decltype(out.shape) {
            Groups groups;
            for (const NodeSet& set : shape.groups) {
              resolve.reserve(set);
            }
            std::set<NodeIndex> taken;
            for (const NodeSet& set : shape.groups) {
              Nodes nodes = resolve(set);
              std::erase_if(nodes, [&](NodeIndex node) { return !taken.insert(node).second; });
              groups.groups.push_back(run_->cluster.named(nodes));
            }
            return groups;
          },
          [&](const Isolate& shape) -> decltype(out.shape) { return Isolate{named(shape.nodes)}; },
          [&](const OneWay& shape) -> decltype(out.shape) {
            const NodeSet from = named(shape.from);
            return OneWay{from, named(shape.to)};
          },
          [&](const Bridge& shape) -> decltype(out.shape) {
            return Bridge{named({{shape.over}}).refs.front()};
          },
          [](const MajoritiesRing& shape) -> decltype(out.shape) { return shape; },
          [&](const RandomCut&) -> decltype(out.shape) {
            base::Rng rng = run_->chance("cut", place.step, place.repetition);
            const faults::Nodes nodes = run_->cluster.ids(present);
            const auto set_of = [&](const faults::Nodes& ids) {
              NodeSet set;
              for (const base::NodeId id : ids) {
                set.refs.push_back({.name = run_->cluster[run_->cluster.find(id)].name});
              }
              return set;
            };
            const std::uint64_t shapes = nodes.size() < kRingNodesMin ? 2 : 5;
            switch (rng.below(shapes)) {
              case 0:
                return Isolate{set_of(faults::random_some(nodes, 1, rng))};
              case 1:
                return OneWay{set_of(faults::random_some(nodes, 1, rng)),
                              NodeSet::of(NodeRef::Role::all)};
              case 2:
                return Bridge{set_of(faults::random_some(nodes, 1, rng)).refs.front()};
              case 3:
                return MajoritiesRing{};
              default: {
                Groups groups;
                for (const faults::Nodes& group : faults::random_groups(nodes, 3, rng)) {
                  groups.groups.push_back(set_of(group));
                }
                return groups;
              }
            }
          }},
      cut.shape);
  return out;
}

// Requires: a concrete shape. Nothing where there are too few nodes for it.
std::optional<faults::LinkSet> Actions::links_of(const Cut& cut) {
  using State = Cluster::State;
  const faults::Nodes present =
      run_->cluster.ids(run_->cluster.in({State::up, State::crashed, State::stopped}));
  Cluster::Resolver resolve(run_->cluster, base::Rng(0));
  const auto ids = [&](const NodeSet& set) { return run_->cluster.ids(resolve(set)); };
  using Result = std::optional<faults::LinkSet>;
  return std::visit(
      Overloaded{[&](const Groups& shape) -> Result {
                   std::vector<faults::Nodes> groups;
                   for (const NodeSet& set : shape.groups) {
                     groups.push_back(ids(set));
                   }
                   return faults::LinkSet::split(groups);
                 },
                 [&](const Isolate& shape) -> Result {
                   return faults::LinkSet::isolate(ids(shape.nodes));
                 },
                 [&](const OneWay& shape) -> Result {
                   const faults::Nodes from = ids(shape.from);
                   return links_between(from, ids(shape.to));
                 },
                 [&](const Bridge& shape) -> Result {
                   if (present.size() < kRingNodesMin) {
                     return {};
                   }
                   const base::NodeId middle = ids({{shape.over}}).front();
                   faults::Nodes others = present;
                   std::erase(others, middle);
                   const auto half =
                       others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
                   return faults::LinkSet::bridge({others.begin(), half}, {half, others.end()});
                 },
                 [&](const MajoritiesRing&) -> Result {
                   if (present.size() < kRingNodesMin) {
                     return {};
                   }
                   return faults::LinkSet::majorities_ring(present);
                 },
                 [](const RandomCut&) -> Result { return {}; }},
      cut.shape);
}

void Actions::on(const Heal& heal, Place /*place*/) {
  change_network([&] { run_->network.heal(heal.cut); });
}

void Actions::on(const Clog& clog, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const faults::Nodes from = run_->cluster.ids(resolve(clog.from));
  const faults::Nodes to = run_->cluster.ids(resolve(clog.to));
  change_network([&] { end_after(run_->network.clog(links_between(from, to)), clog.lasts); });
}

void Actions::on(const Unclog& unclog, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const faults::Nodes from = run_->cluster.ids(resolve(unclog.from));
  const faults::Nodes to = run_->cluster.ids(resolve(unclog.to));
  change_network([&] { run_->network.unclog(from, to, run_->cluster.ids(run_->cluster.all())); });
}

void Actions::on(const Link& link, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const faults::Nodes from = run_->cluster.ids(resolve(link.from));
  const faults::Nodes to = run_->cluster.ids(resolve(link.to));
  change_network([&] { end_after(run_->network.change(link, from, to), link.lasts); });
}

void Actions::on(const Channel& channel, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const faults::Nodes from = run_->cluster.ids(resolve(channel.from));
  const faults::Nodes to = run_->cluster.ids(resolve(channel.to));
  change_network([&] {
    const faults::Delay delay{channel.delay, run_->world.channels(channel.horde)};
    end_after(run_->network.delay(delay, links_between(from, to)), channel.lasts);
  });
}

}  // namespace horde::scenario
