// TestRegistries: members of one registry for tests, over real maps. Nothing happens by itself:
// a test says when entries, messages and time get from one member to another.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "crdt/aw_lww_map.hpp"
#include "registry/registry.hpp"

namespace horde::registry::test {

class TestRegistries {
 public:
  struct Member {
    base::RunId run;
    std::unique_ptr<Registry> registry{};
    crdt::AwLwwMap map{};
    std::uint64_t last_serial = 0;
    std::set<process::Pid> alive{};
    // What it asked for.
    std::vector<TellLoser> losers{};
    std::vector<process::Pid> kills{};
    std::vector<Event> heard{};  // By the listener "listener".
    std::vector<Told> told{};
    std::map<std::uint64_t, Reply> replies{};
    std::vector<SendTo> sends{};
  };

  explicit TestRegistries(std::size_t count, const Options& options = {}) : options_(options) {
    for (std::size_t i = 0; i < count; ++i) {
      members_.push_back({.run = {base::NodeId::of("n" + std::to_string(i + 1)), 1}});
      boot(i);
    }
    everybody_sees_everybody();
    for (std::size_t i = 0; i < count; ++i) {
      synced(i);
    }
  }

  // --- Time.
  [[nodiscard]] base::Now now() const { return now_; }
  void advance(base::Duration by) {
    now_.mono = now_.mono + by;
    now_.wall.ns += by.ns;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      while (members_[i].registry->wake_at() <= now_.mono) {
        act(i, [&](Registry& registry, Outputs& out) { registry.on_timeout(now_, out); });
      }
    }
  }

