// drop_steps: makes a schedule that fails smaller, first by large parts, then by small ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace horde::props {

/// As long as `fails(schedule)` says so of what is left.
template <class Schedule, class Fails>
[[nodiscard]] Schedule drop_steps(Schedule schedule, Fails&& fails) {
  for (std::size_t size = std::max<std::size_t>(schedule.steps.size() / 2, 1); size > 0;) {
    bool smaller = false;
    for (std::size_t at = 0; at + size <= schedule.steps.size();) {
      Schedule fewer = schedule;
      const auto first = fewer.steps.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.steps.erase(first, first + static_cast<std::ptrdiff_t>(size));
      if (fails(fewer)) {
        schedule = std::move(fewer);
        smaller = true;
      } else {
        at += size;
      }
    }
    size = smaller ? size : size / 2;
  }
  return schedule;
}

}  // namespace horde::props
