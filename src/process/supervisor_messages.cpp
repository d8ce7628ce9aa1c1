#include "process/supervisor_messages.hpp"

#include "base/assert.hpp"
#include "process/signal.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

using wire::DecodeErrc;
using wire::Reader;
using wire::Writer;

constexpr std::uint64_t kMsMax = wire::kTimeoutMax / 1'000'000;

std::uint8_t read_u8(Reader& reader, std::uint8_t max) {
  const std::size_t at = reader.offset();
  const std::uint8_t value = reader.u8();
  if (reader.ok() && (value == 0 || value > max)) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  return reader.ok() ? value : max;
}

void write_ms(Writer& writer, base::Duration duration) {
  writer.varint(static_cast<std::uint64_t>(duration.ns / 1'000'000));
}

base::Duration read_ms(Reader& reader) {
  return base::milliseconds(static_cast<std::int64_t>(reader.count(kMsMax)));
}

void write_pid(Writer& writer, const Pid& pid) {
  writer.run(pid.run);
  writer.varint(pid.serial);
}

Pid read_pid(Reader& reader) {
  Pid out;
  out.run = reader.run();
  const std::size_t at = reader.offset();
  out.serial = reader.varint();
  if (reader.ok() && out.is_none()) {
    reader.fail(DecodeErrc::bad_value, at);
  }
  return out;
}

}  // namespace

base::Bytes encode(const SupervisorOptions& options) {
  const RestartPolicy& restart = options.supervision.restart;
  HORDE_ASSERT(validate(options.supervision).has_value());
  Writer writer;
  writer.varint(restart.max_restarts);
  write_ms(writer, restart.max_time);
  writer.u8(static_cast<std::uint8_t>(restart.on_intensity));
  for (const base::Duration duration :
       {restart.backoff_first, restart.backoff_max, restart.quarantine_first,
        restart.quarantine_max, restart.healthy_after}) {
    write_ms(writer, duration);
  }
  writer.varint(options.supervision.max_children);
  write_args(writer, options.supervision.extra_arguments);
  writer.varint(options.children.size());
  for (const ChildSpec& spec : options.children) {
    write_spec(writer, spec);
  }
  return std::move(writer).take();
}

wire::Decoded<SupervisorOptions> decode_supervisor_options(base::BytesView bytes) {
  Reader reader(bytes);
  SupervisorOptions out;
  RestartPolicy& restart = out.supervision.restart;
  restart.max_restarts = static_cast<std::uint32_t>(reader.count(1'000'000));
  restart.max_time = read_ms(reader);
  restart.on_intensity = static_cast<OnIntensity>(read_u8(reader, 2));
  restart.backoff_first = read_ms(reader);
  restart.backoff_max = read_ms(reader);
  restart.quarantine_first = read_ms(reader);
  restart.quarantine_max = read_ms(reader);
  restart.healthy_after = read_ms(reader);
  out.supervision.max_children = reader.varint();
  out.supervision.extra_arguments = read_args(reader);
  if (reader.ok() && !validate(out.supervision)) {
    reader.fail(DecodeErrc::bad_value, 0);
  }
  for (auto count = reader.count(wire::kArgsMax); count > 0 && reader.ok(); --count) {
    out.children.push_back(read_spec(reader));
  }
  return reader.finish(std::move(out));
}

