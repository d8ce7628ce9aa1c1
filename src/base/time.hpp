// Time as values: durations, monotonic instants and wall-clock times, all in integer nanoseconds.
//
// Nothing here reads a clock. A driver passes `Now` in; the engine compares and adds. Monotonic and
// wall time are distinct types, because a timer that compares against a clock that steps is a bug.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>

namespace horde::base {

/// A span of time in nanoseconds; may be negative.
struct Duration {
  std::int64_t ns = 0;

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.ns * n}; }
  friend constexpr Duration operator/(Duration a, std::int64_t n) { return {a.ns / n}; }
  constexpr Duration& operator+=(Duration other) {
    ns += other.ns;
    return *this;
  }
};

[[nodiscard]] constexpr Duration nanoseconds(std::int64_t n) {
  return {n};
}
[[nodiscard]] constexpr Duration microseconds(std::int64_t n) {
  return {n * 1'000};
}
[[nodiscard]] constexpr Duration milliseconds(std::int64_t n) {
  return {n * 1'000'000};
}
[[nodiscard]] constexpr Duration seconds(std::int64_t n) {
  return {n * 1'000'000'000};
}

/// A point on a node's monotonic clock, for timers and leases. It never steps and counts suspend.
struct Instant {
  std::int64_t ns = 0;

  /// Later than every instant that a clock shows: "no timer is set".
  [[nodiscard]] static constexpr Instant never() {
    return {std::numeric_limits<std::int64_t>::max()};
  }

  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant a, Duration d) { return {a.ns + d.ns}; }
  friend constexpr Instant operator-(Instant a, Duration d) { return {a.ns - d.ns}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
};

/// A point on a node's wall clock, in nanoseconds since 1970, for stamps and terms. It may step.
struct WallTime {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

/// What a driver tells the engine with every input: both clocks, read at one moment.
struct Now {
  Instant mono;
  WallTime wall;
};

/// "300ms", "1.5s", "250us", "0s", "-2s": the largest unit that needs at most three decimals.
[[nodiscard]] std::string to_string(Duration duration);

/// Seconds since the clock's zero with six decimals: "12.345678s"; "never" for Instant::never().
[[nodiscard]] std::string to_string(Instant instant);

}  // namespace horde::base
