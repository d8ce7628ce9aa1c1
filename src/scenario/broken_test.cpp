// What people are told about a file that is wrong: each case is a file and its exact message.
#include <gtest/gtest.h>

#include "scenario/parse.hpp"

namespace horde::scenario {
namespace {

struct Broken {
  std::string_view name;
  std::string_view text;
  std::string_view message;
};

// clang-format off: a case reads best as name and text, then the message.
constexpr Broken
    kBroken
        [] =
            {
                {"AnEmptyFile", R"()",
                 R"(f.json: the file is empty; the smallest scenario is {"version": 1})"},
                {"BlanksAlone", " \n\t\n",
                 R"(f.json: the file is empty; the smallest scenario is {"version": 1})"},
                {"NotJson", "{\"nodes\": 3,\n \"seed\": }",
                 R"(f.json:2:10: not JSON: did not expect "}" here; check the commas, quotes and brackets up to here)"},
                {"ATextThatEndsTooEarly", R"({"nodes": [1, 2)",
                 R"(f.json:1:16: not JSON: the text ends too early; close what is open)"},
                {"BinaryBytes", "\x7f\x45\x4c\x46",
                 R"(f.json:1:1: not JSON: did not expect "\x7f" here; check the commas, quotes and brackets up to here)"},
                {"BytesThatAreNotUtf8",
                 "{\"about\": \"\xff"
                 "\"}",
                 R"(f.json:1:12: not JSON: this byte is not UTF-8; save the file as UTF-8)"},
                {"ANumberTooLargeForAnyType", R"({"seed": 1e999})",
                 R"(f.json:1:14: not JSON: the number 1e999 is too large; write one of up to 64 bits)"},
                {"AListAtTheTop", R"([])",
                 R"(f.json: here stands an empty list; write an object {...})"},
                {"ANumberAtTheTop", R"(42)",
                 R"(f.json: here stands the number 42; write an object {...})"},
                {"AnUnknownKey", R"({"nodez": 3})",
                 R"(f.json: /nodez: unknown key "nodez"; did you mean "nodes"?)"},
                {"AnUnknownKeyInside", R"({"horde": {"sync_intervall": "300ms"}})",
                 R"(f.json: /horde/sync_intervall: unknown key "sync_intervall"; did you mean "sync_interval"?)"},
                {"AKeyUnlikeAnyOther", R"({"network": {"quantum": true}})",
                 R"(f.json: /network/quantum: unknown key "quantum"; write one of latency, loss, duplicate, reorder, reorder_by, corrupt, bandwidth, links)"},
                {"AnUnknownStep", R"({"timeline": [{"at": "1s", "krash": "n1"}]})",
                 R"(f.json: /timeline/0/krash: unknown key "krash"; did you mean "crash"?)"},
                {"AStepOfALaterVersion", R"({"timeline": [{"quantum": {"count": 3}}]})",
                 R"(f.json: /timeline/0/quantum: unknown key "quantum"; write one of at, every, until, count, put, remove, put_many, remove_many, merge, drop, get, take, workload, set_members, start_children, terminate_children, release_children, wait_for_quorum, join, leave, stop, crash, restart, start_faults, pause, resume, slow, clock, hint, garbage, cut, heal, clog, unclog, link, channel, start_processes, stop_processes, register_names, unregister_names, unregister_match, update_values, put_meta, delete_meta, get_meta, send_to_names, call_names, barrier, stop_registry, lookup, select_names, expect, measure, settle, swarm)"},
                {"AStepThatDoesNothing", R"({"timeline": [{"at": "1s"}]})",
                 R"(f.json: /timeline/0: does not say what; write one of put, remove, put_many, remove_many, merge, drop, get, take, workload, set_members, start_children, terminate_children, release_children, wait_for_quorum, join, leave, stop, crash, restart, start_faults, pause, resume, slow, clock, hint, garbage, cut, heal, clog, unclog, link, channel, start_processes, stop_processes, register_names, unregister_names, unregister_match, update_values, put_meta, delete_meta, get_meta, send_to_names, call_names, barrier, stop_registry, lookup, select_names, expect, measure, settle, swarm)"},
                {"TwoActionsInOneStep", R"({"timeline": [{"heal": "all", "pause": "n1"}]})",
                 R"(f.json: /timeline/0/pause: "pause" beside "heal"; write one of them; two steps may have the same time)"},
                {"AKeyThatStandsTwice",
                 R"({"seed": 1, "horde": {"members": "auto", "members": "auto"}})",
                 R"(f.json: /horde/members: the key "members" stands here twice; keep one of them)"},
                {"AWrongUnit", R"({"horde": {"sync_interval": "300msec"}})",
                 R"(f.json: /horde/sync_interval: "300msec" has an unknown unit; the units are ns, us, ms, s, min, h; for example "300ms")"},
                {"AUnitOfAnotherQuantity", R"({"network": {"loss": "5ms"}})",
                 R"(f.json: /network/loss: "5ms" has an unknown unit; the units are %, ppm; for example "0.5%")"},
                {"ANumberWithoutUnit", R"({"horde": {"sync_interval": "300"}})",
                 R"(f.json: /horde/sync_interval: "300" has no unit; the units are ns, us, ms, s, min, h; for example "300ms")"},
                {"ANumberInsteadOfADuration", R"({"horde": {"sync_interval": 300}})",
                 R"(f.json: /horde/sync_interval: here stands the number 300; write a duration as a text with its unit, for example "300ms")"},
                {"ATextThatIsNoNumber", R"({"duration": "NaN"})",
                 R"(f.json: /duration: "NaN" is not a duration; write a number and a unit, for example "300ms")"},
                {"ANaNLiteral", R"({"seed": NaN})",
                 R"(f.json:1:10: not JSON: did not expect "N" here; check the commas, quotes and brackets up to here)"},
                {"ANegativeTime", R"({"timeline": [{"at": "-1s", "heal": "all"}]})",
                 R"(f.json: /timeline/0/at: "-1s" is negative; write a duration of at least 0s)"},
                {"AShareAboveOne", R"({"network": {"loss": "101%"}})",
                 R"(f.json: /network/loss: "101%" is out of range; write a share of at least 0% and at most 100%)"},
                {"ANegativeShare", R"({"network": {"loss": "-1%"}})",
                 R"(f.json: /network/loss: "-1%" is negative; write a share of at least 0% and at most 100%)"},
                {"ASyncIntervalOfNothing", R"({"horde": {"sync_interval": "0s"}})",
                 R"(f.json: /horde/sync_interval: "0s" is out of range; write a duration of at least 1us and at most 3600s)"},
                {"AnUnknownNode", R"({"timeline": [{"crash": "n9"}]})",
                 R"(f.json: /timeline/0/crash: unknown node "n9"; did you mean "n1"?)"},
                {"AnUnknownNodeAmongMany",
                 R"({"nodes": 100, "timeline": [{"crash": "server-four"}]})",
                 R"(f.json: /timeline/0/crash: unknown node "server-four"; there are 100 nodes, for example n1 and n99)"},
                {"ANodeTwiceInACut", R"({"timeline": [{"cut": [["n1", "n2"], ["n2", "n3"]]}]})",
                 R"(f.json: /timeline/0/cut/1/0: "n2" is in this cut twice; keep it in one group)"},
                {"AnEmptyGroup", R"({"timeline": [{"cut": [["n1"], []]}]})",
                 R"(f.json: /timeline/0/cut/1: the list of nodes is empty; name at least one node)"},
                {"ASingleGroup", R"({"timeline": [{"cut": {"groups": [["n1"]]}}]})",
                 R"(f.json: /timeline/0/cut/groups: the list is too short; write at least 2)"},
                {"ACutNamedAll", R"({"timeline": [{"cut": {"isolate": "n1", "name": "all"}}]})", R"(f.json: /timeline/0/cut/name: a cut cannot be named "all"; choose another name: heal "all" ends every cut)"},
                {"AHealOfNoCut",
                 R"({"timeline": [{"cut": {"isolate": "n1", "name": "left"}}, {"heal": "leftt"}]})",
                 R"(f.json: /timeline/1/heal: no cut is named "leftt"; did you mean "left"?)"},
                {"ARestartWithoutACrash",
                 R"({"timeline": [{"at": "1s", "restart": "n1"}, {"at": "2s", "crash": "n1"}]})",
                 R"(f.json: /timeline/0/restart: "n1" has not crashed or stopped by 1s; add a crash, stop or leave of it before)"},
                {"AStepAfterTheEnd",
                 R"({"duration": "10s", "timeline": [{"at": "11s", "heal": "all"}]})",
                 R"(f.json: /timeline/0/at: 11s is after the end of the run; make it earlier, or "duration" longer than 10s)"},
                {"AFutureVersion", R"({"version": 2, "nodez": 3})",
                 R"(f.json: /version: version 2 is newer than this program; it reads version 1; update the program)"},
                {"AVersionThatIsNoNumber", R"({"version": "one"})",
                 R"(f.json: /version: here stands "one"; write 1)"},
                {"ANodeCountOfZero", R"({"nodes": 0})",
                 R"(f.json: /nodes: 0 is out of range; write a whole number from 1 to 10000)"},
                {"AHugeNodeCount", R"({"nodes": 99999999999999999999999999})",
                 R"(f.json: /nodes: here stands the number 1e+26; write a whole number from 1 to 10000)"},
                {"ANumberOf64BitsAndMore", R"({"timeline": [{"put_many": 18446744073709551615}]})",
                 R"(f.json: /timeline/0/put_many: 18446744073709551615 is out of range; write a whole number from 1 to 10000000)"},
                {"AFractionOfANode", R"({"nodes": 2.5})",
                 R"(f.json: /nodes: here stands the number 2.5; write a whole number from 1 to 10000)"},
                {"ANodeNamedTwice", R"({"nodes": ["a", "b", "a"]})",
                 R"(f.json: /nodes/2: "a" stands here twice; name each node once)"},
                {"ANodeNamedAsARole", R"({"nodes": ["a", "all"]})",
                 R"(f.json: /nodes/1: "all" is a role, not a node's name; choose another name)"},
                {"ANodeNameWithABlank", R"({"nodes": ["a b"]})",
                 R"(f.json: /nodes/0: "a b" cannot name a node; use 1 to 255 printable characters without blanks, commas, '/' and quotes)"},
                {"AJoinOfWhoIsThere", R"({"timeline": [{"join": "n2"}]})",
                 R"(f.json: /timeline/0/join: "n2" exists already; choose a new name, or write how many)"},
                {"AJoinThatRepeats", R"({"timeline": [{"join": "n4", "every": "1s", "count": 2}]})",
                 R"(f.json: /timeline/0/every: a join cannot repeat: its nodes exist after the first time; use "over" to spread a join over time)"},
                {"ARoleOfManyWhereOneIsNeeded",
                 R"({"timeline": [{"put": {"via": "all", "key": "k", "value": "v"}}]})",
                 R"(f.json: /timeline/0/put/via: "all" is more than one node; name one, or write "random")"},
                {"APutWithoutAKey", R"({"timeline": [{"put": {"value": "v"}}]})",
                 R"(f.json: /timeline/0/put: "key" is missing; add it: The key)"},
                {"AnEmptyKey", R"({"timeline": [{"remove": ""}]})",
                 R"(f.json: /timeline/0/remove: the text is empty; write at least one character)"},
                {"AValueThatIsNoText", R"({"timeline": [{"put": {"key": "k", "value": 1}}]})",
                 R"(f.json: /timeline/0/put/value: here stands the number 1; write a text in quotes)"},
                {"AnExpectationOfNothing", R"({"timeline": [{"expect": {"on": "n1"}}]})",
                 R"(f.json: /timeline/0/expect: expects nothing; add one of values, absent, keys, children, running, quarantined, quorum, members, alive, dead, converged, names, held, free, metrics)"},
                {"AnUnknownMetric",
                 R"({"timeline": [{"expect": {"metrics": {"convergance": "5ms"}}}]})",
                 R"(f.json: /timeline/0/expect/metrics/convergance: unknown metric "convergance"; did you mean "convergence"?)"},
                {"ABoundInAnotherUnit",
                 R"({"timeline": [{"expect": {"metrics": {"bytes push": 100}}}]})",
                 R"(f.json: /timeline/0/expect/metrics/bytes push/at_most: another unit than that of the metric; write a size, as "64kB")"},
                {"ABoundThatIsNoAmount",
                 R"({"timeline": [{"expect": {"metrics": {"deaths": {"at_most": "few"}}}}]})",
                 R"(f.json: /timeline/0/expect/metrics/deaths/at_most: here stands "few"; write a count, a duration as "5ms", or a size as "64kB")"},
                {"ABoundOfNothing", R"({"timeline": [{"expect": {"metrics": {"deaths": {}}}}]})",
                 R"(f.json: /timeline/0/expect/metrics/deaths: expects nothing; add at_most or at_least)"},
                {"AnOwnerOfAChildThatNobodyStarts",
                 R"({"timeline": [{"start_children": {"count": 3, "name": "web-{i}"}}, {"crash": "owner_of:wep-1"}]})",
                 R"(f.json: /timeline/1/crash: no child is named "wep-1"; write one of web-{i})"},
                {"TerminatingWhatWasNeverStarted", R"({"timeline": [{"terminate_children": 3}]})",
                 R"(f.json: /timeline/0/terminate_children: no child is named "child-{i}"; start it before, with start_children)"},
                {"AHolderOfANameThatNobodyTakes",
                 R"({"timeline": [{"register_names": {"count": 3, "name": "web-{i}"}}, {"crash": "holder_of:wep-1"}]})",
                 R"(f.json: /timeline/1/crash: nobody takes the name "wep-1"; write one of web-{i})"},
                {"AProcessThatIsNeverStarted", R"({"timeline": [{"stop_processes": 3}]})",
                 R"(f.json: /timeline/0/stop_processes: no process is named "process-{i}"; start it before, with start_processes)"},
                {"ALookupOfNobodySomewhere",
                 R"({"timeline": [{"lookup": {"name": "x", "nobody": true, "on": "n1"}}]})",
                 R"(f.json: /timeline/0/lookup/nobody: nobody cannot live anywhere or have a value; leave it out)"},
                {"AnAnswerThatNoCallHas",
                 R"({"timeline": [{"start_children": {"count": 1, "answer": "max_childs"}}]})",
                 R"(f.json: /timeline/0/start_children/answer: no call is answered with "max_childs"; did you mean "max_children"?)"},
                {"AStaticChildOfAnUnknownType",
                 R"({"horde": {"static_children": [{"name": "one", "type": "worker"}]}})",
                 R"(f.json: /horde/static_children/0/type: is "worker", which is no process type; write one of echo, counter, sleeper, crasher, named, stubborn, slow_init, flaky_init)"},
                {"MoreAcknowledgementsThanNodesCanBe",
                 R"({"timeline": [{"start_children": {"count": 1, "acknowledged_by": 0}}]})",
                 R"(f.json: /timeline/0/start_children/acknowledged_by: 0 is out of range; write a whole number from 1 to 10000)"},
                {"AnUnknownCheck", R"({"always": ["A99"]})",
                 R"(f.json: /always/0: unknown check "A99"; write one of A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12)"},
                {"ACheckInTheWrongList", R"({"always": ["E1"]})",
                 R"(f.json: /always/0: "E1" does not belong here; move it to "eventually")"},
                {"AnUnknownTopology", R"({"horde": {"topology": "mesh"}})",
                 R"(f.json: /horde/topology: unknown value "mesh"; write one of auto, full_mesh, ring, k_regular, graph)"},
                {"ALatencyWithMinAboveMax",
                 R"({"network": {"latency": {"uniform": {"min": "9ms", "max": "1ms"}}}})",
                 R"(f.json: /network/latency/uniform: min is above max; write the smaller one as min)"},
                {"AnEdgeOfThreeNodes",
                 R"({"horde": {"topology": {"graph": [["n1", "n2", "n3"]]}}})",
                 R"(f.json: /horde/topology/graph/0: not an edge; write two different nodes by name: ["n1", "n2"])"},
                {"ARepetitionWithoutEnd",
                 R"({"timeline": [{"every": "1s", "put": {"key": "k", "value": "v"}}]})",
                 R"(f.json: /timeline/0/every: repeats without end; add "until" or "count")"},
                {"AnEndWithoutARepetition", R"({"timeline": [{"until": "1s", "heal": "all"}]})",
                 R"(f.json: /timeline/0/until: repeats, but does not say how often; add "every", for example "1s")"},
                {"AListWhereAnObjectIsNeeded", R"({"horde": []})",
                 R"(f.json: /horde: here stands an empty list; write an object {...} with the keys sync_interval, propagation, topology, members, distribution, hash, redistribution, duplicates, on_intensity, static_children, extra_arguments, max_children, max_restarts, healthy_after, quarantine, takeover_delay, proxy_message_ttl, max_sync_size, forget_after, boot_wait, push_coalesce, session_timeout, tombstone_age_max, tombstones_max, probe_interval, probe_timeout, registry)"},
                {"NullInsteadOfAnOption", R"({"horde": {"propagation": null}})",
                 R"(f.json: /horde/propagation: here stands null; write one of eager, interval)"},
                {"ADurationOfCenturies", R"({"duration": "2000000h"})",
                 R"(f.json: /duration: "2000000h" is out of range; write a duration of at least 0s)"},
                {"ASettleOfTooManySyncs", R"({"settle": "9000000 sync"})",
                 R"(f.json: /settle/within: waits too long; write at most 1000000 sync)"},
                {"ARepetitionOfCenturies",
                 R"({"timeline": [{"every": "8760h", "count": 1000, "heal": "all"}]})",
                 R"(f.json: /timeline/0/count: goes on for more than ten years; write a smaller one)"},
};
// clang-format on

class BrokenFile : public testing::TestWithParam<Broken> {};

TEST_P(BrokenFile, IsRefusedWithPlaceReasonAndRemedy) {
  const auto result = parse(GetParam().text, {.file = "f.json"});
  ASSERT_FALSE(result.has_value());
  ASSERT_EQ(result.error().size(), 1U);
  EXPECT_EQ(to_string(result.error().front()), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Each, BrokenFile, testing::ValuesIn(kBroken),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(BrokenFiles, NestsOfAnyDepthAreRefusedBeforeTheyAreWalked) {
  for (const char open : {'[', '{'}) {
    std::string text;
    for (int i = 0; i < 1'000'000; ++i) {
      text += open == '[' ? "[" : "{\"a\":";
    }
    const auto result = parse(text);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().front().what, "more than 32 objects and lists in one another");
  }
}

TEST(BrokenFiles, AllProblemsOfAFileAreToldAtOnce) {
  const auto result =
      parse(R"({"nodez": 3, "seed": -1, "timeline": [{"at": "1", "crash": "n9"}]})");
  ASSERT_FALSE(result.has_value());
  std::vector<std::string> pointers;
  for (const Problem& problem : result.error()) {
    pointers.push_back(problem.pointer);
  }
  EXPECT_EQ(pointers,
            (std::vector<std::string>{"/nodez", "/seed", "/timeline/0/at", "/timeline/0/crash"}));
}

TEST(BrokenFiles, NoMoreThanTwentyProblemsAreTold) {
  std::string steps;
  for (int i = 0; i < 100; ++i) {
    steps += R"({"crash": "n9"},)";
  }
  const auto result = parse(R"({"timeline": [)" + steps + R"({"heal": "all"}]})");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().size(), kProblemsMax);
}

// Goal: nothing in a file crashes the program. Method: each case above, cut off at each byte.
TEST(BrokenFiles, EveryPrefixOfEveryFileIsAnsweredWithProblems) {
  for (const Broken& broken : kBroken) {
    for (std::size_t length = 0; length < broken.text.size(); ++length) {
      EXPECT_FALSE(parse(broken.text.substr(0, length)).has_value());
    }
  }
}

}  // namespace
}  // namespace horde::scenario
