#include "sim/core/simulator.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/hash.hpp"
#include "base/rng.hpp"

namespace horde::sim {
namespace {

using base::Duration;
using base::Instant;
using base::microseconds;
using base::milliseconds;
using base::seconds;
using faults::LinkSet;

constexpr Instant kZero{};

// An engine that writes down what it is given, and does what it is told to.
class Probe {
 public:
  explicit Probe(const Boot& boot)
      : boot_number(boot.number), seed(boot.seed), records(boot.records) {}

  void on_start(base::Now now, base::Effects& /*out*/) { note(now, "start"); }
  void on_datagram(base::Now now, const base::Address& from, base::BytesView bytes,
                   base::Effects& /*out*/) {
    note(now, std::string(bytes) + " from " + to_string(from));
  }
  void on_timeout(base::Now now, base::Effects& /*out*/) {
    note(now, "timeout");
    wake = now.mono + period;
  }
  void on_hint(base::Now now, const base::Hint& hint, base::Effects& /*out*/) {
    note(now, "refused by " + to_string(hint.peer));
  }
  [[nodiscard]] Instant wake_at() const { return wake; }

  std::uint64_t boot_number;
  std::uint64_t seed;
  std::vector<base::Bytes> records;
  std::vector<std::string> log;
  Duration period = seconds(1'000'000);
  Instant wake = Instant::never();

 private:
  void note(base::Now now, const std::string& what) {
    log.push_back(to_string(now.mono - kZero) + " " + what);
  }
};

using Log = std::vector<std::string>;

// Some nodes n1, n2, ... that are up; links take 1 ms.
class World {
 public:
  explicit World(SimulatorOptions options = {}, std::uint32_t nodes = 2)
      : simulator(std::move(options)) {
    for (NodeIndex i = 0; i < nodes; ++i) {
      simulator.add_node({.name = "n" + std::to_string(i + 1)}, factory());
      simulator.start(i);
    }
  }

  static MachineFactory factory() {
    return [](const Boot& boot) { return host<Probe>(boot); };
  }
  [[nodiscard]] const Probe& probe(NodeIndex node) const {
    return engine_of<Probe>(*simulator.machine(node));
  }
  // What the node was given after its start.
  [[nodiscard]] Log log(NodeIndex node) const {
    const Log& all = probe(node).log;
    return {all.begin() + 1, all.end()};
  }
  CallResult send(NodeIndex from, NodeIndex to, const base::Bytes& bytes) {
    return emit(from, base::Send{.to = Simulator::address_of(to), .bytes = bytes});
  }
  template <class E>
  CallResult emit(NodeIndex node, const E& effect) {
    return simulator.call(node, "emit", 0,
                          [&](Machine&, base::Now, base::Effects& out) { out.add(effect); });
  }
  CallResult wake_at(NodeIndex node, Instant wake, Duration period = seconds(1'000'000)) {
    return simulator.call(node, "wake", 0, [&](Machine& machine, base::Now, base::Effects&) {
      engine_of<Probe>(machine).wake = wake;
      engine_of<Probe>(machine).period = period;
    });
  }

