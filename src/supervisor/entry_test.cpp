#include "supervisor/entry.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"
#include "crdt/aw_lww_map.hpp"
#include "supervisor/test_entries.hpp"
#include "wire/limits.hpp"

namespace horde::supervisor {
namespace {

using base::NodeId;

TEST(EntryBytes, AreReadAsTheyWereWritten) {
  for (const Entry& entry : some_entries()) {
    const auto read = decode_entry(encode(entry));
    ASSERT_TRUE(read.has_value()) << to_string(entry) << ": " << wire::to_string(read.error());
    EXPECT_EQ(*read, entry);
  }
}

TEST(EntryBytes, LookAsDocsWireSays) {
  EXPECT_EQ(base::to_hex(encode(example_entry())),
            "0101e807046563686f00000080e497d01200d00f11026e310500010102066e312e352f3900000000");
}

// Goal: any bytes give an entry in its only encoding, or an error; nothing reads past the end.
// Method: cut at each length, change each byte to each value.
TEST(EntryBytes, AreRefusedOrReadInTheirOnlyEncoding) {
  const auto check = [](const base::Bytes& bytes) {
    if (const auto entry = decode_entry(bytes)) {
      EXPECT_EQ(encode(*entry), bytes);
    }
  };
  for (const Entry& entry : some_entries()) {
    const base::Bytes whole = encode(entry);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      check(whole.substr(0, length));
      EXPECT_FALSE(decode_entry(whole.substr(0, length)).has_value());
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        base::Bytes damaged = whole;
        damaged[at] = static_cast<char>(value);
        check(damaged);
      }
    }
  }
}

TEST(EntryBytes, OfTheLargestEntryFitIntoAValue) {
  Entry entry = example_entry();
  entry.birth->spec.start.assign(wire::kChildStartBytesMax, 's');
  entry.birth->spec.modules.assign(wire::kChildModulesBytesMax, 'm');
  entry.birth->spec.place_by = PlaceBy::key;
  entry.birth->spec.placement_key.assign(wire::kPlacementKeyBytesMax, 'k');
  entry.run.pid.assign(wire::kPidBytesMax, 'p');
  entry.end = {EndKind::refused, base::Bytes(wire::kEndReasonBytesMax, 'r')};
  EXPECT_TRUE(decode_entry(encode(entry)).has_value());
  EXPECT_LE(encode(entry).size(), wire::kValueBytesMax);
  entry.birth->spec.start += 's';
  EXPECT_EQ(decode_entry(encode(entry)).error().code, wire::DecodeErrc::over_limit);
}

TEST(EntryKey, NamesTheChildAndNothingElseDoes) {
  const ChildId id{0x0102030405060708, 0x1112131415161718};
  EXPECT_EQ(child_of(key_of(id)), id);
  EXPECT_EQ(child_of(key_of(id) + "x"), std::nullopt);
  EXPECT_EQ(child_of("\x10" + key_of(id).substr(1)), std::nullopt);
  EXPECT_EQ(child_of(""), std::nullopt);
}

// Goal: the value is a join: any siblings, in any order, any number of times, give the same.
// Method: random entries over domains so small that equal ranks are common; every third is the
// joint value of two others.
TEST(EntryValue, IsTheSameInWhateverOrderSiblingsAreJoined) {
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    base::Rng rng = base::Rng(seed).fork("entries");
    std::vector<Entry> entries;
    for (int i = 0; i < 5; ++i) {
      entries.push_back(random_entry(rng));
    }
    Entry first = entries[0];
    for (const Entry& entry : entries) {
      first = join(first, entry);
    }
    for (int order = 0; order < 6; ++order) {
      for (std::size_t i = entries.size() - 1; i > 0; --i) {
        std::swap(entries[i], entries[rng.below(i + 1)]);
      }
      // Joined as two halves of different sizes, one of them counted twice.
      const std::size_t cut = 1 + rng.below(entries.size() - 1);
      Entry left = entries[0];
      for (std::size_t i = 1; i < cut; ++i) {
        left = join(left, entries[i]);
      }
      Entry right = entries[cut];
      for (std::size_t i = cut; i < entries.size(); ++i) {
        right = join(entries[i], right);
      }
      ASSERT_EQ(join(join(left, right), left), first);
    }
    for (const Entry& entry : entries) {
      EXPECT_TRUE(covers(first, entry));
    }
  }
}

