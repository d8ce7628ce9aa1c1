#include "process/child_spec.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/assert.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

constexpr std::int64_t kShutdownMsMax = static_cast<std::int64_t>(wire::kTimeoutMax) / 1'000'000;
constexpr std::array kRestarts = {Restart::permanent, Restart::transient, Restart::temporary};
constexpr std::array kKinds = {ChildKind::worker, ChildKind::supervisor};

std::unexpected<SpecError> wrong(std::string_view field, std::string message) {
  return std::unexpected(SpecError{field, std::move(message)});
}

std::expected<void, SpecError> check_name(std::string_view field, base::BytesView name,
                                          std::size_t min) {
  if (name.size() < min || name.size() > wire::kProcessNameBytesMax) {
    return wrong(field, "wants " + std::to_string(min) + " to " +
                            std::to_string(wire::kProcessNameBytesMax) + " bytes, not " +
                            std::to_string(name.size()));
  }
  return {};
}

std::expected<void, SpecError> check_args(const Args& args) {
  std::size_t bytes = 0;
  for (const base::Bytes& arg : args) {
    bytes += arg.size();
  }
  if (args.size() > wire::kArgsMax) {
    return wrong("args", "wants at most " + std::to_string(wire::kArgsMax) + " arguments, not " +
                             std::to_string(args.size()));
  }
  if (bytes > wire::kArgsBytesMax) {
    return wrong("args", "wants at most " + std::to_string(wire::kArgsBytesMax) +
                             " bytes in all, not " + std::to_string(bytes));
  }
  return {};
}

std::expected<void, SpecError> check_shutdown(const std::optional<Shutdown>& shutdown) {
  if (!shutdown) {
    return {};
  }
  const std::int64_t ns = shutdown->timeout.ns;
  if (shutdown->kind != Shutdown::Kind::timeout) {
    return ns == 0 ? std::expected<void, SpecError>()
                   : wrong("shutdown", "takes a time only as a time-out");
  }
  if (ns < 0 || ns % 1'000'000 != 0 || ns / 1'000'000 > kShutdownMsMax) {
    return wrong("shutdown", "wants whole milliseconds from 0 on, brutal_kill or infinity, not " +
                                 base::to_string(shutdown->timeout));
  }
  return {};
}

template <class E>
E read_enum(wire::Reader& reader, E last) {
  const std::size_t at = reader.offset();
  const std::uint8_t value = reader.u8();
  if (reader.ok() && (value == 0 || value > static_cast<std::uint8_t>(last))) {
    reader.fail(wire::DecodeErrc::bad_value, at);
  }
  return reader.ok() ? static_cast<E>(value) : last;
}

Shutdown read_shutdown(wire::Reader& reader) {
  Shutdown out{read_enum(reader, Shutdown::Kind::infinity), {}};
  if (reader.ok() && out.kind == Shutdown::Kind::timeout) {
    const auto ms = reader.count(static_cast<std::uint64_t>(kShutdownMsMax));
    out.timeout = base::milliseconds(static_cast<std::int64_t>(ms));
  }
  return out;
}

}  // namespace

Shutdown Shutdown::usual(ChildKind kind) {
  return kind == ChildKind::worker ? after(base::seconds(5)) : infinity();
}

std::string_view to_string(Restart restart) {
  switch (restart) {
    case Restart::permanent:
      return "permanent";
    case Restart::transient:
      return "transient";
    case Restart::temporary:
      return "temporary";
  }
  return "unknown";
}

std::string_view to_string(ChildKind kind) {
  return kind == ChildKind::worker ? "worker" : "supervisor";
}

std::string to_string(const Shutdown& shutdown) {
  switch (shutdown.kind) {
    case Shutdown::Kind::brutal_kill:
      return "brutal_kill";
    case Shutdown::Kind::timeout:
      return std::to_string(shutdown.timeout.ns / 1'000'000);
    case Shutdown::Kind::infinity:
      return "infinity";
  }
  return "unknown";
}

std::string to_string(const SpecError& error) {
  return std::string(error.field) + ": " + error.message;
}

std::expected<Restart, SpecError> restart_of(std::string_view text) {
  for (const Restart restart : kRestarts) {
    if (text == to_string(restart)) {
      return restart;
    }
  }
  return wrong("restart", "wants permanent, transient or temporary, not " + base::printable(text));
}

