#include "scenario/child_metrics.hpp"

#include "scenario/metrics.hpp"

namespace horde::scenario {

void ChildMetrics::begin(std::optional<std::string> names) {
  names_ = std::move(names);
  counts_ = {};
  for (auto& [id, copies] : copies_) {
    copies.since = std::max(copies.since, world_->now());
  }
}

void ChildMetrics::on_declared_dead(base::Instant at, base::NodeId node) {
  dead_since_.emplace(node, at);
}

void ChildMetrics::change(base::Instant at, const Id& id, std::int64_t by) {
  Copies& copies = copies_[id];
  if (copies.up > 1) {
    counts_.duplicate_ns[id] += (copies.up - 1) * (at - copies.since).ns;
  }
  copies.up += by;
  copies.since = at;
}

void ChildMetrics::on_copy_starting(base::Instant /*at*/, NodeIndex /*node*/, const Id& id) {
  ++counts_.starts[id];
}

void ChildMetrics::on_copy_up(base::Instant at, NodeIndex node, const Id& id) {
  change(at, id, 1);
  const auto ended = outages_.extract(id);
  if (!ended) {
    return;
  }
  const Outage& outage = ended.mapped();
  const Sample sample{id, (at - outage.since).ns};
  counts_.outages.push_back(sample);
  const bool moved = base::NodeId::of(world_->name(node)) != outage.node;
  if (outage.how == CopyEnd::node_gone && moved) {
    counts_.takeovers.push_back(sample);
    const auto dead = dead_since_.find(outage.node);
    if (dead != dead_since_.end() && dead->second >= outage.since) {
      counts_.after_detection.push_back({id, (at - dead->second).ns});
    }
  } else if (outage.how == CopyEnd::crashed || outage.how == CopyEnd::finished) {
    counts_.restarts.push_back(sample);
  }
}

void ChildMetrics::on_copy_end(base::Instant at, NodeIndex node, const Id& id, CopyEnd how,
                               bool was_up) {
  counts_.crashes[id] += how == CopyEnd::crashed || how == CopyEnd::failed ? 1 : 0;
  if (!was_up) {
    return;
  }
  change(at, id, -1);
  if (copies_[id].up == 0) {
    const base::NodeId where = base::NodeId::of(world_->name(node));
    outages_[id] = {.since = at, .how = how, .node = where};
    if (how == CopyEnd::node_gone) {
      dead_since_.erase(where);  // Of an earlier life.
    }
    copies_.erase(id);
  }
}

// A name is given with the answer, after the child's first steps: so it is asked for last.
bool ChildMetrics::is_meant(const Id& id) const {
  if (!names_) {
    return true;
  }
  const std::string name = children_->name_of(id);
  const std::size_t place = names_->find(kNumberMark);
  if (place == std::string::npos) {
    return name == *names_;
  }
  return name.starts_with(names_->substr(0, place)) &&
         name.ends_with(names_->substr(place + kNumberMark.size()));
}

std::int64_t ChildMetrics::sum(const std::map<Id, std::int64_t>& of) const {
  std::int64_t out = 0;
  for (const auto& [id, value] : of) {
    out += is_meant(id) ? value : 0;
  }
  return out;
}

void ChildMetrics::add_to(std::vector<Metric>& out, const std::vector<NodeIndex>& live) const {
  using Unit = Metric::Unit;
  const base::Instant now = world_->now();
  std::map<Id, std::int64_t> duplicates = counts_.duplicate_ns;
  for (const auto& [id, copies] : copies_) {
    if (copies.up > 1) {
      duplicates[id] += (copies.up - 1) * (now - copies.since).ns;
    }
  }
  Samples outages = counts_.outages;
  for (const auto& [id, outage] : outages_) {
    const auto child = live.empty() ? std::nullopt : world_->child(live.front(), id);
    const bool quarantined = child && child->state == supervisor::RunState::quarantined;
    if (children_->must_run(id) && !quarantined) {
      outages.push_back({id, (now - outage.since).ns});
    }
  }
  out.push_back({.name = "child starts", .value = sum(counts_.starts)});
  out.push_back({.name = "child crashes", .value = sum(counts_.crashes)});
  out.push_back(
      {.name = "duplicate process seconds", .unit = Unit::time, .value = sum(duplicates)});
  const auto add = [&](std::string name, const Samples& samples) {
    std::vector<std::int64_t> meant;
    for (const Sample& sample : samples) {
      if (is_meant(sample.id)) {
        meant.push_back(sample.ns);
      }
    }
    if (!meant.empty()) {
      out.push_back(spread(std::move(name), Unit::time, std::move(meant)));
    }
  };
  add("child outage", outages);
  add("child restart", counts_.restarts);
  add("takeover", counts_.takeovers);
  add("takeover after detection", counts_.after_detection);
  std::vector<std::int64_t> rows;
  for (const NodeIndex node : live) {
    if (const auto sizes = world_->sizes(node).children) {
      rows.push_back(static_cast<std::int64_t>(sizes->children + sizes->copies + sizes->calls +
                                               sizes->pids + sizes->timers + sizes->moves +
                                               sizes->confirmations));
    }
  }
  if (!rows.empty()) {
    out.push_back(spread("child rows node", Unit::count, std::move(rows)));
  }
}

}  // namespace horde::scenario
