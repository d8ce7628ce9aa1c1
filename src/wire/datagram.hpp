// Datagrams: a header that says who sent it, then frames, each a tagged message of one component.
//
//   u8 version | fixed64 checksum of all that follows | node sender | varint boot
//   then frames: u8 tag | varint length | body ...
//
// The checksum (XXH3-64 under a fixed seed) stands in for the seal where no cluster key is set:
// UDP's 16 bits let one damaged datagram in 65,536 through, and a damaged one that decodes poisons
// a map.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "wire/codec.hpp"

namespace horde::wire {

/// What a frame is for: who decodes it, and under which kind its bytes are counted.
enum class Tag : std::uint8_t {
  membership = 1,  ///< liveness: probes, answers, gossip.
  table = 2,       ///< liveness: exchange of the whole table of nodes.
  digest = 3,      ///< replication: a round's question and its answer, `equal`.
  vector = 4,      ///< replication: a vector, when digests differ.
  session = 5,     ///< replication: pull, page, reconcile.
  push = 6,        ///< replication: new events.
  fragment = 7,    ///< wire: a part of a frame that is larger than a datagram.
  link = 8,        ///< wire: messages of reliable links, and their acknowledgements.
};
inline constexpr std::uint8_t kTagMax = 8;
[[nodiscard]] std::string_view to_string(Tag tag);

struct Frame {
  Tag tag = Tag::membership;
  base::Bytes body;
};

/// A frame inside a datagram that was received: a view of its bytes.
struct FrameView {
  Tag tag = Tag::membership;
  base::BytesView body;
};

struct Sender {
  base::NodeId node;
  std::uint64_t boot = 0;
  friend bool operator==(const Sender&, const Sender&) = default;
};

struct DatagramView {
  Sender sender;
  std::vector<FrameView> frames;
};

/// Bytes that a frame takes in a datagram.
[[nodiscard]] std::size_t frame_bytes(const Frame& frame);
/// Bytes that a datagram takes before its first frame.
[[nodiscard]] std::size_t header_bytes(const Sender& sender);

/// The frames of one destination, in order, in as few datagrams as their order allows, none above
/// kDatagramBytesMax. Requires: each frame fits into one datagram (see fragments_of).
[[nodiscard]] std::vector<base::Bytes> pack(const Sender& sender, const std::vector<Frame>& frames);

/// The checksum of a datagram of which `payload` is all that follows the checksum.
[[nodiscard]] std::uint64_t checksum(base::BytesView payload);

/// Checks version, checksum and framing. Views point into `bytes`. Frame bodies are not looked
/// into.
[[nodiscard]] Decoded<DatagramView> unpack(base::BytesView bytes);

}  // namespace horde::wire
