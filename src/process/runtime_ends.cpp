// Ends: of processes, of calls, of peers, and of the relations between processes.
#include <utility>

#include "base/assert.hpp"
#include "process/runtime.hpp"

namespace horde::process {

using Kind = Signal::Kind;

/// A deadly signal: now, or after the handler that is under way.
void Runtime::die(Process& process, const ExitReason& reason) {
  if (process.pid.serial != running_) {
    end(process.pid.serial, reason);
  } else if (!process.doom && !process.stop) {
    process.doom = reason;
  }
}

void Runtime::end(std::uint64_t serial, const ExitReason& reason) {
  // Out of the table first: whatever follows finds nobody here.
  const auto node = processes_.extract(serial);
  HORDE_ASSERT(!node.empty());
  Process& process = *node.mapped();
  ++statistics_.ended;
  ports_ -= process.is_port ? 1 : 0;
  for (const base::Bytes& name : process.names) {
    names_.erase(name);
  }
  for (const auto& [name, registry] : registries_) {
    registry->process_ended(now_, process.pid);
  }
  for (const auto& [ref, timer] : process.timers) {
    alarms_.erase({timer.at, ref.value});
  }
  for (const CallRef ref : process.calls) {
    const auto call = calls_.find(ref);
    alarms_.erase({call->second.deadline, ref.value});
    with_peer(call->second.callee, [&](Peer& peer) { peer.calls.erase(ref); });
    calls_.erase(call);
  }
  if (process.phase == Process::Phase::running) {
    outputs_.lives.push_back({LifeEvent::Kind::ended, process.pid, process.type, reason});
  } else {
    report_start(process, Started::Outcome::error, {}, reason);
  }
  end_requests(process, reason);
  for (const auto& [other, link] : process.links) {
    with_peer(other, [&](Peer& peer) { peer.links.erase({serial, other}); });
    route(
        {.kind = Kind::exit, .from = process.pid, .to = other, .by_link = true, .reason = reason});
  }
  for (const auto& [watcher, ref] : process.watchers) {
    with_peer(watcher, [&](Peer& peer) { peer.watchers.erase({serial, watcher, ref}); });
    route({.kind = Kind::down,
           .from = process.pid,
           .to = watcher,
           .ref = ref.value,
           .reason = reason});
  }
  for (const auto& [ref, watch] : process.monitors) {
    if (!watch.fired) {
      with_peer(watch.target, [&](Peer& peer) { peer.monitors.erase({serial, ref}); });
      route({.kind = Kind::demonitor, .from = process.pid, .to = watch.target, .ref = ref.value});
    }
  }
}

/// Those whose turn had not come were not handled; those that were handed over may have been.
void Runtime::end_requests(Process& process, const ExitReason& reason) {
  const auto fail = [&](const Caller& caller, CallEnded::Status status) {
    route({.kind = Kind::call_failed,
           .from = process.pid,
           .to = caller.pid,
           .ref = caller.ref.value,
           .status = status,
           .reason = reason});
  };
  for (const auto& [caller, expires] : process.open_requests) {
    fail(caller, CallEnded::Status::unknown);
  }
  const auto fail_waiting = [&](const auto& queue) {
    for (const Envelope& envelope : queue) {
      if (const auto* request = std::get_if<Request>(&envelope)) {
        fail(request->from, CallEnded::Status::error);
      }
    }
  };
  fail_waiting(process.held);
  fail_waiting(process.mailbox);
}

/// `result` without call and callee, which are filled in.
void Runtime::end_call(CallRef ref, CallEnded result) {
  const auto it = calls_.find(ref);
  HORDE_ASSERT(it != calls_.end());
  const Call call = it->second;
  calls_.erase(it);
  alarms_.erase({call.deadline, ref.value});
  with_peer(call.callee, [&](Peer& peer) { peer.calls.erase(ref); });
  Process& caller = *processes_.at(call.caller);
  caller.calls.erase(ref);
  result.call = ref;
  result.callee = call.callee;
  push(caller, Info(std::move(result)));
}

void Runtime::report_start(Process& process, Started::Outcome outcome, base::Bytes info,
                           const ExitReason& reason) {
  if (!std::exchange(process.reports_start, false)) {
    return;
  }
  if (Process* parent = find_local(process.parent)) {
    push(*parent, Info(Started{process.pid, outcome, std::move(info), reason}));
  }
}

void Runtime::drop_link(Process& process, const Pid& other) {
  process.links.erase(other);
  with_peer(other, [&](Peer& peer) { peer.links.erase({process.pid.serial, other}); });
}

void Runtime::drop_watcher(Process& process, const Pid& watcher, MonitorRef ref) {
  process.watchers.erase({watcher, ref});
  with_peer(watcher, [&](Peer& peer) { peer.watchers.erase({process.pid.serial, watcher, ref}); });
}

void Runtime::peer_ended(base::Now now, const base::RunId& run, Outputs& out) {
  begin(now);
  const auto node = peers_.extract(run);
  if (!node.empty()) {
    end_peer(run, node.mapped());
  }
  finish(out);
}

void Runtime::end_peer(const base::RunId& run, const Peer& peer) {
  const ExitReason noconnection = ExitReason::noconnection();
  for (const auto& [target, watcher, ref] : peer.watchers) {
    processes_.at(target)->watchers.erase({watcher, ref});
  }
  for (const CallRef ref : peer.calls) {
    if (calls_.contains(ref)) {
      end_call(ref, {.status = CallEnded::Status::unknown, .reason = noconnection});
    }
  }
  for (const auto& [serial, ref] : peer.monitors) {
    if (const Process* watcher = find({self_, serial})) {
      route({.kind = Kind::down,
             .from = watcher->monitors.at(ref).target,
             .to = watcher->pid,
             .ref = ref.value,
             .reason = noconnection});
    }
  }
  // Last, as they may end processes that the lists above name.
  for (const auto& [serial, other] : peer.links) {
    route({.kind = Kind::exit,
           .from = {run, other.serial},
           .to = {self_, serial},
           .by_link = true,
           .reason = noconnection});
  }
}

}  // namespace horde::process
