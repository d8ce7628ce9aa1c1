// Byte strings. Keys, values, datagrams and records are `std::string`s of arbitrary bytes.
//
// std::string rather than vector<byte>: keys of up to 15 bytes need no allocation, literals work in
// tests, and every map and hash takes a string_view without a copy.
#pragma once

#include <string>
#include <string_view>

namespace horde::base {

using Bytes = std::string;
using BytesView = std::string_view;

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(BytesView bytes);

/// The bytes as people read them: printable ASCII as it is, everything else as \xNN; at most
/// `length_max` bytes of input are shown, then "...".
[[nodiscard]] std::string printable(BytesView bytes, std::size_t length_max = 64);

}  // namespace horde::base
