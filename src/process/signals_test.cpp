// Links, monitors and exit signals: each row of the tables of the Erlang reference manual.
#include <gtest/gtest.h>

#include "process/test_runtimes.hpp"

namespace horde::process {
namespace {

using base::milliseconds;
using base::seconds;
using Lines = std::vector<std::string>;

struct ExitRow {
  const char* name;
  const char* sent;     // Reason of the signal.
  bool by_link;         // Else by exit().
  const char* trap;     // Of the receiver.
  const char* becomes;  // What the receiver ends with; "": it lives.
  const char* arrives;  // What its handler sees; "": nothing.
};

class ExitSignal : public testing::TestWithParam<ExitRow> {};

// Method: the port watches the receiver. For a link, a process linked to the receiver ends with the
// reason; else another process (the port) sends it. Both ends on one node, and on two.
TEST_P(ExitSignal, DoesAsTheTableSays) {
  const ExitRow row = GetParam();
  for (const std::size_t other : {std::size_t{0}, std::size_t{1}}) {
    TestNodes nodes(2);
    const Pid receiver = nodes.probe("receiver", row.trap, other);
    nodes.act([&](Context& context) { context.monitor(receiver); });
    if (row.by_link) {
      const Pid sender = nodes.probe("sender");
      nodes.link(sender, receiver);
      nodes.act(
          [&](Context& context) { context.send(sender, std::string("stop ") + row.sent).value(); });
    } else {
      nodes.act([&](Context& context) { context.exit(receiver, reason_of(row.sent)); });
    }
    const std::string becomes = row.becomes;
    EXPECT_EQ(nodes.runtime(other).is_alive(receiver), becomes.empty());
    EXPECT_EQ(nodes.arrivals(), becomes.empty() ? Lines{} : Lines{"down " + becomes});
    EXPECT_EQ(nodes.log["receiver"], *row.arrives == '\0' ? Lines{} : Lines{row.arrives});
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ExitSignal,
    testing::Values(
        ExitRow{"NormalByExitIsIgnored", "normal", false, "no_trap", "", ""},
        ExitRow{"NormalByExitArrivesIfTrapped", "normal", false, "trap_all", "", "exit normal"},
        ExitRow{"ShutdownByExitEnds", "shutdown", false, "no_trap", "shutdown", ""},
        ExitRow{"ShutdownByExitArrivesIfTrapped", "shutdown", false, "trap_all", "",
                "exit shutdown"},
        ExitRow{"ShutdownWithByExitEnds", "shutdown(x)", false, "no_trap", "shutdown(x)", ""},
        ExitRow{"ErrorByExitEnds", "error(x)", false, "no_trap", "error(x)", ""},
        ExitRow{"ErrorByExitArrivesIfTrapped", "error(x)", false, "trap_all", "", "exit error(x)"},
        ExitRow{"KillByExitEndsAsKilled", "kill", false, "no_trap", "killed", ""},
        ExitRow{"KillByExitCannotBeTrapped", "kill", false, "trap_all", "killed", ""},
        ExitRow{"KilledByExitIsTrapped", "killed", false, "trap_all", "", "exit killed"},
        ExitRow{"NormalByLinkIsIgnored", "normal", true, "no_trap", "", ""},
        ExitRow{"NormalByLinkArrivesIfTrapped", "normal", true, "trap", "", "exit normal"},
        ExitRow{"ShutdownByLinkEnds", "shutdown", true, "no_trap", "shutdown", ""},
        ExitRow{"ShutdownByLinkArrivesIfTrapped", "shutdown", true, "trap", "", "exit shutdown"},
        ExitRow{"ErrorByLinkEnds", "error(x)", true, "no_trap", "error(x)", ""},
        ExitRow{"ErrorByLinkArrivesIfTrapped", "error(x)", true, "trap", "", "exit error(x)"},
        ExitRow{"KillByLinkEndsAsKill", "kill", true, "no_trap", "kill", ""},
        ExitRow{"KillByLinkIsTrapped", "kill", true, "trap", "", "exit kill"},
        ExitRow{"NoconnectionByLinkEnds", "noconnection", true, "no_trap", "noconnection", ""}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ExitSignals, NormalToItselfEndsAProcess) {
  TestNodes nodes(1);
  const Pid own = nodes.probe("own");
  nodes.act([&](Context& context) { context.monitor(own); });
  nodes.act([&](Context& context) { context.send(own, "exit_self normal").value(); });
  EXPECT_EQ(nodes.arrivals(), Lines{"down normal"});
}

TEST(ExitSignals, OfAKilledProcessReachItsLinksAsKilled) {
  TestNodes nodes(2);
  const Pid victim = nodes.probe("victim");
  const Pid witness = nodes.probe("witness", "trap", 1);
  nodes.link(victim, witness);
  nodes.act([&](Context& context) { context.exit(victim, ExitReason::kill()); });
  EXPECT_EQ(nodes.log["witness"], Lines{"exit killed"});
}

TEST(ExitSignals, FromTheParentEndAProcessThatTrapsAfterTerminate) {
  TestNodes nodes(1);
  const Pid child = nodes.probe("child", "trap");
  nodes.act([&](Context& context) {
    context.monitor(child);
    context.exit(child, ExitReason::shutdown());
  });
  EXPECT_EQ(nodes.log["child"], Lines{"terminate shutdown"});
  EXPECT_EQ(nodes.arrivals(), Lines{"down shutdown"});
}

TEST(ExitSignals, ThatEndAProcessDoNotRunTerminate) {
  TestNodes nodes(1);
  const Pid child = nodes.probe("child");
  nodes.act([&](Context& context) { context.exit(child, ExitReason::shutdown()); });
  EXPECT_EQ(nodes.log["child"], Lines{});
  EXPECT_FALSE(nodes.runtime().is_alive(child));
}

TEST(ExitSignals, ArriveInTheOrderOfOtherSignalsFromTheSameSender) {
  TestNodes nodes(2);
  const Pid child = nodes.probe("child", "trap_all", 1);
  nodes.act([&](Context& context) {
    context.send(child, "a").value();
    context.exit(child, ExitReason::shutdown());
    context.send(child, "b").value();
  });
  EXPECT_EQ(nodes.log["child"], (Lines{"msg a", "exit shutdown", "msg b"}));
}

TEST(Links, ToNobodyGiveAnExitSignalNoproc) {
  TestNodes nodes(2);
  for (const std::size_t other : {std::size_t{0}, std::size_t{1}}) {
    const Pid gone = nodes.probe("gone", "no_trap", other);
    nodes.act([&](Context& context) { context.exit(gone, ExitReason::kill()); });
    nodes.act([&](Context& context) { context.link(gone); });
    EXPECT_EQ(nodes.arrivals(), Lines{"exit noproc"});
  }
}

TEST(Links, EndAllOfASetTogether) {
  TestNodes nodes(2);
  std::vector<Pid> set;
  for (std::size_t i = 0; i < 6; ++i) {
    set.push_back(nodes.probe("p", "no_trap", i % 2));
    if (i > 0) {
      nodes.link(set[i - 1], set[i]);
    }
  }
  nodes.act([&](Context& context) { context.send(set[2], "throw boom").value(); });
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_FALSE(nodes.runtime(i % 2).is_alive(set[i])) << i;
  }
}

TEST(Links, ThatAreUndoneTellNothing) {
  TestNodes nodes(2);
  const Pid other = nodes.probe("other", "no_trap", 1);
  nodes.act([&](Context& context) {
    context.link(other);
    context.unlink(other);
  });
  nodes.act([&](Context& context) { context.exit(other, ExitReason::kill()); });
  EXPECT_EQ(nodes.arrivals(), Lines{});
  EXPECT_EQ(nodes.runtime(0).rows() + nodes.runtime(1).rows(), 2U) << "only the ports are left";
}

// Goal: both ends agree when their unlinks and links cross. With a flag instead of numbers, n1's
// new link would be removed by n2's unlink of the old one, and n2 would go on holding it.
TEST(Links, ThatAreUndoneByBothAndMadeAgainByOneAreHeldByBoth) {
  TestNodes nodes(2);
  nodes.act([&](Context& context) { context.link(nodes.port(1)); });
  nodes.hold = true;
  nodes.act([&](Context& context) {
    context.unlink(nodes.port(1));
    context.link(nodes.port(1));
  });
  nodes.act([&](Context& context) { context.unlink(nodes.port(0)); }, 1);
  nodes.hold = false;
  nodes.settle();
  EXPECT_TRUE(nodes.runtime(0).find(nodes.port(0))->links.contains(nodes.port(1)));
  EXPECT_TRUE(nodes.runtime(1).find(nodes.port(1))->links.contains(nodes.port(0)));
}

TEST(Links, BeyondTheirNumberAreRefusedWithAnExitSignal) {
  TestNodes nodes(2, {.relations_max = 1});
  const Pid full = nodes.probe("full", "trap", 1);
  nodes.act([&](Context& context) { context.link(full); }, 1);
  nodes.act([&](Context& context) { context.link(full); }, 0);
  EXPECT_EQ(nodes.arrivals(), Lines{"exit error(over_limit)"});
  EXPECT_TRUE(nodes.runtime(1).is_alive(full));
}

TEST(Monitors, TellOnceWithTheReason) {
  for (const std::size_t other : {std::size_t{0}, std::size_t{1}}) {
    TestNodes nodes(2);
    const Pid target = nodes.probe("target", "no_trap", other);
    nodes.act([&](Context& context) {
      context.monitor(target);
      context.monitor(target);
    });
    nodes.act([&](Context& context) { context.send(target, "stop shutdown(x)").value(); });
    EXPECT_EQ(nodes.arrivals(), (Lines{"down shutdown(x)", "down shutdown(x)"}));
    nodes.cut(0, 1);
    EXPECT_EQ(nodes.arrivals(), Lines{});
  }
}

TEST(Monitors, OfNobodyTellNoproc) {
  TestNodes nodes(2);
  nodes.act([&](Context& context) {
    context.monitor({});
    context.monitor({nodes.runtime(0).self(), 999});
    context.monitor({nodes.runtime(1).self(), 999});
    context.monitor({{nodes.runtime(0).self().node, 3}, 1});  // A former life of this node.
  });
  EXPECT_EQ(nodes.arrivals(), Lines(4, "down noproc"));
}

TEST(Monitors, ThatAreTakenBackTellNothingEvenIfItHasHappened) {
  TestNodes nodes(2);
  const Pid target = nodes.probe("target", "no_trap", 1);
  MonitorRef ref;
  nodes.act([&](Context& context) { ref = context.monitor(target); });
  nodes.hold = true;
  nodes.act([&](Context& context) { context.exit(target, ExitReason::kill()); });
  nodes.deliver_one();
  nodes.act([&](Context& context) { context.demonitor(ref); });
  nodes.hold = false;
  nodes.settle();
  EXPECT_EQ(nodes.arrivals(), Lines{});
}

TEST(Monitors, ThatAreTakenBackTellNothingEvenIfTheDownIsInTheMailbox) {
  TestNodes nodes(1);
  const Pid watcher = nodes.probe("watcher");
  nodes.act([&](Context& context) { (void)context.send(watcher, "watch_and_leave"); });
  EXPECT_EQ(nodes.log["watcher"], Lines{"msg watch_and_leave"});
}

TEST(LostPeers, EndMonitorsLinksAndCallsOfThatPeerOnly) {
  TestNodes nodes(3);
  const Pid lost = nodes.probe("lost", "trap", 1);
  const Pid kept = nodes.probe("kept", "trap", 2);
  nodes.act([&](Context& context) {
    for (const Pid& pid : {lost, kept}) {
      context.monitor(pid);
      context.link(pid);
      context.call(pid, "keep", seconds(60));
    }
  });
  nodes.cut(0, 1);
  EXPECT_EQ(nodes.arrivals(),
            (Lines{"unknown noconnection", "down noconnection", "exit noconnection"}));
  EXPECT_EQ(nodes.log["lost"], (Lines{"request keep", "exit noconnection"}));
  EXPECT_TRUE(nodes.runtime(2).is_alive(kept));
}

TEST(LostPeers, ThatAreMetAgainStartFromNothing) {
  TestNodes nodes(2);
  const Pid other = nodes.probe("other", "no_trap", 1);
  nodes.act([&](Context& context) {
    context.monitor(other);
    context.link(other);
  });
  nodes.cut(0, 1);
  EXPECT_FALSE(nodes.runtime(1).is_alive(other)) << "its link ended";
  EXPECT_EQ(nodes.runtime(0).rows() + nodes.runtime(1).rows(), 2U) << "only the ports are left";
  (void)nodes.arrivals();
  const Pid next = nodes.probe("next", "no_trap", 1);
  nodes.act([&](Context& context) { context.monitor(next); });
  nodes.act([&](Context& context) { context.send(next, "stop normal").value(); });
  EXPECT_EQ(nodes.arrivals(), Lines{"down normal"});
}

TEST(LostPeers, AreForgottenByTheProcessesThatTheyWatched) {
  TestNodes nodes(2);
  const Pid other = nodes.probe("other", "no_trap", 1);
  const std::size_t before = nodes.runtime(1).rows();
  nodes.act([&](Context& context) { context.monitor(other); });
  EXPECT_GT(nodes.runtime(1).rows(), before);
  nodes.cut(0, 1);
  EXPECT_EQ(nodes.runtime(1).rows(), before);
}

TEST(Peers, OfOurOwnNameAreRefused) {
  TestNodes nodes(1);
  const base::RunId namesake{nodes.runtime().self().node, 99};
  const Signal signal{.from = {namesake, 1}, .to = nodes.port(), .payload = "x"};
  Outputs out;
  EXPECT_FALSE(nodes.runtime().on_message(nodes.now(), namesake, encode(signal), out));
  nodes.runtime().peer_ended(nodes.now(), namesake, out);
  EXPECT_TRUE(out.arrivals.empty());
}

TEST(Peers, CannotSpeakForOthersProcesses) {
  // Method: n3 answers a call, ends a link and fires a monitor that are n2's to end.
  TestNodes nodes(3);
  const Pid other = nodes.probe("other", "no_trap", 1);
  MonitorRef monitor;
  CallRef call;
  nodes.act([&](Context& context) {
    monitor = context.monitor(other);
    context.link(other);
    call = context.call(other, "keep", seconds(60));
  });
  const Pid forged{nodes.runtime(2).self(), other.serial};
  for (const Signal& signal :
       {Signal{
            .kind = Signal::Kind::down, .from = forged, .to = nodes.port(), .ref = monitor.value},
        Signal{.kind = Signal::Kind::exit, .from = forged, .to = nodes.port(), .by_link = true},
        Signal{
            .kind = Signal::Kind::reply, .from = forged, .to = nodes.port(), .ref = call.value}}) {
    Outputs out;
    ASSERT_TRUE(
        nodes.runtime().on_message(nodes.now(), nodes.runtime(2).self(), encode(signal), out));
    EXPECT_TRUE(out.arrivals.empty());
  }
}

}  // namespace
}  // namespace horde::process
