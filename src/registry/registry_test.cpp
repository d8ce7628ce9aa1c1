#include "registry/registry.hpp"

#include <gtest/gtest.h>

#include "registry/test_registries.hpp"
#include "wire/limits.hpp"

namespace horde::registry::test {
namespace {

using process::NameErrc;
using process::Pid;

NameErrc why(const process::NameResult& result) {
  EXPECT_FALSE(result.has_value());
  return result ? NameErrc::wait : result.error().why;
}

Registrant copy_of(const Pid& pid, std::uint64_t id, std::uint64_t birth_ns, std::uint64_t term) {
  return {.pid = pid, .child = Registrant::OfChild{{0, id}, birth_ns, term}};
}

Options with_listener() {
  return {.listeners = {"listener"}};
}

// Shows: registry.register, registry.read_your_write
TEST(Registry, WhatWasRegisteredIsReadBackAtOnce) {
  TestRegistries members(2);
  const Pid pid = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, pid, "leader", "v1"));
  EXPECT_EQ(members.holder(0, "leader"), pid);
  EXPECT_EQ(members.at(0).table().lookup("leader")->value, "v1");
  EXPECT_EQ(members.holder(1, "leader"), Pid{});  // Not heard of yet.
  members.deliver(0, 1);
  EXPECT_EQ(members.holder(1, "leader"), pid);
  EXPECT_TRUE(members.is_converged());
}

// Shows: registry.already_registered, registry.keys_unique
TEST(Registry, AHeldNameIsRefusedAndTheHolderIsNamed) {
  TestRegistries members(2);
  const Pid first = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, first, "leader"));
  members.deliver(0, 1);
  for (const std::size_t i : {0U, 1U}) {
    const auto result = members.enroll(i, members.spawn(i), "leader");
    EXPECT_EQ(why(result), NameErrc::already_registered);
    EXPECT_EQ(result.error().holder, first);
  }
  EXPECT_EQ(why(members.enroll(0, first, "leader")), NameErrc::already_registered);
}

// Shows: registry.many_keys, registry.keys
TEST(Registry, OneProcessMayHoldManyKeys) {
  TestRegistries members(2);
  const Pid pid = members.spawn(0);
  for (const char* key : {"c", "a", "b"}) {
    ASSERT_TRUE(members.enroll(0, pid, key));
  }
  members.deliver(0, 1);
  const std::vector<base::BytesView> all{"a", "b", "c"};
  EXPECT_EQ(members.at(0).table().keys(pid), all);
  EXPECT_EQ(members.at(1).table().keys(pid), all);
}

// Shows: registry.unregister, registry.only_holder
TEST(Registry, OnlyTheHolderUnregisters) {
  TestRegistries members(2);
  const Pid holder = members.spawn(0);
  const Pid other = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, holder, "k"));
  const auto unregister = [&](std::size_t i, const Pid& pid) {
    process::NameResult result;
    members.act(i, [&](Registry& registry, Outputs& out) {
      result = registry.unregister_name(members.now(), pid, "k", out);
    });
    return result;
  };
  EXPECT_EQ(why(unregister(0, other)), NameErrc::not_held);
  members.deliver(0, 1);
  EXPECT_EQ(why(unregister(1, members.spawn(1))), NameErrc::not_held);
  EXPECT_EQ(members.holder(0, "k"), holder);
  EXPECT_TRUE(unregister(0, holder));
  EXPECT_TRUE(unregister(0, holder));  // Nobody holds it: fine.
  members.deliver(0, 1);
  EXPECT_EQ(members.holder(1, "k"), Pid{});
  EXPECT_TRUE(members.enroll(1, members.spawn(1), "k"));
}

// Shows: registry.holder_exits
TEST(Registry, AHoldersKeysGoWithIt) {
  TestRegistries members(2);
  const Pid pid = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, pid, "a"));
  ASSERT_TRUE(members.enroll(0, pid, "b"));
  members.deliver(0, 1);
  members.end(0, pid);
  EXPECT_EQ(members.holder(0, "a"), Pid{});
  members.deliver(0, 1);
  EXPECT_EQ(members.at(1).table().shown_count(), 0U);
  EXPECT_EQ(members.at(1).table().holdings_count(), 0U);
}

