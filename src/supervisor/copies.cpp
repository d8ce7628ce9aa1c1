// Supervisor: what becomes of copies here: starts, failures, moves, and leaving.
#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "supervisor/supervisor.hpp"
#include "wire/limits.hpp"

namespace horde::supervisor {
namespace {

// `base` doubled `times` times, up to `max`.
base::Duration doubled(base::Duration base, std::uint64_t times, base::Duration max) {
  for (; times > 0 && base < max; --times) {
    base = base * 2;
  }
  return std::min(base, max);
}

base::Bytes cut(base::Bytes bytes, std::size_t length_max) {
  bytes.resize(std::min(bytes.size(), length_max));
  return bytes;
}

}  // namespace

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::terminated:
      return "terminated";
    case StopReason::ended:
      return "ended";
    case StopReason::duplicate:
      return "duplicate";
    case StopReason::redistribution:
      return "process_redistribution";
    case StopReason::quorum_lost:
      return "quorum_lost";
    case StopReason::leaving:
      return "leaving";
    case StopReason::removed:
      return "removed";
  }
  return "unknown";
}

void Supervisor::start_copy(base::Now /*now*/, const ChildId& id, Child& child, Outputs& out) {
  ++child.starts;
  const Token token{child.entry->claim, child.starts};
  child.copy = Copy{.token = token};
  copies_.insert(id);
  const Birth& birth = *child.entry->birth;
  out.add(StartCopy{.id = id,
                    .spec = birth.spec,
                    .token = token,
                    .birth_ns = birth.stamp_ns,
                    .has_run = !child.first_start});
}

void Supervisor::stop_copy(const ChildId& id, Child& child, StopReason reason, Outputs& out) {
  child.copy->phase = Copy::Phase::stopping;
  child.copy->stop_reason = reason;
  child.copy->hurried = must_stop_in_time();
  out.add(StopCopy{
      .id = id,
      .reason = reason,
      .winner = reason == StopReason::duplicate && child.entry ? child.entry->claim : Claim{},
      .grace_max = child.copy->hurried ? options_.quorum_stop_max : Shutdown::kForever});
}

void Supervisor::copy_started(base::Now now, const ChildId& id, base::Bytes pid, base::Bytes info,
                              Outputs& out) {
  const auto it = children_.find(id);
  if (it == children_.end() || !it->second.copy ||
      it->second.copy->phase != Copy::Phase::starting) {
    return;  // It is being stopped: that will be answered too.
  }
  Child& child = it->second;
  HORDE_ASSERT(pid.size() <= wire::kPidBytesMax);
  child.copy->phase = Copy::Phase::running;
  child.copy->since = now.mono;
  child.info = cut(std::move(info), wire::kEndReasonBytesMax);
  child.first_start = false;
  remember_pid(id, child, pid);
  if (child.entry && !child.entry->ended() && child.entry->claim == child.copy->token.claim) {
    Entry next = *child.entry;
    next.run = {.rev = next.run.rev + 1,
                .start = child.copy->token.start,
                .state = RunState::running,
                .pid = std::move(pid)};
    write(now, id, child, std::move(next), {}, out);
  }
  settle(now, id, out);
}

void Supervisor::copy_failed(base::Now now, const ChildId& id, base::Bytes reason, Outputs& out) {
  const auto it = children_.find(id);
  if (it == children_.end() || !it->second.copy) {
    return;
  }
  Child& child = it->second;
  const bool top =
      child.entry && !child.entry->ended() && child.entry->claim == child.copy->token.claim;
  if (child.copy->phase == Copy::Phase::stopping || !top) {
    copy_gone(now, id, child, {}, out);
    return;
  }
  const bool first = child.first_start;
  child.copy.reset();
  copies_.erase(id);
  if (!first) {
    failed(now, id, child, out);
    return;
  }
  Entry next = *child.entry;
  next.end = {EndKind::refused, cut(std::move(reason), wire::kEndReasonBytesMax)};
  write(now, id, child, std::move(next), Fact::no_copy, out);
  settle(now, id, out);
}

void Supervisor::copy_exited(base::Now now, const ChildId& id, Exit exit, base::Bytes reason,
                             Outputs& out) {
  const auto it = children_.find(id);
  if (it == children_.end() || !it->second.copy) {
    return;
  }
  Child& child = it->second;
  if (child.copy->phase == Copy::Phase::stopping || !child.entry) {
    copy_gone(now, id, child, {}, out);  // A stop is not an end, however the copy went (R5).
    return;
  }
  const Restart restart = child.entry->birth->spec.restart;
  if (restart == Restart::temporary || (restart == Restart::transient && exit == Exit::normal)) {
    finish(now, id, child, std::move(reason), out);
    return;
  }
  const bool top = !child.entry->ended() && child.entry->claim == child.copy->token.claim;
  end_move(child);
  child.copy.reset();
  copies_.erase(id);
  if (top) {
    Entry next = *child.entry;
    next.run = {.rev = next.run.rev + 1, .start = child.starts, .pid = next.run.pid};
    child.retry_at = now.mono;
    strike(now, child, next);
    write(now, id, child, std::move(next), {}, out);
    note_crash(now, out);
  }
  settle(now, id, out);
}

