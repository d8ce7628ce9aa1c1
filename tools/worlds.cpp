// Wires the worlds to the commands: which code runs a scenario.
#include "scenario/run.hpp"
#include "sim/horde/run.hpp"

namespace horde::scenario {

std::expected<RunResult, std::string> run_scenario(const Scenario& scenario,
                                                   const RunOptions& options) {
  switch (options.world) {
    case WorldKind::sim:
      return sim::run_simulated(scenario, options);
  }
  return std::unexpected("this build does not have that world");
}

}  // namespace horde::scenario