// R15.
// Shows: registry.hidden
TEST(Registry, NamesOfAMemberThatIsGoneAreHiddenAndComeBackWithoutAWrite) {
  TestRegistries members(2);
  const Pid pid = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, pid, "k"));
  members.deliver(0, 1);
  const std::uint64_t digest = members[1].map.digest();
  members.groups({{0}, {1}});
  EXPECT_EQ(members.holder(1, "k"), Pid{});
  EXPECT_EQ(members.at(1).table().shown_count(), 0U);
  members.everybody_sees_everybody();
  EXPECT_EQ(members.holder(1, "k"), pid);
  EXPECT_EQ(members[1].map.digest(), digest);
}

// Shows: registry.old_boot
TEST(Registry, NamesOfAnEarlierBootAreHiddenAndThenTakenOutByTheirNode) {
  TestRegistries members(2);
  ASSERT_TRUE(members.enroll(0, members.spawn(0), "k"));
  members.deliver(0, 1);
  members.restart(0);
  members.everybody_sees_everybody();
  EXPECT_EQ(members.holder(1, "k"), Pid{});
  EXPECT_EQ(members.at(1).table().holdings_count(), 1U);
  members.synced(0);
  members.deliver(0, 1);
  EXPECT_EQ(members.at(1).table().holdings_count(), 0U);
}

// Shows: registry.member_removed
TEST(Registry, NamesOfARemovedMemberAreTakenOutByOneOfTheOthers) {
  TestRegistries members(3);
  const Pid pid = members.spawn(2);
  ASSERT_TRUE(members.enroll(2, pid, "k"));
  members.deliver_all();
  members.remove_member(2);
  members.groups({{0, 1}, {2}});
  EXPECT_EQ(members.holder(1, "k"), Pid{});
  EXPECT_EQ(members.at(0).table().holdings_count(), 0U);
  EXPECT_EQ(members.at(1).table().holdings_count(), 1U);  // One of them is enough.
  members.deliver(0, 1);
  EXPECT_EQ(members.at(1).table().holdings_count(), 0U);
  // It hears that it was no member, and then that it is one again: its process lives, and has it.
  members.deliver(0, 2);
  members.add_member(2);
  members.everybody_sees_everybody();
  members.deliver_all();
  EXPECT_EQ(members.holder(0, "k"), pid);
}

// R16, R18.
// Shows: registry.conflict, registry.conflict_listeners
TEST(Registry, OfTwoHoldersTheLaterBornWinsAndTheLoserIsToldOnce) {
  TestRegistries members(3, with_listener());
  members.groups({{0}, {1, 2}});
  const Pid old = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, old, "k", "old"));
  members.advance(base::seconds(1));
  const Pid young = members.spawn(1);
  ASSERT_TRUE(members.enroll(1, young, "k", "young"));
  members.everybody_sees_everybody();
  members.deliver_all();
  for (const std::size_t i : {0U, 1U, 2U}) {
    EXPECT_EQ(members.holder(i, "k"), young);
  }
  ASSERT_EQ(members[0].losers.size(), 1U);
  EXPECT_EQ(members[0].losers[0].loser, old);
  EXPECT_EQ(members[0].losers[0].winner, young);
  EXPECT_FALSE(members[0].losers[0].same_child);
  EXPECT_TRUE(members[1].losers.empty());
  EXPECT_EQ(members.at(0).statistics().conflicts_lost, 1U);
  ASSERT_EQ(members[0].heard.size(), 3U);
  EXPECT_EQ(members[0].heard[0].kind, Event::Kind::registered);
  EXPECT_EQ(members[0].heard[1].kind, Event::Kind::unregistered);
  EXPECT_EQ(members[0].heard[1].pid, old);
  EXPECT_EQ(members[0].heard[1].cause, Cause::conflict);
  EXPECT_EQ(members[0].heard[2].pid, young);
}

