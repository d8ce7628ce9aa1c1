#include "faults/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace horde::faults {
namespace {

using base::Duration;
using base::Instant;
using base::microseconds;
using base::milliseconds;
using base::NodeId;
using base::seconds;

const NodeId n1 = NodeId::of("n1");
const NodeId n2 = NodeId::of("n2");
const NodeId n3 = NodeId::of("n3");

Packet packet(std::uint64_t identity, NodeId from = n1, NodeId to = n2) {
  return {.from = from, .to = to, .size_bytes = 100, .now = Instant{}, .identity = identity};
}

bool delivered(const Verdict& verdict) {
  return verdict.fate == Verdict::Fate::deliver;
}

// Verdicts of 100,000 packets of which `counts` says yes.
int count_of(Network& network, const std::function<bool(const Verdict&)>& counts) {
  int count = 0;
  for (std::uint64_t identity = 0; identity < 100'000; ++identity) {
    count += counts(network.judge(packet(identity))) ? 1 : 0;
  }
  return count;
}

TEST(Latency, ConstantAndUniformKeepTheirBounds) {
  EXPECT_EQ(sample(Constant{milliseconds(3)}, 123), milliseconds(3));
  const Latency uniform = Uniform{.min = milliseconds(1), .max = milliseconds(5)};
  EXPECT_EQ(sample(uniform, 0), milliseconds(1));
  EXPECT_EQ(sample(uniform, ~std::uint64_t{0}), milliseconds(5));
  EXPECT_EQ(sample(uniform, std::uint64_t{1} << 63U), milliseconds(3));
}

// Exact numbers: these must never change, on any build, or recorded runs no longer replay. The
// median of an exponential is ln 2 of its mean.
TEST(Latency, ExponentialIsExact) {
  const Latency latency = Exponential{.min = milliseconds(1), .mean = milliseconds(5)};
  EXPECT_EQ(sample(latency, ~std::uint64_t{0}), Duration{1'000'000});
  EXPECT_EQ(sample(latency, std::uint64_t{1} << 63U), Duration{3'772'588});
  EXPECT_EQ(sample(latency, std::uint64_t{1} << 62U), Duration{6'545'177});
  EXPECT_EQ(sample(latency, 0), Duration{178'445'678});
}

TEST(Latency, LogNormalHasItsMedianAndItsSpread) {
  const Latency latency = LogNormal{.median = milliseconds(10), .sigma_permille = 500};
  EXPECT_EQ(sample(latency, ~std::uint64_t{0}), milliseconds(10));
  std::vector<std::int64_t> delays;
  base::Rng rng(5);
  for (int i = 0; i < 100'000; ++i) {
    delays.push_back(sample(latency, rng.next()).ns);
  }
  std::ranges::sort(delays);
  const auto quantile = [&](double z) {
    const double below = 0.5 * (1.0 + std::erf(z / std::sqrt(2.0)));
    return static_cast<double>(delays[static_cast<std::size_t>(below * 100'000)]) / 1e6;
  };
  for (const double z : {-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0}) {
    EXPECT_NEAR(quantile(z) / (10.0 * std::exp(0.5 * z)), 1.0, 0.02) << z;
  }
}

TEST(Latency, NothingIsLongerThanTheMaximum) {
  const Latency latency = LogNormal{.median = seconds(600), .sigma_permille = 5'000};
  EXPECT_EQ(sample(latency, 1), kLatencyMax);
  EXPECT_EQ(sample(latency, 0), Duration{});
}

TEST(Latency, ExponentialHasItsMean) {
  const Latency latency = Exponential{.min = milliseconds(1), .mean = milliseconds(5)};
  base::Rng rng(6);
  std::int64_t sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    sum += sample(latency, rng.next()).ns;
  }
  EXPECT_NEAR(static_cast<double>(sum) / 100'000, 5e6, 5e4);
}

TEST(Network, DeliversOnceUndamagedAfterTheLatencyWithoutFaults) {
  Network network(1, {.latency = Constant{milliseconds(2)}});
  const Verdict verdict = network.judge(packet(7));
  ASSERT_TRUE(delivered(verdict));
  ASSERT_EQ(verdict.copies_count, 1);
  EXPECT_EQ(verdict.copies[0], (Verdict::Copy{.after = milliseconds(2), .damage = {}}));
}

TEST(Network, AppliesEachRateToItsShareOfThePackets) {
  Network losing(1, {.loss = {100'000}});
  EXPECT_NEAR(count_of(losing, [](const Verdict& v) { return !delivered(v); }), 10'000, 400);
  Network doubling(1, {.duplicate = {50'000}});
  EXPECT_NEAR(count_of(doubling, [](const Verdict& v) { return v.copies_count == 2; }), 5'000, 300);
  Network reordering(1, {.reorder = {200'000}, .reorder_extra = milliseconds(4)});
  EXPECT_NEAR(count_of(reordering,
                       [](const Verdict& v) {
                         EXPECT_LE(v.copies[0].after, milliseconds(5));
                         return v.copies[0].after > milliseconds(1);
                       }),
              20'000, 600);
  Network damaging(1, {.corrupt = {30'000}, .truncate = {20'000}});
  EXPECT_NEAR(
      count_of(damaging,
               [](const Verdict& v) { return v.copies[0].damage.kind == Damage::Kind::flip_bits; }),
      3'000, 250);
  EXPECT_NEAR(
      count_of(damaging,
               [](const Verdict& v) { return v.copies[0].damage.kind == Damage::Kind::truncate; }),
      2'000, 200);
}

TEST(Network, ARateOfAMillionIsAlwaysAndOfZeroNever) {
  Network always(1, {.loss = {1'000'000}});
  EXPECT_EQ(count_of(always, delivered), 0);
  Network never(1, {});
  EXPECT_EQ(count_of(never, delivered), 100'000);
}

TEST(Network, TheCopiesOfADuplicateTravelIndependently) {
  Network network(1,
                  {.latency = Uniform{milliseconds(1), milliseconds(9)}, .duplicate = {1'000'000}});
  int differing = 0;
  for (std::uint64_t identity = 0; identity < 100; ++identity) {
    const Verdict verdict = network.judge(packet(identity));
    differing += verdict.copies[0].after != verdict.copies[1].after ? 1 : 0;
  }
  EXPECT_EQ(differing, 100);
}

// Goal: switching one fault off leaves the draws of the others as they were.
TEST(Network, EachKindOfFaultHasItsOwnChance) {
  const Latency latency = Uniform{milliseconds(1), milliseconds(9)};
  Network both(1, {.latency = latency, .loss = {300'000}, .duplicate = {300'000}});
  Network no_loss(1, {.latency = latency, .duplicate = {300'000}});
  for (std::uint64_t identity = 0; identity < 1'000; ++identity) {
    const Verdict with = both.judge(packet(identity));
    const Verdict without = no_loss.judge(packet(identity));
    if (delivered(with)) {
      EXPECT_EQ(with.copies_count, without.copies_count);
      EXPECT_EQ(with.copies[0], without.copies[0]);
    }
  }
}

TEST(Network, FateDependsOnSeedEndsAndIdentityAndNothingElse) {
  const Link link{.latency = Uniform{Duration{}, seconds(1)}};
  Network one(1, link);
  Network same(1, link);
  Network other(2, link);
  for (std::uint64_t identity = 0; identity < 50; ++identity) {
    (void)same.judge(packet(identity, n3, n1));
  }
  const Duration after = one.judge(packet(9)).copies[0].after;
  EXPECT_EQ(same.judge(packet(9)).copies[0].after, after);
  EXPECT_NE(other.judge(packet(9)).copies[0].after, after);
  EXPECT_NE(one.judge(packet(9, n2, n1)).copies[0].after, after);
  EXPECT_NE(one.judge(packet(10)).copies[0].after, after);
}

// 1000 bytes a second, 100 bytes a packet: each takes 100 ms, and 250 bytes of queue hold two.
TEST(Network, BandwidthQueuesPacketsAndDropsWhatExceedsTheQueue) {
  Network network(
      1, {.latency = Constant{milliseconds(1)}, .bytes_per_second = 1'000, .queue_bytes_max = 250});
  EXPECT_EQ(network.judge(packet(1)).copies[0].after, milliseconds(101));
  EXPECT_EQ(network.judge(packet(2)).copies[0].after, milliseconds(201));
  const Verdict third = network.judge(packet(3));
  EXPECT_EQ(third.fate, Verdict::Fate::drop);
  EXPECT_EQ(third.reason, DropReason::queue_full);
  EXPECT_EQ(network.judge(packet(4, n2, n1)).copies[0].after, milliseconds(101));
  Packet later = packet(5);
  later.now = Instant{} + milliseconds(150);
  EXPECT_EQ(network.judge(later).copies[0].after, milliseconds(151));
}

TEST(Network, ACutDropsOnItsLinksUntilItIsHealed) {
  Network network(1);
  const RuleId cut =
      network.add({.name = "cut", .links = LinkSet::one_way({n1}, {n2}), .action = Drop{}});
  EXPECT_EQ(network.judge(packet(1)).reason, DropReason::cut);
  EXPECT_TRUE(network.is_cut(n1, n2, Instant{}));
  EXPECT_TRUE(delivered(network.judge(packet(1, n2, n1))));
  EXPECT_TRUE(network.heal(cut));
  EXPECT_FALSE(network.heal(cut));
  EXPECT_TRUE(delivered(network.judge(packet(1))));
}

TEST(Network, RulesAreHealedByNameOrAllAtOnce) {
  Network network(1);
  network.add({.name = "a", .links = LinkSet::all(), .action = Drop{}});
  network.add({.name = "b", .links = LinkSet::all(), .action = Drop{}});
  network.add({.name = "a", .links = LinkSet::all(), .action = Drop{}});
  EXPECT_EQ(network.heal("a"), 2U);
  EXPECT_EQ(network.rule_names(Instant{}), std::vector<std::string>{"b"});
  EXPECT_EQ(network.heal_all(), 1U);
  EXPECT_TRUE(delivered(network.judge(packet(1))));
}

TEST(Network, ARuleEndsWithItsLifetime) {
  Network network(1);
  const Instant end = Instant{} + seconds(1);
  const RuleId id =
      network.add({.name = "cut", .links = LinkSet::all(), .action = Drop{}, .until = end});
  Packet last = packet(1);
  last.now = end - Duration{1};
  EXPECT_FALSE(delivered(network.judge(last)));
  last.now = end;
  EXPECT_TRUE(delivered(network.judge(last)));
  network.expire(end);
  EXPECT_FALSE(network.heal(id));
}

TEST(Network, AClogHoldsUnlessACutDrops) {
  Network network(1);
  network.add(
      {.name = "clog", .links = LinkSet::all(), .action = Hold{}, .until = Instant{} + seconds(2)});
  const Verdict held = network.judge(packet(1));
  EXPECT_EQ(held.fate, Verdict::Fate::hold);
  EXPECT_EQ(held.hold_until, Instant{} + seconds(2));
  network.add({.name = "cut", .links = LinkSet::split({{n1}, {n2}}), .action = Drop{}});
  EXPECT_EQ(network.judge(packet(1)).reason, DropReason::cut);
  EXPECT_EQ(network.judge(packet(1, n1, n3)).fate, Verdict::Fate::hold);
}

// Goal: one channel of a protocol may be late while the others are not, and nothing else about a
// packet's fate changes. Method: the same packet on both channels, before, while and after the
// rule.
TEST(Network, ADelayConcernsThePacketsOfItsChannelsOnly) {
  Network network(1, {.latency = Constant{milliseconds(5)}});
  const auto after = [&](Channels channels) {
    const Verdict verdict = network.judge(
        {.from = n1, .to = n2, .size_bytes = 100, .identity = 7, .channels = channels});
    EXPECT_EQ(verdict.fate, Verdict::Fate::deliver);
    return verdict.copies[0].after;
  };
  EXPECT_FALSE(network.tells_channels_apart({}));
  const RuleId rule = network.add(
      {.name = "late", .links = LinkSet::all(), .action = Delay{.by = seconds(2), .of = {0b10}}});
  EXPECT_TRUE(network.tells_channels_apart({}));
  EXPECT_EQ(after({0b01}), milliseconds(5));
  EXPECT_EQ(after({0b10}), milliseconds(2'005));
  EXPECT_EQ(after({0b11}), milliseconds(2'005));
  EXPECT_EQ(after({}), milliseconds(5));
  EXPECT_TRUE(network.heal(rule));
  EXPECT_EQ(after({0b10}), milliseconds(5));
}

TEST(Network, LinksHaveTheirOwnBehaviourAndTheNewestRuleWins) {
  Network network(1, {.latency = Constant{milliseconds(1)}});
  network.set_link(n1, n2, {.latency = Constant{milliseconds(2)}});
  EXPECT_EQ(network.judge(packet(1)).copies[0].after, milliseconds(2));
  EXPECT_EQ(network.judge(packet(1, n2, n1)).copies[0].after, milliseconds(1));
  network.add({.name = "slow",
               .links = LinkSet::all(),
               .action = Use{.latency = Constant{milliseconds(3)}}});
  network.add({.name = "slower",
               .links = LinkSet::all(),
               .action = Use{.latency = Constant{milliseconds(4)}}});
  EXPECT_EQ(network.judge(packet(1)).copies[0].after, milliseconds(4));
  EXPECT_EQ(network.link(n1, n2, Instant{}).latency, Latency{Constant{milliseconds(4)}});
  network.heal("slower");
  EXPECT_EQ(network.judge(packet(1)).copies[0].after, milliseconds(3));
  network.heal_all();
  EXPECT_EQ(network.judge(packet(1)).copies[0].after, milliseconds(2));
  network.clear_links();
  EXPECT_EQ(network.judge(packet(1)).copies[0].after, milliseconds(1));
}

TEST(Damage, FlipsOneToEightBitsOrCutsTheEndOff) {
  for (std::uint64_t key = 0; key < 1'000; ++key) {
    base::Bytes bytes(1 + key % 40, 'x');
    const std::size_t size = bytes.size();
    apply({.kind = Damage::Kind::flip_bits, .key = key}, bytes);
    int flipped = 0;
    for (const char c : bytes) {
      flipped += std::popcount(static_cast<unsigned char>(static_cast<unsigned char>(c) ^ 'x'));
    }
    EXPECT_GE(flipped, 1);
    EXPECT_LE(flipped, 8);
    EXPECT_EQ(bytes.size(), size);
    apply({.kind = Damage::Kind::truncate, .key = key}, bytes);
    EXPECT_LT(bytes.size(), size);
  }
  base::Bytes empty;
  apply({.kind = Damage::Kind::flip_bits, .key = 1}, empty);
  EXPECT_EQ(empty, "");
}

TEST(Identities, EqualPacketsHaveDifferentOnes) {
  Identities identities;
  const std::uint64_t first = identities.next(n1, n2, 5, Instant{});
  EXPECT_NE(identities.next(n1, n2, 5, Instant{}), first);
  EXPECT_NE(identities.next(n1, n2, 5, Instant{} + seconds(3)), first);
  EXPECT_NE(identities.next(n2, n1, 5, Instant{}), first);
}

// Goal: one packet more, even among thousands, gives no other packet another identity.
TEST(Identities, DoNotDependOnOtherPackets) {
  Identities few;
  Identities many;
  for (std::uint64_t hash = 1'000; hash < 20'000; ++hash) {
    (void)many.next(n1, n2, hash, Instant{});
  }
  for (std::uint64_t hash = 0; hash < 1'000; ++hash) {
    EXPECT_EQ(few.next(n1, n2, hash, Instant{}), many.next(n1, n2, hash, Instant{}));
  }
  const Instant later = Instant{} + seconds(7);
  EXPECT_EQ(few.next(n1, n2, 5'000, later), many.next(n1, n2, 5'000, later));
}

}  // namespace
}  // namespace horde::faults
