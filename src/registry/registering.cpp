// Registry: registering, giving up, changing values.
#include <algorithm>

#include "base/assert.hpp"
#include "registry/registry.hpp"
#include "wire/limits.hpp"

namespace horde::registry {
namespace {

using process::NameErrc;
using process::NameRefusal;
using process::NameResult;

std::unexpected<NameRefusal> refused(NameErrc why, const process::Pid& holder = {}) {
  return std::unexpected(NameRefusal{why, holder});
}

NameResult check_key(base::BytesView key) {
  if (key.empty()) {
    return refused(NameErrc::empty_key);
  }
  return key.size() > wire::kUserKeyBytesMax ? NameResult(refused(NameErrc::key_over_limit))
                                             : NameResult();
}

std::uint64_t wall_ns(base::Now now) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(now.wall.ns, 0));
}

}  // namespace

// --- Registering.

// What has nothing to do with who holds the key.
NameResult Registry::check(const Registrant& who, const process::Registration& what) const {
  HORDE_ASSERT(who.pid.run == self_);
  if (const NameResult key = check_key(what.key); !key) {
    return key;
  }
  if (what.value.size() > wire::kUserValueBytesMax) {
    return refused(NameErrc::value_over_limit);
  }
  if (what.priority < -process::kPriorityMax || what.priority > process::kPriorityMax) {
    return refused(NameErrc::priority_over_limit);
  }
  if (stopped_) {
    return refused(NameErrc::shutting_down);
  }
  if (names_held_ >= options_.names_max) {
    return refused(NameErrc::names_over_limit);
  }
  // Before it has heard what others hold, a node that starts would take every name anew.
  return synced_ && is_listed() ? NameResult() : NameResult(refused(NameErrc::wait));
}

// R17: a child takes what an earlier copy of it still seems to hold; it would else see its dead
// predecessor's name, give up, and be lost. Whether another's holder is gone is waited for. A child
// that has run before takes it from whomever it outranks: of two children that met under one name
// while their nodes saw different members, each could else decline for the other, and both end.
NameResult Registry::check_holder(const Registrant& who, const process::Registration& what) {
  if (options_.keys == Keys::duplicate) {
    return {};
  }
  const Holding* const holder = table_.lookup(what.key);
  if (holder == nullptr) {
    return {};
  }
  const bool same_child = who.child && holder->rank.is_child && holder->rank.id == who.child->id;
  if (same_child) {
    const Rank ours{.id = who.child->id, .is_child = true, .term = who.child->term};
    if (is_later_copy(ours, who.pid, holder->rank, holder->pid)) {
      return {};
    }
  } else if (view_.suspects.contains(holder->pid.run.node)) {
    return refused(NameErrc::wait);
  } else if (who.child && who.child->has_run &&
             outranks(rank_of_child(who, what), who.pid, holder->rank, holder->pid)) {
    return {};
  }
  locals_[who.pid.serial].refused = {.to = same_child              ? LostTo::same_child
                                           : holder->rank.is_child ? LostTo::other_child
                                                                   : LostTo::process,
                                     .holder = holder->pid,
                                     .term = holder->rank.term};
  return refused(NameErrc::already_registered, holder->pid);
}

// Its priority is written once: a later copy of the child has the one that its name has.
Rank Registry::rank_of_child(const Registrant& who, const process::Registration& what) const {
  Rank rank{.priority = what.priority,
            .birth_ns = who.child->birth_ns,
            .id = who.child->id,
            .is_child = true,
            .term = who.child->term};
  for (const Holding& holding : table_.holdings(what.key)) {
    if (holding.rank.is_child && holding.rank.id == rank.id) {
      rank.priority = holding.rank.priority;
    }
  }
  return rank;
}

// A later registration outranks every earlier one that its node has heard of, as long as clocks do
// not matter: who takes a name that a lost node held keeps it when that node is back.
Rank Registry::rank_of(base::Now now, const Registrant& who, const process::Registration& what) {
  if (who.child) {
    return rank_of_child(who, what);
  }
  Rank rank{.priority = what.priority};
  std::uint64_t& birth_ns = locals_[who.pid.serial].birth_ns;
  if (birth_ns == 0) {
    birth_ns = std::max<std::uint64_t>(wall_ns(now), 1);
    for (const Holding& holding : table_.holdings(what.key)) {
      birth_ns = std::max(birth_ns, holding.rank.birth_ns + 1);
    }
  }
  rank.birth_ns = birth_ns;
  rank.id = {.high = self_.node.value, .low = base::combine(self_.start, who.pid.serial)};
  return rank;
}

NameResult Registry::register_name(base::Now now, const Registrant& who,
                                   const process::Registration& what, Outputs& out) {
  if (NameResult result = check(who, what); !result) {
    return result;
  }
  if (NameResult result = check_holder(who, what); !result) {
    return result;
  }
  // It is being confirmed for somebody, here or elsewhere.
  if (confirmations_.is_under_way(what.key) ||
      confirmations_.promises().to_other(what.key, who.pid, rank_of(now, who, what)) != nullptr) {
    return refused(NameErrc::wait);
  }
  return enroll(now, who, what, out);
}

NameResult Registry::enroll(base::Now now, const Registrant& who, const process::Registration& what,
                            Outputs& out) {
  const bool unique = options_.keys == Keys::unique;
  const NameKey key{.name = what.key, .run = self_, .number = unique ? 0 : ++last_number_};
  const Rank rank = rank_of(now, who, what);
  if (table_.find(key) != nullptr) {
    // Another process of this node has it, or has lost it and was not told yet.
    lose(now, key, {.pid = who.pid, .rank = rank}, out);
  }
  put(key, who.pid.serial, rank, what.value, Cause::registered, out);
  if (const auto local = locals_.find(who.pid.serial); local != locals_.end()) {
    local->second.refused = {};
  }
  react(now, out);
  return {};
}