TEST(Registry, ALoserThatStaysIsKilledAfterTheGrace) {
  TestRegistries members(2);
  members.groups({{0}, {1}});
  const Pid old = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, old, "k"));
  ASSERT_TRUE(members.enroll(0, old, "other"));
  members.advance(base::seconds(1));
  ASSERT_TRUE(members.enroll(1, members.spawn(1), "k"));
  members.everybody_sees_everybody();
  members.deliver_all();
  members.advance(Options{}.conflict_grace - base::Duration{1});
  EXPECT_TRUE(members[0].kills.empty());
  members.advance(base::Duration{1});
  EXPECT_EQ(members[0].kills, std::vector<Pid>{old});
  members.end(0, old);
  members.deliver_all();
  EXPECT_EQ(members.at(1).table().holdings_count(), 1U);
}

// Shows: registry.priority
TEST(Registry, APriorityGoesBeforeTheBirth) {
  TestRegistries members(2);
  members.groups({{0}, {1}});
  const Pid old = members.spawn(0);
  ASSERT_TRUE(
      members.enroll(0, {.pid = old, .child = {}}, {.key = "k", .value = {}, .priority = 1}));
  members.advance(base::seconds(1));
  const Pid young = members.spawn(1);
  ASSERT_TRUE(members.enroll(1, young, "k"));
  members.everybody_sees_everybody();
  members.deliver_all();
  EXPECT_EQ(members.holder(0, "k"), old);
  EXPECT_EQ(members.holder(1, "k"), old);
  ASSERT_EQ(members[1].losers.size(), 1U);
  EXPECT_EQ(members[1].losers[0].loser, young);
}

// R16: pair by pair, each would beat the next.
// Shows: registry.conflict_ranks
TEST(Registry, TwoCopiesOfAChildAndAnotherHaveOneWinnerWhoeverIsHeardOfFirst) {
  for (const bool other_way : {false, true}) {
    TestRegistries members(4);
    members.groups({{0}, {1}, {2}, {3}});
    const Pid early_copy = members.spawn(0);
    const Pid late_copy = members.spawn(1);
    const Pid other = members.spawn(2);
    ASSERT_TRUE(members.enroll(0, copy_of(early_copy, 7, 100, 1),
                               {.key = "k", .value = {}, .priority = 5}));
    ASSERT_TRUE(members.enroll(1, copy_of(late_copy, 7, 100, 2), {.key = "k", .value = {}}));
    ASSERT_TRUE(
        members.enroll(2, copy_of(other, 9, 90, 1), {.key = "k", .value = {}, .priority = 3}));
    members.view(3, {0, 1, 2, 3});
    for (const std::size_t from :
         other_way ? std::vector<std::size_t>{2, 1, 0} : std::vector<std::size_t>{0, 1, 2}) {
      members.deliver(from, 3);
    }
    EXPECT_EQ(members.holder(3, "k"), other);
  }
}

// R17.
// Shows: registry.predecessor
TEST(Registry, AChildTakesTheNameOfItsPredecessorAtOnce) {
  TestRegistries members(2);
  const Pid before = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, copy_of(before, 7, 100, 1), {.key = "k", .value = "a"}));
  members.deliver(0, 1);
  // The registry does not know yet that the holder is gone.
  const Pid after = members.spawn(1);
  ASSERT_TRUE(members.enroll(1, copy_of(after, 7, 100, 2), {.key = "k", .value = "b"}));
  EXPECT_EQ(members.holder(1, "k"), after);
  // Another child may not, and neither may a process, nor an earlier copy of the same.
  EXPECT_EQ(why(members.enroll(1, copy_of(members.spawn(1), 8, 200, 9), {.key = "k", .value = {}})),
            NameErrc::already_registered);
  EXPECT_EQ(why(members.enroll(1, members.spawn(1), "k")), NameErrc::already_registered);
  const Pid late = members.spawn(0);
  members.deliver(1, 0);
  EXPECT_EQ(why(members.enroll(0, copy_of(late, 7, 100, 1), {.key = "k", .value = {}})),
            NameErrc::already_registered);
  const auto refused = members.at(0).last_refusal(late);
  EXPECT_EQ(refused.to, Registry::LostTo::same_child);
  EXPECT_EQ(refused.holder, after);
  EXPECT_EQ(refused.term, 2U);
  // That it declined is heard of when it has ended already.
  members.end(0, late);
  EXPECT_EQ(members.at(0).last_refusal(late).to, Registry::LostTo::same_child);
}

