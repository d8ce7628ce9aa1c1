// Inputs, the run queue and turns. See runtime_signals.cpp for what arrives, runtime_ends.cpp for
// ends, runtime_actions.cpp for what handlers do.
#include "process/runtime.hpp"

#include <exception>
#include <iterator>

#include "base/assert.hpp"

namespace horde::process {
namespace {

/// What others send at will, and what waits until init is done.
bool is_user_message(const Envelope& envelope) {
  const auto* info = std::get_if<Info>(&envelope);
  return info == nullptr || std::holds_alternative<Message>(*info);
}

std::size_t user_bytes_of(const Envelope& envelope) {
  if (const auto* request = std::get_if<Request>(&envelope)) {
    return request->bytes.size();
  }
  if (const auto* cast = std::get_if<Cast>(&envelope)) {
    return cast->bytes.size();
  }
  const auto* message = std::get_if<Message>(&std::get<Info>(envelope));
  return message == nullptr ? 0 : message->bytes.size();
}

}  // namespace

Runtime::Runtime(base::RunId self, ProcessTypes types, RuntimeOptions options, base::Rng rng)
    : self_(self), types_(std::move(types)), options_(options), rng_(rng) {
  HORDE_ASSERT(options_.messages_per_input > 0);
  // Another life's references must not be taken for ours by a peer that mixes them up.
  last_ref_ = (base::mix64(self.start) >> 34U) << 28U;
}

void Runtime::begin(base::Now now) {
  HORDE_ASSERT(running_ == 0 && !delivering_);
  now_ = now;
  fire_alarms();
}

void Runtime::finish(Outputs& out) {
  run_turns();
  const auto move_all = [](auto& from, auto& to) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    from.clear();
  };
  move_all(outputs_.sends, out.sends);
  move_all(outputs_.arrivals, out.arrivals);
  move_all(outputs_.lives, out.lives);
}

wire::Decoded<void> Runtime::on_message(base::Now now, const base::RunId& from,
                                        base::BytesView body, Outputs& out) {
  if (from.node == self_.node) {
    return std::unexpected(wire::DecodeError{wire::DecodeErrc::bad_value, 0});  // A namesake.
  }
  auto signal = decode_signal(body, from, self_);
  if (!signal) {
    return std::unexpected(signal.error());
  }
  begin(now);
  route(std::move(*signal));
  finish(out);
  return {};
}

void Runtime::on_timeout(base::Now now, Outputs& out) {
  begin(now);
  finish(out);
}

void Runtime::act(base::Now now, const Pid& port, const std::function<void(Context&)>& what,
                  Outputs& out) {
  Process* process = find_local(port);
  HORDE_ASSERT(process != nullptr && process->is_port);
  begin(now);
  running_ = port.serial;
  Context context(*this, *process);
  what(context);
  running_ = 0;
  if (process->stop) {
    const ExitReason reason = *process->stop;
    end(port.serial, reason);
  }
  finish(out);
}

Pid Runtime::open_port(base::BytesView name) {
  Process& port = make({});
  port.type = base::Bytes(name);
  port.is_port = true;
  port.phase = Process::Phase::running;
  port.trap = Trap::everything;
  ++ports_;
  return port.pid;
}

Process& Runtime::make(Pid parent) {
  const std::uint64_t serial = ++last_serial_;
  auto process = std::make_unique<Process>();
  process->pid = {self_, serial};
  process->parent = parent;
  process->rng = rng_.fork(serial);
  return *processes_.emplace(serial, std::move(process)).first->second;
}

base::Instant Runtime::wake_at() const {
  if (!ready_.empty()) {
    return now_.mono;
  }
  return alarms_.empty() ? base::Instant::never() : alarms_.begin()->first.first;
}

