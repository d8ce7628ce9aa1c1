// Actions: the calls of clients, one by one and as workloads.
#include <algorithm>

#include "scenario/actions.hpp"

namespace horde::scenario {
namespace {

// A write waits for the first sync no longer than that.
constexpr base::Duration kWriteTime = base::seconds(2);

// Unlike every other value of the run, as far as its size allows.
std::string filled(std::string value, ByteCount size) {
  value.resize(static_cast<std::size_t>(size.bytes), '.');
  return value;
}

std::string unique_value(std::uint64_t step, std::uint64_t repetition, std::int64_t i) {
  return std::to_string(step) + '.' + std::to_string(repetition) + '.' + std::to_string(i);
}

}  // namespace

void Actions::call(NodeIndex node, const Call& call, CallsChecker::Asked asked) {
  const base::CallId id{++last_call_};
  run_->last_write = run_->world.now();
  run_->calls.on_call(node, id, std::move(asked));
  if (run_->world.call(node, id, call) != CallResult::made) {
    run_->calls.on_not_made(node, id);
  }
}

void Actions::write(NodeIndex node, const Call& call) {
  const base::CallId id{++last_call_};
  run_->metrics.on_write(node, id);
  run_->last_write = run_->world.now();
  if (const auto* put = std::get_if<PutCall>(&call)) {
    std::vector<crdt::Key> keys;
    for (const auto& [key, value] : put->pairs) {
      keys.push_back(key);
    }
    run_->acknowledged.on_put(node, id, std::move(keys));
  }
  run_->calls.on_call(node, id, {.what = "a write", .timeout = kWriteTime});
  if (run_->world.call(node, id, call) != CallResult::made) {
    run_->metrics.on_write_refused(node, id);
    run_->calls.on_not_made(node, id);
  }
}

void Actions::put(NodeIndex node, std::string key, std::string value) {
  write(node, PutCall{{{std::move(key), std::move(value)}}});
}

void Actions::on(const Put& put_step, Place place) {
  Cluster::Resolver resolve = resolver(place);
  if (const auto node = resolve(put_step.via)) {
    put(*node, put_step.key, put_step.value);
  }
}

void Actions::on(const Remove& remove, Place place) {
  Cluster::Resolver resolve = resolver(place);
  if (const auto node = resolve(remove.via)) {
    write(*node, RemoveCall{{remove.key}});
  }
}

void Actions::on(const Merge& merge, Place place) {
  Cluster::Resolver resolve = resolver(place);
  if (const auto node = resolve(merge.via)) {
    write(*node, PutCall{{merge.entries.begin(), merge.entries.end()}});
  }
}

void Actions::on(const Drop& drop, Place place) {
  Cluster::Resolver resolve = resolver(place);
  if (const auto node = resolve(drop.via)) {
    write(*node, RemoveCall{drop.keys});
  }
}

void Actions::on(const SetMembers& set, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const auto node = resolve(set.via);
  if (!node) {
    return;
  }
  const bool of_registry = set.horde == WhichHorde::registry;
  for (const NodeIndex each : run_->cluster.all()) {
    Cluster::Node& state = run_->cluster[each];
    const bool removed = std::ranges::find(set.members, state.name) == set.members.end();
    (of_registry ? state.removed_from_registry : state.removed) = removed;
  }
  write(*node, SetMembersCall{set.members, set.horde});
  run_->reads.look_again();
}

void Actions::spread(std::int64_t count, base::Duration over,
                     std::function<void(std::int64_t)> one) {
  if (count > 0) {
    go_on({.count = count, .over = over, .begin = run_->now(), .one = std::move(one)}, 0);
  }
}

// One act at a time is scheduled, so that a million of them need no memory. Those of one moment
// happen at once: what the next step does at that moment comes after them.
void Actions::go_on(Spread spread, std::int64_t i) {
  for (; i < spread.count; ++i) {
    // In two parts: a long time times a large count does not fit into 64 bits.
    const base::Duration at = spread.begin + spread.over / spread.count * i +
                              base::Duration{spread.over.ns % spread.count * i / spread.count};
    if (at > run_->now()) {
      run_->schedule.at(
          at, [this, spread = std::move(spread), i]() mutable { go_on(std::move(spread), i); });
      return;
    }
    spread.one(i);
  }
}

std::optional<NodeIndex> Actions::turn(const Nodes& nodes, std::int64_t i) const {
  if (nodes.empty()) {
    return {};
  }
  return nodes[static_cast<std::size_t>(i) % nodes.size()];
}

void Actions::on(const PutMany& many, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes nodes = present(resolve, many.via);
  spread(many.count, many.over, [this, many, place, nodes](std::int64_t i) {
    if (const auto node = turn(nodes, i)) {
      put(*node, numbered(many.key, many.first + i),
          filled(unique_value(place.step, place.repetition, i), many.value_size));
    }
  });
}

void Actions::on(const RemoveMany& many, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes nodes = present(resolve, many.via);
  spread(many.count, many.over, [this, many, nodes](std::int64_t i) {
    if (const auto node = turn(nodes, i)) {
      write(*node, RemoveCall{{numbered(many.key, many.first + i)}});
    }
  });
}

void Actions::on(const Workload& load, Place place) {
  const base::Rng chance = run_->chance("workload", place.step, place.repetition);
  const std::int64_t all = load.puts + load.removes;
  spread(all, load.over, [this, load, place, chance, all](std::int64_t i) {
    base::Rng rng = chance.fork(static_cast<std::uint64_t>(i));
    Cluster::Resolver resolve(run_->cluster, rng.fork("via"));
    const Nodes nodes = running(resolve, load.via);
    if (nodes.empty()) {
      run_->metrics.on_write_lost();
      return;
    }
    const NodeIndex node = nodes[rng.below(nodes.size())];
    const auto number = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(load.keys)));
    const std::string key = numbered(load.key, number);
    // Evenly mixed: the i-th is a remove where the share of removes passes a whole number.
    if ((i + 1) * load.removes / all > i * load.removes / all) {
      write(node, RemoveCall{{key}});
    } else {
      put(node, key, filled(unique_value(place.step, place.repetition, i), load.value_size));
    }
  });
}

}  // namespace horde::scenario
