#include "supervisor/quorum.hpp"

#include "liveness/suspicion.hpp"

namespace horde::supervisor {
namespace {

// In a large cluster a view is worked out once for many changes, the later the more members there
// are (node_events.cpp).
constexpr base::Duration kViewDelayPerNode = base::milliseconds(1);
// Two clocks differ in rate by less than this: 20,000 ppm; quartz is good for 100.
constexpr std::int64_t kClockRateShare = 50;

}  // namespace

base::Duration cut_noticed_max(const liveness::Options& liveness, std::size_t nodes) {
  return liveness::detection_max(liveness, nodes) +
         kViewDelayPerNode * static_cast<std::int64_t>(nodes);
}

base::Duration quorum_stop_bound(const liveness::Options& liveness, std::size_t nodes,
                                 const Options& options) {
  return cut_noticed_max(liveness, nodes) + options.quorum_stop_max;
}

base::Duration quorum_takeover_delay(base::Duration noticed, const Options& options) {
  const base::Duration bound = noticed + options.quorum_stop_max;
  return options.takeover_delay.value_or(bound + bound / kClockRateShare);
}

}  // namespace horde::supervisor