void Supervisor::copy_stopped(base::Now now, const ChildId& id, Outputs& out) {
  const auto it = children_.find(id);
  if (it != children_.end() && it->second.copy) {
    copy_gone(now, id, it->second, {}, out);
  }
}

// The copy is gone because it was stopped, was not wanted any more, or gave way to another.
void Supervisor::copy_gone(base::Now now, const ChildId& id, Child& child, base::Duration pause,
                           Outputs& out) {
  const Copy copy = *child.copy;
  const std::optional<Move> move = child.move;
  end_move(child);
  child.copy.reset();
  copies_.erase(id);
  if (child.entry && !child.entry->ended() && child.entry->claim == copy.token.claim &&
      child.entry->run.state != RunState::released && !stopping_) {
    if (copy.stop_reason == StopReason::redistribution && move && !child.awaited) {
      release(now, id, child, move->target.node, out);
    } else {
      // It does not run, and the entry says so, until it is started again or taken over.
      Entry next = *child.entry;
      next.run = {.rev = next.run.rev + 1, .start = child.starts, .state = RunState::backoff};
      child.retry_at = now.mono + pause;
      write(now, id, child, std::move(next), {}, out);
    }
  }
  settle(now, id, out);
}

// A start that failed, and is to be tried again: as an owner stays owner (R7).
void Supervisor::failed(base::Now now, const ChildId& id, Child& child, Outputs& out) {
  Entry next = *child.entry;
  next.run = {.rev = next.run.rev + 1, .start = child.starts, .pid = next.run.pid};
  strike(now, child, next);
  if (next.run.state == RunState::starting) {
    next.run.state = RunState::backoff;
    child.retry_at = now.mono + backoff(next.strikes.count);
  }
  write(now, id, child, std::move(next), {}, out);
  note_crash(now, out);
  settle(now, id, out);
}

// By its own doing, so the child has ended, whoever's claim is the top one by now (R12).
void Supervisor::finish(base::Now now, const ChildId& id, Child& child, base::Bytes reason,
                        Outputs& out) {
  end_move(child);
  child.copy.reset();
  copies_.erase(id);
  if (child.entry && !child.entry->ended()) {
    Entry next = *child.entry;
    next.end = {EndKind::finished, cut(std::move(reason), wire::kEndReasonBytesMax)};
    write(now, id, child, std::move(next), Fact::ended_itself, out);
  }
  settle(now, id, out);
}

// Before the start that follows so many failures.
base::Duration Supervisor::backoff(std::uint64_t failures) const {
  return failures == 0 ? base::Duration{}
                       : doubled(options_.backoff, failures - 1, options_.backoff_max);
}

// One more failure before the child was healthy; too many of them are a quarantine.
void Supervisor::strike(base::Now now, Child& child, Entry& next) const {
  ++next.strikes.count;
  if (next.strikes.count > options_.max_restarts &&
      options_.on_intensity == OnIntensity::quarantine) {
    ++next.strikes.level;
    // The count stays: it is joined by maximum, so it cannot go back within an era. From here on
    // each failure is an excess, until the child is healthy.
    next.run.state = RunState::quarantined;
    child.retry_at =
        now.mono + doubled(options_.quarantine, next.strikes.level - 1, options_.quarantine_max);
  }
}

// The original's intensity: too many failures of whatever children within the window.
void Supervisor::note_crash(base::Now now, Outputs& out) {
  if (options_.on_intensity != OnIntensity::shutdown || stopping_) {
    return;
  }
  crashes_.push_back(now.mono);
  while (now.mono - crashes_.front() > options_.healthy_after) {
    crashes_.pop_front();
  }
  if (crashes_.size() > options_.max_restarts) {
    out.add(Told{.topic = "intensity_exceeded", .value = crashes_.size()});
    stop_ = PendingStop{.until = now.mono + options_.quarantine};
    begin_stop(now, out);
  }
}

void Supervisor::release(base::Now now, const ChildId& id, Child& child, base::NodeId target,
                         Outputs& out) {
  Entry next = *child.entry;
  next.run = {.rev = next.run.rev + 1,
              .start = child.starts,
              .state = RunState::released,
              .target = target};
  write(now, id, child, std::move(next), Fact::no_copy, out);
  if (stopping_) {
    handed_over_.insert(id);
  }
}

// --- Moves (R19): offer, accept, stop, release, claim.

