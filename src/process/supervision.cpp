#include "process/supervision.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

using Kind = ChildEvent::Kind;
using State = Child::State;

std::unexpected<SpecError> wrong(std::string_view field, std::string message) {
  return std::unexpected(SpecError{field, std::move(message)});
}

}  // namespace

std::expected<void, SpecError> validate(const SupervisionOptions& options) {
  const RestartPolicy& restart = options.restart;
  if (restart.max_time <= base::Duration{}) {
    return wrong("max_seconds", "wants more than 0, not " + base::to_string(restart.max_time));
  }
  if (restart.backoff_first <= base::Duration{} || restart.backoff_first > restart.backoff_max) {
    return wrong("backoff", "wants 0 < first <= max");
  }
  if (restart.quarantine_first <= base::Duration{} ||
      restart.quarantine_first > restart.quarantine_max) {
    return wrong("quarantine", "wants 0 < first <= max");
  }
  ChildSpec spec{.type = "x", .args = options.extra_arguments};
  if (const auto result = validate(spec); !result) {
    return wrong("extra_arguments", result.error().message);
  }
  return {};
}

std::string_view to_string(State state) {
  switch (state) {
    case State::starting:
      return "starting";
    case State::running:
      return "running";
    case State::waiting:
      return "waiting";
    case State::quarantined:
      return "quarantined";
    case State::stopping:
      return "stopping";
  }
  return "unknown";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::started:
      return "started";
    case Kind::restarted:
      return "restarted";
    case Kind::start_failed:
      return "start_failed";
    case Kind::ignored:
      return "ignored";
    case Kind::crashed:
      return "crashed";
    case Kind::quarantined:
      return "quarantined";
    case Kind::finished:
      return "finished";
    case Kind::stopped:
      return "stopped";
    case Kind::intensity_reached:
      return "intensity_reached";
  }
  return "unknown";
}

Supervision::Supervision(SupervisionOptions options, TokenOf token_of)
    : options_(std::move(options)), token_of_(std::move(token_of)) {
  HORDE_ASSERT(validate(options_).has_value());
}

std::expected<void, SpecError> Supervision::start_child(Context& context, ChildSpec spec,
                                                        const StartOptions& options) {
  if (auto result = validate(spec); !result) {
    return result;
  }
  if (children_.contains(spec.id)) {
    return wrong("id", "wants one that no child has");
  }
  const bool accepted = options.as == StartOptions::As::accepted;
  if (!accepted && children_.size() >= options_.max_children) {
    return wrong("max_children", "is reached: " + std::to_string(options_.max_children));
  }
  Child& child = children_[spec.id];
  child.spec = std::move(spec);
  child.accepted = accepted;
  child.starts = options.starts;
  child.history.adopt(options.strikes, options.level);
  start(context, child);
  return {};
}

void Supervision::start(Context& context, Child& child) {
  detach(context, child);
  child.state = State::starting;
  ++child.starts;
  Args args = options_.extra_arguments;
  args.insert(args.end(), child.spec.args.begin(), child.spec.args.end());
  const auto pid = context.spawn({.type = child.spec.type,
                                  .args = std::move(args),
                                  .token = token_of_(child),
                                  .link = true,
                                  .report_start = true});
  if (!pid) {
    const std::string what(to_string(pid.error()));
    fail(context, child, ExitReason::error(what + ": " + child.spec.type),
         RestartHistory::Failure::start);
    return;
  }
  child.pid = *pid;
  child.monitor = context.monitor(*pid);
  by_pid_.emplace(child.pid, child.spec.id);
  by_monitor_.emplace(child.monitor, child.spec.id);
}

/// Lets go of its process, which is gone.
void Supervision::detach(Context& context, Child& child) {
  set_due(context, child, base::Instant::never());
  if (by_monitor_.erase(child.monitor) > 0) {
    context.demonitor(child.monitor);
  }
  by_pid_.erase(child.pid);
  child.pid = {};
}

/// never(): it waits for nothing.
void Supervision::set_due(Context& context, Child& child, base::Instant at) {
  due_.erase({child.again_at, child.spec.id});
  child.again_at = at;
  if (at != base::Instant::never()) {
    due_.emplace(at, child.spec.id);
  }
  set_timer(context);
}

void Supervision::set_timer(Context& context) {
  if (!due_.empty() && due_.begin()->first < timer_at_) {
    context.cancel(timer_);
    timer_at_ = due_.begin()->first;
    timer_ = context.send_after(timer_at_ - context.now().mono, {}).value();
  }
}

void Supervision::emit(Kind kind, const Child& child, base::Bytes info, ExitReason reason) {
  events_.push_back({kind, child.spec.id, child.pid, std::move(info), std::move(reason)});
}

void Supervision::drop(Context& context, Child& child, Kind kind, const ExitReason& reason) {
  emit(kind, child, {}, reason);
  detach(context, child);
  children_.erase(base::Bytes(child.spec.id));
}

/// It ended with a failure, or could not start.
void Supervision::fail(Context& context, Child& child, const ExitReason& reason,
                       RestartHistory::Failure failure) {
  if (failure == RestartHistory::Failure::start && !child.accepted) {
    drop(context, child, Kind::start_failed, reason);
    return;
  }
  child.last_failure = reason;
  const auto now = context.now().mono;
  const auto verdict = child.history.on_failure(now, failure, options_.restart);
  emit(verdict.quarantined ? Kind::quarantined : Kind::crashed, child, {}, reason);
  by_monitor_.erase(child.monitor);
  child.state = verdict.quarantined ? State::quarantined : State::waiting;
  if (options_.restart.on_intensity == OnIntensity::shutdown &&
      intensity_.note(now, options_.restart)) {
    events_.push_back({Kind::intensity_reached, {}, {}, {}, reason});
  } else if (verdict.again_at <= now) {
    start(context, child);
  } else {
    // The former pid finds the child until there is a new one.
    set_due(context, child, verdict.again_at);
  }
}