void Runtime::fire_alarms() {
  while (!alarms_.empty() && alarms_.begin()->first.first <= now_.mono) {
    const std::uint64_t ref = alarms_.begin()->first.second;
    const Alarm alarm = alarms_.begin()->second;
    alarms_.erase(alarms_.begin());
    switch (alarm.kind) {
      case Alarm::Kind::call:
        end_call({ref},
                 {.status = CallEnded::Status::unknown, .reason = ExitReason::error("timeout")});
        break;
      case Alarm::Kind::timer: {
        // Its row stays until it is handled: cancel() is exact up to then.
        Process& process = *processes_.at(alarm.serial);
        push(process, Info(Timeout{{ref}, std::move(process.timers.at({ref}).bytes)}));
        break;
      }
    }
  }
}

void Runtime::run_turns() {
  for (std::size_t left = options_.messages_per_input; left > 0 && !ready_.empty(); --left) {
    const std::uint64_t serial = ready_.front();
    ready_.pop_front();
    const auto it = processes_.find(serial);
    if (it == processes_.end()) {
      continue;
    }
    it->second->queued = false;
    take_turn(*it->second);
  }
}

// One handler. The process may be gone afterwards.
void Runtime::take_turn(Process& process) {
  const std::uint64_t serial = process.pid.serial;
  if (process.phase == Process::Phase::fresh) {
    start(process);
  } else if (!process.mailbox.empty()) {
    Envelope envelope = std::move(process.mailbox.front());
    process.mailbox.pop_front();
    handle(process, std::move(envelope));
  }
  const auto it = processes_.find(serial);
  if (it != processes_.end() && !it->second->queued && !it->second->mailbox.empty()) {
    it->second->queued = true;
    ready_.push_back(serial);
  }
}

/// Whether it was taken back while it waited; a timer or monitor that is not is used up now.
bool Runtime::is_stale(Process& process, const Envelope& envelope) {
  if (const auto* request = std::get_if<Request>(&envelope)) {
    statistics_.expired_requests += request->expires <= now_.mono ? 1 : 0;
    return request->expires <= now_.mono;
  }
  if (const auto* info = std::get_if<Info>(&envelope)) {
    if (const auto* down = std::get_if<Down>(info)) {
      return process.monitors.erase(down->monitor) == 0;
    }
    if (const auto* timeout = std::get_if<Timeout>(info)) {
      return process.timers.erase(timeout->timer) == 0;
    }
  }
  return false;
}

/// From now on it may have been carried out, whatever becomes of the process.
void Runtime::open_request(Process& process, const Envelope& envelope) {
  if (const auto* request = std::get_if<Request>(&envelope)) {
    if (process.open_requests.empty() || request->expires < process.requests_expire_at) {
      process.requests_expire_at = request->expires;
    }
    process.open_requests.emplace(request->from, request->expires);
  }
}

void Runtime::handle(Process& process, Envelope envelope) {
  const bool from_user = is_user_message(envelope);
  if (from_user && process.phase == Process::Phase::initialising) {
    process.held.push_back(std::move(envelope));
    return;
  }
  process.user_messages -= from_user ? 1 : 0;
  process.user_bytes -= user_bytes_of(envelope);
  const auto* info = std::get_if<Info>(&envelope);
  const auto* exit = info == nullptr ? nullptr : std::get_if<Exit>(info);
  process.exits -= exit != nullptr ? 1 : 0;
  if (is_stale(process, envelope)) {
    return;
  }
  open_request(process, envelope);
  ++statistics_.handled;
  if (exit != nullptr && process.trap != Trap::everything && exit->from == process.parent) {
    process.stop = exit->reason;
  } else {
    guarded(process, [&](Context& context) { dispatch(process, context, envelope); });
  }
  settle(process);
}

void Runtime::dispatch(Process& process, Context& context, const Envelope& envelope) {
  if (const auto* request = std::get_if<Request>(&envelope)) {
    process.server->handle_call(context, *request);
  } else if (const auto* cast = std::get_if<Cast>(&envelope)) {
    process.server->handle_cast(context, *cast);
  } else {
    process.server->handle_info(context, std::get<Info>(envelope));
  }
}

