// The supervisor as a process.
#include "process/supervisor.hpp"

#include <gtest/gtest.h>

#include "process/test_runtimes.hpp"

namespace horde::process {
namespace {

using base::milliseconds;
using base::seconds;
using namespace supervisor;
using Lines = std::vector<std::string>;

class SupervisorTest : public testing::Test {
 protected:
  Pid start_supervisor(const SupervisorOptions& options = {}) {
    return nodes.spawn(
        {.type = "supervisor", .args = {encode(options)}, .link = true, .report_start = true});
  }
  /// The bytes of the answer; "" if none has come by `time`.
  base::Bytes ask(const Pid& pid, const supervisor::Request& request,
                  base::Duration time = milliseconds(1)) {
    nodes.act([&](Context& context) { context.call(pid, encode(request), seconds(60)); });
    nodes.run_for(time);
    for (const Arrival& arrival : std::exchange(nodes.arrived[0], {})) {
      const auto* info = std::get_if<Info>(&arrival.what);
      const auto* ended = info == nullptr ? nullptr : std::get_if<CallEnded>(info);
      if (ended != nullptr && ended->status == CallEnded::Status::ok) {
        return ended->reply;
      }
    }
    return {};
  }
  /// "ok", "ignore", "error(x)".
  std::string result(const base::Bytes& bytes) {
    const auto answer = decode_answer(bytes);
    if (!answer) {
      return "none";
    }
    switch (answer->kind) {
      case Answer::Kind::ok:
        return "ok";
      case Answer::Kind::ignore:
        return "ignore";
      case Answer::Kind::error:
        return to_string(answer->reason);
    }
    return "none";
  }
  Pid start_child(const Pid& pid, ChildSpec spec) {
    const auto answer = decode_answer(ask(pid, StartChild{std::move(spec)}));
    return answer ? answer->pid : Pid{};
  }
  std::vector<ChildRow> which(const Pid& pid) {
    return decode_rows(ask(pid, WhichChildren{})).value();
  }

  TestNodes nodes{2};
};

TEST_F(SupervisorTest, StartsListsCountsAndTerminatesChildren) {
  const Pid pid = start_supervisor();
  const Pid echo = start_child(pid, {.id = "ignored", .type = "echo", .modules = {"Echo"}});
  const Pid below = start_child(pid, {.type = "supervisor", .kind = ChildKind::supervisor});
  EXPECT_TRUE(nodes.runtime().is_alive(echo));
  const auto rows = which(pid);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].id.size(), 16U) << "a random id";
  EXPECT_EQ(rows[0].pid == echo ? rows[0].modules : rows[1].modules,
            std::vector<base::Bytes>{"Echo"});
  EXPECT_EQ(decode_counts(ask(pid, CountChildren{})), (Counts{2, 2, 1, 1}));
  EXPECT_EQ(result(ask(pid, TerminateChild{echo})), "ok");
  EXPECT_FALSE(nodes.runtime().is_alive(echo));
  EXPECT_EQ(result(ask(pid, TerminateChild{echo})), "error(not_found)");
  EXPECT_EQ(result(ask(pid, TerminateChild{below})), "ok");
  EXPECT_EQ(nodes.runtime().process_count(), 1U);
}

TEST_F(SupervisorTest, AnswersAStartWhenInitHasAndAsInitSays) {
  const Pid pid = start_supervisor({.supervision = {.max_children = 2}});
  EXPECT_EQ(result(ask(pid, StartChild{{.type = "flaky_init"}})), "error(flaky start 1)");
  EXPECT_EQ(result(ask(pid, StartChild{{.type = "named", .args = {"name=a"}}})), "ok");
  EXPECT_EQ(result(ask(pid, StartChild{{.type = "named", .args = {"name=a"}}})), "ignore");
  const supervisor::Request slow = StartChild{{.type = "slow_init", .args = {"init_ms=100"}}};
  nodes.act([&](Context& context) { context.call(pid, encode(slow), seconds(1)); });
  EXPECT_EQ(decode_counts(ask(pid, CountChildren{})), (Counts{2, 2, 0, 2})) << "nobody is blocked";
  EXPECT_EQ(result(ask(pid, StartChild{{.type = "echo"}})), "error(max_children)");
  nodes.run_for(milliseconds(100));
  EXPECT_EQ(nodes.arrivals().size(), 1U);
}

TEST_F(SupervisorTest, AnswersCallsFromOtherNodes) {
  const Pid pid = start_supervisor();
  nodes.act(
      [&](Context& context) {
        context.call(pid, encode(supervisor::Request(StartChild{{.type = "echo"}})), seconds(1));
      },
      1);
  ASSERT_EQ(nodes.arrived[1].size(), 1U);
  const auto& ended = std::get<CallEnded>(std::get<Info>(nodes.arrived[1][0].what));
  EXPECT_TRUE(nodes.runtime(0).is_alive(decode_answer(ended.reply)->pid));
}

