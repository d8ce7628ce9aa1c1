// Scenario files that are right: what they mean, that they are written back whole, and the schema.
#include "scenario/parse.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace horde::scenario {
namespace {

Scenario parsed(std::string_view text, std::span<const Override> overrides = {}) {
  auto result = parse(text, {.file = "f.json", .overrides = overrides});
  EXPECT_TRUE(result.has_value()) << to_string(result.error().front());
  return result.value_or(Scenario{});
}

template <class A>
const A& action(const Scenario& scenario, std::size_t index) {
  return std::get<A>(scenario.timeline.at(index).action);
}

constexpr std::string_view kSample = R"({
  // Comments are allowed.
  "version": 1,
  "about": "Four nodes and a 2|2 split that heals.",
  "seed": 42,
  "nodes": 4,
  "horde": {"sync_interval": "300ms", "distribution": "uniform", "members": "auto"},
  "network": {"latency": {"exponential": {"min": "1ms", "mean": "5ms"}},
              "loss": "1%", "duplicate": "0.5%"},
  "timeline": [
    {"at": "0s",  "put_many": {"count": 1000, "key": "server-{i}", "via": "n1"}},
    {"at": "5s",  "expect": {"keys": 1000}},
    {"at": "5s",  "cut": [["n1", "n2"], ["n3", "n4"]]},
    {"at": "15s", "expect": {"on": "n1", "keys": 1000}},
    {"at": "15s", "heal": "all"},
    {"at": "15s", "settle": {"within": "20 sync"}}
  ],
  "always": ["A4"],
  "eventually": ["E1", "E6"],
  "sometimes": ["conflict"]
})";

