// The messages of liveness and their bytes.
//
//   record    node | u8 flags: state in bits 0 and 1, dead by refusal in bit 2
//             | [blob name: long names only]
//             | address | varint boot | varint incarnation
//             | [suspect, dead: u8 count, that many nodes, ascending: who vouches for it]
//             | [dead, left: varint milliseconds since]
//
//   membership frame: u8 kind, then
//     1 ping      varint number | u8 targeted | [node target | varint boot] | record...
//     2 ack       varint number | record...
//     3 ping_req  varint number | node target | varint boot | address | record...
//     4 relayed   varint number | record...              the target answered the one asked
//     5 nack      varint number | u8 refused | record... it has not, or its port refuses
//     6 gossip    record...
//   table frame: u8 kind, then
//     1 ask       fixed64 digest | record...     asks for the table unless it has this digest
//     2 part      fixed64 first | fixed64 last | record...  all that is known with ids in between
//     3 answer    record...                      what the part lacked or had older
//
// Records run to the end of the frame. An example, gossip of "n2" (10.0.0.2:7000, boot 5,
// incarnation 1) being suspected by "n1":
//   06 026e32 01 00000000000000000000ffff0a000002 d836 05 01 01 026e31
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "liveness/types.hpp"
#include "wire/codec.hpp"

namespace horde::liveness {

/// Frames that we write stay below this, so that others fit into the same datagram.
inline constexpr std::size_t kFrameBytesMax = 1'000;
/// Records of a frame that is read: more than a datagram of any encoder of ours holds.
inline constexpr std::size_t kRecordsMax = 4'096;
/// Nodes that vouch for a suspicion. More than these are not kept.
inline constexpr std::size_t kAccusersMax = 8;

/// One claim about a node, as it travels.
struct Record {
  base::NodeId node;
  std::string name;  ///< The full name.
  base::Address address;
  std::uint64_t boot = 0;
  std::uint64_t incarnation = 0;
  State state = State::alive;
  Evidence evidence = Evidence::silence;  ///< Of a death.
  std::vector<base::NodeId> accusers;     ///< Ascending; empty unless suspect or dead.
  std::uint64_t age_ms = 0;               ///< Dead or left for so long.
  friend bool operator==(const Record&, const Record&) = default;
};

/// Whether `a` says something newer than `b` of the same node: by boot, then `left`, then
/// incarnation, then state.
[[nodiscard]] bool outranks(const Record& a, const Record& b);

struct MembershipMessage {
  enum class Kind : std::uint8_t { ping = 1, ack, ping_req, relayed, nack, gossip };
  Kind kind = Kind::gossip;
  std::uint64_t number = 0;        ///< Chosen by who probes; its answers bear the same.
  base::NodeId target;             ///< ping, ping_req. A ping without one is for whoever is there.
  std::uint64_t target_boot = 0;   ///< As far as the sender knows.
  base::Address target_address{};  ///< ping_req.
  std::uint8_t refused = 0;        ///< nack: 1 if the target's port refuses.
  std::vector<Record> records;
  friend bool operator==(const MembershipMessage&, const MembershipMessage&) = default;
};

struct TableMessage {
  enum class Kind : std::uint8_t { ask = 1, part, answer };
  Kind kind = Kind::ask;
  std::uint64_t digest = 0;  ///< ask: of the sender's table.
  std::uint64_t first = 0;   ///< part: the range of ids that it covers, both ends included.
  std::uint64_t last = 0;
  std::vector<Record> records;
  friend bool operator==(const TableMessage&, const TableMessage&) = default;
};

/// Appends everything but the records.
void write_head(wire::Writer& writer, const MembershipMessage& message);
void write_head(wire::Writer& writer, const TableMessage& message);
void write_record(wire::Writer& writer, const Record& record);

/// The body of a membership or table frame. Any bytes may be given; nothing is changed by an error.
[[nodiscard]] wire::Decoded<MembershipMessage> decode_membership(base::BytesView bytes);
[[nodiscard]] wire::Decoded<TableMessage> decode_table(base::BytesView bytes);

[[nodiscard]] base::Bytes encode(const MembershipMessage& message);
[[nodiscard]] base::Bytes encode(const TableMessage& message);

}  // namespace horde::liveness
