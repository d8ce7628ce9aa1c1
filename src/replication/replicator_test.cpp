// Replicators that talk to each other over links of 1 ms: what they cost, how fast they are, and
// what they survive.
#include "replication/replicator.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "wire/limits.hpp"

namespace horde::replication {
namespace {

using base::Duration;
using base::Instant;
using base::milliseconds;
using base::NodeId;
using base::RunId;
using base::seconds;

constexpr Duration kLatency = milliseconds(1);

class Net {
 public:
  Net(std::size_t nodes, const Options& options) {
    for (std::size_t i = 0; i < nodes; ++i) {
      // Not all at once, as in life.
      now_ = now_ + milliseconds(7);
      nodes_.push_back(std::make_unique<Replicator>(RunId{id(i), i + 1}, options));
      logs_.emplace_back();
      step(i, [&](Outputs& out) { nodes_[i]->on_start(at(), out); });
    }
    for (std::size_t i = 0; i < nodes; ++i) {
      meet(i);
    }
  }

  [[nodiscard]] static NodeId id(std::size_t i) {
    return NodeId::of(std::string(1, static_cast<char>('a' + i)));
  }
  [[nodiscard]] base::Now at() const { return {now_, {now_.ns}}; }
  [[nodiscard]] Instant now() const { return now_; }
  Replicator& operator[](std::size_t i) { return *nodes_[i]; }
  [[nodiscard]] const std::vector<base::Bytes>& log(std::size_t i) const { return logs_[i]; }

  void step(std::size_t i, const std::function<void(Outputs&)>& input) {
    Outputs out;
    input(out);
    for (LogRecord& record : out.records) {
      if (record.mode == LogRecord::Mode::replace) {
        logs_[i].clear();
      }
      logs_[i].push_back(std::move(record.bytes));
    }
    for (const Notice& notice : out.notices) {
      ++told[std::string(notice.topic)];
    }
    for (const Outgoing& sent : out.sends) {
      for (const NodeId to : sent.to) {
        bytes += sent.body.size();
        ++messages;
        if (!cut) {
          under_way_.push_back({i, static_cast<std::size_t>(to.value >> 56U) - 'a',
                                nodes_[i]->own_run(), sent.body, now_ + kLatency});
        }
      }
    }
  }
  void put(std::size_t i, const crdt::Key& key, const crdt::Value& value) {
    const std::pair pair{key, value};
    step(i, [&](Outputs& out) { (void)nodes_[i]->put(at(), std::span(&pair, 1), out); });
  }
  void remove(std::size_t i, const crdt::Key& key) {
    step(i, [&](Outputs& out) { nodes_[i]->remove(at(), std::span(&key, 1), out); });
  }
  void meet(std::size_t i) {
    Peers peers;
    std::set<NodeId> members;
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      members.insert(id(j));
      if (i != j) {
        peers.neighbours.push_back(nodes_[j]->own_run());
        peers.reachable.push_back(nodes_[j]->own_run());
      }
    }
    nodes_[i]->set_witnesses(members, {});
    step(i, [&](Outputs& out) { nodes_[i]->set_peers(at(), peers, out); });
  }
  void restart(std::size_t i, const std::vector<base::Bytes>& log, const Options& options) {
    nodes_[i] =
        std::make_unique<Replicator>(RunId{id(i), nodes_[i]->own_run().start + 10}, options);
    EXPECT_TRUE(nodes_[i]->load(log).has_value());
    step(i, [&](Outputs& out) { nodes_[i]->on_start(at(), out); });
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      meet(j);
    }
  }
  void run(Duration duration) {
    const Instant end = now_ + duration;
    while (pump(end)) {
    }
  }
  // Until all are equal: how long that took.
  Duration settle() {
    const Instant start = now_;
    while (!equal() && now_ < start + seconds(120) && pump(start + seconds(120))) {
    }
    EXPECT_TRUE(equal());
    return now_ - start;
  }
  [[nodiscard]] bool equal() const {
    return std::ranges::all_of(nodes_, [this](const auto& node) {
      return node->map().digest() == nodes_.front()->map().digest();
    });
  }

  std::size_t bytes = 0;
  std::size_t messages = 0;
  bool cut = false;
  std::map<std::string, int> told;

 private:
  struct Message {
    std::size_t from, to;
    RunId run;
    base::Bytes body;
    Instant arrives_at;
  };

