// What supervisors tell each other over reliable links; all else goes through the map.
//
//   u8 kind, then
//   1 start      id | varint stamp | varint not_after | spec | varint hops | varint copies wanted
//                | node origin | varint boot | varint number       a start_child on its way
//   2 started    varint number | u8 status | blob pid | blob detail
//   3 offer      id | claim | fixed64 hash of the alive members    "you should have this one"
//   4 accept     id | claim
//   5 ask        boots | ids               "tell me when you hold these ends and no copy"
//   6 confirm    boots | ids | vector      "I do"; boots as far as the sender knows them (R11)
//   7 unquarantine  id
//   ids          varint count | id ... ascending;   boots  varint count | (node, varint boot) ...
#pragma once

#include <array>
#include <map>
#include <variant>
#include <vector>

#include "crdt/version_vector.hpp"
#include "supervisor/entry.hpp"

namespace horde::supervisor {

/// How a call ended, or why it did not.
enum class CallStatus : std::uint8_t {
  ok,
  ignore,   ///< The child's init declined; nothing runs.
  error,    ///< The child's init failed; nothing runs, and none will.
  unknown,  ///< It may have been done, or may yet be.
  not_found,
  bad_spec,  ///< The detail names the field.
  max_children,
  shutting_down,               ///< This node is stopping.
  node_dead_or_shutting_down,  ///< Nothing was recorded.
  no_alive_nodes,
  quorum_not_met,
  terminated,  ///< The child was terminated before it ran.
  timeout,
};
[[nodiscard]] std::string_view to_string(CallStatus status);

/// A start_child with what is drawn once, where the call arrives (R13).
struct StartRequest {
  ChildId id;
  std::uint64_t stamp_ns = 0;
  std::uint64_t not_after = 0;  ///< Wall clock, ns.
  ChildSpec spec;
  std::uint64_t hops = 0;    ///< Forwards that are left.
  std::uint64_t copies = 1;  ///< Replicas that must hold the entry before ok.
  base::RunId origin;
  std::uint64_t number = 0;  ///< Of the call, at its origin.
  friend bool operator==(const StartRequest&, const StartRequest&) = default;
};
struct Started {
  std::uint64_t number = 0;
  CallStatus status = CallStatus::ok;
  base::Bytes pid;
  base::Bytes detail;
  friend bool operator==(const Started&, const Started&) = default;
};
struct Offer {
  ChildId id;
  Claim claim;
  std::uint64_t alive_hash = 0;
  friend bool operator==(const Offer&, const Offer&) = default;
};
struct Accept {
  ChildId id;
  Claim claim;
  friend bool operator==(const Accept&, const Accept&) = default;
};
using Boots = std::map<base::NodeId, std::uint64_t>;
struct AskEnds {
  Boots boots;
  std::vector<ChildId> ids;
  friend bool operator==(const AskEnds&, const AskEnds&) = default;
};
struct ConfirmEnds {
  Boots boots;
  std::vector<ChildId> ids;
  crdt::VersionVector vector;
  friend bool operator==(const ConfirmEnds&, const ConfirmEnds&) = default;
};
struct Unquarantine {
  ChildId id;
  friend bool operator==(const Unquarantine&, const Unquarantine&) = default;
};

using Message =
    std::variant<StartRequest, Started, Offer, Accept, AskEnds, ConfirmEnds, Unquarantine>;

[[nodiscard]] base::Bytes encode(const Message& message);
/// Any bytes may be given.
[[nodiscard]] wire::Decoded<Message> decode_message(base::BytesView bytes);

}  // namespace horde::supervisor
