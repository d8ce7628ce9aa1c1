#include "liveness/messages.hpp"

#include <algorithm>
#include <tuple>

#include "base/assert.hpp"
#include "wire/limits.hpp"

namespace horde::liveness {
namespace {

using wire::DecodeErrc;

constexpr std::uint64_t kLongName = std::uint64_t{1} << 63U;

bool has_accusers(State state) {
  return state == State::suspect || state == State::dead;
}

bool has_age(State state) {
  return state == State::dead || state == State::left;
}

std::uint8_t read_flag(wire::Reader& reader, std::uint8_t max) {
  const std::size_t at = reader.offset();
  const std::uint8_t value = reader.u8();
  if (value > max) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  return value;
}

std::string read_name(wire::Reader& reader, base::NodeId node) {
  if ((node.value & kLongName) == 0) {
    return base::to_string(node);
  }
  const std::size_t at = reader.offset();
  const base::BytesView name = reader.blob(wire::kNodeNameBytesMax);
  if (reader.ok() && (!base::is_node_name(name) || base::NodeId::of(name) != node)) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  return std::string(name);
}

std::vector<base::NodeId> read_accusers(wire::Reader& reader) {
  const std::size_t at = reader.offset();
  const std::uint64_t count = reader.count(kAccusersMax);
  std::vector<base::NodeId> out;
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const base::NodeId node = reader.node();
    if (!out.empty() && node <= out.back()) {
      reader.fail(DecodeErrc::bad_value, at);
    }
    out.push_back(node);
  }
  return out;
}

Record read_record(wire::Reader& reader) {
  Record out;
  out.node = reader.node();
  const std::size_t flags_at = reader.offset();
  const std::uint8_t flags = read_flag(reader, 7);
  out.state = static_cast<State>(flags & 3U);
  out.evidence = static_cast<Evidence>(flags >> 2U);
  if (out.evidence == Evidence::refusal && out.state != State::dead) {
    reader.fail(DecodeErrc::bad_value, flags_at);
  }
  if (!reader.ok()) {
    return out;
  }
  out.name = read_name(reader, out.node);
  out.address = reader.address();
  out.boot = reader.varint();
  const std::size_t at = reader.offset();
  out.incarnation = reader.varint();
  if (reader.ok() && out.incarnation == ~std::uint64_t{0}) {
    reader.fail(DecodeErrc::bad_value, at);  // It could not be refuted.
  }
  if (has_accusers(out.state)) {
    out.accusers = read_accusers(reader);
  }
  if (has_age(out.state)) {
    out.age_ms = reader.varint();
  }
  return out;
}

std::vector<Record> read_records(wire::Reader& reader) {
  std::vector<Record> out;
  while (reader.ok() && reader.remaining() > 0) {
    if (out.size() == kRecordsMax) {
      reader.fail(DecodeErrc::over_limit);
      break;
    }
    out.push_back(read_record(reader));
  }
  return out;
}

template <class Message>
base::Bytes encode_all(const Message& message) {
  wire::Writer writer;
  write_head(writer, message);
  for (const Record& record : message.records) {
    write_record(writer, record);
  }
  return std::move(writer).take();
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::alive:
      return "alive";
    case State::suspect:
      return "suspect";
    case State::dead:
      return "dead";
    case State::left:
      return "left";
  }
  return "unknown";
}

std::string_view to_string(PeerEvent::Kind kind) {
  switch (kind) {
    case PeerEvent::Kind::up:
      return "up";
    case PeerEvent::Kind::suspect:
      return "suspect";
    case PeerEvent::Kind::cleared:
      return "cleared";
    case PeerEvent::Kind::dead:
      return "dead";
    case PeerEvent::Kind::left:
      return "left";
    case PeerEvent::Kind::refuted:
      return "refuted";
    case PeerEvent::Kind::name_in_use:
      return "name_in_use";
    case PeerEvent::Kind::name_claimed:
      return "name_claimed";
    case PeerEvent::Kind::later_boot_heard:
      return "later_boot_heard";
    case PeerEvent::Kind::isolated:
      return "isolated";
  }
  return "unknown";
}

bool outranks(const Record& a, const Record& b) {
  const auto rank = [](const Record& r) {
    // Nothing follows `left` within a boot, so its incarnation does not count.
    const bool left = r.state == State::left;
    return std::tuple(r.boot, left, left ? 0 : r.incarnation, r.state);
  };
  return rank(a) > rank(b);
}

