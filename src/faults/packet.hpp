// Packets and verdicts: what a transport asks of the fault rules, and what it is told.
//
// A packet is described, not carried: the rules never see its bytes, only their identity. So the
// same rules stand in front of the simulator's network and in front of a real socket.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

namespace horde::faults {

/// Which of a protocol's channels a packet has parts of, a bit for each; none: rules that are about
/// channels do not concern it. What a channel is, whoever describes the packet knows.
struct Channels {
  std::uint32_t bits = 0;
  [[nodiscard]] constexpr bool meet(Channels other) const { return (bits & other.bits) != 0; }
  friend bool operator==(const Channels&, const Channels&) = default;
};

/// One packet at the moment at which it is sent.
struct Packet {
  base::NodeId from;  ///< Hosts, not what a protocol believes: two hosts never share an id.
  base::NodeId to;
  std::uint64_t size_bytes = 0;
  base::Instant now;           ///< On the transport's clock.
  std::uint64_t identity = 0;  ///< See Identities.
  Channels channels{};
};

/// Why a packet is not delivered.
enum class DropReason : std::uint8_t {
  lost,        ///< By the link's chance of loss.
  cut,         ///< A cut holds between the two.
  queue_full,  ///< The link's bandwidth queue had no room.
};
[[nodiscard]] std::string_view to_string(DropReason reason);

/// What happens to a packet's bytes on the way.
struct Damage {
  enum class Kind : std::uint8_t { none, flip_bits, truncate };
  Kind kind = Kind::none;
  std::uint64_t key = 0;  ///< Decides which bits, or how many bytes are left.
  friend bool operator==(const Damage&, const Damage&) = default;
};

/// Flips 1 to 8 bits, or cuts the end off (leaving 0 to size - 1 bytes). Empty bytes stay as they
/// are.
void apply(const Damage& damage, base::Bytes& bytes);

/// The answer of the rules to one packet.
struct Verdict {
  enum class Fate : std::uint8_t {
    deliver,  ///< `copies`, each after its own time.
    drop,     ///< For `reason`.
    hold,     ///< Ask again, with the same identity, at `hold_until` or when a rule is healed.
  };
  struct Copy {
    base::Duration after;
    Damage damage;
    friend bool operator==(const Copy&, const Copy&) = default;
  };

  Fate fate = Fate::deliver;
  DropReason reason = DropReason::lost;
  std::uint8_t copies_count = 0;
  std::array<Copy, 2> copies;
  base::Instant hold_until = base::Instant::never();
};

/// Gives each packet the identity under which its chance is drawn: a hash of its ends, its bytes,
/// the second (2^30 ns) in which it is sent, and the number of equal packets before it in that
/// second.
///
/// Not the packet's ordinal: were it that, one packet less would change the fate of all that follow
/// it. The second is part of it because a count that runs for ever would need memory for ever, and
/// one that starts again would repeat the fate of a heartbeat for ever.
class Identities {
 public:
  /// `bytes_hash` is a hash of the packet's bytes. `now` must not go back by a second or more.
  [[nodiscard]] std::uint64_t next(base::NodeId from, base::NodeId to, std::uint64_t bytes_hash,
                                   base::Instant now);

 private:
  struct Seen {
    std::uint64_t key = 0;
    std::uint32_t epoch = 0;  // 0: free. The table is emptied by counting this up.
    std::uint32_t count = 0;
  };
  void grow();

  std::int64_t second_ = -1;
  std::uint32_t epoch_ = 0;
  std::size_t used_ = 0;
  std::vector<Seen> table_;  // Open addressing, linear probing; its size is a power of two.
};

}  // namespace horde::faults
