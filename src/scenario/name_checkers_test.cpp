// The checkers of names against worlds that do what must never be: each must see it, and be silent
// where all is well.
#include <gtest/gtest.h>

#include "scenario/check_name_ends.hpp"
#include "scenario/check_name_reads.hpp"
#include "scenario/fake_world.hpp"
#include "scenario/name_metrics.hpp"
#include "scenario/run_context.hpp"

namespace horde::scenario {
namespace {

const std::set<std::string> kAll{"A1", "A5"};

/// Two nodes, and what watches names in a run of them.
class Names : public testing::Test {
 protected:
  Names() : world_(2), run_(scenario_, 1, world_), reads_(world_, NameKeys::unique, kAll) {
    for (NodeIndex node = 0; node < 2; ++node) {
      run_.cluster.add(world_.name(node));
      run_.cluster[node].state = Cluster::State::up;
    }
    run_.reads.add(run_.name_metrics);
  }

  void step(NodeIndex node, std::vector<crdt::Event> written, const base::Bytes& name) {
    for (WorldObserver* observer : std::initializer_list<WorldObserver*>{
             &run_.reads, &run_.names, &run_.name_ends, &reads_}) {
      world_.name_step(node, *observer, written, {name});
    }
  }
  void answer(NodeIndex node, std::uint64_t call, std::string_view status) {
    run_.names.on_answer(world_.now(), node, {.call = {call}, .status = status, .detail = {}});
    run_.name_ends.on_answer(world_.now(), node, {.call = {call}, .status = status, .detail = {}});
  }
  void conflict(NodeIndex node, const base::Bytes& name, std::uint64_t serial) {
    const base::Tell tell{.topic = "name_conflict", .about = {}, .value = serial, .detail = name};
    run_.names.on_tell(world_.now(), node, tell);
    run_.name_ends.on_tell(world_.now(), node, tell);
  }
  /// Registered with ok by a process of the node, and read by both nodes.
  process::Pid registered(NodeIndex node, std::uint64_t serial) {
    const process::Pid pid = world_.start_process(node, serial);
    run_.names.on_register(node, {serial}, "name", pid);
    answer(node, serial, "ok");
    for (NodeIndex each = 0; each < 2; ++each) {
      step(each, {world_.hold(each, "name", pid)}, "name");
    }
    return pid;
  }
  /// Takes the entry out, as that node writes it.
  std::vector<crdt::Event> remove(NodeIndex node, const process::Pid& pid) {
    world_.node(node).names.erase("name");
    auto event = world_.node(node).registry_map.remove(
        FakeWorld::run_of(node), registry::encode({.name = "name", .run = pid.run, .number = 0}),
        100);
    return event ? std::vector{*event} : std::vector<crdt::Event>{};
  }
  [[nodiscard]] std::string unsettled() {
    const std::vector<NodeIndex> core{0, 1};
    return run_.names.unsettled(core).value_or("");
  }

