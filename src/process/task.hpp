// Task: a process that runs a function and ends. What takes time is cut into steps: a step says
// when the next one is due. The result, if any, is sent to the parent as a Message from the task.
// Source: Elixir's Task. Deviations: the parent awaits with handle_info, since nothing blocks.
#pragma once

#include <functional>
#include <optional>

#include "process/server.hpp"

namespace horde::process {

struct TaskStep {
  std::optional<base::Duration> again_after;  ///< None: the task is done, and ends as normal.
  std::optional<base::Bytes> result;          ///< For the parent.

  [[nodiscard]] static TaskStep done() { return {}; }
  [[nodiscard]] static TaskStep done(base::Bytes result) { return {{}, std::move(result)}; }
  [[nodiscard]] static TaskStep again(base::Duration after) { return {after, {}}; }
};

class Task final : public Server {
 public:
  /// `step` counts from 0. What it throws is the task's failure.
  using Function = std::function<TaskStep(Context&, const Args& args, std::uint64_t step)>;
  explicit Task(Function function) : function_(std::move(function)) {}

  Init init(Context& context, const Args& args) override;
  void handle_info(Context& context, const Info& info) override;

 private:
  Function function_;
  Args args_;
  std::uint64_t step_ = 0;
};

}  // namespace horde::process