  bool pump(Instant end) {
    Instant next = under_way_.empty() ? Instant::never() : under_way_.front().arrives_at;
    std::size_t sleeper = nodes_.size();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i]->wake_at() < next) {
        next = nodes_[i]->wake_at();
        sleeper = i;
      }
    }
    if (next > end) {
      now_ = end;
      return false;
    }
    now_ = std::max(now_, next);
    if (sleeper < nodes_.size()) {
      step(sleeper, [&](Outputs& out) { nodes_[sleeper]->on_timeout(at(), out); });
      return true;
    }
    const Message message = std::move(under_way_.front());
    under_way_.pop_front();
    step(message.to, [&](Outputs& out) {
      EXPECT_TRUE(nodes_[message.to]->on_message(at(), message.run, message.body, out).has_value());
    });
    return true;
  }

  Instant now_{seconds(1'000).ns};
  std::vector<std::unique_ptr<Replicator>> nodes_;
  std::vector<std::vector<base::Bytes>> logs_;
  std::deque<Message> under_way_;
};

// Goal: at rest a pair exchanges one question and one answer in each interval, and nothing else.
TEST(Replicator, CostsOneQuestionAndOneAnswerInEachIntervalAtRest) {
  Net net(2, {});
  net.put(0, "k", "v");
  net.settle();
  net.run(seconds(10));
  net.bytes = 0;
  net.messages = 0;
  net.run(seconds(30));
  EXPECT_LE(net.messages, 2U * 100U);
  EXPECT_GE(net.messages, 2U * 95U);
  EXPECT_LE(net.bytes / net.messages, 20U);
}

TEST(Replicator, PushesAWriteWithinTheDelay) {
  Net net(3, {});
  net.run(seconds(2));
  net.put(0, "k", "v");
  EXPECT_EQ(net.settle(), Options{}.push_delay + kLatency);
  EXPECT_EQ(*net[2].map().get("k"), "v");
}

TEST(Replicator, CarriesAWriteWithinTwoIntervalsWithoutPushes) {
  Net net(3, {.propagation = Propagation::interval});
  net.run(seconds(2));
  net.put(0, "k", "v");
  EXPECT_LE(net.settle(), Options{}.sync_interval * 2);
}

TEST(Replicator, ARemoveReachesEverybodyAndItsTombstoneIsDropped) {
  Net net(3, {});
  net.put(0, "k", "v");
  net.run(seconds(2));
  net.remove(1, "k");
  net.run(seconds(3));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(net[i].map().entries(), 0U);
    EXPECT_EQ(net[i].sizes().early_events + net[i].sizes().queued_events, 0U);
  }
}

