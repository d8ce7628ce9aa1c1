// Actions: what is read of nodes, and compared with what a scenario says.
#include <algorithm>
#include <set>

#include "scenario/actions.hpp"

namespace horde::scenario {
namespace {

std::string quoted(const std::optional<std::string>& value) {
  return value ? '"' + base::printable(*value) + '"' : "nothing";
}

std::int64_t number_of(const Amount& amount) {
  const auto* count = std::get_if<std::int64_t>(&amount.value);
  const auto* size = std::get_if<ByteCount>(&amount.value);
  return count != nullptr  ? *count
         : size != nullptr ? size->bytes
                           : std::get<base::Duration>(amount.value).ns;
}

std::string shown(Metric::Unit unit, std::int64_t value) {
  switch (unit) {
    case Metric::Unit::count:
      return std::to_string(value);
    case Metric::Unit::bytes:
      return std::to_string(value) + "B";
    case Metric::Unit::time:
      return to_text(base::nanoseconds(value));
  }
  return {};
}

std::int64_t statistic(const Metric& metric, MetricBounds::Of of) {
  if (!metric.distribution) {
    return metric.value;
  }
  switch (of) {
    case MetricBounds::Of::mean:
      return metric.value;
    case MetricBounds::Of::p50:
      return metric.distribution->p50;
    case MetricBounds::Of::p90:
      return metric.distribution->p90;
    case MetricBounds::Of::p99:
      return metric.distribution->p99;
    case MetricBounds::Of::max:
      return metric.distribution->max;
  }
  return metric.value;
}

// Which bound the metric is outside of; empty if it is within both.
std::string broken_bound(const Metric& metric, const MetricBounds& bounds) {
  const std::int64_t value = statistic(metric, bounds.of);
  std::string wanted;
  if (bounds.at_most && value > number_of(*bounds.at_most)) {
    wanted = "at most " + shown(metric.unit, number_of(*bounds.at_most));
  } else if (bounds.at_least && value < number_of(*bounds.at_least)) {
    wanted = "at least " + shown(metric.unit, number_of(*bounds.at_least));
  }
  return wanted.empty()
             ? ""
             : metric.name + " is " + shown(metric.unit, value) + "; " + wanted + " was expected";
}

}  // namespace

void Actions::fail(std::string_view step, NodeIndex node, std::string_view key, std::string text) {
  run_->unmet.add({.id = std::string(step),
                   .node = run_->cluster[node].name,
                   .key = base::printable(key),
                   .at = {run_->now().ns},
                   .text = std::move(text)});
}

void Actions::expect_value(NodeIndex node, std::string_view step, const std::string& key,
                           const std::optional<std::string>& value) {
  const std::optional<crdt::Value> read = run_->world.get(node, key);
  if (read != value) {
    fail(step, node, key, "reads " + quoted(read) + "; " + quoted(value) + " was expected");
  }
}

void Actions::on(const Get& get, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, {{get.via}})) {
    expect_value(node, "get", get.key, get.value.value);
  }
}

void Actions::on(const Take& take, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, {{take.via}})) {
    for (const std::string& key : take.keys) {
      const auto wanted = take.values.find(key);
      expect_value(node, "take", key,
                   wanted == take.values.end() ? std::nullopt : std::optional(wanted->second));
    }
  }
}

void Actions::on(const Expect& expect, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes alive = expect.alive ? present(resolve, *expect.alive) : Nodes{};
  const Nodes dead = expect.dead ? present(resolve, *expect.dead) : Nodes{};
  const Nodes nodes = running(resolve, expect.on);
  std::map<std::string, std::optional<NodeIndex>> held;
  for (const auto& [name, ref] : expect.held) {
    held[name] = Cluster::Resolver(resolver(place))(ref);
  }
  const std::size_t before = run_->unmet.list().size();
  for (const NodeIndex node : nodes) {
    for (const auto& [key, wanted] : expect.values) {
      expect_value(node, "expect", key, wanted.value);
    }
    for (const std::string& key : expect.absent) {
      expect_value(node, "expect", key, {});
    }
    if (expect.keys) {
      expect_count(node, std::ssize(run_->world.to_map(node)), expect.keys, "keys");
    }
    expect_children(node, expect);
    expect_names(node, expect, held);
    expect_members(node, expect, alive, dead);
  }
  if (expect.running) {
    expect_running(nodes, *expect.running);
  }
  if (expect.converged) {
    expect_converged(nodes, *expect.converged);
  }
  expect_metrics(expect);
  if (run_->unmet.list().size() == before) {
    tell(expect);
  } else {
    run_->story.add(TimelineLine::Kind::failure, "not as expected: " + to_string(Action(expect)));
  }
}

void Actions::expect_count(NodeIndex node, std::int64_t count,
                           const std::optional<std::int64_t>& wanted, std::string_view what) {
  if (wanted && count != *wanted) {
    fail("expect", node, {},
         "has " + std::to_string(count) + ' ' + std::string(what) + "; " + std::to_string(*wanted) +
             " were expected");
  }
}

