#include "wire/link_frame.hpp"

#include "wire/limits.hpp"

namespace horde::wire {
namespace {

constexpr std::uint8_t kAsk = 1;
constexpr std::uint8_t kAnswer = 2;
constexpr std::uint8_t kSacks = 4;
constexpr std::uint8_t kSegments = 8;

std::uint8_t flags_of(const LinkFrame& frame) {
  unsigned flags = 0;
  flags |= frame.ask != 0 ? kAsk : 0U;
  flags |= frame.answer != 0 ? kAnswer : 0U;
  flags |= !frame.sacks.empty() ? kSacks : 0U;
  flags |= !frame.segments.empty() ? kSegments : 0U;
  return static_cast<std::uint8_t>(flags);
}

// A number whose presence a flag has said: 0 would be a second way to write its absence.
std::uint64_t positive(Reader& reader, std::uint64_t max) {
  const std::size_t at = reader.offset();
  const std::uint64_t value = reader.count(max);
  if (reader.ok() && value == 0) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  return value;
}

void read_sacks(Reader& reader, LinkFrame& frame) {
  const std::uint64_t count = positive(reader, kLinkSackRangesMax);
  std::uint64_t end = frame.ack;
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::size_t at = reader.offset();
    const std::uint64_t first = end + positive(reader, kLinkSegmentsAheadMax);
    end = first + positive(reader, kLinkSegmentsAheadMax);
    if (reader.ok() && end > frame.ack + kLinkSegmentsAheadMax) {
      reader.fail(DecodeErrc::over_limit, at);
    }
    frame.sacks.push_back({first, end});
  }
}

void read_segments(Reader& reader, LinkFrame& frame) {
  frame.first = reader.count(kLinkNumberMax);
  const std::uint64_t count = positive(reader, kLinkSegmentsAheadMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::uint64_t head = reader.count(kLinkSegmentBytesMax * 2 + 1);
    const base::BytesView payload = reader.raw(static_cast<std::size_t>(head / 2));
    frame.segments.push_back({payload, (head & 1U) != 0});
  }
}

}  // namespace

base::Bytes encode(const LinkFrame& frame) {
  Writer writer;
  writer.varint(frame.to_boot);
  writer.varint(frame.epoch);
  writer.u8(flags_of(frame));
  if (frame.ask != 0) {
    writer.varint(frame.ask);
  }
  if (frame.answer != 0) {
    writer.varint(frame.answer);
  }
  writer.varint(frame.ack);
  writer.varint(frame.credit_bytes);
  writer.varint(frame.credit_messages);
  if (!frame.sacks.empty()) {
    writer.varint(frame.sacks.size());
    std::uint64_t end = frame.ack;
    for (const SackRange& range : frame.sacks) {
      writer.varint(range.first - end);
      writer.varint(range.end - range.first);
      end = range.end;
    }
  }
  if (!frame.segments.empty()) {
    writer.varint(frame.first);
    writer.varint(frame.segments.size());
    for (const LinkSegment& segment : frame.segments) {
      writer.varint(segment.payload.size() * 2 + (segment.ends_message ? 1U : 0U));
      writer.raw(segment.payload);
    }
  }
  return std::move(writer).take();
}

Decoded<LinkFrame> decode_link_frame(base::BytesView body) {
  Reader reader(body);
  LinkFrame frame;
  frame.to_boot = reader.varint();
  frame.epoch = positive(reader, kLinkNumberMax);
  const std::size_t flags_at = reader.offset();
  const std::uint8_t flags = reader.u8();
  if (reader.ok() && flags > (kAsk | kAnswer | kSacks | kSegments)) {
    reader.fail(DecodeErrc::bad_value, flags_at);
  }
  frame.ask = (flags & kAsk) != 0 ? positive(reader, kLinkNumberMax) : 0;
  frame.answer = (flags & kAnswer) != 0 ? positive(reader, kLinkNumberMax) : 0;
  frame.ack = reader.count(kLinkNumberMax);
  frame.credit_bytes = reader.count(kLinkNumberMax);
  frame.credit_messages = reader.count(kLinkNumberMax);
  if ((flags & kSacks) != 0) {
    read_sacks(reader, frame);
  }
  if ((flags & kSegments) != 0) {
    read_segments(reader, frame);
  }
  return reader.finish(std::move(frame));
}

}  // namespace horde::wire
