// Swarm: random faults, drawn before the run begins, as steps that name everything.
//
// Each family of faults is on or off by the seed, so that each run has its own mix: a run with all
// kinds of faults at once hides what needs one kind alone. What is drawn depends on the seed and
// the scenario only, so it can be printed before the first event and written down as a scenario.
#pragma once

#include "scenario/parse.hpp"
#include "scenario/scenario.hpp"

namespace horde::scenario {

struct DrawnSwarm {
  std::vector<FaultFamily> families;  // Those that are on; at least one.
  std::vector<Step> steps;            // By time.
};

/// Draws one swarm step of `scenario` that begins at `at`. `number` tells several apart.
/// All faults end within the swarm's time.
[[nodiscard]] DrawnSwarm draw_swarm(const Scenario& scenario, std::uint64_t seed, base::Duration at,
                                    const Swarm& swarm, std::uint64_t number);

/// The families and faults as settings, to be shown.
[[nodiscard]] std::vector<Setting> settings_of(const DrawnSwarm& drawn);

}  // namespace horde::scenario
