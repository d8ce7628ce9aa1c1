// Identifiers: nodes, runs, dots, addresses.
//
// NodeId is 64 bits: a name of at most 8 bytes is the id itself (left-aligned, so that ids order
// like names and print as names), a longer one is its hash with the top bit set. 8 bytes keep dots
// and vectors flat; a table from id to name is needed only to print long names. Two long names that
// share an id are refused when the second one is heard of.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace horde::base {

/// A node's name, as a fixed-size value. Default-constructed: no node.
struct NodeId {
  std::uint64_t value = 0;

  /// Requires: `name` is not empty and has only printable ASCII without spaces (is_node_name).
  [[nodiscard]] static NodeId of(std::string_view name);

  friend constexpr auto operator<=>(NodeId, NodeId) = default;
};

/// Whether `name` may name a node: 1 to 255 printable ASCII characters, no space, comma, '/' or
/// quote.
[[nodiscard]] bool is_node_name(std::string_view name);

/// The name itself for names of up to 8 bytes, '#' and 16 hexadecimal digits for longer ones.
[[nodiscard]] std::string to_string(NodeId node);

/// One life of a node's process: the node and its start number, which is never used twice.
struct RunId {
  NodeId node;
  std::uint64_t start = 0;
  friend constexpr auto operator<=>(const RunId&, const RunId&) = default;
};
[[nodiscard]] std::string to_string(const RunId& run);  // "n1.17"

/// One event (put or remove): the run that wrote it and its number there, from 1 without gaps.
struct Dot {
  RunId run;
  std::uint64_t counter = 0;
  friend constexpr auto operator<=>(const Dot&, const Dot&) = default;
};
[[nodiscard]] std::string to_string(const Dot& dot);  // "n1.17:3"

/// 64 well-mixed bits that depend on all of the dot; sums of them identify sets of dots.
[[nodiscard]] std::uint64_t hash_of(const Dot& dot);

/// Where a datagram goes or comes from: an IPv6 address (IPv4 as ::ffff:a.b.c.d) and a port.
struct Address {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;
  friend constexpr auto operator<=>(const Address&, const Address&) = default;
};
[[nodiscard]] std::string to_string(const Address& address);  // "127.0.0.1:7000", "[fd00::1]:7000"

}  // namespace horde::base
