// The parts of a link: the timer's estimate, the sender, the receiver.
#include <gtest/gtest.h>

#include "wire/link_receiver.hpp"
#include "wire/link_sender.hpp"

namespace horde::wire {
namespace {

base::Instant at(std::int64_t ms) {
  return {ms * 1'000'000};
}

// RFC 6298, 2.2 to 2.4, by hand: R = 100: SRTT 100, RTTVAR 50. Then R' = 180: RTTVAR = 50 + (80 -
// 50)/4 = 57.5, SRTT = 100 + 80/8 = 110.
TEST(RttEstimator, ComputesWhatTheRfcSays) {
  RttEstimator rtt({.rto_min = base::milliseconds(1), .rto_max = base::seconds(60)});
  EXPECT_EQ(rtt.rto(), base::milliseconds(200));
  rtt.on_sample(base::milliseconds(100));
  EXPECT_EQ(rtt.rto(), base::milliseconds(300));
  rtt.on_sample(base::milliseconds(180));
  EXPECT_EQ(rtt.rto(), base::milliseconds(340));
}

TEST(RttEstimator, DoublesUpToItsMaximumUntilTheNextSample) {
  RttEstimator rtt({});
  rtt.on_sample(base::milliseconds(1));
  EXPECT_EQ(rtt.rto(), base::milliseconds(50));
  rtt.on_timeout();
  rtt.on_timeout();
  EXPECT_EQ(rtt.rto(), base::milliseconds(200));
  for (int i = 0; i < 100; ++i) {
    rtt.on_timeout();
  }
  EXPECT_EQ(rtt.rto(), base::seconds(2));
  rtt.on_sample(base::milliseconds(1));
  EXPECT_EQ(rtt.rto(), base::milliseconds(50));
}

LinkFrame next_frame(LinkSender& sender, base::Instant now) {
  LinkFrame frame;
  sender.fill(now, frame);
  return frame;
}

LinkFrame ack(std::uint64_t below, std::vector<SackRange> sacks = {}) {
  return {.ack = below, .credit_bytes = 1 << 20, .credit_messages = 1'000, .sacks = sacks};
}

TEST(LinkSender, PacksShortMessagesAndCutsLongOnes) {
  LinkSender sender({});
  EXPECT_EQ(sender.push("a"), 1U);
  EXPECT_EQ(sender.push(""), 2U);
  EXPECT_EQ(sender.push(base::Bytes(1'500, 'x')), 3U);
  const LinkFrame first = next_frame(sender, at(0));
  ASSERT_EQ(first.segments.size(), 2U);
  EXPECT_EQ(first.segments[1], (LinkSegment{"", true}));
  const LinkFrame second = next_frame(sender, at(0));
  EXPECT_EQ(second.first, 2U);
  ASSERT_EQ(second.segments.size(), 1U);
  EXPECT_FALSE(second.segments[0].ends_message);
  EXPECT_EQ(next_frame(sender, at(0)).segments[0].payload.size(), 476U);
  EXPECT_FALSE(sender.can_send());
  EXPECT_EQ(sender.transmitted(), 3U);
  EXPECT_EQ(sender.on_ack(at(1), ack(3)), LinkSender::AckResult::progress);
  EXPECT_EQ(sender.acknowledged(), 2U);  // Of the third only a part has arrived.
  EXPECT_EQ(sender.on_ack(at(1), ack(4)), LinkSender::AckResult::progress);
  EXPECT_TRUE(sender.is_empty());
  EXPECT_EQ(sender.rto_at(), base::Instant::never());
}

// Six frames, the first of which is lost. Method: the acknowledgements that the receiver gives.
TEST(LinkSender, SendsAgainWhatThreeLaterFramesHaveOvertaken) {
  LinkSender sender({});
  for (int i = 0; i < 6; ++i) {
    (void)sender.push(base::Bytes(1'000, 'x'));
    (void)next_frame(sender, at(i));
  }
  (void)sender.on_ack(at(10), ack(0, {{1, 2}}));
  (void)sender.on_ack(at(11), ack(0, {{1, 3}}));
  EXPECT_FALSE(sender.can_send());
  const std::uint64_t window = sender.congestion_window();
  (void)sender.on_ack(at(12), ack(0, {{1, 4}}));
  ASSERT_TRUE(sender.can_send());
  const LinkFrame again = next_frame(sender, at(12));
  EXPECT_EQ(again.first, 0U);
  EXPECT_EQ(again.segments.size(), 1U);
  EXPECT_EQ(sender.retransmissions(), 1U);
  EXPECT_LT(sender.congestion_window(), window);
  (void)sender.on_ack(at(13), ack(0, {{1, 6}}));
  EXPECT_FALSE(sender.can_send()) << "what was sent again is not lost yet";
  (void)sender.on_ack(at(14), ack(6));
  EXPECT_FALSE(sender.is_waiting());
}

TEST(LinkSender, SendsEverythingAgainAfterATimeoutButWhatHasArrived) {
  LinkSender sender({});
  for (int i = 0; i < 3; ++i) {
    (void)sender.push(base::Bytes(1'000, 'x'));
    (void)next_frame(sender, at(0));
  }
  EXPECT_EQ(sender.rto_at(), at(200));
  (void)sender.on_ack(at(0), ack(0, {{1, 2}}));
  sender.on_timeout(sender.rto_at());
  EXPECT_EQ(next_frame(sender, at(300)).first, 0U);
  EXPECT_FALSE(sender.can_send()) << "one at a time after a timeout";
  (void)sender.on_ack(at(301), ack(2));
  EXPECT_EQ(next_frame(sender, at(301)).first, 2U);
}

TEST(LinkSender, StopsWithoutCredit) {
  LinkSender sender({.first_credit_bytes = 10, .first_credit_messages = 2});
  (void)sender.push("1");
  (void)sender.push("2");
  (void)sender.push("3");
  EXPECT_EQ(next_frame(sender, at(0)).segments.size(), 2U);
  EXPECT_FALSE(sender.can_send());
  EXPECT_FALSE(sender.is_blocked()) << "an acknowledgement may bring some";
  (void)sender.on_ack(at(1), {.ack = 2, .credit_bytes = 10, .credit_messages = 2});
  EXPECT_TRUE(sender.is_blocked());
  (void)sender.on_ack(at(2), {.ack = 1, .credit_bytes = 5, .credit_messages = 1});  // Late.
  (void)sender.on_ack(at(2), {.ack = 2, .credit_bytes = 10, .credit_messages = 3});
  EXPECT_TRUE(sender.can_send());
}

TEST(LinkSender, RefusesAnAcknowledgementOfWhatItHasNotSent) {
  LinkSender sender({});
  (void)sender.push("1");
  EXPECT_EQ(sender.on_ack(at(0), ack(1)), LinkSender::AckResult::refused);
  (void)next_frame(sender, at(0));
  EXPECT_EQ(sender.on_ack(at(0), ack(0, {{1, 2}})), LinkSender::AckResult::refused);
  EXPECT_EQ(sender.on_ack(at(0), ack(1)), LinkSender::AckResult::progress);
}

LinkFrame data(std::uint64_t first, std::vector<LinkSegment> segments) {
  return {.first = first, .segments = std::move(segments)};
}

TEST(LinkReceiver, JoinsAndOrdersWhatArrivesInAnyOrderAndTwice) {
  LinkReceiver receiver({});
  EXPECT_FALSE(receiver.on_segments(at(0), data(2, {{"c", true}})));
  EXPECT_FALSE(receiver.on_segments(at(0), data(1, {{"b", true}})));
  EXPECT_FALSE(receiver.on_segments(at(0), data(2, {{"c", true}})));
  LinkFrame frame;
  receiver.fill(frame);
  EXPECT_EQ(frame.ack, 0U);
  EXPECT_EQ(frame.sacks, (std::vector<SackRange>{{1, 3}}));
  EXPECT_TRUE(receiver.on_segments(at(0), data(0, {{"a", false}})));
  EXPECT_EQ(receiver.take(), "ab");
  EXPECT_EQ(receiver.take(), "c");
  EXPECT_EQ(receiver.take(), std::nullopt);
  EXPECT_EQ(receiver.duplicates(), 1U);
  EXPECT_EQ(receiver.bytes_held(), 0U);
}

TEST(LinkReceiver, AcknowledgesEachSecondFrameAndAGapAtOnce) {
  LinkReceiver receiver({});
  (void)receiver.on_segments(at(7), data(0, {{"a", true}}));
  EXPECT_EQ(receiver.ack_at(), at(12));
  (void)receiver.on_segments(at(8), data(1, {{"b", true}}));
  EXPECT_LT(receiver.ack_at(), at(8));
  LinkFrame frame;
  receiver.fill(frame);
  EXPECT_EQ(frame.ack, 2U);
  EXPECT_EQ(receiver.ack_at(), base::Instant::never());
  (void)receiver.on_segments(at(9), data(3, {{"d", true}}));
  EXPECT_LT(receiver.ack_at(), at(9));
}

// Goal: no sender makes it hold more than the window. Method: one that heeds no credit.
TEST(LinkReceiver, HoldsNoMoreThanItsWindow) {
  LinkReceiver receiver({.message_bytes_max = 50, .window_bytes = 100, .window_messages = 2});
  const base::Bytes part(30, 'x');
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    (void)receiver.on_segments(at(0), data(number + 1, {{part, true}}));
  }
  EXPECT_EQ(receiver.bytes_held(), 90U);
  (void)receiver.on_segments(at(0), data(5'000, {{"", true}}));
  LinkFrame frame;
  receiver.fill(frame);
  EXPECT_EQ(frame.sacks, (std::vector<SackRange>{{1, 4}}));
  EXPECT_EQ(frame.credit_bytes, 100U);
  LinkReceiver empty({.message_bytes_max = 50, .window_bytes = 100, .window_messages = 2});
  (void)empty.on_segments(at(0), data(0, {{"", true}, {"", true}, {"", true}}));
  empty.fill(frame);
  EXPECT_EQ(frame.ack, 2U);
  (void)empty.take_all();
  (void)empty.on_segments(at(0), data(2, {{part, false}, {part, true}}));
  empty.fill(frame);
  EXPECT_EQ(frame.ack, 3U) << "the message would be above the limit";
}

TEST(LinkReceiver, TellsOfNewCreditWhenTheSenderIsShortOfIt) {
  LinkReceiver receiver({.window_messages = 2});
  (void)receiver.on_segments(at(0), data(0, {{"a", true}, {"b", true}}));
  LinkFrame frame;
  receiver.fill(frame);
  EXPECT_EQ(frame.credit_messages, 2U);
  EXPECT_EQ(receiver.take(), "a");
  EXPECT_LT(receiver.ack_at(), at(0));
  receiver.fill(frame);
  EXPECT_EQ(frame.credit_messages, 3U);
}

}  // namespace
}  // namespace horde::wire
