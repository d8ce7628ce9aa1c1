// What a Context asks for.
#include <algorithm>
#include <numeric>

#include "base/assert.hpp"
#include "process/runtime.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

using Kind = Signal::Kind;

std::size_t bytes_of(const Args& args) {
  return std::accumulate(args.begin(), args.end(), std::size_t{0},
                         [](std::size_t sum, const base::Bytes& arg) { return sum + arg.size(); });
}

base::Duration within_limits(base::Duration timeout) {
  return std::clamp(timeout, base::Duration{},
                    base::Duration{static_cast<std::int64_t>(wire::kTimeoutMax)});
}

}  // namespace

Names& Runtime::registry(base::BytesView name) {
  const auto it = registries_.find(name);
  return it == registries_.end() ? no_registry_ : *it->second;
}

std::expected<Pid, Refusal> Runtime::spawn(Process& parent, SpawnOptions options) {
  if (types_.find(options.type) == nullptr) {
    return std::unexpected(Refusal::unknown_type);
  }
  if (process_count() >= options_.processes_max || options.args.size() > wire::kArgsMax ||
      bytes_of(options.args) > wire::kArgsBytesMax ||
      options.name.size() > wire::kProcessNameBytesMax) {
    ++statistics_.over_limit;
    return std::unexpected(Refusal::over_limit);
  }
  if (names_.contains(options.name)) {
    return std::unexpected(Refusal::already_registered);
  }
  Process& process = make(parent.pid);
  process.type = std::move(options.type);
  process.args = std::move(options.args);
  process.token = std::move(options.token);
  process.reports_start = options.report_start;
  ++statistics_.spawned;
  if (!options.name.empty()) {
    const auto registered = register_name(process, options.name);
    HORDE_ASSERT(registered.has_value());  // It is free, and not too long.
  }
  if (options.via) {
    const Via& via = *options.via;
    const NameResult result =
        registry(via.registry).register_name(now_, process.pid, {via.key, via.value, via.priority});
    if (!result) {
      const Pid nobody = process.pid;
      processes_.erase(nobody.serial);
      --statistics_.spawned;
      return std::unexpected(result.error().why == NameErrc::already_registered
                                 ? Refusal::already_registered
                                 : Refusal::name_refused);
    }
  }
  if (options.link) {
    link(parent, process.pid);
  }
  process.queued = true;
  ready_.push_back(process.pid.serial);
  return process.pid;
}

std::expected<void, Refusal> Runtime::send(Process& from, Kind kind, const Pid& to,
                                           base::BytesView bytes) {
  const Process* target = find_local(to);
  if (bytes.size() > wire::kPayloadBytesMax || (target != nullptr && is_full(*target))) {
    ++statistics_.over_limit;
    return std::unexpected(Refusal::over_limit);
  }
  if (to.is_none()) {
    ++statistics_.to_the_dead;
    return {};
  }
  route({.kind = kind, .from = from.pid, .to = to, .payload = base::Bytes(bytes)});
  return {};
}

CallRef Runtime::call(Process& from, const Pid& to, base::BytesView request,
                      base::Duration timeout) {
  const CallRef ref{++last_ref_};
  const auto fail = [&](ExitReason reason) {
    push(from, Info(CallEnded{ref, to, CallEnded::Status::error, {}, std::move(reason)}));
    return ref;
  };
  if (request.size() > wire::kPayloadBytesMax || from.calls.size() >= options_.calls_max) {
    ++statistics_.over_limit;
    return fail(ExitReason::error("over_limit"));
  }
  if (to.is_none()) {
    return fail(ExitReason::noproc());
  }
  const base::Duration wait = within_limits(timeout);
  const base::Instant deadline = now_.mono + wait;
  calls_.emplace(ref, Call{from.pid.serial, to, deadline});
  from.calls.insert(ref);
  alarms_.emplace(std::pair(deadline, ref.value), Alarm{Alarm::Kind::call, from.pid.serial});
  with_peer(to, [&](Peer& peer) { peer.calls.insert(ref); });
  route({.kind = Kind::request,
         .from = from.pid,
         .to = to,
         .ref = ref.value,
         .timeout = wait,
         .payload = base::Bytes(request)});
  return ref;
}

