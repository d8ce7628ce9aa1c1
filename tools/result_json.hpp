// Results as JSON: what `--json` prints, one line a run, and what the commands tell each other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scenario/run.hpp"

namespace horde::tools {

/// How much of a result is written.
enum class Detail : std::uint8_t {
  hash,     ///< File, seed, verdict, events and hash: what `verify` compares.
  summary,  ///< And failures, checks, metrics.
  full,     ///< And the timeline.
};

/// One line without its end.
[[nodiscard]] std::string to_json_line(const std::string& file, const scenario::RunResult& result,
                                       Detail detail);

/// Reads such a line back; nothing if it is none.
[[nodiscard]] std::optional<scenario::RunResult> from_json_line(std::string_view line);

}  // namespace horde::tools
