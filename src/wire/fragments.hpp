// Fragments: frames that are larger than a datagram, cut into parts and put together again.
//
//   fragment body:  fixed64 message | varint index | varint count | u8 inner tag | part
//
// Nothing is sent again by itself: a message of which a part is lost waits until its sender's
// protocol sends it once more. A message is named by the hash of its bytes, so the same message
// sent again fills the gaps of the first try: a large one gets through a lossy network. What
// unfinished messages may hold is bounded per peer; the oldest is dropped first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "wire/codec.hpp"
#include "wire/datagram.hpp"

namespace horde::wire {

/// `frame` as it is if it fits into one datagram of `sender`, else its fragments.
/// Requires: frame.body is not larger than kMessageBytesMax.
[[nodiscard]] std::vector<Frame> fragments_of(const Sender& sender, Frame frame);

/// Puts fragments together, for any number of peers.
class Reassembler {
 public:
  /// Takes one fragment's body; gives the whole frame once its last missing part is there. An error
  /// adds nothing to what is held; parts that turn out not to make up their message are dropped.
  [[nodiscard]] Decoded<std::optional<Frame>> on_fragment(const Sender& from, base::BytesView body);

  /// Drops what is held of a peer (it is gone, or came back with another boot).
  void forget(base::NodeId peer) { peers_.erase(peer); }

  [[nodiscard]] std::size_t bytes_held() const;

 private:
  struct Message {
    Tag tag = Tag::session;
    std::uint64_t count = 0;
    std::uint64_t arrival = 0;  // Of its first part.
    std::size_t bytes = 0;
    std::map<std::uint64_t, base::Bytes> parts;
  };
  struct Peer {
    std::uint64_t boot = 0;
    std::size_t bytes = 0;
    std::map<std::uint64_t, Message> messages;  // By hash.
  };
  static void drop(Peer& peer, std::map<std::uint64_t, Message>::iterator message);

  std::map<base::NodeId, Peer> peers_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace horde::wire
