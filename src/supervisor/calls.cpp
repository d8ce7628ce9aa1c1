// Supervisor: calls, on their way and where they are carried out.
#include <algorithm>

#include "supervisor/spec_codec.hpp"
#include "supervisor/supervisor.hpp"

namespace horde::supervisor {
namespace {

constexpr base::Duration kTimeoutMax = base::seconds(3'600);

base::Duration bounded(base::Duration timeout) {
  return std::clamp(timeout, base::Duration{}, kTimeoutMax);
}

}  // namespace

// --- start_child.

// What identifies the child is drawn here, once; whoever gets the request later finds it in there.
void Supervisor::start_child(base::Now now, base::CallId call, StartCall request, Outputs& out) {
  if (std::string why = refusal_of(request.spec); !why.empty()) {
    out.add(Reply{.call = call, .status = CallStatus::bad_spec, .detail = std::move(why)});
    return;
  }
  request.spec.shutdown = request.spec.effective_shutdown();
  if (stopping_) {
    out.add(Reply{.call = call, .status = CallStatus::shutting_down});
    return;
  }
  const base::Duration timeout = bounded(request.timeout);
  const auto wall = static_cast<std::uint64_t>(now.wall.ns);
  ChildId id;
  id.high = rng_.next();
  id.low = rng_.next();
  StartRequest start{.id = id,
                     .stamp_ns = wall,
                     .not_after = wall + static_cast<std::uint64_t>(timeout.ns),
                     .spec = std::move(request.spec),
                     .hops = options_.hops_max,
                     .copies = std::max<std::uint64_t>(request.copies, 1),
                     .origin = self_,
                     .number = call.value};
  starts_[call] = {.request = std::move(start), .until = now.mono + timeout};
  route(now, call, out);
}

// Finds the member that a call's child belongs to, and sends it there or begins here.
void Supervisor::route(base::Now now, base::CallId call, Outputs& out) {
  PendingStart& start = starts_.at(call);
  start.retry_at = base::Instant::never();
  poll_at_ = std::min(poll_at_, start.until);
  if (!synced_ && !stopping_) {
    return;  // on_synced looks again.
  }
  const Waiter waiter{.call = call, .copies = start.request.copies, .until = start.until};
  std::optional<base::RunId> forward_to;
  const CallStatus status = place(now, start.request, waiter, forward_to, out);
  if (forward_to) {
    StartRequest next = start.request;
    --next.hops;
    start.sent_to = *forward_to;
    ++start.tries;
    out.add(SendTo{*forward_to, encode(std::move(next))});
  } else if (status == CallStatus::ok) {
    const ChildId id = start.request.id;
    starts_.erase(call);
    check_waiters(now, id, nullptr, out);
  } else if (start.tries == 0) {
    const ChildId id = start.request.id;
    starts_.erase(call);
    out.add(Reply{.call = call, .status = status, .id = id});
  } else {
    // Somebody may have begun it: whatever is the matter now, it cannot be called an error.
    start.retry_at = now.mono + options_.retry_interval;
    poll_at_ = std::min(poll_at_, start.retry_at);
  }
}

// ok: it is under way here, and the waiter will be told; or `forward_to` is set.
CallStatus Supervisor::place(base::Now now, const StartRequest& request, const Waiter& waiter,
                             std::optional<base::RunId>& forward_to, Outputs& out) {
  const auto known = children_.find(request.id);
  if (known == children_.end() || !known->second.entry) {
    if (stopping_) {
      return CallStatus::shutting_down;
    }
    if (!synced_) {
      return CallStatus::node_dead_or_shutting_down;
    }
    const Placed placed = choose(request.id, request.spec);
    if (!placed) {
      return placed.error() == PlacementErrc::quorum_not_met ? CallStatus::quorum_not_met
                                                             : CallStatus::no_alive_nodes;
    }
    if (*placed != self_.node && request.hops > 0) {
      forward_to = is_candidate(*placed) ? run_of(*placed) : std::nullopt;
      return forward_to ? CallStatus::ok : CallStatus::node_dead_or_shutting_down;
    }
    if (const CallStatus status = begin(now, request, out); status != CallStatus::ok) {
      return status;
    }
  }
  // An entry for this id, also an ended one, is answered from (R13).
  Child& child = children_.at(request.id);
  const bool is_new = std::ranges::none_of(child.waiters, [&](const Waiter& other) {
    return !other.call && !waiter.call && other.reply_to == waiter.reply_to &&
           other.number == waiter.number;
  });
  if (is_new) {
    child.waiters.push_back(waiter);
    waited_for_.insert(request.id);
    poll_at_ = std::min(poll_at_, waiter.copies > 1 ? now.mono : waiter.until);
  }
  return CallStatus::ok;
}

CallStatus Supervisor::begin(base::Now now, const StartRequest& request, Outputs& out) {
  const auto wall = static_cast<std::uint64_t>(now.wall.ns);
  if (wall > request.not_after) {
    return CallStatus::timeout;
  }
  if (!may_run()) {
    return quorum_ ? CallStatus::node_dead_or_shutting_down : CallStatus::quorum_not_met;
  }
  if (const auto mine = by_owner_.find(self_);
      mine != by_owner_.end() && mine->second.size() >= options_.max_children) {
    return CallStatus::max_children;
  }
  Child& child = children_[request.id];
  Entry first{.birth = Birth{.stamp_ns = request.stamp_ns, .spec = request.spec},
              .not_after = request.not_after,
              .claim = {.term = std::max(wall, child.heard_term + 1),
                        .owner = self_.node,
                        .boot = self_.start},
              .run = {.rev = 1, .start = 1}};
  write(now, request.id, child, std::move(first),
        Fact::asked | Fact::in_time | Fact::synced | Fact::no_copy, out);
  child.first_start = true;
  child.starts = 0;
  start_copy(now, request.id, child, out);
  return CallStatus::ok;
}

// Tells those who wait for a start what became of it. Who must be held by several replicas is
// looked at only with the replica at hand.
void Supervisor::check_waiters(base::Now now, const ChildId& id, const Replica* replica,
                               Outputs& out) {
  const auto it = children_.find(id);
  if (it == children_.end()) {
    waited_for_.erase(id);
    return;
  }
  Child& child = it->second;
  std::vector<Waiter> still;
  for (const Waiter& waiter : std::exchange(child.waiters, {})) {
    const bool known = child.entry.has_value();
    if (known && child.entry->end.kind == EndKind::refused) {
      reply_start(waiter, id, CallStatus::error, {}, child.entry->end.reason, out);
    } else if (known && child.entry->end.kind == EndKind::terminated) {
      reply_start(waiter, id, CallStatus::terminated, {}, {}, out);
    } else if (known && child.entry->end.kind == EndKind::finished) {
      const bool ran = !child.entry->run.pid.empty();
      reply_start(waiter, id, ran ? CallStatus::ok : CallStatus::ignore, child.entry->run.pid, {},
                  out);
    } else if (known && child.entry->run.state == RunState::running &&
               (waiter.copies <= 1 || (replica != nullptr && child.whole &&
                                       replica->holders(*child.whole) >= waiter.copies))) {
      reply_start(waiter, id, CallStatus::ok, child.entry->run.pid, child.info, out);
    } else if (waiter.until <= now.mono) {
      if (waiter.call) {  // Who is elsewhere has a deadline of its own.
        reply_start(waiter, id, CallStatus::unknown, {}, {}, out);
      }
    } else {
      const base::Instant look_at =
          waiter.copies > 1 && known && child.entry->run.state == RunState::running
              ? std::min(waiter.until, now.mono + options_.poll_interval)
              : waiter.until;
      poll_at_ = std::min(poll_at_, look_at);
      still.push_back(waiter);
    }
  }
  child.waiters = std::move(still);
  if (child.waiters.empty()) {
    waited_for_.erase(id);
  }
}

void Supervisor::reply_start(const Waiter& waiter, const ChildId& id, CallStatus status,
                             base::Bytes pid, base::Bytes detail, Outputs& out) {
  if (waiter.call) {
    out.add(Reply{.call = *waiter.call,
                  .status = status,
                  .id = id,
                  .pid = std::move(pid),
                  .detail = std::move(detail)});
  } else {
    out.add(SendTo{waiter.reply_to,
                   encode(Started{waiter.number, status, std::move(pid), std::move(detail)})});
  }
}

void Supervisor::on(base::Now now, const base::RunId& from, const StartRequest& message,
                    Outputs& out) {
  const auto wall = static_cast<std::uint64_t>(now.wall.ns);
  if (message.not_after < wall) {
    return;  // Nobody waits any more.
  }
  const auto left = static_cast<std::int64_t>(message.not_after - wall);
  const Waiter waiter{.reply_to = message.origin,
                      .number = message.number,
                      .copies = message.copies,
                      .until = now.mono + bounded({left})};
  std::optional<base::RunId> forward_to;
  const CallStatus status = place(now, message, waiter, forward_to, out);
  if (forward_to && *forward_to != from) {
    StartRequest next = message;
    --next.hops;
    out.add(SendTo{*forward_to, encode(std::move(next))});
  } else if (forward_to) {
    // Two members that name each other: it ends here rather than after all hops.
    StartRequest here = message;
    here.hops = 0;
    std::optional<base::RunId> nowhere;
    const CallStatus forced = place(now, here, waiter, nowhere, out);
    if (forced != CallStatus::ok) {
      reply_start(waiter, message.id, forced, {}, {}, out);
    }
  } else if (status != CallStatus::ok) {
    reply_start(waiter, message.id, status, {}, {}, out);
  }
  if (!forward_to && status == CallStatus::ok) {
    check_waiters(now, message.id, nullptr, out);
  }
}

void Supervisor::on(base::Now now, const base::RunId& /*from*/, const Started& message,
                    Outputs& out) {
  const auto it = starts_.find(base::CallId{message.number});
  if (it == starts_.end()) {
    return;
  }
  PendingStart& start = it->second;
  const bool decided = message.status == CallStatus::ok || message.status == CallStatus::ignore ||
                       message.status == CallStatus::error ||
                       message.status == CallStatus::terminated;
  if (!decided && start.tries > 1) {
    start.sent_to.reset();
    start.retry_at = now.mono + options_.retry_interval;
    poll_at_ = std::min(poll_at_, start.retry_at);
    return;
  }
  out.add(Reply{.call = it->first,
                .status = message.status,
                .id = start.request.id,
                .pid = message.pid,
                .detail = message.detail});
  starts_.erase(it);
}

// --- terminate_child.

void Supervisor::terminate_child(base::Now now, base::CallId call, const TerminateCall& request,
                                 Outputs& out) {
  if (!synced_ || stopping_) {
    out.add(Reply{.call = call, .status = CallStatus::node_dead_or_shutting_down});
    return;
  }
  std::optional<ChildId> id = request.id;
  if (const auto it = by_pid_.find(request.pid); !id && it != by_pid_.end()) {
    id = it->second;
  }
  const Entry* known = id ? entry(*id) : nullptr;
  const bool gone = known != nullptr ? known->ended() && known->end.kind != EndKind::terminated
                                     : request.if_unknown == TerminateCall::IfUnknown::not_found;
  if (!id || gone) {
    out.add(Reply{.call = call, .status = CallStatus::not_found});
    return;
  }
  Child& child = children_[*id];
  if (known == nullptr || !known->ended()) {
    Entry next = known != nullptr ? *known : Entry{};
    next.end.kind = EndKind::terminated;
    if (!next.birth) {
      // How long a start for this id may be under way is not known here.
      next.not_after = static_cast<std::uint64_t>((now.wall.ns + kTimeoutMax.ns));
    }
    write(now, *id, child, std::move(next), Fact::told_to_end, out);
  }
  terminates_[call] = {.id = *id, .until = now.mono + bounded(request.timeout)};
  watch_end(now, *id);
  settle(now, *id, out);
}

// --- Others.

void Supervisor::wait_for_quorum(base::Now now, base::CallId call, base::Duration timeout,
                                 Outputs& out) {
  if (quorum_) {
    out.add(Reply{.call = call});
    return;
  }
  quorum_waits_[call] = now.mono + bounded(timeout);
  poll_at_ = std::min(poll_at_, quorum_waits_[call]);
}

void Supervisor::unquarantine(base::Now now, base::CallId call, const ChildId& id, Outputs& out) {
  const Entry* known = entry(id);
  CallStatus status = CallStatus::ok;
  if (known == nullptr || known->ended() || known->run.state != RunState::quarantined) {
    status = CallStatus::not_found;
  } else if (is_mine(*known)) {
    lift_quarantine(now, id, out);
  } else if (is_gone(known->claim.run())) {
    status = CallStatus::node_dead_or_shutting_down;
  } else {
    out.add(SendTo{known->claim.run(), encode(Unquarantine{id})});
  }
  out.add(Reply{.call = call, .status = status, .id = id});
}

void Supervisor::lift_quarantine(base::Now now, const ChildId& id, Outputs& out) {
  const auto it = children_.find(id);
  if (it == children_.end() || !it->second.entry || it->second.copy || it->second.entry->ended() ||
      !is_mine(*it->second.entry) || it->second.entry->run.state != RunState::quarantined) {
    return;
  }
  Child& child = it->second;
  Entry next = *child.entry;
  next.strikes = {.era = next.strikes.era + 1};
  next.run.state = RunState::backoff;
  ++next.run.rev;
  child.retry_at = now.mono;
  write(now, id, child, std::move(next), {}, out);
  settle(now, id, out);
}

void Supervisor::on(base::Now now, const base::RunId& /*from*/, const Unquarantine& message,
                    Outputs& out) {
  lift_quarantine(now, message.id, out);
}

wire::Decoded<void> Supervisor::on_message(base::Now now, const base::RunId& from,
                                           base::BytesView body, Outputs& out) {
  const auto message = decode_message(body);
  if (!message) {
    return std::unexpected(message.error());
  }
  std::visit([&](const auto& m) { on(now, from, m, out); }, *message);
  return {};
}

void Supervisor::look_at_calls(base::Now now, const Replica& replica, Outputs& out) {
  poll_at_ = base::Instant::never();
  std::vector<base::CallId> to_route;
  for (auto it = starts_.begin(); it != starts_.end();) {
    const PendingStart& start = it->second;
    if (start.until <= now.mono) {
      // Sent, it may have begun; not sent, nothing was recorded anywhere.
      const CallStatus status = start.tries > 0 ? CallStatus::unknown : CallStatus::timeout;
      out.add(Reply{.call = it->first, .status = status, .id = start.request.id});
      it = starts_.erase(it);
      continue;
    }
    poll_at_ = std::min(poll_at_, start.until);
    const bool target_is_gone = start.sent_to && is_gone(*start.sent_to);
    if (!start.sent_to || target_is_gone) {
      if (start.retry_at <= now.mono || start.tries == 0 || target_is_gone) {
        to_route.push_back(it->first);
      } else {
        poll_at_ = std::min(poll_at_, start.retry_at);
      }
    }
    ++it;
  }
  for (const base::CallId call : to_route) {
    route(now, call, out);
  }
  for (const ChildId& id : std::vector<ChildId>(waited_for_.begin(), waited_for_.end())) {
    check_waiters(now, id, &replica, out);
  }
  std::erase_if(quorum_waits_, [&](const auto& wait) {
    if (quorum_ || wait.second <= now.mono) {
      out.add(Reply{.call = wait.first, .status = quorum_ ? CallStatus::ok : CallStatus::timeout});
      return true;
    }
    poll_at_ = std::min(poll_at_, wait.second);
    return false;
  });
}

// This member is leaving for good: whatever is still open ends as it is.
void Supervisor::end_calls(Outputs& out) {
  for (const auto& [call, start] : starts_) {
    const CallStatus status = start.tries > 0 ? CallStatus::unknown : CallStatus::shutting_down;
    out.add(Reply{.call = call, .status = status, .id = start.request.id});
  }
  for (const auto& [call, terminate] : terminates_) {
    out.add(Reply{.call = call,
                  .status = CallStatus::unknown,
                  .id = terminate.id,
                  .missing = missing(children_.at(terminate.id), Left::need_not)});
  }
  for (const auto& [call, until] : quorum_waits_) {
    out.add(Reply{.call = call, .status = CallStatus::shutting_down});
  }
  for (const ChildId& id : waited_for_) {
    for (const Waiter& waiter : std::exchange(children_.at(id).waiters, {})) {
      if (waiter.call) {
        reply_start(waiter, id, CallStatus::unknown, {}, {}, out);
      }
    }
  }
  starts_.clear();
  terminates_.clear();
  quorum_waits_.clear();
  waited_for_.clear();
}

}  // namespace horde::supervisor
