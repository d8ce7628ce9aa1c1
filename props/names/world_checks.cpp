// World: what must hold after each step, and once all is quiet.
#include <algorithm>

#include "props/names/world.hpp"

namespace horde::props::names {

using process::Pid;
using registry::NameKey;

// All that a member's map holds, by name.
World::Claims World::known(const Member& member) const {
  Claims out;
  member.map.visit_after(
      0, [&](const crdt::Key& bytes, const crdt::Siblings& siblings, std::uint64_t) {
        const auto key = registry::name_key_of(bytes);
        const crdt::Sibling* const shown = crdt::winner(siblings);
        if (key && shown != nullptr) {
          const auto value = registry::decode_name_value(shown->value);
          out[key->name].push_back(
              {.pid = {key->run, value->serial}, .rank = value->rank, .value = value->value});
        }
        return true;
      });
  return out;
}

World::Claims World::visible(const Member& member) const {
  Claims out = known(member);
  for (auto& [key, claimants] : out) {
    std::erase_if(claimants, [&](const Claimant& one) { return !member.belief.sees(one.pid); });
  }
  return out;
}

World::Claims World::registrations() const {
  Claims out;
  for (const Member& member : members_) {
    for (const auto& [serial, process] : member.processes) {
      for (const auto& [key, name] : process.names) {
        out[key].push_back({process.who.pid, name.rank, name.value});
      }
    }
  }
  return out;
}

void World::check(std::size_t i) {
  const Member& member = members_[i];
  if (!member.is_up) {
    return;
  }
  check_reads(member, visible(member));
  check_own(member);
}

// Who is shown is who the model says, and all reads say the same (A5).
void World::check_reads(const Member& member, const Claims& seen) {
  const registry::Table& table = member.registry->table();
  const std::string here = to_string(member.run);
  std::set<std::pair<Pid, base::Bytes>> shown;
  for (std::size_t k = 0; k < kKeys; ++k) {
    const base::Bytes key(1, static_cast<char>('a' + k));
    const auto it = seen.find(key);
    const auto expected = it == seen.end() ? std::nullopt : winner(it->second);
    const registry::Holding* const holding = table.lookup(key);
    const Pid pid = holding == nullptr ? Pid{} : holding->pid;
    if (pid != (expected ? expected->pid : Pid{})) {
      return fail(here + " shows " + (pid.is_none() ? "nobody" : to_string(pid)) + " under " + key +
                  ", the model says " + (expected ? to_string(expected->pid) : "nobody"));
    }
    if (expected && holding->value != expected->value) {
      return fail(here + " shows another value of " + key + " than its map has");
    }
    if (table.shown(key).size() != (expected ? 1U : 0U)) {
      return fail(here + " shows several holders of " + key);
    }
    if (expected) {
      shown.emplace(expected->pid, key);
    }
    const auto heard = member.heard.find(key);
    if ((heard == member.heard.end() ? Pid{} : heard->second) != pid) {
      return fail("a listener of " + here + " has heard of another holder than is shown");
    }
  }
  std::vector<std::pair<Pid, base::Bytes>> visited;
  table.visit([&](const process::NameEntry& entry) {
    visited.emplace_back(entry.pid, base::Bytes(entry.key));
  });
  if (!std::ranges::equal(visited, shown) || table.shown_count() != shown.size()) {
    return fail(here + " counts or selects other entries than it looks up");
  }
  for (const auto& [pid, key] : shown) {
    const std::vector<base::BytesView> keys = table.keys(pid);
    const auto own =
        std::ranges::count_if(shown, [&](const auto& one) { return one.first == pid; });
    if (std::ranges::find(keys, key) == keys.end() ||
        keys.size() != static_cast<std::size_t>(own)) {
      return fail(here + " has other keys of " + to_string(pid) + " than it shows");
    }
  }
}

// What a process was told ok of stands until it gives it up, loses it, or ends (A9), and nothing
// of this run stands that no process has.
void World::check_own(const Member& member) {
  std::set<std::pair<Pid, base::Bytes>> stands;
  for (const auto& [key, claimants] : known(member)) {
    for (const Claimant& one : claimants) {
      if (one.pid.run == member.run) {
        stands.emplace(one.pid, key);
      }
    }
  }
  std::set<std::pair<Pid, base::Bytes>> had;
  for (const auto& [serial, process] : member.processes) {
    for (const auto& [key, name] : process.names) {
      had.emplace(process.who.pid, key);
      const registry::Holding* const holding =
          member.registry->table().find({.name = key, .run = member.run, .number = 0});
      if (holding == nullptr || holding->pid != process.who.pid || holding->rank != name.rank ||
          holding->value != name.value) {
        fail(to_string(process.who.pid) + " has lost " + key + " and was not told");
      }
    }
  }
  // What others took out while this was no member is put back when it is one again.
  if (is_listed(member) ? stands != had : !std::ranges::includes(had, stands)) {
    fail("the map of " + to_string(member.run) + " holds other names than its processes have");
  }
}

// What a supervisor asks, should the process end for it (R18).
void World::check_refusal(const Member& member, const Claimant& asks, const Claimant& holder) {
  using LostTo = registry::Registry::LostTo;
  const registry::Registry::Refused refused = member.registry->last_refusal(asks.pid);
  const LostTo to = are_copies(asks.rank, holder.rank) ? LostTo::same_child
                    : holder.rank.is_child             ? LostTo::other_child
                                                       : LostTo::process;
  if (refused.to != to || refused.holder != holder.pid ||
      (to == LostTo::same_child && refused.term != holder.rank.term)) {
    fail(to_string(asks.pid) + " is refused for another reason than the registry remembers");
  }
}

// R16: of a child, what its entry says; of another process, its first registration's stamp.
void World::check_rank(const Process& process, const base::Bytes& key, std::int64_t wall_ns) {
  const registry::Rank& rank = process.names.at(key).rank;
  bool is_right =
      rank.priority == process.priority && rank.is_child == process.who.child.has_value();
  if (process.who.child) {
    is_right = is_right && rank.id == process.who.child->id &&
               rank.birth_ns == process.who.child->birth_ns && rank.term == process.who.child->term;
  } else if (process.first) {
    is_right = is_right && rank.id == process.first->id && rank.birth_ns == process.first->birth_ns;
  } else {
    is_right = is_right && rank.birth_ns >= static_cast<std::uint64_t>(wall_ns);
  }
  if (!is_right) {
    fail(to_string(process.who.pid) + " is ranked by something else than it should under " + key);
  }
}

// Faults have ended long ago. `before`: all registrations at that moment.
void World::check_settled(const Claims& before) {
  const Claims now = registrations();
  for (const Member& member : members_) {
    if (member.map.digest() != members_[0].map.digest()) {
      return fail("maps differ once all is quiet");
    }
    const registry::Registry::Sizes sizes = member.registry->sizes();
    if (sizes.losers != 0 || sizes.conflicts != 0 || sizes.calls != 0) {
      return fail("a conflict is not decided once all is quiet");
    }
    for (const auto& [serial, process] : member.processes) {
      if (process.told_at) {
        return fail(to_string(process.who.pid) + " has lost a name and lives on");
      }
    }
  }
  for (std::size_t k = 0; k < kKeys; ++k) {
    const base::Bytes key(1, static_cast<char>('a' + k));
    const auto live = now.find(key);
    const Pid holder = live == now.end() ? Pid{} : live->second.front().pid;
    if (live != now.end() && live->second.size() != 1) {
      return fail("two processes have " + key + " once all is quiet");
    }
    for (const Member& member : members_) {
      const registry::Holding* const shown = member.registry->table().lookup(key);
      if ((shown == nullptr ? Pid{} : shown->pid) != holder ||
          member.registry->table().holdings(key).size() != (holder.is_none() ? 0U : 1U)) {
        return fail(to_string(member.run) + " shows another holder of " + key +
                    " than there is, or keeps one that is gone");
      }
    }
    // Whoever goes before all others under each of its names loses none of them, so it is this one.
    const auto then = before.find(key);
    if (then == before.end()) {
      continue;
    }
    const Claimant best = *winner(then->second);
    const bool wins_all = std::ranges::all_of(before, [&](const auto& claims) {
      return winner(claims.second)->pid == best.pid ||
             std::ranges::none_of(claims.second,
                                  [&](const Claimant& one) { return one.pid == best.pid; });
    });
    const bool was_told = doomed_.contains(best.pid);
    tally_.decided += wins_all && !was_told && then->second.size() > 1 ? 1U : 0U;
    if (wins_all && !was_told && holder != best.pid) {
      return fail(key + " is held by " + (holder.is_none() ? "nobody" : to_string(holder)) +
                  ", the model says " + to_string(best.pid));
    }
  }
}

}  // namespace horde::props::names
