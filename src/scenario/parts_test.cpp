// The runner's parts, each by itself: roles, swarms, faults of the network, stories, metrics.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/cluster.hpp"
#include "scenario/death_watch.hpp"
#include "scenario/fake_world.hpp"
#include "scenario/metrics.hpp"
#include "scenario/network_faults.hpp"
#include "scenario/story.hpp"
#include "scenario/swarm.hpp"

namespace horde::scenario {
namespace {

using base::milliseconds;
using base::seconds;
using Role = NodeRef::Role;

base::NodeId id(const std::string& name) {
  return base::NodeId::of(name);
}

Cluster cluster_of(std::size_t nodes, std::uint64_t seed = 1) {
  Cluster cluster(seed);
  for (std::size_t i = 1; i <= nodes; ++i) {
    cluster.add("n" + std::to_string(i));
    cluster[static_cast<NodeIndex>(i - 1)].state = Cluster::State::up;
  }
  cluster.draw_minority();
  return cluster;
}

// --- Roles ---

TEST(Roles, AMinorityIsLessThanHalfAndTheMajorityIsTheRest) {
  for (const std::size_t nodes : {1U, 2U, 3U, 4U, 5U}) {
    const Cluster cluster = cluster_of(nodes);
    Cluster::Resolver resolve(cluster, base::Rng(1));
    const auto minority = resolve(NodeSet::of(Role::minority));
    const auto majority = resolve(NodeSet::of(Role::majority));
    EXPECT_EQ(minority.size(), (nodes - 1) / 2);
    EXPECT_EQ(minority.size() + majority.size(), nodes);
  }
}

TEST(Roles, ARandomNodeRunsAndIsDrawnOnceInAStep) {
  Cluster cluster = cluster_of(4);
  cluster[2].state = Cluster::State::crashed;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Cluster::Resolver resolve(cluster, base::Rng(seed));
    const NodeRef random{.role = Role::random};
    auto drawn = resolve(NodeSet{{random, random, random, random}});
    std::ranges::sort(drawn);
    EXPECT_EQ(drawn, (std::vector<NodeIndex>{0, 1, 3}));
  }
}

TEST(Roles, OthersAreAllThatTheStepDoesNotNameEvenLater) {
  const Cluster cluster = cluster_of(4);
  Cluster::Resolver resolve(cluster, base::Rng(1));
  const NodeSet named{{{.name = "n2"}}};
  resolve.reserve(named);
  EXPECT_EQ(resolve(NodeSet::of(Role::others)), (std::vector<NodeIndex>{0, 2, 3}));
  EXPECT_EQ(resolve(named), std::vector<NodeIndex>{1});
}

// --- Swarms ---

TEST(Swarm, IsTheSameForOneSeedAndDiffersBetweenSeeds) {
  const Scenario scenario;
  const auto draw = [&](std::uint64_t seed) {
    return draw_swarm(scenario, seed, seconds(1), {.lasts = seconds(20)}, 1).steps;
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
}

TEST(Swarm, KeepsToItsTimeItsFamiliesAndItsNumberOfNodesThatAreDown) {
  Scenario scenario;
  scenario.nodes = Scenario::numbered_nodes(5);
  scenario.swarm = {.faults = {FaultFamily::crash, FaultFamily::cut},
                    .gap = milliseconds(200),
                    .lasts = seconds(3),
                    .down_max = 2};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const DrawnSwarm drawn = draw_swarm(scenario, seed, seconds(1), {.lasts = seconds(20)}, 1);
    EXPECT_FALSE(drawn.steps.empty());
    std::vector<std::pair<base::Duration, base::Duration>> down;
    for (const Step& step : drawn.steps) {
      EXPECT_GE(step.at, seconds(1));
      if (const auto* crash = std::get_if<Crash>(&step.action)) {
        down.emplace_back(step.at, step.at + *crash->restart_after);
        EXPECT_LE(down.back().second, seconds(21));
        EXPECT_LE(
            std::ranges::count_if(down, [&](const auto& other) { return other.second > step.at; }),
            2);
      } else {
        EXPECT_LE(step.at + *std::get<Cut>(step.action).lasts, seconds(21));
      }
    }
  }
}

TEST(Swarm, TurnsEachFamilyOnInAboutHalfOfTheSeeds) {
  const Scenario scenario;
  std::map<FaultFamily, int> on;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    for (const FaultFamily family :
         draw_swarm(scenario, seed, {}, {.lasts = seconds(1)}, 1).families) {
      ++on[family];
    }
  }
  EXPECT_EQ(on.size(), all_fault_families().size());
  for (const auto& [family, count] : on) {
    EXPECT_GT(count, 60) << to_string(family);
    EXPECT_LT(count, 140) << to_string(family);
  }
}

// --- Faults of the network ---

TEST(NetworkFaults, AHealOfTheCoreLeavesWhatIsOutside) {
  FakeWorld world(4);
  NetworkFaults network(world);
  const faults::Nodes all{id("n1"), id("n2"), id("n3"), id("n4")};
  (void)network.cut("x", faults::LinkSet::split({{id("n1")}, {id("n2")}, {id("n3"), id("n4")}}));
  network.heal_among({id("n1"), id("n2")}, all);
  EXPECT_FALSE(world.network.is_cut(id("n1"), id("n2"), {}));
  EXPECT_TRUE(world.network.is_cut(id("n1"), id("n3"), {}));
  EXPECT_TRUE(world.network.is_cut(id("n4"), id("n2"), {}));
  network.heal("x");
  EXPECT_FALSE(world.network.is_cut(id("n1"), id("n3"), {}));
  EXPECT_TRUE(network.empty());
}

