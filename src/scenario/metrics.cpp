#include "scenario/metrics.hpp"

#include <algorithm>

namespace horde::scenario {

Metric spread(std::string name, Metric::Unit unit, std::vector<std::int64_t> samples) {
  std::ranges::sort(samples);
  const auto at_percent = [&](std::size_t percent) {
    return samples[(samples.size() - 1) * percent / 100];
  };
  std::int64_t sum = 0;
  for (const std::int64_t sample : samples) {
    sum += sample;
  }
  const auto count = static_cast<std::int64_t>(samples.size());
  return {.name = std::move(name),
          .unit = unit,
          .value = sum / count,
          .distribution = Metric::Distribution{.samples = count,
                                               .p50 = at_percent(50),
                                               .p90 = at_percent(90),
                                               .p99 = at_percent(99),
                                               .max = samples.back()}};
}

void Metrics::begin(const std::vector<NodeIndex>& all) {
  counts_ = {.false_deaths_before = deaths_->false_deaths()};
  world_->reset_maxima();
  for (const NodeIndex node : all) {
    counts_.sent_before[node] = world_->traffic(node);
  }
}

void Metrics::on_step(const WorldStep& step) {
  counts_.events += std::ssize(step.written) + std::ssize(step.registry.written);
}

void Metrics::on_crash(NodeIndex node, const std::vector<NodeIndex>& watching) {
  Crash& crash = crashes_[base::NodeId::of(world_->name(node))];
  crash = {.at = world_->now(), .watching = {watching.begin(), watching.end()}};
  std::erase_if(crash.watching, [&](NodeIndex each) {
    return each == node || dead_to_.contains({each, base::NodeId::of(world_->name(node))});
  });
  for (auto& [other, before] : crashes_) {
    before.watching.erase(node);  // It will not tell of anybody any more.
  }
}

void Metrics::on_up(base::Instant /*at*/, NodeIndex node, std::uint64_t /*boot*/) {
  crashes_.erase(base::NodeId::of(world_->name(node)));
  std::erase_if(dead_to_, [&](const auto& dead) { return dead.first == node; });
}

void Metrics::on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) {
  ++counts_.told[tell.topic];
  if (tell.topic == "member_dead") {
    dead_to_.emplace(node, tell.about);
  } else if (tell.topic == "member_up") {
    dead_to_.erase({node, tell.about});
  }
  const auto crash = crashes_.find(tell.about);
  if (tell.topic != "member_dead" || crash == crashes_.end() ||
      crash->second.watching.erase(node) == 0) {
    return;
  }
  const std::int64_t after = (at - crash->second.at).ns;
  counts_.detection.push_back(after);
  if (crash->second.watching.empty()) {
    counts_.detection_all.push_back(after);
  }
}

void Metrics::on_answer(base::Instant /*at*/, NodeIndex node, const base::Answer& answer) {
  if (writes_.erase({node, answer.call.value}) == 0) {
    return;  // Of something else.
  }
  ++(answer.status == "ok" ? counts_.acknowledged : counts_.refused);
}

std::int64_t Metrics::told(std::string_view topic) const {
  const auto it = counts_.told.find(topic);
  return it == counts_.told.end() ? 0 : it->second;
}

std::vector<Metric> Metrics::result(const std::vector<NodeIndex>& all) const {
  using Unit = Metric::Unit;
  std::vector<Metric> out;
  const auto add_spread = [&](std::string name, Unit unit, std::vector<std::int64_t> samples) {
    if (!samples.empty()) {
      out.push_back(spread(std::move(name), unit, std::move(samples)));
    }
  };
  add_spread("convergence", Unit::time, counts_.convergence);
  add_spread("detection each", Unit::time, counts_.detection);
  add_spread("detection all", Unit::time, counts_.detection_all);
  std::vector<std::int64_t> memory;
  for (const NodeIndex node : all) {
    if (world_->is_up(node) && world_->map(node) != nullptr) {
      const NodeSizes sizes = world_->sizes(node);
      memory.push_back(static_cast<std::int64_t>(sizes.replication.bytes +
                                                 (sizes.registry ? sizes.registry->bytes : 0)));
    }
  }
  add_spread("memory node", Unit::bytes, std::move(memory));
  if (formation_) {
    out.push_back({.name = "formation", .unit = Unit::time, .value = formation_->ns});
  }
  out.push_back({.name = "deaths", .value = told("member_dead")});
  out.push_back(
      {.name = "false deaths", .value = deaths_->false_deaths() - counts_.false_deaths_before});
  out.push_back({.name = "events written", .value = counts_.events});
  if (counts_.called > 0) {
    out.push_back({.name = "writes called", .value = counts_.called});
    out.push_back({.name = "writes acknowledged", .value = counts_.acknowledged});
    out.push_back({.name = "writes refused", .value = counts_.refused});
  }
  out.push_back({.name = "sessions", .value = told("session_done")});
  out.push_back({.name = "sessions paged", .value = told("truncated_sync")});
  out.push_back({.name = "sessions reconciled", .value = told("reconciled")});
  add_traffic(out, all);
  return out;
}

void Metrics::add_traffic(std::vector<Metric>& out, const std::vector<NodeIndex>& all) const {
  std::vector<KindTally> sums;
  std::vector<std::int64_t> peaks;  // Membership datagrams in a node's busiest second.
  for (const NodeIndex node : all) {
    const std::vector<KindTally> tallies = world_->traffic(node);
    const auto before = counts_.sent_before.find(node);
    sums.resize(tallies.size());
    for (std::size_t i = 0; i < tallies.size(); ++i) {
      const KindTally zero = before == counts_.sent_before.end() ? KindTally{} : before->second[i];
      sums[i].kind = tallies[i].kind;
      sums[i].datagrams += tallies[i].datagrams - zero.datagrams;
      sums[i].bytes += tallies[i].bytes - zero.bytes;
      if (tallies[i].kind == kKindMembership) {
        peaks.push_back(static_cast<std::int64_t>(tallies[i].most_a_second));
      }
    }
  }
  if (!peaks.empty()) {
    out.push_back(spread("membership datagrams a second, peak", Metric::Unit::count, peaks));
  }
  for (const KindTally& sum : sums) {
    if (sum.datagrams > 0 && sum.kind != kKindFraming) {  // Every datagram has some.
      out.push_back({.name = "datagrams " + std::string(sum.kind),
                     .value = static_cast<std::int64_t>(sum.datagrams)});
    }
  }
  std::int64_t membership = 0;
  std::int64_t total = 0;
  for (const KindTally& sum : sums) {
    const auto bytes = static_cast<std::int64_t>(sum.bytes);
    total = sum.kind == kKindTotal ? bytes : total;
    membership = sum.kind == kKindMembership ? bytes : membership;
    if (bytes > 0) {
      out.push_back(
          {.name = "bytes " + std::string(sum.kind), .unit = Metric::Unit::bytes, .value = bytes});
    }
  }
  out.push_back({.name = "bytes without membership",
                 .unit = Metric::Unit::bytes,
                 .value = total - membership});
}

}  // namespace horde::scenario
