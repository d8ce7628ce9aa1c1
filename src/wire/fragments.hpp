// Fragments: frames that are larger than a datagram, cut into parts and put together again.
//
//   fragment body:  varint message | varint index | varint count | u8 inner tag | part
//
// Unreliable on purpose: a message of which one part is lost never arrives, and its sender's
// protocol asks again. What unfinished messages may hold is bounded per peer; the oldest is dropped
// first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "wire/codec.hpp"
#include "wire/datagram.hpp"

namespace horde::wire {

/// Cuts frames that do not fit. Numbers its messages from 1, per sender and boot.
class Fragmenter {
 public:
  /// `frame` as it is if it fits into one datagram of `sender`, else its fragments.
  /// Requires: frame.body is not larger than kMessageBytesMax.
  [[nodiscard]] std::vector<Frame> cut(const Sender& sender, Frame frame);

 private:
  std::uint64_t last_message_ = 0;
};

/// Puts fragments together, for any number of peers.
class Reassembler {
 public:
  /// Takes one fragment's body; gives the whole frame once its last missing part is there.
  [[nodiscard]] Decoded<std::optional<Frame>> on_fragment(const Sender& from, base::BytesView body);

  /// Drops what is held of a peer (it is gone, or came back with another boot).
  void forget(base::NodeId peer) { peers_.erase(peer); }

  [[nodiscard]] std::size_t bytes_held() const;

 private:
  struct Message {
    Tag tag = Tag::session;
    std::uint64_t count = 0;
    std::size_t bytes = 0;
    std::map<std::uint64_t, base::Bytes> parts;
  };
  struct Peer {
    std::uint64_t boot = 0;
    std::size_t bytes = 0;
    std::map<std::uint64_t, Message> messages;  // By number: the smallest is the oldest.
  };
  std::map<base::NodeId, Peer> peers_;
};

}  // namespace horde::wire