/// The one place where a user's code is called: what it throws ends its process.
template <class F>
void Runtime::guarded(Process& process, F&& body) {
  running_ = process.pid.serial;
  Context context(*this, process);
  try {
    body(context);
  } catch (const std::exception& problem) {
    ++statistics_.threw;
    process.stop = ExitReason::error(problem.what());
  } catch (...) {
    ++statistics_.threw;
    process.stop = ExitReason::error("unknown exception");
  }
  running_ = 0;
}

void Runtime::start(Process& process) {
  process.phase = Process::Phase::initialising;
  Init result = Init::later();
  guarded(process, [&](Context& context) {
    process.server = (*types_.find(process.type))();
    HORDE_ASSERT(process.server != nullptr);
    result = process.server->init(context, process.args);
  });
  if (result.kind != Init::Kind::later && !process.stop) {
    process.init_result = std::move(result);
  }
  settle(process);
}

/// After a handler: what became of the process.
void Runtime::settle(Process& process) {
  const std::uint64_t serial = process.pid.serial;
  if (process.doom) {
    const ExitReason reason = *process.doom;
    end(serial, reason);
    return;
  }
  if (process.init_result && !process.stop) {
    Init result = *std::move(process.init_result);
    process.init_result.reset();
    apply_init(process, std::move(result));
    return;
  }
  if (process.stop) {
    ExitReason reason = *process.stop;
    terminate(process, reason);
    end(serial, reason);
  }
}

void Runtime::apply_init(Process& process, Init init) {
  switch (init.kind) {
    case Init::Kind::later:
      break;
    case Init::Kind::ok:
      process.phase = Process::Phase::running;
      process.mailbox.insert(process.mailbox.begin(), std::make_move_iterator(process.held.begin()),
                             std::make_move_iterator(process.held.end()));
      process.held.clear();
      outputs_.lives.push_back({LifeEvent::Kind::started, process.pid, process.type, {}});
      report_start(process, Started::Outcome::ok, std::move(init.info), {});
      break;
    case Init::Kind::ignore:
      report_start(process, Started::Outcome::ignore, {}, {});
      end(process.pid.serial, ExitReason::normal());
      break;
    case Init::Kind::stop:
      report_start(process, Started::Outcome::error, {}, init.reason);
      end(process.pid.serial, init.reason);
      break;
  }
}

void Runtime::terminate(Process& process, ExitReason& reason) {
  if (process.phase != Process::Phase::running) {
    return;
  }
  process.stop.reset();
  guarded(process, [&](Context& context) { process.server->terminate(context, reason); });
  if (process.doom) {
    reason = *process.doom;
  } else if (process.stop) {
    reason = *process.stop;
  }
}

bool Runtime::is_alive(const Pid& pid) const {
  return find(pid) != nullptr;
}

const Process* Runtime::find(const Pid& pid) const {
  const auto it = pid.run == self_ ? processes_.find(pid.serial) : processes_.end();
  return it == processes_.end() ? nullptr : it->second.get();
}

Process* Runtime::find_local(const Pid& pid) {
  const auto it = pid.run == self_ ? processes_.find(pid.serial) : processes_.end();
  return it == processes_.end() ? nullptr : it->second.get();
}

std::optional<Pid> Runtime::whereis(base::BytesView name) const {
  const auto it = names_.find(name);
  return it == names_.end() ? std::nullopt : std::optional(Pid{self_, it->second});
}

std::size_t Runtime::rows() const {
  std::size_t out = processes_.size() + names_.size() + peers_.size() + calls_.size() +
                    alarms_.size() + ready_.size() + pending_.size();
  for (const auto& [serial, process] : processes_) {
    out += process->mailbox.size() + process->held.size() + process->open_requests.size() +
           process->links.size() + process->monitors.size() + process->watchers.size() +
           process->calls.size() + process->timers.size() + process->names.size();
  }
  return out;
}

}  // namespace horde::process