// Goal: repairing a difference costs that difference and not what exists. Method: 100,000 keys on
// three nodes; one write is not pushed to anybody.
TEST(Replicator, RepairsOneDifferenceAmongManyKeysWithFewBytes) {
  const Options options{.storage = false};
  Net net(3, options);
  std::vector<std::pair<crdt::Key, crdt::Value>> pairs;
  for (int i = 0; i < 100'000; ++i) {
    const std::string number = std::to_string(100'000 + i);
    pairs.emplace_back("key-of-16b" + number, "val-of-16b" + number);
  }
  net.step(0, [&](Outputs& out) { (void)net[0].put(net.at(), pairs, out); });
  net.settle();
  net.run(seconds(5));
  const auto cost = [&net](Duration time) {
    const std::size_t before = net.bytes;
    net.run(time);
    return net.bytes - before;
  };
  const std::size_t at_rest = cost(seconds(3));
  net.cut = true;
  net.put(0, "one-more-key-16b", "one-more-val-16b");
  net.run(milliseconds(10));
  net.cut = false;
  const std::size_t with_repair = cost(seconds(3));
  EXPECT_TRUE(net.equal());
  EXPECT_LE(with_repair - at_rest, 2 * 500U);  // Two nodes lack it.
  EXPECT_EQ(net[2].map().keys_visible(), 100'001U);
}

TEST(Replicator, ATruncatedSyncLosesNothing) {
  Net net(3, {.propagation = Propagation::interval, .page_keys_max = 1, .page_window = 1});
  for (int i = 0; i < 50; ++i) {
    net.put(static_cast<std::size_t>(i % 3), "k" + std::to_string(i), "v");
  }
  net.settle();
  EXPECT_GT(net.told["truncated_sync"], 0);
  EXPECT_EQ(net[1].map().keys_visible(), 50U);
}

// D2: a log whose every prefix is a state. Method: whatever prefix b restarts from, it becomes
// equal to a again, without any self-check's alarm.
TEST(Replicator, ComesBackFromEveryPrefixOfItsLog) {
  const Options options;
  for (std::size_t length = 0;; ++length) {
    Net net(2, options);
    for (int i = 0; i < 4; ++i) {
      net.put(0, "k" + std::to_string(i), "v");
      net.put(1, "k0", "w" + std::to_string(i));
      net.run(milliseconds(100));
    }
    net.remove(1, "k1");
    net.run(seconds(2));
    const std::vector<base::Bytes> log = net.log(1);
    if (length > log.size()) {
      EXPECT_GT(length, 8U);
      return;
    }
    net.restart(1, {log.begin(), log.begin() + static_cast<std::ptrdiff_t>(length)}, options);
    net.settle();
    EXPECT_EQ(net[1].map().to_map(), net[0].map().to_map());
    EXPECT_EQ(net.told["self_check_failed"], 0);
  }
}

TEST(Replicator, StopsReadingItsLogAtADamagedRecord) {
  Net net(1, {});
  net.put(0, "k", "v");
  net.put(0, "j", "w");
  std::vector<base::Bytes> log = net.log(0);
  ASSERT_EQ(log.size(), 2U);
  log[1][0] = 9;
  Replicator replica({Net::id(0), 9}, {});
  EXPECT_EQ(replica.load(log).error().code, wire::DecodeErrc::bad_version);
  EXPECT_EQ(replica.map().to_map(), (std::map<crdt::Key, crdt::Value>{{"k", "v"}}));
}

TEST(Replicator, ReplacesALongLogByACheckpoint) {
  Net net(1, {});
  for (int i = 0; i < 200; ++i) {
    net.put(0, "k", base::Bytes(1'000, 'v'));
  }
  EXPECT_LT(net.log(0).size(), 100U);
  Replicator replica({Net::id(0), 9}, {});
  EXPECT_TRUE(replica.load(net.log(0)).has_value());
  EXPECT_EQ(replica.map().vector(), net[0].map().vector());
}

// Goal: entries that are read by rank are not written over by whoever has the newest stamp (W4):
// that may be a stale writer. Method: three replicas write both kinds of key while cut off, one
// sibling is kept at most; the plain key is resolved to one put, the ranked one shows all three.
TEST(Replicator, LeavesTheSiblingsOfKeysReadByRankToTheirOwners) {
  Net net(3, {.siblings_kept = 1, .keys_by_rank = "\x20"});
  for (std::size_t i = 0; i < 3; ++i) {
    net.step(i, [&](Outputs& out) { net[i].assume_synced(out); });
  }
  net.run(seconds(2));
  net.cut = true;
  for (std::size_t i = 0; i < 3; ++i) {
    net.put(i,
            "\x20"
            "ranked",
            "of " + std::to_string(i));
    net.put(i,
            "\x10"
            "plain",
            "of " + std::to_string(i));
  }
  net.run(milliseconds(50));
  net.cut = false;
  net.run(seconds(5));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(net[i]
                  .map()
                  .siblings("\x20"
                            "ranked")
                  ->size(),
              3U);
    EXPECT_EQ(net[i]
                  .map()
                  .siblings("\x10"
                            "plain")
                  ->size(),
              1U);
  }
}

TEST(Replicator, RefusesKeysAndValuesOverTheirLimitsAsAWhole) {
  Net net(1, {});
  const std::vector<std::pair<crdt::Key, crdt::Value>> pairs = {
      {"k", "v"}, {base::Bytes(wire::kKeyBytesMax + 1, 'k'), "v"}};
  net.step(0, [&](Outputs& out) {
    EXPECT_EQ(net[0].put(net.at(), pairs, out), WriteErrc::key_over_limit);
    EXPECT_TRUE(out.records.empty());
  });
  const std::pair<crdt::Key, crdt::Value> large{"k", base::Bytes(wire::kValueBytesMax + 1, 'v')};
  net.step(0, [&](Outputs& out) {
    EXPECT_EQ(net[0].put(net.at(), std::span(&large, 1), out), WriteErrc::value_over_limit);
  });
  EXPECT_EQ(net[0].map().entries(), 0U);
}

TEST(Replicator, ANewcomerIsSyncedOnceItHasWhatASyncedMemberHad) {
  Net net(2, {});
  net.put(0, "k", "v");
  net.step(0, [&](Outputs& out) { net[0].assume_synced(out); });
  EXPECT_FALSE(net[1].is_synced());
  net.run(seconds(1));
  EXPECT_TRUE(net[1].is_synced());
  EXPECT_EQ(net[1].peer_synced(Net::id(0)), true);
  EXPECT_EQ(net[0].holders({net[0].own_run(), 1}), 2U);
}

// Goal: an answer to a former run's question is not taken for an answer to this run's (found by
// random schedules; its cursor hid what the disk had lost).
TEST(Replicator, TakesNoAnswerToAQuestionOfItsFormerRun) {
  const RunId peer{Net::id(1), 1};
  const base::Now now{{1}, {1}};
  const auto first_question = [&](std::uint64_t start) {
    Replicator replica({Net::id(0), start}, {});
    Outputs out;
    replica.on_start(now, out);
    replica.set_peers(now, {.neighbours = {peer}, .reachable = {peer}}, out);
    replica.on_timeout(now, out);
    wire::Reader reader(out.sends.at(0).body);
    return std::get<Ask>(*decode(reader)).round;
  };
  EXPECT_NE(first_question(1), first_question(2));
}

// --- Runs closed without a replica (C3) ---

base::Bytes vector_message(const crdt::VersionVector& vector) {
  wire::Writer writer;
  encode(writer, VectorIs{.vector = SentVector::full(vector)});
  return std::move(writer).take();
}

// a wrote x and y; the vector of b, which has closed a's run after `agreed` of them.
struct ClosedWithout {
  const RunId a{NodeId::of("a"), 3};
  const RunId b{NodeId::of("b"), 1};
  const base::Now now{{seconds(1).ns}, {1}};
  Replicator replica{a, {}};

  Outputs hear(std::uint64_t agreed) {
    Outputs out;
    replica.on_start(now, out);
    const std::vector<std::pair<crdt::Key, crdt::Value>> pairs = {{"x", "1"}, {"y", "2"}};
    (void)replica.put(now, pairs, out);
    crdt::VersionVector theirs;
    if (agreed > 0) {
      theirs.raise({a, agreed});
    }
    theirs.raise({b, 5});
    theirs.close(a.node, 4);
    out = {};
    EXPECT_TRUE(replica.on_message(now, b, vector_message(theirs), out).has_value());
    return out;
  }
  std::map<crdt::Key, crdt::Value> after_starting_anew() {
    Outputs out;
    replica.start_anew(now, 10, out);
    EXPECT_EQ(replica.map().entries(), 0U);
    replica.assume_synced(out);
    replica.set_peers(now, {}, out);
    return replica.map().to_map();
  }
};

TEST(Replicator, WritesAgainWhatWasLeftOutOfAClosing) {
  ClosedWithout world;
  EXPECT_TRUE(world.hear(1).needs_new_run);
  EXPECT_EQ(world.after_starting_anew(), (std::map<crdt::Key, crdt::Value>{{"y", "2"}}));
}

TEST(Replicator, TakesANewRunWhenItsOwnWasClosedWithAllItsEvents) {
  ClosedWithout world;
  EXPECT_TRUE(world.hear(2).needs_new_run);
  EXPECT_TRUE(world.after_starting_anew().empty());
}

// After a rollback the others have agreed on more than is known here: all that is left is theirs.
TEST(Replicator, WritesNothingAgainThatOthersAgreedOnBeyondIt) {
  ClosedWithout world;
  EXPECT_TRUE(world.hear(4).needs_new_run);
  EXPECT_TRUE(world.after_starting_anew().empty());
}

// Two members that removed each other have each closed the other's present run. If both gave way,
// nobody would have what they had.
TEST(Replicator, OneOfTwoThatClosedEachOthersRunsGivesWay) {
  const RunId a{NodeId::of("a"), 3};
  const RunId b{NodeId::of("b"), 4};
  const base::Now now{{seconds(1).ns}, {1}};
  const auto knows_both_and_closed = [&](const RunId& closed) {
    crdt::VersionVector out;
    out.raise({a, 1});
    out.raise({b, 1});
    out.close(closed.node, closed.start + 1);
    return out;
  };
  const auto gives_way = [&](const RunId& own, const RunId& other) {
    Replicator replica(own, {});
    const base::Bytes record = encode(Record{.vector = knows_both_and_closed(other)});
    EXPECT_TRUE(replica.load(std::span(&record, 1)).has_value());
    Outputs out;
    replica.on_start(now, out);
    const base::Bytes message = vector_message(knows_both_and_closed(own));
    EXPECT_TRUE(replica.on_message(now, other, message, out).has_value());
    return out.needs_new_run;
  };
  EXPECT_NE(gives_way(a, b), gives_way(b, a));
}

}  // namespace
}  // namespace horde::replication
