// The log of a replica: records whose every prefix is a state (D2).
//
//   u8 version | run table | entries (key, siblings; none: the entry is gone) | raised runs,
//   closings (as a vector) | floors | values to be written again
//
// A record holds whole entries as they are after the change, and the counters that rose with it, so
// a prefix of the log is what the replica knew at that moment: an entry and the vector that covers
// it never part.
#pragma once

#include <map>
#include <vector>

#include "crdt/aw_lww_map.hpp"
#include "wire/codec.hpp"

namespace horde::replication {

/// A value that a replica which had to start anew will write again (C3), unless it turns out that
/// others have the event after all.
struct Rewrite {
  base::Dot dot;
  crdt::Key key;
  crdt::Value value;
  crdt::Stamp stamp = 0;
  friend bool operator==(const Rewrite&, const Rewrite&) = default;
};

struct Record {
  std::vector<std::pair<crdt::Key, crdt::Siblings>> entries;
  crdt::VersionVector vector;  // What rose, not all of it; all of it in a checkpoint.
  crdt::Floor floor;
  std::vector<Rewrite> rewrites;
  bool rewrites_done = false;
  friend bool operator==(const Record&, const Record&) = default;
};

[[nodiscard]] base::Bytes encode(const Record& record);
[[nodiscard]] wire::Decoded<Record> decode_record(base::BytesView bytes);

}  // namespace horde::replication
