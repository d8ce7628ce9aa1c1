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
  writer.varint(static_cast<std::uint64_t>(spec.shutdown.grace.ns));
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
  out.shutdown.grace.ns = static_cast<std::int64_t>(read_number(reader));
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

std::string_view refusal_of(const ChildSpec& spec) {
  if (spec.start.size() > wire::kChildStartBytesMax) {
    return "start: over_limit";
  }
  if (spec.modules.size() > wire::kChildModulesBytesMax) {
    return "modules: over_limit";
  }
  if (spec.placement_key.size() > wire::kPlacementKeyBytesMax) {
    return "placement_key: over_limit";
  }
  if (spec.placement_key.empty() != (spec.place_by != PlaceBy::key)) {
    return "placement_key: must be set exactly if placed by key";
  }
  if (spec.shutdown.grace.ns < 0 || spec.shutdown.grace > Shutdown::kForever) {
    return "shutdown: must not be negative";
  }
  return {};
}

}  // namespace horde::supervisor
