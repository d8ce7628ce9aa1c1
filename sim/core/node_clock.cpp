#include "sim/core/node_clock.hpp"

#include "base/assert.hpp"

namespace horde::sim {
namespace {

__extension__ using Wide = __int128;
constexpr std::int64_t kMillion = 1'000'000;

}  // namespace

base::Now NodeClock::now(base::Instant at) const {
  base::Duration passed = at - bent_at_;
  if (drift_.value != 0) {
    // Rounded down; `passed` is never negative.
    passed.ns = static_cast<std::int64_t>(static_cast<Wide>(passed.ns) * (kMillion + drift_.value) /
                                          kMillion);
  }
  const base::Instant mono = mono_zero_ + passed;
  return {.mono = mono, .wall = {mono.ns + wall_ahead_.ns}};
}

base::Instant NodeClock::virtual_time_of(base::Instant mono) const {
  if (mono == base::Instant::never()) {
    return mono;
  }
  if (mono <= mono_zero_) {
    return bent_at_;
  }
  Wide passed = static_cast<Wide>(mono.ns) - mono_zero_.ns;
  if (drift_.value != 0) {
    // now() rounds down, so the first instant that reaches `mono` is this one rounded up.
    const Wide rate = kMillion + drift_.value;
    passed = (passed * kMillion + rate - 1) / rate;
  }
  const Wide at = bent_at_.ns + passed;
  return at < base::Instant::never().ns ? base::Instant{static_cast<std::int64_t>(at)}
                                        : base::Instant::never();
}

void NodeClock::set_drift(base::Instant at, DriftPpm drift) {
  HORDE_ASSERT(drift.value >= -kDriftPpmMax && drift.value <= kDriftPpmMax);
  mono_zero_ = now(at).mono;
  bent_at_ = at;
  drift_ = drift;
}

}  // namespace horde::sim
