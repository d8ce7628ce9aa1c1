// Latency: how long a packet is on its way, as a distribution that is a value.
//
// Integers only: the same 64 bits give the same delay on every compiler, library and machine, which
// floating-point logarithms do not promise.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/time.hpp"

namespace horde::faults {

/// Always `delay`.
struct Constant {
  base::Duration delay = base::milliseconds(1);
  friend bool operator==(const Constant&, const Constant&) = default;
};

/// Uniform in [min, max]. Requires: min <= max.
struct Uniform {
  base::Duration min;
  base::Duration max;
  friend bool operator==(const Uniform&, const Uniform&) = default;
};

/// `min` and an exponential of mean `mean - min` on top, so that the whole has mean `mean`.
/// Requires: min <= mean.
struct Exponential {
  base::Duration min;
  base::Duration mean;
  friend bool operator==(const Exponential&, const Exponential&) = default;
};

/// The logarithm is normal: half of the delays are below `median`; 16 % are above
/// median * e^sigma. `sigma_permille` is sigma in thousandths. The normal's quantiles come from a
/// table that ends at 7.1 standard deviations.
struct LogNormal {
  base::Duration median;
  std::uint32_t sigma_permille = 500;
  friend bool operator==(const LogNormal&, const LogNormal&) = default;
};

using Latency = std::variant<Constant, Uniform, Exponential, LogNormal>;

/// No sampled delay is longer than this.
inline constexpr base::Duration kLatencyMax = base::seconds(3'600);

/// The delay that 64 uniform bits stand for.
/// Requires: no duration is negative or above kLatencyMax, sigma is at most 5,000 permille.
[[nodiscard]] base::Duration sample(const Latency& latency, std::uint64_t bits);

[[nodiscard]] std::string to_string(const Latency& latency);  // "exponential min 1ms mean 5ms"

}  // namespace horde::faults
