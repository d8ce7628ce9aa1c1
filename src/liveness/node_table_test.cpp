#include "liveness/node_table.hpp"

#include <gtest/gtest.h>

namespace horde::liveness {
namespace {

using base::NodeId;
using base::seconds;

const NodeId kSelf = NodeId::of("me");

Record record(const std::string& name, State state = State::alive, std::uint64_t boot = 1,
              std::uint64_t incarnation = 0) {
  Record out{.node = NodeId::of(name), .name = name, .boot = boot, .incarnation = incarnation};
  out.address.port = static_cast<std::uint16_t>(name.back());
  out.state = state;
  return out;
}

Record accused(const std::string& name, State state, const std::vector<std::string>& by,
               std::uint64_t incarnation = 0) {
  Record out = record(name, state, 1, incarnation);
  for (const std::string& accuser : by) {
    out.accusers.push_back(NodeId::of(accuser));
  }
  return out;
}

class NodeTableTest : public testing::Test {
 protected:
  /// The events of one claim: "up n1.1 suspect n1.1".
  std::string apply(const Record& claim, base::Instant now = {}) {
    std::vector<PeerEvent> events;
    Changes changes(events);
    table_.apply(now, claim, changes);
    return printed(events);
  }
  std::string due(base::Instant now) {
    std::vector<PeerEvent> events;
    Changes changes(events);
    table_.on_due(now, changes);
    return printed(events);
  }
  static std::string printed(const std::vector<PeerEvent>& events) {
    std::string out;
    for (const PeerEvent& event : events) {
      out += out.empty() ? "" : " ";
      out +=
          std::string(to_string(event.kind)) + " " + to_string(base::RunId{event.node, event.boot});
    }
    return out;
  }
  void know(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      apply(record(name));
    }
  }

