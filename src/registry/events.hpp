// What a registry tells its listeners: who holds a key from now on, and who does no more.
//
//   u8 kind | blob registry | blob key | pid | blob value | u8 cause
//
// With unique keys the events of one key alternate: register, unregister, register, ... The value
// of an unregister is the last one that was shown.
#pragma once

#include "process/types.hpp"
#include "wire/codec.hpp"

namespace horde::registry {

enum class Cause : std::uint8_t {
  registered = 1,      ///< The process registered itself.
  unregistered = 2,    ///< The process gave it up; of this node's processes.
  exited = 3,          ///< The process has ended; of this node's processes.
  released = 4,        ///< Either of these, on another node: the map does not say which.
  conflict = 5,        ///< Another holder outranks it; or it outranks the one that was shown.
  member_gone = 6,     ///< Its node is not reachable: it is hidden, and may come back.
  member_back = 7,     ///< Its node is there again.
  member_removed = 8,  ///< Its node is no member any more.
  updated = 9,         ///< The same process, another value: an unregister and a register.
};
[[nodiscard]] std::string_view to_string(Cause cause);

struct Event {
  enum class Kind : std::uint8_t { registered = 1, unregistered = 2 };
  Kind kind = Kind::registered;
  base::Bytes registry;
  base::Bytes key;
  process::Pid pid;
  base::Bytes value;
  Cause cause = Cause::registered;
  friend bool operator==(const Event&, const Event&) = default;
};

[[nodiscard]] base::Bytes encode(const Event& event);
/// Any bytes may be given.
[[nodiscard]] wire::Decoded<Event> decode_event(base::BytesView bytes);

}  // namespace horde::registry
