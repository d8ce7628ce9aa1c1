#include "liveness/node_table.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "liveness/suspicion.hpp"

namespace horde::liveness {
namespace {

using Kind = PeerEvent::Kind;

bool is_reachable_state(State state) {
  return state == State::alive || state == State::suspect;
}

PeerEvent event(Kind kind, const Entry& entry) {
  return {kind, entry.info.id, entry.info.boot, entry.info.address};
}

base::Instant since_of(base::Instant now, const Record& record) {
  // A peer may claim any age; a year is older than any forget_after that makes sense.
  constexpr std::uint64_t kYearMs = 365ULL * 24 * 3'600 * 1'000;
  return now - base::milliseconds(
                   static_cast<std::int64_t>(std::min<std::uint64_t>(record.age_ms, kYearMs)));
}

bool is_private(const Entry& entry) {
  return entry.accusers.empty() &&
         (entry.info.state == State::suspect || entry.info.state == State::dead);
}

// Keeps the set small: who comes when it is full adds nothing to the count that matters.
void add_accusers(std::vector<base::NodeId>& to, const std::vector<base::NodeId>& accusers) {
  for (const base::NodeId accuser : accusers) {
    const auto at = std::lower_bound(to.begin(), to.end(), accuser);
    if (to.size() < kAccusersMax && (at == to.end() || *at != accuser)) {
      to.insert(at, accuser);
    }
  }
}

}  // namespace

std::uint64_t digest_of(base::NodeId node, std::uint64_t boot, std::uint64_t incarnation) {
  return base::combine(base::combine(base::mix64(node.value), boot), incarnation);
}

Entry* NodeTable::find(base::NodeId node) {
  const auto at = entries_.find(node);
  return at == entries_.end() ? nullptr : &at->second;
}

const Entry* NodeTable::find(base::NodeId node) const {
  const auto at = entries_.find(node);
  return at == entries_.end() ? nullptr : &at->second;
}

bool NodeTable::is_reachable(base::NodeId node) const {
  const Entry* entry = find(node);
  return entry != nullptr && is_reachable_state(entry->info.state);
}

std::optional<base::NodeId> NodeTable::reachable_at(const base::Address& address) const {
  const auto at = by_address_.find(address);
  return at == by_address_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<base::NodeId> NodeTable::next_lost(base::NodeId after) const {
  if (lost_.empty()) {
    return std::nullopt;
  }
  const auto at = lost_.upper_bound(after);
  return at == lost_.end() ? *lost_.begin() : *at;
}

base::Instant NodeTable::next_deadline() const {
  return deadlines_.empty() ? base::Instant::never() : deadlines_.begin()->first;
}

bool NodeTable::is_forgettable(base::Instant now, const Entry& entry) const {
  return !is_reachable_state(entry.info.state) && !wanted_.contains(entry.info.id) &&
         now - entry.info.since >= options_.forget_after;
}

Record NodeTable::record_of(base::Instant now, const Entry& entry) const {
  const NodeInfo& info = entry.info;
  Record out{.node = info.id,
             .name = info.name,
             .address = info.address,
             .boot = info.boot,
             .incarnation = info.incarnation,
             .state = is_private(entry) ? State::alive : info.state,
             .accusers = entry.accusers};
  if (out.state == State::dead) {
    out.evidence = entry.evidence;
  }
  if (!is_reachable_state(out.state)) {
    out.age_ms =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, (now - info.since).ns)) / 1'000'000U;
  }
  return out;
}

void NodeTable::apply(base::Instant now, const Record& record, Changes& out) {
  HORDE_ASSERT(record.node != self_);
  Entry* entry = find(record.node);
  if (entry == nullptr) {
    apply_new(now, record, out);
  } else if (record.boot > entry->info.boot) {
    apply_newer_boot(now, *entry, record, out);
  } else if (record.boot == entry->info.boot) {
    apply_same_boot(now, *entry, record, out);
  }
}

Entry* NodeTable::insert(base::Instant now, const Record& record) {
  if (entries_.size() >= options_.nodes_max) {
    forget(now);
  }
  if (entries_.size() >= options_.nodes_max) {
    ++nodes_refused_;
    return nullptr;
  }
  Entry& entry = entries_[record.node];
  entry.info.id = record.node;
  entry.info.state = State::dead;  // Not counted in yet.
  return &entry;
}

void NodeTable::apply_new(base::Instant now, const Record& record, Changes& out) {
  if (!is_reachable_state(record.state) && !wanted_.contains(record.node) &&
      now - since_of(now, record) >= options_.forget_after) {
    return;  // Forgotten here already, and soon there.
  }
  if (Entry* entry = insert(now, record)) {
    apply_newer_boot(now, *entry, record, out);
  }
}

