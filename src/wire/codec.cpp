#include "wire/codec.hpp"

#include "base/assert.hpp"

namespace horde::wire {

std::string_view to_string(DecodeErrc code) {
  switch (code) {
    case DecodeErrc::truncated:
      return "truncated";
    case DecodeErrc::bad_version:
      return "bad_version";
    case DecodeErrc::bad_checksum:
      return "bad_checksum";
    case DecodeErrc::bad_tag:
      return "bad_tag";
    case DecodeErrc::bad_value:
      return "bad_value";
    case DecodeErrc::over_limit:
      return "over_limit";
    case DecodeErrc::trailing_bytes:
      return "trailing_bytes";
  }
  return "unknown";
}

std::string to_string(const DecodeError& error) {
  return std::string(to_string(error.code)) + " at byte " + std::to_string(error.offset_bytes);
}

void Writer::varint(std::uint64_t value) {
  while (value >= 0x80U) {
    u8(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  u8(static_cast<std::uint8_t>(value));
}

void Writer::fixed64(std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    u8(static_cast<std::uint8_t>(value >> shift));
  }
}

void Writer::signed_varint(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  varint((bits << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void Writer::blob(base::BytesView bytes) {
  varint(bytes.size());
  raw(bytes);
}

void Writer::node(base::NodeId node) {
  if ((node.value >> 63U) != 0) {
    u8(0);
    fixed64(node.value);
    return;
  }
  std::uint8_t length = 0;
  while (length < 8 && ((node.value >> (56U - 8U * length)) & 0xffU) != 0) {
    ++length;
  }
  HORDE_ASSERT(length > 0);
  u8(length);
  for (unsigned i = 0; i < length; ++i) {
    u8(static_cast<std::uint8_t>(node.value >> (56U - 8U * i)));
  }
}

void Writer::run(const base::RunId& run) {
  node(run.node);
  varint(run.start);
}

void Writer::dot(const base::Dot& dot) {
  run(dot.run);
  varint(dot.counter);
}

void Writer::address(const base::Address& address) {
  for (const std::uint8_t byte : address.ip) {
    u8(byte);
  }
  varint(address.port);
}

void Reader::fail(DecodeErrc code, std::size_t offset) {
  if (!failed_) {
    failed_ = true;
    error_ = {code, static_cast<std::uint32_t>(offset)};
  }
}

std::uint8_t Reader::u8() {
  if (remaining() < 1) {
    fail(DecodeErrc::truncated);
    return 0;
  }
  return static_cast<std::uint8_t>(bytes_[at_++]);
}

std::uint64_t Reader::varint() {
  const std::size_t start = at_;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    const std::uint8_t byte = u8();
    if (!ok()) {
      return 0;
    }
    const std::uint64_t low = byte & 0x7fU;
    if ((shift == 63 && low > 1) || (shift > 0 && byte == 0)) {
      break;  // Above 64 bits, or not the shortest form.
    }
    value |= low << shift;
    if ((byte & 0x80U) == 0) {
      return value;
    }
  }
  fail(DecodeErrc::bad_value, start);
  return 0;
}

std::uint64_t Reader::fixed64() {
  const base::BytesView bytes = raw(8);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

std::int64_t Reader::signed_varint() {
  const std::uint64_t bits = varint();
  return static_cast<std::int64_t>((bits >> 1U) ^ (0 - (bits & 1U)));
}

std::uint64_t Reader::count(std::uint64_t max) {
  const std::size_t start = at_;
  const std::uint64_t value = varint();
  if (value > max) {
    fail(DecodeErrc::over_limit, start);
    return 0;
  }
  return ok() ? value : 0;
}

base::BytesView Reader::blob(std::size_t length_max) {
  return raw(static_cast<std::size_t>(count(length_max)));
}

base::BytesView Reader::raw(std::size_t length) {
  if (remaining() < length) {
    fail(DecodeErrc::truncated);
    return {};
  }
  const base::BytesView view = bytes_.substr(at_, length);
  at_ += length;
  return view;
}

base::NodeId Reader::node() {
  const std::size_t start = at_;
  const std::uint8_t length = u8();
  if (length == 0) {
    const std::uint64_t value = fixed64();
    if (ok() && (value >> 63U) == 0) {
      fail(DecodeErrc::bad_value, start);
    }
    return {ok() ? value : 0};
  }
  if (length > 8) {
    fail(DecodeErrc::bad_value, start);
    return {};
  }
  const base::BytesView name = raw(length);
  if (ok() && !base::is_node_name(name)) {
    fail(DecodeErrc::bad_value, start);
  }
  return ok() ? base::NodeId::of(name) : base::NodeId{};
}

base::RunId Reader::run() {
  const base::NodeId id = node();
  const std::uint64_t start = varint();
  return {id, start};
}

base::Dot Reader::dot() {
  const base::RunId id = run();
  const std::size_t at = at_;
  const std::uint64_t counter = varint();
  if (ok() && counter == 0) {
    fail(DecodeErrc::bad_value, at);
  }
  return {id, counter};
}

base::Address Reader::address() {
  base::Address out;
  const base::BytesView ip = raw(out.ip.size());
  for (std::size_t i = 0; i < ip.size(); ++i) {
    out.ip[i] = static_cast<std::uint8_t>(ip[i]);
  }
  out.port = static_cast<std::uint16_t>(count(0xffff));
  return out;
}

}  // namespace horde::wire