  Simulator simulator;
};

TEST(Simulator, DeliversADatagramAfterTheLatencyWithItsSender) {
  World world;
  EXPECT_EQ(world.send(0, 1, "hello"), CallResult::done);
  world.simulator.run_for(microseconds(999));
  EXPECT_EQ(world.log(1), Log{});
  world.simulator.run_for(microseconds(1));
  EXPECT_EQ(world.log(1), Log{"1ms hello from 10.0.0.1:7000"});
  EXPECT_EQ(world.simulator.now(), kZero + milliseconds(1));
}

TEST(Simulator, GivesEqualTimesInTheOrderInWhichTheyCame) {
  World world;
  world.send(0, 1, "a");
  world.send(0, 1, "b");
  world.simulator.at(kZero + milliseconds(1), [&] { world.send(1, 1, "c"); });
  world.simulator.run_for(milliseconds(2));
  EXPECT_EQ(world.log(1), (Log{"1ms a from 10.0.0.1:7000", "1ms b from 10.0.0.1:7000",
                               "2ms c from 10.0.0.2:7000"}));
}

TEST(Simulator, FiresATimeoutExactlyWhenItIsDueAndNotWhenItWasMoved) {
  World world;
  world.wake_at(0, kZero + milliseconds(5));
  world.wake_at(0, kZero + milliseconds(9));
  world.wake_at(1, kZero + milliseconds(9));
  world.wake_at(1, kZero + milliseconds(5));
  world.simulator.run_for(milliseconds(20));
  EXPECT_EQ(world.log(0), Log{"9ms timeout"});
  EXPECT_EQ(world.log(1), Log{"5ms timeout"});
  world.wake_at(0, kZero + milliseconds(30), milliseconds(10));
  world.simulator.run_for(milliseconds(35));
  EXPECT_EQ(world.log(0), (Log{"9ms timeout", "30ms timeout", "40ms timeout", "50ms timeout"}));
  world.wake_at(0, Instant::never());
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.log(0).size(), 4U);
}

TEST(Simulator, FiresATimerInThePastAtOnce) {
  World world;
  world.simulator.run_for(seconds(1));
  world.wake_at(0, kZero);
  world.simulator.run_for(Duration{});
  EXPECT_EQ(world.log(0), Log{"1s timeout"});
}

TEST(Simulator, StopsWhereAnEngineAsksForTimeoutsWithoutEnd) {
  World world;
  world.wake_at(0, kZero + seconds(1), Duration{});
  EXPECT_EQ(world.simulator.run_for(seconds(2)), RunEnd::stopped);
  EXPECT_EQ(world.simulator.stop_reason(), "n1 asks for timeouts without end at 1.000000s");
  EXPECT_EQ(world.simulator.now(), kZero + seconds(1));
}

TEST(Simulator, CountsWhatCannotBeDelivered) {
  World world;
  world.send(0, 7, "x");
  world.emit(0, base::Send{.to = {.port = 1}, .bytes = "x"});
  world.send(0, 1, "x");
  world.simulator.crash(1);
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.simulator.counts().of(DropWhy::unknown_address), 2U);
  EXPECT_EQ(world.simulator.counts().of(DropWhy::node_down), 1U);
  EXPECT_EQ(world.simulator.counts().sent, 3U);
  EXPECT_EQ(world.simulator.counts().delivered, 0U);
}

TEST(Simulator, RestartsUnderALargerBootNumberAndAnotherSeed) {
  World world;
  const std::uint64_t first = world.simulator.boot(0);
  const std::uint64_t seed = world.probe(0).seed;
  EXPECT_EQ(first >> 8U, 1'735'689'600'000U);
  world.simulator.crash(0);
  EXPECT_FALSE(world.simulator.is_up(0));
  EXPECT_EQ(world.send(0, 1, "x"), CallResult::node_down);
  world.simulator.start(0);
  EXPECT_GT(world.simulator.boot(0), first);
  EXPECT_NE(world.probe(0).seed, seed);
  EXPECT_EQ(world.probe(0).boot_number, world.simulator.boot(0));
  // Also where the wall clock was set back in between.
  const std::uint64_t second = world.simulator.boot(0);
  world.simulator.step_clock(0, seconds(-3'600));
  world.simulator.crash(0);
  world.simulator.start(0);
  EXPECT_EQ(world.simulator.boot(0), second + 1);
}

TEST(Simulator, ARestartForgetsTheTimersAndTheInboxOfTheLifeBefore) {
  World world;
  world.wake_at(1, kZero + milliseconds(10));
  world.simulator.set_slow(1, milliseconds(10));
  world.send(0, 1, "old");
  world.simulator.run_for(milliseconds(5));
  world.simulator.crash(1);
  world.simulator.set_slow(1, Duration{});
  world.simulator.start(1);
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.log(1), Log{});
  EXPECT_EQ(world.simulator.counts().of(DropWhy::node_down), 1U);
}

TEST(Simulator, ACrashKeepsRollsBackOrLosesTheDisk) {
  World world;
  for (const char* record : {"a", "b", "c"}) {
    world.emit(0, base::Persist{.record = record});
  }
  world.simulator.crash(0);
  world.simulator.start(0);
  EXPECT_EQ(world.probe(0).records, (std::vector<base::Bytes>{"a", "b", "c"}));
  world.simulator.crash(0, {.disk = {.kind = DiskLoss::Kind::rolled_back, .records = 2}});
  world.simulator.start(0);
  EXPECT_EQ(world.probe(0).records, std::vector<base::Bytes>{"a"});
  world.simulator.crash(0, {.disk = {.kind = DiskLoss::Kind::lost}});
  world.simulator.start(0);
  EXPECT_EQ(world.probe(0).records, std::vector<base::Bytes>{});
}

TEST(Simulator, ARefusedPortIsAHintAfterTheWayThereAndBackUnlessACutEatsIt) {
  World world;
  world.simulator.crash(1, {.refusal = CrashOptions::Refusal::port_refused});
  world.send(0, 1, "x");
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.log(0), Log{"2ms refused by 10.0.0.2:7000"});
  world.simulator.add_rule(
      {.name = "cut", .links = LinkSet::into({world.simulator.host(0)}), .action = faults::Drop{}});
  world.send(0, 1, "x");
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.log(0).size(), 1U);
  EXPECT_EQ(world.simulator.counts().of(DropWhy::node_down), 2U);
}

