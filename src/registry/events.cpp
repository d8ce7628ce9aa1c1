#include "registry/events.hpp"

#include "wire/limits.hpp"

namespace horde::registry {

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::registered:
      return "registered";
    case Cause::unregistered:
      return "unregistered";
    case Cause::exited:
      return "exited";
    case Cause::released:
      return "released";
    case Cause::conflict:
      return "conflict";
    case Cause::member_gone:
      return "member_gone";
    case Cause::member_back:
      return "member_back";
    case Cause::member_removed:
      return "member_removed";
    case Cause::updated:
      return "updated";
  }
  return "unknown";
}

base::Bytes encode(const Event& event) {
  wire::Writer writer;
  writer.u8(static_cast<std::uint8_t>(event.kind));
  writer.blob(event.registry);
  writer.blob(event.key);
  writer.run(event.pid.run);
  writer.varint(event.pid.serial);
  writer.blob(event.value);
  writer.u8(static_cast<std::uint8_t>(event.cause));
  return std::move(writer).take();
}

wire::Decoded<Event> decode_event(base::BytesView bytes) {
  wire::Reader reader(bytes);
  Event out;
  const std::uint8_t kind = reader.u8();
  if (kind != 1 && kind != 2) {
    reader.fail(wire::DecodeErrc::bad_tag);
  }
  out.kind = static_cast<Event::Kind>(kind);
  out.registry = base::Bytes(reader.blob(wire::kProcessNameBytesMax));
  out.key = base::Bytes(reader.blob(wire::kUserKeyBytesMax));
  out.pid.run = reader.run();
  out.pid.serial = reader.varint();
  out.value = base::Bytes(reader.blob(wire::kUserValueBytesMax));
  const std::uint8_t cause = reader.u8();
  if (cause < 1 || cause > static_cast<std::uint8_t>(Cause::updated)) {
    reader.fail(wire::DecodeErrc::bad_value);
  }
  out.cause = static_cast<Cause>(cause);
  return reader.finish(std::move(out));
}

}  // namespace horde::registry