/// Every step, every short form, every kind of value.
constexpr std::string_view kEverything = R"({
  "nodes": ["a", {"name": "b", "starts": "15s", "clock_offset": "-2s", "clock_drift": "-50ppm", "hash": "ring"},
            "c", "d"],
  "formed": false, "duration": "1h", "settle": "3s",
  "horde": {"topology": {"graph": [["a", "b"], ["b", "c"]]}, "propagation": "interval",
            "members": ["a", "b", "elsewhere"], "max_sync_size": 7, "distribution": "uniform_quorum",
            "hash": "ring", "redistribution": "active", "duplicates": "leave", "on_intensity": "shutdown",
            "static_children": ["one", {"name": "two", "type": "echo", "restart": "transient", "shutdown": "0s"}],
            "extra_arguments": ["x"], "max_children": 5, "max_restarts": 2, "healthy_after": "1s", "quarantine": "3s",
            "takeover_delay": "2s", "proxy_message_ttl": 0,
            "registry": {"keys": "duplicate", "listeners": ["ear"], "meta": {"since": {"y": 1, "x": [null, 2.5]}},
                         "conflict_grace": "2s", "conflicts_at_once": 7, "conflict_pace": "5ms", "names_max": 9,
                         "members": ["a", "b"], "sync_interval": "1s"}},
  "network": {"latency": "2ms", "bandwidth": "10Mbit/s",
              "links": [{"from": "a", "to": ["b", "c"], "loss": "50%",
                         "latency": {"log_normal": {"median": "80ms", "sigma": "40%"}}}]},
  "swarm": {"faults": ["cut", "crash"], "down_max": 2},
  "timeline": [
    {"put": {"via": "a", "key": "k", "value": "v"}, "every": "1s", "count": 3},
    {"remove": "k"},
    {"put_many": 10}, {"remove_many": {"count": 5, "first": 2, "over": "1s", "via": ["a", "b"]}},
    {"merge": {"entries": {"x": "1", "y": "2"}}}, {"drop": ["x", "y"]},
    {"get": {"key": "x", "value": null}}, {"get": {"key": "x", "value": ""}},
    {"take": {"keys": ["x", "k"], "values": {"k": "v"}}},
    {"workload": {"puts": 10000, "removes": 2000, "over": "20s"}},
    {"set_members": ["a", "b", "nobody"]}, {"set_members": {"members": "a", "horde": "registry"}},
    {"start_processes": {"count": 2, "type": "echo", "under": "key-{i}", "value": 5, "via": ["a", "b"], "answer": "ok"}},
    {"register_names": {"count": 3, "value": {"a": null}, "priority": -2, "process": "p", "type": "stubborn",
                        "confirm": "quorum", "timeout": "1s", "answer": "already_registered", "via": "a", "over": "1s"}},
    {"unregister_names": {"count": 1, "first": 2, "process": "p", "answer": "not_held"}},
    {"unregister_match": {"name": "n", "process": "p", "value": [1], "removed": 1}},
    {"update_values": {"count": 1, "value": null, "before": "x"}}, {"put_meta": {"key": "k", "value": true}},
    {"get_meta": {"key": "k"}}, {"get_meta": {"key": "k", "value": true}}, {"delete_meta": "k"},
    {"send_to_names": {"count": 1, "message": "m"}}, {"stop_processes": {"count": 1, "reason": "kill"}},
    {"call_names": {"count": 1, "request": "r", "reply": "s", "timeout": "1s"}},
    {"barrier": {"name": "n", "members": ["a", "elsewhere"], "timeout": "1s", "answer": "missing"}},
    {"stop_registry": "b"}, {"lookup": {"name": "n", "on": "b", "process": "p", "value": 1, "via": "a"}},
    {"lookup": {"name": "n", "nobody": true}}, {"select_names": {"prefix": "n", "value": 1, "names": ["n1"], "count": 1}},
    {"channel": {"delay": "2s", "from": "holder_of:name-1", "for": "1s"}},
    {"start_children": {"count": 3, "type": "crasher", "args": ["after_ms=5"], "restart": "transient", "shutdown": "1s",
                        "placement_key": "k{i}", "acknowledged_by": 2, "timeout": "3s", "answer": "ok"}},
    {"terminate_children": {"count": 2, "first": 1, "over": "1s", "timeout": "3s", "answer": "ok"}},
    {"release_children": {"count": 1, "answer": "not_found", "via": "all"}},
    {"wait_for_quorum": {"via": "owner_of:child-1", "timeout": "1s", "answer": "timeout"}},
    {"start_faults": {"nodes": "owner_of:one", "mode": "block", "for": "1s"}},
    {"measure": {"children": "child-{i}"}},
    {"join": "e"}, {"join": {"nodes": 50, "over": "2s"}}, {"leave": "e"},
    {"stop": {"nodes": "b", "kill_after": "5ms"}},
    {"crash": {"nodes": "c", "disk": "rolled_back", "records": 3, "restart_after": "1s"}},
    {"restart": ["b", "c"]}, {"pause": {"nodes": "random", "for": "1s"}}, {"resume": "all"},
    {"slow": {"nodes": "a", "delay": "20ms"}},
    {"clock": {"nodes": "a", "offset": "1s", "step": "-1s", "drift": "100ppm"}},
    {"hint": {"nodes": "a", "peer": "b", "kind": "tripwire_closed"}},
    {"garbage": "a"},
    {"cut": [["a", "b"], ["others"]]}, {"cut": {"isolate": "a", "name": "left", "for": "1s"}},
    {"cut": {"one_way": {"from": "a"}}}, {"cut": {"one_way": "a"}}, {"cut": {"bridge": "d"}},
    {"cut": "majorities_ring"}, {"cut": "random"}, {"cut": {"groups": [["minority"], ["majority"]]}},
    {"heal": "left"}, {"clog": {"from": "a"}}, {"unclog": {}},
    {"link": {"from": "a", "to": "b", "bandwidth": "unlimited", "for": "5s"}},
    {"expect": {"values": {"x": null, "k": "v"}, "absent": ["y"], "keys": 1, "running": 2, "quarantined": 0, "quorum": true, "members": 3,
                "alive": ["a", "b"], "dead": "c", "converged": true, "names": 3, "held": {"name-2": "holder_of:key-0"},
                "free": ["name-9"]}},
    {"expect": {"members": ["a", "b"]}}, {"measure": {}},
    {"expect": {"metrics": {"bytes push": "64kB", "convergence": {"at_most": "5ms", "of": "p50"},
                            "deaths": {"at_least": 1, "at_most": 2}}}},
    {"settle": {"within": "20 sync", "core": "majority"}}, {"swarm": "10s"}
  ]
})";

