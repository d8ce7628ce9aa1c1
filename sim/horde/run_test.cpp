// Scenarios as text, run whole in the simulator: what the runner promises of times, verdicts, roles
// and determinism.
#include "sim/horde/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "scenario/parse.hpp"
#include "sim/core/trace_file.hpp"

namespace horde::sim {
namespace {

using scenario::RunResult;
using scenario::TimelineLine;
using scenario::Verdict;

RunResult run(std::string_view text, scenario::RunOptions options = {}) {
  const auto parsed = scenario::parse(text);
  EXPECT_TRUE(parsed.has_value()) << to_string(parsed.error().front());
  const auto result = run_simulated(*parsed, options);
  EXPECT_TRUE(result.has_value()) << result.error();
  return *result;
}

std::string told(const RunResult& result) {
  std::string text;
  for (const scenario::Failure& failure : result.failures) {
    text += failure.id + " " + failure.node + " " + failure.key + ": " + failure.text + "\n";
  }
  return text;
}

const TimelineLine* line(const RunResult& result, std::string_view part) {
  const auto it = std::ranges::find_if(
      result.timeline, [&](const TimelineLine& l) { return l.text.contains(part); });
  return it == result.timeline.end() ? nullptr : &*it;
}

std::int64_t metric(const RunResult& result, std::string_view name) {
  const auto it = std::ranges::find(result.metrics, name, &scenario::Metric::name);
  return it == result.metrics.end() ? -1 : it->value;
}

TEST(RunScenario, AnIdleClusterFormsAndSettles) {
  const RunResult result = run(R"({"nodes": 3})");
  EXPECT_EQ(result.verdict, Verdict::held) << told(result);
  EXPECT_NE(line(result, "3 nodes have formed a cluster"), nullptr);
  EXPECT_EQ(metric(result, "false deaths"), 0);
}

// One put on an idle cluster, 2 ms from node to node: coalesced for 2 ms, so not there after 3 ms
// and there after 5.
TEST(RunScenario, StepsHappenAtTheirExactTimes) {
  const RunResult result = run(R"({
    "nodes": 5, "network": {"latency": {"constant": "2ms"}},
    "timeline": [
      {"at": "1s", "put": {"via": "n1", "key": "a", "value": "1"}},
      {"at": "1s", "expect": {"on": "n1", "values": {"a": "1"}}},
      {"at": "1.003s", "expect": {"on": ["n2", "n5"], "absent": ["a"]}},
      {"at": "1.005s", "expect": {"values": {"a": "1"}, "converged": true}}]})");
  EXPECT_EQ(result.verdict, Verdict::held) << told(result);
  EXPECT_EQ(line(result, "put")->at.ns, base::seconds(1).ns);
}

TEST(RunScenario, AnExpectationThatIsNotMetFailsTheRunWhichGoesOn) {
  const RunResult result = run(R"({"nodes": 2, "timeline": [
      {"at": "1s", "expect": {"on": "n2", "values": {"a": "1"}, "members": 3}},
      {"at": "2s", "get": {"via": "n1", "key": "b", "value": "2"}}]})");
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(told(result),
            "expect n2 a: reads nothing; \"1\" was expected\n"
            "expect n2 : has 2 members; 3 were expected\n"
            "get n1 b: reads nothing; \"2\" was expected\n");
  EXPECT_EQ(result.failures[0].at.ns, base::seconds(1).ns);
  EXPECT_NE(line(result, "settled"), nullptr);
}

TEST(RunScenario, AStepRepeatsAsOftenAsItSays) {
  const RunResult result = run(R"({"nodes": 2, "timeline": [
      {"at": "0s", "every": "100ms", "count": 5, "put": {"key": "a", "value": "1"}},
      {"at": "0s", "every": "100ms", "until": "250ms", "put": {"key": "b", "value": "1"}}]})");
  EXPECT_EQ(metric(result, "writes acknowledged"), 8) << told(result);
}

TEST(RunScenario, AWorkloadHasExactlyItsPutsAndRemoves) {
  const RunResult result = run(R"({"nodes": 3, "timeline": [
      {"at": "0s", "workload": {"puts": 70, "removes": 30, "keys": 10, "over": "1s"}}]})");
  EXPECT_EQ(result.verdict, Verdict::held) << told(result);
  EXPECT_EQ(metric(result, "writes called"), 100);
  EXPECT_EQ(metric(result, "writes acknowledged"), 100);
}