std::expected<Shutdown, SpecError> shutdown_of(std::string_view text) {
  if (text == "brutal_kill") {
    return Shutdown::brutal_kill();
  }
  if (text == "infinity") {
    return Shutdown::infinity();
  }
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc{} || end != text.data() + text.size() || ms < 0 || ms > kShutdownMsMax) {
    return wrong("shutdown",
                 "wants brutal_kill, infinity or milliseconds, not " + base::printable(text));
  }
  return Shutdown::after(base::milliseconds(ms));
}

std::expected<ChildKind, SpecError> kind_of(std::string_view text) {
  for (const ChildKind kind : kKinds) {
    if (text == to_string(kind)) {
      return kind;
    }
  }
  return wrong("kind", "wants worker or supervisor, not " + base::printable(text));
}

std::expected<void, SpecError> validate(const ChildSpec& spec) {
  for (const auto& result :
       {check_name("id", spec.id, 0), check_name("type", spec.type, 1), check_args(spec.args),
        check_shutdown(spec.shutdown), check_name("placement_key", spec.placement_key, 0)}) {
    if (!result) {
      return result;
    }
  }
  if (spec.modules.size() > wire::kModulesMax) {
    return wrong("modules", "wants at most " + std::to_string(wire::kModulesMax) + ", not " +
                                std::to_string(spec.modules.size()));
  }
  for (const base::Bytes& module : spec.modules) {
    if (const auto result = check_name("modules", module, 1); !result) {
      return result;
    }
  }
  if (spec.placement == Placement::spec && !spec.placement_key.empty()) {
    return wrong("placement_key", "has no meaning with placement by spec: leave one of them out");
  }
  return {};
}

void write_args(wire::Writer& writer, const Args& args) {
  writer.varint(args.size());
  for (const base::Bytes& arg : args) {
    writer.blob(arg);
  }
}

Args read_args(wire::Reader& reader) {
  Args out;
  std::size_t left = wire::kArgsBytesMax;
  for (auto count = reader.count(wire::kArgsMax); count > 0 && reader.ok(); --count) {
    out.emplace_back(reader.blob(left));
    left -= out.back().size();
  }
  return out;
}

void write_spec(wire::Writer& writer, const ChildSpec& spec) {
  HORDE_ASSERT(validate(spec).has_value());
  writer.blob(spec.id);
  writer.blob(spec.type);
  write_args(writer, spec.args);
  writer.u8(static_cast<std::uint8_t>(spec.restart));
  const Shutdown shutdown = spec.effective_shutdown();
  writer.u8(static_cast<std::uint8_t>(shutdown.kind));
  if (shutdown.kind == Shutdown::Kind::timeout) {
    writer.varint(static_cast<std::uint64_t>(shutdown.timeout.ns / 1'000'000));
  }
  writer.u8(static_cast<std::uint8_t>(spec.kind));
  writer.varint(spec.modules.size());
  for (const base::Bytes& module : spec.modules) {
    writer.blob(module);
  }
  writer.u8(static_cast<std::uint8_t>(spec.placement));
  writer.blob(spec.placement_key);
}

ChildSpec read_spec(wire::Reader& reader) {
  const std::size_t start = reader.offset();
  ChildSpec out;
  out.id = base::Bytes(reader.blob(wire::kProcessNameBytesMax));
  out.type = base::Bytes(reader.blob(wire::kProcessNameBytesMax));
  out.args = read_args(reader);
  out.restart = read_enum(reader, Restart::temporary);
  out.shutdown = read_shutdown(reader);
  out.kind = read_enum(reader, ChildKind::supervisor);
  for (auto count = reader.count(wire::kModulesMax); count > 0 && reader.ok(); --count) {
    out.modules.emplace_back(reader.blob(wire::kProcessNameBytesMax));
  }
  out.placement = read_enum(reader, Placement::spec);
  out.placement_key = base::Bytes(reader.blob(wire::kProcessNameBytesMax));
  if (reader.ok() && !validate(out)) {
    reader.fail(wire::DecodeErrc::bad_value, start);
  }
  return out;
}

base::Bytes encode(const ChildSpec& spec) {
  wire::Writer writer;
  write_spec(writer, spec);
  return std::move(writer).take();
}

wire::Decoded<ChildSpec> decode_child_spec(base::BytesView bytes) {
  wire::Reader reader(bytes);
  ChildSpec out = read_spec(reader);
  return reader.finish(std::move(out));
}

}  // namespace horde::process
