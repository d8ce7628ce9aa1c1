#include "base/ids.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace horde::base {
namespace {

constexpr std::uint64_t kLongNameBit = std::uint64_t{1} << 63U;
constexpr std::size_t kShortNameMax = 8;

std::string hex_group(unsigned value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = (value >> static_cast<unsigned>(shift)) & 15U;
    if (digit != 0 || !out.empty() || shift == 0) {
      out += digits[digit];
    }
  }
  return out;
}

std::string ipv6_text(const std::array<std::uint8_t, 16>& ip) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) {
    groups[i] = (static_cast<unsigned>(ip[2 * i]) << 8U) | ip[2 * i + 1];
  }
  // The longest run of at least two zero groups is written "::" (RFC 5952).
  std::size_t best_at = 8;
  std::size_t best_length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t length = 0;
    while (i + length < 8 && groups[i + length] == 0) {
      ++length;
    }
    if (length > best_length) {
      best_at = i;
      best_length = length;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best_at) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') {
      out += ':';
    }
    out += hex_group(groups[i]);
  }
  return out;
}

}  // namespace

NodeId NodeId::of(std::string_view name) {
  HORDE_ASSERT(is_node_name(name));
  if (name.size() > kShortNameMax) {
    return {hash64(name) | kLongNameBit};
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kShortNameMax; ++i) {
    const auto byte = i < name.size() ? static_cast<unsigned char>(name[i]) : 0U;
    value = (value << 8U) | byte;
  }
  return {value};
}

bool is_node_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, [](char c) {
    return c > ' ' && c <= '~' && c != ',' && c != '/' && c != '"' && c != '\'';
  });
}

std::string to_string(NodeId node) {
  std::string out;
  if ((node.value & kLongNameBit) != 0) {
    out = "#";
    constexpr char digits[] = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) {
      out += digits[(node.value >> static_cast<unsigned>(shift)) & 15U];
    }
    return out;
  }
  for (int shift = 56; shift >= 0; shift -= 8) {
    const auto byte = static_cast<char>((node.value >> static_cast<unsigned>(shift)) & 255U);
    if (byte != '\0') {
      out += byte;
    }
  }
  return out.empty() ? "(none)" : out;
}

std::string to_string(const RunId& run) {
  return to_string(run.node) + "." + std::to_string(run.start);
}

std::string to_string(const Dot& dot) {
  return to_string(dot.run) + ":" + std::to_string(dot.counter);
}

std::uint64_t hash_of(const Dot& dot) {
  return combine(combine(dot.run.node.value, dot.run.start), dot.counter);
}

std::string to_string(const Address& address) {
  const bool mapped_ipv4 =
      std::all_of(address.ip.begin(), address.ip.begin() + 10, [](auto b) { return b == 0; }) &&
      address.ip[10] == 0xff && address.ip[11] == 0xff;
  const std::string port = ":" + std::to_string(address.port);
  if (!mapped_ipv4) {
    return "[" + ipv6_text(address.ip) + "]" + port;
  }
  std::string out;
  for (std::size_t i = 12; i < 16; ++i) {
    out += (i == 12 ? "" : ".") + std::to_string(address.ip[i]);
  }
  return out + port;
}

}  // namespace horde::base
