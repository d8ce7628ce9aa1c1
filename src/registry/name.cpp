#include "registry/name.hpp"

#include <tuple>

#include "wire/limits.hpp"

namespace horde::registry {
namespace {

constexpr std::uint8_t kVersion = 1;
// Larger numbers are no encoder's.
constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62U;

void write_rank(wire::Writer& writer, const Rank& rank) {
  writer.signed_varint(rank.priority);
  writer.varint(rank.birth_ns);
  writer.fixed64(rank.id.high);
  writer.fixed64(rank.id.low);
  writer.u8(rank.is_child ? 1 : 0);
  writer.varint(rank.term);
}

Rank read_rank(wire::Reader& reader) {
  Rank rank;
  rank.priority = reader.signed_varint();
  if (rank.priority < -process::kPriorityMax || rank.priority > process::kPriorityMax) {
    reader.fail(wire::DecodeErrc::over_limit);
  }
  rank.birth_ns = reader.count(kNumberMax);
  rank.id.high = reader.fixed64();
  rank.id.low = reader.fixed64();
  const std::uint8_t child = reader.u8();
  if (child > 1) {
    reader.fail(wire::DecodeErrc::bad_value);
  }
  rank.is_child = child == 1;
  rank.term = reader.count(kNumberMax);
  return rank;
}

}  // namespace

bool is_later_copy(const Rank& a, const process::Pid& a_pid, const Rank& b,
                   const process::Pid& b_pid) {
  return std::tie(a.term, a_pid.run, a_pid.serial) > std::tie(b.term, b_pid.run, b_pid.serial);
}

bool outranks(const Rank& a, const process::Pid& a_pid, const Rank& b, const process::Pid& b_pid) {
  return std::tie(a.priority, a.birth_ns, a.id, a.term, a_pid) >
         std::tie(b.priority, b.birth_ns, b.id, b.term, b_pid);
}

crdt::Key encode(const NameKey& key) {
  wire::Writer writer;
  writer.u8(static_cast<std::uint8_t>(kNameKeyPrefix));
  writer.blob(key.name);
  writer.fixed64(key.run.node.value);
  writer.varint(key.run.start);
  writer.varint(key.number);
  return std::move(writer).take();
}

bool is_registry_key(base::BytesView key) {
  return key.starts_with(kNameKeyPrefix) || key.starts_with(kMetaKeyPrefix);
}

std::optional<NameKey> name_key_of(base::BytesView key) {
  if (!key.starts_with(kNameKeyPrefix)) {
    return {};
  }
  wire::Reader reader(key.substr(1));
  NameKey out;
  out.name = base::Bytes(reader.blob(wire::kUserKeyBytesMax));
  out.run.node.value = reader.fixed64();
  out.run.start = reader.varint();
  out.number = reader.varint();
  auto whole = reader.finish(std::move(out));
  return whole && !whole->name.empty() ? std::optional(std::move(*whole)) : std::nullopt;
}

crdt::Value encode(const NameValue& value) {
  wire::Writer writer;
  writer.u8(kVersion);
  writer.varint(value.serial);
  write_rank(writer, value.rank);
  writer.blob(value.value);
  return std::move(writer).take();
}

wire::Decoded<NameValue> decode_name_value(base::BytesView bytes) {
  wire::Reader reader(bytes);
  if (reader.u8() != kVersion) {
    reader.fail(wire::DecodeErrc::bad_version);
  }
  NameValue out;
  out.serial = reader.count(kNumberMax);
  if (out.serial == 0) {
    reader.fail(wire::DecodeErrc::bad_value);
  }
  out.rank = read_rank(reader);
  out.value = base::Bytes(reader.blob(wire::kUserValueBytesMax));
  return reader.finish(std::move(out));
}

}  // namespace horde::registry
