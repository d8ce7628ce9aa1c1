// LinkFrame: the one frame of reliable links. Each carries the whole state of acknowledgement, so
// that any of them may be lost, and data takes acknowledgements along.
//
//   varint to boot | varint epoch | u8 flags | [varint ask] | [varint answer]
//   varint ack | varint credit bytes | varint credit messages | [sacks] | [segments]
//   sacks:     varint count, then varint gap, varint length each, ascending from ack
//   segments:  varint first, varint count, then varint length * 2 + (1: ends a message), bytes
//   flags:     1 ask, 2 answer, 4 sacks, 8 segments; each says that the part is there
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "wire/codec.hpp"

namespace horde::wire {

/// Segments [first, end) have arrived although one before them has not.
struct SackRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  friend bool operator==(const SackRange&, const SackRange&) = default;
};

/// A part of a message, or a whole one.
struct LinkSegment {
  base::BytesView payload;
  bool ends_message = false;
  friend bool operator==(const LinkSegment&, const LinkSegment&) = default;
};

struct LinkFrame {
  std::uint64_t to_boot = 0;  ///< Of the run that it is meant for.
  std::uint64_t epoch = 0;    ///< From 1.
  std::uint64_t ask = 0;      ///< Not 0: to be answered at once.
  std::uint64_t answer = 0;   ///< Not 0: the latest `ask` of the receiver.
  std::uint64_t ack = 0;      ///< All segments below this have arrived.
  /// What the receiver of this may have sent in all, in this epoch. They never fall.
  std::uint64_t credit_bytes = 0;
  std::uint64_t credit_messages = 0;
  std::vector<SackRange> sacks;       ///< Above `ack`, ascending, with a gap before each.
  std::uint64_t first = 0;            ///< The number of the first of `segments`.
  std::vector<LinkSegment> segments;  ///< Views: of the bytes decoded, or of the sender's queue.
  friend bool operator==(const LinkFrame&, const LinkFrame&) = default;
};

[[nodiscard]] base::Bytes encode(const LinkFrame& frame);

/// Any bytes. The segments are views into `body`.
[[nodiscard]] Decoded<LinkFrame> decode_link_frame(base::BytesView body);

}  // namespace horde::wire
