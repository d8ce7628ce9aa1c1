// Runs a scenario in the simulator.
#pragma once

#include "scenario/run.hpp"

namespace horde::sim {

/// What scenario::run_scenario promises, in the simulated world.
[[nodiscard]] std::expected<scenario::RunResult, std::string> run_simulated(
    const scenario::Scenario& scenario, const scenario::RunOptions& options);

}  // namespace horde::sim
