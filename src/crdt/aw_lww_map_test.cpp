#include "crdt/aw_lww_map.hpp"

#include <gtest/gtest.h>

namespace horde::crdt {
namespace {

using base::NodeId;
using base::RunId;

const RunId a{NodeId::of("a"), 1};
const RunId b{NodeId::of("b"), 1};
const RunId c{NodeId::of("c"), 1};

// All of a replica's state, as its peer would send it.
Remote all_of(const AwLwwMap& map) {
  Remote out{.vector = map.vector(), .floor = map.floor()};
  map.visit_after(0, [&](const Key& key, const Siblings& siblings, std::uint64_t) {
    out.entries.emplace_back(key, siblings);
    return true;
  });
  return out;
}

std::string text_of(const AwLwwMap& map, const Key& key) {
  return map.siblings(key) == nullptr ? "" : to_string(*map.siblings(key));
}

TEST(AwLwwMap, ShowsTheNewestOfConcurrentPutsAndKeepsBoth) {
  AwLwwMap at_a;
  AwLwwMap at_b;
  at_a.put(a, "k", "x", 5);
  at_b.put(b, "k", "y", 4);
  at_a.join(all_of(at_b));
  EXPECT_EQ(*at_a.get("k"), "x");
  EXPECT_EQ(text_of(at_a, "k"), "{a.1:1=x@5, b.1:1=y@4}");
}

// Goal: a write that saw another wins over it, whatever the clocks say (W3, K17).
TEST(AwLwwMap, AWriteThatSawAnotherOneWinsDespiteASlowClock) {
  AwLwwMap at_a;
  AwLwwMap at_b;
  at_a.put(a, "k", "x", 1'000);
  at_b.join(all_of(at_a));
  at_b.put(b, "k", "y", 3);
  at_a.join(all_of(at_b));
  EXPECT_EQ(text_of(at_a, "k"), "{b.1:1=y@1001}");
}

// Goal: two owners that put their value again at the same time agree on who is shown, so that one
// of them stops. Method: their stamps after it are as before, so the winner is the same.
TEST(AwLwwMap, PuttingTheShownValueAgainOverItsSiblingsKeepsItsStamp) {
  AwLwwMap at_a;
  AwLwwMap at_b;
  at_a.put(a, "k", "x", 5);
  at_b.put(b, "k", "y", 4);
  at_a.join(all_of(at_b));
  const Event again = at_a.put_over(a, "k");
  EXPECT_EQ(again.supersedes, (std::vector<base::Dot>{{a, 1}, {b, 1}}));
  EXPECT_EQ(text_of(at_a, "k"), "{a.1:2=x@5}");
}

TEST(AwLwwMap, AConcurrentAddWinsOverARemove) {
  AwLwwMap at_a;
  AwLwwMap at_b;
  at_a.put(a, "k", "x", 1);
  at_b.join(all_of(at_a));
  at_a.remove(a, "k", 2);
  at_b.put(b, "k", "y", 2);
  at_a.join(all_of(at_b));
  at_b.join(all_of(at_a));
  EXPECT_EQ(*at_a.get("k"), "y");
  EXPECT_EQ(at_a.digest(), at_b.digest());
}

// Goal: what the sender covers and does not have is superseded (S2). The tombstone between x and y
// is itself superseded, so nothing in the sender's entry names x.
TEST(AwLwwMap, AJoinDropsWhatTheSenderCoversAndDoesNotHave) {
  AwLwwMap at_a;
  AwLwwMap at_b;
  at_b.put(b, "k", "x", 1);
  at_a.join(all_of(at_b));
  at_b.remove(b, "k", 2);
  at_b.put(b, "k", "y", 3);
  at_a.join(all_of(at_b));
  EXPECT_EQ(text_of(at_a, "k"), "{b.1:3=y@3}");
}

TEST(AwLwwMap, AnEventWaitsForItsPredecessorAndForWhatItSupersedes) {
  AwLwwMap at_a;
  AwLwwMap at_b;
  const Event x = at_a.put(a, "k", "x", 1);
  const Event other = at_a.put(a, "other", "z", 1);
  at_b.apply(x);
  const Event y = at_b.put(b, "k", "y", 2);
  AwLwwMap at_c;
  EXPECT_EQ(at_c.fit(other), AwLwwMap::Fit::early);  // P1
  EXPECT_EQ(at_c.fit(y), AwLwwMap::Fit::early);      // P2
  at_c.apply(x);
  EXPECT_EQ(at_c.fit(y), AwLwwMap::Fit::applies);
  at_c.apply(y);
  EXPECT_EQ(at_c.fit(y), AwLwwMap::Fit::covered);
  EXPECT_EQ(text_of(at_c, "k"), "{b.1:1=y@2}");
}

// Goal: a dropped tombstone stays known as a floor, and a join with who dropped it keeps ours (T1,
// T3).
TEST(AwLwwMap, ADroppedTombstoneRaisesTheFloorAndIsKeptByOthers) {
  AwLwwMap at_a;
  AwLwwMap at_b;
  at_a.put(a, "k", "x", 1);
  at_a.remove(a, "k", 2);
  at_b.join(all_of(at_a));
  at_a.drop_tombstone("k", {a, 2});
  EXPECT_EQ(at_a.entries(), 0U);
  EXPECT_FALSE(at_a.floor_covered_by(AwLwwMap{}.vector()));
  EXPECT_TRUE(at_a.floor_covered_by(at_b.vector()));
  at_b.join(all_of(at_a));
  EXPECT_EQ(text_of(at_b, "k"), "{a.1:2 removed}");
  EXPECT_EQ(at_a.digest(), at_b.digest());
}

TEST(AwLwwMap, TellsOfVisibleChangesOnlyWhereSomethingVisibleChanged) {
  AwLwwMap at_a;
  AwLwwMap at_b;
  at_a.put(a, "k", "x", 5);
  EXPECT_EQ(at_a.take_delta().keys.at(0).visible, Visible::added);
  at_b.put(b, "k", "old", 1);
  at_a.join(all_of(at_b));
  EXPECT_EQ(at_a.take_delta().keys.at(0).visible, Visible::same);
  at_a.remove(a, "k", 6);
  EXPECT_EQ(at_a.take_delta().keys.at(0).visible, Visible::removed);
  at_a.drop_tombstone("k", {a, 2});
  EXPECT_EQ(at_a.take_delta().floors.size(), 1U);
  EXPECT_TRUE(at_a.take_delta().empty());
}

TEST(AwLwwMap, ServesEntriesInTheOrderOfTheirLastChange) {
  AwLwwMap at_a;
  at_a.put(a, "k1", "1", 1);
  at_a.put(a, "k2", "2", 1);
  const std::uint64_t cursor = at_a.last_order();
  at_a.put(a, "k1", "3", 1);
  std::vector<Key> later;
  at_a.visit_after(cursor, [&](const Key& key, const Siblings&, std::uint64_t order) {
    EXPECT_EQ(order, at_a.last_order());
    later.push_back(key);
    return true;
  });
  EXPECT_EQ(later, std::vector<Key>{"k1"});
}

TEST(AwLwwMap, ClosingARunDropsItsTombstonesAndFloorsAndKeepsItsPuts) {
  AwLwwMap at_a;
  at_a.put(a, "kept", "v", 1);
  at_a.put(a, "gone", "v", 1);
  at_a.remove(a, "gone", 2);
  at_a.put({a.node, 2}, "new", "v", 3);
  at_a.close(a.node, 2);
  EXPECT_EQ(at_a.tombstones(), 0U);
  EXPECT_EQ(at_a.to_map(), (std::map<Key, Value>{{"kept", "v"}, {"new", "v"}}));
  EXPECT_TRUE(at_a.below_floor({a, 3}));
}

// Goal: every index returns to its size before. Method: fill and empty the map, twice.
TEST(AwLwwMap, IsEmptyAgainAfterEverythingWasRemovedAndDropped) {
  AwLwwMap at_a;
  std::size_t after_first = 0;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) {
      at_a.put(a, "k" + std::to_string(i), "v", 1);
    }
    for (int i = 0; i < 100; ++i) {
      const auto removed = at_a.remove(a, "k" + std::to_string(i), 2);
      at_a.drop_tombstone("k" + std::to_string(i), removed->sibling.dot);
    }
    EXPECT_EQ(at_a.entries() + at_a.tombstones() + at_a.keys_visible(), 0U);
    EXPECT_EQ(at_a.live_sum(), 0U);
    after_first = round == 0 ? at_a.bytes() : after_first;
  }
  EXPECT_EQ(at_a.bytes(), after_first);
}

// A3 on a history in which all three replicas wrote the same keys: joins in any order, and twice,
// give one state. Method: the same history is made afresh for each order of joins at a fourth
// replica.
TEST(AwLwwMap, JoinsCommuteAssociateAndRepeatWithoutEffect) {
  std::vector<int> order = {0, 1, 2};
  std::vector<std::string> results;
  do {
    std::array<AwLwwMap, 3> maps;
    maps[0].put(a, "k", "x", 1);
    maps[1].join(all_of(maps[0]));
    maps[1].put(b, "k", "y", 2);
    maps[2].join(all_of(maps[0]));
    maps[2].remove(c, "k", 9);
    maps[2].put(c, "j", "z", 1);
    AwLwwMap joined;
    for (const int i : order) {
      joined.join(all_of(maps[static_cast<std::size_t>(i)]));
      joined.join(all_of(maps[static_cast<std::size_t>(i)]));
    }
    results.push_back(text_of(joined, "k") + text_of(joined, "j") + to_string(joined.vector()));
  } while (std::ranges::next_permutation(order).found);
  ASSERT_EQ(results.size(), 6U);
  for (const std::string& result : results) {
    EXPECT_EQ(result, "{b.1:1=y@2, c.1:1 removed}{c.1:2=z@1}{a.1:1 b.1:1 c.1:2}");
  }
}

}  // namespace
}  // namespace horde::crdt
