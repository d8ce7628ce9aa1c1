#include "wire/links.hpp"

#include <gtest/gtest.h>

#include "wire/limits.hpp"

namespace horde::wire {
namespace {

base::Instant at(std::int64_t ms) {
  return {ms * 1'000'000};
}

const base::NodeId a = base::NodeId::of("a");
const base::NodeId b = base::NodeId::of("b");

/// One node: what its links said, and the frames that it sent and nobody has carried yet.
struct Node {
  explicit Node(base::RunId self, LinkOptions options = {}) : run(self), links(self, options) {}

  void run_until(base::Instant now) {
    while (links.wake_at() <= now) {
      now_ = std::max(now_, links.wake_at());
      LinkOutputs out;
      links.on_timeout(now_, out);
      take(std::move(out));
    }
    now_ = now;
  }
  void take(LinkOutputs out) {
    std::ranges::move(out.ended, std::back_inserter(ended));
    std::ranges::move(out.sends, std::back_inserter(frames));
  }
  /// The frames for `other` arrive there now; `keep` says which do.
  std::size_t deliver(Node& other, std::size_t keep = ~std::size_t{0}) {
    run_until(now_);
    std::size_t count = 0;
    for (const LinkOutputs::Outgoing& send : std::exchange(frames, {})) {
      if (send.to.node == other.run.node && count++ < keep) {
        LinkOutputs out;
        EXPECT_TRUE(
            other.links.on_frame(now_, {run.node, run.start}, send.frame.body, out).has_value());
        other.take(std::move(out));
      }
    }
    return count;
  }
  void up(const Node& other) {
    LinkOutputs out;
    links.peer_up(now_, other.run, out);
    take(std::move(out));
  }
  void down(const Node& other) {
    LinkOutputs out;
    links.peer_down(now_, other.run, out);
    take(std::move(out));
  }

