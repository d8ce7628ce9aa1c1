// Children on a node that is alone: what it starts, ends and tells of them.
#include <gtest/gtest.h>

#include "node/test_children.hpp"
#include "wire/limits.hpp"

namespace horde::node {
namespace {

using base::milliseconds;
using base::seconds;
using supervisor::ChildSpec;
using supervisor::Shutdown;

using Children = WithChildren;

// Shows: start_child.ok_pid, spec.start
TEST_F(Children, ThatAreStartedRunAndAreAnsweredWithTheirPid) {
  TestNodes& nodes = make();
  const auto call = start(0, spec("sleeper"));
  run(milliseconds(100));
  EXPECT_EQ(status(call), "ok");
  const supervisor::ChildId id = child_of(call);
  const auto pid = decode_pid(nodes.children(0).which_children().at(0).pid);
  ASSERT_TRUE(pid.has_value());
  EXPECT_EQ(detail(call), supervisor::to_string(id) + " " + process::to_string(*pid));
  EXPECT_TRUE(nodes.node(0).processes().is_alive(*pid));
  EXPECT_EQ(processes(), 1U);
  EXPECT_EQ(nodes.node(0).copies(0)->ids(), std::vector{id});
}

// Shows: start_child.ok_info, start_child.ignore, start_child.error
TEST_F(Children, AreAnsweredAsTheirInitSays) {
  make();
  const auto call_in = [this](const std::string& mood) {
    script.mood = mood;
    const auto call = start(0, spec("moody"));
    run(milliseconds(100));
    return call;
  };
  const auto told = call_in("info");
  EXPECT_EQ(status(told), "ok");
  EXPECT_TRUE(detail(told).ends_with("> hello")) << detail(told);
  EXPECT_EQ(processes(), 1U);
  EXPECT_EQ(status(call_in("ignore")), "ignore");
  const auto failed = call_in("fail");
  EXPECT_EQ(status(failed), "error");
  EXPECT_TRUE(detail(failed).ends_with(" error(bad mood)")) << detail(failed);
  EXPECT_EQ(processes(), 1U);
  EXPECT_EQ(nodes_->children(0).count_children().specs, 1U);
}

// Shows: start_child.unknown_type
TEST_F(Children, OfAnUnknownTypeAreAnErrorAndLeaveNothing) {
  make();
  const auto call = start(0, spec("no such type"));
  run(milliseconds(100));
  EXPECT_EQ(status(call), "error");
  EXPECT_TRUE(detail(call).ends_with(" unknown_type"));
  EXPECT_EQ(processes(), 0U);
}

// Shows: terminate_child.gone, restart.terminated
TEST_F(Children, ThatAreTerminatedAreGone) {
  make();
  const auto id = running(0, spec("sleeper"));
  const auto call = terminate(0, id);
  run(seconds(1));
  EXPECT_EQ(status(call), "ok");
  EXPECT_EQ(processes(), 0U);
  EXPECT_TRUE(nodes_->children(0).which_children().empty());
}

// Shows: terminate_child.shutdown_rule, spec.brutal_kill, spec.milliseconds, spec.infinity
TEST_F(Children, AreStoppedByTheirShutdownRule) {
  make();
  const auto stop_time = [this](const std::optional<Shutdown>& shutdown,
                                supervisor::ChildType type) {
    ChildSpec stubborn = spec("stubborn");
    stubborn.shutdown = shutdown;
    stubborn.type = type;
    terminate(0, running(0, stubborn));
    const base::Instant asked = nodes_->now().mono;
    while (processes() > 0 && nodes_->now().mono - asked < seconds(100)) {
      run(milliseconds(1));
    }
    return nodes_->now().mono - asked;
  };
  using supervisor::ChildType;
  EXPECT_LE(stop_time(Shutdown{{}}, ChildType::worker), milliseconds(1));
  EXPECT_EQ(stop_time(Shutdown{milliseconds(300)}, ChildType::worker), milliseconds(300));
  EXPECT_EQ(stop_time({}, ChildType::worker), seconds(5));
  EXPECT_EQ(stop_time({}, ChildType::supervisor), seconds(100)) << "never";
}

// Shows: restart.permanent
TEST_F(Children, ThatArePermanentAndCrashRunAgainUnderTheSameId) {
  make();
  const auto id = running(0, spec("crasher", {"after_ms=500"}));
  run(milliseconds(700));
  EXPECT_EQ(nodes_->node(0).copies(0)->ids(), std::vector{id});
  EXPECT_GT(nodes_->children(0).entry(id)->run.start, 1U);
}

// Shows: restart.permanent, restart.transient, restart.temporary, restart.normal, spec.restart
TEST_F(Children, AreStartedAgainByTheirRestartRuleAndTheirExit) {
  make();
  const auto runs_again = [this](supervisor::Restart restart, const std::string& reason) {
    ChildSpec crasher = spec("crasher", {"after_ms=200", "reason=" + reason});
    crasher.restart = restart;
    const auto id = running(0, crasher);
    run(milliseconds(200));
    const supervisor::Entry* entry = nodes_->children(0).entry(id);
    const bool again = !entry->ended();
    EXPECT_EQ(again ? entry->run.start : 2U, 2U);
    terminate(0, id);
    run(milliseconds(100));
    return again;
  };
  using supervisor::Restart;
  for (const char* normal : {"normal", "shutdown", "shutdown(x)"}) {
    EXPECT_TRUE(runs_again(Restart::permanent, normal)) << normal;
    EXPECT_FALSE(runs_again(Restart::transient, normal)) << normal;
    EXPECT_FALSE(runs_again(Restart::temporary, normal)) << normal;
  }
  for (const char* abnormal : {"error(x)", "killed", "noproc"}) {
    EXPECT_TRUE(runs_again(Restart::permanent, abnormal)) << abnormal;
    EXPECT_TRUE(runs_again(Restart::transient, abnormal)) << abnormal;
    EXPECT_FALSE(runs_again(Restart::temporary, abnormal)) << abnormal;
  }
}

// Shows: restart.ignore
TEST_F(Children, ThatAnswerIgnoreWhenTheyAreStartedAgainAreDropped) {
  make();
  const auto id = running(0, spec("moody"));
  script.mood = "ignore";
  script.crash = true;
  run(seconds(1));
  EXPECT_EQ(heard("init"), 2U);
  EXPECT_TRUE(nodes_->children(0).entry(id)->ended());
  EXPECT_EQ(processes(), 0U);
  EXPECT_TRUE(nodes_->children(0).which_children().empty());
}

// Shows: options.extra_arguments
TEST_F(Children, GetTheExtraArgumentsBeforeTheirOwn) {
  make(1, [](Config& config) { config.hordes[0].children->extra_arguments = {"a", "b"}; });
  running(0, spec("moody", {"own"}));
  EXPECT_EQ(script.heard, std::vector<std::string>{"init a b own"});
}

// Shows: beyond.token
TEST_F(Children, CanShowTheirTokenAndALaterCopyHasAnother) {
  make();
  running(0, spec("recorder"));
  nodes_->crash(0);
  nodes_->boot(0);
  run(seconds(1));
  ASSERT_EQ(script.heard.size(), 2U);
  EXPECT_TRUE(script.heard[0].starts_with("token "));
  EXPECT_NE(script.heard[0], script.heard[1]);
}

// Shows: stop.all_at_once
TEST_F(Children, AreStoppedAllAtOnceWhenTheirNodeStopsEachInItsOwnTime) {
  make();
  for (const std::int64_t grace : {800, 900, 1'000}) {
    ChildSpec stubborn = spec("stubborn");
    stubborn.shutdown = Shutdown{milliseconds(grace)};
    running(0, stubborn);
  }
  nodes_->input(0, [&](Node& node, base::Effects& out) { node.stop(nodes_->now(), out); });
  run(milliseconds(799));
  EXPECT_EQ(processes(), 3U);
  run(milliseconds(2));
  EXPECT_EQ(processes(), 2U);
  run(milliseconds(100));
  EXPECT_EQ(processes(), 1U);
  run(milliseconds(100));
  EXPECT_EQ(processes(), 0U);
  run(seconds(5));
  ASSERT_TRUE(nodes_->ended(0).has_value());
  EXPECT_EQ(nodes_->ended(0)->reason, "stopped");
}

// Shows: start_child.shutting_down, stop.reason
TEST_F(Children, AreNotStartedByANodeThatStopsAndItsEndHasTheReason) {
  make();
  running(0, spec("stubborn"));
  nodes_->input(0, [&](Node& node, base::Effects& out) {
    node.stop(nodes_->now(), {.timeout = seconds(1), .reason = "for repairs"}, out);
  });
  EXPECT_EQ(status(start(0, spec("sleeper"))), "shutting_down");
  run(seconds(3));
  ASSERT_TRUE(nodes_->ended(0).has_value());
  EXPECT_EQ(nodes_->ended(0)->detail, "for repairs");
}

// Shows: options.name
TEST_F(Children, BelongToTheirHordeAndAHordeThatIsNotThereIsRefused) {
  make(1, [](Config& config) {
    config.hordes.push_back({.name = "g", .children = ChildrenConfig{}});
    config.hordes.push_back({.name = "map only"});
  });
  running(0, spec("sleeper"));
  EXPECT_EQ(nodes_->children(0).count_children().specs, 1U);
  EXPECT_EQ(nodes_->node(0).children("g")->count_children().specs, 0U);
  EXPECT_EQ(nodes_->node(0).children("map only"), nullptr);
  for (const char* name : {"other", "map only"}) {
    nodes_->input(0, [&](Node& node, base::Effects& out) {
      node.wait_for_quorum(nodes_->now(), {900}, name, seconds(1), out);
    });
    EXPECT_EQ(nodes_->answers[900].back().status, "unknown_horde");
  }
}

TEST(Program, IsReadBackAndNothingElse) {
  const Program program{"crasher", {"after_ms=5", ""}};
  const base::Bytes bytes = encode(program);
  EXPECT_EQ(decode_program(bytes).value(), program);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_program(base::BytesView(bytes).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode_program(bytes + "x").has_value());
}

}  // namespace
}  // namespace horde::node
