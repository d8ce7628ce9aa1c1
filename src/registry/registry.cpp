#include "registry/registry.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace horde::registry {

Registry::Registry(const base::RunId& self, base::Bytes name, Options options, base::Rng rng)
    : self_(self),
      name_(std::move(name)),
      options_(std::move(options)),
      table_(options_.keys),
      confirmations_(self, options_.retry_interval, rng.fork("confirm")),
      barriers_(self) {
  HORDE_ASSERT(refusal_of(options_).empty());
}

// --- What it is told.

void Registry::on_view(base::Now now, View view, Outputs& out) {
  const bool was_listed = is_listed();
  view_ = std::move(view);
  std::set<base::RunId> present;
  for (const auto& [node, boot] : view_.reachable) {
    if (view_.members.contains(node)) {
      present.insert({node, boot});
    }
  }
  table_.set_present(stopped_ ? std::set<base::RunId>{} : present, view_.members);
  if (is_listed() && !was_listed) {
    // What was taken out of the map while we were no member.
    for (const NameKey& key : std::exchange(taken_out_, {})) {
      hear_own(key, false, out);
    }
  }
  for (const base::RunId& run : table_.runs()) {
    clean_up(run, out);
  }
  confirmations_.on_view(now, view_, table_, out);
  barriers_.on_view(now, view_, out);
  try_again(now, out);
  react(now, out);
}

void Registry::on_synced(base::Now now, Outputs& out) {
  synced_ = true;
  for (const base::RunId& run : table_.runs()) {
    clean_up(run, out);
  }
  for (const auto& [key, value] : options_.meta) {
    if (!meta_.contains(key)) {
      (void)put_meta(now, key, value, out);
    }
  }
  try_again(now, out);
  react(now, out);
}

void Registry::on_entries(base::Now now, std::span<const EntryChange> changes, Outputs& out) {
  for (const EntryChange& change : changes) {
    if (change.key.starts_with(kMetaKeyPrefix)) {
      hear_meta(base::BytesView(change.key).substr(1), change.siblings);
    } else if (const auto key = name_key_of(change.key)) {
      hear(*key, change.siblings, out);
      confirmations_.on_entry(now, view_, table_, *key, change.siblings, out);
    } else {
      ++statistics_.entries_refused;
    }
  }
  confirmations_.all_heard();
  react(now, out);
}

void Registry::hear(const NameKey& key, const crdt::Siblings& siblings, Outputs& out) {
  const crdt::Sibling* const shown = crdt::winner(siblings);
  if (key.run == self_) {
    hear_own(key, shown != nullptr, out);
    return;
  }
  if (shown == nullptr) {
    table_.erase(key, Cause::released);
    return;
  }
  const auto value = decode_name_value(shown->value);
  if (!value || (options_.keys == Keys::unique && key.number != 0)) {
    ++statistics_.entries_refused;
    return;
  }
  table_.put(key, value->serial, value->rank, value->value, Cause::registered);
  clean_up(key.run, out);
}

// What this run has written stands in the table before it stands in the map; if it is gone there
// and not here, another has taken it out as we were no member for it. We are one again: it is put
// back, and who has taken the name meanwhile is decided as ever.
void Registry::hear_own(const NameKey& key, bool is_there, Outputs& out) {
  const Holding* const holding = table_.find(key);
  if (is_there == (holding != nullptr)) {
    return;
  }
  if (is_there) {
    out.add(Write{encode(key), std::nullopt});
  } else if (is_listed()) {
    out.add(
        Write{encode(key), encode(NameValue{holding->pid.serial, holding->rank, holding->value})});
  } else {
    taken_out_.insert(key);
  }
}

void Registry::hear_meta(base::BytesView key, const crdt::Siblings& siblings) {
  if (const crdt::Sibling* shown = crdt::winner(siblings)) {
    meta_.insert_or_assign(base::Bytes(key), shown->value);
  } else {
    meta_.erase(base::Bytes(key));
  }
}

// Whether this member takes out what members that were removed have left: one does, so that it is
// one remove and not one of each.
bool Registry::cleans_up() const {
  const auto lowest = std::ranges::find_if(
      view_.reachable, [this](const auto& node) { return view_.members.contains(node.first); });
  return synced_ && lowest != view_.reachable.end() && lowest->first == self_.node;
}

// Names of an earlier boot of ours, and of who is no member any more (R15).
void Registry::clean_up(const base::RunId& run, Outputs& out) {
  const bool is_old_self = run.node == self_.node && run.start != self_.start && synced_;
  const bool is_removed = !view_.members.contains(run.node) && cleans_up();
  if (!is_old_self && !is_removed) {
    return;
  }
  for (const NameKey& key : table_.of(run)) {
    drop(key, Cause::member_removed, out);
  }
}

