// When a child that failed is started again. Pure; the local and the distributed supervisor share
// it.
//
//   failed while running    again at once
//   failed to start         again after back-off: backoff_first, doubled each time, up to
//   backoff_max more than max_restarts within max_time (failed starts count as restarts):
//     quarantine            again after quarantine_first, doubled with each level, up to
//     quarantine_max shutdown              the supervisor ends, as the original does
//   ran for healthy_after   everything counts from nothing again
//
// With `quarantine` each child has an intensity of its own, so one poison child ends nobody else.
// With `shutdown` there is one for the supervisor (RestartIntensity). Source: OTP's supervisor
// (add_restart). Deviations: back-off, quarantine.
#pragma once

#include <cstdint>
#include <deque>

#include "base/time.hpp"

namespace horde::process {

enum class OnIntensity : std::uint8_t { quarantine = 1, shutdown = 2 };

struct RestartPolicy {
  std::uint32_t max_restarts = 3;
  base::Duration max_time = base::seconds(5);
  OnIntensity on_intensity = OnIntensity::quarantine;
  base::Duration backoff_first = base::milliseconds(100);
  base::Duration backoff_max = base::seconds(10);
  base::Duration quarantine_first = base::seconds(5);
  base::Duration quarantine_max = base::seconds(300);
  base::Duration healthy_after = base::seconds(30);
  friend bool operator==(const RestartPolicy&, const RestartPolicy&) = default;
};

/// More than max_restarts within max_time, both ends counted. Holds at most max_restarts + 1 times.
class RestartIntensity {
 public:
  /// Notes a restart; whether that is too many.
  [[nodiscard]] bool note(base::Instant now, const RestartPolicy& policy);
  void clear() { restarts_.clear(); }
  [[nodiscard]] std::size_t count() const { return restarts_.size(); }

 private:
  std::deque<base::Instant> restarts_;
};

/// One child's failures.
class RestartHistory {
 public:
  struct Verdict {
    base::Instant again_at;
    bool quarantined = false;
  };
  enum class Failure : std::uint8_t { exit, start };

  /// It was there from `now` on.
  void on_running(base::Instant now) { running_since_ = now; }
  /// What to do about a failure.
  [[nodiscard]] Verdict on_failure(base::Instant now, Failure failure, const RestartPolicy& policy);
  /// As if it had never failed: somebody released it.
  void reset();
  /// Takes over what another owner knew of the child; the larger of both counts.
  void adopt(std::uint32_t strikes, std::uint32_t level);

  /// Failures since it was healthy.
  [[nodiscard]] std::uint32_t strikes() const { return strikes_; }
  /// Quarantines since it was healthy.
  [[nodiscard]] std::uint32_t level() const { return level_; }
  [[nodiscard]] bool is_healthy(base::Instant now, const RestartPolicy& policy) const {
    return running_since_ != base::Instant::never() && now - running_since_ >= policy.healthy_after;
  }

 private:
  RestartIntensity intensity_;
  base::Instant running_since_ = base::Instant::never();
  std::uint32_t failed_starts_ = 0;  // In a row.
  std::uint32_t strikes_ = 0;
  std::uint32_t level_ = 0;
};

/// first, 2 first, 4 first, ... up to max. Requires: 0 < first <= max.
[[nodiscard]] base::Duration doubled(base::Duration first, base::Duration max, std::uint32_t times);

}  // namespace horde::process