void Actions::expect_children(NodeIndex node, const Expect& expect) {
  if (expect.children || expect.quarantined) {
    const std::vector<supervisor::ChildRow> rows = run_->world.children(node);
    expect_count(node, std::ssize(rows), expect.children, "children");
    expect_count(
        node,
        std::ranges::count(rows, supervisor::RunState::quarantined, &supervisor::ChildRow::state),
        expect.quarantined, "children in quarantine");
  }
  if (expect.quorum && run_->world.has_quorum(node) != *expect.quorum) {
    fail("expect", node, {},
         *expect.quorum ? "has no quorum; it was expected to" : "has quorum; none was expected");
  }
}

void Actions::expect_running(const Nodes& nodes, std::int64_t wanted) {
  std::map<supervisor::ChildId, NodeIndex> running;
  for (const NodeIndex node : nodes) {
    for (const supervisor::ChildId& id : run_->watch.on(node)) {
      if (!run_->watch.is_up(node, id)) {
        continue;
      }
      const auto [first, is_only] = running.emplace(id, node);
      if (!is_only) {
        const std::string name = run_->children.name_of(id);
        fail("expect", node, {},
             (name.empty() ? supervisor::to_string(id) : name) + " runs here and on " +
                 run_->cluster[first->second].name);
      }
    }
  }
  if (std::ssize(running) != wanted) {
    run_->unmet.add({.id = "expect",
                     .at = {run_->now().ns},
                     .text = "these nodes run " + std::to_string(running.size()) + " children; " +
                             std::to_string(wanted) + " were expected"});
  }
}

void Actions::expect_members(NodeIndex node, const Expect& expect, const Nodes& alive,
                             const Nodes& dead) {
  if (!expect.members && !expect.alive && !expect.dead) {
    return;
  }
  std::map<std::string, members::Status> seen;
  for (const members::Member& member : run_->world.members(node)) {
    seen.emplace(member.name, member.status);
  }
  if (expect.members) {
    if (const auto* count = std::get_if<std::int64_t>(&*expect.members)) {
      if (std::cmp_not_equal(seen.size(), *count)) {
        fail("expect", node, {},
             "has " + std::to_string(seen.size()) + " members; " + std::to_string(*count) +
                 " were expected");
      }
    } else {
      const auto& names = std::get<std::vector<std::string>>(*expect.members);
      const std::set<std::string> wanted(names.begin(), names.end());
      const bool equal =
          wanted.size() == seen.size() &&
          std::ranges::all_of(wanted, [&](const auto& n) { return seen.contains(n); });
      if (!equal) {
        std::string listed;
        for (const auto& [name, status] : seen) {
          listed += (listed.empty() ? "" : ", ") + name;
        }
        fail("expect", node, {}, "has other members than expected: " + listed);
      }
    }
  }
  const auto expect_status = [&](const Nodes& nodes, members::Status status) {
    for (const NodeIndex each : nodes) {
      const auto it = seen.find(run_->cluster[each].name);
      if (it == seen.end() || it->second != status) {
        fail("expect", node, {},
             "sees " + run_->cluster[each].name + " as " +
                 std::string(it == seen.end() ? "no member" : members::to_string(it->second)) +
                 "; " + std::string(members::to_string(status)) + " was expected");
      }
    }
  };
  expect_status(alive, members::Status::alive);
  expect_status(dead, members::Status::dead);
}

void Actions::on(const Measure& measure, Place /*place*/) {
  run_->metrics.begin(run_->cluster.all());
  run_->child_metrics.begin(measure.children);
  run_->name_metrics.begin();
}

void Actions::expect_metrics(const Expect& expect) {
  if (expect.metrics.empty()) {
    return;
  }
  const std::vector<Metric> metrics = run_->measured();
  for (const auto& [name, bounds] : expect.metrics) {
    const auto metric = std::ranges::find(metrics, name, &Metric::name);
    const auto known = std::ranges::find(known_metrics(), name, &MetricInfo::name);
    const Metric measured =
        metric == metrics.end() ? Metric{.name = name, .unit = known->unit} : *metric;
    if (const std::string why = broken_bound(measured, bounds); !why.empty()) {
      run_->unmet.add({.id = "expect", .at = {run_->now().ns}, .text = why});
    }
  }
}

void Actions::expect_converged(const Nodes& nodes, bool wanted) {
  const crdt::AwLwwMap* first = nullptr;
  for (const NodeIndex node : nodes) {
    const crdt::AwLwwMap* map = run_->world.map(node);
    first = first == nullptr ? map : first;
    if (map != nullptr && map->digest() != first->digest()) {
      if (wanted) {
        fail("expect", node, {}, "has another map than " + run_->cluster[nodes.front()].name);
      }
      return;
    }
  }
  if (!wanted) {
    run_->unmet.add({.id = "expect",
                     .at = {run_->now().ns},
                     .text = "the maps are equal; a difference was expected"});
  }
}

}  // namespace horde::scenario