void Registry::register_name(base::Now now, base::CallId call, const Registrant& who,
                             const RegisterCall& request, Outputs& out) {
  const Waiting waiting{.who = who,
                        .what = request.what,
                        .confirm = request.confirm,
                        .until = now.mono + request.timeout};
  if (attempt(now, call, waiting, out)) {
    waiting_[call] = waiting;
    retry_at_ = std::min(retry_at_, now.mono + std::min(options_.retry_interval, request.timeout));
  }
  react(now, out);
}

bool Registry::attempt(base::Now now, base::CallId call, const Waiting& request, Outputs& out) {
  if (request.confirm == Confirm::quorum) {
    return begin_confirming(now, call, request, out);
  }
  const NameResult result = register_name(now, request.who, request.what, out);
  if (!result && result.error().why == NameErrc::wait) {
    return true;
  }
  answer(call, result, out);
  return false;
}

void Registry::try_again(base::Now now, Outputs& out) {
  retry_at_ = base::Instant::never();
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto [call, waiting] = *it;
    if (!attempt(now, call, waiting, out)) {
      it = waiting_.erase(it);
    } else if (waiting.until <= now.mono) {
      it = waiting_.erase(it);
      out.add(Reply{.call = call, .status = CallStatus::timeout});
    } else {
      retry_at_ = std::min({retry_at_, waiting.until, now.mono + options_.retry_interval});
      ++it;
    }
  }
}

void Registry::answer(base::CallId call, const NameResult& result, Outputs& out) {
  out.add(Reply{.call = call,
                .status = result ? CallStatus::ok : CallStatus::refused,
                .refusal = result ? NameRefusal{} : result.error()});
}

// --- Giving up, changing.

std::optional<NameKey> Registry::held(const process::Pid& who, base::BytesView key) const {
  for (const Holding& holding : table_.holdings(key)) {
    if (holding.pid == who) {
      return NameKey{base::Bytes(key), self_, holding.number};
    }
  }
  return {};
}

NameResult Registry::unregister_name(base::Now now, const process::Pid& who, base::BytesView key,
                                     Outputs& out) {
  if (stopped_) {
    return refused(NameErrc::shutting_down);
  }
  const auto every = [](const process::NameEntry&) { return true; };
  if (unregister_match(now, who, key, every, out) != 0) {
    return {};
  }
  const Holding* const holder = table_.lookup(key);
  const bool is_free = holder == nullptr || options_.keys == Keys::duplicate;
  return is_free ? NameResult() : NameResult(refused(NameErrc::not_held, holder->pid));
}

std::size_t Registry::unregister_match(base::Now now, const process::Pid& who, base::BytesView key,
                                       const process::NamePredicate& which, Outputs& out) {
  std::vector<NameKey> found;
  for (const Holding& holding : table_.holdings(key)) {
    if (holding.pid == who && which({key, who, holding.value})) {
      found.push_back({base::Bytes(key), self_, holding.number});
    }
  }
  for (const NameKey& name : found) {
    drop(name, Cause::unregistered, out);
  }
  react(now, out);
  return found.size();
}

std::expected<process::UpdatedValue, NameRefusal> Registry::update_value(
    base::Now now, const process::Pid& who, base::BytesView key,
    const std::function<base::Bytes(base::BytesView)>& change, Outputs& out) {
  if (stopped_) {
    return refused(NameErrc::shutting_down);
  }
  if (options_.keys == Keys::duplicate) {
    return refused(NameErrc::duplicate_keys);
  }
  const auto name = held(who, key);
  if (!name || !table_.is_shown(*name)) {
    const Holding* const holder = table_.lookup(key);
    return holder == nullptr ? refused(NameErrc::not_found)
                             : refused(NameErrc::not_held, holder->pid);
  }
  const Holding& holding = *table_.find(*name);
  process::UpdatedValue out_value{.before = holding.value, .after = change(holding.value)};
  if (out_value.after.size() > wire::kUserValueBytesMax) {
    return refused(NameErrc::value_over_limit);
  }
  put(*name, who.serial, holding.rank, out_value.after, Cause::updated, out);
  react(now, out);
  return out_value;
}

// --- Metadata.

NameResult Registry::put_meta(base::Now /*now*/, base::BytesView key, base::Bytes value,
                              Outputs& out) {
  if (const NameResult result = check_key(key); !result) {
    return result;
  }
  if (value.size() > wire::kUserValueBytesMax) {
    return refused(NameErrc::value_over_limit);
  }
  if (stopped_) {
    return refused(NameErrc::shutting_down);
  }
  if (!synced_) {
    return refused(NameErrc::wait);  // A write that has seen nothing makes a sibling (W4).
  }
  out.add(Write{kMetaKeyPrefix + base::Bytes(key), value});
  meta_.insert_or_assign(base::Bytes(key), std::move(value));
  return {};
}

NameResult Registry::delete_meta(base::Now /*now*/, base::BytesView key, Outputs& out) {
  if (const NameResult result = check_key(key); !result) {
    return result;
  }
  if (stopped_) {
    return refused(NameErrc::shutting_down);
  }
  if (!synced_) {
    return refused(NameErrc::wait);
  }
  out.add(Write{kMetaKeyPrefix + base::Bytes(key), std::nullopt});
  meta_.erase(base::Bytes(key));
  return {};
}

}  // namespace horde::registry
