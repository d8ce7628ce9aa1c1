// The log of a replica: records whose every prefix is a state (D2).
//
//   u8 version | run table | entries (key, siblings; none: the entry is gone) | raised runs,
//   closings (as a vector) | floors | acknowledged own events | values to be written again
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

/// A value that a replica which had to start anew will write again (C3).
struct Rewrite {
  crdt::Key key;
  crdt::Value value;
  crdt::Stamp stamp = 0;
  friend bool operator==(const Rewrite&, const Rewrite&) = default;
};

struct Record {
  std::vector<std::pair<crdt::Key, crdt::Siblings>> entries;
  crdt::VersionVector vector;  // What rose, not all of it; all of it in a checkpoint.
  crdt::Floor floor;
  crdt::Floor acknowledged;  // Own runs -> counter that some other replica covers.
  std::vector<Rewrite> rewrites;
  bool rewrites_done = false;
  friend bool operator==(const Record&, const Record&) = default;
};

[[nodiscard]] base::Bytes encode(const Record& record);
[[nodiscard]] wire::Decoded<Record> decode_record(base::BytesView bytes);

}  // namespace horde::replication
