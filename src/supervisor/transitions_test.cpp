#include "supervisor/transitions.hpp"

#include <gtest/gtest.h>

#include "supervisor/test_entries.hpp"

namespace horde::supervisor {
namespace {

using base::NodeId;

const base::RunId kOwner{NodeId::of("n1"), 5};
const base::RunId kOther{NodeId::of("n2"), 1};

Facts all_but(Facts left_out) {
  Facts out;
  for (unsigned bit = 1; bit <= 2'048; bit <<= 1U) {
    const Fact fact{static_cast<std::uint16_t>(bit)};
    if (!left_out.has_all(fact)) {
      out.add(fact);
    }
  }
  return out;
}
const Facts kAll = all_but({});

Entry claimed_by(const base::RunId& run, Entry entry) {
  entry.claim = {.term = entry.claim.term + 1, .owner = run.node, .boot = run.start};
  entry.run = {.rev = 1};
  return entry;
}

Entry ended(Entry entry, EndKind kind) {
  entry.end.kind = kind;
  return entry;
}

Entry released(Entry entry, NodeId target) {
  entry.run.state = RunState::released;
  entry.run.target = target;
  entry.run.rev += 1;
  return entry;
}

/// The write is refused without any one of `needs`, and allowed with these alone.
void expect_needs(const std::optional<Entry>& from, const std::optional<Entry>& to,
                  const base::RunId& writer, std::initializer_list<Fact> needs) {
  Facts exactly;
  for (const Fact fact : needs) {
    exactly.add(fact);
    EXPECT_NE(refusal(from, to, writer, all_but(fact)), "") << static_cast<int>(fact);
  }
  EXPECT_EQ(refusal(from, to, writer, exactly), "");
}

TEST(Transitions, AChildIsBornWhereItWasAskedForInTimeAndSynced) {
  Entry first = example_entry();
  expect_needs(std::nullopt, first, kOwner,
               {Fact::asked, Fact::in_time, Fact::synced, Fact::no_copy});
  EXPECT_NE(refusal(std::nullopt, first, kOther, kAll), "") << "under another's name";
}

TEST(Transitions, OnlyTheOwnerWritesUnderItsClaim) {
  const Entry from = example_entry();
  Entry to = from;
  to.run.rev += 1;
  to.run.pid = "another";
  EXPECT_EQ(refusal(from, to, kOwner, {}), "");
  EXPECT_NE(refusal(from, to, kOther, kAll), "");
  EXPECT_NE(refusal(from, to, {kOwner.node, kOwner.start + 1}, kAll), "") << "nor its later self";
  expect_needs(from, released(from, kOther.node), kOwner, {Fact::no_copy});
  expect_needs(from, ended(from, EndKind::refused), kOwner, {Fact::no_copy});
  EXPECT_NE(refusal(from, ended(from, EndKind::refused), kOther, kAll), "");
}

TEST(Transitions, AGoneOwnersChildGoesToTheChosenMemberThatSyncedAndHoldsNoCopy) {
  const Entry from = example_entry();
  expect_needs(from, claimed_by(kOther, from), kOther,
               {Fact::owner_gone, Fact::chosen, Fact::synced, Fact::no_copy});
  Entry same_term = claimed_by(kOther, from);
  same_term.claim.term = from.claim.term;
  EXPECT_NE(refusal(from, same_term, kOther, kAll), "") << "a claim needs a higher term (R2)";
}

// R18: its own claim is no more than any other, once a later one was heard of.
TEST(Transitions, AnOwnerThatGaveWayClaimsAnewOnceTheWinnersOwnerIsGone) {
  const Entry from = example_entry();
  const Entry to = claimed_by(kOwner, from);
  EXPECT_EQ(refusal(from, to, kOwner, Fact::winner_gone | Fact::synced | Fact::no_copy), "");
  EXPECT_NE(refusal(from, to, kOwner, Fact::synced | Fact::no_copy), "");
  EXPECT_NE(refusal(from, to, kOwner, Fact::winner_gone | Fact::no_copy), "");
  EXPECT_NE(refusal(from, to, kOwner, Fact::winner_gone | Fact::synced), "");
  EXPECT_NE(refusal(from, claimed_by(kOther, from), kOther,
                    Fact::winner_gone | Fact::synced | Fact::no_copy),
            "")
      << "by nobody else";
}

TEST(Transitions, AReleasedChildGoesToItsTargetOrWithoutOneToWhoIsChosen) {
  const Entry from = released(example_entry(), kOther.node);
  const Entry to = claimed_by(kOther, from);
  EXPECT_EQ(refusal(from, to, kOther, Fact::target | Fact::synced | Fact::no_copy), "");
  EXPECT_EQ(
      refusal(from, to, kOther, Fact::target_gone | Fact::chosen | Fact::synced | Fact::no_copy),
      "");
  EXPECT_NE(refusal(from, to, kOther, Fact::chosen | Fact::synced | Fact::no_copy), "");
  EXPECT_NE(refusal(from, to, kOther, Fact::target_gone | Fact::synced | Fact::no_copy), "");
  EXPECT_NE(refusal(from, to, kOther, Fact::target | Fact::no_copy), "");
  EXPECT_NE(refusal(from, to, kOther, Fact::target | Fact::synced), "");
}

TEST(Transitions, AnybodyMayTerminateAndOnlyACopysHolderMayFinish) {
  const Entry running = example_entry();
  for (const Entry& from : {running, released(running, {}), ended(running, EndKind::refused)}) {
    expect_needs(from, ended(from, EndKind::terminated), kOther, {Fact::told_to_end});
  }
  expect_needs(std::nullopt, Entry{.end = {EndKind::terminated, ""}}, kOther, {Fact::told_to_end});
  expect_needs(running, ended(running, EndKind::finished), kOther, {Fact::ended_itself});
  EXPECT_NE(refusal(std::nullopt, Entry{.end = {EndKind::finished, ""}}, kOther, kAll), "");
}

TEST(Transitions, AnEndIsNeverTakenBackAndForgottenOnlyWhenAllConfirmed) {
  const Entry from = ended(example_entry(), EndKind::terminated);
  Entry revived = claimed_by(kOther, from);
  revived.end = {};
  EXPECT_NE(refusal(from, revived, kOther, kAll), "");
  EXPECT_NE(refusal(from, claimed_by(kOther, from), kOther, kAll), "");
  expect_needs(from, std::nullopt, kOther, {Fact::all_confirmed});
  Entry of_static = from;
  of_static.birth->is_static = true;
  EXPECT_NE(refusal(of_static, std::nullopt, kOther, kAll), "");
  EXPECT_NE(refusal(example_entry(), std::nullopt, kOwner, kAll), "") << "not ended";
}

// Goal: every write that is allowed makes the entry grow, so that the register never goes back.
// Method: all pairs of random entries, all facts: whatever is allowed covers what was there.
TEST(Transitions, OnlyEverRaiseTheRegister) {
  base::Rng rng(7);
  int allowed = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Entry from = random_entry(rng);
    const Entry to = random_entry(rng);
    const base::RunId writer{rng.chance(1, 2) ? kOwner.node : kOther.node, 1 + rng.below(2)};
    if (refusal(from, to, writer, kAll).empty()) {
      ++allowed;
      EXPECT_TRUE(covers(to, from)) << to_string(from) << " -> " << to_string(to);
      EXPECT_GE(to.ended(), from.ended());
    }
  }
  EXPECT_GT(allowed, 100);
}

}  // namespace
}  // namespace horde::supervisor
