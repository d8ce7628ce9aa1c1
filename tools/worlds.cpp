// Wires the worlds to the commands: which code runs a scenario.
#include "scenario/run.hpp"

namespace horde::scenario {

std::expected<RunResult, std::string> run_scenario(const Scenario&, const RunOptions& options) {
  switch (options.world) {
    case World::sim:
      break;
  }
  return std::unexpected("this build has no simulated world to run it in");
}

}  // namespace horde::scenario
