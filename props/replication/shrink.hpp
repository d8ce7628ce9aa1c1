// Runs schedules, and makes the ones that fail small.
#pragma once

#include <functional>
#include <optional>

#include "props/replication/world.hpp"

namespace horde::props {

struct Verdict {
  std::optional<Failure> failure;
  Tally tally;
};

/// Runs all steps and the quiet end. With `trace`, what happens is appended to it.
[[nodiscard]] Verdict run_schedule(const Schedule& schedule, std::string* trace = nullptr);

/// Drops steps, and simplifies what is left, as long as `fails` says so of the result.
[[nodiscard]] Schedule shrink(Schedule schedule, const std::function<bool(const Schedule&)>& fails);
/// As long as the same invariant is violated. Requires: the schedule violates one.
[[nodiscard]] Schedule shrink(Schedule schedule);

/// The settings, everything that happens, and what is wrong at the end.
[[nodiscard]] std::string story(const Schedule& schedule);

}  // namespace horde::props
