#include "supervisor/entry.hpp"

#include <algorithm>
#include <tuple>

#include "supervisor/spec_codec.hpp"
#include "wire/limits.hpp"

namespace horde::supervisor {
namespace {

using wire::DecodeErrc;
using wire::Reader;
using wire::Writer;

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kHasBirth = 1;
constexpr std::uint8_t kIsStatic = 2;
constexpr std::uint8_t kIsHealthy = 4;

// What is taken from one sibling as a whole. The rank comes first; what follows only makes the
// order total, for entries that no correct writers make: two ends of one claim, for example.
auto chain_of(const Entry& entry) {
  return std::tuple(entry.ended(), std::cref(entry.claim), entry.run.rev, std::cref(entry.end),
                    std::cref(entry.run));
}

void write_run(Writer& writer, const Entry& entry) {
  writer.varint(entry.run.start);
  writer.u8(static_cast<std::uint8_t>(entry.run.state));
  writer.varint(entry.run.rev);
  writer.blob(entry.run.pid);
  writer.varint(entry.strikes.era);
  writer.varint(entry.strikes.count);
  writer.varint(entry.strikes.level);
  if (entry.run.state == RunState::released) {
    const bool has_target = entry.run.target != base::NodeId{};
    writer.u8(has_target ? 1 : 0);
    if (has_target) {
      writer.node(entry.run.target);
    }
  }
}

void read_run(Reader& reader, Entry& entry) {
  entry.run.start = read_number(reader);
  entry.run.state = read_enum(reader, RunState::released);
  entry.run.rev = read_number(reader);
  entry.run.pid = reader.blob(wire::kPidBytesMax);
  entry.strikes.era = read_number(reader);
  entry.strikes.count = read_number(reader);
  entry.strikes.level = read_number(reader);
  if (entry.run.state == RunState::released) {
    const std::size_t at = reader.offset();
    const std::uint8_t has_target = reader.u8();
    if (has_target > 1) {
      reader.fail(DecodeErrc::bad_value, at);
    }
    if (has_target == 1) {
      entry.run.target = reader.node();
    }
  }
}

}  // namespace

crdt::Key key_of(const ChildId& id) {
  Writer writer;
  writer.u8(static_cast<std::uint8_t>(kChildKeyPrefix));
  write_id(writer, id);
  return std::move(writer).take();
}

std::optional<ChildId> child_of(base::BytesView key) {
  Reader reader(key);
  const bool is_ours = reader.u8() == static_cast<std::uint8_t>(kChildKeyPrefix);
  const auto id = reader.finish(read_id(reader));
  return is_ours && id ? std::optional(*id) : std::nullopt;
}

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::starting:
      return "starting";
    case RunState::running:
      return "running";
    case RunState::backoff:
      return "backoff";
    case RunState::quarantined:
      return "quarantined";
    case RunState::released:
      return "released";
  }
  return "unknown";
}

std::string_view to_string(EndKind kind) {
  switch (kind) {
    case EndKind::none:
      return "none";
    case EndKind::finished:
      return "finished";
    case EndKind::refused:
      return "refused";
    case EndKind::terminated:
      return "terminated";
  }
  return "unknown";
}

std::string to_string(const Entry& entry) {
  std::string out = to_string(entry.token()) + " ";
  out += entry.ended() ? to_string(entry.end.kind) : to_string(entry.run.state);
  if (!entry.ended() && entry.run.state == RunState::released) {
    out += " to " + base::to_string(entry.run.target);
  }
  return out + " r" + std::to_string(entry.run.rev);
}

Strikes join(const Strikes& a, const Strikes& b) {
  if (a.era != b.era) {
    return a.era > b.era ? a : b;
  }
  return {a.era, std::max(a.count, b.count), std::max(a.level, b.level)};
}

Entry join(const Entry& a, const Entry& b) {
  Entry out = chain_of(a) < chain_of(b) ? b : a;
  out.birth = std::max(a.birth, b.birth);  // Equal, unless one has none.
  out.not_after = std::max(a.not_after, b.not_after);
  out.strikes = join(a.strikes, b.strikes);
  return out;
}

bool covers(const Entry& a, const Entry& b) {
  return join(a, b) == a;
}

base::Bytes encode(const Entry& entry) {
  Writer writer;
  writer.u8(kVersion);
  const int flags = (entry.birth ? kHasBirth : 0) |
                    (entry.birth && entry.birth->is_static ? kIsStatic : 0) |
                    (entry.run.healthy ? kIsHealthy : 0);
  writer.u8(static_cast<std::uint8_t>(flags));
  if (entry.birth) {
    writer.varint(entry.birth->stamp_ns);
    write_spec(writer, entry.birth->spec);
  }
  writer.varint(entry.not_after);
  write_claim(writer, entry.claim);
  if (entry.claim.term != 0) {
    write_run(writer, entry);
  }
  writer.u8(static_cast<std::uint8_t>(entry.end.kind));
  if (entry.ended()) {
    writer.blob(entry.end.reason);
  }
  return std::move(writer).take();
}

wire::Decoded<Entry> decode_entry(base::BytesView bytes) {
  Reader reader(bytes);
  Entry out;
  if (reader.u8() != kVersion) {
    reader.fail(DecodeErrc::bad_version, 0);
  }
  const std::uint8_t flags = reader.u8();
  const bool has_birth = (flags & kHasBirth) != 0;
  if (flags > (kHasBirth | kIsStatic | kIsHealthy) || ((flags & kIsStatic) != 0 && !has_birth)) {
    reader.fail(DecodeErrc::bad_value, 1);
  }
  if (has_birth) {
    out.birth = Birth{.is_static = (flags & kIsStatic) != 0};
    out.birth->stamp_ns = read_number(reader);
    out.birth->spec = read_spec(reader);
  }
  out.not_after = read_number(reader);
  out.claim = read_claim(reader);
  if (out.claim.term != 0) {
    read_run(reader, out);
  }
  out.run.healthy = (flags & kIsHealthy) != 0;
  if (out.run.healthy && out.claim.term == 0) {
    reader.fail(DecodeErrc::bad_value, 1);
  }
  const std::size_t end_at = reader.offset();
  out.end.kind = read_enum(reader, EndKind::terminated);
  if (out.ended()) {
    out.end.reason = reader.blob(wire::kEndReasonBytesMax);
  }
  // A child that was never claimed can only have been ended; one that was claimed has a spec.
  if (out.claim.term == 0 ? !out.ended() : !has_birth) {
    reader.fail(DecodeErrc::bad_value, end_at);
  }
  return reader.finish(std::move(out));
}

EntryRead read_entry(const crdt::Siblings& siblings) {
  EntryRead out;
  std::vector<std::pair<base::Dot, Entry>> found;
  for (const crdt::Sibling& sibling : siblings) {
    if (sibling.kind != crdt::Kind::put) {
      continue;
    }
    ++out.puts;
    auto entry = decode_entry(sibling.value);
    if (!entry) {
      ++out.refused;
      continue;
    }
    out.entry = out.entry ? join(*out.entry, *entry) : *entry;
    found.emplace_back(sibling.dot, *std::move(entry));
  }
  for (const auto& [dot, entry] : found) {
    if (entry == *out.entry) {
      out.whole = dot;
    }
  }
  return out;
}

}  // namespace horde::supervisor
