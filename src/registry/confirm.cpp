#include "registry/confirm.hpp"

#include <algorithm>

namespace horde::registry {
namespace {

// Between asking again, the last ones, and between tries: in retry intervals.
constexpr std::int64_t kStepMax = 8;
constexpr int kBackOffDoublingsMax = 4;

// Whether `a` goes before `b`.
bool goes_before(const Rank& a, const process::Pid& a_pid, const Rank& b,
                 const process::Pid& b_pid) {
  return a.is_child && b.is_child && a.id == b.id ? is_later_copy(a, a_pid, b, b_pid)
                                                  : outranks(a, a_pid, b, b_pid);
}

}  // namespace

void Confirmations::begin(base::Now now, const View& view, const Table& table, Request request,
                          Outputs& out) {
  Claim claim{.request = std::move(request), .next = now.mono};
  if (size() >= kClaimsMax) {
    note(claim, Outcome::over_limit, {});
    return;
  }
  const Request& what = claim.request;
  by_pid_.emplace(what.pid, what.key, what.call);
  const auto line = lines_.try_emplace(what.key).first;
  line->second.claims.push_back(std::move(claim));
  proceed({now, &view, &table, &out}, line);
}

void Confirmations::on_ask(base::Now now, const View& view, const Table& table,
                           const base::RunId& from, const Ask& ask, Outputs& out) {
  if (const auto vote = promises_.on_ask(now, view, table, from, ask)) {
    out.add(SendTo{from, encode(*vote)});
  }
}

void Confirmations::on_vote(base::Now now, const View& view, const Table& table,
                            const base::RunId& from, const Vote& vote, Outputs& out) {
  const Input in{now, &view, &table, &out};
  const auto line = lines_.find(vote.key);
  if (line == lines_.end() || line->second.claims.front().number != vote.number) {
    answer_late(in, from, vote);
    return;
  }
  record(line->second.claims.front(), from, vote);
  evaluate(in, line->second);
  schedule(line);
}

void Confirmations::on_entry(base::Now now, const View& view, const Table& table,
                             const NameKey& key, const crdt::Siblings& siblings, Outputs& out) {
  for (const crdt::Sibling& sibling : siblings) {
    written_ = sibling.dot.run == self_ ? std::max(written_, sibling.dot.counter) : written_;
  }
  promises_.on_entry(key, siblings);
  const auto line = lines_.find(key.name);
  if (line != lines_.end() && !check_table({now, &view, &table, &out}, line->second)) {
    schedule(line);
  }
}

void Confirmations::on_view(base::Now now, const View& view, const Table& table, Outputs& out) {
  promises_.on_view(view);
  const Input in{now, &view, &table, &out};
  for (auto line = lines_.begin(); line != lines_.end();) {
    const auto here = line++;
    if (here->second.claims.front().number == 0) {
      continue;
    }
    Claim& claim = here->second.claims.front();
    // A member that has restarted has forgotten what it said.
    std::erase_if(claim.standings, [&](const auto& each) {
      const auto newest = view.reachable.find(each.first);
      return newest != view.reachable.end() && newest->second != each.second.boot;
    });
    for (const auto& [member, boot] : view.reachable) {
      if (view.members.contains(member) && !claim.standings.contains(member)) {
        ask_rest(in, claim);
        break;
      }
    }
    evaluate(in, here->second);
    schedule(here);
  }
}

void Confirmations::on_timeout(base::Now now, const View& view, const Table& table, Outputs& out) {
  const Input in{now, &view, &table, &out};
  // Each once: what is due again at once is so until this run has heard of what it has put.
  std::vector<base::Bytes> due;
  for (auto it = timers_.begin(); it != timers_.end() && it->first <= now.mono; ++it) {
    due.push_back(it->second);
  }
  for (const base::Bytes& key : due) {
    proceed(in, lines_.find(key));
  }
  for (const auto& [to, vote] : promises_.on_timeout(now)) {
    if (to == self_) {
      on_vote(now, view, table, self_, vote, out);
    } else {
      out.add(SendTo{to, encode(vote)});
    }
  }
}

void Confirmations::process_ended(const process::Pid& pid, Outputs& out) {
  auto it = by_pid_.lower_bound({pid, {}, {}});
  while (it != by_pid_.end() && std::get<0>(*it) == pid) {
    const auto line = lines_.find(std::get<1>(*it));
    const base::CallId call = std::get<2>(*it);
    ++it;
    auto& claims = line->second.claims;
    const auto claim =
        std::ranges::find(claims, call, [](const Claim& c) { return c.request.call; });
    withdraw(*claim, out);
    note(*claim, Outcome::ended, {});
    claims.erase(claim);
    schedule(line);
  }
}

void Confirmations::stop(Outputs& out) {
  for (auto& [key, line] : lines_) {
    for (const Claim& claim : line.claims) {
      withdraw(claim, out);
      note(claim, Outcome::stopped, {});
    }
  }
  lines_.clear();
  timers_.clear();
}

base::Instant Confirmations::wake_at() const {
  const base::Instant own = timers_.empty() ? base::Instant::never() : timers_.begin()->first;
  return std::min(own, promises_.wake_at());
}

// Whatever is due in this line.
void Confirmations::proceed(const Input& in, Lines::iterator line) {
  expire(in, line->second);
  auto& claims = line->second.claims;
  if (!claims.empty() && claims.front().next <= in.now.mono) {
    Claim& claim = claims.front();
    if (claim.number == 0) {
      begin_try(in, line->second);
    } else {
      claim.step = std::min(claim.step * 2, retry_interval_ * kStepMax);
      claim.next = in.now.mono + claim.step;
      ask_rest(in, claim);
      evaluate(in, line->second);
    }
  }
  schedule(line);
}

void Confirmations::expire(const Input& in, Line& line) {
  for (auto claim = line.claims.begin(); claim != line.claims.end();) {
    if (claim->request.deadline > in.now.mono) {
      ++claim;
      continue;
    }
    const bool held = std::ranges::any_of(claim->standings, [](const auto& each) {
      return each.second.said == Standing::Said::held;
    });
    const Outcome outcome = held                ? Outcome::already_registered
                            : claim->tries == 0 ? Outcome::timeout
                                                : Outcome::quorum_not_met;
    withdraw(*claim, *in.out);
    note(*claim, outcome, held ? claim->holder : process::Pid{});
    claim = line.claims.erase(claim);
  }
}

void Confirmations::begin_try(const Input& in, Line& line) {
  Claim& claim = line.claims.front();
  claim.step = retry_interval_;
  claim.next = in.now.mono + claim.step;
  if (!check_table(in, line)) {
    return;
  }
  claim.number = ++last_number_;
  ++claim.tries;
  ask_rest(in, claim);
  evaluate(in, line);
}

// Those that have not said yes. What they said before stands until they say something else.
void Confirmations::ask_rest(const Input& in, Claim& claim) {
  if (has_unheard_puts_) {
    claim.next = in.now.mono;
    return;
  }
  const Ask ask{.number = claim.number,
                .key = claim.request.key,
                .serial = claim.request.pid.serial,
                .rank = claim.request.rank,
                .written = written_};
  const base::Bytes body = encode(ask);
  for (const base::NodeId member : in.view->members) {
    const auto boot = in.view->reachable.find(member);
    if (boot == in.view->reachable.end()) {
      continue;
    }
    Standing& standing =
        claim.standings.try_emplace(member, Standing{.boot = boot->second}).first->second;
    if (standing.said == Standing::Said::yes) {
      continue;
    }
    if (member != self_.node) {
      in.out->add(SendTo{{member, boot->second}, body});
    } else if (const auto vote = promises_.on_ask(in.now, *in.view, *in.table, self_, ask)) {
      record(claim, self_, *vote);
    }
  }
}

void Confirmations::record(Claim& claim, const base::RunId& from, const Vote& vote) {
  const auto standing = claim.standings.find(from.node);
  if (standing == claim.standings.end() || standing->second.boot != from.start) {
    return;  // Of a life that is over, or that this member does not know yet.
  }
  using Said = Standing::Said;
  Said& said = standing->second.said;
  const Request& request = claim.request;
  switch (vote.verdict) {
    case Verdict::yes:
    case Verdict::still:
      said = Said::yes;
      return;
    case Verdict::held:
      claim.holder = vote.other;
      said = vote.other.run == from ? Said::held_here : Said::held;
      return;
    case Verdict::promised:
      said = goes_before(vote.rank, vote.other, request.rank, request.pid) ? Said::outranked
                                                                           : Said::no;
      return;
    case Verdict::full:
      said = Said::no;
      return;
  }
}

// What follows from all that the members have said.
void Confirmations::evaluate(const Input& in, Line& line) {
  if (!check_table(in, line) || line.claims.front().number == 0) {
    return;
  }
  Claim& claim = line.claims.front();
  std::map<Standing::Said, std::size_t> count;
  for (const base::NodeId member : in.view->members) {
    const auto standing = claim.standings.find(member);
    ++count[standing == claim.standings.end() ? Standing::Said::nothing : standing->second.said];
  }
  const std::size_t majority = in.view->members.size() / 2 + 1;
  using Said = Standing::Said;
  if (count[Said::held_here] > 0 || count[Said::held] + majority > in.view->members.size()) {
    finish(in, line, Outcome::already_registered, claim.holder);
  } else if (count[Said::yes] >= majority) {
    finish(in, line, Outcome::granted, {});
  } else if (count[Said::outranked] > 0) {
    back_off(in, claim);
  }
}

bool Confirmations::check_table(const Input& in, Line& line) {
  const Request& request = line.claims.front().request;
  // Were it asked for again, the withdrawal of that could undo what the first was promised.
  const Holding* const own = in.table->find({request.key, self_, 0});
  if (own != nullptr && own->pid == request.pid) {
    finish(in, line, Outcome::already_registered, own->pid);
    return false;
  }
  const auto obstacle = obstacle_of(*in.view, *in.table, request.key, request.pid, request.rank);
  if (obstacle && obstacle->is_certain) {
    finish(in, line, Outcome::already_registered, obstacle->holder);
  }
  return !obstacle;
}

// A vote for a try that is over. A yes may be a promise that somebody waits to see go.
void Confirmations::answer_late(const Input& in, const base::RunId& from, const Vote& vote) {
  if (vote.verdict != Verdict::yes && vote.verdict != Verdict::still) {
    return;
  }
  const Holding* const own = in.table->find({vote.key, self_, 0});
  const bool held = own != nullptr && own->pid.serial == vote.serial;
  if (held && vote.verdict == Verdict::yes) {
    return;  // The name settles it, if it gets there later than this.
  }
  if (from == self_ && held) {
    promises_.on_written(self_, {vote.number, vote.key, written_});
  } else if (from == self_) {
    promises_.on_withdraw(self_, {vote.number, vote.key});
  } else if (held) {
    in.out->add(SendTo{from, encode(Written{vote.number, vote.key, written_})});
  } else {
    in.out->add(SendTo{from, encode(Withdraw{vote.number, vote.key})});
  }
}

void Confirmations::back_off(const Input& in, Claim& claim) {
  withdraw(claim, *in.out);
  claim.number = 0;
  claim.standings.clear();
  const int doublings = std::min(claim.tries, kBackOffDoublingsMax);
  const auto range = static_cast<std::uint64_t>(retry_interval_.ns) << doublings;
  claim.next = in.now.mono + retry_interval_ +
               base::nanoseconds(static_cast<std::int64_t>(rng_.below(range)));
}

void Confirmations::withdraw(const Claim& claim, Outputs& out) {
  const Withdraw message{claim.number, claim.request.key};
  for (const auto& [member, standing] : claim.standings) {
    if (member == self_.node) {
      promises_.on_withdraw(self_, message);
    } else {
      out.add(SendTo{{member, standing.boot}, encode(message)});
    }
  }
}

void Confirmations::finish(const Input& in, Line& line, Outcome outcome,
                           const process::Pid& holder) {
  Claim& claim = line.claims.front();
  if (outcome != Outcome::granted) {
    withdraw(claim, *in.out);
  }
  note(claim, outcome, holder);
  line.claims.pop_front();
  if (outcome == Outcome::granted && !line.claims.empty()) {
    line.claims.front().next = in.now.mono + retry_interval_;  // It is to see the name written.
  }
}

void Confirmations::note(const Claim& claim, Outcome outcome, const process::Pid& holder) {
  const Request& request = claim.request;
  by_pid_.erase({request.pid, request.key, request.call});
  finished_.push_back({request.call, outcome, holder});
}

void Confirmations::schedule(Lines::iterator line) {
  timers_.erase({line->second.wake_at, line->first});
  if (line->second.claims.empty()) {
    lines_.erase(line);
    return;
  }
  base::Instant at = line->second.claims.front().next;
  for (const Claim& claim : line->second.claims) {
    at = std::min(at, claim.request.deadline);
  }
  line->second.wake_at = at;
  timers_.emplace(at, line->first);
}

}  // namespace horde::registry