// Without a heal the two sides never agree; the settle's own end of faults is for its core only.
TEST(RunScenario, ASettleEndsTheFaultsOfItsCoreAndFreezesTheOthers) {
  constexpr std::string_view text = R"({"nodes": 4, "timeline": [
      {"at": "0s", "cut": {"groups": [["n1", "n2"], ["n3"], ["n4"]]}},
      {"at": "5s", "put": {"via": "n4", "key": "a", "value": "1"}},
      {"at": "5s", "put": {"via": "n1", "key": "b", "value": "1"}},
      {"at": "6s", "settle": {"within": "10s", "core": ["n1", "n2", "n3"]}},
      {"at": "6s", "expect": {"on": ["n1", "n2", "n3"], "absent": ["a"], "values": {"b": "1"},
                              "converged": true, "dead": ["n4"]}}]})";
  const RunResult result = run(text);
  EXPECT_EQ(result.verdict, Verdict::held) << told(result);
}

TEST(RunScenario, WhatDoesNotSettleInTimeIsALivenessFailure) {
  const RunResult result = run(R"({"nodes": 2, "settle": {"within": "1ms"}, "timeline": [
      {"at": "0s", "cut": [["n1"], ["n2"]]},
      {"at": "5s", "put": {"via": "n1", "key": "a", "value": "1"}}]})");
  EXPECT_EQ(result.verdict, Verdict::liveness_failed);
  EXPECT_TRUE(told(result).contains("E1 ")) << told(result);
}

TEST(RunScenario, ACrashLosesWhatItsDiskLosesAndNoMore) {
  const RunResult result = run(R"({"nodes": 3, "timeline": [
      {"at": "0s", "put": {"via": "n1", "key": "a", "value": "1"}},
      {"at": "1s", "cut": {"isolate": "n1"}},
      {"at": "1.1s", "put": {"via": "n1", "key": "b", "value": "1"}},
      {"at": "1.2s", "crash": {"nodes": "n1", "disk": "lost", "restart_after": "3s"}},
      {"at": "2s", "heal": "all"},
      {"at": "6s", "expect": {"values": {"a": "1", "b": null}}}]})");
  EXPECT_EQ(result.verdict, Verdict::held) << told(result);
  EXPECT_EQ(metric(result, "false deaths"), 0);
  EXPECT_GT(metric(result, "detection all"), 0);
}

TEST(RunScenario, NodesJoinLeaveStopAndComeBack) {
  const RunResult result = run(R"({"nodes": 3, "timeline": [
      {"at": "0s", "put": {"via": "n1", "key": "a", "value": "1"}},
      {"at": "1s", "join": {"nodes": 2, "over": "1s"}},
      {"at": "5s", "expect": {"members": ["n1", "n2", "n3", "n4", "n5"], "values": {"a": "1"}}},
      {"at": "5s", "leave": "n2"},
      {"at": "5s", "stop": "n3"},
      {"at": "12s", "expect": {"on": ["n1", "n4", "n5"], "members": ["n1", "n4", "n5"]}},
      {"at": "12s", "restart": "n3"},
      {"at": "17s", "expect": {"members": 4, "values": {"a": "1"}}}]})");
  EXPECT_EQ(result.verdict, Verdict::held) << told(result);
}