TEST(Simulator, APausedNodeTakesWhatWaitedInOrderWhenItIsResumed) {
  World world;
  world.wake_at(1, kZero + milliseconds(3));
  world.simulator.at(kZero + milliseconds(1), [&] { world.send(0, 1, "a"); });
  world.simulator.at(kZero + milliseconds(4), [&] { world.send(0, 1, "b"); });
  world.simulator.pause(1);
  world.simulator.run_until(kZero + milliseconds(20));
  EXPECT_EQ(world.log(1), Log{});
  EXPECT_EQ(world.send(1, 0, "x"), CallResult::node_paused);
  world.simulator.resume(1);
  world.simulator.run_for(Duration{});
  EXPECT_EQ(world.log(1),
            (Log{"20ms a from 10.0.0.1:7000", "20ms timeout", "20ms b from 10.0.0.1:7000"}));
}

TEST(Simulator, APausedNodesInboxIsBounded) {
  World world({.inbox_max = 3});
  world.simulator.pause(1);
  for (int i = 0; i < 5; ++i) {
    world.send(0, 1, std::to_string(i));
  }
  world.wake_at(1, kZero);
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.simulator.counts().of(DropWhy::inbox_full), 2U);
  world.simulator.resume(1);
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.log(1).size(), 3U);
}

TEST(Simulator, ASlowNodeTakesOneInputAfterTheOther) {
  World world;
  world.simulator.set_slow(1, milliseconds(10));
  world.send(0, 1, "a");
  world.send(0, 1, "b");
  world.wake_at(1, kZero + milliseconds(12));
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.log(1),
            (Log{"11ms a from 10.0.0.1:7000", "21ms b from 10.0.0.1:7000", "31ms timeout"}));
  world.simulator.set_slow(1, Duration{});
  world.send(0, 1, "c");
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.log(1).back(), "1.001s c from 10.0.0.1:7000");
}

TEST(Simulator, AClogHoldsDatagramsUntilItIsHealedOrOver) {
  World world;
  const auto clog = [&](Instant until) {
    world.simulator.add_rule(
        {.name = "clog", .links = LinkSet::all(), .action = faults::Hold{}, .until = until});
  };
  clog(Instant::never());
  world.send(0, 1, "a");
  world.send(0, 1, "b");
  world.simulator.run_until(kZero + seconds(1));
  EXPECT_EQ(world.log(1), Log{});
  EXPECT_EQ(world.simulator.heal("clog"), 1U);
  world.simulator.run_until(kZero + seconds(2));
  const Log both = {"1.001s a from 10.0.0.1:7000", "1.001s b from 10.0.0.1:7000"};
  EXPECT_EQ(world.log(1), both);
  clog(kZero + seconds(3));
  world.send(0, 1, "c");
  world.simulator.run_until(kZero + seconds(4));
  EXPECT_EQ(world.log(1).back(), "3.001s c from 10.0.0.1:7000");
}

