#include "process/signal.hpp"

#include "base/assert.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

using Kind = Signal::Kind;
using wire::DecodeErrc;

constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62U;  // Of serials and references.

bool has_detail(ExitReason::Kind kind) {
  using enum ExitReason::Kind;
  return kind == shutdown_with || kind == error || kind == name_conflict;
}

std::uint64_t read_number(wire::Reader& reader, std::uint64_t min) {
  const std::size_t at = reader.offset();
  const std::uint64_t number = reader.count(kNumberMax);
  if (reader.ok() && number < min) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  return number;
}

std::uint8_t read_u8(wire::Reader& reader, std::uint8_t min, std::uint8_t max) {
  const std::size_t at = reader.offset();
  const std::uint8_t value = reader.u8();
  if (reader.ok() && (value < min || value > max)) {
    reader.fail(DecodeErrc::bad_value, at);
    return min;
  }
  return value;
}

base::Bytes read_payload(wire::Reader& reader) {
  return base::Bytes(reader.blob(wire::kPayloadBytesMax));
}

void write_rest(wire::Writer& writer, const Signal& signal) {
  switch (signal.kind) {
    case Kind::message:
    case Kind::cast:
      writer.blob(signal.payload);
      break;
    case Kind::request:
      writer.varint(signal.ref);
      writer.varint(static_cast<std::uint64_t>(signal.timeout.ns));
      writer.blob(signal.payload);
      break;
    case Kind::reply:
      writer.varint(signal.ref);
      writer.blob(signal.payload);
      break;
    case Kind::call_failed:
      writer.varint(signal.ref);
      writer.u8(static_cast<std::uint8_t>(signal.status));
      write_reason(writer, signal.reason);
      break;
    case Kind::unlink:
      writer.varint(signal.ref);
      writer.varint(signal.other_ref);
      break;
    case Kind::exit:
      writer.u8(signal.by_link ? 1 : 0);
      write_reason(writer, signal.reason);
      break;
    case Kind::link:
    case Kind::monitor:
    case Kind::demonitor:
      writer.varint(signal.ref);
      break;
    case Kind::down:
      writer.varint(signal.ref);
      write_reason(writer, signal.reason);
      break;
  }
}

void read_rest(wire::Reader& reader, Signal& out) {
  switch (out.kind) {
    case Kind::message:
    case Kind::cast:
      out.payload = read_payload(reader);
      break;
    case Kind::request:
      out.ref = read_number(reader, 1);
      out.timeout = {static_cast<std::int64_t>(reader.count(wire::kTimeoutMax))};
      out.payload = read_payload(reader);
      break;
    case Kind::reply:
      out.ref = read_number(reader, 1);
      out.payload = read_payload(reader);
      break;
    case Kind::call_failed:
      out.ref = read_number(reader, 1);
      out.status = static_cast<CallEnded::Status>(read_u8(reader, 1, 2));
      out.reason = read_reason(reader);
      break;
    case Kind::unlink:
      out.ref = read_number(reader, 0);
      out.other_ref = read_number(reader, 0);
      break;
    case Kind::exit:
      out.by_link = read_u8(reader, 0, 1) == 1;
      out.reason = read_reason(reader);
      break;
    case Kind::link:
    case Kind::monitor:
    case Kind::demonitor:
      out.ref = read_number(reader, 1);
      break;
    case Kind::down:
      out.ref = read_number(reader, 1);
      out.reason = read_reason(reader);
      break;
  }
}

}  // namespace

void write_reason(wire::Writer& writer, const ExitReason& reason) {
  writer.u8(static_cast<std::uint8_t>(reason.kind));
  if (has_detail(reason.kind)) {
    writer.blob(base::BytesView(reason.detail).substr(0, wire::kReasonDetailBytesMax));
  }
}

ExitReason read_reason(wire::Reader& reader) {
  ExitReason out;
  out.kind = static_cast<ExitReason::Kind>(
      read_u8(reader, static_cast<std::uint8_t>(ExitReason::Kind::normal),
              static_cast<std::uint8_t>(ExitReason::Kind::name_conflict)));
  if (has_detail(out.kind)) {
    out.detail = base::Bytes(reader.blob(wire::kReasonDetailBytesMax));
  }
  return out;
}

base::Bytes encode(const Signal& signal) {
  HORDE_ASSERT(!signal.from.is_none() && !signal.to.is_none());
  HORDE_ASSERT(signal.payload.size() <= wire::kPayloadBytesMax);
  wire::Writer writer;
  writer.u8(static_cast<std::uint8_t>(signal.kind));
  writer.varint(signal.from.serial);
  writer.varint(signal.to.serial);
  write_rest(writer, signal);
  return std::move(writer).take();
}

wire::Decoded<Signal> decode_signal(base::BytesView bytes, const base::RunId& from,
                                    const base::RunId& to) {
  wire::Reader reader(bytes);
  Signal out;
  const std::uint8_t kind = reader.u8();
  if (reader.ok() && (kind == 0 || kind > static_cast<std::uint8_t>(Kind::down))) {
    reader.fail(DecodeErrc::bad_tag, 0);
  }
  if (!reader.ok()) {
    return std::unexpected(reader.error());
  }
  out.kind = static_cast<Kind>(kind);
  out.from = {from, read_number(reader, 1)};
  out.to = {to, read_number(reader, 1)};
  read_rest(reader, out);
  return reader.finish(std::move(out));
}

}  // namespace horde::process
