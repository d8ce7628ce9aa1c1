#include "supervisor/spec_codec.hpp"

#include "wire/limits.hpp"

namespace horde::supervisor {

using wire::DecodeErrc;

std::uint64_t read_number(wire::Reader& reader) {
  return reader.count(kNumberMax);
}

void write_id(wire::Writer& writer, const ChildId& id) {
  writer.fixed64(id.high);
  writer.fixed64(id.low);
}

ChildId read_id(wire::Reader& reader) {
  const std::uint64_t high = reader.fixed64();
  const std::uint64_t low = reader.fixed64();
  return {high, low};
}

void write_spec(wire::Writer& writer, const ChildSpec& spec) {
  writer.blob(spec.start);
  writer.u8(static_cast<std::uint8_t>(spec.restart));
  writer.u8(static_cast<std::uint8_t>(spec.type));
  writer.u8(static_cast<std::uint8_t>(spec.place_by));
  writer.varint(static_cast<std::uint64_t>(spec.effective_shutdown().grace.ns));
  writer.blob(spec.modules);
  if (spec.place_by == PlaceBy::key) {
    writer.blob(spec.placement_key);
  }
}

ChildSpec read_spec(wire::Reader& reader) {
  ChildSpec out;
  out.start = reader.blob(wire::kChildStartBytesMax);
  out.restart = read_enum(reader, Restart::temporary);
  out.type = read_enum(reader, ChildType::supervisor);
  out.place_by = read_enum(reader, PlaceBy::spec);
  out.shutdown = Shutdown{{static_cast<std::int64_t>(read_number(reader))}};
  out.modules = reader.blob(wire::kChildModulesBytesMax);
  if (out.place_by == PlaceBy::key) {
    out.placement_key = reader.blob(wire::kPlacementKeyBytesMax);
  }
  return out;
}

base::Bytes encode(const ChildSpec& spec) {
  wire::Writer writer;
  write_spec(writer, spec);
  return std::move(writer).take();
}

void write_claim(wire::Writer& writer, const Claim& claim) {
  writer.varint(claim.term);
  if (claim.term != 0) {
    writer.node(claim.owner);
    writer.varint(claim.boot);
    writer.varint(claim.session);
  }
}

Claim read_claim(wire::Reader& reader) {
  Claim out;
  out.term = read_number(reader);
  if (out.term != 0) {
    out.owner = reader.node();
    out.boot = read_number(reader);
    out.session = read_number(reader);
  }
  return out;
}

}  // namespace horde::supervisor
