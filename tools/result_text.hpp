// Results as people read them, within 100 columns.
#pragma once

#include <string>
#include <vector>

#include "scenario/run.hpp"

namespace horde::tools {

/// What is about to run: name, seed, options that are not at their defaults.
[[nodiscard]] std::string heading(const std::string& file, const scenario::Scenario& scenario,
                                  std::uint64_t seed);

/// The options that the seed chose, on lines of their own; nothing if there are none.
[[nodiscard]] std::string drawn_text(const std::vector<scenario::Setting>& drawn);

/// What happened: timeline, metrics, checks, and the verdict.
[[nodiscard]] std::string summary(const scenario::RunResult& result);

/// One failed check: what it demands, and where and when it did not hold.
[[nodiscard]] std::string failure_text(const scenario::Failure& failure);

/// Metrics as a table; those with a distribution first.
[[nodiscard]] std::string metrics_table(const std::vector<scenario::Metric>& metrics);

}  // namespace horde::tools