TEST_F(SupervisorTest, StartsItsGivenChildrenBeforeItHasStarted) {
  start_supervisor({.children = {{.id = "a", .type = "slow_init", .args = {"init_ms=50"}},
                                 {.id = "b", .type = "echo"}}});
  EXPECT_EQ(nodes.arrivals(), Lines{});
  nodes.run_for(milliseconds(50));
  EXPECT_EQ(nodes.arrivals(), Lines{"started ok"});
  EXPECT_EQ(nodes.runtime().process_count(), 3U);
}

TEST_F(SupervisorTest, DoesNotStartWithoutOneOfItsGivenChildren) {
  start_supervisor({.children = {{.id = "a", .type = "echo"}, {.id = "b", .type = "flaky_init"}}});
  EXPECT_EQ(nodes.arrivals(), (Lines{"started error(flaky start 1)", "exit error(flaky start 1)"}));
  EXPECT_EQ(nodes.runtime().process_count(), 0U);
}

TEST_F(SupervisorTest, EndsWithShutdownAfterItsChildrenWhenIntensityIsReached) {
  const Pid pid =
      start_supervisor({.supervision = {.restart = {.on_intensity = OnIntensity::shutdown}}});
  const Pid stubborn =
      start_child(pid, {.type = "stubborn", .shutdown = Shutdown::after(milliseconds(100))});
  start_child(pid, {.type = "crasher", .args = {"after_ms=5"}});
  nodes.run_for(milliseconds(50));
  EXPECT_TRUE(nodes.runtime().is_alive(pid)) << "one child has time left";
  EXPECT_EQ(result(ask(pid, StartChild{{.type = "echo"}})), "error(shutting_down)");
  nodes.run_for(milliseconds(100));
  EXPECT_FALSE(nodes.runtime().is_alive(stubborn));
  EXPECT_EQ(nodes.arrivals(), Lines{"exit shutdown"});
}

TEST_F(SupervisorTest, StopsATreeFromItsParent) {
  const Pid top = start_supervisor();
  const Pid below = start_child(top, {.type = "supervisor", .kind = ChildKind::supervisor});
  const Pid slow =
      start_child(below, {.type = "stubborn", .shutdown = Shutdown::after(milliseconds(200))});
  const Pid quick = start_child(below, {.type = "echo"});
  nodes.act([&](Context& context) { context.exit(top, ExitReason::shutdown("leaving")); });
  EXPECT_FALSE(nodes.runtime().is_alive(quick)) << "all at once";
  nodes.run_for(milliseconds(199));
  EXPECT_TRUE(nodes.runtime().is_alive(slow) && nodes.runtime().is_alive(top));
  nodes.run_for(milliseconds(1));
  EXPECT_EQ(nodes.runtime().process_count(), 0U);
  EXPECT_EQ(nodes.arrivals(), Lines{"exit shutdown(leaving)"});
}

TEST_F(SupervisorTest, TakesItsChildrenAlongWhenItIsKilled) {
  const Pid top = start_supervisor();
  const Pid below = start_child(top, {.type = "supervisor", .kind = ChildKind::supervisor});
  const Pid child = start_child(below, {.type = "echo"});
  nodes.act([&](Context& context) { context.exit(below, ExitReason::kill()); });
  EXPECT_FALSE(nodes.runtime().is_alive(child));
  EXPECT_EQ(decode_counts(ask(top, CountChildren{})), (Counts{1, 1, 1, 0})) << "started again";
}

TEST_F(SupervisorTest, ListsAQuarantinedChildAndReleasesOrTerminatesItById) {
  const Pid pid = start_supervisor();
  start_child(pid, {.type = "crasher", .args = {"after_ms=5"}});
  nodes.run_for(milliseconds(100));
  const auto rows = which(pid);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].state, Child::State::quarantined);
  EXPECT_TRUE(rows[0].pid.is_none());
  EXPECT_EQ(decode_counts(ask(pid, CountChildren{})), (Counts{1, 0, 0, 1}));
  EXPECT_EQ(result(ask(pid, Release{rows[0].id})), "ok");
  EXPECT_EQ(result(ask(pid, Release{rows[0].id})), "error(not_found)") << "it runs";
  EXPECT_EQ(result(ask(pid, TerminateChild{rows[0].id})), "ok");
  EXPECT_EQ(which(pid).size(), 0U);
}

TEST_F(SupervisorTest, AnswersWhatItCannotReadWithAnError) {
  const Pid pid = start_supervisor();
  nodes.act([&](Context& context) { context.call(pid, "\x09", seconds(1)); });
  (void)nodes.arrivals();
  EXPECT_TRUE(nodes.runtime().is_alive(pid));
  nodes.spawn({.type = "supervisor", .args = {"x"}, .report_start = true});
  EXPECT_EQ(nodes.arrivals(), Lines{"started error(supervisor options do not decode)"});
}

}  // namespace
}  // namespace horde::process
