#include "replication/messages.hpp"

#include <bit>

#include "replication/codec.hpp"
#include "wire/limits.hpp"

namespace horde::replication {
namespace {

using wire::DecodeErrc;
using wire::Reader;
using wire::Writer;

enum class MessageKind : std::uint8_t {
  ask = 1,
  equal,
  vector_is,
  pull,
  page,
  again,
  ranges,
  range_dots,
  push,
};

void write_flag(Writer& writer, bool flag) {
  writer.u8(flag ? 1 : 0);
}

void write_sent(Writer& writer, const SentVector& sent) {
  write_flag(writer, sent.whole);
  write_vector(writer, sent.part);
  if (!sent.whole) {
    writer.fixed64(sent.cold_digest);
  }
}

SentVector read_sent(Reader& reader) {
  SentVector out;
  out.whole = read_flag(reader);
  out.part = read_vector(reader);
  if (!out.whole) {
    out.cold_digest = reader.fixed64();
  }
  return out;
}

// The table of runs stands before what refers to it, so the body is written aside first.
void write_with_runs(Writer& writer, const RunTable& table, const Writer& body) {
  write_runs(writer, table.runs());
  writer.raw(body.bytes());
}

void write(Writer& writer, const Ask& m) {
  writer.varint(m.round);
  writer.fixed64(m.digest);
  writer.varint(m.order);
  write_flag(writer, m.synced);
}

Ask read_ask(Reader& reader) {
  Ask m;
  m.round = read_number(reader);
  m.digest = reader.fixed64();
  m.order = read_number(reader);
  m.synced = read_flag(reader);
  return m;
}

void write(Writer& writer, const Equal& m) {
  writer.varint(m.round);
  writer.varint(m.order);
  write_flag(writer, m.synced);
}

Equal read_equal(Reader& reader) {
  Equal m;
  m.round = read_number(reader);
  m.order = read_number(reader);
  m.synced = read_flag(reader);
  return m;
}

void write(Writer& writer, const VectorIs& m) {
  writer.varint(m.round);
  write_sent(writer, m.vector);
  write_flag(writer, m.answer_whole);
  write_flag(writer, m.synced);
}

VectorIs read_vector_is(Reader& reader) {
  VectorIs m;
  m.round = read_number(reader);
  m.vector = read_sent(reader);
  m.answer_whole = read_flag(reader);
  m.synced = read_flag(reader);
  return m;
}

void write(Writer& writer, const Pull& m) {
  writer.varint(m.session);
  writer.varint(m.server_start);
  writer.varint(m.cursor);
  writer.varint(m.until);
  writer.varint(m.window);
  writer.varint(m.limit);
  write_flag(writer, m.synced);
  write_flag(writer, m.reconciled.has_value());
  if (m.reconciled) {
    writer.varint(*m.reconciled);
  }
  write_flag(writer, m.want.has_value());
  if (m.want) {
    write_sent(writer, *m.want);
  }
}

Pull read_pull(Reader& reader) {
  Pull m;
  m.session = read_number(reader);
  m.server_start = read_number(reader);
  m.cursor = read_number(reader);
  m.until = read_number(reader);
  m.window = reader.count(wire::kPagesWindowMax);
  m.limit = reader.count(wire::kPageEntriesMax);
  m.synced = read_flag(reader);
  if (read_flag(reader)) {
    m.reconciled = read_number(reader);
  }
  if (read_flag(reader)) {
    m.want = read_sent(reader);
  }
  return m;
}

void write(Writer& writer, const Page& m) {
  writer.varint(m.session);
  writer.varint(m.puller_start);
  writer.varint(m.from);
  writer.varint(m.to);
  writer.varint(m.as_of);
  write_flag(writer, m.last_of_burst);
  RunTable table;
  Writer body;
  body.varint(m.entries.size());
  for (const auto& [key, siblings] : m.entries) {
    body.blob(key);
    write_siblings(body, table, siblings);
  }
  write_with_runs(writer, table, body);
  write_flag(writer, m.done.has_value());
  if (m.done) {
    write_sent(writer, m.done->vector);
    write_floor(writer, m.done->floor);
    write_flag(writer, m.done->synced);
  }
}

Page read_page(Reader& reader) {
  Page m;
  m.session = read_number(reader);
  m.puller_start = read_number(reader);
  m.from = read_number(reader);
  const std::size_t to_at = reader.offset();
  m.to = read_number(reader);
  m.as_of = read_number(reader);
  if (reader.ok() && (m.to < m.from || m.as_of < m.to)) {
    reader.fail(DecodeErrc::bad_value, to_at);
  }
  m.last_of_burst = read_flag(reader);
  RunsRead runs = read_runs(reader);
  const std::uint64_t count = reader.count(wire::kPageEntriesMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    crdt::Key key(reader.blob(wire::kKeyBytesMax));
    const std::size_t at = reader.offset();
    crdt::Siblings siblings = read_siblings(reader, runs);
    if (reader.ok() && siblings.empty()) {
      reader.fail(DecodeErrc::bad_value, at);
    }
    m.entries.emplace_back(std::move(key), std::move(siblings));
  }
  require_all_used(reader, runs);
  if (read_flag(reader)) {
    m.done.emplace();
    m.done->vector = read_sent(reader);
    m.done->floor = read_floor(reader);
    m.done->synced = read_flag(reader);
  }
  return m;
}

void write(Writer& writer, const Again& m) {
  writer.varint(m.session);
  writer.varint(m.puller_start);
  writer.u8(static_cast<std::uint8_t>(m.why));
}

Again read_again(Reader& reader) {
  Again m;
  m.session = read_number(reader);
  m.puller_start = read_number(reader);
  m.why = read_flag(reader) ? Again::Why::reconcile : Again::Why::start_again;
  return m;
}

void write(Writer& writer, const Ranges& m) {
  writer.varint(m.session);
  writer.varint(m.server_start);
  write_sent(writer, m.want);
  writer.varint(m.sums.size());
  for (const std::uint64_t sum : m.sums) {
    writer.fixed64(sum);
  }
}

Ranges read_ranges(Reader& reader) {
  Ranges m;
  m.session = read_number(reader);
  m.server_start = read_number(reader);
  m.want = read_sent(reader);
  const std::size_t at = reader.offset();
  const std::uint64_t count = reader.count(wire::kRangesMax);
  if (reader.ok() && !std::has_single_bit(count)) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    m.sums.push_back(reader.fixed64());
  }
  return m;
}

void write(Writer& writer, const RangeDots& m) {
  writer.varint(m.session);
  writer.varint(m.puller_start);
  writer.varint(m.floor_version);
  writer.varint(m.as_of);
  write_sent(writer, m.vector);
  RunTable table;
  Writer body;
  body.varint(m.differing.size());
  for (const RangeDots::Range& range : m.differing) {
    body.varint(range.index);
    body.varint(range.dots.size());
    for (const base::Dot& dot : range.dots) {
      write_dot(body, table, dot);
    }
  }
  write_with_runs(writer, table, body);
}

RangeDots read_range_dots(Reader& reader) {
  RangeDots m;
  m.session = read_number(reader);
  m.puller_start = read_number(reader);
  m.floor_version = read_number(reader);
  m.as_of = read_number(reader);
  m.vector = read_sent(reader);
  RunsRead runs = read_runs(reader);
  const std::uint64_t count = reader.count(wire::kRangesMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::size_t at = reader.offset();
    RangeDots::Range range;
    range.index = reader.count(wire::kRangesMax);
    const std::uint64_t dots = reader.count(wire::kRangeDotsMax);
    for (std::uint64_t j = 0; j < dots && reader.ok(); ++j) {
      const base::Dot dot = read_dot(reader, runs);
      if (reader.ok() && !range.dots.empty() && dot <= range.dots.back()) {
        reader.fail(DecodeErrc::bad_value, at);
      }
      range.dots.push_back(dot);
    }
    if (reader.ok() && !m.differing.empty() && range.index <= m.differing.back().index) {
      reader.fail(DecodeErrc::bad_value, at);
    }
    m.differing.push_back(std::move(range));
  }
  require_all_used(reader, runs);
  return m;
}

void write(Writer& writer, const Push& m) {
  RunTable table;
  Writer body;
  body.varint(m.events.size());
  for (const crdt::Event& event : m.events) {
    body.blob(event.key);
    write_sibling(body, table, event.sibling);
    body.varint(event.supersedes.size());
    for (const base::Dot& dot : event.supersedes) {
      write_dot(body, table, dot);
    }
  }
  write_with_runs(writer, table, body);
}

Push read_push(Reader& reader) {
  Push m;
  RunsRead runs = read_runs(reader);
  const std::uint64_t count = reader.count(wire::kPageEntriesMax);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    crdt::Event event;
    event.key = reader.blob(wire::kKeyBytesMax);
    event.sibling = read_sibling(reader, runs);
    const std::size_t at = reader.offset();
    const std::uint64_t superseded = reader.count(wire::kSupersedesMax);
    for (std::uint64_t j = 0; j < superseded && reader.ok(); ++j) {
      const base::Dot dot = read_dot(reader, runs);
      if (reader.ok() && !event.supersedes.empty() && dot <= event.supersedes.back()) {
        reader.fail(DecodeErrc::bad_value, at);
      }
      event.supersedes.push_back(dot);
    }
    m.events.push_back(std::move(event));
  }
  require_all_used(reader, runs);
  return m;
}

