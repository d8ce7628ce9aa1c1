// Process: what the runtime keeps of one process or port. Only the runtime writes it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "process/server.hpp"

namespace horde::process {

/// A link as one end sees it: up to two requests made it, one of each end, and each has a number.
/// Both ends come to hold the same requests, in whatever order link and unlink cross: one is added
/// at its maker first, and removed by either end with its number. With a mere flag, A unlinks and
/// links again while B unlinks: B's unlink removes A's new link, and B goes on holding it.
struct Link {
  std::uint64_t ours = 0;    // 0: none.
  std::uint64_t theirs = 0;  // 0: none.
};

/// One process, or a port (which never has a server).
struct Process {
  enum class Phase : std::uint8_t { fresh, initialising, running };
  struct Watch {
    Pid target;
    bool fired = false;  // Down waits in the mailbox.
  };
  struct Timer {
    base::Instant at;
    base::Bytes bytes;
  };

  Pid pid;
  Pid parent;
  base::Bytes type;                // Of a port: its name.
  std::unique_ptr<Server> server;  // From its first turn on.
  Args args;
  base::Bytes token;
  Trap trap = Trap::none;
  Phase phase = Phase::fresh;
  bool is_port = false;
  bool reports_start = false;
  bool queued = false;  // In the run queue.

  std::deque<Envelope> mailbox;
  std::vector<Envelope> held;                     // Until init is done.
  std::size_t user_messages = 0;                  // Of both, those that others send at will,
  std::size_t user_bytes = 0;                     // and what is in them.
  std::size_t exits = 0;                          // Exit signals in the mailbox.
  std::map<Caller, base::Instant> open_requests;  // Handed to the server, not answered; expiry.
  base::Instant requests_expire_at;               // Not before this does any of them.

  std::map<Pid, Link> links;
  std::map<MonitorRef, Watch> monitors;
  std::set<std::pair<Pid, MonitorRef>> watchers;
  std::set<CallRef> calls;
  std::map<TimerRef, Timer> timers;
  std::set<base::Bytes, std::less<>> names;

  std::optional<ExitReason> stop;  // Asked for by the handler under way.
  std::optional<ExitReason> doom;  // A deadly signal came to the handler under way.
  std::optional<Init> init_result;
  base::Rng rng{0};
};

}  // namespace horde::process
