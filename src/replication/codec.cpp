#include "replication/codec.hpp"

#include <algorithm>
#include <set>

#include "wire/limits.hpp"

namespace horde::replication {
namespace {

using wire::DecodeErrc;
using wire::Reader;
using wire::Writer;

// Lists grow as they are read, never by the count that a peer claims.
void require(Reader& reader, std::size_t at, bool right) {
  if (reader.ok() && !right) {
    reader.fail(DecodeErrc::bad_value, at);
  }
}

base::RunId read_run(Reader& reader) {
  const base::NodeId node = reader.node();
  const std::uint64_t start = read_number(reader);
  return {node, start};
}

base::Dot read_counter_of_run(Reader& reader) {
  const base::RunId run = read_run(reader);
  const std::size_t at = reader.offset();
  const std::uint64_t counter = read_number(reader);
  require(reader, at, counter > 0);
  return {run, counter};
}

}  // namespace

std::uint64_t RunTable::index_of(const base::RunId& run) {
  for (std::size_t i = runs_.size(); i > 0; --i) {
    if (runs_[i - 1] == run) {
      return i - 1;
    }
  }
  runs_.push_back(run);
  return runs_.size() - 1;
}

std::uint64_t read_number(Reader& reader) {
  return reader.count(kNumberMax);
}

bool read_flag(Reader& reader) {
  const std::size_t at = reader.offset();
  const std::uint8_t value = reader.u8();
  if (value > 1) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  return value == 1;
}

void write_runs(Writer& writer, const std::vector<base::RunId>& runs) {
  writer.varint(runs.size());
  for (const base::RunId& run : runs) {
    writer.run(run);
  }
}

RunsRead read_runs(Reader& reader) {
  RunsRead out;
  std::set<base::RunId> seen;
  const std::uint64_t count = reader.count(wire::kVectorRunsMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::size_t at = reader.offset();
    out.runs.push_back(read_run(reader));
    require(reader, at, seen.insert(out.runs.back()).second);
  }
  return out;
}

void require_all_used(Reader& reader, const RunsRead& runs) {
  require(reader, reader.offset(), runs.used == runs.runs.size());
}

void write_dot(Writer& writer, RunTable& table, const base::Dot& dot) {
  writer.varint(table.index_of(dot.run));
  writer.varint(dot.counter);
}

base::Dot read_dot(Reader& reader, RunsRead& runs) {
  const std::size_t at = reader.offset();
  const std::uint64_t index = reader.varint();
  const std::uint64_t counter = read_number(reader);
  require(reader, at, index <= runs.used && index < runs.runs.size() && counter > 0);
  if (!reader.ok()) {
    return {};
  }
  runs.used = std::max<std::size_t>(runs.used, index + 1);
  return {runs.runs[index], counter};
}

void write_sibling(Writer& writer, RunTable& table, const crdt::Sibling& sibling) {
  const bool tombstone = sibling.kind == crdt::Kind::tombstone;
  write_dot(writer, table, sibling.dot);
  writer.varint((static_cast<std::uint64_t>(sibling.stamp) << 1U) | (tombstone ? 1U : 0U));
  if (!tombstone) {
    writer.blob(sibling.value);
  }
}

crdt::Sibling read_sibling(Reader& reader, RunsRead& runs) {
  crdt::Sibling out;
  out.dot = read_dot(reader, runs);
  const std::uint64_t stamp_and_kind = reader.count((kNumberMax << 1U) | 1U);
  out.stamp = static_cast<crdt::Stamp>(stamp_and_kind >> 1U);
  out.kind = (stamp_and_kind & 1U) != 0 ? crdt::Kind::tombstone : crdt::Kind::put;
  if (out.kind == crdt::Kind::put) {
    out.value = reader.blob(wire::kValueBytesMax);
  }
  return out;
}

void write_siblings(Writer& writer, RunTable& table, const crdt::Siblings& siblings) {
  writer.varint(siblings.size());
  for (const crdt::Sibling& sibling : siblings) {
    write_sibling(writer, table, sibling);
  }
}

crdt::Siblings read_siblings(Reader& reader, RunsRead& runs) {
  crdt::Siblings out;
  const std::uint64_t count = reader.count(wire::kSiblingsMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::size_t at = reader.offset();
    crdt::Sibling sibling = read_sibling(reader, runs);
    require(reader, at, out.empty() || out.back().dot < sibling.dot);
    out.push_back(std::move(sibling));
  }
  return out;
}

void write_vector(Writer& writer, const crdt::VersionVector& vector) {
  writer.varint(vector.open().size());
  for (const base::Dot& dot : vector.open()) {
    writer.dot(dot);
  }
  writer.varint(vector.closed().size());
  for (const crdt::Closed& closed : vector.closed()) {
    writer.node(closed.node);
    writer.varint(closed.before);
    writer.fixed64(closed.sum);
  }
}

crdt::VersionVector read_vector(Reader& reader) {
  std::vector<base::Dot> open;
  std::uint64_t count = reader.count(wire::kVectorRunsMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::size_t at = reader.offset();
    const base::Dot dot = read_counter_of_run(reader);
    require(reader, at, open.empty() || open.back().run < dot.run);
    open.push_back(dot);
  }
  crdt::VersionVector out;
  base::NodeId last;
  count = reader.count(wire::kVectorRunsMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::size_t at = reader.offset();
    const base::NodeId node = reader.node();
    const std::uint64_t before = read_number(reader);
    const std::uint64_t sum = reader.fixed64();
    require(reader, at, last < node && before > 0);
    last = node;
    if (reader.ok()) {
      out.restore({node, before, sum});
    }
  }
  for (const base::Dot& dot : open) {
    if (reader.ok() && out.is_closed(dot.run)) {
      reader.fail(DecodeErrc::bad_value);
    }
    if (reader.ok()) {
      out.raise(dot);
    }
  }
  return out;
}

void write_floor(Writer& writer, const crdt::Floor& floor) {
  writer.varint(floor.size());
  for (const auto& [run, counter] : floor) {
    writer.dot({run, counter});
  }
}

crdt::Floor read_floor(Reader& reader) {
  crdt::Floor out;
  const std::uint64_t count = reader.count(wire::kVectorRunsMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::size_t at = reader.offset();
    const base::Dot dot = read_counter_of_run(reader);
    require(reader, at, out.empty() || out.rbegin()->first < dot.run);
    out.emplace(dot.run, dot.counter);
  }
  return out;
}

}  // namespace horde::replication
