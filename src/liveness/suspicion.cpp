#include "liveness/suspicion.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace horde::liveness {
namespace {

constexpr std::uint64_t kLog2Of10Q16 = 217'706;  // log2(10) * 65536

}  // namespace

std::uint64_t log2_q16(std::uint64_t n) {
  HORDE_ASSERT(n > 0);
  const unsigned whole = static_cast<unsigned>(std::bit_width(n)) - 1U;
  // The mantissa in [1, 2) with 31 binary places; squaring it moves the next digit of the
  // logarithm before the point.
  std::uint64_t mantissa = whole > 31 ? n >> (whole - 31U) : n << (31U - whole);
  std::uint64_t out = whole;
  for (int i = 0; i < 16; ++i) {
    mantissa = (mantissa * mantissa) >> 31U;
    const std::uint64_t digit = mantissa >> 32U;
    mantissa >>= digit;
    out = (out << 1U) | digit;
  }
  return out;
}

base::Duration suspicion_min(const Options& options, std::size_t nodes) {
  const std::uint64_t log2 = std::max(log2_q16(std::max<std::size_t>(nodes, 1)), kLog2Of10Q16);
  const base::Duration unit = options.period * options.suspicion_percent / 100;
  // In microseconds, so that hours times a Q16 logarithm stay within 64 bits.
  const std::int64_t us = unit.ns / 1'000 * static_cast<std::int64_t>(log2);
  return base::microseconds(us / static_cast<std::int64_t>(kLog2Of10Q16));
}

base::Duration suspicion_timeout(const Options& options, std::size_t nodes,
                                 Confirmations confirmations) {
  const base::Duration min = suspicion_min(options, nodes);
  if (confirmations.seen >= confirmations.wanted) {
    return min;
  }
  const base::Duration range = min * (options.suspicion_max_factor - 1);
  const auto seen = static_cast<std::int64_t>(log2_q16(confirmations.seen + 1));
  const auto wanted = static_cast<std::int64_t>(log2_q16(confirmations.wanted + 1));
  return min + range - base::microseconds(range.ns / 1'000 * seen / wanted);
}

base::Duration detection_max(const Options& options, std::size_t nodes) {
  if (nodes < 2) {
    return {};
  }
  const std::int64_t slowness = std::int64_t{options.health_max} + 1;
  const base::Duration period = options.period * slowness;
  const base::Duration min = suspicion_min(options, nodes);
  // Alone, it hears nobody. The period in which the cut falls, three with probes that fail, and one
  // more should a probe be void because its target was declared dead meanwhile; then its silence is
  // looked at.
  const base::Duration alone = std::max(period * 5, options.isolation_after + period * 2) + min;
  // With others it goes by probes. Each round is a new order, so that whoever was first in one may
  // be last in the next; nobody need confirm what it suspects.
  const auto others = static_cast<std::int64_t>(nodes) - 1;
  const base::Duration together =
      period * (2 * others) + options.probe_timeout * slowness + min * options.suspicion_max_factor;
  return nodes < 4 ? std::min(alone, together) : std::max(alone, together);
}

std::uint32_t sends_max(const Options& options, std::size_t nodes) {
  std::uint32_t digits = 1;
  for (; nodes >= 10; nodes /= 10) {
    ++digits;
  }
  return options.sends_per_digit * digits;
}

}  // namespace horde::liveness