  Options options_{.forget_after = seconds(100), .nodes_max = 8};
  NodeTable table_{kSelf, options_};
};

// Goal: the order of precedence. Method: each claim in turn against the one before it.
TEST_F(NodeTableTest, BelievesByBootThenIncarnationThenState) {
  know({"n2", "n3", "n4", "n5"});
  EXPECT_EQ(apply(record("n1")), "up n1.1");
  EXPECT_EQ(apply(record("n1")), "");
  EXPECT_EQ(apply(accused("n1", State::suspect, {"n2"})), "suspect n1.1");
  EXPECT_EQ(apply(record("n1")), "");
  const base::Instant later = base::Instant{} + seconds(1);
  EXPECT_EQ(apply(accused("n1", State::dead, {"n2", "n3"}), later), "dead n1.1");
  EXPECT_EQ(apply(accused("n1", State::suspect, {"n4"}), later), "");
  EXPECT_EQ(apply(record("n1", State::alive, 1, 1)), "up n1.1");
  EXPECT_EQ(apply(accused("n1", State::dead, {"n2", "n3"}, 0)), "");
  EXPECT_EQ(apply(accused("n1", State::suspect, {"n2"}, 1)), "suspect n1.1");
  EXPECT_EQ(apply(record("n1", State::alive, 1, 2)), "cleared n1.1");
  EXPECT_EQ(apply(record("n1", State::left, 1, 0)), "left n1.1");
  EXPECT_EQ(apply(record("n1", State::alive, 1, 9)), "");
  EXPECT_EQ(apply(record("n1", State::alive, 2, 0)), "up n1.2");
  EXPECT_EQ(apply(record("n1", State::dead, 1, 99)), "");
}

// Goal: one member that hears nobody cannot have others declared dead. Method: its word alone is a
// suspicion with the longest time; a second voice makes it a death.
TEST_F(NodeTableTest, OneVoiceIsASuspicionAndTwoAreADeath) {
  know({"n1", "n2", "n3", "n4", "n5"});
  const base::Instant later = base::Instant{} + seconds(1);
  EXPECT_EQ(apply(accused("n1", State::dead, {"n2"})), "suspect n1.1");
  EXPECT_EQ(table_.next_deadline(), base::Instant{} + base::milliseconds(6'750));
  EXPECT_EQ(apply(accused("n1", State::dead, {"n2"}), later), "");
  EXPECT_EQ(apply(accused("n1", State::dead, {"n3"}), later), "dead n1.1");
  EXPECT_FALSE(table_.is_reachable(NodeId::of("n1")));
}

// Goal: after a heal, nobody believes what the other side thought of its own side. Method: a death
// with many voices, of a node that is not even suspect here, leaves it the time to refute.
TEST_F(NodeTableTest, ADeathThatComesAsASurpriseCanBeRefuted) {
  know({"n1", "n2", "n3", "n4", "n5"});
  EXPECT_EQ(apply(accused("n1", State::dead, {"n2", "n3", "n4", "n5"})), "suspect n1.1");
  EXPECT_EQ(table_.next_deadline(), base::Instant{} + base::milliseconds(1'125));
  EXPECT_EQ(apply(record("n1", State::alive, 1, 1)), "cleared n1.1");
}

TEST_F(NodeTableTest, ADeathByRefusalIsBelievedAtOnce) {
  know({"n1", "n2", "n3", "n4", "n5"});
  Record refused = accused("n1", State::dead, {"n2"});
  refused.evidence = Evidence::refusal;
  EXPECT_EQ(apply(refused), "suspect n1.1");
  refused.accusers.push_back(NodeId::of("n3"));
  EXPECT_EQ(apply(refused), "dead n1.1");
  const Record told = table_.record_of(base::Instant{}, *table_.find(NodeId::of("n1")));
  EXPECT_EQ(told.evidence, Evidence::refusal);  // Those who hear it from here believe it as well.
}

TEST_F(NodeTableTest, ConfirmationsShortenTheTimeToRefute) {
  know({"n1", "n2", "n3", "n4", "n5"});
  const base::Instant start = base::Instant{} + seconds(1);
  apply(accused("n1", State::suspect, {"n2"}), start);
  apply(accused("n1", State::suspect, {"n2", "n3"}), start + seconds(1));
  EXPECT_EQ(table_.next_deadline(), start + base::microseconds(3'937'500));
  apply(accused("n1", State::suspect, {"n4", "n5"}), start + seconds(1));
  EXPECT_EQ(table_.next_deadline(), start + base::milliseconds(1'125));
  EXPECT_EQ(due(start + base::milliseconds(1'124)), "");
  EXPECT_EQ(due(start + base::milliseconds(1'125)), "dead n1.1");
  EXPECT_EQ(table_.next_deadline(), base::Instant::never());
}

// With two others there is one who can confirm; once it is suspect itself, nobody can.
TEST_F(NodeTableTest, NobodyWaitsForConfirmationsThatCannotCome) {
  know({"n1", "n2"});
  apply(accused("n1", State::suspect, {"me"}));
  EXPECT_EQ(table_.next_deadline(), base::Instant{} + base::milliseconds(6'750));
  apply(accused("n2", State::suspect, {"me"}));
  EXPECT_EQ(table_.next_deadline(), base::Instant{} + base::milliseconds(1'125));
}

TEST_F(NodeTableTest, APauseOfOursGivesSuspectsMoreTime) {
  know({"n1"});
  apply(accused("n1", State::suspect, {"me"}));
  table_.postpone(seconds(20));
  EXPECT_EQ(due(base::Instant{} + seconds(21)), "");
  EXPECT_EQ(due(base::Instant{} + seconds(22)), "dead n1.1");
}

// Goal: what we believe because we are cut off is told to nobody, and any sign of life ends it.
TEST_F(NodeTableTest, BeliefsOfACutOffNodeAreItsOwn) {
  know({"n1", "n2"});
  const std::uint64_t digest = table_.digest();
  std::vector<PeerEvent> events;
  Changes changes(events);
  table_.suspect_all({}, changes);
  EXPECT_EQ(printed(events), "suspect n1.1 suspect n2.1");
  EXPECT_EQ(table_.record_of({}, *table_.find(NodeId::of("n1"))).state, State::alive);
  events.clear();
  table_.clear_private({}, changes);
  EXPECT_EQ(printed(events), "cleared n1.1 cleared n2.1");
  events.clear();
  table_.kill_all({}, changes);
  EXPECT_EQ(printed(events), "dead n1.1 dead n2.1");
  EXPECT_TRUE(changes.news.empty());
  EXPECT_TRUE(table_.reachable().empty());
  events.clear();
  table_.on_sign_of_life({}, {NodeId::of("n1"), 1}, changes);
  EXPECT_EQ(printed(events), "up n1.1");
  EXPECT_EQ(apply(record("n2")), "up n2.1");
  EXPECT_EQ(table_.digest(), digest);
}

TEST_F(NodeTableTest, ForgetsWhoIsLongGoneAndNotWanted) {
  know({"n1", "n2", "n3"});
  for (const std::string name : {"n1", "n2"}) {
    Record refused = accused(name, State::dead, {"n3", "n4"});
    refused.evidence = Evidence::refusal;
    EXPECT_EQ(apply(refused), "suspect " + name + ".1 dead " + name + ".1");
  }
  table_.set_wanted({NodeId::of("n2")});
  EXPECT_EQ(table_.next_lost({}), NodeId::of("n2"));
  table_.forget(base::Instant{} + seconds(99));
  EXPECT_EQ(table_.entries().size(), 3U);
  table_.forget(base::Instant{} + seconds(100));
  EXPECT_EQ(table_.entries().size(), 2U);
  EXPECT_EQ(table_.find(NodeId::of("n1")), nullptr);
}

// Goal: dead nodes do not go round for ever, each member reviving the memory of the others.
TEST_F(NodeTableTest, DoesNotTakeInWhoIsLongGone) {
  Record old = record("n1", State::dead);
  old.age_ms = 100'000;
  apply(old);
  EXPECT_EQ(table_.find(NodeId::of("n1")), nullptr);
  old.age_ms = 99'000;
  EXPECT_EQ(apply(old), "");
  table_.forget(base::Instant{} + seconds(1));
  EXPECT_EQ(table_.find(NodeId::of("n1")), nullptr);
}

TEST_F(NodeTableTest, TakesInNobodyMoreWhenItIsFull) {
  for (int i = 0; i < 9; ++i) {
    apply(record("n" + std::to_string(i)));
  }
  EXPECT_EQ(table_.entries().size(), 8U);
  EXPECT_EQ(table_.nodes_refused(), 1U);
  EXPECT_EQ(apply(record("n8")), "");
  apply(record("n0", State::left));
  table_.forget(base::Instant{} + seconds(100));
  EXPECT_EQ(apply(record("n8"), base::Instant{} + seconds(100)), "up n8.1");
}

}  // namespace
}  // namespace horde::liveness
