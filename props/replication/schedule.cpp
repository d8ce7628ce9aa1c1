#include "props/replication/schedule.hpp"

#include <array>
#include <span>

namespace horde::props {
namespace {

using Weights = std::array<std::uint32_t, kStepKinds>;

template <class T, std::size_t n>
T pick(base::Rng& rng, const std::array<T, n>& choices) {
  return choices[rng.below(n)];
}

replication::Options make_options(base::Rng& rng) {
  replication::Options out;
  out.propagation =
      rng.chance(1, 4) ? replication::Propagation::interval : replication::Propagation::eager;
  out.sync_interval =
      base::milliseconds(pick<std::int64_t>(rng, std::array<std::int64_t, 3>{300, 300, 2'000}));
  out.page_keys_max = pick<std::size_t>(rng, std::array<std::size_t, 4>{1, 1, 2, 65'536});
  out.page_window = pick<std::size_t>(rng, std::array<std::size_t, 4>{1, 1, 2, 32});
  out.early_events_max = pick<std::size_t>(rng, std::array<std::size_t, 4>{0, 1, 1'024, 1'024});
  out.push_bytes_per_interval =
      pick<std::size_t>(rng, std::array<std::size_t, 4>{100, 1'000'000, 1'000'000, 1'000'000});
  out.sessions_served_max = pick<std::size_t>(rng, std::array<std::size_t, 3>{1, 64, 64});
  out.tombstone_age_max = base::milliseconds(
      pick<std::int64_t>(rng, std::array<std::int64_t, 4>{0, 400, 60'000, 60'000}));
  out.tombstones_max = pick<std::size_t>(rng, std::array<std::size_t, 3>{0, 1, 100'000});
  out.siblings_kept = pick<std::size_t>(rng, std::array<std::size_t, 3>{1, 3, 8});
  return out;
}

Settings make_settings(base::Rng& rng) {
  Settings out;
  out.nodes = pick<std::uint32_t>(rng, std::array<std::uint32_t, 5>{2, 3, 3, 3, 4});
  out.keys = pick<std::uint32_t>(rng, std::array<std::uint32_t, 4>{1, 2, 2, 3});
  out.graph = pick<Graph>(rng, std::array{Graph::mesh, Graph::mesh, Graph::ring, Graph::chain});
  out.options = make_options(rng);
  out.answers_at_once = rng.chance(2, 3);
  out.hears_outsiders = rng.chance(1, 4);
  out.splits = rng.chance(1, 3);
  out.learns_at_once = rng.chance(1, 2);
  out.lingers = rng.chance(1, 8);
  out.forget_after = base::seconds(pick<std::int64_t>(rng, std::array<std::int64_t, 3>{0, 10, 60}));
  return out;
}

// Each family of faults is on or off, so that rare ones are not always mixed with all others.
Weights make_weights(base::Rng& rng) {
  Weights out{};
  const auto set = [&out](StepKind kind, std::uint32_t weight) {
    out[static_cast<std::size_t>(kind)] = weight;
  };
  set(StepKind::deliver, rng.chance(3, 4) ? 24 : 4);
  set(StepKind::run, 6);
  set(StepKind::advance, 8);
  set(StepKind::put, 8);
  set(StepKind::remove, rng.chance(3, 4) ? 5 : 0);
  set(StepKind::lose, rng.chance(1, 2) ? 4 : 0);
  set(StepKind::duplicate, rng.chance(1, 2) ? 3 : 0);
  set(StepKind::hold, rng.chance(1, 2) ? 3 : 0);
  set(StepKind::release, 4);
  set(StepKind::jump, rng.chance(1, 3) ? 3 : 0);
  if (rng.chance(1, 2)) {
    set(StepKind::restart, 2);
    set(StepKind::roll_back, rng.chance(1, 2) ? 2 : 0);
    set(StepKind::lose_disk, rng.chance(1, 3) ? 1 : 0);
    set(StepKind::renew, rng.chance(1, 4) ? 1 : 0);
    set(StepKind::stop, rng.chance(1, 2) ? 1 : 0);
    set(StepKind::start, 2);
  }
  if (rng.chance(1, 2)) {
    set(StepKind::cut, 2);
    set(StepKind::heal, 2);
  }
  if (rng.chance(1, 4)) {
    set(StepKind::expel, 2);
    set(StepKind::admit, 1);
  }
  set(StepKind::learn, 2);
  set(StepKind::answer, 2);
  set(StepKind::change_clock, rng.chance(1, 4) ? 1 : 0);
  return out;
}

// Sessions of several pages with writes between them.
Weights make_paging_weights(base::Rng& rng) {
  Weights out{};
  const auto set = [&out](StepKind kind, std::uint32_t weight) {
    out[static_cast<std::size_t>(kind)] = weight;
  };
  set(StepKind::deliver, 20);
  set(StepKind::run, 8);
  set(StepKind::advance, 6);
  set(StepKind::put, 14);
  set(StepKind::remove, 3);
  set(StepKind::lose, 4);
  set(StepKind::duplicate, rng.chance(1, 2) ? 3 : 0);
  set(StepKind::hold, rng.chance(1, 2) ? 4 : 0);
  set(StepKind::release, 4);
  set(StepKind::cut, 1);
  set(StepKind::heal, 2);
  return out;
}

// Lives that follow each other fast, with what was sent to and by the former ones still under way.
Weights make_lives_weights(base::Rng& rng) {
  Weights out{};
  const auto set = [&out](StepKind kind, std::uint32_t weight) {
    out[static_cast<std::size_t>(kind)] = weight;
  };
  set(StepKind::deliver, 6);
  set(StepKind::run, 16);
  set(StepKind::put, 8);
  set(StepKind::remove, rng.chance(1, 2) ? 3 : 0);
  set(StepKind::duplicate, 4);
  set(StepKind::hold, 5);
  set(StepKind::release, 8);
  set(StepKind::restart, rng.chance(1, 2) ? 2 : 0);
  set(StepKind::roll_back, 4);
  set(StepKind::lose_disk, rng.chance(1, 2) ? 2 : 0);
  set(StepKind::jump, rng.chance(1, 4) ? 2 : 0);
  set(StepKind::cut, rng.chance(1, 4) ? 2 : 0);
  set(StepKind::heal, 1);
  return out;
}

// Members that come and go, and runs that are closed meanwhile.
Weights make_outsider_weights(base::Rng& rng) {
  Weights out{};
  const auto set = [&out](StepKind kind, std::uint32_t weight) {
    out[static_cast<std::size_t>(kind)] = weight;
  };
  set(StepKind::deliver, 4);
  set(StepKind::run, 16);
  set(StepKind::put, 10);
  set(StepKind::remove, 6);
  set(StepKind::jump, 8);
  set(StepKind::expel, 6);
  set(StepKind::admit, 4);
  set(StepKind::restart, rng.chance(3, 4) ? 4 : 0);
  set(StepKind::roll_back, rng.chance(1, 2) ? 2 : 0);
  set(StepKind::cut, rng.chance(1, 2) ? 2 : 0);
  set(StepKind::heal, 2);
  set(StepKind::answer, 3);
  return out;
}

StepKind pick_kind(base::Rng& rng, const Weights& weights, std::uint32_t total) {
  std::uint64_t left = rng.below(total);
  std::size_t kind = 0;
  while (left >= weights[kind]) {
    left -= weights[kind++];
  }
  return static_cast<StepKind>(kind);
}

}  // namespace

Schedule make_schedule(std::uint64_t seed) {
  base::Rng rng(seed);
  Schedule out{.seed = seed, .settings = make_settings(rng)};
  Weights weights{};
  switch (rng.below(8)) {
    case 0:
      weights = make_outsider_weights(rng);
      if (rng.chance(1, 3)) {
        out.settings.options.cold_runs_max = rng.below(2);
      }
      out.settings.forget_after = rng.chance(3, 4) ? base::Duration{} : out.settings.forget_after;
      break;
    case 1:
      weights = make_paging_weights(rng);
      out.settings.keys = 2 + static_cast<std::uint32_t>(rng.below(2));
      out.settings.options.page_keys_max = 1;
      out.settings.options.page_window = 1 + rng.below(2);
      break;
    case 2:
      weights = make_lives_weights(rng);
      out.settings.nodes = 2;
      break;
    default:
      weights = make_weights(rng);
  }
  std::uint32_t total = 0;
  for (const std::uint32_t weight : weights) {
    total += weight;
  }
  const std::uint64_t steps = 15 + rng.below(45);
  for (std::uint64_t i = 0; i < steps; ++i) {
    Step step{.kind = pick_kind(rng, weights, total)};
    step.node = static_cast<std::uint32_t>(rng.below(UINT32_MAX));
    step.amount = static_cast<std::uint32_t>(rng.below(UINT32_MAX));
    out.steps.push_back(step);
  }
  return out;
}

std::string to_string(StepKind kind) {
  static constexpr std::array<std::string_view, kStepKinds> names = {
      "deliver", "lose",   "duplicate", "hold",      "release",   "run",    "advance",     "jump",
      "put",     "remove", "restart",   "roll back", "lose disk", "stop",   "start",       "renew",
      "cut",     "heal",   "expel",     "admit",     "learn",     "answer", "change clock"};
  return std::string(names[static_cast<std::size_t>(kind)]);
}

std::string to_string(const Settings& settings) {
  static constexpr std::array<std::string_view, 3> graphs = {"mesh", "ring", "chain"};
  const replication::Options& o = settings.options;
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  return number(settings.nodes) + " nodes (" +
         std::string(graphs[static_cast<std::size_t>(settings.graph)]) + "), " +
         number(settings.keys) + " keys, " +
         (o.propagation == replication::Propagation::eager ? "eager" : "interval") + " every " +
         base::to_string(o.sync_interval) + ", pages of " + number(o.page_keys_max) + " keys, " +
         number(o.page_window) + " at once, " + number(o.early_events_max) + " early events, " +
         number(o.push_bytes_per_interval) + " B of pushes, " + number(o.sessions_served_max) +
         " sessions served, tombstones: " + base::to_string(o.tombstone_age_max) + " or " +
         number(o.tombstones_max) + ", siblings kept: " + number(o.siblings_kept) +
         ", ended runs: " + number(o.cold_runs_max) + ", forget after " +
         base::to_string(settings.forget_after) +
         (settings.answers_at_once ? "" : ", new runs late") +
         (settings.hears_outsiders ? ", outsiders are heard" : "") +
         (settings.splits ? ", splits" : "") +
         (settings.learns_at_once ? "" : ", liveness is late") +
         (settings.lingers ? ", lingers" : "");
}

}  // namespace horde::props
