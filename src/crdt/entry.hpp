// Events and entries: what is written under a key, and what a replica keeps of it.
//
// An event is a put or a remove, identified by its dot. It supersedes every event that its writer
// had in the entry at that moment. An entry keeps the events that nothing superseded: concurrent
// puts
// ("siblings") and tombstones.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace horde::crdt {

using Key = base::Bytes;
using Value = base::Bytes;

/// Orders concurrent puts: the writer's wall clock in ns, or one more than the newest stamp that
/// the writer saw in the entry, whichever is larger (W3). Not a time that anybody may rely on.
using Stamp = std::int64_t;

enum class Kind : std::uint8_t { put, tombstone };

/// One event of an entry, as a replica keeps it.
struct Sibling {
  base::Dot dot;
  Kind kind = Kind::put;
  Stamp stamp = 0;  // Tombstones carry one too, so that a put after a remove still outranks.
  Value value;      // Empty for tombstones.
  friend bool operator==(const Sibling&, const Sibling&) = default;
};

/// One event as it travels: whole, with the dots of all events that it supersedes.
struct Event {
  Key key;
  Sibling sibling;
  std::vector<base::Dot> supersedes;  // Ascending.
  friend bool operator==(const Event&, const Event&) = default;
};

/// The siblings of a key, ascending by dot.
using Siblings = std::vector<Sibling>;

/// The sibling that the plain reading shows: the put with the largest (stamp, run). Null: absent.
[[nodiscard]] inline const Sibling* winner(const Siblings& siblings) {
  const Sibling* best = nullptr;
  for (const Sibling& sibling : siblings) {
    if (sibling.kind == Kind::put && (best == nullptr || std::pair(sibling.stamp, sibling.dot) >
                                                             std::pair(best->stamp, best->dot))) {
      best = &sibling;
    }
  }
  return best;
}

[[nodiscard]] inline const Sibling* find(const Siblings& siblings, const base::Dot& dot) {
  const auto it = std::ranges::lower_bound(siblings, dot, {}, &Sibling::dot);
  return it != siblings.end() && it->dot == dot ? &*it : nullptr;
}

inline void insert(Siblings& siblings, Sibling sibling) {
  const auto it = std::ranges::lower_bound(siblings, sibling.dot, {}, &Sibling::dot);
  siblings.insert(it, std::move(sibling));
}

[[nodiscard]] std::string to_string(const Siblings& siblings);  // "{n1.17:3=v@5, n2.4:1 removed}"

}  // namespace horde::crdt
