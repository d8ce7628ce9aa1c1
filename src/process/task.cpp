#include "process/task.hpp"

namespace horde::process {

Init Task::init(Context& context, const Args& args) {
  args_ = args;
  if (!context.send_after({}, {})) {
    return Init::stop(ExitReason::error("over_limit"));
  }
  return Init::ok();
}

void Task::handle_info(Context& context, const Info& info) {
  if (!std::holds_alternative<Timeout>(info)) {
    return;
  }
  const TaskStep step = function_(context, args_, step_++);
  if (step.result && !context.send(context.parent(), *step.result)) {
    context.stop(ExitReason::error("result not sent: over_limit"));
    return;
  }
  if (!step.again_after) {
    context.stop(ExitReason::normal());
  } else if (!context.send_after(*step.again_after, {})) {
    context.stop(ExitReason::error("over_limit"));
  }
}

}  // namespace horde::process
