// Every maximum of the wire format, in one place. What a decoder meets above these is refused.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace horde::wire {

inline constexpr std::uint8_t kVersion = 1;

/// A datagram that we send: below the 1280 B that every IPv6 path carries, less 48 B of headers.
inline constexpr std::size_t kDatagramBytesMax = 1232;
/// A datagram that we accept: what UDP can carry.
inline constexpr std::size_t kDatagramBytesAcceptedMax = 65'507;

/// Of a user's key or name, and of a value. Stored ones have more around them: whose the key is; a
/// name's holder and rank.
inline constexpr std::size_t kUserKeyBytesMax = 512;
inline constexpr std::size_t kUserValueBytesMax = 64 * 1024;
inline constexpr std::size_t kKeyBytesMax = kUserKeyBytesMax + 40;
inline constexpr std::size_t kValueBytesMax = kUserValueBytesMax + 128;
inline constexpr std::size_t kNodeNameBytesMax = 255;
/// Concurrent writes of one key that travel in one message.
inline constexpr std::size_t kSiblingsMax = 65'536;
/// Dots that one push may list as superseded.
inline constexpr std::size_t kSupersedesMax = 65'536;
/// Runs in one vector, and nodes in its list of closed runs.
inline constexpr std::size_t kVectorRunsMax = 65'536;
inline constexpr std::size_t kPageEntriesMax = 65'536;
/// Pages that one pull may ask for at once.
inline constexpr std::size_t kPagesWindowMax = 256;
inline constexpr std::size_t kRangesMax = 4'096;
inline constexpr std::size_t kRangeDotsMax = 262'144;

/// Parts of a child's entry. Together they fit into a value with everything else that it has.
inline constexpr std::size_t kChildStartBytesMax = 48 * 1024;
inline constexpr std::size_t kChildModulesBytesMax = 1'024;
inline constexpr std::size_t kPlacementKeyBytesMax = 512;
inline constexpr std::size_t kPidBytesMax = 256;
inline constexpr std::size_t kEndReasonBytesMax = 4'096;
/// Children named in one message between supervisors.
inline constexpr std::size_t kChildIdsMax = 4'096;

/// A message that is cut into fragments, before cutting.
inline constexpr std::size_t kMessageBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kFragmentsMax = 16 * 1024;
/// What one peer may make us hold of unfinished messages. Only known nodes are peers, so their
/// number is bounded by liveness.
inline constexpr std::size_t kReassemblyBytesPerPeerMax = 2 * kMessageBytesMax;
inline constexpr std::size_t kReassemblyMessagesPerPeerMax = 64;

/// Reliable links (wire/links.hpp). A message, before it is cut into segments.
/// Takes a process's largest payload with what goes around it.
inline constexpr std::size_t kLinkMessageBytesMax = 1024 * 1024 + 8 * 1024;
inline constexpr std::size_t kLinkSegmentBytesMax = 1'024;
/// A link's frame: leaves 80 B of a datagram to its header and a seal.
inline constexpr std::size_t kLinkFrameBytesMax = 1'152;
/// Segments that may be under way, or wait for one before them.
inline constexpr std::size_t kLinkSegmentsAheadMax = 1'024;
inline constexpr std::size_t kLinkSackRangesMax = 8;
/// Epochs, segment and message numbers, credits, boots.
inline constexpr std::uint64_t kLinkNumberMax = std::uint64_t{1} << 62U;

/// After this long a datagram that is still under way is taken as gone (replication.md, C2).
inline constexpr base::Duration kDatagramLifetimeMax = base::seconds(10);

/// What one process sends to another in one message, request or answer.
inline constexpr std::size_t kPayloadBytesMax = 1024 * 1024;
/// What an exit reason says; a longer one is cut. A name conflict carries a key and a value.
inline constexpr std::size_t kReasonDetailBytesMax = kUserValueBytesMax + 2048;
/// Of a process type, a child's id, a module, a placement key.
inline constexpr std::size_t kProcessNameBytesMax = 512;
inline constexpr std::size_t kArgsMax = 1024;
inline constexpr std::size_t kArgsBytesMax = kUserValueBytesMax;  ///< All arguments of a process.
inline constexpr std::size_t kModulesMax = 64;
/// Nanoseconds: no time-out is longer (292 years), so that adding one to a time cannot overflow.
inline constexpr std::uint64_t kTimeoutMax = std::uint64_t{1} << 62U;

}  // namespace horde::wire