// Goal: R1. A writer that has not heard of a newer claim, or of an end, never wins, however new the
// stamps of its writes are. Method: the real map on three replicas; the stale owner writes last.
TEST(EntryValue, IsNotThatOfAStaleWriterHoweverLateItWrites) {
  const base::RunId a{NodeId::of("a"), 1};
  const base::RunId b{NodeId::of("b"), 1};
  const crdt::Key key = key_of({1, 2});
  crdt::AwLwwMap stale;
  Entry old_value = example_entry();
  crdt::Event birth = stale.put(a, key, encode(old_value), 10);
  crdt::AwLwwMap taker;
  taker.apply(birth);
  Entry taken = old_value;
  taken.claim = {.term = old_value.claim.term + 1, .owner = b.node, .boot = 1};
  taken.run = {.rev = 1, .start = 1};
  const crdt::Event claim = taker.put(b, key, encode(taken), 20);
  old_value.run.rev += 7;
  old_value.run.pid = "new pid";
  stale.put(a, key, encode(old_value), 1'000'000);
  stale.apply(claim);
  const crdt::Siblings& siblings = *stale.siblings(key);
  ASSERT_EQ(siblings.size(), 2U);
  EXPECT_EQ(decode_entry(crdt::winner(siblings)->value), old_value) << "by stamp it would win";
  const EntryRead read = read_entry(siblings);
  EXPECT_EQ(read.entry, taken);
  EXPECT_EQ(read.whole, claim.sibling.dot);
  EXPECT_EQ(read.puts, 2U);
}

TEST(EntryValue, KeepsTheStrikesOfALowerSibling) {
  Entry winner = example_entry();
  Entry loser = winner;
  winner.claim.term += 1;
  loser.strikes = {.era = winner.strikes.era, .count = winner.strikes.count + 3, .level = 1};
  EXPECT_EQ(join(winner, loser).claim, winner.claim);
  EXPECT_EQ(join(winner, loser).strikes, loser.strikes);
  // An owner's new era takes back the strikes of the one before, also those heard later.
  winner.strikes = {.era = loser.strikes.era + 1};
  EXPECT_EQ(join(winner, loser).strikes, winner.strikes);
}

TEST(EntryValue, OfATerminatedChildKeepsItsSpecWhenTheBirthComesLater) {
  const Entry unheard{.not_after = 500, .end = {EndKind::terminated, ""}};
  const Entry child = example_entry();
  const Entry value = join(unheard, child);
  EXPECT_TRUE(value.ended());
  EXPECT_EQ(value.birth, child.birth);
  EXPECT_EQ(decode_entry(encode(value)), value);
}

TEST(EntryValue, PassesOverWhatIsNoEntry) {
  const base::RunId a{NodeId::of("a"), 1};
  crdt::Siblings siblings = {{.dot = {a, 1}, .value = "garbage"},
                             {.dot = {a, 2}, .value = encode(example_entry())},
                             {.dot = {a, 3}, .kind = crdt::Kind::tombstone}};
  EntryRead read = read_entry(siblings);
  EXPECT_EQ(read.entry, example_entry());
  EXPECT_EQ(read.puts, 2U);
  EXPECT_EQ(read.refused, 1U);
  siblings.erase(siblings.begin() + 1);
  EXPECT_EQ(read_entry(siblings).entry, std::nullopt);
}

TEST(Token, IsHigherForALaterTakerThanForAnyNumberOfRestartsBefore) {
  const Token restarted{{.term = 5, .owner = NodeId::of("z"), .boot = 9}, 1'000};
  const Token taken{{.term = 6, .owner = NodeId::of("a"), .boot = 1}, 1};
  EXPECT_LT(restarted, taken);
  EXPECT_LT((Token{taken.claim, 1}), (Token{taken.claim, 2}));
  EXPECT_EQ(to_string(taken), "6@a.1/1");
}

}  // namespace
}  // namespace horde::supervisor
