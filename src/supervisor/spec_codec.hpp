// Bytes of child ids, specs, claims and runs: what entries and messages of supervisors share.
//
//   id     fixed64 high | fixed64 low
//   spec   blob start | u8 restart | u8 type | u8 place_by | varint grace in ns | blob modules
//          | [place_by key: blob placement key]
//   claim  varint term | node owner | varint boot | varint session; no owner: term 0 alone
//
// Terms, boots, counts and times are at most kNumberMax, so that one more cannot overflow.
#pragma once

#include "supervisor/child.hpp"
#include "wire/codec.hpp"

namespace horde::supervisor {

inline constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62U;

void write_id(wire::Writer& writer, const ChildId& id);
[[nodiscard]] ChildId read_id(wire::Reader& reader);

void write_spec(wire::Writer& writer, const ChildSpec& spec);
[[nodiscard]] ChildSpec read_spec(wire::Reader& reader);
[[nodiscard]] base::Bytes encode(const ChildSpec& spec);

void write_claim(wire::Writer& writer, const Claim& claim);
[[nodiscard]] Claim read_claim(wire::Reader& reader);

/// A varint of at most kNumberMax.
[[nodiscard]] std::uint64_t read_number(wire::Reader& reader);
/// A byte of at most `last`, as the enumerator.
template <class E>
[[nodiscard]] E read_enum(wire::Reader& reader, E last) {
  const std::size_t at = reader.offset();
  const std::uint8_t value = reader.u8();
  if (value > static_cast<std::uint8_t>(last)) {
    reader.fail(wire::DecodeErrc::bad_value, at);
    return E{};
  }
  return static_cast<E>(value);
}

}  // namespace horde::supervisor