// Shows: registry.suspect
TEST(Registry, WhetherASuspectsNameIsFreeIsWaitedFor) {
  TestRegistries members(2);
  ASSERT_TRUE(members.enroll(0, members.spawn(0), "k"));
  members.deliver(0, 1);
  members.view(1, {0, 1}, {0});
  const Pid pid = members.spawn(1);
  EXPECT_EQ(why(members.enroll(1, pid, "k")), NameErrc::wait);
  const auto call = [&](std::uint64_t id) {
    members.act(1, [&](Registry& registry, Outputs& out) {
      registry.register_name(members.now(), base::CallId{id}, {.pid = pid, .child = {}},
                             {.pid = pid, .what = {.key = "k", .value = {}}}, out);
    });
  };
  call(1);
  EXPECT_TRUE(members[1].replies.empty());
  members.view(1, {1});
  ASSERT_TRUE(members[1].replies.contains(1));
  EXPECT_EQ(members[1].replies[1].status, CallStatus::ok);
  EXPECT_EQ(members.holder(1, "k"), pid);
}

TEST(Registry, ACallThatHasToWaitEndsInTime) {
  TestRegistries members(2);
  ASSERT_TRUE(members.enroll(0, members.spawn(0), "k"));
  members.deliver(0, 1);
  members.view(1, {0, 1}, {0});
  const Pid pid = members.spawn(1);
  members.act(1, [&](Registry& registry, Outputs& out) {
    registry.register_name(
        members.now(), base::CallId{1}, {.pid = pid, .child = {}},
        {.pid = pid, .what = {.key = "k", .value = {}}, .timeout = base::milliseconds(120)}, out);
  });
  members.advance(base::milliseconds(119));
  EXPECT_TRUE(members[1].replies.empty());
  members.advance(base::milliseconds(1));
  ASSERT_TRUE(members[1].replies.contains(1));
  EXPECT_EQ(members[1].replies[1].status, CallStatus::timeout);
}

// Shows: registry.loser_suspect
TEST(Registry, NobodyEndsForAWinnerThatMayBeGone) {
  TestRegistries members(2);
  members.groups({{0}, {1}});
  ASSERT_TRUE(members.enroll(0, members.spawn(0), "k"));
  members.advance(base::seconds(1));
  ASSERT_TRUE(members.enroll(1, members.spawn(1), "k"));
  members.view(0, {0, 1}, {1});
  members.deliver(1, 0);
  EXPECT_TRUE(members[0].losers.empty());
  members.view(0, {0, 1});
  members.advance(base::seconds(1));
  EXPECT_EQ(members[0].losers.size(), 1U);
}

// Shows: registry.conflict_pace
TEST(Registry, ABurstOfConflictsIsPaced) {
  TestRegistries members(2, {.conflicts_at_once = 10, .conflict_pace = base::milliseconds(20)});
  members.groups({{0}, {1}});
  for (int i = 0; i < 35; ++i) {
    ASSERT_TRUE(members.enroll(0, members.spawn(0), "k" + std::to_string(i)));
  }
  members.advance(base::seconds(1));
  for (int i = 0; i < 35; ++i) {
    ASSERT_TRUE(members.enroll(1, members.spawn(1), "k" + std::to_string(i)));
  }
  members.everybody_sees_everybody();
  members.deliver_all();
  EXPECT_EQ(members[0].losers.size(), 10U);
  members.advance(base::milliseconds(20));
  EXPECT_EQ(members[0].losers.size(), 20U);
  members.advance(base::milliseconds(20));
  members.advance(base::milliseconds(20));
  EXPECT_EQ(members[0].losers.size(), 35U);
}

