#include "wire/fragments.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "wire/limits.hpp"

namespace horde::wire {
namespace {

// Tag, length, message, index, count and inner tag of a fragment, at their largest.
constexpr std::size_t kFragmentOverheadMax = 1 + 3 + 8 + 3 + 3 + 1;

std::uint64_t name_of(Tag tag, base::BytesView body) {
  return base::hash64(body, static_cast<std::uint64_t>(tag));
}

}  // namespace

std::vector<Frame> fragments_of(const Sender& sender, Frame frame) {
  HORDE_ASSERT(frame.body.size() <= kMessageBytesMax);
  std::vector<Frame> out;
  const std::size_t room = kDatagramBytesMax - header_bytes(sender);
  if (frame_bytes(frame) <= room) {
    out.push_back(std::move(frame));
    return out;
  }
  const std::size_t part_bytes = room - kFragmentOverheadMax;
  const std::size_t count = (frame.body.size() + part_bytes - 1) / part_bytes;
  const base::BytesView body = frame.body;
  const std::uint64_t name = name_of(frame.tag, body);
  for (std::size_t index = 0; index < count; ++index) {
    Writer writer;
    writer.fixed64(name);
    writer.varint(index);
    writer.varint(count);
    writer.u8(static_cast<std::uint8_t>(frame.tag));
    writer.raw(body.substr(index * part_bytes, part_bytes));
    out.push_back({Tag::fragment, std::move(writer).take()});
  }
  return out;
}

Decoded<std::optional<Frame>> Reassembler::on_fragment(const Sender& from, base::BytesView body) {
  Reader reader(body);
  const std::uint64_t name = reader.fixed64();
  const std::size_t index_at = reader.offset();
  const std::uint64_t index = reader.varint();
  const std::uint64_t count = reader.count(kFragmentsMax);
  const std::size_t tag_at = reader.offset();
  const std::uint8_t tag = reader.u8();
  if (reader.ok() && index >= count) {
    reader.fail(DecodeErrc::bad_value, index_at);
  }
  if (reader.ok() && (tag == 0 || tag >= static_cast<std::uint8_t>(Tag::fragment))) {
    reader.fail(DecodeErrc::bad_tag, tag_at);
  }
  const base::BytesView part = reader.raw(reader.remaining());
  if (reader.ok() && (part.empty() || part.size() > kDatagramBytesMax)) {
    reader.fail(DecodeErrc::bad_value);
  }
  if (!reader.ok()) {
    return std::unexpected(reader.error());
  }

  Peer& peer = peers_[from.node];
  if (from.boot != peer.boot) {
    if (from.boot < peer.boot) {
      return std::optional<Frame>{};  // A datagram of an earlier life.
    }
    peer = {.boot = from.boot};
  }
  const auto it = peer.messages.try_emplace(name).first;
  Message& message = it->second;
  if (message.count == 0) {
    message.tag = static_cast<Tag>(tag);
    message.count = count;
    message.arrival = ++arrivals_;
  } else if (message.count != count || message.tag != static_cast<Tag>(tag)) {
    return std::unexpected(
        DecodeError{DecodeErrc::bad_value, static_cast<std::uint32_t>(index_at)});
  }
  if (message.parts.emplace(index, part).second) {
    message.bytes += part.size();
    peer.bytes += part.size();
  }
  if (message.bytes > kMessageBytesMax) {
    drop(peer, it);
    return std::unexpected(DecodeError{DecodeErrc::over_limit, 0});
  }
  if (message.parts.size() == message.count) {
    Frame frame{message.tag, {}};
    frame.body.reserve(message.bytes);
    for (const auto& [position, bytes] : message.parts) {
      frame.body += bytes;
    }
    drop(peer, it);
    if (name_of(frame.tag, frame.body) != name) {
      return std::unexpected(DecodeError{DecodeErrc::bad_checksum, 0});
    }
    return std::optional<Frame>{std::move(frame)};
  }
  while (peer.bytes > kReassemblyBytesPerPeerMax ||
         peer.messages.size() > kReassemblyMessagesPerPeerMax) {
    drop(peer, std::ranges::min_element(peer.messages, {},
                                        [](const auto& one) { return one.second.arrival; }));
  }
  return std::optional<Frame>{};
}

void Reassembler::drop(Peer& peer, std::map<std::uint64_t, Message>::iterator message) {
  peer.bytes -= message->second.bytes;
  peer.messages.erase(message);
}

std::size_t Reassembler::bytes_held() const {
  std::size_t sum = 0;
  for (const auto& [node, peer] : peers_) {
    sum += peer.bytes;
  }
  return sum;
}

}  // namespace horde::wire