template <class... Handlers>
struct Overload : Handlers... {
  using Handlers::operator()...;
};

}  // namespace

SentVector SentVector::hot(const crdt::VersionVector& vector) {
  return {.whole = false, .part = vector.hot(), .cold_digest = vector.cold_digest()};
}

SentVector SentVector::full(const crdt::VersionVector& vector) {
  return {.whole = true, .part = vector, .cold_digest = 0};
}

std::optional<crdt::VersionVector> SentVector::resolve(const crdt::VersionVector& own) const {
  if (whole) {
    return part;
  }
  if (own.cold_digest() != cold_digest) {
    return std::nullopt;
  }
  crdt::VersionVector out = own.cold();
  out.merge(part);
  return out;
}

wire::Tag tag_of(const Message& message) {
  return std::visit(Overload{
                        [](const Ask&) { return wire::Tag::digest; },
                        [](const Equal&) { return wire::Tag::digest; },
                        [](const VectorIs&) { return wire::Tag::vector; },
                        [](const Push&) { return wire::Tag::push; },
                        [](const auto&) { return wire::Tag::session; },
                    },
                    message);
}

void encode(Writer& writer, const Message& message) {
  // The alternatives of Message and the values of MessageKind stand in the same order.
  writer.u8(static_cast<std::uint8_t>(message.index() + 1));
  std::visit([&writer](const auto& m) { write(writer, m); }, message);
}

