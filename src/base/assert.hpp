// HORDE_ASSERT: an always-on check for what only a bug of our own can cause.
//
// What a peer, a user or the system can cause is never asserted; it is answered with an error
// value. The checks stay on in release builds: a wrong state that goes on running spreads to other
// replicas.
#pragma once

namespace horde::base {

/// Prints the failed expression with its place to stderr and aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace horde::base

#define HORDE_ASSERT(expression)       \
  ((expression) ? static_cast<void>(0) \
                : ::horde::base::assertion_failed(#expression, __FILE__, __LINE__))
