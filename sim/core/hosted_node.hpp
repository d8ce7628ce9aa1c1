// HostedNode and Flight: what the simulator keeps of a node and of a datagram on its way.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/engine.hpp"
#include "sim/core/disk.hpp"
#include "sim/core/machine.hpp"
#include "sim/core/node_clock.hpp"
#include "sim/core/traffic.hpp"

namespace horde::sim {

struct HostedNode {
  /// What waits for a node that is paused or slow.
  struct Input {
    enum class Kind : std::uint8_t { datagram, hint, timeout };
    Kind kind = Kind::timeout;
    std::uint32_t flight = 0;  ///< Of a datagram or a hint.
  };

  std::string name;
  base::NodeId host;
  MachineFactory factory;
  NodeClock clock;
  std::unique_ptr<Machine> machine;  ///< Null: down.
  Disk disk;
  Traffic traffic;
  std::uint64_t boot = 0;
  std::uint64_t starts = 0;
  bool refuses = false;  ///< Down, on a host that answers for its ports.

  bool paused = false;
  base::Duration slow{};
  std::deque<Input> inbox;
  base::Instant process_at = base::Instant::never();  ///< When the inbox's first is due.

  base::Instant wake = base::Instant::never();  ///< What the engine asked for, in virtual time.
  /// The one timer event in the queue that counts: at `wake` or before it. An engine that moves its
  /// timer later costs nothing then, and a look when the old one comes due. Others are stale.
  base::Instant timer_at = base::Instant::never();
  bool timeout_waits = false;  ///< In the inbox.

  // Against an engine that asks for one timeout after the other without time passing.
  base::Instant last_timeout = base::Instant::never();
  std::uint32_t timeouts_at_once = 0;
};

/// A datagram on its way, or the refusal of one on its way back.
struct Flight {
  base::Bytes bytes;
  std::uint64_t hash = 0;
  std::uint64_t number = 0;
  std::uint64_t identity = 0;
  faults::Channels channels;
  NodeIndex from = 0;
  NodeIndex to = 0;
  base::Instant sent_at;
};

}  // namespace horde::sim
