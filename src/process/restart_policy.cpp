#include "process/restart_policy.hpp"

#include <algorithm>

namespace horde::process {

base::Duration doubled(base::Duration first, base::Duration max, std::uint32_t times) {
  base::Duration out = first;
  for (std::uint32_t i = 0; i < times && out < max; ++i) {
    out = out > max / 2 ? max : out * 2;
  }
  return std::min(out, max);
}

bool RestartIntensity::note(base::Instant now, const RestartPolicy& policy) {
  while (!restarts_.empty() && now - restarts_.front() > policy.max_time) {
    restarts_.pop_front();
  }
  restarts_.push_back(now);
  if (restarts_.size() <= policy.max_restarts) {
    return false;
  }
  // One more than allowed says all that there is to know.
  restarts_.pop_front();
  return true;
}

RestartHistory::Verdict RestartHistory::on_failure(base::Instant now, Failure failure,
                                                   const RestartPolicy& policy) {
  if (is_healthy(now, policy)) {
    reset();
  }
  running_since_ = base::Instant::never();
  strikes_ += strikes_ == ~std::uint32_t{0} ? 0 : 1;
  base::Instant again_at = now;
  if (failure == Failure::start) {
    again_at = now + doubled(policy.backoff_first, policy.backoff_max, failed_starts_);
    ++failed_starts_;
  } else {
    failed_starts_ = 0;
  }
  if (policy.on_intensity == OnIntensity::quarantine && intensity_.note(now, policy)) {
    const base::Duration pause = doubled(policy.quarantine_first, policy.quarantine_max, level_);
    ++level_;
    intensity_.clear();
    failed_starts_ = 0;
    return {std::max(again_at, now + pause), true};
  }
  return {again_at, false};
}

void RestartHistory::reset() {
  intensity_.clear();
  running_since_ = base::Instant::never();
  failed_starts_ = 0;
  strikes_ = 0;
  level_ = 0;
}

void RestartHistory::adopt(std::uint32_t strikes, std::uint32_t level) {
  strikes_ = std::max(strikes_, strikes);
  level_ = std::max(level_, level);
}

}  // namespace horde::process
