#include "props/replication/shrink.hpp"

#include <algorithm>

namespace horde::props {
namespace {

constexpr std::size_t kStoryBytesMax = 30'000;

using Fails = std::function<bool(const Schedule&)>;

// Whether anything could be dropped: first large parts, then small ones.
bool drop_steps(Schedule& schedule, const Fails& fails) {
  bool smaller = false;
  for (std::size_t chunk = std::max<std::size_t>(schedule.steps.size() / 2, 1); chunk > 0;
       chunk /= 2) {
    for (std::size_t at = 0; at + chunk <= schedule.steps.size();) {
      Schedule candidate = schedule;
      const auto first = candidate.steps.begin() + static_cast<std::ptrdiff_t>(at);
      candidate.steps.erase(first, first + static_cast<std::ptrdiff_t>(chunk));
      if (fails(candidate)) {
        schedule = std::move(candidate);
        smaller = true;
      } else {
        ++at;
      }
    }
  }
  return smaller;
}

void simplify_numbers(Schedule& schedule, const Fails& fails) {
  for (Step& step : schedule.steps) {
    for (std::uint32_t* number : {&step.node, &step.amount}) {
      const std::uint32_t old = *number;
      for (std::uint32_t simpler = 0; simpler < 3 && simpler < old; ++simpler) {
        *number = simpler;
        if (fails(schedule)) {
          break;
        }
        *number = old;
      }
    }
  }
}

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
  return shrink(std::move(schedule), [&invariant](const Schedule& candidate) {
    const Verdict verdict = run_schedule(candidate);
    return verdict.failure && verdict.failure->invariant == invariant;
  });
}

Schedule shrink(Schedule schedule, const std::function<bool(const Schedule&)>& fails) {
  while (drop_steps(schedule, fails)) {
  }
  simplify_numbers(schedule, fails);
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
