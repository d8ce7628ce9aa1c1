// Worker processes for sweeps: forked, given one seed at a time, answering one line each.
//
// Processes, not threads: a world is made for one thread, an assertion that fails takes only its
// own seed along, and no seed sees what another one left behind in memory that it should not read.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace horde::tools {

class WorkerPool {
 public:
  /// Runs in the worker; the line must not contain a line end.
  using Work = std::function<std::string(std::uint64_t seed)>;

  struct Done {
    std::uint64_t seed = 0;
    std::optional<std::string> line;  // Nothing if the worker died over it, with `exit_code`.
    int exit_code = 0;
  };

  WorkerPool(std::size_t jobs, Work work);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] bool has_idle() const;
  [[nodiscard]] bool has_busy() const;
  /// Requires: has_idle().
  void give(std::uint64_t seed);
  /// What is done by then; a worker that died is replaced.
  [[nodiscard]] std::vector<Done> wait(std::chrono::milliseconds timeout);

 private:
  struct Worker {
    pid_t pid = -1;
    int socket = -1;
    std::optional<std::uint64_t> seed;  // While busy.
    std::string answer;                 // As far as it has come.
  };

  void start(Worker& worker);
  void serve(int socket) const;
  /// Takes what it wrote; gives a result once that is a line, or once it has died.
  std::optional<Done> read_from(Worker& worker);

  Work work_;
  std::vector<Worker> workers_;
};

}  // namespace horde::tools
