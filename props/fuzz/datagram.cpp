// The framing of datagrams: what decodes is, byte for byte, what the encoder writes for it.
//
// Random bytes never pass the checksum, so each input is tried as it is and again with its version
// and checksum set right.
#include "wire/datagram.hpp"

#include "base/assert.hpp"
#include "props/fuzz/targets.hpp"
#include "wire/limits.hpp"

namespace horde::props {
namespace {

constexpr std::size_t kPayloadAt = 1 + 8;  // Behind the version and the checksum.

void check_round_trip(base::BytesView bytes) {
  const auto datagram = wire::unpack(bytes);
  // The encoder makes smaller datagrams than the decoder accepts, and none without frames.
  if (!datagram || datagram->frames.empty() || bytes.size() > wire::kDatagramBytesMax) {
    return;
  }
  std::vector<wire::Frame> frames;
  for (const wire::FrameView& frame : datagram->frames) {
    frames.push_back({frame.tag, base::Bytes(frame.body)});
  }
  const std::vector<base::Bytes> again = wire::pack(datagram->sender, frames);
  HORDE_ASSERT(again.size() == 1 && again.front() == bytes);
}

base::Bytes with_checksum(base::BytesView payload) {
  wire::Writer writer;
  writer.u8(wire::kVersion);
  writer.fixed64(wire::checksum(payload));
  writer.raw(payload);
  return std::move(writer).take();
}

}  // namespace

void run_datagram(base::BytesView input) {
  check_round_trip(input);
  if (input.size() >= kPayloadAt) {
    check_round_trip(with_checksum(input.substr(kPayloadAt)));
  }
}

std::vector<base::Bytes> datagram_seeds() {
  const wire::Sender short_name{base::NodeId::of("n1"), 5};
  const wire::Sender long_name{base::NodeId::of("a-name-above-eight-bytes"), 1'700'000'000'000};
  return {
      wire::pack(short_name, {{wire::Tag::digest, "digest"}}).front(),
      wire::pack(short_name,
                 {{wire::Tag::membership, ""}, {wire::Tag::push, base::Bytes(200, 'p')}})
          .front(),
      wire::pack(long_name, {{wire::Tag::table, "table"}, {wire::Tag::fragment, "part"}}).front(),
  };
}

}  // namespace horde::props
