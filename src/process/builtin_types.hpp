// The process types that scenarios use. Arguments are "key=value"; unknown or bad ones are an
// error.
//
//   echo        answers a request with its bytes
//   counter     from=N (0). Requests "get" and "add" answer the count; the cast "add" adds
//   sleeper     does nothing; for_ms=N: ends as normal after that time
//   crasher     after_ms=N: ends by then; reason=R (error(crash)). The cast "crash" ends it at
//   once,
//               "crash R" with that reason; a request of that form dies unanswered
//   named       name=N, value=V, priority=P: registers itself in registry=R ("registry"), or, where
//               the node has none of that name, as a name of the node; answers ignore if another
//               has the name; asks again every retry_ms=N (100) while that is not clear
//   stubborn    ignores all exit signals but kill
//   slow_init   init_ms=N (1000): its init takes that long; then as echo
//   flaky_init  failures=N (1), key=K: the first N starts under that key fail; then as echo.
//   Counted
//               in the table of types, so each node needs its own table
//
// Each of them answers the request "token" with its token, and ends as normal at the request
// "stop". Of requests that it does not know it is told by the answer "unknown request".
#pragma once

#include "process/server.hpp"

namespace horde::process {

/// Adds all types above.
void add_builtin_types(ProcessTypes& types);

}  // namespace horde::process
