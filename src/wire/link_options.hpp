// The options of reliable links, and what links tell their user. See links.hpp.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/datagram.hpp"
#include "wire/limits.hpp"

namespace horde::wire {

/// All nodes of a cluster have the same: a sender relies on the receiver's first credit, and on a
/// window that takes a whole message. What is bounded is bounded for each peer.
struct LinkOptions {
  /// Until the first measurement; then what RFC 6298 computes, between these two.
  base::Duration rto_initial = base::milliseconds(200);
  base::Duration rto_min = base::milliseconds(50);
  base::Duration rto_max = base::seconds(2);
  /// An acknowledgement waits this long for data to travel with. Below rto_min.
  base::Duration ack_delay = base::milliseconds(5);
  /// A link ends when nothing of what it waits for was acknowledged for this long.
  base::Duration give_up_after = base::seconds(20);

  std::size_t message_bytes_max = kLinkMessageBytesMax;
  /// Messages that were sent and not acknowledged; above these `send` answers over_limit.
  std::size_t queue_bytes_max = 2 * kLinkMessageBytesMax;
  std::size_t queue_messages_max = 4'096;
  /// What the receiver holds that its user has not taken. Requires: a whole message fits.
  std::size_t window_bytes = 2 * kLinkMessageBytesMax;
  std::size_t window_messages = 1'024;
  /// What a sender may send before it has heard of the receiver. Requires: within the window.
  std::size_t first_credit_bytes = 64 * 1024;
  std::size_t first_credit_messages = 64;

  /// Peers that are remembered, those that are down among them.
  std::size_t peers_max = 4'096;
};

/// Why a link ended.
enum class LinkEnd : std::uint8_t {
  peer_down,    ///< We were told that the peer is dead, or has left.
  newer_run,    ///< The peer's node was started again.
  peer_ended,   ///< The peer, which is alive, ended it.
  gave_up,      ///< Nothing was acknowledged for LinkOptions::give_up_after.
  own_restart,  ///< We go on under a later boot.
};
[[nodiscard]] std::string_view to_string(LinkEnd reason);

/// Names a message that was sent. A later link to the same peer has a larger epoch.
struct SentMessage {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;  ///< 1, 2, 3, ... within its epoch.
  friend constexpr auto operator<=>(const SentMessage&, const SentMessage&) = default;
};

/// The end of one link, told once. Of the messages that were sent in it, those numbered up to
/// `acknowledged` are with the peer's user, or will be handed to it; those above `transmitted`
/// never left this node; whether those between arrived is unknown.
struct LinkEnded {
  base::RunId peer;
  std::uint64_t epoch = 0;
  LinkEnd reason = LinkEnd::peer_down;
  std::uint64_t acknowledged = 0;
  std::uint64_t transmitted = 0;
  /// What had arrived and was acknowledged, and was not taken with Links::receive.
  std::vector<base::Bytes> received;
};

/// Why a message was not taken for sending. It has no effect then.
enum class SendErrc : std::uint8_t {
  message_over_limit,  ///< Larger than LinkOptions::message_bytes_max.
  queue_over_limit,    ///< The queue for this peer is full: the peer or its user is slow.
  unreachable,         ///< This run is not known, is down, or is not the newest of its node.
};
[[nodiscard]] std::string_view to_string(SendErrc code);

/// What an input led to. `ended` goes before `readable`: what can be read is of a later link.
struct LinkOutputs {
  struct Outgoing {
    base::RunId to;
    Frame frame;
  };
  std::vector<LinkEnded> ended;
  std::vector<base::RunId> readable;  ///< Links::receive has something for these.
  std::vector<Outgoing> sends;
};

}  // namespace horde::wire
