// One random history of a cluster of supervisors: options, operations and faults from a seed, then
// a time without any, after which all must be as it should.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace horde::props {

struct ScheduleResult {
  std::string violation;           // Empty: none.
  std::vector<std::string> story;  // What happened, in order.
  std::map<std::string, unsigned> seen;
};

/// Deterministic in `seed`.
[[nodiscard]] ScheduleResult run_supervisor_schedule(std::uint64_t seed);

}  // namespace horde::props