  Scenario scenario_;
  FakeWorld world_;
  RunContext run_;
  NameReadsChecker reads_;
};

TEST_F(Names, AllIsWellWhereBothReadTheLiveHolder) {
  (void)registered(0, 7);
  EXPECT_EQ(unsettled(), "");
  const std::vector<NodeIndex> live{0, 1};
  reads_.check_all(live);
  EXPECT_TRUE(reads_.findings().empty());
  EXPECT_TRUE(run_.name_ends.findings().empty());
}

TEST_F(Names, AWantedNameThatOneNodeCannotReadIsE3) {
  (void)registered(0, 7);
  world_.node(1).names.clear();
  step(1, {}, "name");
  EXPECT_EQ(unsettled(), "n1 reads <n1.1.7> as the holder of name, n2 reads nobody");
  EXPECT_FALSE(reads_.findings().empty()) << "its map and view still show one";
}

TEST_F(Names, AWantedNameThatNobodyReadsIsE3UntilItIsGivenUp) {
  const process::Pid pid = registered(0, 7);
  for (NodeIndex node = 0; node < 2; ++node) {
    world_.node(node).names.clear();
    step(node, {}, "name");
  }
  EXPECT_EQ(unsettled(), "nobody holds name, which is wanted");
  run_.names.on_unregister(0, {9}, "name", pid);
  answer(0, 9, "ok");
  EXPECT_EQ(unsettled(), "");
}

TEST_F(Names, ANameOfAProcessThatHasEndedIsE5) {
  const process::Pid pid = registered(0, 7);
  world_.node(0).alive.erase(pid);
  step(1, {}, "name");
  EXPECT_EQ(unsettled(), "n1 reads name as that of <n1.1.7>, which has ended");
}

TEST_F(Names, TwoHoldersInOneReadAreA5) {
  const process::Pid pid = registered(0, 7);
  world_.node(1).names["name"].push_back({"name", world_.start_process(0, 8), {}});
  step(1, {}, "name");
  ASSERT_FALSE(reads_.findings().empty());
  EXPECT_EQ(to_string(pid), "<n1.1.7>");
  EXPECT_EQ(reads_.findings().list().back().id, "A5");
}

TEST_F(Names, AHolderOfANodeThatIsGoneForTheReaderIsA5) {
  (void)registered(0, 7);
  world_.node(1).seen.erase(FakeWorld::run_of(0));
  step(1, {}, "name");
  ASSERT_FALSE(reads_.findings().empty());
  EXPECT_EQ(reads_.findings().list().front().id, "A1");
  EXPECT_EQ(reads_.findings().list().back().id, "A5");
}

// Goal: the checker's own order of holders is that of the rules: a later copy of one child stands
// for it, then priority, then birth. Method: two entries in one map; only the right one may be
// read.
TEST_F(Names, WhoIsShownIsTheOneThatTheRanksName) {
  const registry::Rank low{.priority = 0, .birth_ns = 9, .id = {1, 1}, .is_child = true, .term = 1};
  const registry::Rank later{
      .priority = 0, .birth_ns = 9, .id = {1, 1}, .is_child = true, .term = 2};
  const process::Pid first = world_.start_process(0, 7);
  const process::Pid second = world_.start_process(1, 3);
  std::vector<crdt::Event> written{world_.hold(0, "name", second, later)};
  written.push_back(world_.hold(0, "name", first, low));  // And it reads the lower one.
  step(0, written, "name");
  ASSERT_FALSE(reads_.findings().empty());
  EXPECT_EQ(reads_.findings().list().front().text,
            "reads <n1.1.7>, but its map and view show <n2.1.3>");
}

TEST_F(Names, ANameTakenFromWhoLivesIsA9) {
  const process::Pid pid = registered(0, 7);
  step(0, remove(0, pid), "name");
  ASSERT_EQ(run_.name_ends.findings().list().size(), 1U);
  EXPECT_EQ(run_.name_ends.findings().list().front().id, "A9");
}

TEST_F(Names, ANameMayBeFreedByTheHoldersOwnWordItsEndOrALostConflict) {
  const process::Pid gives_up = registered(0, 7);
  run_.name_ends.on_unregister(0, {20}, "name", gives_up);
  answer(0, 20, "ok");
  step(0, remove(0, gives_up), "name");
  const process::Pid ends = registered(0, 8);
  world_.node(0).alive.erase(ends);
  step(0, remove(0, ends), "name");
  const process::Pid loses = registered(0, 9);
  conflict(0, "name", 9);
  step(0, remove(0, loses), "name");
  EXPECT_TRUE(run_.name_ends.findings().empty());
}

TEST_F(Names, AnotherNodeMayFreeANameOnlyOnceItsNodeIsNoMember) {
  const process::Pid pid = registered(0, 7);
  world_.node(1).view = {{.name = "n1", .id = base::NodeId::of("n1")}};
  step(1, remove(1, pid), "name");
  EXPECT_EQ(run_.name_ends.findings().list().size(), 1U);
  (void)registered(0, 8);
  world_.node(1).view.clear();
  step(1, remove(1, {FakeWorld::run_of(0), 8}), "name");
  EXPECT_EQ(run_.name_ends.findings().list().size(), 1U);
}

TEST_F(Names, ALoserThatOutlivesItsGraceIsFound) {
  (void)registered(0, 7);
  conflict(0, "name", 7);
  base::Duration now;
  const auto go_on_until = [&](base::Duration end) {
    for (; now < end; now += base::milliseconds(250)) {
      world_.run_until(base::Instant{} + now);
      step(0, {}, "name");
    }
  };
  go_on_until(base::seconds(5));
  // A node that was paused meanwhile has its timeout before it yet.
  now = base::seconds(9);
  go_on_until(base::milliseconds(9'750));
  EXPECT_TRUE(run_.name_ends.findings().empty());
  go_on_until(base::seconds(11));
  ASSERT_FALSE(run_.name_ends.findings().empty());
  EXPECT_EQ(run_.name_ends.findings().list().front().text.substr(0, 18), "<n1.1.7> lives on,");
}

TEST_F(Names, WhatAWantedNameCouldNotBeReadForIsMeasured) {
  (void)registered(0, 7);
  run_.name_metrics.begin();
  world_.run_until(base::Instant{} + base::seconds(3));
  const std::vector<NameRow> rows = world_.node(1).names["name"];
  world_.node(1).names.clear();
  step(1, {}, "name");
  world_.run_until(base::Instant{} + base::seconds(5));
  world_.node(1).names["name"] = rows;
  step(1, {}, "name");
  std::vector<Metric> metrics;
  run_.name_metrics.add_to(metrics, {0, 1});
  const auto metric = std::ranges::find(metrics, "unavailable name seconds", &Metric::name);
  ASSERT_NE(metric, metrics.end());
  EXPECT_EQ(metric->value, base::seconds(2).ns);
}

}  // namespace
}  // namespace horde::scenario
