// Bytes of what replication keeps and sends: vectors, floors, siblings, events.
//
//   run table   varint count, then runs
//   dot         varint index into the run table, varint counter (from 1)
//   siblings    varint count; each: dot, varint stamp*2 + (1 if tombstone), blob value (puts only)
//   vector      varint count, each: run, varint counter; varint count, each: node, varint before,
//               fixed64 sum
//   floor       varint count, each: run, varint counter
//
// Lists are ascending without repetition, the run table is in the order of first use without
// repetition, and a decoder refuses any other: equal values are equal bytes.
#pragma once

#include <vector>

#include "crdt/aw_lww_map.hpp"
#include "wire/codec.hpp"

namespace horde::replication {

/// Largest counter, stamp, start and order that a decoder takes, so that sums and increments of
/// what a peer sent cannot overflow.
inline constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62U;

/// Collects the runs of a message while its body is written; the table is written before the body.
class RunTable {
 public:
  [[nodiscard]] std::uint64_t index_of(const base::RunId& run);
  [[nodiscard]] const std::vector<base::RunId>& runs() const { return runs_; }

 private:
  std::vector<base::RunId> runs_;  // A handful: searched from its end.
};

/// The table of a message that is read, and how much of it was referred to.
struct RunsRead {
  std::vector<base::RunId> runs;
  std::size_t used = 0;
};

void write_runs(wire::Writer& writer, const std::vector<base::RunId>& runs);
[[nodiscard]] RunsRead read_runs(wire::Reader& reader);
/// To be called behind the last dot: refuses a table with runs that nothing refers to.
void require_all_used(wire::Reader& reader, const RunsRead& runs);

void write_dot(wire::Writer& writer, RunTable& table, const base::Dot& dot);
[[nodiscard]] base::Dot read_dot(wire::Reader& reader, RunsRead& runs);

void write_sibling(wire::Writer& writer, RunTable& table, const crdt::Sibling& sibling);
[[nodiscard]] crdt::Sibling read_sibling(wire::Reader& reader, RunsRead& runs);
void write_siblings(wire::Writer& writer, RunTable& table, const crdt::Siblings& siblings);
[[nodiscard]] crdt::Siblings read_siblings(wire::Reader& reader, RunsRead& runs);

void write_vector(wire::Writer& writer, const crdt::VersionVector& vector);
[[nodiscard]] crdt::VersionVector read_vector(wire::Reader& reader);

void write_floor(wire::Writer& writer, const crdt::Floor& floor);
[[nodiscard]] crdt::Floor read_floor(wire::Reader& reader);

/// A varint of at most kNumberMax.
[[nodiscard]] std::uint64_t read_number(wire::Reader& reader);
/// A byte that must be 0 or 1.
[[nodiscard]] bool read_flag(wire::Reader& reader);

}  // namespace horde::replication
