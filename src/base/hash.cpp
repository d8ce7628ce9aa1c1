#include "base/hash.hpp"

// Inlined: the hashes of short keys would otherwise spend most of their time in the call.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace horde::base {

std::uint64_t hash64(BytesView bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace horde::base
