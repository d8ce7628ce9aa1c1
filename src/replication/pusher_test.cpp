#include "replication/pusher.hpp"

#include <gtest/gtest.h>

namespace horde::replication {
namespace {

using base::Instant;
using base::NodeId;
using base::RunId;
using crdt::AwLwwMap;

const RunId a{NodeId::of("a"), 1};
const RunId b{NodeId::of("b"), 1};
const NodeId c = NodeId::of("c");

// Replica b, which has a and c as neighbours.
struct AtB {
  Options options;
  Pusher pusher;
  AwLwwMap map;
  Outputs out;
  Instant now{base::seconds(1).ns};

  explicit AtB(const Options& chosen = {}, Pusher::Forwarding forwarding = Pusher::Forwarding::off)
      : options(chosen), pusher(options) {
    pusher.set_neighbours({a.node, c}, forwarding);
    pusher.set_caught_up(a.node, true);
    pusher.set_caught_up(c, true);
  }
  void push(std::vector<crdt::Event> events) {
    pusher.on_push(now, map, a.node, Push{std::move(events)});
  }
  void write(const crdt::Key& key, const crdt::Value& value) {
    pusher.add(now, map.put(b, key, value, 1));
  }
  // Whom how many datagrams go to.
  std::map<NodeId, std::size_t> flush() {
    now = pusher.flush_at();
    pusher.flush(now, out);
    std::map<NodeId, std::size_t> counts;
    for (const Outgoing& sent : std::exchange(out.sends, {})) {
      for (const NodeId to : sent.to) {
        ++counts[to];
      }
    }
    return counts;
  }
};

// Three writes by a: x, y over x, z elsewhere.
struct Writes {
  AwLwwMap map;
  crdt::Event x = map.put(a, "k", "x", 1);
  crdt::Event y = map.put(a, "k", "y", 1);
  crdt::Event z = map.put(a, "j", "z", 1);
};

TEST(Pusher, AppliesEventsThatComeInOrder) {
  AtB at;
  const Writes w;
  at.push({w.x, w.y, w.z});
  EXPECT_EQ(at.map.to_map(), w.map.to_map());
  EXPECT_EQ(at.pusher.early_events(), 0U);
}

TEST(Pusher, KeepsAnEventUntilThoseBeforeItAreThere) {
  AtB at;
  const Writes w;
  at.push({w.z});
  at.push({w.y});
  EXPECT_EQ(at.map.entries(), 0U);
  EXPECT_EQ(at.pusher.gap_source(), a.node);
  at.push({w.x});
  EXPECT_EQ(at.map.to_map(), w.map.to_map());
  EXPECT_EQ(at.pusher.gap_source(), std::nullopt);
}

// P2: contiguous in its run, and yet too early.
TEST(Pusher, KeepsAnEventUntilWhatItSupersedesIsThere) {
  AtB at;
  AwLwwMap elsewhere;
  const Writes w;
  elsewhere.apply(w.x);
  const crdt::Event over = elsewhere.put({c, 1}, "k", "over", 1);
  at.push({over});
  EXPECT_EQ(at.pusher.early_events(), 1U);
  at.push({w.x});
  EXPECT_EQ(at.map.to_map(), elsewhere.to_map());
}

TEST(Pusher, AppliesEarlyEventsAfterASession) {
  AtB at;
  const Writes w;
  at.push({w.z});
  at.map.apply(w.x);
  at.map.apply(w.y);
  at.pusher.apply_early(at.now, at.map);
  EXPECT_EQ(at.map.to_map(), w.map.to_map());
  EXPECT_EQ(at.pusher.early_events(), 0U);
}

TEST(Pusher, DropsWhatIsKnownAndWhatComesTwice) {
  AtB at;
  const Writes w;
  at.push({w.x, w.x});
  const std::uint64_t order = at.map.last_order();
  at.push({w.x, w.z, w.z});
  EXPECT_EQ(at.map.last_order(), order);
  EXPECT_EQ(at.pusher.early_events(), 1U);
}

TEST(Pusher, DropsTheOldestEarlyEventOverTheLimit) {
  AtB at({.early_events_max = 1});
  const Writes w;
  at.push({w.y});
  at.push({w.z});
  EXPECT_EQ(at.pusher.early_events(), 1U);
  at.push({w.x});
  EXPECT_EQ(*at.map.get("k"), "x");  // y was dropped, so z waits for it.
  at.push({w.y});
  EXPECT_EQ(at.map.to_map(), w.map.to_map());
}

TEST(Pusher, KeepsNoMoreEarlyBytesThanAllowed) {
  AtB at({.early_bytes_max = 300});
  Writes w;
  w.y.sibling.value = base::Bytes(400, 'v');
  at.push({w.y});
  EXPECT_EQ(at.pusher.early_events(), 0U);
  at.push({w.z});
  EXPECT_EQ(at.pusher.early_events(), 1U);
}

// Goal: nothing of an ended run moves once its end is known; others may have agreed on it (C2).
TEST(Pusher, DropsEventsOfARunThatHasEndedAlsoKeptOnes) {
  AtB at;
  const Writes w;
  at.push({w.z});
  at.pusher.on_run_started({a.node, 2});
  EXPECT_EQ(at.pusher.early_events(), 0U);
  at.push({w.x});
  EXPECT_EQ(at.map.entries(), 0U);
}

// The same when a session tells of the later run.
TEST(Pusher, DropsKeptEventsOfARunThatASessionShowsToHaveEnded) {
  AtB at;
  Writes w;
  at.push({w.y});
  at.map.apply(w.x);
  at.map.apply(w.map.put({a.node, 2}, "i", "later", 1));
  at.pusher.apply_early(at.now, at.map);
  EXPECT_EQ(*at.map.get("k"), "x");
  EXPECT_EQ(at.pusher.early_events(), 0U);
}

TEST(Pusher, GathersWhatIsWrittenWithinTheDelayIntoOneDatagram) {
  AtB at;
  at.write("k", "1");
  at.write("j", "2");
  EXPECT_EQ(at.pusher.flush_at(), at.now + at.options.push_delay);
  EXPECT_EQ(at.flush(), (std::map<NodeId, std::size_t>{{a.node, 1}, {c, 1}}));
  EXPECT_EQ(at.pusher.flush_at(), Instant::never());
}

TEST(Pusher, SendsNothingToWhoIsFarBehind) {
  AtB at;
  at.pusher.set_caught_up(c, false);
  at.write("k", "1");
  EXPECT_EQ(at.flush(), (std::map<NodeId, std::size_t>{{a.node, 1}}));
}

TEST(Pusher, PushesNothingWhenRoundsCarryEverything) {
  AtB at({.propagation = Propagation::interval});
  at.write("k", "1");
  EXPECT_EQ(at.pusher.flush_at(), Instant::never());
}

TEST(Pusher, ForwardsToAllButTheSenderAndTheWriter) {
  AtB at({}, Pusher::Forwarding::on);
  const Writes w;
  at.push({w.x});
  EXPECT_EQ(at.flush(), (std::map<NodeId, std::size_t>{{c, 1}}));
  at.pusher.on_push(at.now, at.map, c, Push{{w.y}});
  EXPECT_EQ(at.pusher.queued_events(), 1U);  // a wrote it, c sent it: nobody is left.
  EXPECT_TRUE(at.flush().empty());
}

TEST(Pusher, ForwardsNothingInAFullMesh) {
  AtB at;
  at.push({Writes().x});
  EXPECT_EQ(at.pusher.flush_at(), Instant::never());
}

TEST(Pusher, LeavesWhatIsOverTheBudgetToSessions) {
  AtB at({.push_bytes_per_interval = 500});
  at.write("k", base::Bytes(300, 'v'));
  EXPECT_EQ(at.flush().size(), 2U);
  at.write("k", base::Bytes(300, 'v'));
  EXPECT_TRUE(at.flush().empty());
  ASSERT_EQ(at.out.notices.size(), 2U);
  EXPECT_EQ(at.out.notices[0].topic, "push_overflow");
  at.now = at.now + at.options.sync_interval;
  at.pusher.set_caught_up(a.node, true);
  at.write("k", base::Bytes(300, 'v'));
  EXPECT_EQ(at.flush(), (std::map<NodeId, std::size_t>{{a.node, 1}}));
}

}  // namespace
}  // namespace horde::replication
