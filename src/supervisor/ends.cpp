// Supervisor: ends, until every member has confirmed them (R10) and they can be forgotten (R9).
#include <algorithm>

#include "base/assert.hpp"
#include "supervisor/supervisor.hpp"
#include "wire/limits.hpp"

namespace horde::supervisor {

void Supervisor::hear_boots(const Boots& boots) {
  for (const auto& [node, boot] : boots) {
    heard_boots_[node] = std::max(heard_boots_[node], boot);
  }
}

std::uint64_t Supervisor::newest_boot(base::NodeId node) const {
  const auto it = heard_boots_.find(node);
  return it == heard_boots_.end() ? 0 : it->second;
}

// Who gathers is placed like a random child, so that members share the work and nobody asks twice.
bool Supervisor::gathers(const ChildId& id) const {
  const auto it = children_.find(id);
  if (!synced_ || it == children_.end() || !it->second.entry || !it->second.entry->ended() ||
      (it->second.entry->birth && it->second.entry->birth->is_static)) {
    return false;
  }
  const Placed placed = gatherers_->choose({id, {}});
  return placed && *placed == self_.node;
}

void Supervisor::watch_end(base::Now now, const ChildId& id) {
  if (gathering_.insert(id).second) {
    children_.at(id).ask_at = now.mono;
  }
  news_of_.insert(id);
  ends_at_ = now.mono;
}

// Members, and removed ones that are not forgotten, whose newest boot has not confirmed. Nobody was
// ever there who has not announced itself. Who has left runs nothing, so that terminate_child need
// not wait for it; but it may come back with a disk on which the child lives, so forgetting must.
std::vector<base::NodeId> Supervisor::missing(const Child& child, Left left) const {
  std::vector<base::NodeId> out;
  for (const base::NodeId node : view_.witnesses) {
    const Member* found = member(node);
    const std::uint64_t boot = newest_boot(node);
    // Unless somebody has told of a later boot: it may be back, synced from who has not heard yet.
    const auto last = run_of(node);
    const bool has_left =
        found != nullptr && found->status == members::Status::left && last && last->start >= boot;
    const bool never_there =
        found != nullptr && found->status == members::Status::uninitialized && boot == 0;
    if (node == self_.node || never_there || (has_left && left == Left::need_not)) {
      continue;
    }
    const auto it = child.confirmed.find(node);
    if (it == child.confirmed.end() || it->second.boot < boot) {
      out.push_back(node);
    }
  }
  return out;
}

bool Supervisor::may_forget(base::Now now, const Child& child) const {
  const Entry& entry = *child.entry;
  const base::Duration slack = options_.clock_bound * 2 + wire::kDatagramLifetimeMax;
  const bool late = static_cast<std::uint64_t>(now.wall.ns) >
                    entry.not_after + static_cast<std::uint64_t>(slack.ns);
  const bool is_static = entry.birth && entry.birth->is_static;
  return late && !is_static && !child.copy && missing(child, Left::must).empty() &&
         std::ranges::none_of(child.confirmed, [this](const auto& confirmed) {
           return vectors_.contains(confirmed.second.vector);
         });
}

void Supervisor::on(base::Now now, const base::RunId& from, const AskEnds& message,
                    Outputs& /*out*/) {
  hear_boots(message.boots);
  for (const ChildId& id : message.ids) {
    Child& child = children_[id];
    child.asked_by.insert(from);
    to_confirm_.insert(id);
    if (!child.entry) {
      // Not heard of yet, or forgotten already: kept for as long as the question stays open.
      child.ask_at = now.mono + options_.ask_interval * 4;
      set_due(id, child, child.ask_at);
    }
  }
  ends_at_ = now.mono;
}

void Supervisor::on(base::Now now, const base::RunId& from, const ConfirmEnds& message,
                    Outputs& /*out*/) {
  hear_boots(message.boots);
  hear_boots({{from.node, from.start}});
  bool wanted = false;
  for (const ChildId& id : message.ids) {
    if (gathering_.contains(id)) {
      children_.at(id).confirmed[from.node] = {.boot = from.start, .vector = last_vector_ + 1};
      news_of_.insert(id);
      wanted = true;
    }
  }
  if (wanted) {
    vectors_.emplace(++last_vector_, message.vector);
    ends_at_ = now.mono;
  }
}

// In between only at those with news, and at those that calls wait for: with ten thousand ends that
// wait for their time to be forgotten, looking at all of them for each confirmation is most of what
// a member does.
void Supervisor::look_at_ends(base::Now now, const Replica& replica, Outputs& out) {
  ends_at_ = base::Instant::never();
  if (!synced_) {
    return;
  }
  confirm_to_askers(replica, out);
  // A vector that ours covers once is covered for ever.
  std::erase_if(vectors_, [&](const auto& v) { return replica.vector().covers(v.second); });
  std::set<ChildId> asked_for;  // By calls.
  std::erase_if(terminates_, [&](const auto& terminate) {
    if (entry(terminate.second.id) != nullptr) {
      asked_for.insert(terminate.second.id);
      return false;
    }
    // Somebody forgot it, so all have confirmed.
    out.add(Reply{.call = terminate.first, .id = terminate.second.id});
    return true;
  });
  // Whom nobody waits for any more must not bring anything back.
  const bool others_closed = !gathering_.empty() && replica.is_closed_but_for(view_.witnesses);
  std::set<ChildId> ids = std::exchange(news_of_, {});
  ids.insert(asked_for.begin(), asked_for.end());
  if (all_ends_at_ <= now.mono) {
    all_ends_at_ = now.mono + options_.ask_interval;
    ids.insert(gathering_.begin(), gathering_.end());
  }
  for (const ChildId& id : ids) {
    const auto it = children_.find(id);
    if (it == children_.end() || !it->second.entry) {
      gathering_.erase(id);
      continue;
    }
    if (!gathering_.contains(id)) {
      continue;
    }
    const bool has_call = asked_for.contains(id) && answer_terminates(now, id, out);
    if (others_closed && may_forget(now, children_.at(id))) {
      forget(id, out);
    } else if (!has_call && !gathers(id)) {
      gathering_.erase(id);
      children_.at(id).confirmed.clear();
    }
  }
  ask_for_confirmations(now, ids, out);
  if (gathering_.empty()) {
    vectors_.clear();
  } else {
    ends_at_ = all_ends_at_;
    for (const auto& [call, terminate] : terminates_) {
      ends_at_ = std::min(ends_at_, terminate.until);
    }
  }
}

void Supervisor::confirm_to_askers(const Replica& replica, Outputs& out) {
  std::map<base::RunId, std::vector<ChildId>> answers;
  for (const ChildId& id : std::exchange(to_confirm_, {})) {
    const auto it = children_.find(id);
    if (it == children_.end() || !it->second.entry || !it->second.entry->ended() ||
        it->second.copy) {
      continue;  // It is looked at again when that changes.
    }
    for (const base::RunId& run : std::exchange(it->second.asked_by, {})) {
      answers[run].push_back(id);
    }
  }
  for (auto& [run, ids] : answers) {
    for (std::size_t first = 0; first < ids.size(); first += wire::kChildIdsMax) {
      const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
      const std::size_t count = std::min(wire::kChildIdsMax, ids.size() - first);
      out.add(SendTo{run, encode(ConfirmEnds{heard_boots_,
                                             {begin, begin + static_cast<std::ptrdiff_t>(count)},
                                             replica.vector()})});
    }
  }
}

void Supervisor::ask_for_confirmations(base::Now now, const std::set<ChildId>& ids, Outputs& out) {
  std::map<base::RunId, std::vector<ChildId>> questions;
  for (const ChildId& id : ids) {
    if (!gathering_.contains(id) || now.mono < children_.at(id).ask_at) {
      continue;
    }
    Child& child = children_.at(id);
    child.ask_at = now.mono + options_.ask_interval;
    for (const base::NodeId node : missing(child, Left::must)) {
      if (view_.reachable.contains(node)) {
        std::vector<ChildId>& asked = questions[{node, newest_boot(node)}];
        if (asked.size() < wire::kChildIdsMax) {
          asked.push_back(id);  // The rest is asked for when these have been answered.
        }
      }
    }
  }
  for (auto& [run, asked] : questions) {
    out.add(SendTo{run, encode(AskEnds{heard_boots_, std::move(asked)})});
  }
}

// Whether any are left.
bool Supervisor::answer_terminates(base::Now now, const ChildId& id, Outputs& out) {
  Child& child = children_.at(id);
  const std::vector<base::NodeId> absent = missing(child, Left::need_not);
  const bool reachable_ones_confirmed = std::ranges::none_of(
      absent, [this](base::NodeId node) { return view_.reachable.contains(node); });
  bool has_call = false;
  std::erase_if(terminates_, [&](const auto& terminate) {
    if (terminate.second.id != id) {
      return false;
    }
    const bool done = !child.copy && absent.empty();
    const bool hopeless = !child.copy && reachable_ones_confirmed;
    if (!done && !hopeless && now.mono < terminate.second.until) {
      has_call = true;
      return false;
    }
    out.add(Reply{.call = terminate.first,
                  .status = done ? CallStatus::ok : CallStatus::unknown,
                  .id = id,
                  .missing = absent});
    return true;
  });
  return has_call;
}

void Supervisor::forget(const ChildId& id, Outputs& out) {
  out.add(Told{.topic = "end_forgotten", .id = id});
  HORDE_ASSERT(refusal(children_.at(id).entry, std::nullopt, self_, Fact::all_confirmed).empty());
  gathering_.erase(id);
  out.add(RemoveEntry{key_of(id)});
}

}  // namespace horde::supervisor
