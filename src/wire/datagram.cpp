#include "wire/datagram.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "wire/limits.hpp"

namespace horde::wire {
namespace {

constexpr std::uint64_t kChecksumSeed = 0x486f726465763101U;  // Also keeps foreign traffic out.

std::size_t varint_bytes(std::uint64_t value) {
  std::size_t size = 1;
  while (value >= 0x80U) {
    value >>= 7U;
    ++size;
  }
  return size;
}

}  // namespace

std::string_view to_string(Tag tag) {
  switch (tag) {
    case Tag::membership:
      return "membership";
    case Tag::table:
      return "table";
    case Tag::digest:
      return "digest";
    case Tag::vector:
      return "vector";
    case Tag::session:
      return "session";
    case Tag::push:
      return "push";
    case Tag::fragment:
      return "fragment";
    case Tag::link:
      return "link";
  }
  return "unknown";
}

std::size_t frame_bytes(const Frame& frame) {
  return 1 + varint_bytes(frame.body.size()) + frame.body.size();
}

std::size_t header_bytes(const Sender& sender) {
  Writer writer;
  writer.node(sender.node);
  return 1 + 8 + writer.size() + varint_bytes(sender.boot);
}

std::vector<base::Bytes> pack(const Sender& sender, const std::vector<Frame>& frames) {
  std::vector<base::Bytes> out;
  Writer head;
  head.node(sender.node);
  head.varint(sender.boot);
  base::Bytes payload;
  const auto finish = [&] {
    Writer datagram;
    datagram.u8(kVersion);
    datagram.fixed64(checksum(payload));
    datagram.raw(payload);
    HORDE_ASSERT(datagram.size() <= kDatagramBytesMax);
    out.push_back(std::move(datagram).take());
  };
  for (const Frame& frame : frames) {
    if (!payload.empty() && 9 + payload.size() + frame_bytes(frame) > kDatagramBytesMax) {
      finish();
      payload.clear();
    }
    if (payload.empty()) {
      payload = head.bytes();
    }
    Writer writer;
    writer.u8(static_cast<std::uint8_t>(frame.tag));
    writer.blob(frame.body);
    payload += writer.bytes();
  }
  if (!payload.empty()) {
    finish();
  }
  return out;
}

std::uint64_t checksum(base::BytesView payload) {
  return base::hash64(payload, kChecksumSeed);
}

Decoded<DatagramView> unpack(base::BytesView bytes) {
  Reader reader(bytes);
  if (bytes.size() > kDatagramBytesAcceptedMax) {
    reader.fail(DecodeErrc::over_limit);
  }
  if (const std::uint8_t version = reader.u8(); reader.ok() && version != kVersion) {
    reader.fail(DecodeErrc::bad_version, 0);
  }
  const std::uint64_t claimed = reader.fixed64();
  if (reader.ok() && claimed != checksum(bytes.substr(reader.offset()))) {
    reader.fail(DecodeErrc::bad_checksum, 1);
  }
  DatagramView out;
  out.sender.node = reader.node();
  out.sender.boot = reader.varint();
  while (reader.ok() && reader.remaining() > 0) {
    const std::size_t at = reader.offset();
    const std::uint8_t tag = reader.u8();
    if (tag == 0 || tag > kTagMax) {
      reader.fail(DecodeErrc::bad_tag, at);
    }
    const base::BytesView body = reader.blob(kDatagramBytesAcceptedMax);
    out.frames.push_back({static_cast<Tag>(tag), body});
  }
  return reader.finish(std::move(out));
}

}  // namespace horde::wire
