// Rng: the only source of chance. A counter under a key: draw n is mix(key, n).
//
// Forks are keyed by label, not drawn from the parent's stream, so that a new draw in one component
// does not change what another one draws. The same everywhere; <random>'s distributions are not.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/hash.hpp"

namespace horde::base {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : key_(mix64(seed)) {}

  /// An independent generator that depends on this one's key and `label`, not on its draws.
  [[nodiscard]] Rng fork(std::string_view label) const { return Rng(hash64(label, key_)); }
  [[nodiscard]] Rng fork(std::uint64_t number) const { return Rng(combine(key_, number)); }

  /// 64 uniform bits.
  [[nodiscard]] std::uint64_t next() { return combine(key_, ++drawn_); }

  /// Uniform in [0, bound). Requires: bound > 0.
  /// The bias of the multiply-shift reduction is below bound / 2^64.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return reduce(next(), bound); }

  /// True in `numerator` of `denominator` draws.
  [[nodiscard]] bool chance(std::uint64_t numerator, std::uint64_t denominator) {
    return below(denominator) < numerator;
  }

  /// Maps 64 uniform bits onto [0, bound).
  [[nodiscard]] static std::uint64_t reduce(std::uint64_t bits, std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(bits) * bound) >> 64U);
  }

 private:
  std::uint64_t key_;
  std::uint64_t drawn_ = 0;
};

}  // namespace horde::base
