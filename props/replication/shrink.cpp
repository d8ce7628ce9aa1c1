#include "props/replication/shrink.hpp"

#include <algorithm>

namespace horde::props {
namespace {

constexpr std::size_t kStoryBytesMax = 30'000;

}  // namespace

Verdict run_schedule(const Schedule& schedule, std::string* trace) {
  World world(schedule.settings, trace);
  for (const Step& step : schedule.steps) {
    world.take(step);
  }
  if (!world.failure()) {
    world.settle();
  }
  return {world.failure(), world.tally()};
}

Schedule shrink(Schedule schedule) {
  const std::string invariant = run_schedule(schedule).failure->invariant;
  const auto still_fails = [&invariant](const Schedule& candidate) {
    const Verdict verdict = run_schedule(candidate);
    return verdict.failure && verdict.failure->invariant == invariant;
  };
  bool smaller = true;
  while (smaller) {
    smaller = false;
    for (std::size_t chunk = std::max<std::size_t>(schedule.steps.size() / 2, 1); chunk > 0;
         chunk /= 2) {
      for (std::size_t at = 0; at + chunk <= schedule.steps.size();) {
        Schedule candidate = schedule;
        const auto first = candidate.steps.begin() + static_cast<std::ptrdiff_t>(at);
        candidate.steps.erase(first, first + static_cast<std::ptrdiff_t>(chunk));
        if (still_fails(candidate)) {
          schedule = std::move(candidate);
          smaller = true;
        } else {
          ++at;
        }
      }
    }
    for (Step& step : schedule.steps) {
      for (std::uint32_t* number : {&step.node, &step.amount}) {
        for (const std::uint32_t simpler : {0U, 1U, 2U}) {
          const std::uint32_t old = *number;
          if (simpler < old) {
            *number = simpler;
            if (still_fails(schedule)) {
              break;
            }
            *number = old;
          }
        }
      }
    }
  }
  return schedule;
}

std::string story(const Schedule& schedule) {
  std::string out = to_string(schedule.settings) + "\n";
  const Verdict verdict = run_schedule(schedule, &out);
  if (out.size() > kStoryBytesMax) {  // It never ends; its beginning says why.
    out.resize(out.rfind('\n', kStoryBytesMax) + 1);
    out += "...\n";
  }
  return out + (verdict.failure ? "violated: " + verdict.failure->invariant + "\n" +
                                      verdict.failure->text + "\n"
                                : "nothing is violated\n");
}

}  // namespace horde::props