TEST(Parse, TheSmallestScenarioIsTheDefault) {
  EXPECT_EQ(parsed("{}"), Scenario{});
}

TEST(Parse, ASampleMeansWhatItSays) {
  const Scenario scenario = parsed(kSample);
  EXPECT_EQ(scenario.seed, 42U);
  ASSERT_EQ(scenario.nodes.size(), 4U);
  EXPECT_EQ(scenario.nodes[3].name, "n4");
  EXPECT_EQ(scenario.network.loss, Fraction{10'000});
  EXPECT_EQ(scenario.network.latency.kind,
            (decltype(Latency::kind){
                ExponentialLatency{.min = base::milliseconds(1), .mean = base::milliseconds(5)}}));
  EXPECT_EQ(action<PutMany>(scenario, 0).count, 1'000);
  EXPECT_EQ(scenario.timeline[3].at, base::seconds(15));
  EXPECT_EQ(to_string(action<Expect>(scenario, 3).on), "n1");
  EXPECT_EQ(to_string(scenario.timeline[2].action),
            R"(cut {"groups": [["n1", "n2"], ["n3", "n4"]]})");
  EXPECT_EQ(scenario.sometimes.front().id, "conflict");
}

TEST(Parse, AShortFormMeansItsLongOne) {
  const auto same = [](std::string_view one, std::string_view other) {
    const auto file = [](std::string_view step) {
      return R"({"timeline": [{"crash": "all"}, )" + std::string(step) + "]}";
    };
    EXPECT_EQ(parsed(file(one)), parsed(file(other)));
  };
  same(R"({"restart": "n1"})", R"({"restart": {"nodes": ["n1"]}})");
  same(R"({"cut": [["n1"], ["n2"]]})", R"({"cut": {"groups": ["n1", "n2"]}})");
  same(R"({"cut": "majorities_ring"})", R"({"cut": {"majorities_ring": {}}})");
  same(R"({"settle": "5s"})", R"({"settle": {"within": "5s"}})");
  same(R"({"expect": {"metrics": {"deaths": 0}}})",
       R"({"expect": {"metrics": {"deaths": {"at_most": 0, "of": "max"}}}})");
  same(R"({"join": 2})", R"({"join": ["n4", "n5"]})");
}

TEST(Parse, NodesThatJoinByNumberGetTheNextFreeNames) {
  const Scenario scenario =
      parsed(R"({"nodes": 2, "timeline": [{"join": "n4"}, {"join": 2}, {"crash": "n5"}]})");
  EXPECT_EQ(action<Join>(scenario, 1).nodes, (std::vector<std::string>{"n3", "n5"}));
}

TEST(Parse, NullIsAnAbsentKeyAndAnEmptyTextIsAValue) {
  const Scenario scenario = parsed(kEverything);
  EXPECT_EQ(action<Get>(scenario, 6).value, Wanted{});
  EXPECT_EQ(action<Get>(scenario, 7).value, Wanted{""});
}

// Goal: an explicit file replays what was run, whatever the defaults become.
// Method: write, parse, compare; then once more, as the second text must be the first one.
TEST(ToJson, WhatIsWrittenParsesToAnEqualScenario) {
  for (const std::string_view text : {std::string_view("{}"), kSample, kEverything}) {
    const Scenario scenario = parsed(text);
    const std::string written = to_json(scenario);
    EXPECT_EQ(parsed(written), scenario);
    EXPECT_EQ(to_json(parsed(written)), written);
  }
}

// Goal: a value is the same bytes however a file writes it, as registries compare bytes.
TEST(Parse, EqualValuesHaveEqualBytes) {
  const auto value = [](std::string_view json) {
    const Scenario scenario =
        parsed(R"({"timeline": [{"put_meta": {"key": "k", "value": )" + std::string(json) + "}}]}");
    return action<PutMeta>(scenario, 0).value.bytes;
  };
  EXPECT_EQ(value(R"({"a": 1, "b": [2]})"), value(R"({ "b": [2], "a": 1 })"));
  EXPECT_EQ(value("null"), JsonValue{}.bytes);
  EXPECT_NE(value("1"), value("\"1\""));
}

// Goal: a child that registers itself does so under its own name, unless it is told another.
TEST(Scenario, ANamedProcessTakesItsOwnName) {
  using Args = std::vector<std::string>;
  EXPECT_EQ(arguments_of("named", {"value=5"}, "server-7"), (Args{"value=5", "name=server-7"}));
  EXPECT_EQ(arguments_of("named", {"name=x"}, "server-7"), (Args{"name=x"}));
  EXPECT_EQ(arguments_of("echo", {}, "server-7"), Args{});
}

TEST(Scenario, ItHasARegistryIfSomethingTakesANameOrItsOptionsStandThere) {
  EXPECT_FALSE(has_registry(parsed(R"({"timeline": [{"start_children": 3}]})")));
  EXPECT_TRUE(has_registry(parsed(R"({"horde": {"registry": {}}})")));
  EXPECT_TRUE(has_registry(parsed(R"({"timeline": [{"lookup": {"name": "x", "nobody": true}}]})")));
  EXPECT_TRUE(
      has_registry(parsed(R"({"timeline": [{"start_children": {"count": 3, "type": "named"}}]})")));
  EXPECT_TRUE(has_registry(
      parsed(R"({"horde": {"static_children": [{"name": "one", "type": "named"}]}})")));
}

TEST(ToJson, EverySortOfStepIsInTheRoundTripTest) {
  std::set<std::size_t> seen;
  for (const Step& step : parsed(kEverything).timeline) {
    seen.insert(step.action.index());
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<Action>);
}

TEST(Overrides, ADottedPathSetsWhatTheFileSays) {
  const std::vector<Override> overrides{{"horde.sync_interval", "50ms"},
                                        {"nodes", "7"},
                                        {"timeline.1.expect.keys", "5"},
                                        {"swarm.faults", R"(["cut"])"}};
  const Scenario scenario = parsed(kSample, overrides);
  EXPECT_EQ(scenario.horde.sync_interval, base::milliseconds(50));
  EXPECT_EQ(scenario.nodes.size(), 7U);
  EXPECT_EQ(action<Expect>(scenario, 1).keys, 5);
  EXPECT_EQ(scenario.swarm.faults, std::vector{FaultFamily::cut});
}

TEST(Overrides, WhatDoesNotFitIsToldWithItsPath) {
  const auto message = [](Override override) {
    const auto result = parse(kSample, {.file = "f.json", .overrides = std::span(&override, 1)});
    return result ? "accepted" : to_string(result.error().front());
  };
  EXPECT_EQ(message({"horde.sync_intervall", "50ms"}),
            "f.json: /horde/sync_intervall: unknown key \"sync_intervall\"; "
            "did you mean \"sync_interval\"?");
  EXPECT_EQ(message({"about.x", "1"}).substr(0, 60),
            "f.json: /about: --set about.x: here stands \"Four nodes and a");
  EXPECT_EQ(message({"timeline.9.at", "1s"}),
            "f.json: /timeline: --set timeline.9.at: the list has no item \"9\"; "
            "it has 6, counted from 0");
  EXPECT_EQ(message({"horde..x", "1"}),
            "f.json: /horde: --set horde..x: a part of the path is empty; "
            "write it as horde.sync_interval=50ms");
}

TEST(Schema, TheFileInToolsIsWhatTheTablesSay) {
  std::ifstream file(HORDE_SCHEMA_FILE);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == json_schema())  // Not EXPECT_EQ: nobody wants to read both.
      << "they differ; run: build/tools/horde schema > tools/scenario.schema.json";
}

TEST(Schema, EveryReferenceLeadsToADefinition) {
  const auto schema = nlohmann::json::parse(json_schema());
  const std::string text = schema.dump();
  const std::string mark = R"("$ref":"#/$defs/)";
  std::size_t references = 0;
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const std::size_t begin = at + mark.size();
    const std::string name = text.substr(begin, text.find('"', begin) - begin);
    EXPECT_TRUE(schema["$defs"].contains(name)) << name;
    ++references;
  }
  EXPECT_GT(references, 50U);
}

}  // namespace
}  // namespace horde::scenario
