#include "registry/messages.hpp"

#include "wire/limits.hpp"

namespace horde::registry {
namespace {

using wire::DecodeErrc;
using wire::Reader;
using wire::Writer;

enum class MessageKind : std::uint8_t {
  ask = 1,
  vote,
  withdraw,
  written,
  barrier_ask,
  barrier_seen
};

constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62U;
constexpr std::size_t kClaimantBytesMax = 128;

void write_head(Writer& writer, MessageKind kind, std::uint64_t number) {
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.varint(number);
}

void write_claimant(Writer& writer, std::uint64_t serial, const Rank& rank) {
  writer.blob(encode(NameValue{.serial = serial, .rank = rank, .value = {}}));
}

void write_pid(Writer& writer, const process::Pid& pid) {
  writer.run(pid.run);
  writer.varint(pid.serial);
}

void write(Writer& writer, const Ask& message) {
  write_head(writer, MessageKind::ask, message.number);
  writer.blob(message.key);
  write_claimant(writer, message.serial, message.rank);
  writer.varint(message.written);
}

void write(Writer& writer, const Vote& message) {
  write_head(writer, MessageKind::vote, message.number);
  writer.blob(message.key);
  writer.varint(message.serial);
  writer.u8(static_cast<std::uint8_t>(message.verdict));
  switch (message.verdict) {
    case Verdict::held:
      write_pid(writer, message.other);
      break;
    case Verdict::promised:
      writer.run(message.other.run);
      write_claimant(writer, message.other.serial, message.rank);
      break;
    case Verdict::yes:
    case Verdict::full:
    case Verdict::still:
      break;
  }
}

void write(Writer& writer, const Withdraw& message) {
  write_head(writer, MessageKind::withdraw, message.number);
  writer.blob(message.key);
}

void write(Writer& writer, const Written& message) {
  write_head(writer, MessageKind::written, message.number);
  writer.blob(message.key);
  writer.varint(message.written);
}

void write(Writer& writer, const BarrierAsk& message) {
  write_head(writer, MessageKind::barrier_ask, message.number);
  writer.blob(message.key);
  write_pid(writer, message.pid);
  writer.varint(static_cast<std::uint64_t>(message.timeout.ns));
}

void write(Writer& writer, const BarrierSeen& message) {
  write_head(writer, MessageKind::barrier_seen, message.number);
}

/// At least 1: zero is nobody's and nothing's.
std::uint64_t read_positive(Reader& reader) {
  const std::size_t at = reader.offset();
  const std::uint64_t number = reader.count(kNumberMax);
  if (number == 0) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  return number;
}

base::Bytes read_key(Reader& reader) {
  const std::size_t at = reader.offset();
  base::Bytes key(reader.blob(wire::kUserKeyBytesMax));
  if (key.empty()) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  return key;
}

base::RunId read_run(Reader& reader) {
  const base::NodeId node = reader.node();
  return {node, reader.count(kNumberMax)};
}

process::Pid read_pid(Reader& reader) {
  const base::RunId run = read_run(reader);
  return {run, read_positive(reader)};
}

NameValue read_claimant(Reader& reader) {
  const std::size_t at = reader.offset();
  auto claimant = decode_name_value(reader.blob(kClaimantBytesMax));
  if (!claimant || !claimant->value.empty()) {
    reader.fail(DecodeErrc::bad_value, at);
    return {};
  }
  return *std::move(claimant);
}

Ask read_ask(Reader& reader, std::uint64_t number) {
  Ask out{.number = number, .key = read_key(reader)};
  const NameValue claimant = read_claimant(reader);
  out.serial = claimant.serial;
  out.rank = claimant.rank;
  out.written = reader.count(kNumberMax);
  return out;
}

Vote read_vote(Reader& reader, std::uint64_t number) {
  Vote out{.number = number, .key = read_key(reader)};
  out.serial = read_positive(reader);
  const std::size_t at = reader.offset();
  out.verdict = static_cast<Verdict>(reader.u8());
  switch (out.verdict) {
    case Verdict::yes:
    case Verdict::full:
    case Verdict::still:
      return out;
    case Verdict::held:
      out.other = read_pid(reader);
      return out;
    case Verdict::promised: {
      out.other.run = read_run(reader);
      const NameValue claimant = read_claimant(reader);
      out.other.serial = claimant.serial;
      out.rank = claimant.rank;
      return out;
    }
  }
  reader.fail(DecodeErrc::bad_value, at);
  return out;
}

BarrierAsk read_barrier_ask(Reader& reader, std::uint64_t number) {
  BarrierAsk out{.number = number, .key = read_key(reader)};
  out.pid = read_pid(reader);
  out.timeout.ns = static_cast<std::int64_t>(reader.count(wire::kTimeoutMax));
  return out;
}

Message read_body(Reader& reader, MessageKind kind) {
  const std::uint64_t number = read_positive(reader);
  switch (kind) {
    case MessageKind::ask:
      return read_ask(reader, number);
    case MessageKind::vote:
      return read_vote(reader, number);
    case MessageKind::withdraw:
      return Withdraw{number, read_key(reader)};
    case MessageKind::written: {
      Written out{.number = number, .key = read_key(reader)};
      out.written = reader.count(kNumberMax);
      return out;
    }
    case MessageKind::barrier_ask:
      return read_barrier_ask(reader, number);
    case MessageKind::barrier_seen:
      return BarrierSeen{number};
  }
  return BarrierSeen{};
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::yes:
      return "yes";
    case Verdict::held:
      return "held";
    case Verdict::promised:
      return "promised";
    case Verdict::full:
      return "full";
    case Verdict::still:
      return "still";
  }
  return "unknown";
}

base::Bytes encode(const Message& message) {
  Writer writer;
  std::visit([&writer](const auto& m) { write(writer, m); }, message);
  return std::move(writer).take();
}

wire::Decoded<Message> decode_message(base::BytesView bytes) {
  Reader reader(bytes);
  const std::uint8_t kind = reader.u8();
  if (kind < static_cast<std::uint8_t>(MessageKind::ask) ||
      kind > static_cast<std::uint8_t>(MessageKind::barrier_seen)) {
    reader.fail(DecodeErrc::bad_tag, 0);
  }
  Message out = read_body(reader, static_cast<MessageKind>(kind));
  return reader.finish(std::move(out));
}

}  // namespace horde::registry
