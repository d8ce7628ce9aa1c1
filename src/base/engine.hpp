// The contract between an engine and its driver: events and time in, effects out, nothing else.
//
//   driver                                   engine
//   datagram arrived  -- on_datagram(now) -->
//   wake_at() is due  -- on_timeout(now)  -->
//   network hint      -- on_hint(now)     -->   appends to Effects
//
// An engine holds no clock, socket, thread, log or random source. The same object runs in the
// simulator and on a socket. Effects are carried out in the order in which they were appended.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

namespace horde::base {

/// Send `bytes` to `to`, once, unreliably.
struct Send {
  Address to;
  Bytes bytes;
};

/// Write to the node's log. A log read back must be a prefix of what was written.
struct Persist {
  enum class Mode : std::uint8_t {
    append,   ///< Add `record` at the end.
    replace,  ///< Atomically replace all records by this one (a checkpoint).
  };
  Mode mode = Mode::append;
  Bytes record;
};

/// Tell whoever observes the node: a step that people and checkers care about. Changes nothing.
struct Tell {
  std::string_view topic;  // Static storage: "member_dead", "synced", ...
  NodeId about;
  std::uint64_t value = 0;
  Bytes detail;
};

/// Identifies a local call, chosen by the caller, unique within a boot.
struct CallId {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(CallId, CallId) = default;
};

/// The end of a local call that could not be answered at once.
struct Answer {
  CallId call;
  std::string_view status;  // Static storage: "ok", or the name of an error.
  Bytes detail;
};

/// The engine has ended; the driver sends what stands before this, and lets go of it.
struct Ended {
  std::string_view reason;  // Static storage: "stopped", "name_in_use", ...
  Bytes detail;
};

using Effect = std::variant<Send, Persist, Tell, Answer, Ended>;

/// What an input led to, in the order in which the driver must carry it out.
struct Effects {
  std::vector<Effect> list;

  template <class E>
  void add(E effect) {
    list.emplace_back(std::move(effect));
  }
};

/// Something the driver's network saw: never proof, only a reason to look sooner.
struct Hint {
  enum class Kind : std::uint8_t {
    port_refused,     ///< ICMP: nobody listens at `peer`.
    tripwire_closed,  ///< The idle TCP connection to `peer` was closed.
  };
  Kind kind = Kind::port_refused;
  Address peer;
};

/// What a driver needs of a protocol to host it.
template <class E>
concept Engine = requires(E& engine, const E& view, Now now, const Address& from, BytesView bytes,
                          const Hint& hint, Effects& out) {
  engine.on_start(now, out);                  // Once, before any other input.
  engine.on_datagram(now, from, bytes, out);  // `bytes` may be anything at all.
  engine.on_timeout(now, out);                // Called when wake_at() <= now.mono.
  engine.on_hint(now, hint, out);
  { view.wake_at() } -> std::same_as<Instant>;  // Instant::never() when no timer is set.
};

}  // namespace horde::base
