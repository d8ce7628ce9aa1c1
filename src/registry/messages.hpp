// What registries tell each other over reliable links; names themselves go through the map.
//
//   u8 kind, varint number, then
//   1 ask           blob key | blob claimant | varint written       "may my process have this
//   name?" 2 vote          blob key | varint serial | u8 verdict | [held: pid] | [promised: run |
//   blob claimant] 3 withdraw      blob key                                        "I do not need
//   that any more" 4 written       blob key | varint written                       "once you have
//   seen that" 5 barrier ask   blob key | pid | varint timeout in ns           "tell me when you
//   see it there" 6 barrier seen                                                  "I do" claimant
//   a name's value as in the map, with an empty value of the user's pid             run | varint
//   serial
//
// Numbers are the asker's: of one try to confirm (1 to 4), of one barrier (5, 6). The run of who
// asks is the link's, so no peer speaks for another's processes.
#pragma once

#include <variant>

#include "registry/name.hpp"

namespace horde::registry {

struct Ask {
  std::uint64_t number = 0;
  base::Bytes key;
  std::uint64_t serial = 0;
  Rank rank;
  std::uint64_t written = 0;  ///< The asker's newest write in the map before this try.
  friend bool operator==(const Ask&, const Ask&) = default;
};

enum class Verdict : std::uint8_t {
  yes = 1,   ///< Promised: the same is said to nobody else until it is settled.
  held,      ///< `other` holds it.
  promised,  ///< To `other`.
  full,      ///< Too many promises at once.
  still,     ///< Said by itself, some time after yes: the promise stands, and is it needed?
};
[[nodiscard]] std::string_view to_string(Verdict verdict);

struct Vote {
  std::uint64_t number = 0;
  base::Bytes key;
  std::uint64_t serial = 0;  ///< Of the process that asked.
  Verdict verdict = Verdict::yes;
  process::Pid other{};  ///< held, promised
  Rank rank{};           ///< promised
  friend bool operator==(const Vote&, const Vote&) = default;
};

struct Withdraw {
  std::uint64_t number = 0;
  base::Bytes key;
  friend bool operator==(const Withdraw&, const Withdraw&) = default;
};

/// The name is in the map since that write of the sender, or longer: no promise is needed where
/// that has been seen.
struct Written {
  std::uint64_t number = 0;
  base::Bytes key;
  std::uint64_t written = 0;
  friend bool operator==(const Written&, const Written&) = default;
};

struct BarrierAsk {
  std::uint64_t number = 0;
  base::Bytes key;
  process::Pid pid;
  base::Duration timeout{};
  friend bool operator==(const BarrierAsk&, const BarrierAsk&) = default;
};

struct BarrierSeen {
  std::uint64_t number = 0;
  friend bool operator==(const BarrierSeen&, const BarrierSeen&) = default;
};

using Message = std::variant<Ask, Vote, Withdraw, Written, BarrierAsk, BarrierSeen>;

[[nodiscard]] base::Bytes encode(const Message& message);
/// Any bytes may be given.
[[nodiscard]] wire::Decoded<Message> decode_message(base::BytesView bytes);

}  // namespace horde::registry
