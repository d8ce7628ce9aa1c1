// StartFaults: makes the starts of processes go wrong, whatever their type, for tests of what
// stands above them.
#pragma once

#include "process/server.hpp"

namespace horde::process {

enum class StartFault : std::uint8_t {
  none,
  fail,    ///< init answers an error.
  block,   ///< init never ends; the process can be killed.
  ignore,  ///< init declines.
  crash,   ///< init is well, and the process crashes at once.
};

/// Lets each process of `types` start as `fault` says at the moment of its start.
/// Requires: `fault` lives as long as any copy of `types`.
void add_start_faults(ProcessTypes& types, const StartFault& fault);

}  // namespace horde::process
