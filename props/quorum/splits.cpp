#include "props/quorum/splits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "base/rng.hpp"
#include "scenario/runner.hpp"
#include "sim/horde/horde_world.hpp"
#include "sim/horde/node_config.hpp"
#include "supervisor/quorum.hpp"

namespace horde::props {
namespace {

constexpr std::int64_t kChildren = 12;
constexpr base::Duration kProbeInterval = base::milliseconds(100);
constexpr base::Duration kStart = base::seconds(2);  // The nodes have found each other.
constexpr base::Duration kLeave = base::seconds(3);
constexpr base::Duration kCrash = base::seconds(5);

bool has(std::uint32_t set, std::uint32_t node) {
  return ((set >> node) & 1U) != 0;
}

std::uint32_t all_of(const Split& split) {
  return (1U << split.nodes) - 1;
}

// Who runs when the cut begins.
std::uint32_t present(const Split& split) {
  return all_of(split) & ~split.left & ~split.crashed;
}

// What nodes of the scenario run with.
struct Times {
  base::Duration noticed_max;
  base::Duration stop_bound;
  base::Duration takeover_max;  // From the cut to the last claim.
};

Times times_of(const Split& split) {
  scenario::Scenario scenario;
  scenario.horde.distribution = scenario::Distribution::uniform_quorum;
  scenario.horde.probe_interval = kProbeInterval;
  const liveness::Options liveness = sim::liveness_of(scenario.horde);
  const supervisor::Options supervisor = sim::children_config(scenario, "n1").options;
  Times out{.noticed_max = supervisor::cut_noticed_max(liveness, split.nodes),
            .stop_bound = supervisor::quorum_stop_bound(liveness, split.nodes, supervisor)};
  out.takeover_max =
      out.noticed_max + supervisor::quorum_takeover_delay(out.noticed_max, supervisor);
  return out;
}

base::Duration cut_at(const Split& split) {
  return kCrash + split.crash_to_cut;
}
// A second for the children to start.
base::Duration looked_at(const Split& split) {
  return cut_at(split) + times_of(split).takeover_max + base::seconds(1);
}

std::string names(std::uint32_t set) {
  std::string out;
  for (std::uint32_t node = 0; node < 32; ++node) {
    if (has(set, node)) {
      out += fmt::format("{}\"n{}\"", out.empty() ? "" : ", ", node + 1);
    }
  }
  return "[" + out + "]";
}

/// What must hold of copies while the cluster is cut.
class SplitChecker final : public scenario::Checker {
 public:
  SplitChecker(const sim::HordeWorld& world, const Split& split) : world_(&world), split_(split) {
    const Times times = times_of(split);
    stopped_at_ = cut_at(split) + times.stop_bound;
    looked_at_ = looked_at(split);
    // Otherwise a death from before the cut is taken over while both sides still think that they
    // have quorum, or is known to some and not to others.
    views_agree_ = split.crashed == 0 || split.crash_to_cut > times.takeover_max;
    const Keeps keeps = keeps_quorum(split);
    const std::uint32_t second = split.cut & present(split);
    const std::uint32_t first = present(split) & ~split.cut;
    winners_ = keeps == Keeps::first ? first : keeps == Keeps::second ? second : 0;
  }

  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"quorum"}; }

  void on_down(base::Instant /*at*/, scenario::NodeIndex node, scenario::DownWhy /*why*/) override {
    copies_[node].clear();
  }

  void on_step(const scenario::WorldStep& step) override {
    const base::Duration at{step.at.ns};
    if (at >= looked_at_ || !findings_.empty()) {
      return;
    }
    const bool must_have_stopped = at >= stopped_at_;
    if (world_->is_up(step.node)) {
      const auto& node = sim::engine_of<node::Node>(*world_->simulator().machine(step.node));
      std::vector<supervisor::ChildId> copies = node.copies(0)->ids();
      if (copies != copies_[step.node]) {
        copies_[step.node] = std::move(copies);
        if (views_agree_ || must_have_stopped) {
          check_once();
        }
      }
    }
    if (must_have_stopped && !has(winners_, step.node) && !copies_[step.node].empty()) {
      add(step.node, "has no quorum, and still runs children");
    }
  }

  /// Looked at when the cut has lasted long enough.
  [[nodiscard]] std::string after_takeover() const {
    const std::size_t wanted = winners_ == 0 ? 0 : static_cast<std::size_t>(kChildren);
    std::size_t running = 0;
    for (const auto& [node, copies] : copies_) {
      running += copies.size();
    }
    return running == wanted
               ? ""
               : fmt::format("{} children run after the takeover; {} should", running, wanted);
  }

 private:
  void check_once() {
    std::map<supervisor::ChildId, scenario::NodeIndex> running;
    for (const auto& [node, copies] : copies_) {
      for (const supervisor::ChildId& id : copies) {
        const auto [other, is_first] = running.emplace(id, node);
        if (!is_first) {
          add(node, "runs a child that " + world_->name(other->second) + " runs as well");
        }
      }
    }
  }
  void add(std::uint32_t node, std::string text) {
    findings_.add({.id = "quorum", .node = world_->name(node), .text = std::move(text)});
  }

  const sim::HordeWorld* world_;
  Split split_;
  base::Duration stopped_at_;
  base::Duration looked_at_;
  bool views_agree_ = false;
  std::uint32_t winners_ = 0;
  std::map<scenario::NodeIndex, std::vector<supervisor::ChildId>> copies_;  // Until looked_at_.
};

