// Registry: processes of this node that have lost a name to another (R18).
#include <algorithm>

#include "registry/registry.hpp"

namespace horde::registry {

// A heal may bring thousands at once: so many at a time, that their ends and restarts do not keep
// the node from everything else.
void Registry::settle_conflicts(base::Now now, Outputs& out) {
  if (conflicts_at_ <= now.mono) {
    conflicts_left_ = options_.conflicts_at_once;
  }
  for (auto it = conflicts_.begin(); it != conflicts_.end() && conflicts_left_ != 0;) {
    const NameKey ours{.name = *it, .run = self_, .number = 0};
    const Holding* const winner = table_.winner_over(ours);
    // Nobody ends for a winner that is gone itself.
    if (winner != nullptr && view_.suspects.contains(winner->pid.run.node)) {
      ++it;
      continue;
    }
    it = conflicts_.erase(it);
    if (winner != nullptr) {
      if (conflicts_left_ == options_.conflicts_at_once) {
        conflicts_at_ = now.mono + options_.conflict_pace;
      }
      --conflicts_left_;
      lose(now, ours, Holding(*winner), out);
    }
  }
  if (!conflicts_.empty() && conflicts_left_ != 0) {
    conflicts_at_ = now.mono + options_.retry_interval;  // All wait for a suspect.
  }
}

// The name goes at once, so that whoever reads is told in this order: the loser has it no more, the
// winner has it. The process is told once, however many names it loses, and ends for certain.
void Registry::lose(base::Now now, const NameKey& loser, const Holding& winner, Outputs& out) {
  const Holding ours = *table_.find(loser);
  drop(loser, Cause::conflict, out);
  ++statistics_.conflicts_lost;
  out.add(Told{.topic = "name_conflict",
               .about = winner.pid.run.node,
               .value = ours.pid.serial,
               .detail = loser.name});
  Local& local = locals_[ours.pid.serial];
  if (local.kill_at != base::Instant::never()) {
    return;
  }
  local.kill_at = now.mono + options_.conflict_grace;
  kills_.emplace(local.kill_at, ours.pid.serial);
  out.add(TellLoser{
      .loser = ours.pid,
      .key = loser.name,
      .value = ours.value,
      .winner = winner.pid,
      .winner_rank = winner.rank,
      .same_child = winner.rank.is_child && ours.rank.is_child && winner.rank.id == ours.rank.id});
}

void Registry::kill_late_losers(base::Now now, Outputs& out) {
  while (!kills_.empty() && kills_.begin()->first <= now.mono) {
    const std::uint64_t serial = kills_.begin()->second;
    kills_.erase(kills_.begin());
    ++statistics_.killed;
    out.add(Told{.topic = "name_killed", .about = self_.node, .value = serial, .detail = {}});
    out.add(Kill{{self_, serial}});
  }
}

}  // namespace horde::registry
