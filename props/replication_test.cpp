// The properties of replication with a moderate number of schedules, and the laws of the map.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "props/replication/shrink.hpp"

namespace horde::props {
namespace {

TEST(ReplicationProperties, HoldInRandomSchedules) {
  const base::Rng seeds(20'260);
  for (std::uint64_t i = 0; i < 8'000; ++i) {
    const Schedule schedule = make_schedule(seeds.fork(i).next());
    const Verdict verdict = run_schedule(schedule);
    ASSERT_FALSE(verdict.failure) << "schedule " << schedule.seed << "\n"
                                  << story(shrink(schedule));
  }
}

// Goal: a pass means something. Method: what must be common is counted.
TEST(ReplicationProperties, MeetTheHardCases) {
  Tally seen;
  const base::Rng seeds(1);
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    const Tally tally = run_schedule(make_schedule(seeds.fork(i).next())).tally;
    seen.conflicts += tally.conflicts > 0 ? 1U : 0U;
    seen.truncated += tally.truncated > 0 ? 1U : 0U;
    seen.reconciled += tally.reconciled > 0 ? 1U : 0U;
    seen.rollbacks += tally.rollbacks > 0 ? 1U : 0U;
    seen.closed += tally.closed > 0 ? 1U : 0U;
    seen.started_anew += tally.started_anew > 0 ? 1U : 0U;
  }
  EXPECT_GT(seen.conflicts, 800U);
  EXPECT_GT(seen.truncated, 300U);
  EXPECT_GT(seen.reconciled, 150U);
  EXPECT_GT(seen.rollbacks, 300U);
  EXPECT_GT(seen.closed, 40U);
  EXPECT_GT(seen.started_anew, 5U);
}

TEST(ReplicationProperties, RunTheSameScheduleTheSameWay) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(story(make_schedule(seed)), story(make_schedule(seed)));
  }
}

TEST(Shrinking, LeavesOnlyTheStepsThatAreNeeded) {
  const auto count = [](const Schedule& schedule, StepKind kind) {
    return std::ranges::count(schedule.steps, kind, &Step::kind);
  };
  const auto fails = [&count](const Schedule& schedule) {
    return count(schedule, StepKind::put) >= 2 && count(schedule, StepKind::run) >= 1;
  };
  Schedule schedule = make_schedule(3);
  ASSERT_TRUE(fails(schedule));
  schedule = shrink(schedule, fails);
  ASSERT_EQ(schedule.steps.size(), 3U);
  for (const Step& step : schedule.steps) {
    EXPECT_EQ(step.node + step.amount, 0U);
  }
}

// --- The map alone ---

/// One step of a history over 3 replicas and 2 keys: so few that concurrent writes to one key, and
/// ties in time, are common.
struct MapStep {
  enum Kind { put, remove, pull };
  Kind kind = put;
  std::size_t self = 0, other = 0;
  char key = '0';
  std::int64_t clock = 0;
};
std::ostream& operator<<(std::ostream& out, const MapStep& step) {
  out << "r" << step.self;
  switch (step.kind) {
    case MapStep::put:
      return out << " puts " << step.key << " at " << step.clock;
    case MapStep::remove:
      return out << " removes " << step.key;
    case MapStep::pull:
      return out << " pulls from r" << step.other;
  }
  return out;
}

}  // namespace
}  // namespace horde::props

namespace rc {

template <>
struct Arbitrary<horde::props::MapStep> {
  static Gen<horde::props::MapStep> arbitrary() {
    using horde::props::MapStep;
    return gen::build<MapStep>(
        gen::set(&MapStep::kind, gen::element(MapStep::put, MapStep::remove, MapStep::pull)),
        gen::set(&MapStep::self, gen::inRange<std::size_t>(0, 3)),
        gen::set(&MapStep::other, gen::inRange<std::size_t>(0, 3)),
        gen::set(&MapStep::key, gen::element('0', '1')),
        gen::set(&MapStep::clock, gen::inRange<std::int64_t>(0, 4)));
  }
};

}  // namespace rc

namespace horde::props {
namespace {

class Maps {
 public:
  void take(const MapStep& step) {
    crdt::AwLwwMap& map = maps_[step.self];
    const base::RunId run = run_of(step.self);
    const crdt::Key key(1, step.key);
    if (step.kind == MapStep::put) {
      written(map.put(run, key, std::to_string(++values_), step.clock));
    } else if (step.kind == MapStep::remove) {
      if (const auto event = map.remove(run, key, step.clock)) {
        written(*event);
      }
    } else if (step.self != step.other) {
      map.join(all_of(maps_[step.other]));
    }
    const auto violation = oracle_.check_all(run.node, map);
    RC_ASSERT(!violation);
    conflict_ = conflict_ || (map.siblings(key) != nullptr && map.siblings(key)->size() > 1);
  }
  void pull_all() {
    for (int round = 0; round < 2; ++round) {
      for (std::size_t self = 0; self < 3; ++self) {
        for (std::size_t other = 0; other < 3; ++other) {
          take({.kind = MapStep::pull, .self = self, .other = other});
        }
      }
    }
  }
  [[nodiscard]] const crdt::AwLwwMap& operator[](std::size_t i) const { return maps_[i]; }
  [[nodiscard]] bool had_conflict() const { return conflict_; }

 private:
  static base::RunId run_of(std::size_t i) {
    return {base::NodeId::of("r" + std::to_string(i)), 1};
  }
  static crdt::Remote all_of(const crdt::AwLwwMap& map) {
    crdt::Remote out{.vector = map.vector(), .floor = map.floor()};
    map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
      out.entries.emplace_back(key, siblings);
      return true;
    });
    return out;
  }
  void written(const crdt::Event& event) { RC_ASSERT(!oracle_.on_written(event)); }

  std::array<crdt::AwLwwMap, 3> maps_;
  scenario::Oracle oracle_;
  int values_ = 0;
  bool conflict_ = false;
};

RC_GTEST_PROP(AwLwwMapProperties, HoldsWhatItsVectorCoversAndConverges,
              (const std::vector<MapStep>& steps)) {
  Maps maps;
  for (const MapStep& step : steps) {
    maps.take(step);
  }
  RC_CLASSIFY(maps.had_conflict(), "had a conflict");
  maps.pull_all();
  for (std::size_t i = 1; i < 3; ++i) {
    RC_ASSERT(maps[i].to_map() == maps[0].to_map());
    RC_ASSERT(maps[i].digest() == maps[0].digest());
  }
}

}  // namespace
}  // namespace horde::props
