// ChildSpec: what a supervisor starts, when it starts it again, and how it stops it. Travels as
// bytes.
//
//   spec:  blob id, blob type, args, u8 restart, shutdown, u8 kind, varint n, blob module ...,
//          u8 placement, blob placement_key
//   args:  varint n, blob ...           shutdown: u8 1 brutal_kill | 2, varint ms | 3 infinity
//
// Source: Elixir's Supervisor.child_spec. Deviations: `type` names an entry of ProcessTypes instead
// of a function, `kind` is the original's type; placement says what the member that runs it depends
// on.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "process/types.hpp"
#include "wire/codec.hpp"

namespace horde::process {

enum class Restart : std::uint8_t {
  permanent = 1,  ///< Always.
  transient = 2,  ///< After an exit that is not normal, shutdown or shutdown(x).
  temporary = 3,  ///< Never.
};
enum class ChildKind : std::uint8_t { worker = 1, supervisor = 2 };
enum class Placement : std::uint8_t {
  id = 1,    ///< By the child's id, or by placement_key if there is one.
  spec = 2,  ///< By the spec without its id: identical specs go to one member.
};

/// How long a child has between being asked to end (shutdown) and being killed.
struct Shutdown {
  enum class Kind : std::uint8_t { brutal_kill = 1, timeout = 2, infinity = 3 };
  Kind kind = Kind::timeout;
  base::Duration timeout = base::seconds(5);  ///< Whole milliseconds. Of timeout only.

  [[nodiscard]] static Shutdown brutal_kill() { return {Kind::brutal_kill, {}}; }
  [[nodiscard]] static Shutdown after(base::Duration time) { return {Kind::timeout, time}; }
  [[nodiscard]] static Shutdown infinity() { return {Kind::infinity, {}}; }
  /// 5 s for workers, infinity for supervisors.
  [[nodiscard]] static Shutdown usual(ChildKind kind);
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};

struct ChildSpec {
  base::Bytes id;
  base::Bytes type;
  Args args;
  Restart restart = Restart::permanent;
  std::optional<Shutdown>
      shutdown;  ///< None: the usual one of its kind; written out when it travels.
  ChildKind kind = ChildKind::worker;
  std::vector<base::Bytes> modules;
  Placement placement = Placement::id;
  base::Bytes placement_key;
  [[nodiscard]] Shutdown effective_shutdown() const {
    return shutdown.value_or(Shutdown::usual(kind));
  }
  friend bool operator==(const ChildSpec&, const ChildSpec&) = default;
};

[[nodiscard]] std::string_view to_string(Restart restart);
[[nodiscard]] std::string_view to_string(ChildKind kind);
[[nodiscard]] std::string to_string(const Shutdown& shutdown);  // "brutal_kill", "5000", "infinity"

/// What is wrong with a spec or an option, for people.
struct SpecError {
  std::string_view field;  // Static storage.
  std::string message;     // "wants ..., not ...".
  friend bool operator==(const SpecError&, const SpecError&) = default;
};
[[nodiscard]] std::string to_string(const SpecError& error);  // "shutdown: wants ..."

/// Of texts, as configurations have them.
[[nodiscard]] std::expected<Restart, SpecError> restart_of(std::string_view text);
[[nodiscard]] std::expected<Shutdown, SpecError> shutdown_of(std::string_view text);
[[nodiscard]] std::expected<ChildKind, SpecError> kind_of(std::string_view text);

/// The first field that is wrong. An empty id is left to whoever gives ids.
[[nodiscard]] std::expected<void, SpecError> validate(const ChildSpec& spec);

/// Requires: validate(spec).
void write_spec(wire::Writer& writer, const ChildSpec& spec);
/// Only what validate() accepts.
[[nodiscard]] ChildSpec read_spec(wire::Reader& reader);
[[nodiscard]] base::Bytes encode(const ChildSpec& spec);
[[nodiscard]] wire::Decoded<ChildSpec> decode_child_spec(base::BytesView bytes);

void write_args(wire::Writer& writer, const Args& args);
[[nodiscard]] Args read_args(wire::Reader& reader);

}  // namespace horde::process
