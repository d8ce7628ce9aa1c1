// The figures of Lifeguard in integers: how long a suspicion lasts, how often news is sent.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"
#include "liveness/types.hpp"

namespace horde::liveness {

/// log2(n) * 65536, rounded down. Requires: n > 0.
[[nodiscard]] std::uint64_t log2_q16(std::uint64_t n);

/// The shortest time from suspicion to death in a cluster of `nodes`:
/// suspicion_percent / 100 * period * max(1, log10(nodes)).
[[nodiscard]] base::Duration suspicion_min(const Options& options, std::size_t nodes);

struct Confirmations {
  std::uint32_t seen = 0;    ///< Members that suspect it too, beside the first one.
  std::uint32_t wanted = 0;  ///< Members whose agreement leads to the shortest time.
};

/// From `max` without a confirmation down to `min` with all that are wanted:
/// max - (max - min) * log(seen + 1) / log(wanted + 1).
/// Source: Dadgar, Phillips, Currey, "Lifeguard" (2018), section IV.B.
[[nodiscard]] base::Duration suspicion_timeout(const Options& options, std::size_t nodes,
                                               Confirmations confirmations);

/// Longest time from a cut until each member on a side that is no majority of `nodes` (all there
/// are, those beyond the cut too) holds everybody beyond it for dead; whatever its local health.
/// Not counted: a refutation that was still being told on this side at the moment of the cut.
/// Cost: a few operations.
[[nodiscard]] base::Duration detection_max(const Options& options, std::size_t nodes);

/// How often one item of news is sent: sends_per_digit * decimal digits of `nodes`.
[[nodiscard]] std::uint32_t sends_max(const Options& options, std::size_t nodes);

}  // namespace horde::liveness