  // --- Members.
  Member& operator[](std::size_t i) { return members_[i]; }
  Registry& at(std::size_t i) { return *members_[i].registry; }
  /// A new registry of the member's present run, with the map as it is.
  void boot(std::size_t i) {
    Member& member = members_[i];
    member.registry = std::make_unique<Registry>(member.run, "names", options_, base::Rng(7 + i));
    member.alive.clear();
    std::vector<EntryChange> changes;
    member.map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, auto) {
      changes.push_back({key, siblings});
      return true;
    });
    act(i, [&](Registry& registry, Outputs& out) { registry.on_entries(now_, changes, out); });
  }
  void restart(std::size_t i) {
    ++members_[i].run.start;
    boot(i);
  }
  void synced(std::size_t i) {
    act(i, [&](Registry& registry, Outputs& out) { registry.on_synced(now_, out); });
  }
  /// `i` sees these members, and of them `suspects` as suspect; everybody else is unreachable.
  void view(std::size_t i, const std::set<std::size_t>& sees,
            const std::set<std::size_t>& suspects = {}) {
    View view;
    for (std::size_t j = 0; j < members_.size(); ++j) {
      if (!removed_.contains(j)) {
        view.members.insert(members_[j].run.node);
      }
      if (sees.contains(j) || j == i) {
        view.reachable[members_[j].run.node] = members_[j].run.start;
      }
      if (suspects.contains(j)) {
        view.suspects.insert(members_[j].run.node);
      }
    }
    act(i, [&](Registry& registry, Outputs& out) { registry.on_view(now_, view, out); });
  }
  /// Each member sees exactly those of its group.
  void groups(const std::vector<std::set<std::size_t>>& groups) {
    for (const auto& group : groups) {
      for (const std::size_t i : group) {
        view(i, group);
      }
    }
  }
  void everybody_sees_everybody() {
    std::set<std::size_t> all;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      all.insert(i);
    }
    groups({all});
  }
  void remove_member(std::size_t i) { removed_.insert(i); }
  void add_member(std::size_t i) { removed_.erase(i); }

  // --- Entries.
  /// `to` gets all that `from` has.
  void deliver(std::size_t from, std::size_t to) {
    std::vector<EntryChange> changes;
    std::set<crdt::Key> keys;
    for (const crdt::Event& event : events_) {
      if (members_[from].map.vector().covers(event.sibling.dot) &&
          members_[to].map.fit(event) == crdt::AwLwwMap::Fit::applies) {
        members_[to].map.apply(event);
        keys.insert(event.key);
      }
    }
    hand_on(to, keys);
  }
  void deliver_all() {
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < members_.size(); ++i) {
        for (std::size_t j = 0; j < members_.size(); ++j) {
          deliver(i, j);
        }
      }
    }
  }
  /// Whether all maps hold the same.
  [[nodiscard]] bool is_converged() const {
    return std::ranges::all_of(members_, [this](const Member& member) {
      return member.map.digest() == members_.front().map.digest();
    });
  }

  // --- Messages.
  /// Everybody gets what was sent to it, and what follows from that; who is cut off loses it.
  void exchange(const std::set<std::size_t>& cut_off = {}) {
    for (bool any = true; any;) {
      any = false;
      for (std::size_t i = 0; i < members_.size(); ++i) {
        for (const SendTo& message : std::exchange(members_[i].sends, {})) {
          const auto to = std::ranges::find(members_, message.to, &Member::run);
          const auto j = static_cast<std::size_t>(to - members_.begin());
          if (to != members_.end() && !cut_off.contains(i) && !cut_off.contains(j)) {
            any = true;
            act(j, [&](Registry& registry, Outputs& out) {
              EXPECT_TRUE(registry.on_message(now_, members_[i].run, message.body, out));
            });
          }
        }
      }
    }
  }

  // --- Processes.
  process::Pid spawn(std::size_t i) {
    const process::Pid pid{members_[i].run, ++members_[i].last_serial};
    members_[i].alive.insert(pid);
    return pid;
  }
  void end(std::size_t i, const process::Pid& pid) {
    members_[i].alive.erase(pid);
    act(i, [&](Registry& registry, Outputs& out) { registry.process_ended(now_, pid, out); });
  }
  process::NameResult enroll(std::size_t i, const Registrant& who, process::Registration what) {
    process::NameResult result;
    act(i, [&](Registry& registry, Outputs& out) {
      result = registry.register_name(now_, who, what, out);
    });
    return result;
  }
  process::NameResult enroll(std::size_t i, const process::Pid& pid, base::BytesView key,
                             base::BytesView value = {}) {
    return enroll(i, {.pid = pid, .child = {}},
                  {.key = base::Bytes(key), .value = base::Bytes(value)});
  }
  /// Whom `i` shows under the key.
  [[nodiscard]] process::Pid holder(std::size_t i, base::BytesView key) const {
    const Holding* const holding = members_[i].registry->table().lookup(key);
    return holding == nullptr ? process::Pid{} : holding->pid;
  }

  /// Any input, and all that follows from it at this member.
  template <class Input>
  void act(std::size_t i, Input&& input) {
    Outputs out;
    input(*members_[i].registry, out);
    carry_out(i, std::move(out));
  }

 private:
  void carry_out(std::size_t i, Outputs out) {
    Member& member = members_[i];
    std::set<crdt::Key> keys;
    for (Output& output : out.list) {
      if (auto* write = std::get_if<Write>(&output)) {
        carry_out(member, *write, keys);
      } else if (auto* loser = std::get_if<TellLoser>(&output)) {
        member.losers.push_back(*loser);
      } else if (auto* kill = std::get_if<Kill>(&output)) {
        member.kills.push_back(kill->pid);
      } else if (auto* notify = std::get_if<Notify>(&output)) {
        member.heard.push_back(*decode_event(notify->event));
      } else if (auto* told = std::get_if<Told>(&output)) {
        member.told.push_back(*told);
      } else if (auto* reply = std::get_if<Reply>(&output)) {
        member.replies[reply->call.value] = *reply;
      } else if (auto* send = std::get_if<SendTo>(&output)) {
        member.sends.push_back(*send);
      }
    }
    if (!keys.empty()) {
      hand_on(i, keys);
    }
  }
  void carry_out(Member& member, const Write& write, std::set<crdt::Key>& keys) {
    if (write.value) {
      events_.push_back(member.map.put(member.run, write.key, *write.value, now_.wall.ns));
      keys.insert(write.key);
    } else if (auto event = member.map.remove(member.run, write.key, now_.wall.ns)) {
      events_.push_back(std::move(*event));
      keys.insert(write.key);
    }
  }
  void hand_on(std::size_t i, const std::set<crdt::Key>& keys) {
    std::vector<EntryChange> changes;
    for (const crdt::Key& key : keys) {
      const crdt::Siblings* siblings = members_[i].map.siblings(key);
      changes.push_back({key, siblings == nullptr ? crdt::Siblings{} : *siblings});
    }
    act(i, [&](Registry& registry, Outputs& out) { registry.on_entries(now_, changes, out); });
  }

  Options options_;
  base::Now now_{.mono = {}, .wall = {1'000'000'000}};
  std::vector<Member> members_;
  std::vector<crdt::Event> events_;
  std::set<std::size_t> removed_;
};

}  // namespace horde::registry::test
