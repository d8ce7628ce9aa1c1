#include "node/node.hpp"

#include <gtest/gtest.h>

#include "node/test_nodes.hpp"
#include "wire/limits.hpp"

namespace horde::node {
namespace {

using base::Effects;
using base::milliseconds;
using base::Now;

// Two hordes, without children.
void two_maps(Config& config) {
  config.hordes = {{.name = "a"}, {.name = "b"}};
}

Now at(std::int64_t ms) {
  return {{milliseconds(ms).ns}, {milliseconds(1'000 + ms).ns}};
}

template <class E>
std::vector<E> all(const Effects& effects) {
  std::vector<E> out;
  for (const base::Effect& effect : effects.list) {
    if (const E* one = std::get_if<E>(&effect)) {
      out.push_back(*one);
    }
  }
  return out;
}

// A node that is alone, and so counts as synced at once.
struct Alone {
  explicit Alone(std::uint64_t boot = 1, std::vector<base::Bytes> log = {})
      : world({.disk = std::move(log), .change = [boot](Config& config) {
                 two_maps(config);
                 config.boot = boot;
               }}) {}
  void put(std::string_view horde, const std::string& key, const std::string& value) {
    world.input(0, [&](Node& one, Effects& out) {
      one.put(world.now(), {1}, horde, {{key, value}}, out);
    });
  }
  [[nodiscard]] const Effects& effects() const { return world.last(0); }
  [[nodiscard]] const std::vector<base::Bytes>& disk() const { return world.disk(0); }
  [[nodiscard]] Node& node() { return world.node(0); }
  TestNodes world;
};

TEST(Node, PersistsAWriteBeforeItAnswers) {
  Alone alone;
  alone.put("a", "k", "v");
  std::vector<std::size_t> kinds;
  for (const base::Effect& effect : alone.effects().list) {
    kinds.push_back(effect.index());
  }
  EXPECT_EQ(kinds, (std::vector<std::size_t>{1, 3}));  // Persist, Answer.
  EXPECT_EQ(all<base::Answer>(alone.effects())[0].status, "ok");
  EXPECT_EQ(*alone.node().get("a", "k"), "v");
  EXPECT_EQ(alone.node().get("b", "k"), nullptr);
}

TEST(Node, ResumesFromItsLogUnderALaterRun) {
  Alone first(5);
  first.put("a", "k", "v");
  first.put("b", "k", "w");
  Alone second(5, first.disk());  // The driver's clock went back: the same boot number again.
  EXPECT_EQ(*second.node().get("a", "k"), "v");
  EXPECT_EQ(*second.node().get("b", "k"), "w");
  EXPECT_GT(second.node().boot(), 5U);
  EXPECT_GT(second.node().replicator(0).own_run().start, 5U);
}

// Goal: one log serves several hordes, also when one of them has it replaced.
TEST(Node, ACheckpointOfOneHordeKeepsTheOthers) {
  Alone alone;
  alone.put("b", "kept", "v");
  for (int i = 0; i < 3'000; ++i) {
    alone.put("a", "k", std::string(100, 'x'));
  }
  EXPECT_LT(alone.disk().size(), 2'000U);
  Alone again(2, alone.disk());
  EXPECT_EQ(*again.node().get("b", "kept"), "v");
}

TEST(Node, ADamagedRecordEndsTheLogAtTheStateBeforeIt) {
  Alone alone;
  alone.put("a", "k1", "v");
  alone.put("a", "k2", "v");
  std::vector<base::Bytes> log = alone.disk();
  log.back().pop_back();
  Alone again(2, log);
  EXPECT_EQ(again.node().damaged_records(), 1U);
  EXPECT_NE(again.node().get("a", "k1"), nullptr);
  EXPECT_EQ(again.node().get("a", "k2"), nullptr);
}

// Goal: the end of the wait for others is acted upon when it comes. Were it put off, because
// something else was looked at just before, the node would ask for the same timeout for ever.
TEST(Node, StopsWaitingForOthersAtTheMomentItSaid) {
  Config waiting{.name = "n1", .address = TestNodes::address(0), .boot = 1, .seed = 1};
  waiting.seeds = {TestNodes::address(1)};  // Who never answers.
  waiting.hordes.push_back({.name = "a"});
  waiting.hordes[0].boot_wait = milliseconds(100);
  Node node(waiting, {});
  Effects effects;
  node.on_start(at(0), effects);
  node.on_hint(at(99), {.peer = TestNodes::address(2)}, effects);
  EXPECT_FALSE(node.replicator(0).is_synced());
  int timeouts = 0;
  while (node.wake_at() <= at(100).mono && timeouts < 10) {
    node.on_timeout(at(100), effects);
    ++timeouts;
  }
  EXPECT_TRUE(node.replicator(0).is_synced());
  EXPECT_LT(timeouts, 10);
}

// Shows: members.set_bad_name, options.name
TEST(Node, RefusesBadCallsByName) {
  Alone alone;
  const auto status_of = [&](const std::function<void(Node&, Now, Effects&)>& call) {
    alone.world.input(0, [&](Node& node, Effects& out) { call(node, alone.world.now(), out); });
    return std::string(all<base::Answer>(alone.effects()).at(0).status);
  };
  const auto put = [](std::string_view horde, const std::string& key, const std::string& value) {
    return [=](Node& node, Now now, Effects& out) {
      node.put(now, {1}, horde, {{key, value}}, out);
    };
  };
  const std::string longest(wire::kUserKeyBytesMax, 'k');
  EXPECT_EQ(status_of(put("c", "k", "v")), "unknown_horde");
  EXPECT_EQ(status_of(put("a", longest + "k", "v")), "key_over_limit");
  EXPECT_EQ(status_of(put("a", "k", std::string(wire::kUserValueBytesMax + 1, 'v'))),
            "value_over_limit");
  EXPECT_EQ(status_of([](Node& node, Now now, Effects& out) {
              node.set_members(now, {1}, "a", {"n1", "no name"}, out);
            }),
            "bad_name");
  EXPECT_EQ(status_of(put("a", longest, "")), "ok");
}

// Goal: what somebody else may send changes nothing but a counter. Method: bytes of each kind.
// Shows: bad_input.datagrams
TEST(Node, CountsAndDropsWhatItCannotRead) {
  Alone alone;
  alone.put("a", "k", "v");
  const std::uint64_t digest = alone.node().replicator(0).map().digest();
  const wire::Sender stranger{base::NodeId::of("n9"), 1};
  std::vector<base::Bytes> datagrams = {"", "x", base::Bytes(2'000, '\xff'),
                                        base::Bytes(1, '\x01')};
  for (std::uint8_t tag = 1; tag <= wire::kTagMax; ++tag) {
    const wire::Frame frame{static_cast<wire::Tag>(tag), "\xff\xff\xff"};
    datagrams.push_back(wire::pack(stranger, {frame}).front());
  }
  for (const base::Bytes& bytes : datagrams) {
    alone.world.input(0, [&](Node& node, Effects& out) {
      node.on_datagram(alone.world.now(), TestNodes::address(8), bytes, out);
    });
    EXPECT_TRUE(alone.effects().list.empty());
  }
  std::uint64_t dropped = alone.node().drops().unknown_sender;
  for (const std::uint64_t count : alone.node().drops().undecodable) {
    dropped += count;
  }
  EXPECT_EQ(dropped, datagrams.size());
  EXPECT_EQ(alone.node().replicator(0).map().digest(), digest);
  EXPECT_TRUE(alone.node().liveness().nodes().empty());
}

TEST(Node, AloneStopsAtOnce) {
  Alone alone;
  alone.world.input(0, [&](Node& node, Effects& out) { node.stop(alone.world.now(), out); });
  ASSERT_TRUE(alone.world.go_on(base::seconds(1)));
  ASSERT_TRUE(alone.world.ended(0).has_value());
  EXPECT_EQ(alone.world.ended(0)->reason, "stopped");
}

// The example of docs/wire.md, byte by byte.
TEST(Wire, TheExampleInTheDocsIsWhatTheEncodersWrite) {
  const base::RunId r1{base::NodeId::of("n1"), 7};
  const base::RunId r2{base::NodeId::of("n2"), 300};
  const crdt::Event event{
      .key = "\x10k",
      .sibling = {.dot = {r1, 2}, .kind = crdt::Kind::put, .stamp = 1'000, .value = "hello"},
      .supersedes = {{r2, 1}}};
  const auto frame_of = [](const replication::Message& message) {
    wire::Writer writer;
    writer.varint(0x1234);
    replication::encode(writer, message);
    return wire::Frame{replication::tag_of(message), std::move(writer).take()};
  };
  const replication::Ask ask{.round = 5, .digest = 0x1122334455667788, .order = 9, .synced = true};
  const auto datagrams =
      wire::pack({r1.node, 7}, {frame_of(ask), frame_of(replication::Push{{event}})});
  ASSERT_EQ(datagrams.size(), 1U);
  EXPECT_EQ(base::to_hex(datagrams[0]),
            "01645f7c682d855e69026e3107"
            "030eb4240105887766554433221109"
            "01061eb4240902026e3107026e32ac020102106b0002d00f0568656c6c6f010101");
}

}  // namespace
}  // namespace horde::node
