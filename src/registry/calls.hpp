// Calls of a registry from outside of a handler, and how they end.
#pragma once

#include <string_view>
#include <vector>

#include "process/names.hpp"

namespace horde::registry {

/// How a call ended. What a call of a process is refused with keeps its name (to_string(NameErrc)).
enum class CallStatus : std::uint8_t {
  ok,
  refused,         ///< See `refusal`.
  quorum_not_met,  ///< Not confirmed in time by a majority; nothing is registered.
  timeout,         ///< It had to wait until its time was over; nothing is registered.
  missing,         ///< Of a barrier: some members do not see it yet.
};

enum class Confirm : std::uint8_t {
  none,    ///< ok means: visible here. A conflict that shows later is decided by rank.
  quorum,  ///< ok means: and a majority of the members saw no other holder.
};

struct RegisterCall {
  process::Pid pid;  ///< Of this node.
  process::Registration what;
  Confirm confirm = Confirm::none;
  base::Duration timeout = base::seconds(5);
};

/// Until the process that holds `key` here is seen as its holder by `members` (all, if empty).
struct BarrierCall {
  base::Bytes key;
  std::vector<std::string> members;
  base::Duration timeout = base::seconds(5);
};

}  // namespace horde::registry