// Shows: registry.update_value
TEST(Registry, OnlyTheHolderChangesItsValue) {
  TestRegistries members(2, with_listener());
  const Pid holder = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, holder, "k", "1"));
  const auto update = [&](const Pid& pid, base::BytesView key) {
    std::expected<process::UpdatedValue, process::NameRefusal> result;
    members.act(0, [&](Registry& registry, Outputs& out) {
      result = registry.update_value(
          members.now(), pid, key, [](base::BytesView old) { return base::Bytes(old) + "+"; }, out);
    });
    return result;
  };
  const auto done = update(holder, "k");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->before, "1");
  EXPECT_EQ(done->after, "1+");
  EXPECT_EQ(update(members.spawn(0), "k").error().why, NameErrc::not_held);
  EXPECT_EQ(update(holder, "nothing").error().why, NameErrc::not_found);
  members.deliver(0, 1);
  EXPECT_EQ(members.at(1).table().lookup("k")->value, "1+");
  ASSERT_EQ(members[1].heard.size(), 1U);
  EXPECT_EQ(members[0].heard.size(), 3U);
  EXPECT_EQ(members[0].heard[2].cause, Cause::updated);
}

// Shows: registry.unregister_match
TEST(Registry, UnregisterMatchTakesThoseOfTheProcessThatMatch) {
  TestRegistries members(1, {.keys = Keys::duplicate});
  const Pid a = members.spawn(0);
  const Pid b = members.spawn(0);
  for (const char* value : {"x", "y", "x"}) {
    ASSERT_TRUE(members.enroll(0, a, "k", value));
  }
  ASSERT_TRUE(members.enroll(0, b, "k", "x"));
  std::size_t count = 0;
  members.act(0, [&](Registry& registry, Outputs& out) {
    count = registry.unregister_match(
        members.now(), a, "k", [](const process::NameEntry& entry) { return entry.value == "x"; },
        out);
  });
  EXPECT_EQ(count, 2U);
  EXPECT_EQ(members.at(0).table().shown("k").size(), 2U);
}

// Shows: registry.duplicate_keys
TEST(Registry, WithDuplicateKeysEverybodyMayHoldOne) {
  TestRegistries members(2, {.keys = Keys::duplicate, .listeners = {"listener"}});
  const Pid a = members.spawn(0);
  const Pid b = members.spawn(1);
  ASSERT_TRUE(members.enroll(0, a, "topic", "1"));
  ASSERT_TRUE(members.enroll(0, a, "topic", "2"));
  ASSERT_TRUE(members.enroll(1, b, "topic", "3"));
  members.deliver_all();
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(members.at(i).table().shown("topic").size(), 3U);
    EXPECT_EQ(members.at(i).table().shown_count(), 3U);
    EXPECT_EQ(members.at(i).table().keys(a).size(), 2U);
    EXPECT_EQ(members[i].heard.size(), 3U);
    EXPECT_TRUE(members[i].losers.empty());
  }
  members.end(0, a);
  members.deliver_all();
  EXPECT_EQ(members.at(1).table().shown("topic").size(), 1U);
  EXPECT_EQ(members[1].heard.size(), 5U);
}

// Shows: registry.meta, registry.option_meta
TEST(Registry, MetadataIsReplicated) {
  TestRegistries members(2, {.meta = {{"given", "1"}}});
  EXPECT_EQ(members.at(0).meta().at("given"), "1");
  members.act(0, [&](Registry& registry, Outputs& out) {
    EXPECT_TRUE(registry.put_meta(members.now(), "k", "v", out));
  });
  EXPECT_EQ(members.at(0).meta().at("k"), "v");
  members.deliver_all();
  EXPECT_EQ(members.at(1).meta().at("k"), "v");
  members.act(1, [&](Registry& registry, Outputs& out) {
    EXPECT_TRUE(registry.delete_meta(members.now(), "k", out));
  });
  members.deliver_all();
  EXPECT_FALSE(members.at(0).meta().contains("k"));
}

