#include "supervisor/child.hpp"

#include <charconv>

#include "base/hash.hpp"

namespace horde::supervisor {

std::string to_string(const ChildId& id) {
  base::Bytes bytes;
  for (const std::uint64_t half : {id.high, id.low}) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes += static_cast<char>((half >> static_cast<unsigned>(shift)) & 255U);
    }
  }
  return base::to_hex(bytes);
}

std::optional<ChildId> child_id_of(base::BytesView text) {
  constexpr std::size_t kHalfDigits = 16;
  ChildId id;
  const auto read = [&](std::size_t at, std::uint64_t& out) {
    const char* const begin = text.data() + at;
    const auto result = std::from_chars(begin, begin + kHalfDigits, out, 16);
    return result.ec == std::errc() && result.ptr == begin + kHalfDigits;
  };
  const bool whole =
      text.size() >= 2 * kHalfDigits && read(0, id.high) && read(kHalfDigits, id.low);
  return whole ? std::optional(id) : std::nullopt;
}

ChildId static_child_id(base::BytesView horde, base::BytesView name) {
  // Two hashes under seeds of their own; the horde's goes into the seed, so that no pair of horde
  // and name can be cut in two ways.
  constexpr std::uint64_t kHigh = 0x737461'74696331;
  constexpr std::uint64_t kLow = 0x737461'74696332;
  return {base::hash64(name, base::hash64(horde, kHigh)),
          base::hash64(name, base::hash64(horde, kLow))};
}

std::string to_string(const Claim& claim) {
  return std::to_string(claim.term) + "@" + base::to_string(claim.run()) +
         (claim.session == 0 ? "" : "~" + std::to_string(claim.session));
}

std::string to_string(const Token& token) {
  return to_string(token.claim) + "/" + std::to_string(token.start);
}

}  // namespace horde::supervisor