void NodeTable::apply_newer_boot(base::Instant now, Entry& entry, const Record& record,
                                 Changes& out) {
  const bool was_reachable = is_reachable_state(entry.info.state);
  if (was_reachable) {
    count_out(entry);
  }
  set_deadline(entry, base::Instant::never());
  entry.accusers.clear();
  entry.info.name = record.name;
  entry.info.address = record.address;
  entry.info.boot = record.boot;
  entry.info.incarnation = record.incarnation;
  entry.tell_again_at = entry.ask_again_at = entry.refused_until = base::Instant{};
  out.news.push_back(record.node);
  if (is_reachable_state(record.state)) {
    set_state(now, entry, State::alive);
    count_in(entry);
    out.risen.push_back(entry.info.id);
    out.events.push_back(event(Kind::up, entry));
    if (record.state == State::suspect) {
      suspect(now, entry, record.accusers, out);
    }
    return;
  }
  entry.accusers = record.accusers;
  entry.evidence = record.evidence;
  set_state(since_of(now, record), entry, record.state);
  if (was_reachable) {
    out.events.push_back(event(record.state == State::left ? Kind::left : Kind::dead, entry));
  }
}

void NodeTable::apply_same_boot(base::Instant now, Entry& entry, const Record& record,
                                Changes& out) {
  if (entry.info.state == State::left) {
    return;
  }
  if (record.state == State::left) {
    out.news.push_back(record.node);
    bury(since_of(now, record), entry, State::left, out);
    return;
  }
  if (record.incarnation < entry.info.incarnation) {
    return;
  }
  if (record.incarnation > entry.info.incarnation) {
    const bool reachable = is_reachable_state(entry.info.state);
    if (reachable) {
      digest_ -= digest_of(entry.info.id, entry.info.boot, entry.info.incarnation);
      digest_ += digest_of(entry.info.id, entry.info.boot, record.incarnation);
    }
    entry.info.incarnation = record.incarnation;
    out.news.push_back(record.node);
    if (record.state != State::dead || reachable) {
      revive(now, entry, out);  // What was held against it was about an earlier incarnation.
    } else {
      entry.accusers = record.accusers;
      entry.evidence = record.evidence;
      return;  // Dead, and dead again: no event.
    }
  }
  switch (record.state) {
    case State::alive:
      if (is_private(entry)) {
        revive(now, entry, out);
      }
      break;
    case State::suspect:
      suspect(now, entry, record.accusers, out);
      break;
    case State::dead:
      accused_dead(now, entry, record, out);
      break;
    case State::left:
      break;  // Above.
  }
}

void NodeTable::revive(base::Instant now, Entry& entry, Changes& out) {
  set_deadline(entry, base::Instant::never());
  entry.accusers.clear();
  switch (entry.info.state) {
    case State::alive:
    case State::left:
      return;
    case State::suspect:
      set_state(now, entry, State::alive);
      ++alive_;
      out.events.push_back(event(Kind::cleared, entry));
      break;
    case State::dead:
      set_state(now, entry, State::alive);
      count_in(entry);
      out.risen.push_back(entry.info.id);
      out.events.push_back(event(Kind::up, entry));
      break;
  }
  renew_deadlines();
}

void NodeTable::suspect(base::Instant now, Entry& entry, const std::vector<base::NodeId>& accusers,
                        Changes& out) {
  if (!is_reachable_state(entry.info.state) || accusers.empty()) {
    return;
  }
  const std::size_t before = entry.accusers.size();
  add_accusers(entry.accusers, accusers);
  if (entry.accusers.size() == before) {
    return;
  }
  out.news.push_back(entry.info.id);
  if (before == 0) {
    entry.suspected_at = now;
  }
  if (entry.info.state == State::alive) {
    set_state(now, entry, State::suspect);
    --alive_;
    out.events.push_back(event(Kind::suspect, entry));
    renew_deadlines();
  }
  renew_deadline(entry);
}

void NodeTable::accuse(base::Instant now, base::NodeId node,
                       const std::vector<base::NodeId>& accusers, Changes& out) {
  if (Entry* entry = find(node)) {
    suspect(now, *entry, accusers, out);
  }
}

void NodeTable::accused_dead(base::Instant now, Entry& entry, const Record& record, Changes& out) {
  suspect(now, entry, record.accusers, out);
  if (is_believable(now, entry, record.evidence)) {
    kill(now, entry.info.id, record.evidence, out);
  }
}

bool NodeTable::is_believable(base::Instant now, const Entry& entry, Evidence evidence) const {
  const std::size_t needed = std::min<std::size_t>(2, confirmations_wanted(entry) + 1);
  if (entry.info.state != State::suspect || entry.accusers.size() < needed) {
    return false;
  }
  return evidence == Evidence::refusal ||
         now - entry.suspected_at >= suspicion_min(options_, reachable_.size() + 1) / 2;
}

void NodeTable::kill(base::Instant now, base::NodeId node, Evidence evidence, Changes& out) {
  Entry* entry = find(node);
  if (entry != nullptr && is_reachable_state(entry->info.state)) {
    entry->evidence = evidence;
    out.news.push_back(node);
    bury(now, *entry, State::dead, out);
  }
}

void NodeTable::bury(base::Instant since, Entry& entry, State state, Changes& out) {
  const bool reachable = is_reachable_state(entry.info.state);
  if (reachable) {
    count_out(entry);
  }
  set_deadline(entry, base::Instant::never());
  if (state == State::left) {
    entry.accusers.clear();
  }
  set_state(since, entry, state);
  // A dead node that turns out to have left is news to who removes only those.
  out.events.push_back(event(state == State::left ? Kind::left : Kind::dead, entry));
  if (reachable) {
    renew_deadlines();
  }
}