// Shows: registry.stop
TEST(Registry, AStoppedRegistryGivesItsNamesUpAndStaysStopped) {
  TestRegistries members(2);
  const Pid pid = members.spawn(0);
  const Pid other = members.spawn(1);
  ASSERT_TRUE(members.enroll(0, pid, "k"));
  ASSERT_TRUE(members.enroll(1, other, "o"));
  members.deliver_all();
  members.act(0, [&](Registry& registry, Outputs& out) { registry.stop(members.now(), out); });
  members.deliver_all();
  EXPECT_EQ(members.holder(1, "k"), Pid{});
  EXPECT_EQ(members.holder(1, "o"), other);
  EXPECT_EQ(members.holder(0, "o"), Pid{});
  EXPECT_EQ(why(members.enroll(0, pid, "k")), NameErrc::shutting_down);
  members.everybody_sees_everybody();
  EXPECT_EQ(members.holder(0, "o"), Pid{});
}

// Shows: registry.limits
TEST(Registry, WhatIsOverALimitIsRefusedByName) {
  TestRegistries members(1, {.names_max = 1});
  const Pid pid = members.spawn(0);
  const auto refused = [&](const process::Registration& what) {
    return why(members.enroll(0, {.pid = pid, .child = {}}, what));
  };
  EXPECT_EQ(refused({.key = "", .value = {}}), NameErrc::empty_key);
  EXPECT_EQ(refused({.key = base::Bytes(wire::kUserKeyBytesMax + 1, 'k'), .value = {}}),
            NameErrc::key_over_limit);
  EXPECT_EQ(refused({.key = "k", .value = base::Bytes(wire::kUserValueBytesMax + 1, 'v')}),
            NameErrc::value_over_limit);
  EXPECT_EQ(refused({.key = "k", .value = {}, .priority = process::kPriorityMax + 1}),
            NameErrc::priority_over_limit);
  EXPECT_EQ(refused({.key = "k", .value = {}, .priority = -process::kPriorityMax - 1}),
            NameErrc::priority_over_limit);
  ASSERT_TRUE(members.enroll(0, {.pid = pid, .child = {}},
                             {.key = base::Bytes(wire::kUserKeyBytesMax, 'k'),
                              .value = base::Bytes(wire::kUserValueBytesMax, 'v'),
                              .priority = process::kPriorityMax}));
  EXPECT_EQ(refused({.key = "k", .value = {}}), NameErrc::names_over_limit);
}

// Shows: registry.not_synced
TEST(Registry, BeforeItHasSyncedNothingIsRegistered) {
  TestRegistries members(2);
  members.restart(0);
  members.everybody_sees_everybody();
  const Pid pid = members.spawn(0);
  EXPECT_EQ(why(members.enroll(0, pid, "k")), NameErrc::wait);
  members.synced(0);
  EXPECT_TRUE(members.enroll(0, pid, "k"));
}

TEST(Registry, AProcessThatTakesALostNodesNameKeepsItWhenThatIsBack) {
  TestRegistries members(2);
  // The first one's clock is ahead.
  const Pid first = members.spawn(0);
  ASSERT_TRUE(members.enroll(0, first, "k"));
  members.deliver(0, 1);
  members.groups({{0}, {1}});
  const Pid second = members.spawn(1);
  ASSERT_TRUE(members.enroll(1, second, "k"));  // At the same instant: its birth is one later.
  members.everybody_sees_everybody();
  members.deliver_all();
  EXPECT_EQ(members.holder(0, "k"), second);
}

TEST(Registry, EntriesThatAreNoNamesAreCountedAndChangeNothing) {
  TestRegistries members(1);
  members.act(0, [&](Registry& registry, Outputs& out) {
    const crdt::Siblings junk{{.dot = {{base::NodeId::of("x"), 1}, 1}, .value = "junk"}};
    const std::vector<EntryChange> changes{
        {encode(NameKey{"k", {base::NodeId::of("x"), 1}, 0}), junk},
        {std::string(1, kNameKeyPrefix), junk}};
    registry.on_entries(members.now(), changes, out);
  });
  EXPECT_EQ(members.at(0).statistics().entries_refused, 2U);
  EXPECT_EQ(members.at(0).table().holdings_count(), 0U);
}

}  // namespace
}  // namespace horde::registry::test
