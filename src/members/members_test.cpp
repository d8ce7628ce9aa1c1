#include "members/members.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace horde::members {
namespace {

using base::Instant;
using base::NodeId;

// A map with a member list on it, written by one replica.
class Table {
 public:
  explicit Table(Members& members) : members_(members) {}
  void carry_out(const std::vector<Write>& writes, Instant now = {}) {
    for (const Write& write : writes) {
      if (write.value) {
        map_.put(run_, write.key, *write.value, ++clock_);
      } else {
        map_.remove(run_, write.key, ++clock_);
      }
    }
    members_.on_changes(now, map_, map_.take_delta().keys);
  }
  [[nodiscard]] std::string text(const SeenNodes& seen) const {
    std::string out;
    for (const Member& member : members_.list(seen)) {
      out += member.name + "=" + std::string(to_string(member.status)) + " ";
    }
    return out;
  }
  [[nodiscard]] const crdt::AwLwwMap& map() const { return map_; }

 private:
  Members& members_;
  crdt::AwLwwMap map_;
  base::RunId run_{NodeId::of("w"), 1};
  crdt::Stamp clock_ = 0;
};

Seen reachable(std::uint64_t boot) {
  return {Seen::State::reachable, boot, {}};
}

// Shows: members.set_exact, members.set_uninitialized, members.set_idempotent
TEST(Members, SetMembersMakesTheListExactlyThatAndTwiceChangesNothing) {
  Members members("n1", {});
  Table table(members);
  table.carry_out(members.set_members({"n1", "n2", "n3"}));
  table.carry_out(members.set_members({"n1", "n4"}));
  EXPECT_EQ(table.text({}), "n1=uninitialized n4=uninitialized ");
  EXPECT_TRUE(members.set_members({"n1", "n4"}).empty());
  EXPECT_EQ(members.witnesses({}).size(), 4U);  // n2 and n3 were removed just now.
}

// Shows: members.status, members.not_dead_after_all
TEST(Members, AStatusHoldsForTheBootThatSaidItAndWhileTheMemberIsReachable) {
  Members members("n1", {});
  Table table(members);
  table.carry_out(members.announce(7));
  EXPECT_TRUE(members.is_announced(7));
  const NodeId n1 = NodeId::of("n1");
  EXPECT_EQ(table.text({{n1, reachable(7)}}), "n1=alive ");
  EXPECT_EQ(table.text({{n1, reachable(8)}}), "n1=uninitialized ");
  EXPECT_EQ(table.text({{n1, {Seen::State::dead, 7, {}}}}), "n1=dead ");
  table.carry_out(members.announce_stop(7));
  EXPECT_EQ(table.text({{n1, reachable(7)}}), "n1=shutting_down ");
}

// Shows: members.option_list
TEST(Members, AGivenListIsWrittenOnlyWhereNoneIsThere) {
  Members members("n1", {.automatic = false, .names = {"n1", "n2"}});
  Table table(members);
  table.carry_out(members.announce(1));
  EXPECT_EQ(members.wanted().size(), 2U);
  table.carry_out(members.set_members({"n2"}));
  EXPECT_TRUE(members.announce(2).empty());  // Removed: it does not put itself back.
}

// Goal: a split never shrinks both sides to themselves; only a goodbye or a long silence removes.
// Shows: members.option_auto, members.auto_split
TEST(Members, AutoRemovesWhoLeftAndWhoWasSilentForLong) {
  Members members("n1", {.forget_after = base::seconds(100)});
  Table table(members);
  table.carry_out(members.set_members({"n1", "n2", "n3", "n4"}));
  const SeenNodes seen = {{NodeId::of("n1"), reachable(1)},
                          {NodeId::of("n2"), {Seen::State::dead, 1, Instant{}}},
                          {NodeId::of("n3"), {Seen::State::left, 1, Instant{}}},
                          {NodeId::of("n4"), reachable(1)}};
  const Instant soon{base::seconds(10).ns};
  const Instant late{base::seconds(100).ns};
  ASSERT_EQ(members.prune(soon, seen).size(), 2U);
  EXPECT_EQ(members.prune(soon, seen)[0].key, std::string("\x01n3"));
  EXPECT_EQ(members.prune(late, seen).size(), 4U);
  Members other("n4", {});
  other.load({}, table.map());
  EXPECT_TRUE(other.prune(late, seen).empty());  // n1 is there and does it.
}

// Goal: whoever stops and comes back is a member again, in whatever order others hear of it.
TEST(Members, AutoKeepsWhoHasComeBackBeforeItsNewBootIsHeardOf) {
  Members pruner("n1", {});
  Table table(pruner);
  Members stopped("n3", {});
  table.carry_out(pruner.announce(1));
  table.carry_out(stopped.announce(7));
  const SeenNodes seen = {{NodeId::of("n1"), reachable(1)},
                          {NodeId::of("n3"), {Seen::State::left, 7, Instant{}}}};
  table.carry_out(pruner.prune({}, seen));
  ASSERT_FALSE(pruner.is_wanted(NodeId::of("n3")));
  for (const Write& write : stopped.announce(8)) {
    table.carry_out({write});
    EXPECT_TRUE(pruner.prune({}, seen).empty()) << "after " << write.key.substr(1);
  }
  EXPECT_TRUE(pruner.is_wanted(NodeId::of("n3")));
}

// Goal: the same when it is back so soon that it finds itself on the list still.
TEST(Members, AutoPutsItselfOnTheListInEachBootAgainstARemoveThatIsUnderWay) {
  Members back("n3", {});
  Table table(back);
  table.carry_out(back.announce(7));
  const std::vector<Write> writes = back.announce(8);
  EXPECT_TRUE(std::ranges::any_of(writes, [](const Write& write) {
    return write.key == std::string("\x01n3") && write.value.has_value();
  }));
}

// Goal: nodes that start together find each other although each knows only its own list at first.
// Shows: members.option_auto
TEST(Members, UnderAutoEverybodyTakesPartButWhoWasRemoved) {
  Members members("n1", {});
  Table table(members);
  table.carry_out(members.announce(1));
  EXPECT_TRUE(members.takes_part(NodeId::of("n2")));
  table.carry_out(members.set_members({"n1", "n2"}));
  table.carry_out(members.set_members({"n1"}));
  EXPECT_FALSE(members.takes_part(NodeId::of("n2")));
  EXPECT_TRUE(members.takes_part(NodeId::of("n3")));
}

// Shows: members.forgotten
TEST(Members, WhoWasRemovedForLongIsNoWitnessAnyMore) {
  Members members("n1", {.forget_after = base::seconds(100)});
  Table table(members);
  table.carry_out(members.set_members({"n1", "n2"}));
  table.carry_out(members.set_members({"n1"}), Instant{});
  EXPECT_TRUE(members.witnesses(Instant{}).contains(NodeId::of("n2")));
  const Instant late{base::seconds(100).ns};
  EXPECT_FALSE(members.witnesses(late).contains(NodeId::of("n2")));
  EXPECT_TRUE(members.retired(late).contains(NodeId::of("n2")));
}

// Goal: nobody is waited for without end, also where the list is given. Method: a silent member at
// the last moment, after it, and back; and one that is given up for want of room.
TEST(Members, WhoIsSilentForLongIsNoWitnessUntilItIsBack) {
  Members members("n1", {.automatic = false, .forget_after = base::seconds(100)});
  Table table(members);
  table.carry_out(members.set_members({"n1", "n2", "n3"}));
  const NodeId n2 = NodeId::of("n2");
  const NodeId n3 = NodeId::of("n3");
  const Seen silent{.state = Seen::State::dead, .boot = 1, .since = {base::seconds(5).ns}};
  SeenNodes seen = {{n2, silent}, {n3, {.boot = 1}}};
  EXPECT_FALSE(members.note_silence(Instant{base::seconds(105).ns - 1}, seen));
  const Instant late{base::seconds(105).ns};
  EXPECT_TRUE(members.note_silence(late, seen));
  EXPECT_EQ(members.witnesses(late), (std::set<NodeId>{NodeId::of("n1"), n3}));
  EXPECT_EQ(members.retired(late), std::set<NodeId>{n2});
  table.carry_out(members.set_members({"n1", "n3"}), late);
  EXPECT_FALSE(members.witnesses(late).contains(n2));
  seen[n2].state = Seen::State::reachable;
  EXPECT_TRUE(members.note_silence(late, seen));
  EXPECT_TRUE(members.witnesses(late).contains(n2));
  EXPECT_EQ(members.give_up_one(seen), std::nullopt);
  seen[n3] = silent;
  EXPECT_EQ(members.give_up_one(seen), n3);
  EXPECT_EQ(members.retired(late), std::set<NodeId>{n3});
  EXPECT_EQ(members.give_up_one(seen), std::nullopt);
}

}  // namespace
}  // namespace horde::members