TEST(Simulator, AClogHoldsNoMoreThanItMay) {
  World world({.held_max = 2});
  const faults::RuleId clog =
      world.simulator.add_rule({.name = "clog", .links = LinkSet::all(), .action = faults::Hold{}});
  for (int i = 0; i < 3; ++i) {
    world.send(0, 1, std::to_string(i));
  }
  EXPECT_EQ(world.simulator.counts().of(DropWhy::held_full), 1U);
  EXPECT_TRUE(world.simulator.heal(clog));
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.simulator.counts().delivered, 2U);
}

TEST(Simulator, DuplicatesDamagesAndLosesAsTheLinkSays) {
  World doubling({.link = {.duplicate = {1'000'000}}});
  doubling.send(0, 1, "a");
  doubling.simulator.run_for(seconds(1));
  EXPECT_EQ(doubling.simulator.counts().delivered, 2U);
  EXPECT_EQ(doubling.log(1), Log(2, "1ms a from 10.0.0.1:7000"));

  World damaging({.link = {.corrupt = {1'000'000}}});
  damaging.send(0, 1, "aaaa");
  damaging.simulator.run_for(seconds(1));
  ASSERT_EQ(damaging.log(1).size(), 1U);
  EXPECT_NE(damaging.log(1)[0], "1ms aaaa from 10.0.0.1:7000");

  World losing({.link = {.loss = {1'000'000}}});
  losing.send(0, 1, "a");
  losing.simulator.run_for(seconds(1));
  EXPECT_EQ(losing.simulator.counts().of(DropWhy::lost), 1U);

  World narrow({.link = {.bytes_per_second = 100, .queue_bytes_max = 10}});
  narrow.send(0, 1, "0123456789");
  narrow.send(0, 1, "x");
  narrow.simulator.run_for(seconds(1));
  EXPECT_EQ(narrow.log(1), Log{"101ms 0123456789 from 10.0.0.1:7000"});
  EXPECT_EQ(narrow.simulator.counts().of(DropWhy::queue_full), 1U);
}

TEST(Simulator, AnEndedEngineIsLetGoAfterWhatStandsBeforeTheEnd) {
  World world;
  world.simulator.call(1, "stop", 0, [](Machine&, base::Now, base::Effects& out) {
    out.add(base::Send{.to = Simulator::address_of(0), .bytes = "bye"});
    out.add(base::Ended{.reason = "stopped"});
    out.add(base::Send{.to = Simulator::address_of(0), .bytes = "ghost"});
  });
  EXPECT_FALSE(world.simulator.is_up(1));
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.log(0), Log{"1ms bye from 10.0.0.2:7000"});
  world.simulator.start(1);
  EXPECT_TRUE(world.simulator.is_up(1));
}

TEST(Simulator, TwoNodesMayShareANameOnTwoHosts) {
  World world;
  const NodeIndex twin = world.simulator.add_node({.name = "n1", .host = "n1b"}, World::factory());
  world.simulator.start(twin);
  EXPECT_EQ(world.simulator.name(twin), world.simulator.name(0));
  EXPECT_NE(world.simulator.host(twin), world.simulator.host(0));
  EXPECT_NE(world.simulator.boot(twin), world.simulator.boot(0));
  world.send(1, twin, "x");
  world.simulator.run_for(seconds(1));
  EXPECT_EQ(world.log(twin).size(), 1U);
  EXPECT_EQ(world.log(0).size(), 0U);
}