// This node's processes.
void Registry::process_ended(base::Now now, const process::Pid& pid, Outputs& out) {
  for (const NameKey& key : table_.of(pid)) {
    drop(key, Cause::exited, out);
  }
  if (ended_at_ != now.mono) {
    ended_at_ = now.mono;
    refused_and_ended_.clear();
  }
  if (const auto local = locals_.find(pid.serial); local != locals_.end()) {
    kills_.erase({local->second.kill_at, pid.serial});
    refused_and_ended_[pid.serial] = local->second.refused;
    locals_.erase(local);
  }
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto waiting = it++;
    if (waiting->second.who.pid == pid) {
      answer(waiting->first,
             std::unexpected(process::NameRefusal{process::NameErrc::not_local, {}}), out);
      waiting_.erase(waiting);
    }
  }
  confirmations_.process_ended(pid, out);
  react(now, out);
}

void Registry::stop(base::Now now, Outputs& out) {
  for (const NameKey& key : table_.of(self_)) {
    drop(key, Cause::unregistered, out);
  }
  confirmations_.stop(out);
  react(now, out);  // Listeners hear of those, and of no others any more.
  stopped_ = true;
  barriers_.stop();
  settle_barriers(out);
  table_.set_present({}, view_.members);
  (void)table_.take_shifts();
  (void)table_.take_contested();
  conflicts_.clear();
  kills_.clear();
  for (const auto& [call, waiting] : std::exchange(waiting_, {})) {
    answer(call, std::unexpected(process::NameRefusal{process::NameErrc::shutting_down, {}}), out);
  }
}

void Registry::on_timeout(base::Now now, Outputs& out) {
  if (retry_at_ <= now.mono) {
    try_again(now, out);
  }
  kill_late_losers(now, out);
  if (confirmations_.wake_at() <= now.mono) {
    confirmations_.on_timeout(now, view_, table_, out);
  }
  barriers_.on_timeout(now, view_, out);
  react(now, out);
}

base::Instant Registry::wake_at() const {
  base::Instant at = std::min(confirmations_.wake_at(), barriers_.wake_at());
  if (!conflicts_.empty()) {
    at = std::min(at, conflicts_at_);
  }
  if (!kills_.empty()) {
    at = std::min(at, kills_.begin()->first);
  }
  return waiting_.empty() ? at : std::min(at, retry_at_);
}

// --- The end of every input: who reads is told, and who lost.

void Registry::react(base::Now now, Outputs& out) {
  for (base::Bytes key : table_.take_contested()) {
    conflicts_.insert(std::move(key));
  }
  settle_conflicts(now, out);
  for (const Shift& shift : table_.take_shifts()) {
    barriers_.on_touched(table_, shift.key, out);
    notify(shift, out);
  }
  settle_confirmed(now, out);
  settle_barriers(out);
}

void Registry::notify(const Shift& shift, Outputs& out) {
  const auto send = [&](Event::Kind kind, const Shift::Shown& shown) {
    const base::Bytes event = encode(Event{.kind = kind,
                                           .registry = name_,
                                           .key = shift.key,
                                           .pid = shown.pid,
                                           .value = shown.value,
                                           .cause = shift.cause});
    for (const base::Bytes& listener : options_.listeners) {
      out.add(Notify{listener, event});
    }
  };
  if (options_.listeners.empty() || stopped_) {
    return;
  }
  if (shift.before) {
    send(Event::Kind::unregistered, *shift.before);
  }
  if (shift.after) {
    send(Event::Kind::registered, *shift.after);
  }
}

// --- Every write of a name passes here.

void Registry::put(const NameKey& key, std::uint64_t serial, const Rank& rank, base::Bytes value,
                   Cause cause, Outputs& out) {
  if (table_.find(key) == nullptr) {
    ++names_held_;
  }
  out.add(Write{encode(key), encode(NameValue{serial, rank, value})});
  confirmations_.note_put();
  table_.put(key, serial, rank, std::move(value), cause);
}

void Registry::drop(const NameKey& key, Cause cause, Outputs& out) {
  if (table_.erase(key, cause) && key.run == self_) {
    --names_held_;
    taken_out_.erase(key);
  }
  out.add(Write{encode(key), std::nullopt});
}

Registry::Refused Registry::last_refusal(const process::Pid& who) const {
  if (who.run != self_) {
    return {};
  }
  if (const auto ended = refused_and_ended_.find(who.serial); ended != refused_and_ended_.end()) {
    return ended->second;
  }
  const auto local = locals_.find(who.serial);
  return local == locals_.end() ? Refused{} : local->second.refused;
}

Registry::Sizes Registry::sizes() const {
  return {.holdings = table_.holdings_count(),
          .shown = table_.shown_count(),
          .processes = locals_.size(),
          .losers = kills_.size(),
          .calls = waiting_.size() + confirming_.size() + barriers_.size(),
          .conflicts = conflicts_.size(),
          .promises = confirmations_.promises().size() + barriers_.waits()};
}

}  // namespace horde::registry
