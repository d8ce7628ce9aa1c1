// Starting other programs and reading what they print.
#pragma once

#include <sys/types.h>

#include <expected>
#include <string>
#include <vector>

namespace horde::tools {

/// A program that was started; its stdout comes here, its stderr goes where ours goes.
struct Child {
  pid_t pid = -1;
  int output = -1;
};

struct Ended {
  int exit_code = 0;  // 128 + signal if a signal ended it, as in a shell.
  std::string output;
};

/// Starts `arguments[0]` (looked up in PATH if it has no '/'). The error is the system's words.
[[nodiscard]] std::expected<Child, std::string> start(const std::vector<std::string>& arguments);

/// Reads what it prints until it has ended. To be called once for each child.
[[nodiscard]] Ended finish(const Child& child);

/// The exit code in a status of waitpid().
[[nodiscard]] int exit_code_of(int status);

}  // namespace horde::tools
