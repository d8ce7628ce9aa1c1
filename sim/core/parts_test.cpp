#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"
#include "sim/core/disk.hpp"
#include "sim/core/event_queue.hpp"
#include "sim/core/node_clock.hpp"
#include "sim/core/traffic.hpp"

namespace horde::sim {
namespace {

using base::Instant;
using base::milliseconds;
using base::seconds;

// Method: against a stable sort, with so few times that most are equal.
TEST(EventQueue, LeavesInTheOrderOfTimeThenOfArrival) {
  EventQueue queue;
  base::Rng rng(1);
  std::vector<std::pair<std::int64_t, std::uint32_t>> model;
  std::uint32_t next = 0;
  for (int round = 0; round < 2'000; ++round) {
    const auto time = static_cast<std::int64_t>(rng.below(20));
    queue.push({time}, EventQueue::Kind::action, next);
    model.emplace_back(time, next++);
    if (rng.chance(1, 3)) {
      const auto first = std::ranges::min_element(model);
      const EventQueue::Event event = queue.pop();
      EXPECT_EQ(std::pair(event.at.ns, event.index), *first);
      model.erase(first);
    }
  }
  std::ranges::sort(model);
  for (const auto& [time, index] : model) {
    const EventQueue::Event event = queue.pop();
    EXPECT_EQ(event.at.ns, time);
    EXPECT_EQ(event.index, index);
  }
  EXPECT_TRUE(queue.empty());
}

// Goal: a timer set for what the clock will show fires when it shows it, never a nanosecond early
// or late. Method: both ways, for drifts that divide badly, on clocks bent twice.
TEST(NodeClock, FindsTheFirstVirtualTimeThatShowsAnInstant) {
  base::Rng rng(2);
  for (const std::int32_t drift : {0, 1, -1, 37, -37, 99'999, -99'999, 500'000, -500'000}) {
    NodeClock clock({.mono = {12'345}, .wall = {1'000'000}});
    clock.set_drift({1'003}, {drift});
    clock.set_drift({777'777}, {drift / 3});
    for (int i = 0; i < 200; ++i) {
      const Instant mono = clock.now({777'777}).mono +
                           base::Duration{1 + static_cast<std::int64_t>(rng.below(1'000'000'000))};
      const Instant at = clock.virtual_time_of(mono);
      EXPECT_GE(clock.now(at).mono, mono) << drift;
      EXPECT_LT(clock.now(at - base::Duration{1}).mono, mono) << drift;
    }
  }
}

TEST(NodeClock, NeverStaysNeverAndThePastIsNoEarlierThanTheLastBend) {
  NodeClock clock({.mono = {}, .wall = {}});
  clock.set_drift({1'000}, {-500'000});
  EXPECT_EQ(clock.virtual_time_of(Instant::never()), Instant::never());
  EXPECT_EQ(clock.virtual_time_of({Instant::never().ns - 1}), Instant::never());
  EXPECT_EQ(clock.virtual_time_of({5}), Instant{1'000});
}

TEST(NodeClock, AStepMovesTheWallClockOnly) {
  NodeClock clock({.mono = {}, .wall = {100}});
  clock.step_wall(base::Duration{-30});
  EXPECT_EQ(clock.now({5}).wall, base::WallTime{75});
  EXPECT_EQ(clock.now({5}).mono, Instant{5});
}

base::Persist append(const char* record) {
  return {.record = record};
}
base::Persist replace(const char* record) {
  return {.mode = base::Persist::Mode::replace, .record = record};
}
using Records = std::vector<base::Bytes>;

Records rolled_back(Disk disk, std::size_t records) {
  disk.lose({.kind = DiskLoss::Kind::rolled_back, .records = records});
  return disk.records();
}

TEST(Disk, RollsBackOverACheckpointToWhatStoodBeforeIt) {
  Disk disk;
  disk.write(append("a"));
  disk.write(append("b"));
  disk.write(replace("ab"));
  disk.write(append("c"));
  EXPECT_EQ(disk.records(), (Records{"ab", "c"}));
  EXPECT_EQ(rolled_back(disk, 1), Records{"ab"});
  EXPECT_EQ(rolled_back(disk, 2), (Records{"a", "b"}));
  EXPECT_EQ(rolled_back(disk, 3), Records{"a"});
  EXPECT_EQ(rolled_back(disk, 99), Records{});
}

TEST(Disk, DoesNotRollBackOverMoreThanTheLastCheckpoints) {
  Disk disk;
  disk.write(append("first"));
  for (const char* record : {"1", "2", "3", "4", "5", "6"}) {
    disk.write(replace(record));
  }
  EXPECT_EQ(rolled_back(disk, 4), Records{"2"});
  EXPECT_EQ(rolled_back(disk, 99), Records{"2"});
}

}  // namespace
}  // namespace horde::sim