void Runtime::reply(Process& from, const Caller& caller, base::BytesView answer) {
  if (from.open_requests.erase(caller) == 0) {
    return;  // Answered before, or never asked.
  }
  Signal signal{.kind = Kind::reply, .from = from.pid, .to = caller.pid, .ref = caller.ref.value};
  if (answer.size() > wire::kPayloadBytesMax) {
    ++statistics_.over_limit;
    signal.kind = Kind::call_failed;
    signal.status = CallEnded::Status::unknown;
    signal.reason = ExitReason::error("over_limit");
  } else {
    signal.payload = base::Bytes(answer);
  }
  route(std::move(signal));
}

MonitorRef Runtime::monitor(Process& watcher, const Pid& target) {
  const MonitorRef ref{++last_ref_};
  if (target.is_none() || watcher.monitors.size() >= options_.relations_max) {
    const bool full = !target.is_none();
    statistics_.over_limit += full ? 1 : 0;
    watcher.monitors.emplace(ref, Process::Watch{target, true});
    push(watcher,
         Info(Down{ref, target, full ? ExitReason::error("over_limit") : ExitReason::noproc()}));
    return ref;
  }
  watcher.monitors.emplace(ref, Process::Watch{target});
  with_peer(target, [&](Peer& peer) { peer.monitors.emplace(watcher.pid.serial, ref); });
  route({.kind = Kind::monitor, .from = watcher.pid, .to = target, .ref = ref.value});
  return ref;
}

void Runtime::demonitor(Process& watcher, MonitorRef ref) {
  const auto it = watcher.monitors.find(ref);
  if (it == watcher.monitors.end()) {
    return;
  }
  const Process::Watch watch = it->second;
  watcher.monitors.erase(it);
  if (!watch.fired) {
    with_peer(watch.target, [&](Peer& peer) { peer.monitors.erase({watcher.pid.serial, ref}); });
    route({.kind = Kind::demonitor, .from = watcher.pid, .to = watch.target, .ref = ref.value});
  }
}

void Runtime::link(Process& process, const Pid& other) {
  if (other == process.pid || process.links.contains(other)) {
    return;
  }
  if (other.is_none() || process.links.size() >= options_.relations_max) {
    // As if the other end had refused.
    process.links.emplace(other, Link{++last_ref_, 0});
    route({.kind = Kind::exit,
           .from = other,
           .to = process.pid,
           .by_link = true,
           .reason = other.is_none() ? ExitReason::noproc() : ExitReason::error("over_limit")});
    return;
  }
  const std::uint64_t ref = ++last_ref_;
  process.links.emplace(other, Link{ref, 0});
  with_peer(other, [&](Peer& peer) { peer.links.emplace(process.pid.serial, other); });
  route({.kind = Kind::link, .from = process.pid, .to = other, .ref = ref});
}

void Runtime::unlink(Process& process, const Pid& other) {
  const auto it = process.links.find(other);
  if (it == process.links.end()) {
    return;
  }
  const Link link = it->second;
  drop_link(process, other);
  route({.kind = Kind::unlink,
         .from = process.pid,
         .to = other,
         .ref = link.ours,
         .other_ref = link.theirs});
}

std::expected<TimerRef, Refusal> Runtime::send_after(Process& process, base::Duration after,
                                                     base::BytesView message) {
  if (process.timers.size() >= options_.timers_max || message.size() > wire::kPayloadBytesMax) {
    ++statistics_.over_limit;
    return std::unexpected(Refusal::over_limit);
  }
  const TimerRef ref{++last_ref_};
  const base::Instant at = now_.mono + within_limits(after);
  process.timers.emplace(ref, Process::Timer{at, base::Bytes(message)});
  alarms_.emplace(std::pair(at, ref.value), Alarm{Alarm::Kind::timer, process.pid.serial});
  return ref;
}

bool Runtime::cancel(Process& process, TimerRef timer) {
  const auto it = process.timers.find(timer);
  if (it == process.timers.end()) {
    return false;
  }
  alarms_.erase({it->second.at, timer.value});
  process.timers.erase(it);
  return true;
}

std::expected<void, Refusal> Runtime::register_name(Process& process, base::BytesView name) {
  if (name.empty() || name.size() > wire::kProcessNameBytesMax) {
    return std::unexpected(Refusal::over_limit);
  }
  const auto [it, inserted] = names_.emplace(name, process.pid.serial);
  if (!inserted && it->second != process.pid.serial) {
    return std::unexpected(Refusal::already_registered);
  }
  process.names.emplace(name);
  return {};
}

void Runtime::unregister_name(Process& process, base::BytesView name) {
  const auto it = process.names.find(name);
  if (it != process.names.end()) {
    names_.erase(*it);
    process.names.erase(it);
  }
}

}  // namespace horde::process
