// Writer and Reader: the primitives that every message is written and read with.
//
//   varint   LEB128: 7 bits a byte, lowest first, at most 10 bytes, the shortest form only
//   fixed64  8 bytes, little-endian
//   blob     varint length, then the bytes
//   node     1..8, then that many bytes of the name; or 0, then fixed64 (a long name's id)
//
// A Reader never throws and never reads outside its bytes. Its first error stays: later reads give
// zeros and empty views, so that a decoder reads all fields and asks once at the end. Only one
// encoding of each value is accepted, so that equal messages are equal bytes.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace horde::wire {

/// Why bytes from the network were refused. Each of these can be caused by a peer, a bit flip or an
/// attacker, so each is counted and the datagram is dropped. A bug of our own is never one of them.
enum class DecodeErrc : std::uint8_t {
  truncated,       ///< The bytes end inside a field.
  bad_version,     ///< A version of the format that this build does not speak.
  bad_checksum,    ///< The datagram was damaged on its way.
  bad_tag,         ///< A message tag that this version does not define.
  bad_value,       ///< A field holds what no encoder writes.
  over_limit,      ///< A length or count above the limit set for its field.
  trailing_bytes,  ///< More bytes than the message has.
};
[[nodiscard]] std::string_view to_string(DecodeErrc code);

struct DecodeError {
  DecodeErrc code = DecodeErrc::truncated;
  std::uint32_t offset_bytes = 0;  // From the start of the bytes given to the Reader.
  friend bool operator==(const DecodeError&, const DecodeError&) = default;
};
[[nodiscard]] std::string to_string(const DecodeError& error);  // "truncated at byte 17"

template <class T>
using Decoded = std::expected<T, DecodeError>;

class Writer {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value);
  void fixed64(std::uint64_t value);
  /// Zigzag over varint, for values that may be negative.
  void signed_varint(std::int64_t value);
  void raw(base::BytesView bytes) { bytes_.append(bytes); }
  void blob(base::BytesView bytes);
  void node(base::NodeId node);
  void run(const base::RunId& run);
  void dot(const base::Dot& dot);
  void address(const base::Address& address);

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const base::Bytes& bytes() const& { return bytes_; }
  [[nodiscard]] base::Bytes take() && { return std::move(bytes_); }

 private:
  base::Bytes bytes_;
};

class Reader {
 public:
  explicit Reader(base::BytesView bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint8_t u8();
  [[nodiscard]] std::uint64_t varint();
  [[nodiscard]] std::uint64_t fixed64();
  [[nodiscard]] std::int64_t signed_varint();
  /// A varint that must not be above `max` (over_limit).
  [[nodiscard]] std::uint64_t count(std::uint64_t max);
  /// A view into the bytes given; its length must not be above `length_max`.
  [[nodiscard]] base::BytesView blob(std::size_t length_max);
  [[nodiscard]] base::BytesView raw(std::size_t length);
  [[nodiscard]] base::NodeId node();
  [[nodiscard]] base::RunId run();
  [[nodiscard]] base::Dot dot();
  [[nodiscard]] base::Address address();

  [[nodiscard]] bool ok() const { return !failed_; }
  [[nodiscard]] std::size_t remaining() const { return failed_ ? 0 : bytes_.size() - at_; }
  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] DecodeError error() const { return error_; }

  /// Marks what was read last (from `offset`) as refused. The first refusal stays.
  void fail(DecodeErrc code, std::size_t offset);
  void fail(DecodeErrc code) { fail(code, at_); }

  /// The error so far, or trailing_bytes if something is left; `value` otherwise.
  template <class T>
  [[nodiscard]] Decoded<T> finish(T value) {
    if (ok() && remaining() != 0) {
      fail(DecodeErrc::trailing_bytes);
    }
    if (!ok()) {
      return std::unexpected(error_);
    }
    return value;
  }

 private:
  base::BytesView bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
  DecodeError error_;
};

}  // namespace horde::wire