TEST(Simulator, ClocksAreOffsetSteppedAndDriftForTheNodeAlone) {
  Simulator simulator({});
  simulator.add_node({.name = "n1", .clock_offset = seconds(-5), .drift = {100}}, World::factory());
  simulator.start(0);
  simulator.run_for(seconds(10));
  const std::int64_t start = SimulatorOptions{}.wall_start.ns;
  EXPECT_EQ(simulator.clock(0).mono, kZero + seconds(10) + milliseconds(1));
  EXPECT_EQ(simulator.clock(0).wall.ns - start, (seconds(5) + milliseconds(1)).ns);
  simulator.step_clock(0, seconds(60));
  EXPECT_EQ(simulator.clock(0).wall.ns - start, (seconds(65) + milliseconds(1)).ns);
  EXPECT_EQ(simulator.clock(0).mono, kZero + seconds(10) + milliseconds(1));
}

// A timer at 20 s of the node's clock, which shows 10 s and from then on runs at half the speed: 20
// more virtual seconds.
TEST(Simulator, AChangeOfDriftMovesTheTimersInVirtualTime) {
  World world;
  world.wake_at(0, kZero + seconds(20));
  world.simulator.run_until(kZero + seconds(10));
  world.simulator.set_drift(0, {-500'000});
  world.simulator.run_until(kZero + seconds(30) - Duration{1});
  EXPECT_EQ(world.log(0), Log{});
  world.simulator.run_until(kZero + seconds(30));
  EXPECT_EQ(world.log(0), Log{"20s timeout"});
}

// Writes down everything it is told of.
class Scribe final : public Observer {
 public:
  void on_step(const StepInfo& step) override {
    lines.push_back(std::string("step ") + std::string(to_string(step.cause)) +
                    (step.label.empty() ? "" : " ") + std::string(step.label));
  }
  void on_sent(Instant, const Datagram& d) override {
    lines.push_back("sent " + std::string(d.bytes));
  }
  void on_delivered(Instant, const Datagram& d) override {
    lines.push_back("delivered " + std::string(d.bytes));
  }
  void on_dropped(Instant, const Datagram& d, DropWhy why) override {
    lines.push_back("dropped " + std::string(d.bytes) + " " + std::string(to_string(why)));
  }
  void on_tell(Instant, NodeIndex, const base::Tell& tell) override {
    lines.push_back("tell " + std::string(tell.topic));
  }
  void on_persist(Instant, NodeIndex, const base::Persist& persist) override {
    lines.push_back("persist " + persist.record);
  }
  void on_answer(Instant, NodeIndex, const base::Answer& answer) override {
    lines.push_back("answer " + std::string(answer.status));
  }
  void on_ended(Instant, NodeIndex, const base::Ended& ended) override {
    lines.push_back("ended " + std::string(ended.reason));
  }
  void on_up(Instant, NodeIndex, std::uint64_t) override { lines.push_back("up"); }
  void on_down(Instant, NodeIndex, DownWhy why) override {
    lines.push_back("down " + std::string(to_string(why)));
  }

  std::vector<std::string> lines;
};

TEST(Simulator, TellsObserversOfEverythingInOrder) {
  Simulator simulator({});
  Scribe scribe;
  simulator.add_observer(scribe);
  simulator.add_node({.name = "n1"}, World::factory());
  simulator.start(0);
  simulator.call(0, "all", 0, [](Machine&, base::Now, base::Effects& out) {
    out.add(base::Persist{.record = "r"});
    out.add(base::Send{.to = Simulator::address_of(0), .bytes = "a"});
    out.add(base::Send{.to = Simulator::address_of(5), .bytes = "b"});
    out.add(base::Tell{.topic = "topic"});
    out.add(base::Answer{.call = {1}, .status = "ok"});
  });
  simulator.run_for(seconds(1));
  simulator.call(0, "stop", 0, [](Machine&, base::Now, base::Effects& out) {
    out.add(base::Ended{.reason = "stopped"});
  });
  simulator.start(0);
  simulator.crash(0);
  EXPECT_EQ(scribe.lines, (std::vector<std::string>{
                              "up", "step start", "persist r", "sent a", "sent b",
                              "dropped b unknown_address", "tell topic", "answer ok",
                              "step call all", "delivered a", "step datagram", "ended stopped",
                              "step call stop", "down ended", "up", "step start", "down crashed"}));
}

TEST(Simulator, StopsAfterTheEventInWhichItIsAskedTo) {
  World world;
  world.simulator.at(kZero + seconds(1), [&] { world.simulator.request_stop("enough"); });
  world.simulator.at(kZero + seconds(1), [&] { world.simulator.request_stop("too late"); });
  EXPECT_EQ(world.simulator.run_for(seconds(5)), RunEnd::stopped);
  EXPECT_EQ(world.simulator.now(), kZero + seconds(1));
  EXPECT_EQ(world.simulator.stop_reason(), "enough");
}

TEST(Simulator, CountsTrafficByKindAndItsMaximumASecond) {
  World world({.classifier = [](base::BytesView bytes, KindSizes& out) {
    out.add(3, 1);
    if (bytes.size() > 1) {
      out.add(5, bytes.size() - 1);
    }
  }});
  for (int i = 0; i < 3; ++i) {
    world.send(0, 1, "abc");
  }
  world.simulator.run_until(kZero + milliseconds(999));
  world.send(0, 1, "a");
  world.simulator.run_until(kZero + milliseconds(1'000));
  world.send(0, 1, "a");
  world.simulator.run_for(seconds(1));
  const Traffic& traffic = world.simulator.traffic(0);
  EXPECT_EQ(traffic.sent(), (Tally{.datagrams = 5, .bytes = 11}));
  EXPECT_EQ(traffic.sent(3), (Tally{.datagrams = 5, .bytes = 5}));
  EXPECT_EQ(traffic.sent(5), (Tally{.datagrams = 3, .bytes = 6}));
  EXPECT_EQ(traffic.most_a_second(3), 4U);
  EXPECT_EQ(traffic.most_a_second(5), 3U);
  EXPECT_EQ(traffic.most_a_second(), 4U);
  EXPECT_EQ(world.simulator.traffic(1).received(), (Tally{.datagrams = 5, .bytes = 11}));
  world.simulator.reset_traffic_maxima();
  EXPECT_EQ(world.simulator.traffic(0).most_a_second(3), 0U);
}

// --- Determinism ---

// Talks at random: to a random node every 10 ms, numbered, and answers every fourth datagram. What
// it says depends on what it hears, so that any difference spreads.
class Gossip {
 public:
  Gossip(const Boot& boot, NodeIndex nodes) : rng_(boot.seed), nodes_(nodes) {}
  void on_start(base::Now now, base::Effects&) { wake_ = now.mono + milliseconds(10); }
  void on_datagram(base::Now, const base::Address& from, base::BytesView bytes,
                   base::Effects& out) {
    heard_ = base::hash64(bytes, heard_);
    if (heard_ % 4 == 0) {
      out.add(base::Send{.to = from, .bytes = std::to_string(heard_)});
    }
  }
  void on_timeout(base::Now now, base::Effects& out) {
    wake_ = now.mono + milliseconds(10);
    const auto to = static_cast<NodeIndex>(rng_.below(nodes_));
    out.add(base::Send{.to = Simulator::address_of(to), .bytes = std::to_string(heard_)});
  }
  void on_hint(base::Now, const base::Hint&, base::Effects&) {}
  [[nodiscard]] Instant wake_at() const { return wake_; }

 private:
  base::Rng rng_;
  NodeIndex nodes_;
  std::uint64_t heard_ = 0;
  Instant wake_;
};

std::uint64_t gossip_hash(std::uint64_t seed, TraceSink* sink = nullptr,
                          Observer* observer = nullptr) {
  Simulator simulator(
      {.seed = seed,
       .link = {.latency = faults::Exponential{.min = milliseconds(1), .mean = milliseconds(5)},
                .loss = {50'000},
                .duplicate = {20'000},
                .reorder = {50'000},
                .corrupt = {10'000}}});
  if (sink != nullptr) {
    simulator.record_to(*sink);
  }
  if (observer != nullptr) {
    simulator.add_observer(*observer);
  }
  for (NodeIndex i = 0; i < 5; ++i) {
    simulator.add_node({.name = "n" + std::to_string(i + 1), .drift = {static_cast<int>(i)}},
                       [](const Boot& boot) { return host<Gossip>(boot, 5U); });
    simulator.start(i);
  }
  simulator.at(kZero + seconds(1), [&] {
    simulator.crash(2);
    simulator.start(2);
  });
  simulator.run_for(seconds(3));
  return simulator.trace_hash();
}

TEST(Determinism, TheSameSeedGivesTheSameHashWatchedOrNotAndAnotherSeedAnother) {
  const std::uint64_t hash = gossip_hash(1);
  EXPECT_EQ(gossip_hash(1), hash);
  TraceList list;
  Scribe scribe;
  EXPECT_EQ(gossip_hash(1, &list, &scribe), hash);
  EXPECT_EQ(list.events().back().rolling, hash);
  EXPECT_NE(gossip_hash(2), hash);
}

// The same on every compiler, library, optimisation and machine: this number may change with the
// simulator, never with the build.
TEST(Determinism, TheHashIsTheSameOnEveryBuild) {
  EXPECT_EQ(gossip_hash(1), 8'989'962'557'663'181'551U);
}

// What became of each datagram, by content: "delivered at 12ms", "dropped lost".
class Fates final : public Observer {
 public:
  void on_delivered(Instant at, const Datagram& d) override {
    of[std::string(d.bytes)] += "delivered " + to_string(at - d.sent_at) + " ";
  }
  void on_dropped(Instant, const Datagram& d, DropWhy why) override {
    of[std::string(d.bytes)] += "dropped " + std::string(to_string(why)) + " ";
  }
  std::map<std::string, std::string> of;
};

// Goal: what makes shrinking work. Removing one cut, or some messages, leaves the fate of all other
// datagrams as it was. Method: 2000 datagrams between four nodes, with and without a cut of n1 and
// n2, and with every third message missing.
TEST(Determinism, RemovingACutOrAMessageChangesNoOtherDatagramsFate) {
  const auto fates = [](bool with_cut, int leave_out) {
    World world({.seed = 7,
                 .link = {.latency = faults::Uniform{milliseconds(1), milliseconds(50)},
                          .loss = {200'000},
                          .duplicate = {200'000}}},
                4);
    Fates observer;
    world.simulator.add_observer(observer);
    if (with_cut) {
      world.simulator.add_rule(
          {.name = "cut",
           .links = LinkSet::split({{world.simulator.host(0)}, {world.simulator.host(1)}}),
           .action = faults::Drop{},
           .until = kZero + seconds(1)});
    }
    for (int i = 0; i < 2'000; ++i) {
      if (leave_out != 0 && i % leave_out == 0) {
        continue;
      }
      world.simulator.at(kZero + milliseconds(i), [&world, i] {
        const auto from = static_cast<NodeIndex>(i % 4);
        const auto to = static_cast<NodeIndex>((i / 4) % 4);
        world.send(from, to, std::to_string(i));
      });
    }
    world.simulator.run_for(seconds(10));
    return observer.of;
  };
  const auto with_cut = fates(true, 0);
  const auto without_cut = fates(false, 0);
  const auto fewer = fates(false, 3);
  int cut = 0;
  for (const auto& [datagram, fate] : with_cut) {
    if (fate == "dropped cut ") {
      ++cut;
    } else {
      EXPECT_EQ(without_cut.at(datagram), fate) << datagram;
    }
  }
  EXPECT_EQ(cut, 126);  // i % 16 is 1 or 4 (n2 to n1, n1 to n2), i below 1000.
  EXPECT_EQ(fewer.size(), 1'333U);
  for (const auto& [datagram, fate] : fewer) {
    EXPECT_EQ(without_cut.at(datagram), fate) << datagram;
  }
}

}  // namespace
}  // namespace horde::sim
