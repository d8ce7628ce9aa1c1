// The body of Simulator::trace, which both of the simulator's sources need.
#pragma once

#include "sim/core/simulator.hpp"

namespace horde::sim {

template <class Describe>
void Simulator::trace(TraceKind kind, NodeIndex node, NodeIndex peer, std::uint64_t hash,
                      const Describe& describe) {
  trace_hash_.add(now_, kind, node, peer, hash);
  if (sink_ == nullptr) {
    return;
  }
  TraceEvent event{.at = now_,
                   .kind = kind,
                   .node = node,
                   .peer = peer,
                   .hash = hash,
                   .rolling = trace_hash_.value()};
  describe(event);
  sink_->on_event(event);
}

}  // namespace horde::sim
