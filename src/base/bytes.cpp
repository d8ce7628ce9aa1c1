#include "base/bytes.hpp"

namespace horde::base {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

void append_hex(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += kDigits[byte >> 4U];
  out += kDigits[byte & 15U];
}

}  // namespace

std::string to_hex(BytesView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    append_hex(out, c);
  }
  return out;
}

std::string printable(BytesView bytes, std::size_t length_max) {
  std::string out;
  for (const char c : bytes.substr(0, length_max)) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      out += c;
    } else {
      out += "\\x";
      append_hex(out, c);
    }
  }
  if (bytes.size() > length_max) {
    out += "...";
  }
  return out;
}

}  // namespace horde::base
