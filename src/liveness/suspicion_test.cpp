#include "liveness/suspicion.hpp"

#include <gtest/gtest.h>

#include "liveness/gossip_queue.hpp"

namespace horde::liveness {
namespace {

using base::milliseconds;

TEST(Suspicion, TakesLogarithmsInIntegers) {
  EXPECT_EQ(log2_q16(1), 0U);
  EXPECT_EQ(log2_q16(2), 65'536U);
  EXPECT_EQ(log2_q16(3), 103'872U);  // 1.584962 * 65536 = 103872.1
  EXPECT_EQ(log2_q16(10), 217'705U);
  EXPECT_EQ(log2_q16(1'024), 655'360U);
  EXPECT_EQ(log2_q16(std::uint64_t{1} << 63U), 63U * 65'536U);
}

TEST(Suspicion, LastsLongerInALargerCluster) {
  const Options options;
  EXPECT_EQ(suspicion_min(options, 1), milliseconds(1'125));
  EXPECT_EQ(suspicion_min(options, 10), milliseconds(1'125));
  EXPECT_NEAR(static_cast<double>(suspicion_min(options, 100).ns), 2.25e9, 1e5);
  EXPECT_NEAR(static_cast<double>(suspicion_min(options, 1'000).ns), 3.375e9, 1e5);
}

// Goal: Lifeguard's curve. With three wanted, log(2)/log(4) is exactly one half.
TEST(Suspicion, LastsShorterWithEachConfirmation) {
  const Options options;
  const auto with = [&](std::uint32_t seen) {
    return suspicion_timeout(options, 10, {.seen = seen, .wanted = 3});
  };
  EXPECT_EQ(with(0), milliseconds(6'750));
  EXPECT_EQ(with(1), base::microseconds(3'937'500));
  EXPECT_LT(with(2), with(1));
  EXPECT_EQ(with(3), milliseconds(1'125));
  EXPECT_EQ(with(7), milliseconds(1'125));
  EXPECT_EQ(suspicion_timeout(options, 2, {.seen = 0, .wanted = 0}), milliseconds(1'125));
}

TEST(Suspicion, NewsIsSentMoreOftenInALargerCluster) {
  const Options options;
  EXPECT_EQ(sends_max(options, 2), 4U);
  EXPECT_EQ(sends_max(options, 10), 8U);
  EXPECT_EQ(sends_max(options, 99), 8U);
  EXPECT_EQ(sends_max(options, 1'000), 16U);
}

base::NodeId node(int number) {
  return base::NodeId::of("n" + std::to_string(number));
}

std::string take(GossipQueue& queue, std::size_t count) {
  std::string out;
  queue.offer(2, [&](base::NodeId id) {
    if (count == 0) {
      return false;
    }
    --count;
    out += to_string(id) + " ";
    return true;
  });
  return out;
}

TEST(GossipQueue, OffersWhatWasSentLeastAndForgetsWhatWasSentEnough) {
  GossipQueue queue;
  queue.push(node(1));
  queue.push(node(2));
  EXPECT_EQ(take(queue, 1), "n1 ");
  queue.push(node(3));
  EXPECT_EQ(take(queue, 2), "n2 n3 ");
  EXPECT_EQ(take(queue, 2), "n1 n2 ");
  EXPECT_EQ(queue.size(), 1U);
  queue.push(node(3));  // News again: it is sent as often as anything new.
  EXPECT_EQ(take(queue, 9), "n3 ");
  EXPECT_EQ(take(queue, 9), "n3 ");
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace horde::liveness
