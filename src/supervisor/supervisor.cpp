#include "supervisor/supervisor.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "supervisor/quorum.hpp"
#include "supervisor/spec_codec.hpp"

namespace horde::supervisor {
namespace {

constexpr std::size_t kPidsPerChildMax = 4;
// Children that one input settles because others are gone, or by timers; the next ones wait for a
// timeout that is due at once. An input for all children of a large member would take seconds, in
// which its node answers no probe and is thought dead itself.
constexpr std::size_t kSettledAtOnceMax = 256;

// Whether both stand in the same place of by_owner_, released_to_ and ended_.
bool is_indexed_alike(const Entry& a, const Entry& b) {
  if (a.ended() || b.ended()) {
    return a.ended() == b.ended();
  }
  const bool released = a.run.state == RunState::released;
  if (released != (b.run.state == RunState::released)) {
    return false;
  }
  return released ? a.run.target == b.run.target : a.claim.run() == b.claim.run();
}

}  // namespace

Supervisor::Supervisor(const base::RunId& self, Options options, std::unique_ptr<Strategy> strategy,
                       base::Rng rng)
    : self_(self), options_(std::move(options)), strategy_(std::move(strategy)), rng_(rng) {
  HORDE_ASSERT(strategy_ != nullptr && refusal_of(options_).empty());
  for (StaticChild& child : options_.static_children) {
    child.spec.shutdown = child.spec.effective_shutdown();  // As it reads when it has travelled.
  }
  prepare_choices();
}

// --- What it is told.

void Supervisor::on_view(base::Now now, View view, Outputs& out) {
  const std::uint64_t alive_before = alive_hash();
  view_ = std::move(view);
  hear_boots(view_.boots);
  hear_boots(view_.announced);
  if (alive_hash() != alive_before) {
    view_since_ = now.mono;
  }
  prepare_choices();
  const bool quorum = strategy_->has_quorum(view_.members);
  const bool listed = member(self_.node) != nullptr;
  const bool changed = quorum != quorum_ || listed != listed_;
  if (quorum != quorum_) {
    out.add(Told{.topic = quorum ? "quorum_met" : "quorum_lost"});
    lost_quorum_ = lost_quorum_ || !quorum;
    if (quorum && lost_quorum_) {
      acts_from_ = now.mono + options_.quorum_return_wait.value_or(base::Duration{});
    }
  }
  quorum_ = quorum;
  listed_ = listed;
  if (changed || options_.redistribution == Redistribution::active) {
    settle_all(now, copies_, out);
  }
  if (changed && by_owner_.contains(self_)) {
    settle_all(now, by_owner_.at(self_), out);
  }
  note_gone_owners(now, out);
  start_statics(now, out);
  for (const ChildId& id : ended_) {
    if (gathers(id)) {
      gathering_.insert(id);
    }
  }
  poll_at_ = now.mono;  // Calls look at whom they wait for.
  ends_at_ = now.mono;
}

void Supervisor::on_synced(base::Now now, Outputs& out) {
  synced_ = true;
  note_gone_owners(now, out);
  if (by_owner_.contains(self_)) {
    settle_all(now, by_owner_.at(self_), out);
  }
  start_statics(now, out);
  poll_at_ = now.mono;
  ends_at_ = now.mono;
}

void Supervisor::on_entries(base::Now now, std::span<const EntryChange> changes, Outputs& out) {
  for (const EntryChange& change : changes) {
    EntryRead read = read_entry(change.siblings);
    if (read.refused != 0) {
      out.add(Told{.topic = "entry_refused", .id = change.id, .value = read.refused});
    }
    const auto [it, is_new] = children_.try_emplace(change.id);
    Child& child = it->second;
    child.puts = read.puts;
    child.whole = read.whole;
    adopt(now, change.id, child, std::move(read.entry));
    if (child.entry && !child.entry->ended() && is_mine(*child.entry) &&
        (child.puts > options_.siblings_kept || !child.whole)) {
      // Ours is the highest rank: the same value once more, over all siblings.
      const Facts facts = child.copy ? Facts{} : Facts(Fact::no_copy);
      write(now, change.id, child, *child.entry, facts, out);
    }
    settle(now, change.id, out);
  }
}

void Supervisor::on_link_ended(base::Now now, const base::RunId& run, Outputs& /*out*/) {
  for (auto& [call, start] : starts_) {
    if (start.sent_to == run) {
      start.sent_to.reset();
      start.retry_at =
          now.mono + options_.retry_interval;  // Or a dead link would be tried for ever.
      poll_at_ = std::min(poll_at_, start.retry_at);
    }
  }
  for (const ChildId& id : ended_) {
    children_.at(id).asked_by.erase(run);
  }
  for (const ChildId& id : copies_) {
    Child& child = children_.at(id);
    if (child.move && !child.move->accepted && child.move->target == run) {
      end_move(child);
      set_due(id, child, now.mono + options_.retry_interval);
    }
  }
}

void Supervisor::on_timeout(base::Now now, const Replica& replica, Outputs& out) {
  for (std::size_t i = 0; i < kSettledAtOnceMax && !due_.empty() && due_.begin()->first <= now.mono;
       ++i) {
    const ChildId id = due_.begin()->second;
    set_due(id, children_.at(id), base::Instant::never());
    settle(now, id, out);
  }
  if (poll_at_ <= now.mono) {
    look_at_calls(now, replica, out);
  }
  if (ends_at_ <= now.mono) {
    look_at_ends(now, replica, out);
  }
  if (stop_) {
    look_at_stop(now, replica, out);
  }
}

base::Instant Supervisor::wake_at() const {
  const base::Instant first_due = due_.empty() ? base::Instant::never() : due_.begin()->first;
  return std::min({first_due, poll_at_, ends_at_});
}

// --- Settling: what one child needs from this member, now. Idempotent.

void Supervisor::settle(base::Now now, const ChildId& id, Outputs& out) {
  const auto it = children_.find(id);
  if (it == children_.end()) {
    return;
  }
  Child& child = it->second;
  set_due(id, child, base::Instant::never());
  if (child.copy) {
    settle_copy(now, id, child, out);
  } else if (child.entry) {
    settle_absent(now, id, child, out);
  }
  if (!child.waiters.empty()) {
    check_waiters(now, id, nullptr, out);
  }
  if (child.entry && child.entry->ended()) {
    if (!child.copy && !child.asked_by.empty()) {
      to_confirm_.insert(id);
      ends_at_ = now.mono;
    }
    if (gathers(id)) {
      watch_end(now, id);
    }
  }
  if (!child.entry && !child.copy && child.waiters.empty()) {
    if (child.asked_by.empty() || child.ask_at <= now.mono) {
      drop(id);  // Nothing was heard of it for as long as somebody waits between two questions.
    } else {
      set_due(id, child, child.ask_at);
    }
  }
}

void Supervisor::settle_copy(base::Now now, const ChildId& id, Child& child, Outputs& out) {
  Copy& copy = *child.copy;
  if (copy.phase == Copy::Phase::stopping) {
    if (must_stop_in_time() && !copy.hurried) {
      stop_copy(id, child, copy.stop_reason, out);
    }
    return;
  }
  if (const auto reason = stop_reason(child)) {
    stop_copy(id, child, *reason, out);
    return;
  }
  if (copy.phase != Copy::Phase::running || child.entry->claim != copy.token.claim) {
    return;
  }
  if (!child.entry->run.healthy) {
    const base::Instant healthy_at = copy.since + options_.healthy_after;
    if (now.mono < healthy_at) {
      set_due(id, child, healthy_at);
    } else {
      Entry next = *child.entry;
      next.run.healthy = true;
      ++next.run.rev;
      child.names_lost = 0;
      if (next.strikes.count != 0 || next.strikes.level != 0) {
        next.strikes = {.era = next.strikes.era + 1};
      }
      write(now, id, child, std::move(next), {}, out);
    }
  }
  consider_move(now, id, child, out);
}

std::optional<StopReason> Supervisor::stop_reason(const Child& child) const {
  if (!child.entry) {
    return StopReason::terminated;
  }
  if (child.entry->ended()) {
    return child.entry->end.kind == EndKind::finished ? StopReason::ended : StopReason::terminated;
  }
  if (child.entry->claim != child.copy->token.claim && options_.duplicates == Duplicates::stop) {
    return StopReason::duplicate;
  }
  if (stopping_) {
    return StopReason::leaving;
  }
  if (!listed_) {
    return StopReason::removed;
  }
  if (!quorum_) {
    return StopReason::quorum_lost;
  }
  if (child.move && child.move->accepted) {
    return StopReason::redistribution;
  }
  return std::nullopt;
}

// Whether others count on our copies to be gone when quorum_takeover_delay is over.
bool Supervisor::must_stop_in_time() const {
  return !quorum_ || (!listed_ && strategy_->needs_quorum());
}

base::Duration Supervisor::takeover_delay(const base::RunId& owner) const {
  const Member* found = member(owner.node);
  const bool certain = owner.node == self_.node || newest_boot(owner.node) > owner.start ||
                       (found != nullptr && found->status == members::Status::left);
  if (certain) {
    return {};
  }
  return strategy_->needs_quorum() ? quorum_takeover_delay(gone_.at(owner).noticed_max, options_)
                                   : options_.takeover_delay.value_or(base::Duration{});
}

void Supervisor::settle_absent(base::Now now, const ChildId& id, Child& child, Outputs& out) {
  const Entry& entry = *child.entry;
  if (entry.ended()) {
    return;
  }
  const bool is_released = entry.run.state == RunState::released;
  if (stopping_ && is_mine(entry) && !is_released) {
    release(now, id, child, heir(id, child), out);
    return;
  }
  if (!may_run()) {
    return;
  }
  if (now.mono < acts_from_) {
    return set_due(id, child, acts_from_);
  }
  if (child.awaited) {
    return settle_awaited(now, id, child, out);
  }
  if (is_mine(entry) && !is_released) {
    if (now.mono < child.retry_at) {
      set_due(id, child, child.retry_at);
    } else {
      start_copy(now, id, child, out);
    }
    return;
  }
  const Facts facts = Fact::synced | Fact::no_copy;
  if (is_released) {
    if (entry.run.target == self_.node) {
      claim(now, id, child, facts | Fact::target, out);
    } else if (!is_candidate(entry.run.target) && is_chosen(id, entry)) {
      claim(now, id, child, facts | Fact::target_gone | Fact::chosen, out);
    }
    return;
  }
  if (!is_gone(entry.claim.run()) || !is_chosen(id, entry)) {
    return;
  }
  const base::Instant take_at = takeover_at(now, child, entry.claim.run());
  if (now.mono < take_at) {
    set_due(id, child, take_at);
  } else {
    claim(now, id, child, facts | Fact::owner_gone | Fact::chosen, out);
  }
}

// When a child may be taken from an owner that is gone.
base::Instant Supervisor::takeover_at(base::Now now, const Child& child, const base::RunId& owner) {
  const base::Instant since =
      gone_.try_emplace(owner, Gone{now.mono, view_.cut_noticed_max}).first->second.since;
  base::Instant out = since + takeover_delay(owner);
  if (child.claim_heard_at > since) {
    // Somebody whom we hold for dead has claimed it: taken at once, it would go to and fro between
    // two members that hold each other for dead and still hear of each other's claims.
    out = std::max(out, child.claim_heard_at + options_.doubt_time);
  }
  return out;
}

void Supervisor::settle_all(base::Now now, const std::set<ChildId>& ids, Outputs& out) {
  for (const ChildId& id : std::vector<ChildId>(ids.begin(), ids.end())) {
    settle(now, id, out);
  }
}

void Supervisor::note_gone_owners(base::Now now, Outputs& out) {
  std::erase_if(gone_, [this](const auto& gone) {
    const bool owns = by_owner_.contains(gone.first) || awaited_.contains(gone.first);
    return !owns || !is_gone(gone.first);
  });
  std::set<ChildId> orphans;
  for (const auto* owners : {&by_owner_, &awaited_}) {
    for (const auto& [owner, ids] : *owners) {
      if (is_gone(owner)) {
        Gone& gone = gone_.try_emplace(owner, Gone{now.mono, {}}).first->second;
        gone.noticed_max = std::max(gone.noticed_max, view_.cut_noticed_max);
        orphans.insert(ids.begin(), ids.end());
      }
    }
  }
  for (const auto& [target, ids] : released_to_) {
    if (target == self_.node || !is_candidate(target)) {
      orphans.insert(ids.begin(), ids.end());
    }
  }
  std::size_t settled = 0;
  for (const ChildId& id : orphans) {
    if (++settled <= kSettledAtOnceMax) {
      settle(now, id, out);
    } else {
      set_due(id, children_.at(id), now.mono);
    }
  }
}

void Supervisor::start_statics(base::Now now, Outputs& out) {
  if (!may_run()) {
    return;
  }
  for (const StaticChild& wanted : options_.static_children) {
    const ChildId id = static_child_id(options_.horde, wanted.name);
    const Entry birth{.birth = Birth{.is_static = true, .spec = wanted.spec}};
    const auto it = children_.find(id);
    if ((it == children_.end() || !it->second.entry) && is_chosen(id, birth)) {
      Child& child = children_[id];
      child.first_start = false;  // A start that fails is tried again: nobody is told of it.
      child.entry.reset();
      Entry first = birth;
      first.claim = {.term = std::max<std::uint64_t>(static_cast<std::uint64_t>(now.wall.ns),
                                                     child.heard_term + 1),
                     .owner = self_.node,
                     .boot = self_.start};
      first.run = {.rev = 1, .start = 1};
      write(now, id, child, std::move(first),
            Fact::asked | Fact::in_time | Fact::synced | Fact::no_copy, out);
      child.starts = 0;
      settle(now, id, out);
    }
  }
}

// --- The table of children and its indexes.

void Supervisor::adopt(base::Now now, const ChildId& id, Child& child, std::optional<Entry> entry) {
  const bool moves =
      !child.entry || !entry || !is_indexed_alike(*child.entry, *entry);  // Most do not.
  if (child.entry && moves) {
    index(id, *child.entry, false);
  }
  if (!child.entry || !entry || child.entry->claim != entry->claim) {
    child.claim_heard_at = now.mono;
  }
  child.entry = std::move(entry);
  if (child.awaited &&
      (!child.entry || child.entry->ended() || child.entry->claim >= *child.awaited)) {
    set_awaited(id, child, std::nullopt);
  }
  if (child.entry) {
    if (moves) {
      index(id, *child.entry, true);
    }
    child.heard_term = std::max(child.heard_term, child.entry->claim.term);
    remember_pid(id, child, child.entry->run.pid);
  }
}

void Supervisor::index(const ChildId& id, const Entry& entry, bool present) {
  const auto put = [&](auto& table, const auto& key) {
    if (present) {
      table[key].insert(id);
    } else if (const auto it = table.find(key); it != table.end()) {
      it->second.erase(id);
      if (it->second.empty()) {
        table.erase(it);
      }
    }
  };
  if (entry.ended()) {
    if (present) {
      ended_.insert(id);
    } else {
      ended_.erase(id);
    }
  } else if (entry.run.state == RunState::released) {
    put(released_to_, entry.run.target);
  } else {
    put(by_owner_, entry.claim.run());
  }
}

void Supervisor::remember_pid(const ChildId& id, Child& child, const base::Bytes& pid) {
  if (pid.empty() || !by_pid_.emplace(pid, id).second) {
    return;
  }
  child.pids.push_back(pid);
  if (child.pids.size() > kPidsPerChildMax) {
    by_pid_.erase(child.pids.front());
    child.pids.pop_front();
  }
}

void Supervisor::drop(const ChildId& id) {
  const auto it = children_.find(id);
  for (const base::Bytes& pid : it->second.pids) {
    by_pid_.erase(pid);
  }
  set_due(id, it->second, base::Instant::never());
  set_awaited(id, it->second, std::nullopt);
  gathering_.erase(id);
  to_confirm_.erase(id);
  handed_over_.erase(id);
  children_.erase(it);
}

void Supervisor::set_due(const ChildId& id, Child& child, base::Instant due) {
  if (due == child.due) {
    return;
  }
  // What was wanted earlier stays; settle() clears it first and asks anew.
  if (child.due != base::Instant::never()) {
    if (due != base::Instant::never() && child.due < due) {
      return;
    }
    due_.erase({child.due, id});
  }
  child.due = due;
  if (due != base::Instant::never()) {
    due_.emplace(due, id);
  }
}

// Every write of an entry passes here, and is checked against the table of transitions.
void Supervisor::write(base::Now now, const ChildId& id, Child& child, Entry entry, Facts facts,
                       Outputs& out) {
  HORDE_ASSERT(refusal(child.entry, entry, self_, facts).empty());
  out.add(WriteEntry{.key = key_of(id), .value = encode(entry)});
  const bool was_quarantined = child.entry && child.entry->run.state == RunState::quarantined;
  if (entry.run.state == RunState::quarantined && !was_quarantined) {
    out.add(Told{.topic = "quarantined", .id = id, .value = entry.strikes.level});
  }
  child.whole.reset();
  adopt(now, id, child, std::move(entry));
}

void Supervisor::claim(base::Now now, const ChildId& id, Child& child, Facts facts, Outputs& out) {
  if (child.heard_term >= kNumberMax - 1) {
    out.add(Told{.topic = "terms_used_up", .id = id});
    return;
  }
  Entry next = *child.entry;
  const RunState before = next.run.state;
  // A predecessor that died before its copy was healthy may have died of it (R20).
  const bool suspicious = (before == RunState::starting || before == RunState::running) &&
                          next.run.start != 0 && !next.run.healthy;
  next.claim = {.term = std::max(static_cast<std::uint64_t>(now.wall.ns), child.heard_term + 1),
                .owner = self_.node,
                .boot = self_.start};
  next.run = {.rev = 1};
  child.starts = 0;
  child.first_start = false;
  child.retry_at = now.mono;
  if (before == RunState::quarantined) {
    next.run.state = RunState::quarantined;
    child.retry_at = now.mono + options_.quarantine;
  } else if (suspicious) {
    strike(now, child, next);
  }
  next.run.start = next.run.state == RunState::starting ? 1 : 0;
  write(now, id, child, std::move(next), facts, out);
  out.add(Told{.topic = before == RunState::released ? "claimed" : "taken_over",
               .id = id,
               .value = child.entry->claim.term});
  settle(now, id, out);
}

// --- Views.

const Member* Supervisor::member(base::NodeId node) const {
  const auto it = std::ranges::find(view_.members, node, &Member::id);
  return it == view_.members.end() ? nullptr : &*it;
}

bool Supervisor::is_candidate(base::NodeId node) const {
  const Member* found = member(node);
  return found != nullptr && found->status == members::Status::alive;
}

bool Supervisor::is_gone(const base::RunId& owner) const {
  if (owner.node == self_.node) {
    return owner.start < self_.start;
  }
  const Member* found = member(owner.node);
  return found == nullptr || found->status == members::Status::dead ||
         found->status == members::Status::left || newest_boot(owner.node) > owner.start;
}

// After each change of the members.
void Supervisor::prepare_choices() {
  table_ = strategy_->table(view_.members);
  gatherers_ = UniformRandom().table(view_.members);
}

Placed Supervisor::choose(const ChildId& id, const ChildSpec& spec) const {
  return table_ != nullptr ? table_->choose({id, spec})
                           : strategy_->choose({id, spec}, view_.members);
}

bool Supervisor::is_chosen(const ChildId& id, const Entry& entry) const {
  const Placed placed = choose(id, entry.birth->spec);
  return placed && *placed == self_.node;
}

std::optional<base::NodeId> Supervisor::place_of(const ChildId& id) const {
  const Entry* const of = entry(id);
  if (of == nullptr || !of->birth) {
    return {};
  }
  const Placed placed = choose(id, of->birth->spec);
  return placed ? std::optional(*placed) : std::nullopt;
}

std::optional<base::RunId> Supervisor::run_of(base::NodeId node) const {
  const auto it = view_.boots.find(node);
  return it == view_.boots.end() ? std::nullopt : std::optional(base::RunId{node, it->second});
}

// --- Queries.

const Entry* Supervisor::entry(const ChildId& id) const {
  const auto it = children_.find(id);
  return it == children_.end() || !it->second.entry ? nullptr : &*it->second.entry;
}

std::vector<ChildRow> Supervisor::which_children() const {
  std::vector<ChildRow> out;
  for (const auto& [id, child] : children_) {
    if (!child.entry || child.entry->ended()) {
      continue;
    }
    const Entry& entry = *child.entry;
    const bool runs = entry.run.state == RunState::running && !is_gone(entry.claim.run());
    out.push_back({.id = id,
                   .pid = runs ? entry.run.pid : base::Bytes{},
                   .state = entry.run.state,
                   .claim = entry.claim,
                   .type = entry.birth->spec.type,
                   .modules = entry.birth->spec.modules});
  }
  return out;
}

std::vector<ChildRow> Supervisor::quarantined() const {
  std::vector<ChildRow> out = which_children();
  std::erase_if(out, [](const ChildRow& row) { return row.state != RunState::quarantined; });
  return out;
}

ChildCounts Supervisor::count_children() const {
  ChildCounts out;
  for (const ChildRow& row : which_children()) {
    ++out.specs;
    out.active += row.pid.empty() ? 0 : 1;
    (row.type == ChildType::supervisor ? out.supervisors : out.workers) += 1;
  }
  return out;
}

Supervisor::Sizes Supervisor::sizes() const {
  std::size_t live = 0;
  for (const auto& [owner, ids] : by_owner_) {
    live += ids.size();
  }
  for (const auto& [target, ids] : released_to_) {
    live += ids.size();
  }
  std::size_t awaited = 0;
  for (const auto& [winner, ids] : awaited_) {
    awaited += ids.size();
  }
  return {.children = children_.size(),
          .live = live,
          .ended = ended_.size(),
          .copies = copies_.size(),
          .calls = starts_.size() + terminates_.size() + quorum_waits_.size() + waited_for_.size(),
          .pids = by_pid_.size(),
          .timers = due_.size(),
          .moves = moves_,
          .confirmations = vectors_.size(),
          .awaited = awaited};
}

}  // namespace horde::supervisor
