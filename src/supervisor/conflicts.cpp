// Supervisor: what becomes of a child whose copy lost a registered name, or did not get it (R18).
//
//   lost to a later copy --> it waits --+--> the winner's entry is here: the usual rules
//                                       '--> the winner's owner is gone: claimed anew, above it
//   lost to anybody else --> it starts again, and its init finds the name taken
#include <algorithm>

#include "supervisor/spec_codec.hpp"
#include "supervisor/supervisor.hpp"

namespace horde::supervisor {
namespace {

// What `name_lost` is told with.
constexpr std::uint64_t kStartsAgain = 0;
constexpr std::uint64_t kWaits = 1;
constexpr std::uint64_t kTriesLater = 2;

}  // namespace

void Supervisor::copy_conflicted(base::Now now, const ChildId& id, const Conflict& conflict,
                                 Outputs& out) {
  const auto it = children_.find(id);
  if (it == children_.end() || !it->second.copy) {
    return;
  }
  Child& child = it->second;
  if (conflict.same_child) {
    give_way(now, id, child, conflict.winner);
  }
  out.add(Told{.topic = "name_lost", .id = id, .value = child.awaited ? kWaits : kStartsAgain});
  // Two that take a name from each other, time after time, must not do so as fast as they can.
  const base::Duration pause = backoff(child.names_lost);
  ++child.names_lost;
  copy_gone(now, id, child, pause, out);
}

void Supervisor::copy_ignored(base::Now now, const ChildId& id, const Ignored& why, Outputs& out) {
  const auto it = children_.find(id);
  if (it == children_.end() || !it->second.copy) {
    return;
  }
  Child& child = it->second;
  if (why.why == Ignored::Why::name_taken_by_same_child) {
    copy_conflicted(now, id, {.same_child = true, .winner = why.winner}, out);
    return;
  }
  const bool stopping = child.copy->phase == Copy::Phase::stopping;
  const bool top = child.entry && child.entry->claim == child.copy->token.claim;
  if (stopping || !top) {
    copy_gone(now, id, child, {}, out);
  } else if (why.why == Ignored::Why::name_taken_by_process && !child.first_start) {
    // The child was accepted, and it is not another child that has its place: its end would be a
    // loss. No strike either: it does nothing wrong, and quarantine would outlast the process.
    out.add(Told{.topic = "name_lost", .id = id, .value = kTriesLater});
    ++child.names_lost;
    copy_gone(now, id, child, backoff(child.names_lost), out);
  } else {
    finish(now, id, child, "ignore", out);
  }
}

// A copy under `winner` exists, or did: whatever is claimed from here on goes above it. While its
// entry is on its way nothing is started here, or the same two would meet again under the name.
void Supervisor::give_way(base::Now now, const ChildId& id, Child& child, const Claim& winner) {
  child.heard_term = std::max(child.heard_term, std::min(winner.term, kNumberMax));
  const bool known = !child.entry || child.entry->ended() || child.entry->claim >= winner ||
                     (child.awaited && *child.awaited >= winner);
  if (!known && winner.run() != self_) {
    child.claim_heard_at = now.mono;
    set_awaited(id, child, winner);
  }
}

void Supervisor::set_awaited(const ChildId& id, Child& child, const std::optional<Claim>& claim) {
  if (child.awaited) {
    const auto it = awaited_.find(child.awaited->run());
    it->second.erase(id);
    if (it->second.empty()) {
      awaited_.erase(it);
    }
  }
  child.awaited = claim;
  if (claim) {
    awaited_[claim->run()].insert(id);
  }
}

// The winner's entry may never come: it was on a disk that is lost.
void Supervisor::settle_awaited(base::Now now, const ChildId& id, Child& child, Outputs& out) {
  const base::RunId winner = child.awaited->run();
  if (!is_gone(winner)) {
    return;
  }
  const base::Instant take_at = takeover_at(now, child, winner);
  if (now.mono < take_at) {
    set_due(id, child, take_at);
    return;
  }
  out.add(Told{.topic = "winner_gone", .id = id, .value = child.awaited->term});
  set_awaited(id, child, std::nullopt);
  if (is_mine(*child.entry) && child.entry->run.state != RunState::released) {
    claim(now, id, child, Fact::winner_gone | Fact::synced | Fact::no_copy, out);
  } else {
    settle_absent(now, id, child, out);
  }
}

// Whom a stopping member releases a child to. One that waits goes to the winner's owner: if that
// has it, its claim outranks the release; if it has lost it, it takes it, above what it heard of.
base::NodeId Supervisor::heir(const ChildId& id, const Child& child) const {
  if (child.awaited && is_candidate(child.awaited->owner)) {
    return child.awaited->owner;
  }
  return choose(id, child.entry->birth->spec).value_or(base::NodeId{});
}

}  // namespace horde::supervisor
