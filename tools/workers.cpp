#include "tools/workers.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "base/assert.hpp"
#include "tools/process.hpp"

namespace horde::tools {
namespace {

bool write_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    // MSG_NOSIGNAL: the other side may be gone, which is an answer, not a reason to die.
    const ssize_t written = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written < 0 && errno != EINTR) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return true;
}

}  // namespace

WorkerPool::WorkerPool(std::size_t jobs, Work work) : work_(std::move(work)), workers_(jobs) {
  for (Worker& worker : workers_) {
    start(worker);
  }
}

WorkerPool::~WorkerPool() {
  for (Worker& worker : workers_) {
    close(worker.socket);  // A worker without work ends.
  }
  for (const Worker& worker : workers_) {
    if (worker.pid > 0) {
      waitpid(worker.pid, nullptr, 0);
    }
  }
}

void WorkerPool::start(Worker& worker) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::runtime_error(std::string("cannot start a worker: ") + std::strerror(errno));
  }
  std::fflush(nullptr);  // What is buffered would be printed by both.
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    throw std::runtime_error(std::string("cannot start a worker: ") + std::strerror(errno));
  }
  if (pid == 0) {
    // However the sweep ends, its workers end with it, also in the middle of a seed.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
      _exit(0);
    }
    // The others' sockets must close when our parent closes them, so no copy may stay here.
    for (const Worker& other : workers_) {
      if (other.socket >= 0) {
        close(other.socket);
      }
    }
    close(ends[0]);
    serve(ends[1]);
    std::fflush(nullptr);
    _exit(0);
  }
  close(ends[1]);
  worker = {.pid = pid, .socket = ends[0]};
}

void WorkerPool::serve(int socket) const {
  std::uint64_t seed = 0;
  while (recv(socket, &seed, sizeof seed, MSG_WAITALL) == sizeof seed) {
    if (!write_all(socket, work_(seed) + '\n')) {
      return;
    }
  }
}

bool WorkerPool::has_idle() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const Worker& w) { return !w.seed; });
}

bool WorkerPool::has_busy() const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const Worker& w) { return w.seed.has_value(); });
}

void WorkerPool::give(std::uint64_t seed) {
  const auto idle =
      std::find_if(workers_.begin(), workers_.end(), [](const Worker& w) { return !w.seed; });
  HORDE_ASSERT(idle != workers_.end());
  idle->seed = seed;
  std::string bytes(sizeof seed, '\0');
  std::memcpy(bytes.data(), &seed, sizeof seed);
  // A worker that died meanwhile is noticed by wait(), when its socket ends.
  static_cast<void>(write_all(idle->socket, bytes));
}

std::vector<WorkerPool::Done> WorkerPool::wait(std::chrono::milliseconds timeout) {
  std::vector<pollfd> polls;
  for (const Worker& worker : workers_) {
    // A negative descriptor is skipped by poll.
    polls.push_back({.fd = worker.seed ? worker.socket : -1, .events = POLLIN, .revents = 0});
  }
  std::vector<Done> done;
  if (poll(polls.data(), polls.size(), static_cast<int>(timeout.count())) <= 0) {
    return done;
  }
  for (std::size_t i = 0; i < polls.size(); ++i) {
    if (polls[i].revents != 0) {
      if (auto result = read_from(workers_[i])) {
        done.push_back(*std::move(result));
      }
    }
  }
  return done;
}

std::optional<WorkerPool::Done> WorkerPool::read_from(Worker& worker) {
  std::array<char, 64 * 1024> buffer{};
  const ssize_t bytes = read(worker.socket, buffer.data(), buffer.size());
  if (bytes < 0 && errno == EINTR) {
    return std::nullopt;
  }
  if (bytes <= 0) {
    Done done{.seed = *worker.seed};
    int status = 0;
    waitpid(worker.pid, &status, 0);
    done.exit_code = exit_code_of(status);
    close(worker.socket);
    worker = {};  // So that the next one does not close it again.
    start(worker);
    return done;
  }
  worker.answer.append(buffer.data(), static_cast<std::size_t>(bytes));
  if (!worker.answer.ends_with('\n')) {
    return std::nullopt;
  }
  worker.answer.pop_back();
  Done done{.seed = *worker.seed, .line = std::move(worker.answer)};
  worker.answer.clear();
  worker.seed.reset();
  return done;
}

}  // namespace horde::tools