  base::RunId run;
  Links links;
  std::vector<LinkEnded> ended;
  std::vector<LinkOutputs::Outgoing> frames;
  base::Instant now_ = at(1'000);
};

/// Both know of each other.
struct Pair {
  explicit Pair(LinkOptions options = {}) : x({a, 1}, options), y({b, 1}, options) {
    x.up(y);
    y.up(x);
  }
  /// Carries frames both ways until nothing is left to send now.
  void exchange() {
    for (int i = 0; i < 1'000 && x.deliver(y) + y.deliver(x) > 0; ++i) {
    }
  }
  void pass(base::Duration duration) {
    x.run_until(x.now_ + duration);
    y.run_until(y.now_ + duration);
  }
  Node x;
  Node y;
};

TEST(Links, DeliverInOrderAndFallSilent) {
  Pair pair;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pair.x.links.send(pair.y.run, std::to_string(i)).has_value());
  }
  ASSERT_TRUE(pair.x.links.send(pair.y.run, base::Bytes(300'000, 'x')).has_value());
  std::vector<base::Bytes> taken;
  while (pair.x.deliver(pair.y) + pair.y.deliver(pair.x) > 0) {
    while (auto message = pair.y.links.receive(pair.x.run)) {
      taken.push_back(std::move(*message));
    }
  }
  ASSERT_EQ(taken.size(), 101U);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(taken[i], std::to_string(i));
  }
  EXPECT_TRUE(taken[100] == base::Bytes(300'000, 'x'));
  pair.pass(base::milliseconds(5));
  pair.exchange();
  EXPECT_EQ(pair.x.links.wake_at(), base::Instant::never());
  EXPECT_EQ(pair.y.links.wake_at(), base::Instant::never());
  EXPECT_TRUE(pair.x.links.find(b)->sender().is_empty());
}

// A call and its answer: two frames, and one for the answer's acknowledgement.
TEST(Links, LetAcknowledgementsTravelWithAnswers) {
  Pair pair;
  (void)pair.x.links.send(pair.y.run, "call");
  EXPECT_EQ(pair.x.deliver(pair.y), 1U);
  EXPECT_EQ(pair.y.links.receive(pair.x.run), "call");
  (void)pair.y.links.send(pair.x.run, "answer");
  EXPECT_EQ(pair.y.deliver(pair.x), 1U);
  EXPECT_TRUE(pair.x.links.find(b)->sender().is_empty());
  EXPECT_EQ(pair.x.deliver(pair.y), 0U);
  pair.pass(base::milliseconds(5));
  EXPECT_EQ(pair.x.deliver(pair.y), 1U);
  EXPECT_EQ(pair.y.links.wake_at(), base::Instant::never());
}

TEST(Links, SayWhenSomethingIsOverALimit) {
  Pair pair({.message_bytes_max = 100, .queue_bytes_max = 250, .queue_messages_max = 4});
  const auto error = [&](std::size_t size) {
    const auto sent = pair.x.links.send(pair.y.run, base::Bytes(size, 'x'));
    return sent ? "ok" : to_string(sent.error());
  };
  EXPECT_EQ(error(101), "message_over_limit");
  EXPECT_EQ(error(100), "ok");
  EXPECT_EQ(error(100), "ok");
  EXPECT_EQ(error(100), "queue_over_limit");
  EXPECT_EQ(error(50), "ok");
  EXPECT_EQ(error(0), "ok");
  EXPECT_EQ(error(0), "queue_over_limit");
  pair.exchange();
  pair.pass(base::milliseconds(5));
  pair.exchange();
  EXPECT_EQ(error(100), "ok");
  EXPECT_EQ(to_string(pair.x.links.send({b, 2}, "x").error()), "unreachable");
  EXPECT_EQ(to_string(pair.x.links.send({b, 0}, "x").error()), "unreachable");
}

// Goal: a user that takes nothing stops the sender, which asks now and then, and does not give up
// while it is answered (L8).
TEST(Links, WaitForASlowUserWithoutGivingUp) {
  Pair pair({.window_messages = 2, .first_credit_messages = 2});
  for (int i = 0; i < 5; ++i) {
    (void)pair.x.links.send(pair.y.run, std::to_string(i));
  }
  pair.exchange();
  std::size_t asked = 0;
  for (int second = 0; second < 60; ++second) {
    pair.pass(base::seconds(1));
    asked += pair.x.deliver(pair.y);
    pair.y.deliver(pair.x);
  }
  EXPECT_TRUE(pair.x.ended.empty());
  EXPECT_GE(asked, 20U);
  EXPECT_LE(asked, 40U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(pair.y.links.receive(pair.x.run), std::to_string(i));
    pair.exchange();
  }
}

// Goal: the same, and the frame that tells of new credit is lost.
TEST(Links, AskForCreditWhenItsTellingIsLost) {
  Pair pair({.window_messages = 2, .first_credit_messages = 2});
  for (int i = 0; i < 5; ++i) {
    (void)pair.x.links.send(pair.y.run, std::to_string(i));
  }
  pair.exchange();
  pair.pass(base::milliseconds(5));
  pair.exchange();
  EXPECT_EQ(pair.y.links.receive(pair.x.run), "0");
  EXPECT_EQ(pair.y.links.receive(pair.x.run), "1");
  EXPECT_EQ(pair.y.deliver(pair.x, 0), 1U);  // The new credit is lost.
  pair.exchange();
  EXPECT_EQ(pair.y.links.receive(pair.x.run), std::nullopt);
  for (int i = 0; i < 4; ++i) {
    pair.pass(base::milliseconds(500));
    pair.exchange();
  }
  EXPECT_EQ(pair.y.links.receive(pair.x.run), "2");
}

// Goal: what is certain of each message is told, and no more (L5, L6).
TEST(Links, TellAtTheEndWhatIsCertain) {
  Pair pair({.first_credit_messages = 3});
  (void)pair.x.links.send(pair.y.run, "arrived");
  pair.exchange();
  pair.pass(base::milliseconds(5));
  pair.exchange();
  for (const char* text : {"lost", "lost too", "never sent"}) {
    (void)pair.x.links.send(pair.y.run, text);
  }
  EXPECT_EQ(pair.x.links.find(b)->epoch(), 1U);
  pair.x.run_until(pair.x.now_);
  (void)pair.y.links.send(pair.x.run, "not taken");
  pair.x.frames.clear();
  EXPECT_EQ(pair.y.deliver(pair.x), 1U);
  pair.x.down(pair.y);
  ASSERT_EQ(pair.x.ended.size(), 1U);
  const LinkEnded& end = pair.x.ended[0];
  EXPECT_EQ(end.reason, LinkEnd::peer_down);
  EXPECT_EQ(end.peer, pair.y.run);
  EXPECT_EQ(end.epoch, 1U);
  EXPECT_EQ(end.acknowledged, 1U);
  EXPECT_EQ(end.transmitted, 4U);
  EXPECT_EQ(end.received, std::vector<base::Bytes>{"not taken"});
  pair.x.down(pair.y);
  EXPECT_EQ(pair.x.ended.size(), 1U) << "told once";
}

// Goal: after a false death on one side both learn, and a new link begins (L2, L4).
TEST(Links, BeginAgainAfterAFalseDeathOnOneSide) {
  Pair pair;
  (void)pair.x.links.send(pair.y.run, "before");
  pair.exchange();
  EXPECT_EQ(pair.y.links.receive(pair.x.run), "before");
  pair.x.run_until(pair.x.now_);
  (void)pair.y.links.send(pair.x.run, "of the old link");
  pair.y.run_until(pair.y.now_);
  pair.x.down(pair.y);
  pair.x.up(pair.y);
  EXPECT_EQ(pair.x.deliver(pair.y), 1U);  // It shows its new epoch without being asked.
  ASSERT_EQ(pair.y.ended.size(), 1U);
  EXPECT_EQ(pair.y.ended[0].reason, LinkEnd::peer_ended);
  EXPECT_EQ(pair.y.ended[0].acknowledged, 0U);
  pair.exchange();
  EXPECT_EQ(pair.x.links.receive(pair.y.run), std::nullopt);
  (void)pair.y.links.send(pair.x.run, "after");
  pair.exchange();
  EXPECT_EQ(pair.x.links.receive(pair.y.run), "after");
  EXPECT_EQ(pair.x.ended.size() + pair.y.ended.size(), 2U);
}

TEST(Links, TakeNothingFromAPeerThatIsDown) {
  Pair pair;
  pair.x.down(pair.y);
  (void)pair.y.links.send(pair.x.run, "hello");
  EXPECT_EQ(pair.y.deliver(pair.x), 1U);
  EXPECT_EQ(pair.x.links.receive(pair.y.run), std::nullopt);
  EXPECT_EQ(pair.x.links.statistics().down, 1U);
  EXPECT_EQ(to_string(pair.x.links.send(pair.y.run, "x").error()), "unreachable");
  pair.x.up(pair.y);
  pair.pass(base::milliseconds(200));
  pair.exchange();
  EXPECT_EQ(pair.x.links.receive(pair.y.run), "hello");
}

TEST(Links, EndWithTheRunOfThePeer) {
  Pair pair;
  (void)pair.x.links.send(pair.y.run, "to the old run");
  pair.x.run_until(pair.x.now_);
  Node later({b, 2});
  later.up(pair.x);
  (void)later.links.send(pair.x.run, "from the new run");
  EXPECT_EQ(later.deliver(pair.x), 1U);
  ASSERT_EQ(pair.x.ended.size(), 1U);
  EXPECT_EQ(pair.x.ended[0].reason, LinkEnd::newer_run);
  EXPECT_EQ(pair.x.ended[0].peer, (base::RunId{b, 1}));
  EXPECT_EQ(pair.x.links.receive({b, 2}), "from the new run");
  pair.x.frames.erase(pair.x.frames.begin() + 1, pair.x.frames.end());
  pair.x.deliver(later);  // What was for the old run
  EXPECT_EQ(later.links.receive(pair.x.run), std::nullopt);
  EXPECT_EQ(later.links.statistics().old_boot, 1U);
  pair.y.deliver(pair.x);
  EXPECT_TRUE(pair.x.links.is_up({b, 2}));
}

TEST(Links, GiveUpOnAPeerThatDoesNotAnswerAndGoOnAsking) {
  Pair pair;
  (void)pair.x.links.send(pair.y.run, "lost");
  for (int i = 0; i < 30; ++i) {
    pair.x.run_until(pair.x.now_ + base::seconds(1));
  }
  ASSERT_EQ(pair.x.ended.size(), 1U);
  EXPECT_EQ(pair.x.ended[0].reason, LinkEnd::gave_up);
  EXPECT_EQ(pair.x.links.find(b)->epoch(), 2U);
  pair.x.frames.clear();
  (void)pair.x.links.send(pair.y.run, "next");
  pair.exchange();
  EXPECT_EQ(pair.y.links.receive(pair.x.run), "next");
  EXPECT_EQ(pair.x.ended.size(), 1U);
}

TEST(Links, RestartAsALaterBootOfThisNode) {
  Pair pair;
  (void)pair.x.links.send(pair.y.run, "before");
  pair.exchange();
  LinkOutputs out;
  pair.x.links.restart_as(pair.x.now_, 9, out);
  pair.x.run.start = 9;
  ASSERT_EQ(out.ended.size(), 1U);
  EXPECT_EQ(out.ended[0].reason, LinkEnd::own_restart);
  (void)pair.x.links.send(pair.y.run, "after");
  pair.x.deliver(pair.y);
  ASSERT_EQ(pair.y.ended.size(), 1U);
  EXPECT_EQ(pair.y.ended[0].reason, LinkEnd::newer_run);
  EXPECT_EQ(pair.y.ended[0].received, std::vector<base::Bytes>{"before"});
  EXPECT_EQ(pair.y.links.receive({a, 9}), "after");
}

// Goal: memory is bounded in peers, and one that was forgotten is not met in an epoch that it knows
// (L9). Method: room for two; the first comes back.
TEST(Links, ForgetWhoIsDownForLongestAndDoNotUseItsEpochsAgain) {
  Node x({a, 1}, {.peers_max = 2});
  Node y({b, 1});
  Node z({base::NodeId::of("z"), 1});
  Node third({base::NodeId::of("third"), 1});
  x.up(y);
  y.up(x);
  (void)x.links.send(y.run, "one");
  x.deliver(y);
  EXPECT_EQ(y.links.receive(x.run), "one");
  x.up(z);
  x.up(third);
  EXPECT_EQ(x.links.find(third.run.node), nullptr);
  EXPECT_EQ(x.links.statistics().peers_refused, 1U);
  x.down(y);
  EXPECT_EQ(x.links.find(b)->epoch(), 2U);
  x.run_until(x.now_ + kDatagramLifetimeMax);
  x.up(third);
  EXPECT_NE(x.links.find(third.run.node), nullptr);
  x.down(z);
  x.run_until(x.now_ + kDatagramLifetimeMax);
  x.up(y);
  ASSERT_NE(x.links.find(b), nullptr);
  EXPECT_EQ(x.links.find(b)->epoch(), 3U);
  x.deliver(y);
  ASSERT_EQ(y.ended.size(), 1U) << "it is told although its link was forgotten";
}

}  // namespace
}  // namespace horde::wire