std::string links_of(const Split& split) {
  if (!split.uneven) {
    return "";
  }
  base::Rng rng = base::Rng(split.seed).fork("links");
  std::string out;
  for (std::uint32_t from = 0; from < split.nodes; ++from) {
    for (std::uint32_t to = 0; to < split.nodes; ++to) {
      if (from != to) {
        out += fmt::format(
            "{}\n    {{\"from\": \"n{}\", \"to\": \"n{}\", \"latency\": {{\"constant\": "
            "\"{}ms\"}}}}",
            out.empty() ? "" : ",", from + 1, to + 1, 1 + rng.below(10));
      }
    }
  }
  return "\"links\": [" + out + "]";
}

}  // namespace

Keeps keeps_quorum(const Split& split) {
  // Names of up to nine nodes are in the order of their numbers.
  std::vector<std::uint32_t> members;
  for (std::uint32_t node = 0; node < split.nodes; ++node) {
    if (!has(split.left, node)) {
      members.push_back(node);
    }
  }
  const auto voters = std::span(members).subspan(members.size() % 2 == 0 ? 1 : 0);
  std::size_t first = 0;
  std::size_t second = 0;
  for (const std::uint32_t node : voters) {
    if (!has(split.crashed, node)) {
      (has(split.cut, node) ? second : first) += 1;
    }
  }
  if (first * 2 > voters.size()) {
    return Keeps::first;
  }
  return second * 2 > voters.size() ? Keeps::second : Keeps::none;
}

std::vector<Split> all_splits(std::uint32_t nodes) {
  std::vector<Split> out;
  // The last node is always on the first side: each split once.
  for (std::uint32_t cut = 1; cut < (1U << (nodes - 1)); ++cut) {
    out.push_back({.nodes = nodes, .cut = cut, .seed = cut});
  }
  return out;
}

Split random_split(std::uint64_t seed) {
  base::Rng rng = base::Rng(seed).fork("split");
  Split out{.nodes = 2 + static_cast<std::uint32_t>(rng.below(8)), .seed = seed};
  out.uneven = rng.chance(1, 2);
  out.crash_to_cut = base::milliseconds(static_cast<std::int64_t>(rng.below(10'000)));
  for (std::uint32_t node = 0; node < out.nodes; ++node) {
    // Two at least are there to be cut.
    if (std::popcount(present(out)) > 2 && rng.chance(1, 4)) {
      (rng.chance(1, 2) ? out.left : out.crashed) |= 1U << node;
    }
  }
  do {
    out.cut = static_cast<std::uint32_t>(rng.below(1U << out.nodes));
  } while ((out.cut & present(out)) == 0 || (out.cut & present(out)) == present(out));
  return out;
}

std::string scenario_of(const Split& split) {
  std::string steps = fmt::format(
      "    {{\"at\": \"{}ms\", \"start_children\": {{\"count\": {}, \"via\": \"all\", \"over\": "
      "\"200ms\"}}}},\n",
      kStart.ns / 1'000'000, kChildren);
  if (split.left != 0) {
    steps += fmt::format("    {{\"at\": \"{}ms\", \"stop\": {}}},\n", kLeave.ns / 1'000'000,
                         names(split.left));
  }
  if (split.crashed != 0) {
    steps += fmt::format("    {{\"at\": \"{}ms\", \"crash\": {{\"nodes\": {}}}}},\n",
                         kCrash.ns / 1'000'000, names(split.crashed));
  }
  steps += fmt::format("    {{\"at\": \"{}ms\", \"cut\": {{\"groups\": [{}, {}]}}}},\n",
                       cut_at(split).ns / 1'000'000, names(present(split) & ~split.cut),
                       names(present(split) & split.cut));
  const std::int64_t heal = looked_at(split).ns / 1'000'000;
  steps += fmt::format("    {{\"at\": \"{}ms\", \"heal\": \"all\"}},\n", heal);
  steps += fmt::format("    {{\"at\": \"{}ms\", \"settle\": \"30s\"}},\n", heal);
  steps +=
      fmt::format("    {{\"at\": \"{}ms\", \"expect\": {{\"children\": {}}}}}", heal, kChildren);
  return fmt::format(R"({{
  "seed": {},
  "nodes": {},
  "formed": false,
  "horde": {{"distribution": "uniform_quorum", "probe_interval": "{}ms", "sync_interval": "1s"}},
  "network": {{{}}},
  "timeline": [
{}
  ],
  "always": ["A6"],
  "eventually": ["E4"]
}}
)",
                     split.seed, split.nodes, kProbeInterval.ns / 1'000'000, links_of(split),
                     steps);
}

std::string run_split(const Split& split) {
  const std::string text = scenario_of(split);
  const auto parsed = scenario::parse(text);
  if (!parsed) {
    return to_string(parsed.error().front()) + "\n" + text;
  }
  sim::HordeWorld world(*parsed, parsed->seed);
  auto checker = std::make_unique<SplitChecker>(world, split);
  const SplitChecker& seen = *checker;
  scenario::Runner::Checkers own;
  own.push_back(std::move(checker));
  scenario::Runner runner(*parsed, parsed->seed, world, std::move(own));
  const scenario::RunResult result = runner.run();
  std::string out;
  for (const scenario::Failure& failure : result.failures) {
    out += fmt::format("{} at {} ms on {}: {}\n", failure.id, failure.at.ns / 1'000'000,
                       failure.node, failure.text);
  }
  out += result.failures.empty() ? seen.after_takeover() : "";
  return out.empty() ? "" : out + "\nto see it, `horde run` this:\n" + text;
}

}  // namespace horde::props