namespace supervisor {
namespace {

void write_target(Writer& writer, const Target& target) {
  if (const auto* pid = std::get_if<Pid>(&target)) {
    writer.u8(1);
    write_pid(writer, *pid);
  } else {
    writer.u8(2);
    writer.blob(std::get<base::Bytes>(target));
  }
}

Target read_target(Reader& reader) {
  if (read_u8(reader, 2) == 1) {
    return read_pid(reader);
  }
  return base::Bytes(reader.blob(wire::kProcessNameBytesMax));
}

ChildRow read_row(Reader& reader) {
  ChildRow row;
  row.id = base::Bytes(reader.blob(wire::kProcessNameBytesMax));
  row.state = static_cast<Child::State>(
      read_u8(reader, static_cast<std::uint8_t>(Child::State::stopping) + 1) - 1);
  if (read_u8(reader, 2) == 2) {
    row.pid = read_pid(reader);
  }
  row.kind = static_cast<ChildKind>(read_u8(reader, 2));
  for (auto count = reader.count(wire::kModulesMax); count > 0 && reader.ok(); --count) {
    row.modules.emplace_back(reader.blob(wire::kProcessNameBytesMax));
  }
  return row;
}

}  // namespace

base::Bytes encode(const Request& request) {
  Writer writer;
  writer.u8(static_cast<std::uint8_t>(request.index() + 1));
  if (const auto* start = std::get_if<StartChild>(&request)) {
    write_spec(writer, start->spec);
  } else if (const auto* terminate = std::get_if<TerminateChild>(&request)) {
    write_target(writer, terminate->child);
  } else if (const auto* release = std::get_if<Release>(&request)) {
    write_target(writer, release->child);
  }
  return std::move(writer).take();
}

wire::Decoded<Request> decode_request(base::BytesView bytes) {
  Reader reader(bytes);
  Request out = WhichChildren{};
  switch (read_u8(reader, static_cast<std::uint8_t>(std::variant_size_v<Request>))) {
    case 1:
      out = StartChild{read_spec(reader)};
      break;
    case 2:
      out = TerminateChild{read_target(reader)};
      break;
    case 3:
      break;
    case 4:
      out = CountChildren{};
      break;
    default:
      out = Release{read_target(reader)};
      break;
  }
  return reader.finish(std::move(out));
}

base::Bytes encode(const Answer& answer) {
  Writer writer;
  writer.u8(static_cast<std::uint8_t>(answer.kind));
  switch (answer.kind) {
    case Answer::Kind::ok:
      writer.u8(answer.pid.is_none() ? 1 : 2);
      if (!answer.pid.is_none()) {
        write_pid(writer, answer.pid);
      }
      writer.blob(answer.info);
      break;
    case Answer::Kind::ignore:
      break;
    case Answer::Kind::error:
      write_reason(writer, answer.reason);
      break;
  }
  return std::move(writer).take();
}

wire::Decoded<Answer> decode_answer(base::BytesView bytes) {
  Reader reader(bytes);
  Answer out;
  out.kind = static_cast<Answer::Kind>(read_u8(reader, 3));
  switch (out.kind) {
    case Answer::Kind::ok:
      if (read_u8(reader, 2) == 2) {
        out.pid = read_pid(reader);
      }
      out.info = base::Bytes(reader.blob(wire::kPayloadBytesMax));
      break;
    case Answer::Kind::ignore:
      break;
    case Answer::Kind::error:
      out.reason = read_reason(reader);
      break;
  }
  return reader.finish(std::move(out));
}

base::Bytes encode(const std::vector<ChildRow>& rows) {
  Writer writer;
  writer.varint(rows.size());
  for (const ChildRow& row : rows) {
    writer.blob(row.id);
    writer.u8(static_cast<std::uint8_t>(static_cast<unsigned>(row.state) + 1U));
    writer.u8(row.pid.is_none() ? 1 : 2);
    if (!row.pid.is_none()) {
      write_pid(writer, row.pid);
    }
    writer.u8(static_cast<std::uint8_t>(row.kind));
    writer.varint(row.modules.size());
    for (const base::Bytes& module : row.modules) {
      writer.blob(module);
    }
  }
  return std::move(writer).take();
}

wire::Decoded<std::vector<ChildRow>> decode_rows(base::BytesView bytes) {
  Reader reader(bytes);
  std::vector<ChildRow> out;
  for (auto count = reader.count(bytes.size()); count > 0 && reader.ok(); --count) {
    out.push_back(read_row(reader));
  }
  return reader.finish(std::move(out));
}

base::Bytes encode(const Counts& counts) {
  Writer writer;
  for (const std::uint64_t count :
       {counts.specs, counts.active, counts.supervisors, counts.workers}) {
    writer.varint(count);
  }
  return std::move(writer).take();
}

wire::Decoded<Counts> decode_counts(base::BytesView bytes) {
  Reader reader(bytes);
  Counts out;
  for (std::uint64_t* count : {&out.specs, &out.active, &out.supervisors, &out.workers}) {
    *count = reader.varint();
  }
  return reader.finish(out);
}

}  // namespace supervisor
}  // namespace horde::process
