// Scenario files on the command line: reading them, overriding them, and the line that replays a
// run.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "scenario/run.hpp"

namespace horde::tools {

/// The options that every command which runs scenarios has.
struct ScenarioArgs {
  std::vector<std::string> files;
  std::vector<std::string> sets;  // "key=value"
};

/// Adds `FILE...` and `--set`.
void add_scenario_args(CLI::App& app, ScenarioArgs& args);

/// Reads a scenario file; what is wrong is printed to stderr, one line a problem.
[[nodiscard]] std::optional<scenario::Scenario> load(const std::string& file,
                                                     const std::vector<std::string>& sets);

/// `horde run FILE --seed N --set ...`, quoted for a shell.
[[nodiscard]] std::string replay_line(const std::string& file, std::uint64_t seed,
                                      const std::vector<std::string>& sets);

/// `text` as one word of a POSIX shell.
[[nodiscard]] std::string shell_quoted(const std::string& text);

}  // namespace horde::tools
