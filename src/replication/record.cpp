#include "replication/record.hpp"

#include "replication/codec.hpp"
#include "wire/limits.hpp"

namespace horde::replication {
namespace {

constexpr std::uint8_t kRecordVersion = 1;

}  // namespace

base::Bytes encode(const Record& record) {
  RunTable table;
  wire::Writer body;
  body.varint(record.entries.size());
  for (const auto& [key, siblings] : record.entries) {
    body.blob(key);
    write_siblings(body, table, siblings);
  }
  write_vector(body, record.vector);
  write_floor(body, record.floor);
  body.varint(record.rewrites.size());
  for (const Rewrite& rewrite : record.rewrites) {
    write_dot(body, table, rewrite.dot);
    body.blob(rewrite.key);
    body.blob(rewrite.value);
    body.varint(static_cast<std::uint64_t>(rewrite.stamp));
  }
  body.u8(record.rewrites_done ? 1 : 0);
  wire::Writer writer;
  writer.u8(kRecordVersion);
  write_runs(writer, table.runs());
  writer.raw(body.bytes());
  return std::move(writer).take();
}

wire::Decoded<Record> decode_record(base::BytesView bytes) {
  wire::Reader reader(bytes);
  if (const std::uint8_t version = reader.u8(); reader.ok() && version != kRecordVersion) {
    reader.fail(wire::DecodeErrc::bad_version, 0);
  }
  Record out;
  RunsRead runs = read_runs(reader);
  // A record is this node's own, so its lists are bounded by its bytes and not by a peer's limits.
  std::uint64_t count = reader.count(bytes.size());
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    crdt::Key key(reader.blob(wire::kKeyBytesMax));
    crdt::Siblings siblings = read_siblings(reader, runs);
    out.entries.emplace_back(std::move(key), std::move(siblings));
  }
  out.vector = read_vector(reader);
  out.floor = read_floor(reader);
  count = reader.count(bytes.size());
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    Rewrite rewrite;
    rewrite.dot = read_dot(reader, runs);
    rewrite.key = reader.blob(wire::kKeyBytesMax);
    rewrite.value = reader.blob(wire::kValueBytesMax);
    rewrite.stamp = static_cast<crdt::Stamp>(read_number(reader));
    out.rewrites.push_back(std::move(rewrite));
  }
  require_all_used(reader, runs);
  out.rewrites_done = read_flag(reader);
  return reader.finish(std::move(out));
}

}  // namespace horde::replication
