#include "supervisor/messages.hpp"

#include "replication/codec.hpp"
#include "supervisor/spec_codec.hpp"
#include "wire/limits.hpp"

namespace horde::supervisor {
namespace {

using wire::DecodeErrc;
using wire::Reader;
using wire::Writer;

enum class MessageKind : std::uint8_t {
  start = 1,
  started,
  offer,
  accept,
  ask,
  confirm,
  unquarantine
};

void write_kind(Writer& writer, MessageKind kind) {
  writer.u8(static_cast<std::uint8_t>(kind));
}

void write_boots(Writer& writer, const Boots& boots) {
  writer.varint(boots.size());
  for (const auto& [node, boot] : boots) {
    writer.node(node);
    writer.varint(boot);
  }
}

Boots read_boots(Reader& reader) {
  Boots out;
  const std::uint64_t count = reader.count(wire::kVectorRunsMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::size_t at = reader.offset();
    const base::NodeId node = reader.node();
    const std::uint64_t boot = read_number(reader);
    if (!out.empty() && node <= out.rbegin()->first) {
      reader.fail(DecodeErrc::bad_value, at);
    }
    out.emplace(node, boot);
  }
  return out;
}

void write_ids(Writer& writer, const std::vector<ChildId>& ids) {
  writer.varint(ids.size());
  for (const ChildId& id : ids) {
    write_id(writer, id);
  }
}

std::vector<ChildId> read_ids(Reader& reader) {
  std::vector<ChildId> out;
  const std::uint64_t count = reader.count(wire::kChildIdsMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::size_t at = reader.offset();
    out.push_back(read_id(reader));
    if (i > 0 && out[i] <= out[i - 1]) {
      reader.fail(DecodeErrc::bad_value, at);
    }
  }
  return out;
}

void write(Writer& writer, const StartRequest& message) {
  write_kind(writer, MessageKind::start);
  write_id(writer, message.id);
  writer.varint(message.stamp_ns);
  writer.varint(message.not_after);
  write_spec(writer, message.spec);
  writer.varint(message.hops);
  writer.varint(message.copies);
  writer.run(message.origin);
  writer.varint(message.number);
}

void write(Writer& writer, const Started& message) {
  write_kind(writer, MessageKind::started);
  writer.varint(message.number);
  writer.u8(static_cast<std::uint8_t>(message.status));
  writer.blob(message.pid);
  writer.blob(message.detail);
}

void write(Writer& writer, const Offer& message) {
  write_kind(writer, MessageKind::offer);
  write_id(writer, message.id);
  write_claim(writer, message.claim);
  writer.fixed64(message.alive_hash);
}

void write(Writer& writer, const Accept& message) {
  write_kind(writer, MessageKind::accept);
  write_id(writer, message.id);
  write_claim(writer, message.claim);
}

void write(Writer& writer, const AskEnds& message) {
  write_kind(writer, MessageKind::ask);
  write_boots(writer, message.boots);
  write_ids(writer, message.ids);
}

void write(Writer& writer, const ConfirmEnds& message) {
  write_kind(writer, MessageKind::confirm);
  write_boots(writer, message.boots);
  write_ids(writer, message.ids);
  replication::write_vector(writer, message.vector);
}

void write(Writer& writer, const Unquarantine& message) {
  write_kind(writer, MessageKind::unquarantine);
  write_id(writer, message.id);
}

StartRequest read_start(Reader& reader) {
  StartRequest out;
  out.id = read_id(reader);
  out.stamp_ns = read_number(reader);
  out.not_after = read_number(reader);
  out.spec = read_spec(reader);
  out.hops = read_number(reader);
  out.copies = read_number(reader);
  out.origin = reader.run();
  out.number = read_number(reader);
  return out;
}

Started read_started(Reader& reader) {
  Started out;
  out.number = read_number(reader);
  out.status = read_enum(reader, CallStatus::timeout);
  out.pid = reader.blob(wire::kPidBytesMax);
  out.detail = reader.blob(wire::kEndReasonBytesMax);
  return out;
}

Offer read_offer(Reader& reader) {
  Offer out;
  out.id = read_id(reader);
  out.claim = read_claim(reader);
  out.alive_hash = reader.fixed64();
  return out;
}

Accept read_accept(Reader& reader) {
  Accept out;
  out.id = read_id(reader);
  out.claim = read_claim(reader);
  return out;
}

Message read_body(Reader& reader, MessageKind kind) {
  switch (kind) {
    case MessageKind::start:
      return read_start(reader);
    case MessageKind::started:
      return read_started(reader);
    case MessageKind::offer:
      return read_offer(reader);
    case MessageKind::accept:
      return read_accept(reader);
    case MessageKind::ask: {
      AskEnds out{.boots = read_boots(reader)};
      out.ids = read_ids(reader);
      return out;
    }
    case MessageKind::confirm: {
      ConfirmEnds out{.boots = read_boots(reader)};
      out.ids = read_ids(reader);
      out.vector = replication::read_vector(reader);
      return out;
    }
    case MessageKind::unquarantine:
      return Unquarantine{read_id(reader)};
  }
  reader.fail(DecodeErrc::bad_tag, 0);
  return Unquarantine{};
}

}  // namespace

std::string_view to_string(CallStatus status) {
  constexpr std::array<std::string_view, 13> kNames = {"ok",
                                                       "ignore",
                                                       "error",
                                                       "unknown",
                                                       "not_found",
                                                       "bad_spec",
                                                       "max_children",
                                                       "shutting_down",
                                                       "node_dead_or_shutting_down",
                                                       "no_alive_nodes",
                                                       "quorum_not_met",
                                                       "terminated",
                                                       "timeout"};
  return kNames.at(static_cast<std::size_t>(status));
}

base::Bytes encode(const Message& message) {
  Writer writer;
  std::visit([&writer](const auto& m) { write(writer, m); }, message);
  return std::move(writer).take();
}

wire::Decoded<Message> decode_message(base::BytesView bytes) {
  Reader reader(bytes);
  const std::uint8_t kind = reader.u8();
  Message out = read_body(reader, static_cast<MessageKind>(kind));
  return reader.finish(std::move(out));
}

}  // namespace horde::supervisor
