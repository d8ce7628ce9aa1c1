#include "registry/promises.hpp"

#include <algorithm>

namespace horde::registry {

bool may_pass(const Rank& a, const process::Pid& a_pid, const Rank& b, const process::Pid& b_pid) {
  return a.is_child && b.is_child && a.id == b.id && is_later_copy(a, a_pid, b, b_pid);
}

std::optional<Obstacle> obstacle_of(const View& view, const Table& table, base::BytesView key,
                                    const process::Pid& pid, const Rank& rank) {
  const Holding* const shown = table.lookup(key);
  std::optional<Obstacle> out;
  for (const Holding& holding : table.holdings(key)) {
    if (!holding.visible || holding.pid == pid || may_pass(rank, pid, holding.rank, holding.pid)) {
      continue;
    }
    const bool is_certain = &holding == shown && !view.suspects.contains(holding.pid.run.node);
    if (!out || is_certain) {
      out = {holding.pid, is_certain};
    }
  }
  return out;
}

std::optional<Vote> Promises::on_ask(base::Now now, const View& view, const Table& table,
                                     const base::RunId& from, const Ask& ask) {
  if (!view.is_present(from)) {
    return {};  // Its promise would be void at once; it is asked again when it is.
  }
  const process::Pid pid{from, ask.serial};
  Vote vote{.number = ask.number, .key = ask.key, .serial = ask.serial};
  if (const auto obstacle = obstacle_of(view, table, ask.key, pid, ask.rank)) {
    if (!obstacle->is_certain) {
      return {};
    }
    vote.verdict = Verdict::held;
    vote.other = obstacle->holder;
    return vote;
  }
  if (const Promise* const other = to_other(ask.key, pid, ask.rank)) {
    vote.verdict = Verdict::promised;
    vote.other = other->pid;
    vote.rank = other->rank;
    return vote;
  }
  Row& row = rows_[ask.key];
  if (row.promises.empty()) {
    row.check_at = now.mono + kCheckInterval;
    checks_.emplace(row.check_at, ask.key);
  }
  auto own = std::ranges::find(row.promises, pid, &Promise::pid);
  if (own != row.promises.end() && ask.number < own->number) {
    return {};  // Of a try that is over; overtaken on its way.
  }
  if (own == row.promises.end()) {
    if (size_ >= kPromisesMax) {
      drop(rows_.find(ask.key), [](const Promise&) { return false; });
      vote.verdict = Verdict::full;
      return vote;
    }
    ++size_;
    own = row.promises.insert(own, Promise{.pid = pid});
  }
  own->rank = ask.rank;
  own->number = ask.number;
  own->written = ask.written;
  own->settled_by.reset();
  return vote;
}

// Also drops the row, if nothing is left of it.
template <class Which>
Promises::Rows::iterator Promises::drop(Rows::iterator row, Which&& which) {
  size_ -= std::erase_if(row->second.promises, which);
  if (!row->second.promises.empty()) {
    return std::next(row);
  }
  checks_.erase({row->second.check_at, row->first});
  return rows_.erase(row);
}

void Promises::on_withdraw(const base::RunId& from, const Withdraw& withdraw) {
  if (const auto row = rows_.find(withdraw.key); row != rows_.end()) {
    drop(row, [&](const Promise& promise) {
      return promise.pid.run == from && promise.number == withdraw.number;
    });
  }
}

void Promises::on_written(const base::RunId& from, const Written& message) {
  const auto row = rows_.find(message.key);
  if (row == rows_.end()) {
    return;
  }
  for (Promise& promise : row->second.promises) {
    if (promise.pid.run == from && promise.number == message.number) {
      promise.settled_by = message.written;
    }
  }
  drop(row, [&](const Promise& promise) { return is_settled(promise); });
}

bool Promises::is_settled(const Promise& promise) const {
  const auto newest = newest_.find(promise.pid.run.node);
  return promise.settled_by && newest != newest_.end() &&
         newest->second >= std::pair(promise.pid.run.start, *promise.settled_by);
}

void Promises::on_entry(const NameKey& key, const crdt::Siblings& siblings) {
  for (const crdt::Sibling& sibling : siblings) {
    auto& newest = newest_[sibling.dot.run.node];
    newest = std::max(newest, {sibling.dot.run.start, sibling.dot.counter});
  }
  const auto row = rows_.find(key.name);
  if (row == rows_.end()) {
    return;
  }
  drop(row, [&](const Promise& promise) {
    return promise.pid.run == key.run &&
           std::ranges::any_of(siblings, [&](const crdt::Sibling& sibling) {
             return sibling.kind == crdt::Kind::put && sibling.dot.run == key.run &&
                    sibling.dot.counter > promise.written;
           });
  });
}

void Promises::on_view(const View& view) {
  std::erase_if(newest_, [&](const auto& each) { return !view.members.contains(each.first); });
  for (auto row = rows_.begin(); row != rows_.end();) {
    row = drop(row, [&](const Promise& promise) { return !view.is_present(promise.pid.run); });
  }
}

std::vector<std::pair<base::RunId, Vote>> Promises::on_timeout(base::Now now) {
  std::vector<std::pair<base::RunId, Vote>> out;
  while (!checks_.empty() && checks_.begin()->first <= now.mono) {
    const base::Bytes key = checks_.begin()->second;
    checks_.erase(checks_.begin());
    const auto at = rows_.find(key);
    Row& row = at->second;
    row.check_at = now.mono + kCheckInterval;
    checks_.emplace(row.check_at, key);
    for (const Promise& promise : row.promises) {
      out.emplace_back(promise.pid.run, Vote{.number = promise.number,
                                             .key = key,
                                             .serial = promise.pid.serial,
                                             .verdict = Verdict::still});
    }
    drop(at, [&](const Promise& promise) { return is_settled(promise); });
  }
  return out;
}

base::Instant Promises::wake_at() const {
  return checks_.empty() ? base::Instant::never() : checks_.begin()->first;
}

const Promises::Promise* Promises::to_other(base::BytesView key, const process::Pid& pid,
                                            const Rank& rank) const {
  const auto row = rows_.find(key);
  if (row == rows_.end()) {
    return nullptr;
  }
  const auto& promises = row->second.promises;
  const auto other = std::ranges::find_if(promises, [&](const Promise& promise) {
    return promise.pid != pid && !may_pass(rank, pid, promise.rank, promise.pid);
  });
  return other == promises.end() ? nullptr : &*other;
}

}  // namespace horde::registry
