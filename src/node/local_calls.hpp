// LocalCalls: what is asked of this node's processes from outside of any: to start one, to call
// one. It owns the port that does so, and turns what arrives there into answers.
#pragma once

#include <map>
#include <vector>

#include "base/engine.hpp"
#include "process/runtime.hpp"

namespace horde::node {

/// A process that belongs to no supervisor.
struct SpawnCall {
  base::Bytes type;
  process::Args args;
  base::Bytes name;                   ///< On this node; may be empty.
  std::optional<process::Via> via{};  ///< In a registry.
};

class LocalCalls {
 public:
  /// Opens a port. Requires: `runtime` lives longer than this.
  explicit LocalCalls(process::Runtime& runtime);

  using Answers = std::vector<base::Answer>;
  /// Answered "ok" with the pid, "ignore", "error" with the reason, or the name of a Refusal.
  void spawn(base::Now now, base::CallId call, SpawnCall request, process::Outputs& processes,
             Answers& answers);
  void exit(base::Now now, const process::Pid& pid, const process::ExitReason& reason,
            process::Outputs& processes);
  /// "ok", or the name of a Refusal.
  [[nodiscard]] std::string_view send(base::Now now, const process::Pid& to,
                                      base::BytesView message, process::Outputs& processes);
  /// Answered "ok" with the reply; "error" or "unknown" with the reason.
  void call(base::Now now, base::CallId call, const process::Pid& to, base::BytesView request,
            base::Duration timeout, process::Outputs& processes);
  /// Something arrived at our port.
  void on_arrival(const process::Envelope& what, Answers& answers);
  [[nodiscard]] const process::Pid& port() const { return port_; }
  [[nodiscard]] std::size_t pending() const { return spawns_.size() + calls_.size(); }

 private:
  process::Runtime* runtime_;
  process::Pid port_;
  std::map<process::Pid, base::CallId> spawns_;
  std::map<process::CallRef, base::CallId> calls_;
};

}  // namespace horde::node
