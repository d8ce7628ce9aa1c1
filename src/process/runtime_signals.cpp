// What arrives: one function per kind of signal.
#include <algorithm>

#include "base/assert.hpp"
#include "process/runtime.hpp"

namespace horde::process {
namespace {

using Kind = Signal::Kind;

const ExitReason& over_limit() {
  static const ExitReason reason = ExitReason::error("over_limit");
  return reason;
}

}  // namespace

/// Sends it to where it goes. What it makes die here has died when this returns, unless a delivery
/// is under way already, which then carries on with it.
void Runtime::route(Signal signal) {
  if (signal.to.run != self_ && signal.to.run.node != self_.node) {
    outputs_.sends.push_back({signal.to.run, encode(signal)});
    return;
  }
  pending_.push_back(std::move(signal));
  if (delivering_) {
    return;
  }
  delivering_ = true;
  while (!pending_.empty()) {
    Signal next = std::move(pending_.front());
    pending_.pop_front();
    deliver(next);
  }
  delivering_ = false;
}

void Runtime::deliver(Signal& signal) {
  Process* process = find_local(signal.to);
  if (process == nullptr) {
    deliver_to_the_dead(signal);
    return;
  }
  switch (signal.kind) {
    case Kind::message:
    case Kind::cast:
      on_user_message(*process, signal);
      break;
    case Kind::request:
      on_request(*process, signal);
      break;
    case Kind::reply:
    case Kind::call_failed:
      on_call_result(*process, signal);
      break;
    case Kind::link:
      on_link(*process, signal);
      break;
    case Kind::unlink:
      on_unlink(*process, signal);
      break;
    case Kind::exit:
      on_exit(*process, signal);
      break;
    case Kind::monitor:
      on_monitor(*process, signal);
      break;
    case Kind::demonitor:
      on_demonitor(*process, signal);
      break;
    case Kind::down:
      on_down(*process, signal);
      break;
  }
}

/// Nobody is there (any more). Also for pids of this node's former lives.
void Runtime::deliver_to_the_dead(const Signal& signal) {
  const ExitReason noproc = ExitReason::noproc();
  switch (signal.kind) {
    case Kind::message:
    case Kind::cast:
      ++statistics_.to_the_dead;
      break;
    case Kind::request:
      route({.kind = Kind::call_failed,
             .from = signal.to,
             .to = signal.from,
             .ref = signal.ref,
             .status = CallEnded::Status::error,
             .reason = noproc});
      break;
    case Kind::link:
      route({.kind = Kind::exit,
             .from = signal.to,
             .to = signal.from,
             .by_link = true,
             .reason = noproc});
      break;
    case Kind::monitor:
      route({.kind = Kind::down,
             .from = signal.to,
             .to = signal.from,
             .ref = signal.ref,
             .reason = noproc});
      break;
    case Kind::reply:
    case Kind::call_failed:
      ++statistics_.late_replies;
      break;
    case Kind::unlink:
    case Kind::exit:
    case Kind::demonitor:
    case Kind::down:
      break;
  }
}

bool Runtime::is_full(const Process& process) const {
  return process.user_messages >= options_.mailbox_max ||
         process.user_bytes >= options_.mailbox_bytes_max;
}

/// Requests that were handed over and not answered count until their callers have given up.
bool Runtime::has_room_for_request(Process& process) {
  auto& open = process.open_requests;
  if (open.size() >= options_.mailbox_max && process.requests_expire_at <= now_.mono) {
    std::erase_if(open, [&](const auto& request) { return request.second <= now_.mono; });
    process.requests_expire_at = base::Instant::never();
    for (const auto& [caller, expires] : open) {
      process.requests_expire_at = std::min(process.requests_expire_at, expires);
    }
  }
  return !is_full(process) && open.size() < options_.mailbox_max;
}

void Runtime::push(Process& process, Envelope envelope) {
  if (process.is_port) {
    if (!is_stale(process, envelope)) {
      open_request(process, envelope);
      outputs_.arrivals.push_back({process.pid, std::move(envelope)});
    }
    return;
  }
  process.mailbox.push_back(std::move(envelope));
  // The one whose handler runs is queued when that is done.
  if (!process.queued && process.pid.serial != running_) {
    process.queued = true;
    ready_.push_back(process.pid.serial);
  }
}

/// What arrives at a port is handed out at once.
void Runtime::count_user_message(Process& process, const Signal& signal) {
  if (!process.is_port) {
    ++process.user_messages;
    process.user_bytes += signal.payload.size();
  }
}

void Runtime::on_user_message(Process& process, Signal& signal) {
  if (is_full(process)) {
    ++statistics_.over_limit;
    return;
  }
  count_user_message(process, signal);
  if (signal.kind == Kind::cast) {
    push(process, Cast{signal.from, std::move(signal.payload)});
  } else {
    push(process, Info(Message{signal.from, std::move(signal.payload)}));
  }
}

void Runtime::on_request(Process& process, Signal& signal) {
  const Caller caller{signal.from, {signal.ref}};
  if (!has_room_for_request(process)) {
    ++statistics_.over_limit;
    route({.kind = Kind::call_failed,
           .from = process.pid,
           .to = signal.from,
           .ref = signal.ref,
           .status = CallEnded::Status::error,
           .reason = over_limit()});
    return;
  }
  count_user_message(process, signal);
  push(process, Request{caller, now_.mono + signal.timeout, std::move(signal.payload)});
}

void Runtime::on_call_result(Process& process, Signal& signal) {
  const auto it = calls_.find({signal.ref});
  if (it == calls_.end() || it->second.caller != process.pid.serial ||
      it->second.callee != signal.from) {
    ++statistics_.late_replies;
    return;
  }
  const bool answered = signal.kind == Kind::reply;
  end_call({signal.ref}, {.status = answered ? CallEnded::Status::ok : signal.status,
                          .reply = std::move(signal.payload),
                          .reason = std::move(signal.reason)});
}

void Runtime::on_link(Process& process, const Signal& signal) {
  const bool is_new = !process.links.contains(signal.from);
  if (is_new && process.links.size() >= options_.relations_max) {
    ++statistics_.over_limit;
    route({.kind = Kind::exit,
           .from = process.pid,
           .to = signal.from,
           .by_link = true,
           .reason = over_limit()});
    return;
  }
  process.links[signal.from].theirs = signal.ref;
  with_peer(signal.from, [&](Peer& peer) { peer.links.emplace(process.pid.serial, signal.from); });
}

void Runtime::on_unlink(Process& process, const Signal& signal) {
  const auto it = process.links.find(signal.from);
  if (it == process.links.end()) {
    return;
  }
  Link& link = it->second;  // The sender's number is theirs to us.
  link.theirs = link.theirs == signal.ref ? 0 : link.theirs;
  link.ours = link.ours == signal.other_ref ? 0 : link.ours;
  if (link.ours == 0 && link.theirs == 0) {
    drop_link(process, signal.from);
  }
}

void Runtime::on_exit(Process& process, const Signal& signal) {
  const bool is_kill = signal.reason.kind == ExitReason::Kind::kill;
  if (signal.by_link) {
    if (!process.links.contains(signal.from)) {
      return;  // Undone while this was on its way.
    }
    drop_link(process, signal.from);
  } else if (is_kill && !process.is_port) {
    die(process, ExitReason::killed());
    return;
  }
  if (process.trap != Trap::none) {
    if (!signal.by_link && process.exits >= options_.mailbox_max) {
      ++statistics_.over_limit;
      return;
    }
    process.exits += process.is_port ? 0 : 1;
    push(process, Info(Exit{signal.from, signal.reason}));
    return;
  }
  const bool to_itself = !signal.by_link && signal.from == process.pid;
  if (signal.reason.kind != ExitReason::Kind::normal || to_itself) {
    die(process, signal.reason);
  }
}

void Runtime::on_monitor(Process& process, const Signal& signal) {
  const bool known = process.watchers.contains({signal.from, {signal.ref}});
  if (!known && process.watchers.size() >= options_.relations_max) {
    ++statistics_.over_limit;
    route({.kind = Kind::down,
           .from = process.pid,
           .to = signal.from,
           .ref = signal.ref,
           .reason = over_limit()});
    return;
  }
  process.watchers.emplace(signal.from, MonitorRef{signal.ref});
  with_peer(signal.from, [&](Peer& peer) {
    peer.watchers.emplace(process.pid.serial, signal.from, MonitorRef{signal.ref});
  });
}

void Runtime::on_demonitor(Process& process, const Signal& signal) {
  drop_watcher(process, signal.from, {signal.ref});
}

void Runtime::on_down(Process& process, const Signal& signal) {
  const MonitorRef ref{signal.ref};
  const auto it = process.monitors.find(ref);
  if (it == process.monitors.end() || it->second.fired || it->second.target != signal.from) {
    return;  // Taken back meanwhile, or said twice.
  }
  it->second.fired = true;
  with_peer(signal.from, [&](Peer& peer) { peer.monitors.erase({process.pid.serial, ref}); });
  push(process, Info(Down{ref, signal.from, signal.reason}));
}

}  // namespace horde::process