TEST(NetworkFaults, ALinkChangeThatEndsLeavesTheLaterOneAsItWasMeant) {
  FakeWorld world(2);
  NetworkFaults network(world);
  const faults::Nodes all{id("n1"), id("n2")};
  const auto lossy = network.change({.loss = Fraction{500'000}}, all, all);
  (void)network.change({.duplicate = Fraction{100'000}}, {id("n1")}, {id("n2")});
  const auto link = [&] { return world.link(id("n1"), id("n2")); };
  EXPECT_EQ(link().loss.value, 500'000U);
  EXPECT_EQ(link().duplicate.value, 100'000U);
  EXPECT_EQ(world.link(id("n2"), id("n1")).duplicate.value, 0U);
  network.end(lossy);
  EXPECT_EQ(link().loss.value, 0U);
  EXPECT_EQ(link().duplicate.value, 100'000U);
}

TEST(NetworkFaults, AnUnclogFreesItsLinksAndHoldsTheOthers) {
  FakeWorld world(3);
  NetworkFaults network(world);
  const faults::Nodes all{id("n1"), id("n2"), id("n3")};
  (void)network.clog(links_between({id("n1")}, {id("n2"), id("n3")}));
  network.unclog({id("n1")}, {id("n2")}, all);
  const auto fate = [&](const std::string& to) {
    return world.network.judge({.from = id("n1"), .to = id(to), .now = {}}).fate;
  };
  EXPECT_EQ(fate("n2"), faults::Verdict::Fate::deliver);
  EXPECT_EQ(fate("n3"), faults::Verdict::Fate::hold);
}

// --- False deaths ---

TEST(DeathWatch, CountsOnlyDeathsThatNothingExcuses) {
  FakeWorld world(3);
  Cluster cluster = cluster_of(3);
  NetworkFaults network(world);
  DeathWatch watch(world, cluster, network);
  for (const NodeIndex node : cluster.all()) {
    watch.on_up({}, node, 7);
  }
  const auto told = [&](std::uint64_t boot) {
    watch.on_tell({}, 0, {.topic = "member_dead", .about = id("n2"), .value = boot});
    return watch.false_deaths();
  };
  EXPECT_EQ(told(7), 0) << "it has just started";
  world.run_until({seconds(60).ns});
  EXPECT_EQ(told(6), 0) << "a former life";
  (void)network.cut("x", faults::LinkSet::isolate({id("n2")}));
  watch.disturb_network();
  EXPECT_EQ(told(7), 0) << "it is cut off";
  network.heal("x");
  EXPECT_EQ(told(7), 0) << "it was cut off a moment ago";
  world.run_until({seconds(120).ns});
  EXPECT_EQ(told(7), 1);
}

// --- Metrics ---

TEST(Metrics, DetectionIsTimedForEachWhoDidNotKnowAndForTheLast) {
  FakeWorld world(4);
  const Cluster cluster = cluster_of(4);
  const NetworkFaults network(world);
  const DeathWatch deaths(world, cluster, network);
  Metrics metrics(world, deaths);
  metrics.begin({});
  const auto dead = [&](NodeIndex node, std::int64_t at_ms) {
    metrics.on_tell({milliseconds(at_ms).ns}, node,
                    {.topic = "member_dead", .about = id("n1"), .value = 1});
  };
  dead(3, 0);  // Knows already, by a cut.
  metrics.on_crash(0, {1, 2, 3});
  dead(1, 1'000);
  dead(2, 3'000);
  const std::vector<Metric> result = metrics.result({});
  const auto find = [&](std::string_view name) {
    return *std::ranges::find(result, name, &Metric::name);
  };
  EXPECT_EQ(find("detection each").distribution->samples, 2);
  EXPECT_EQ(find("detection each").value, seconds(2).ns);
  EXPECT_EQ(find("detection all").value, seconds(3).ns);
}

TEST(Metrics, ASpreadHasPercentilesOfItsSamples) {
  std::vector<std::int64_t> samples;
  for (std::int64_t i = 100; i > 0; --i) {
    samples.push_back(i);
  }
  const Metric metric = spread("x", Metric::Unit::count, samples);
  EXPECT_EQ(metric.value, 50);
  EXPECT_EQ(metric.distribution->p50, 50);
  EXPECT_EQ(metric.distribution->p99, 99);
  EXPECT_EQ(metric.distribution->max, 100);
}

// --- Stories ---

TEST(Story, TellsTheSameNewsOfSeveralNodesInOneLine) {
  FakeWorld world(3);
  Story story(world);
  story.begin({seconds(1).ns});
  const base::Tell dead{.topic = "member_dead", .about = id("n3"), .value = 1};
  story.on_tell({seconds(2).ns}, 0, dead);
  story.on_tell({milliseconds(2'250).ns}, 1, dead);
  story.on_tell({seconds(60).ns}, 1, dead);
  const std::vector<TimelineLine> lines = story.lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].text, "n3 is declared dead (by n1, n2, within 250ms)");
  EXPECT_EQ(lines[0].at.ns, seconds(1).ns);
  EXPECT_EQ(lines[1].text, "n3 is declared dead (by n2)");
}

}  // namespace
}  // namespace horde::scenario