void Supervision::on_started(Context& context, Child& child, const Started& started) {
  if (started.outcome == Started::Outcome::ok) {
    if (child.state == State::starting) {
      child.state = State::running;
      child.history.on_running(context.now().mono);
      emit(child.accepted && child.starts > 1 ? Kind::restarted : Kind::started, child,
           started.info, {});
      child.accepted = true;
    }
    return;
  }
  if (by_monitor_.erase(child.monitor) > 0) {
    context.demonitor(child.monitor);
  }
  if (child.state == State::stopping) {
    drop(context, child, Kind::stopped, started.reason);
  } else if (started.outcome == Started::Outcome::ignore) {
    drop(context, child, Kind::ignored, {});
  } else {
    fail(context, child, started.reason, RestartHistory::Failure::start);
  }
}

void Supervision::on_down(Context& context, Child& child, const ExitReason& reason) {
  by_monitor_.erase(child.monitor);
  const bool wanted = child.spec.restart == Restart::permanent ||
                      (child.spec.restart == Restart::transient && !reason.is_normal_exit());
  if (child.state == State::stopping) {
    drop(context, child, Kind::stopped, reason);
  } else if (wanted) {
    fail(context, child, reason, RestartHistory::Failure::exit);
  } else {
    drop(context, child, Kind::finished, reason);
  }
}

bool Supervision::stop_child(Context& context, base::BytesView id, const StopOptions& options) {
  const auto it = children_.find(id);
  if (it == children_.end()) {
    return false;
  }
  stop(context, it->second, options);
  return true;
}

void Supervision::stop(Context& context, Child& child, const StopOptions& options) {
  if (child.state == State::waiting || child.state == State::quarantined) {
    drop(context, child, Kind::stopped, options.reason);
    return;
  }
  const Shutdown shutdown = child.spec.effective_shutdown();
  const bool is_first = std::exchange(child.state, State::stopping) != State::stopping;
  std::optional<base::Duration> time = options.at_most;
  if (shutdown.kind != Shutdown::Kind::infinity) {
    time = std::min(shutdown.timeout, time.value_or(shutdown.timeout));
  }
  if (time && *time <= base::Duration{}) {
    set_due(context, child, base::Instant::never());
    context.exit(child.pid, ExitReason::kill());
    return;
  }
  if (is_first) {
    context.exit(child.pid, options.reason);
  }
  const base::Instant kill_at = time ? context.now().mono + *time : base::Instant::never();
  if (kill_at < child.again_at) {
    set_due(context, child, kill_at);
  }
}

void Supervision::stop_all(Context& context, const StopOptions& options) {
  std::vector<base::Bytes> ids;
  for (const auto& [id, child] : children_) {
    ids.push_back(id);
  }
  for (const base::Bytes& id : ids) {
    stop_child(context, id, options);
  }
}

bool Supervision::release(Context& context, base::BytesView id) {
  const auto it = children_.find(id);
  if (it == children_.end() ||
      (it->second.state != State::waiting && it->second.state != State::quarantined)) {
    return false;
  }
  it->second.history.reset();
  start(context, it->second);
  return true;
}

void Supervision::on_due(Context& context) {
  timer_at_ = base::Instant::never();
  const auto now = context.now().mono;
  std::vector<base::Bytes> ids;
  for (; !due_.empty() && due_.begin()->first <= now; due_.erase(due_.begin())) {
    ids.push_back(due_.begin()->second);
    children_.find(ids.back())->second.again_at = base::Instant::never();
  }
  for (const base::Bytes& id : ids) {
    Child& child = children_.find(id)->second;
    if (child.state == State::stopping) {
      context.exit(child.pid, ExitReason::kill());
    } else {
      start(context, child);
    }
  }
  set_timer(context);
}

bool Supervision::on_info(Context& context, const Info& info) {
  if (const auto* started = std::get_if<Started>(&info)) {
    const auto it = by_pid_.find(started->pid);
    if (it != by_pid_.end()) {
      on_started(context, children_.find(it->second)->second, *started);
    }
    return it != by_pid_.end();
  }
  if (const auto* down = std::get_if<Down>(&info)) {
    const auto it = by_monitor_.find(down->monitor);
    if (it == by_monitor_.end()) {
      return false;
    }
    on_down(context, children_.find(base::Bytes(it->second))->second, down->reason);
    return true;
  }
  if (const auto* timeout = std::get_if<Timeout>(&info)) {
    if (timeout->timer != timer_) {
      return false;
    }
    on_due(context);
    return true;
  }
  if (const auto* exit = std::get_if<Exit>(&info)) {
    return by_pid_.contains(exit->from);  // Its Down says the same.
  }
  return false;
}

const Child* Supervision::find(base::BytesView id) const {
  const auto it = children_.find(id);
  return it == children_.end() ? nullptr : &it->second;
}

const Child* Supervision::find(const Pid& pid) const {
  const auto it = by_pid_.find(pid);
  return it == by_pid_.end() ? nullptr : find(it->second);
}

}  // namespace horde::process