TEST(RunScenario, EveryKindOfFaultIsCarriedOutAndSurvived) {
  const RunResult result = run(R"({"nodes": 5, "timeline": [
      {"at": "0s", "workload": {"puts": 200, "removes": 50, "over": "10s"}},
      {"at": "0.5s", "link": {"from": "all", "to": "n2", "loss": "50%", "for": "1s"}},
      {"at": "1s", "cut": {"bridge": "n3", "for": "1s"}},
      {"at": "2s", "cut": {"majorities_ring": {}, "for": "1s"}},
      {"at": "3s", "cut": {"one_way": {"from": "n1"}, "for": "1s"}},
      {"at": "4s", "cut": {"random": {}, "for": "1s"}},
      {"at": "4s", "cut": {"groups": [["minority"], ["majority"]], "for": "1s"}},
      {"at": "5s", "clog": {"from": "n1", "for": "500ms"}},
      {"at": "5s", "clog": {"to": "n5"}},
      {"at": "5.5s", "unclog": {}},
      {"at": "6s", "pause": {"nodes": "random", "for": "1s"}},
      {"at": "6s", "slow": {"nodes": "random", "for": "1s"}},
      {"at": "7s", "clock": {"nodes": "n1", "offset": "-5s"}},
      {"at": "7s", "clock": {"nodes": "n2", "step": "3s", "drift": "100ppm"}},
      {"at": "7s", "hint": {"nodes": "all", "peer": "n4"}},
      {"at": "8s", "garbage": {"count": 200}},
      {"at": "9s", "crash": {"nodes": "random", "disk": "rolled_back", "records": 5}}],
    "settle": {"within": "40 sync"}})");
  EXPECT_EQ(result.verdict, Verdict::held) << told(result);
}

TEST(RunScenario, ASwarmIsDrawnBeforeTheRunAndShown) {
  constexpr std::string_view text = R"({"nodes": 4, "timeline": [{"at": "1s", "swarm": "10s"}],
      "settle": {"within": "40 sync"}})";
  const RunResult result = run(text, {.seed = 5});
  EXPECT_EQ(result.verdict, Verdict::held) << told(result);
  ASSERT_GT(result.drawn.size(), 1U);
  EXPECT_EQ(result.drawn[0].path, "swarm.faults");
  EXPECT_TRUE(result.drawn[1].path.starts_with("at "));
  EXPECT_EQ(run(text, {.seed = 5}).hash, result.hash);
  EXPECT_NE(run(text, {.seed = 6}).hash, result.hash);
}

TEST(RunScenario, OneSeedIsOneRunAndWhatIsCheckedChangesNothing) {
  constexpr std::string_view text = R"({"nodes": 3, "network": {"loss": "5%"}, "timeline": [
      {"at": "0s", "workload": {"puts": 50, "over": "2s"}}]CHECKS})";
  const auto with = [&](std::string_view checks) {
    std::string whole(text);
    whole.replace(whole.find("CHECKS"), 6, checks);
    return run(whole).hash;
  };
  EXPECT_EQ(with(""), with(""));
  EXPECT_EQ(with(""), with(R"(, "always": [])"));
}

TEST(RunScenario, ChecksOnlyWhatItIsAskedTo) {
  const RunResult result = run(R"({"nodes": 2, "always": ["A4"], "eventually": ["E1"]})");
  EXPECT_EQ(result.checked, (std::vector<std::string>{"A4", "E1"}));
}

TEST(RunScenario, ATokenRingRunsUnderTheSameFaults) {
  const RunResult result = run(R"({"protocol": "token_ring", "nodes": 4, "timeline": [
      {"at": "1s", "cut": {"groups": [["n1", "n2"], ["n3", "n4"]], "for": "3s"}},
      {"at": "5s", "crash": {"nodes": "random", "restart_after": "1s"}}],
    "settle": {"within": "10s"}})");
  EXPECT_EQ(result.verdict, Verdict::held) << told(result);
  EXPECT_EQ(result.checked, std::vector<std::string>{"ring"});
}

TEST(RunScenario, RecordsItsTraceAndSaysWhereItCannot) {
  const std::string file = ::testing::TempDir() + "run_test_trace.jsonl";
  const RunResult result = run(R"({"nodes": 2})", {.trace_file = file});
  auto reader = TraceReader::open(file);
  ASSERT_TRUE(reader.has_value());
  std::uint64_t last = 0;
  for (auto event = reader->next(); event && *event; event = reader->next()) {
    last = (*event)->rolling;
  }
  EXPECT_EQ(last, result.hash);
  (void)std::remove(file.c_str());
  const auto failed = run_simulated({}, {.trace_file = "/nowhere/trace"});
  ASSERT_FALSE(failed.has_value());
  EXPECT_TRUE(failed.error().contains("/nowhere/trace")) << failed.error();
}

}  // namespace
}  // namespace horde::sim
