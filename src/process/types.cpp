#include "process/types.hpp"

#include "wire/codec.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

using Kind = ExitReason::Kind;

base::Bytes cut(base::BytesView bytes) {
  return base::Bytes(bytes.substr(0, wire::kReasonDetailBytesMax));
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::normal:
      return "normal";
    case Kind::shutdown:
    case Kind::shutdown_with:
      return "shutdown";
    case Kind::kill:
      return "kill";
    case Kind::killed:
      return "killed";
    case Kind::noproc:
      return "noproc";
    case Kind::noconnection:
      return "noconnection";
    case Kind::error:
      return "error";
    case Kind::name_conflict:
      return "name_conflict";
  }
  return "unknown";
}

}  // namespace

std::string to_string(const Pid& pid) {
  return "<" + base::to_string(pid.run) + "." + std::to_string(pid.serial) + ">";
}

ExitReason ExitReason::shutdown(base::BytesView why) {
  return {Kind::shutdown_with, cut(why)};
}

ExitReason ExitReason::error(base::BytesView what) {
  return {Kind::error, cut(what)};
}

ExitReason ExitReason::name_conflict(const NameConflict& conflict) {
  wire::Writer writer;
  writer.blob(conflict.registry);
  writer.blob(conflict.key);
  writer.blob(conflict.value);
  writer.run(conflict.winner.run);
  writer.varint(conflict.winner.serial);
  return {Kind::name_conflict, cut(std::move(writer).take())};
}

std::optional<NameConflict> name_conflict_of(const ExitReason& reason) {
  if (reason.kind != Kind::name_conflict) {
    return {};
  }
  wire::Reader reader(reason.detail);
  NameConflict out;
  out.registry = base::Bytes(reader.blob(wire::kProcessNameBytesMax));
  out.key = base::Bytes(reader.blob(wire::kUserKeyBytesMax));
  out.value = base::Bytes(reader.blob(wire::kUserValueBytesMax));
  out.winner.run = reader.run();
  out.winner.serial = reader.varint();
  auto whole = reader.finish(std::move(out));
  return whole ? std::optional(std::move(*whole)) : std::nullopt;
}

std::string to_string(const ExitReason& reason) {
  std::string out(name_of(reason.kind));
  if (const auto conflict = name_conflict_of(reason)) {
    return out + "(" + base::printable(conflict->key) + ", " + to_string(conflict->winner) + ")";
  }
  if (reason.kind == Kind::error || reason.kind == Kind::shutdown_with) {
    out += "(" + base::printable(reason.detail) + ")";
  }
  return out;
}

ExitReason reason_of(base::BytesView text) {
  for (const Kind kind :
       {Kind::normal, Kind::shutdown, Kind::kill, Kind::killed, Kind::noproc, Kind::noconnection}) {
    if (text == name_of(kind)) {
      return {kind, {}};
    }
  }
  for (const Kind kind : {Kind::shutdown_with, Kind::error}) {
    const std::string open = std::string(name_of(kind)) + "(";
    if (text.starts_with(open) && text.ends_with(")")) {
      return {kind, cut(text.substr(open.size(), text.size() - open.size() - 1))};
    }
  }
  return ExitReason::error(text);
}

std::string_view to_string(CallEnded::Status status) {
  switch (status) {
    case CallEnded::Status::ok:
      return "ok";
    case CallEnded::Status::error:
      return "error";
    case CallEnded::Status::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::over_limit:
      return "over_limit";
    case Refusal::noproc:
      return "noproc";
    case Refusal::already_registered:
      return "already_registered";
    case Refusal::unknown_type:
      return "unknown_type";
    case Refusal::name_refused:
      return "name_refused";
  }
  return "unknown";
}

}  // namespace horde::process
