#include "registry/barrier.hpp"

#include <gtest/gtest.h>

namespace horde::registry {
namespace {

const base::RunId n1{base::NodeId::of("n1"), 1};
const base::RunId n2{base::NodeId::of("n2"), 1};
const base::RunId n3{base::NodeId::of("n3"), 1};
const process::Pid holder{n1, 7};

struct BarriersTest : testing::Test {
  BarriersTest() {
    for (const base::RunId& run : {n1, n2, n3}) {
      view.members.insert(run.node);
      view.reachable[run.node] = 1;
    }
    table.set_present({n1, n2, n3}, view.members);
    other_table.set_present({n1, n2, n3}, view.members);
    table.put({"k", n1}, 7, {}, {}, Cause::registered);
  }
  [[nodiscard]] static base::Now at(std::int64_t ms) { return {{base::milliseconds(ms).ns}, {}}; }
  std::vector<std::pair<base::RunId, Message>> sent() {
    std::vector<std::pair<base::RunId, Message>> all;
    for (const Output& output : std::exchange(out, {}).list) {
      const auto& message = std::get<SendTo>(output);
      all.emplace_back(message.to, decode_message(message.body).value());
    }
    return all;
  }
  [[nodiscard]] bool begin(std::set<base::NodeId> members = {}) {
    return asker.begin(at(0), view, table,
                       {.call = {5},
                        .key = "k",
                        .pid = holder,
                        .members = std::move(members),
                        .deadline = at(3'000).mono},
                       out);
  }

  View view;
  Table table{Keys::unique};
  Table other_table{Keys::unique};
  Barriers asker{n1};
  Barriers other{n2};
  Outputs out;
};

const BarrierAsk kAsk{.number = 1, .key = "k", .pid = holder, .timeout = base::seconds(3)};

TEST_F(BarriersTest, EndsWhenTheLastMemberSeesTheName) {
  ASSERT_TRUE(begin());
  const std::vector<std::pair<base::RunId, Message>> asked = {{n2, kAsk}, {n3, kAsk}};
  EXPECT_EQ(sent(), asked);
  other.on_ask(at(1), other_table, n1, kAsk, out);
  EXPECT_TRUE(sent().empty());
  other_table.put({"k", n3}, 9, {.priority = 1}, {}, Cause::registered);
  other.on_touched(other_table, "k", out);
  EXPECT_TRUE(sent().empty()) << "another process is there";
  other_table.put({"k", n1}, 7, {.priority = 2}, {}, Cause::registered);
  other.on_touched(other_table, "k", out);
  const std::vector<std::pair<base::RunId, Message>> seen = {{n1, BarrierSeen{1}}};
  EXPECT_EQ(sent(), seen);
  EXPECT_EQ(other.waits(), 0);
  other.on_ask(at(1), other_table, n1, kAsk, out);
  EXPECT_EQ(sent(), seen) << "at once, if it is seen";

  asker.on_seen(n2, {1});
  asker.on_seen(n2, {1});
  EXPECT_TRUE(asker.take_finished().empty());
  asker.on_seen(n3, {1});
  const auto finished = asker.take_finished();
  ASSERT_EQ(finished.size(), 1);
  EXPECT_EQ(finished[0].call, base::CallId{5});
  EXPECT_TRUE(finished[0].missing.empty());
  EXPECT_EQ(asker.size(), 0);
  EXPECT_EQ(asker.wake_at(), base::Instant::never());
}

TEST_F(BarriersTest, SaysAtItsDeadlineWhoIsMissing) {
  ASSERT_TRUE(begin());
  asker.on_seen(n2, {1});
  EXPECT_EQ(asker.wake_at(), at(1'000).mono);
  sent();
  asker.on_timeout(at(1'000), view, out);
  const BarrierAsk again{.number = 1, .key = "k", .pid = holder, .timeout = base::seconds(2)};
  const std::vector<std::pair<base::RunId, Message>> asked = {{n3, again}};
  EXPECT_EQ(sent(), asked);
  asker.on_timeout(at(2'000), view, out);
  EXPECT_EQ(asker.wake_at(), at(3'000).mono);
  asker.on_timeout(at(3'000), view, out);
  const auto finished = asker.take_finished();
  ASSERT_EQ(finished.size(), 1);
  EXPECT_EQ(finished[0].missing, std::vector{n3.node});
  asker.on_seen(n3, {1});
  EXPECT_TRUE(asker.take_finished().empty()) << "too late";
}

TEST_F(BarriersTest, AMemberThatWasAwayOrHasRestartedIsAskedWhenItIsThere) {
  view.reachable.erase(n2.node);
  ASSERT_TRUE(begin());
  sent();
  view.reachable[n2.node] = 2;
  asker.on_view(at(10), view, out);
  const auto asked = sent();
  ASSERT_EQ(asked.size(), 2);
  EXPECT_EQ(asked[0].first, (base::RunId{n2.node, 2}));
  asker.on_view(at(11), view, out);
  EXPECT_TRUE(sent().empty());
  view.members.erase(n2.node);
  asker.on_seen(n3, {1});
  asker.on_view(at(12), view, out);
  EXPECT_EQ(asker.take_finished().size(), 1) << "who is no member any more is not waited for";
}

TEST_F(BarriersTest, OfNamedMembersWaitsForThoseAlone) {
  ASSERT_TRUE(begin({n1.node}));
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(asker.take_finished().size(), 1);
  ASSERT_TRUE(begin({n2.node}));
  view.members.erase(n2.node);
  asker.on_view(at(1), view, out);
  EXPECT_TRUE(asker.take_finished().empty()) << "it was named, and may be put back on the list";
}

TEST_F(BarriersTest, WaitsAreBoundedAndEnd) {
  for (std::uint64_t i = 0; i < Barriers::kWaitsMax; ++i) {
    other.on_ask(at(0), other_table, n1,
                 {.number = 1 + i, .key = "k", .pid = holder, .timeout = base::seconds(3)}, out);
  }
  EXPECT_EQ(other.waits(), Barriers::kWaitsMax);
  other.on_ask(at(0), other_table, n3, kAsk, out);
  other.on_ask(at(500), other_table, n1, kAsk, out);
  EXPECT_EQ(other.waits(), Barriers::kWaitsMax) << "one is asked again, one more is not remembered";
  EXPECT_EQ(other.wake_at(), at(3'000).mono);
  other.on_timeout(at(3'000), view, out);
  EXPECT_EQ(other.waits(), 1);
  other.on_timeout(at(3'500), view, out);
  EXPECT_EQ(other.waits(), 0);

  for (std::size_t i = 0; i < Barriers::kBarriersMax; ++i) {
    ASSERT_TRUE(begin());
  }
  EXPECT_FALSE(begin());
  asker.stop();
  EXPECT_EQ(asker.take_finished().size(), Barriers::kBarriersMax);
  EXPECT_EQ(asker.wake_at(), base::Instant::never());
}

}  // namespace
}  // namespace horde::registry
