// RttEstimator: how long to wait for an acknowledgement before sending again.
//
// Promises: between the two bounds always; doubled by each timeout, and only a fresh measurement
// undoes that (Karn: what was sent twice is not measured, as nobody knows which one was answered).
//
// Source: RFC 6298, in integer nanoseconds.
// Deviations: first value, minimum and maximum are options; the clock's grain counts as zero.
#pragma once

#include <algorithm>
#include <cstdint>

#include "wire/link_options.hpp"

namespace horde::wire {

class RttEstimator {
 public:
  explicit RttEstimator(const LinkOptions& options)
      : min_(options.rto_min), max_(options.rto_max), base_(options.rto_initial) {}

  void on_sample(base::Duration rtt) {
    const std::int64_t sample = std::max<std::int64_t>(rtt.ns, 1);
    if (srtt_ == 0) {
      srtt_ = sample;
      rttvar_ = sample / 2;
    } else {
      const std::int64_t error = sample - srtt_;
      rttvar_ += ((error < 0 ? -error : error) - rttvar_) / 4;
      srtt_ += error / 8;
    }
    base_ = base::nanoseconds(srtt_ + 4 * rttvar_);
    doublings_ = 0;
  }

  void on_timeout() { doublings_ = std::min(doublings_ + 1, kDoublingsMax); }

  [[nodiscard]] base::Duration rto() const { return backed_off(doublings_); }

  /// The time-out without what timeouts added, doubled `times` times.
  [[nodiscard]] base::Duration backed_off(unsigned times) const {
    const base::Duration clamped = std::clamp(base_, min_, max_);
    return std::min(clamped * (std::int64_t{1} << std::min(times, kDoublingsMax)), max_);
  }

 private:
  static constexpr unsigned kDoublingsMax = 16;

  base::Duration min_;
  base::Duration max_;
  base::Duration base_;
  std::int64_t srtt_ = 0;  // 0: nothing was measured yet.
  std::int64_t rttvar_ = 0;
  unsigned doublings_ = 0;
};

}  // namespace horde::wire
