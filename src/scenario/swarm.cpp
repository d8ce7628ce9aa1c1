#include "scenario/swarm.hpp"

#include <algorithm>

#include "base/rng.hpp"
#include "faults/links.hpp"

namespace horde::scenario {
namespace {

// Draws concrete faults, one after the other.
class Draw {
 public:
  Draw(const Scenario& scenario, base::Rng rng) : options_(scenario.swarm), rng_(rng) {
    for (const NodeOptions& node : scenario.nodes) {
      names_.push_back(node.name);
    }
  }

  [[nodiscard]] std::vector<FaultFamily> families() {
    std::vector<FaultFamily> on;
    for (const FaultFamily family : options_.faults) {
      if (rng_.chance(1, 2)) {
        on.push_back(family);
      }
    }
    if (on.empty()) {
      on.push_back(options_.faults[rng_.below(options_.faults.size())]);
    }
    return on;
  }

  // Between half and one and a half of the mean.
  [[nodiscard]] base::Duration around(base::Duration mean) {
    return mean / 2 + base::Duration{static_cast<std::int64_t>(
                          rng_.below(static_cast<std::uint64_t>(mean.ns) + 1))};
  }

  [[nodiscard]] FaultFamily pick(const std::vector<FaultFamily>& families) {
    return families[rng_.below(families.size())];
  }

  // Nothing if too many nodes are down already.
  [[nodiscard]] std::optional<Action> fault(FaultFamily family, base::Duration at,
                                            base::Duration lasts) {
    switch (family) {
      case FaultFamily::crash:
        return crash(at, lasts, Disk::kept);
      case FaultFamily::disk_loss:
        return crash(at, lasts, rng_.chance(1, 2) ? Disk::rolled_back : Disk::lost);
      case FaultFamily::pause:
        return Pause{.nodes = one(), .lasts = lasts};
      case FaultFamily::slow:
        return Slow{.nodes = one(),
                    .delay = base::milliseconds(1 + static_cast<std::int64_t>(rng_.below(50))),
                    .lasts = lasts};
      case FaultFamily::cut:
        return cut(lasts);
      case FaultFamily::one_way:
        return Cut{.shape = OneWay{.from = one()}, .lasts = lasts};
      case FaultFamily::clog:
        return Clog{.from = one(), .lasts = lasts};
      case FaultFamily::loss:
        return Link{.loss = percent(5, 40), .lasts = lasts};
      case FaultFamily::duplicate:
        return Link{.duplicate = percent(5, 50), .lasts = lasts};
      case FaultFamily::reorder: {
        const Fraction share = percent(5, 50);
        return Link{.reorder = share,
                    .reorder_by = base::milliseconds(static_cast<std::int64_t>(rng_.below(100))),
                    .lasts = lasts};
      }
      case FaultFamily::corrupt:
        return Link{.corrupt = percent(1, 20), .lasts = lasts};
      case FaultFamily::latency:
        return latency(lasts);
      case FaultFamily::clock:
        return Clock{
            .nodes = one(),
            .step = base::milliseconds(static_cast<std::int64_t>(rng_.below(10'001)) - 5'000)};
    }
    return {};
  }

 private:
  [[nodiscard]] NodeSet named(const std::vector<std::string>& names) const {
    NodeSet out;
    for (const std::string& name : names) {
      out.refs.push_back({.role = NodeRef::Role::named, .name = name});
    }
    return out;
  }
  [[nodiscard]] NodeSet one() { return named({names_[rng_.below(names_.size())]}); }

  [[nodiscard]] Fraction percent(std::uint64_t least, std::uint64_t most) {
    return {static_cast<std::int64_t>(least + rng_.below(most - least + 1)) * 10'000};
  }

  [[nodiscard]] std::optional<Action> crash(base::Duration at, base::Duration lasts, Disk disk) {
    std::erase_if(down_, [&](const auto& down) { return down.second <= at; });
    if (std::cmp_greater_equal(down_.size(), options_.down_max)) {
      return {};
    }
    std::vector<std::string> up = names_;
    std::erase_if(up, [&](const std::string& name) {
      return std::ranges::find(down_, name, [](const auto& down) { return down.first; }) !=
             down_.end();
    });
    if (up.empty()) {
      return {};
    }
    const std::string& name = up[rng_.below(up.size())];
    down_.emplace_back(name, at + lasts);
    return Crash{.nodes = named({name}),
                 .disk = disk,
                 .records = 1 + static_cast<std::int64_t>(rng_.below(20)),
                 .restart_after = lasts};
  }

  [[nodiscard]] std::vector<std::string> shuffled() {
    std::vector<std::string> out;
    std::vector<std::string> left = names_;
    while (!left.empty()) {
      const auto pick = static_cast<std::ptrdiff_t>(rng_.below(left.size()));
      out.push_back(left[static_cast<std::size_t>(pick)]);
      left.erase(left.begin() + pick);
    }
    return out;
  }

  [[nodiscard]] std::optional<Action> cut(base::Duration lasts) {
    if (names_.size() < 2) {
      return {};
    }
    const std::uint64_t shapes = names_.size() < 3 ? 1 : 3;
    switch (rng_.below(shapes)) {
      case 0: {
        const std::vector<std::string> order = shuffled();
        const auto at = static_cast<std::ptrdiff_t>(1 + rng_.below(order.size() - 1));
        return Cut{.shape = Groups{{named({order.begin(), order.begin() + at}),
                                    named({order.begin() + at, order.end()})}},
                   .lasts = lasts};
      }
      case 1:
        return Cut{.shape = Bridge{.over = one().refs.front()}, .lasts = lasts};
      default:
        return Cut{.shape = MajoritiesRing{}, .lasts = lasts};
    }
  }

  [[nodiscard]] Action latency(base::Duration lasts) {
    const auto mean = base::milliseconds(10 + static_cast<std::int64_t>(rng_.below(190)));
    return Link{.latency = Latency{ExponentialLatency{.min = mean / 10, .mean = mean}},
                .lasts = lasts};
  }

  const SwarmOptions& options_;
  base::Rng rng_;
  std::vector<std::string> names_;
  std::vector<std::pair<std::string, base::Duration>> down_;  // Until when.
};

}  // namespace

DrawnSwarm draw_swarm(const Scenario& scenario, std::uint64_t seed, base::Duration at,
                      const Swarm& swarm, std::uint64_t number) {
  const base::Rng rng = base::Rng(seed).fork("swarm").fork(number);
  Draw draw(scenario, rng.fork("faults"));
  DrawnSwarm drawn{.families = draw.families()};
  const base::Duration end = at + swarm.lasts;
  base::Duration time = at + draw.around(scenario.swarm.gap / 2);
  while (time < end) {
    const FaultFamily family = draw.pick(drawn.families);
    const base::Duration lasts = std::min(draw.around(scenario.swarm.lasts), end - time);
    if (auto action = draw.fault(family, time, lasts)) {
      drawn.steps.push_back({.at = time, .action = std::move(*action)});
    }
    time += draw.around(scenario.swarm.gap);
  }
  return drawn;
}

std::vector<Setting> settings_of(const DrawnSwarm& drawn) {
  std::string families;
  for (const FaultFamily family : drawn.families) {
    families += (families.empty() ? "" : " ") + std::string(to_string(family));
  }
  std::vector<Setting> out{{"swarm.faults", families}};
  for (const Step& step : drawn.steps) {
    out.push_back({"at " + to_text(step.at), to_string(step.action)});
  }
  return out;
}

}  // namespace horde::scenario
