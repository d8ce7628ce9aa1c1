#include "wire/datagram.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "wire/fragments.hpp"
#include "wire/limits.hpp"

namespace horde::wire {
namespace {

const Sender kSender{base::NodeId::of("n1"), 5};

TEST(Datagram, CarriesFramesInOrderAndInAsFewDatagramsAsFit) {
  const std::vector<Frame> frames = {
      {Tag::push, base::Bytes(700, 'a')}, {Tag::digest, "d"}, {Tag::push, base::Bytes(700, 'b')}};
  const std::vector<base::Bytes> datagrams = pack(kSender, frames);
  ASSERT_EQ(datagrams.size(), 2U);
  const auto first = unpack(datagrams[0]);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->sender, kSender);
  ASSERT_EQ(first->frames.size(), 2U);
  EXPECT_EQ(first->frames[1].body, "d");
  EXPECT_EQ(unpack(datagrams[1])->frames[0].body, base::Bytes(700, 'b'));
}

// Goal: no single damaged bit goes unnoticed. Method: flip each bit of a datagram in turn.
TEST(Datagram, RefusesEachSingleDamagedBit) {
  const base::Bytes whole = pack(kSender, {{Tag::digest, "12345678"}}).front();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    base::Bytes damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(unpack(damaged).has_value()) << "bit " << bit;
  }
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(unpack(base::BytesView(whole).substr(0, length)).has_value());
  }
}

TEST(Fragments, ComeTogetherInAnyOrderAndDespiteDuplicates) {
  base::Bytes body;
  for (int i = 0; i < 5'000; ++i) {
    body += static_cast<char>(i % 251);
  }
  std::vector<Frame> parts = fragments_of(kSender, {Tag::session, body});
  ASSERT_EQ(parts.size(), 5U);
  Reassembler reassembler;
  std::optional<Frame> whole;
  for (const std::size_t i : {4U, 2U, 2U, 0U, 1U, 3U}) {
    const auto got = reassembler.on_fragment(kSender, parts[i].body);
    ASSERT_TRUE(got.has_value());
    if (*got) {
      EXPECT_FALSE(whole.has_value());
      whole = *got;
    }
  }
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->body, body);
  EXPECT_EQ(whole->tag, Tag::session);
  EXPECT_EQ(reassembler.bytes_held(), 0U);
}

TEST(Fragments, HoldABoundedAmountPerPeer) {
  Reassembler reassembler;
  for (int i = 0; i < 1'000; ++i) {
    const auto parts =
        fragments_of(kSender, {Tag::session, std::to_string(i) + base::Bytes(3'000, 'x')});
    ASSERT_TRUE(reassembler.on_fragment(kSender, parts[0].body).has_value());
  }
  EXPECT_LE(reassembler.bytes_held(), kReassemblyMessagesPerPeerMax * kDatagramBytesMax);
}

// Goal: fragments that each are within their limit must not add up to a message above it.
TEST(Fragments, OfAMessageOverTheLimitAreRefusedAndLetGo) {
  Reassembler reassembler;
  const base::Bytes part(kDatagramBytesMax, 'x');
  bool refused = false;
  for (std::uint64_t index = 0; index < kFragmentsMax && !refused; ++index) {
    Writer writer;
    writer.fixed64(1);
    writer.varint(index);
    writer.varint(kFragmentsMax);
    writer.u8(static_cast<std::uint8_t>(Tag::session));
    writer.raw(part);
    const auto taken = reassembler.on_fragment(kSender, writer.bytes());
    refused = !taken && taken.error().code == DecodeErrc::over_limit;
  }
  EXPECT_TRUE(refused);
  EXPECT_EQ(reassembler.bytes_held(), 0U);
}

// Goal: a message of which each try loses a part still arrives. Method: two tries, other losses.
TEST(Fragments, OfTheSameMessageSentAgainFillItsGaps) {
  Reassembler reassembler;
  const std::vector<Frame> parts = fragments_of(kSender, {Tag::session, base::Bytes(3'000, 'x')});
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_FALSE(reassembler.on_fragment(kSender, parts[0].body)->has_value());
  EXPECT_FALSE(reassembler.on_fragment(kSender, parts[2].body)->has_value());
  EXPECT_TRUE(reassembler.on_fragment(kSender, parts[1].body)->has_value());
}

TEST(Fragments, ThatAreNotOfTheMessageTheyNameAreRefused) {
  Reassembler reassembler;
  std::vector<Frame> parts = fragments_of(kSender, {Tag::session, base::Bytes(2'000, 'x')});
  parts[1].body.back() = 'y';
  (void)reassembler.on_fragment(kSender, parts[0].body);
  const auto taken = reassembler.on_fragment(kSender, parts[1].body);
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, DecodeErrc::bad_checksum);
}

TEST(Fragments, OfAnEarlierLifeAreIgnored) {
  Reassembler reassembler;
  const auto parts = fragments_of(kSender, {Tag::session, base::Bytes(2'000, 'x')});
  ASSERT_EQ(parts.size(), 2U);
  (void)reassembler.on_fragment({kSender.node, 6}, parts[0].body);
  const auto stale = reassembler.on_fragment(kSender, parts[1].body);
  ASSERT_TRUE(stale.has_value());
  EXPECT_FALSE(stale->has_value());
}

}  // namespace
}  // namespace horde::wire