void NodeTable::on_due(base::Instant now, Changes& out) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    kill(now, deadlines_.begin()->second, Evidence::silence, out);
  }
}

void NodeTable::suspect_all(base::Instant now, Changes& out) {
  for (auto& [node, entry] : entries_) {
    if (entry.info.state == State::alive) {
      set_state(now, entry, State::suspect);
      --alive_;
      out.events.push_back(event(Kind::suspect, entry));
    }
  }
  renew_deadlines();
}

void NodeTable::kill_all(base::Instant now, Changes& out) {
  for (auto& [node, entry] : entries_) {
    if (is_reachable_state(entry.info.state)) {
      entry.accusers.clear();
      entry.evidence = Evidence::silence;
      bury(now, entry, State::dead, out);
    }
  }
}

void NodeTable::on_sign_of_life(base::Instant now, const base::RunId& run, Changes& out) {
  Entry* entry = find(run.node);
  if (entry != nullptr && entry->info.boot == run.start && is_private(*entry)) {
    revive(now, *entry, out);
  }
}

void NodeTable::clear_private(base::Instant now, Changes& out) {
  for (auto& [node, entry] : entries_) {
    if (entry.info.state == State::suspect && is_private(entry)) {
      revive(now, entry, out);
    }
  }
}

void NodeTable::postpone(base::Duration pause) {
  const auto before = deadlines_;
  for (const auto& [deadline, node] : before) {
    Entry& entry = entries_.at(node);
    entry.suspected_at = entry.suspected_at + pause;
    set_deadline(entry, deadline + pause);
  }
}

void NodeTable::forget(base::Instant now) {
  if (entries_.size() == reachable_.size()) {
    return;  // The usual case, once a period.
  }
  std::erase_if(entries_, [&](const auto& item) { return is_forgettable(now, item.second); });
}

void NodeTable::set_wanted(std::set<base::NodeId> wanted) {
  wanted_ = std::move(wanted);
  lost_.clear();
  for (const base::NodeId node : wanted_) {
    const Entry* entry = find(node);
    if (entry != nullptr && entry->info.state == State::dead) {
      lost_.insert(node);
    }
  }
}

void NodeTable::set_state(base::Instant since, Entry& entry, State state) {
  entry.info.state = state;
  entry.info.since = since;
  if (state == State::dead && wanted_.contains(entry.info.id)) {
    lost_.insert(entry.info.id);
  } else {
    lost_.erase(entry.info.id);
  }
}

void NodeTable::set_deadline(Entry& entry, base::Instant deadline) {
  if (entry.deadline != base::Instant::never()) {
    deadlines_.erase({entry.deadline, entry.info.id});
  }
  entry.deadline = deadline;
  if (deadline != base::Instant::never()) {
    deadlines_.emplace(deadline, entry.info.id);
  }
}

// Only members that are well themselves, and neither we nor the accused, can confirm. With fewer
// of them than are wanted, waiting for more would be in vain.
std::uint32_t NodeTable::confirmations_wanted(const Entry& entry) const {
  const std::size_t others = alive_ - (entry.info.state == State::alive ? 1U : 0U);
  return static_cast<std::uint32_t>(std::min<std::size_t>(options_.confirmations, others));
}

void NodeTable::renew_deadline(Entry& entry) {
  if (entry.info.state != State::suspect || entry.accusers.empty()) {
    return;
  }
  const Confirmations confirmations{.seen = static_cast<std::uint32_t>(entry.accusers.size() - 1),
                                    .wanted = confirmations_wanted(entry)};
  set_deadline(entry, entry.suspected_at +
                          suspicion_timeout(options_, reachable_.size() + 1, confirmations));
}

// The number of those who could confirm matters only while it is small: nothing to do otherwise.
void NodeTable::renew_deadlines() {
  if (alive_ > options_.confirmations + 1) {
    return;
  }
  const auto before = deadlines_;
  for (const auto& [deadline, node] : before) {
    renew_deadline(entries_.at(node));
  }
}

void NodeTable::count_in(Entry& entry) {
  entry.reachable_index = reachable_.size();
  reachable_.push_back(entry.info.id);
  by_address_[entry.info.address] = entry.info.id;
  digest_ += digest_of(entry.info.id, entry.info.boot, entry.info.incarnation);
  ++alive_;
}

void NodeTable::count_out(Entry& entry) {
  const base::NodeId last = reachable_.back();
  reachable_[entry.reachable_index] = last;
  entries_.at(last).reachable_index = entry.reachable_index;
  reachable_.pop_back();
  const auto at = by_address_.find(entry.info.address);
  if (at != by_address_.end() && at->second == entry.info.id) {
    by_address_.erase(at);
  }
  digest_ -= digest_of(entry.info.id, entry.info.boot, entry.info.incarnation);
  if (entry.info.state == State::alive) {
    --alive_;
  }
}

}  // namespace horde::liveness
