// `horde validate FILE...`: checks scenario files without running them.
#include <fmt/format.h>

#include <memory>

#include "tools/commands.hpp"
#include "tools/inputs.hpp"

namespace horde::tools {

Action add_validate_command(CLI::App& app) {
  app.description("check scenario files without running them");
  auto args = std::make_shared<ScenarioArgs>();
  add_scenario_args(app, *args);
  return [args] {
    auto verdict = scenario::Verdict::held;
    for (const std::string& file : args->files) {
      if (const auto scenario = load(file, args->sets)) {
        fmt::print("{}: ok, {} nodes, {} steps\n", file, scenario->nodes.size(),
                   scenario->timeline.size());
      } else {
        verdict = scenario::Verdict::bad_input;
      }
    }
    return static_cast<int>(verdict);
  };
}

}  // namespace horde::tools