void write_record(wire::Writer& writer, const Record& record) {
  HORDE_ASSERT(record.accusers.size() <= kAccusersMax);
  writer.node(record.node);
  writer.u8(static_cast<std::uint8_t>(static_cast<unsigned>(record.state) |
                                      static_cast<unsigned>(record.evidence) << 2U));
  if ((record.node.value & kLongName) != 0) {
    writer.blob(record.name);
  }
  writer.address(record.address);
  writer.varint(record.boot);
  writer.varint(record.incarnation);
  if (has_accusers(record.state)) {
    writer.u8(static_cast<std::uint8_t>(record.accusers.size()));
    for (const base::NodeId accuser : record.accusers) {
      writer.node(accuser);
    }
  }
  if (has_age(record.state)) {
    writer.varint(record.age_ms);
  }
}

void write_head(wire::Writer& writer, const MembershipMessage& message) {
  using Kind = MembershipMessage::Kind;
  writer.u8(static_cast<std::uint8_t>(message.kind));
  if (message.kind == Kind::gossip) {
    return;
  }
  writer.varint(message.number);
  switch (message.kind) {
    case Kind::ping: {
      const bool targeted = message.target != base::NodeId{};
      writer.u8(targeted ? 1 : 0);
      if (targeted) {
        writer.node(message.target);
        writer.varint(message.target_boot);
      }
      break;
    }
    case Kind::ping_req:
      writer.node(message.target);
      writer.varint(message.target_boot);
      writer.address(message.target_address);
      break;
    case Kind::nack:
      writer.u8(message.refused);
      break;
    case Kind::ack:
    case Kind::relayed:
    case Kind::gossip:
      break;
  }
}

void write_head(wire::Writer& writer, const TableMessage& message) {
  writer.u8(static_cast<std::uint8_t>(message.kind));
  switch (message.kind) {
    case TableMessage::Kind::ask:
      writer.fixed64(message.digest);
      break;
    case TableMessage::Kind::part:
      writer.fixed64(message.first);
      writer.fixed64(message.last);
      break;
    case TableMessage::Kind::answer:
      break;
  }
}

base::Bytes encode(const MembershipMessage& message) {
  return encode_all(message);
}

base::Bytes encode(const TableMessage& message) {
  return encode_all(message);
}

wire::Decoded<MembershipMessage> decode_membership(base::BytesView bytes) {
  using Kind = MembershipMessage::Kind;
  wire::Reader reader(bytes);
  MembershipMessage out;
  const std::uint8_t kind = reader.u8();
  if (kind == 0 || kind > static_cast<std::uint8_t>(Kind::gossip)) {
    reader.fail(DecodeErrc::bad_tag, 0);
    return reader.finish(std::move(out));
  }
  out.kind = static_cast<Kind>(kind);
  if (out.kind != Kind::gossip) {
    out.number = reader.varint();
  }
  if (out.kind == Kind::ping_req || (out.kind == Kind::ping && read_flag(reader, 1) == 1)) {
    out.target = reader.node();
    out.target_boot = reader.varint();
  }
  if (out.kind == Kind::ping_req) {
    out.target_address = reader.address();
  }
  if (out.kind == Kind::nack) {
    out.refused = read_flag(reader, 1);
  }
  out.records = read_records(reader);
  return reader.finish(std::move(out));
}

wire::Decoded<TableMessage> decode_table(base::BytesView bytes) {
  using Kind = TableMessage::Kind;
  wire::Reader reader(bytes);
  TableMessage out;
  const std::uint8_t kind = reader.u8();
  if (kind == 0 || kind > static_cast<std::uint8_t>(Kind::answer)) {
    reader.fail(DecodeErrc::bad_tag, 0);
    return reader.finish(std::move(out));
  }
  out.kind = static_cast<Kind>(kind);
  if (out.kind == Kind::ask) {
    out.digest = reader.fixed64();
  }
  if (out.kind == Kind::part) {
    out.first = reader.fixed64();
    const std::size_t at = reader.offset();
    out.last = reader.fixed64();
    if (out.last < out.first) {
      reader.fail(DecodeErrc::bad_value, at);
    }
  }
  out.records = read_records(reader);
  return reader.finish(std::move(out));
}

}  // namespace horde::liveness
