// hash64: the one hash function of the project (XXH3, 64 bits), and a rolling hash over it.
//
// Specified by its reference implementation, so the same on every compiler, library and machine;
// std::hash is not. Not for secrets: an attacker who knows the seed can make collisions.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace horde::base {

/// XXH3-64 of `bytes` under `seed`.
[[nodiscard]] std::uint64_t hash64(BytesView bytes, std::uint64_t seed = 0);

/// A bijective 64-bit mixer: every input bit changes about half of the output bits.
/// Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// Folds `value` into `state`; the order of the calls matters.
[[nodiscard]] constexpr std::uint64_t combine(std::uint64_t state, std::uint64_t value) {
  return mix64(state ^ mix64(value));
}

/// The same, of mix64(value): for a value that is folded into many states.
[[nodiscard]] constexpr std::uint64_t combine_mixed(std::uint64_t state, std::uint64_t mixed) {
  return mix64(state ^ mixed);
}

/// A hasher for unordered containers that are never iterated: the default one is the library's
/// choice.
struct BytesHash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(BytesView bytes) const { return hash64(bytes); }
};

}  // namespace horde::base
