// `horde run FILE...`: runs scenarios and prints what happened.
#include <fmt/format.h>

#include <memory>

#include "tools/commands.hpp"
#include "tools/inputs.hpp"
#include "tools/result_json.hpp"
#include "tools/result_text.hpp"

namespace horde::tools {
namespace {

using scenario::Verdict;

struct RunArgs {
  ScenarioArgs scenarios;
  std::optional<std::uint64_t> seed;
  scenario::WorldKind world = scenario::WorldKind::sim;
  std::string trace_file;
  bool json = false;
  bool hash_only = false;
};

Verdict run_file(const std::string& file, const RunArgs& args) {
  const auto scenario = load(file, args.scenarios.sets);
  if (!scenario) {
    return Verdict::bad_input;
  }
  const std::uint64_t seed = args.seed.value_or(scenario->seed);
  if (!args.json) {
    fmt::print("{}", heading(file, *scenario, seed));
    std::fflush(stdout);  // Before the first event: a run that crashes must leave its name.
  }
  scenario::RunOptions options{.seed = seed, .world = args.world, .trace_file = args.trace_file};
  if (!args.json) {
    options.on_drawn = [](const std::vector<scenario::Setting>& drawn) {
      fmt::print("{}", drawn_text(drawn));
      std::fflush(stdout);
    };
  }
  const auto result = run_scenario(*scenario, options);
  if (!result) {
    fmt::print(stderr, "{}: {}\n", file, result.error());
    return Verdict::bad_input;
  }
  if (args.json) {
    fmt::print("{}\n", to_json_line(file, *result, args.hash_only ? Detail::hash : Detail::full));
  } else {
    fmt::print("{}", summary(*result));
    if (result->verdict != Verdict::held) {
      fmt::print("replay: {}\n", replay_line(file, seed, args.scenarios.sets));
    }
  }
  std::fflush(stdout);
  return result->verdict;
}

}  // namespace

Action add_run_command(CLI::App& app) {
  app.description("run scenarios and print what happened");
  auto args = std::make_shared<RunArgs>();
  add_scenario_args(app, args->scenarios);
  app.add_option("--seed", args->seed, "instead of the scenario's");
  app.add_option("--world", args->world, "where the nodes live: sim")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, scenario::WorldKind>{{"sim", scenario::WorldKind::sim}}))
      ->option_text("WORLD");
  app.add_option("--trace", args->trace_file, "record every event there, as JSON lines")
      ->type_name("FILE");
  app.add_flag("--json", args->json, "one JSON object a line for each run");
  app.add_flag("--hash", args->hash_only, "with --json: only what tells whether runs are equal");
  return [args] {
    auto verdict = Verdict::held;
    if (!args->trace_file.empty() && args->scenarios.files.size() > 1) {
      fmt::print(stderr, "--trace: {} files were given; record one run at a time\n",
                 args->scenarios.files.size());
      return static_cast<int>(Verdict::bad_input);
    }
    for (std::size_t i = 0; i < args->scenarios.files.size(); ++i) {
      if (i != 0 && !args->json) {
        fmt::print("\n");
      }
      verdict = graver(verdict, run_file(args->scenarios.files[i], *args));
    }
    return static_cast<int>(verdict);
  };
}

}  // namespace horde::tools
