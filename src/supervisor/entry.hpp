// Entry: all that a horde's map holds of one child, under the child's id, read by rank.
//
//   birth   spec, stamp, deadline of the call    once, by the node that got the call
//   claim   term, owner, boot, session           whoever starts a new ownership
//   run     start count, pid, state, rev, ...    the claim's owner
//   end     finished / terminated / refused      see transitions.hpp; never taken back
//
// Concurrent writes of one key are siblings. The value is their join: of claim, run and end those
// of the highest rank (ended?, claim, rev), strikes and the deadline by maximum. So an entry is a
// max-register: whatever order writes arrive in, a writer that has not heard of a newer claim or of
// an end loses against it, and the map's stamps decide nothing (R1).
//
//   bytes   u8 1 | u8 flags: birth 1, static 2, healthy 4 | [birth: varint stamp | spec]
//           | varint not_after | claim
//           | [claimed: varint start | u8 state | varint rev | blob pid | varint era
//              | varint strikes | varint level | [released: flag, node target]]
//           | u8 end | [ended: blob reason]
#pragma once

#include <optional>
#include <span>

#include "crdt/entry.hpp"
#include "supervisor/child.hpp"
#include "wire/codec.hpp"

namespace horde::supervisor {

/// Keys of children's entries start with this byte, so that they never meet those of members
/// (0x01, 0x02) and users (0x10).
inline constexpr char kChildKeyPrefix = '\x20';

[[nodiscard]] crdt::Key key_of(const ChildId& id);
/// The child that a key is for; nothing if the key is not one of ours.
[[nodiscard]] std::optional<ChildId> child_of(base::BytesView key);

struct Birth {
  std::uint64_t stamp_ns = 0;  ///< Wall clock of the node that got the call; 0 for static children.
  bool is_static = false;
  ChildSpec spec;
  friend auto operator<=>(const Birth&, const Birth&) = default;
};

enum class RunState : std::uint8_t {
  starting,     ///< Its owner is about to start it, or doing so.
  running,      ///< With this pid.
  backoff,      ///< To be started again after a while.
  quarantined,  ///< It failed too often: to be started again after a longer while.
  released,     ///< Stopped by its owner, for `target` to claim.
};
[[nodiscard]] std::string_view to_string(RunState state);

struct Run {
  std::uint64_t rev = 0;    ///< One more with each write of this claim's owner.
  std::uint64_t start = 0;  ///< Copies started under this claim.
  RunState state = RunState::starting;
  bool healthy = false;  ///< This copy has run for the healthy time.
  base::NodeId target;   ///< Of released; no node: whoever is chosen.
  base::Bytes pid;       ///< Of the last copy that ran.
  friend auto operator<=>(const Run&, const Run&) = default;
};

/// How often the child failed before it was healthy; carried along by each claim, so that a child
/// that fells its nodes does not begin anew on each (R20).
struct Strikes {
  std::uint64_t era = 0;    ///< Raised by the owner to take the others back.
  std::uint64_t count = 0;  ///< Failures since it was healthy.
  std::uint64_t level = 0;  ///< Quarantines in a row.
  friend auto operator<=>(const Strikes&, const Strikes&) = default;
};

enum class EndKind : std::uint8_t {
  none,
  finished,    ///< By its own normal exit.
  refused,     ///< Its first start failed, or was declined.
  terminated,  ///< By terminate_child.
};
[[nodiscard]] std::string_view to_string(EndKind kind);

struct End {
  EndKind kind = EndKind::none;
  base::Bytes reason;
  friend auto operator<=>(const End&, const End&) = default;
};

struct Entry {
  std::optional<Birth> birth;   ///< Nothing if the child was terminated before it was heard of.
  std::uint64_t not_after = 0;  ///< Wall clock, ns: no start for this id is carried out later.
  Claim claim;                  ///< No owner (term 0): never claimed.
  Run run;
  Strikes strikes;
  End end;

  [[nodiscard]] bool ended() const { return end.kind != EndKind::none; }
  [[nodiscard]] Token token() const { return {claim, run.start}; }
  friend bool operator==(const Entry&, const Entry&) = default;
};
[[nodiscard]] std::string to_string(const Entry& entry);  // "17@n1.5/2 running r3"

[[nodiscard]] Strikes join(const Strikes& a, const Strikes& b);
/// The least entry that neither says less than. Commutative, associative, idempotent.
[[nodiscard]] Entry join(const Entry& a, const Entry& b);
/// Whether `a` says all that `b` says.
[[nodiscard]] bool covers(const Entry& a, const Entry& b);

[[nodiscard]] base::Bytes encode(const Entry& entry);
/// Any bytes may be given.
[[nodiscard]] wire::Decoded<Entry> decode_entry(base::BytesView bytes);

/// What a key's siblings say together.
struct EntryRead {
  std::optional<Entry> entry;      ///< Nothing: no put that is an entry.
  std::size_t puts = 0;            ///< Siblings that are values.
  std::size_t refused = 0;         ///< Of these, the ones that are no entries.
  std::optional<base::Dot> whole;  ///< The sibling that alone says what all say, if there is one.
};
[[nodiscard]] EntryRead read_entry(const crdt::Siblings& siblings);

}  // namespace horde::supervisor
