// NodeClock: the two clocks of one simulated node, as exact functions of virtual time.
//
// The monotonic clock only drifts; the wall clock is the monotonic one plus an offset that can be
// stepped, so that it drifts with it, as on a real machine. A change of drift bends both clocks at
// that instant and makes neither jump.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace horde::sim {

/// How far a clock runs fast (or slow) in parts per million: 100 gains 0.1 ms a second.
struct DriftPpm {
  std::int32_t value = 0;
  friend constexpr auto operator<=>(DriftPpm, DriftPpm) = default;
};
/// Drifts are within this, so that no clock stands still or runs back.
inline constexpr std::int32_t kDriftPpmMax = 500'000;

class NodeClock {
 public:
  /// Both clocks at virtual time 0.
  explicit NodeClock(base::Now at_zero) : mono_zero_(at_zero.mono), wall_ahead_(ahead(at_zero)) {}

  /// What the node's clocks show at virtual time `at`. Requires: not before the last set_drift.
  [[nodiscard]] base::Now now(base::Instant at) const;

  /// The first virtual time at which the monotonic clock shows `mono` or later; never() for
  /// never().
  [[nodiscard]] base::Instant virtual_time_of(base::Instant mono) const;

  /// From virtual time `at` on. Requires: |drift| <= kDriftPpmMax.
  void set_drift(base::Instant at, DriftPpm drift);

  /// Moves the wall clock, forward or back; the monotonic clock does not notice.
  void step_wall(base::Duration by) { wall_ahead_ += by; }

 private:
  [[nodiscard]] static base::Duration ahead(base::Now now) { return {now.wall.ns - now.mono.ns}; }

  base::Instant bent_at_;      // Virtual time of the last change of drift.
  base::Instant mono_zero_;    // The monotonic clock then.
  base::Duration wall_ahead_;  // Wall clock minus monotonic clock.
  DriftPpm drift_;
};

}  // namespace horde::sim