wire::Decoded<Message> decode(Reader& reader) {
  const std::size_t at = reader.offset();
  const auto kind = static_cast<MessageKind>(reader.u8());
  switch (kind) {
    case MessageKind::ask:
      return reader.finish(Message{read_ask(reader)});
    case MessageKind::equal:
      return reader.finish(Message{read_equal(reader)});
    case MessageKind::vector_is:
      return reader.finish(Message{read_vector_is(reader)});
    case MessageKind::pull:
      return reader.finish(Message{read_pull(reader)});
    case MessageKind::page:
      return reader.finish(Message{read_page(reader)});
    case MessageKind::again:
      return reader.finish(Message{read_again(reader)});
    case MessageKind::ranges:
      return reader.finish(Message{read_ranges(reader)});
    case MessageKind::range_dots:
      return reader.finish(Message{read_range_dots(reader)});
    case MessageKind::push:
      return reader.finish(Message{read_push(reader)});
  }
  reader.fail(DecodeErrc::bad_tag, at);
  return std::unexpected(reader.error());
}

namespace {

constexpr std::size_t kDotBytesMax = 9 + 10 + 3 + 9;  // With its run's share of the table.
constexpr std::size_t kSiblingBytesMax = kDotBytesMax + 9 + 3;

}  // namespace

std::size_t encoded_bytes_max(const crdt::Key& key, const crdt::Siblings& siblings) {
  std::size_t sum = key.size() + 2 + 2;
  for (const crdt::Sibling& sibling : siblings) {
    sum += kSiblingBytesMax + sibling.value.size();
  }
  return sum;
}

std::size_t encoded_bytes_max(const crdt::Event& event) {
  return event.key.size() + 2 + kSiblingBytesMax + event.sibling.value.size() + 2 +
         event.supersedes.size() * kDotBytesMax;
}

}  // namespace horde::replication
