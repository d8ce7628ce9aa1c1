#include "registry/barrier.hpp"

#include <algorithm>

namespace horde::registry {
namespace {

bool shows(const Table& table, base::BytesView key, const process::Pid& pid) {
  return std::ranges::any_of(table.shown(key),
                             [&](const Holding* holding) { return holding->pid == pid; });
}

}  // namespace

bool Barriers::begin(base::Now now, const View& view, const Table& table, Request request,
                     Outputs& out) {
  if (barriers_.size() >= kBarriersMax) {
    return false;
  }
  const std::uint64_t number = ++last_number_;
  Barrier& barrier = barriers_[number];
  barrier.of_all = request.members.empty();
  barrier.missing = barrier.of_all ? view.members : request.members;
  barrier.request = std::move(request);
  const Request& what = barrier.request;
  set_timer(barriers_.find(number), what.deadline);
  if (barrier.missing.contains(self_.node)) {
    on_ask(
        now, table, self_,
        {.number = number, .key = what.key, .pid = what.pid, .timeout = what.deadline - now.mono},
        out);
  }
  if (const auto still = barriers_.find(number); still != barriers_.end()) {
    ask(now, view, number, still->second, out);
    if (still->second.missing.empty()) {
      finish(still);
    }
  }
  return true;
}

void Barriers::ask(base::Now now, const View& view, std::uint64_t number, Barrier& barrier,
                   Outputs& out) {
  const BarrierAsk message{.number = number,
                           .key = barrier.request.key,
                           .pid = barrier.request.pid,
                           .timeout = barrier.request.deadline - now.mono};
  for (const base::NodeId member : barrier.missing) {
    const auto boot = view.reachable.find(member);
    if (boot != view.reachable.end() && member != self_.node) {
      barrier.asked[member] = boot->second;
      out.add(SendTo{{member, boot->second}, encode(message)});
    }
  }
  set_timer(barriers_.find(number), std::min(now.mono + kAskAgain, barrier.request.deadline));
}

void Barriers::on_ask(base::Now now, const Table& table, const base::RunId& from,
                      const BarrierAsk& ask, Outputs& out) {
  if (shows(table, ask.key, ask.pid)) {
    tell(from, ask.number, out);
    return;
  }
  const WaitKey key{ask.key, from, ask.number};
  if (const auto known = waits_.find(key); known != waits_.end()) {
    forget(known);
  }
  if (waits_.size() < kWaitsMax) {
    const Wait& wait = waits_[key] = {ask.pid, now.mono + ask.timeout};
    until_.emplace(wait.until, key);
  }
}

void Barriers::on_touched(const Table& table, base::BytesView key, Outputs& out) {
  auto wait = waits_.lower_bound({base::Bytes(key), {}, 0});
  while (wait != waits_.end() && std::get<0>(wait->first) == key) {
    const auto here = wait++;
    if (shows(table, key, here->second.pid)) {
      const auto [name, run, number] = here->first;
      forget(here);
      tell(run, number, out);
    }
  }
}

void Barriers::tell(const base::RunId& to, std::uint64_t number, Outputs& out) {
  if (to == self_) {
    on_seen(self_, {number});
  } else {
    out.add(SendTo{to, encode(BarrierSeen{number})});
  }
}

void Barriers::on_seen(const base::RunId& from, const BarrierSeen& message) {
  const auto barrier = barriers_.find(message.number);
  if (barrier != barriers_.end()) {
    saw(barrier, from.node);
  }
}

void Barriers::saw(Own::iterator barrier, base::NodeId member) {
  barrier->second.missing.erase(member);
  if (barrier->second.missing.empty()) {
    finish(barrier);
  }
}

void Barriers::on_view(base::Now now, const View& view, Outputs& out) {
  for (auto it = barriers_.begin(); it != barriers_.end();) {
    const auto here = it++;
    Barrier& barrier = here->second;
    if (barrier.of_all) {
      std::erase_if(barrier.missing,
                    [&](base::NodeId member) { return !view.members.contains(member); });
    }
    if (barrier.missing.empty()) {
      finish(here);
      continue;
    }
    // Somebody is there who was not, or has restarted.
    const bool is_new = std::ranges::any_of(barrier.missing, [&](base::NodeId member) {
      const auto boot = view.reachable.find(member);
      const auto asked = barrier.asked.find(member);
      return member != self_.node && boot != view.reachable.end() &&
             (asked == barrier.asked.end() || asked->second != boot->second);
    });
    if (is_new) {
      ask(now, view, here->first, barrier, out);
    }
  }
}

void Barriers::on_timeout(base::Now now, const View& view, Outputs& out) {
  while (!timers_.empty() && timers_.begin()->first <= now.mono) {
    const auto barrier = barriers_.find(timers_.begin()->second);
    if (barrier->second.request.deadline <= now.mono) {
      finish(barrier);
    } else {
      ask(now, view, barrier->first, barrier->second, out);
    }
  }
  while (!until_.empty() && until_.begin()->first <= now.mono) {
    forget(waits_.find(until_.begin()->second));
  }
}

void Barriers::stop() {
  while (!barriers_.empty()) {
    finish(barriers_.begin());
  }
}

void Barriers::finish(Own::iterator barrier) {
  const Request& request = barrier->second.request;
  const auto& missing = barrier->second.missing;
  finished_.push_back({request.call, {missing.begin(), missing.end()}});
  timers_.erase({barrier->second.wake_at, barrier->first});
  barriers_.erase(barrier);
}

void Barriers::set_timer(Own::iterator barrier, base::Instant at) {
  timers_.erase({barrier->second.wake_at, barrier->first});
  barrier->second.wake_at = at;
  timers_.emplace(at, barrier->first);
}

void Barriers::forget(std::map<WaitKey, Wait>::iterator wait) {
  until_.erase({wait->second.until, wait->first});
  waits_.erase(wait);
}

base::Instant Barriers::wake_at() const {
  const base::Instant own = timers_.empty() ? base::Instant::never() : timers_.begin()->first;
  const base::Instant others = until_.empty() ? base::Instant::never() : until_.begin()->first;
  return std::min(own, others);
}

}  // namespace horde::registry
