#include "scenario/name_metrics.hpp"

#include "scenario/metrics.hpp"

namespace horde::scenario {

void NameMetrics::begin() {
  counts_ = {};
  for (auto& [name, since] : bad_since_) {
    since = world_->now();
  }
}

void NameMetrics::on_tell(base::Instant /*at*/, NodeIndex /*node*/, const base::Tell& tell) {
  counts_.conflicts += tell.topic == "name_conflict" ? 1 : 0;
  counts_.killed += tell.topic == "name_killed" ? 1 : 0;
}

// A name that becomes wanted, or is no more, is told of too: its reads change with that.
void NameMetrics::on_name(base::Instant at, const base::Bytes& name) {
  const bool bad = watch_->is_bad(name) && names_->is_meant(name);
  if (bad) {
    bad_since_.emplace(name, at);
  } else if (const auto since = bad_since_.extract(name)) {
    counts_.unavailable_ns += (at - since.mapped()).ns;
  }
}

void NameMetrics::add_to(std::vector<Metric>& out, const std::vector<NodeIndex>& live) const {
  std::int64_t unavailable = counts_.unavailable_ns;
  for (const auto& [name, since] : bad_since_) {
    if (names_->is_meant(name)) {
      unavailable += (world_->now() - since).ns;
    }
  }
  out.push_back({.name = "name conflicts", .value = counts_.conflicts});
  out.push_back({.name = "name kills", .value = counts_.killed});
  out.push_back(
      {.name = "unavailable name seconds", .unit = Metric::Unit::time, .value = unavailable});
  if (!counts_.one_holder.empty()) {
    out.push_back(spread("heal to one holder", Metric::Unit::time, counts_.one_holder));
  }
  std::vector<std::int64_t> rows;
  for (const NodeIndex node : live) {
    if (const auto sizes = world_->sizes(node).names) {
      rows.push_back(static_cast<std::int64_t>(sizes->holdings));
    }
  }
  if (!rows.empty()) {
    out.push_back(spread("name rows node", Metric::Unit::count, std::move(rows)));
  }
}

}  // namespace horde::scenario