void Supervisor::consider_move(base::Now now, const ChildId& id, Child& child, Outputs& out) {
  if (options_.redistribution != Redistribution::active) {
    return;
  }
  const Placed target = choose(id, child.entry->birth->spec);
  if (!target || *target == self_.node || !is_candidate(*target)) {
    end_move(child);
    return;
  }
  if (child.move && (child.move->target.node != *target || child.move->until <= now.mono)) {
    end_move(child);
  }
  if (child.move) {
    set_due(id, child, child.move->until);
    return;
  }
  const base::Instant ready_at =
      std::max(view_since_ + options_.settle_time, child.copy->since + options_.stay_min);
  const auto run = run_of(*target);
  if (now.mono < ready_at || !run || moves_ >= options_.moves_max) {
    set_due(id, child, std::max(ready_at, now.mono + options_.poll_interval));
    return;
  }
  child.move = Move{.target = *run, .until = now.mono + options_.offer_timeout};
  ++moves_;
  set_due(id, child, child.move->until);
  out.add(SendTo{*run, encode(Offer{id, child.entry->claim, alive_hash()})});
}

void Supervisor::end_move(Child& child) {
  moves_ -= child.move ? 1 : 0;
  child.move.reset();
}

void Supervisor::on(base::Now now, const base::RunId& from, const Offer& message, Outputs& out) {
  const Entry* known = entry(message.id);
  const bool settled = now.mono >= view_since_ + options_.settle_time;
  if (known != nullptr && !known->ended() && known->claim == message.claim && may_run() &&
      settled && alive_hash() == message.alive_hash && is_chosen(message.id, *known)) {
    out.add(SendTo{from, encode(Accept{message.id, message.claim})});
  }
}

void Supervisor::on(base::Now now, const base::RunId& from, const Accept& message, Outputs& out) {
  const auto it = children_.find(message.id);
  if (it == children_.end() || !it->second.entry || !it->second.move || !it->second.copy) {
    return;
  }
  Child& child = it->second;
  if (child.move->target == from && child.entry->claim == message.claim &&
      child.copy->token.claim == message.claim && is_candidate(from.node)) {
    child.move->accepted = true;
    settle(now, message.id, out);
  }
}

std::uint64_t Supervisor::alive_hash() const {
  std::uint64_t out = 0;
  for (const Member& one : view_.members) {
    if (one.status == members::Status::alive) {
      out = base::combine(out, one.id.value);
    }
  }
  return out;
}

// --- Leaving.

void Supervisor::stop(base::Now now, base::CallId call, base::Duration timeout, Outputs& out) {
  if (stopping_ && stop_->call) {
    out.add(Reply{.call = call, .status = CallStatus::shutting_down});
    return;
  }
  stop_ = PendingStop{.call = call, .until = now.mono + timeout};
  begin_stop(now, out);
}

// Nothing runs here any more, and nothing is ours: others have it, or will.
void Supervisor::return_empty(base::Now now, Outputs& out) {
  stop_.reset();
  stopping_ = false;
  crashes_.clear();
  handed_over_.clear();
  out.add(AnnounceReturn{});
  out.add(Told{.topic = "returned_empty"});
  for (Member& one : view_.members) {
    if (one.id == self_.node) {
      one.status = members::Status::alive;
    }
  }
  note_gone_owners(now, out);
  start_statics(now, out);
}

void Supervisor::begin_stop(base::Now now, Outputs& out) {
  stopping_ = true;
  out.add(AnnounceStop{});
  // Its own place in the view as the others will see it, so that nothing is handed over to itself.
  for (Member& one : view_.members) {
    if (one.id == self_.node) {
      one.status = members::Status::shutting_down;
    }
  }
  prepare_choices();
  settle_all(now, copies_, out);
  if (by_owner_.contains(self_)) {
    settle_all(now, by_owner_.at(self_), out);
  }
  poll_at_ = now.mono;
}

// Left once nothing runs here, all is released, and one other replica is known to have it.
void Supervisor::look_at_stop(base::Now now, const Replica& replica, Outputs& out) {
  if (left_) {
    return;
  }
  if (!stop_->call) {
    const bool empty = copies_.empty() && !by_owner_.contains(self_);
    if (empty && stop_->until <= now.mono) {
      return_empty(now, out);
    } else {
      poll_at_ = std::min(poll_at_, empty ? stop_->until : now.mono + options_.poll_interval);
    }
    return;
  }
  std::erase_if(handed_over_, [&](const ChildId& id) {
    const Child& child = children_.at(id);
    return !child.entry || child.entry->ended() || !is_mine(*child.entry) ||
           (child.whole && replica.holders(*child.whole) >= 2);
  });
  const bool alone = std::ranges::none_of(view_.reachable,
                                          [this](base::NodeId node) { return node != self_.node; });
  const bool done =
      copies_.empty() && !by_owner_.contains(self_) && (handed_over_.empty() || alone);
  if (!done && now.mono < stop_->until) {
    poll_at_ = std::min(poll_at_, now.mono + options_.poll_interval);
    return;
  }
  left_ = true;
  end_calls(out);
  out.add(Reply{.call = *stop_->call, .status = done ? CallStatus::ok : CallStatus::timeout});
  out.add(HasLeft{});
}

}  // namespace horde::supervisor
