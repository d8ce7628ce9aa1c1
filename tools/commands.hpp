// The commands of the program, one source file each.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace horde::tools {

/// What a command does once its arguments are known; the program's exit code.
using Action = std::function<int()>;

/// Each adds one command with its options to `app`. The action is valid as long as `app` is.
[[nodiscard]] Action add_run_command(CLI::App& app);
[[nodiscard]] Action add_sweep_command(CLI::App& app);
[[nodiscard]] Action add_verify_command(CLI::App& app);
[[nodiscard]] Action add_validate_command(CLI::App& app);
[[nodiscard]] Action add_schema_command(CLI::App& app);
[[nodiscard]] Action add_trace_command(CLI::App& app);

}  // namespace horde::tools
