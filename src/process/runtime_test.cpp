// Mailboxes, calls, timers, names, starts, scheduling, and the processes that come with the
// runtime.
#include <gtest/gtest.h>

#include "process/agent.hpp"
#include "process/task.hpp"
#include "process/test_runtimes.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

using base::milliseconds;
using base::seconds;
using Lines = std::vector<std::string>;

/// Calls from n1's port, with the answer that comes within 10 s.
std::string ask(TestNodes& nodes, const Pid& pid, base::BytesView request) {
  nodes.act([&](Context& context) { context.call(pid, request, seconds(10)); });
  const Lines out = nodes.arrivals();
  return out.size() == 1 ? out[0] : "(" + std::to_string(out.size()) + " arrivals)";
}

TEST(Calls, EndWithTheAnswerNowOrLater) {
  TestNodes nodes(2);
  for (const std::size_t other : {std::size_t{0}, std::size_t{1}}) {
    const Pid callee = nodes.probe("callee", "no_trap", other);
    EXPECT_EQ(ask(nodes, callee, "reply a"), "ok a");
    nodes.act([&](Context& context) { context.call(callee, "later b", seconds(1)); });
    EXPECT_EQ(nodes.arrivals(), Lines{});
    nodes.run_for(milliseconds(10));
    EXPECT_EQ(nodes.arrivals(), Lines{"ok b"});
  }
}

TEST(Calls, ToNobodyAreErrors) {
  TestNodes nodes(2);
  EXPECT_EQ(ask(nodes, {}, "x"), "error noproc");
  EXPECT_EQ(ask(nodes, {nodes.runtime(0).self(), 99}, "x"), "error noproc");
  EXPECT_EQ(ask(nodes, {nodes.runtime(1).self(), 99}, "x"), "error noproc");
}

TEST(Calls, WhoseCalleeEndsBeforeTheirTurnAreErrorsAndAfterItUnknown) {
  for (const std::size_t other : {std::size_t{0}, std::size_t{1}}) {
    TestNodes nodes(2);
    const Pid callee = nodes.probe("callee", "no_trap", other);
    nodes.act([&](Context& context) {
      context.call(callee, "keep", seconds(10));
      context.call(callee, "throw boom", seconds(10));
      context.call(callee, "reply never", seconds(10));
    });
    EXPECT_EQ(nodes.arrivals(), (Lines{"unknown error(boom)", "unknown error(boom)",
                                       other == 0 ? "error error(boom)" : "error noproc"}))
        << "from afar the third request comes after the end";
  }
}

// Shows: bad_input.never_answers
TEST(Calls, EndAsUnknownAtTheirDeadlineAndLateAnswersAreDropped) {
  TestNodes nodes(2);
  const Pid callee = nodes.probe("callee", "no_trap", 1);
  nodes.act([&](Context& context) { context.call(callee, "later a", milliseconds(10)); });
  EXPECT_EQ(nodes.runtime().wake_at(), nodes.now().mono + milliseconds(10));
  nodes.run_for(seconds(1));
  EXPECT_EQ(nodes.arrivals(), Lines{"unknown error(timeout)"});
  EXPECT_EQ(nodes.runtime(0).statistics().late_replies, 1U);
}

TEST(Calls, ThatTheirCallersGaveUpAreNotHandled) {
  TestNodes nodes(1);
  const Pid callee = nodes.spawn({.type = "slow_init", .args = {"init_ms=100"}});
  nodes.act([&](Context& context) { context.call(callee, "x", milliseconds(50)); });
  nodes.run_for(seconds(1));
  EXPECT_EQ(nodes.arrivals(), Lines{"unknown error(timeout)"});
  EXPECT_EQ(nodes.runtime().statistics().expired_requests, 1U);
  EXPECT_EQ(nodes.runtime().statistics().late_replies, 0U) << "it was not even answered";
}

TEST(Calls, AreAnsweredOnce) {
  TestNodes nodes(1);
  Caller caller;
  const Pid port = nodes.port();
  nodes.act([&](Context& context) { context.call(port, "to the port itself", seconds(1)); });
  caller = std::get<Request>(nodes.arrived[0].at(0).what).from;
  nodes.act([&](Context& context) {
    context.reply(caller, "first");
    context.reply(caller, "second");
  });
  EXPECT_EQ(nodes.arrivals(), (Lines{"request to the port itself", "ok first"}));
}

// Shows: bad_input.floods_others
TEST(Mailboxes, ThatAreFullRefuseTheSenderHereAndDropFromAfar) {
  TestNodes nodes(2, {.mailbox_max = 2});
  const Pid slow = nodes.spawn({.type = "slow_init", .args = {"init_ms=100"}}, 1);
  nodes.act(
      [&](Context& context) {
        EXPECT_TRUE(context.send(slow, "1"));
        EXPECT_TRUE(context.cast(slow, "2"));
        EXPECT_EQ(context.send(slow, "3"), std::unexpected(Refusal::over_limit));
        context.call(slow, "4", seconds(1));
      },
      1);
  EXPECT_EQ(nodes.arrivals(1), Lines{"error error(over_limit)"});
  nodes.act([&](Context& context) {
    EXPECT_TRUE(context.send(slow, "5"));
    context.call(slow, "6", seconds(1));
  });
  EXPECT_EQ(nodes.arrivals(), Lines{"error error(over_limit)"});
  EXPECT_EQ(nodes.runtime(1).statistics().over_limit, 4U);
}

// Goal: what others may make a process hold is bounded in bytes, not only in messages; the bytes of
// what was handled are free again. Method: a mailbox of ten bytes, and messages of four.
// Shows: bad_input.floods_others
TEST(Mailboxes, ThatHoldTooManyBytesAreFull) {
  TestNodes nodes(1, {.mailbox_bytes_max = 10});
  const Pid slow = nodes.spawn({.type = "slow_init", .args = {"init_ms=100"}});
  const auto send_until_refused = [&] {
    int sent = 0;
    nodes.act([&](Context& context) {
      while (sent < 9 && context.send(slow, "1234")) {
        ++sent;
      }
    });
    return sent;
  };
  EXPECT_EQ(send_until_refused(), 3) << "the last one may be above";
  nodes.act([&](Context& context) { context.call(slow, "5", seconds(1)); });
  EXPECT_EQ(nodes.arrivals(), Lines{"error error(over_limit)"});
  nodes.run_for(milliseconds(100));
  EXPECT_EQ(send_until_refused(), 3);
}

TEST(Mailboxes, CountRequestsThatAreNotAnsweredUntilTheirCallersGaveUp) {
  TestNodes nodes(1, {.mailbox_max = 2});
  const Pid callee = nodes.probe("callee");
  nodes.act([&](Context& context) {
    context.call(callee, "keep", milliseconds(10));
    context.call(callee, "keep", milliseconds(20));
  });
  EXPECT_EQ(ask(nodes, callee, "reply a"), "error error(over_limit)");
  nodes.run_for(milliseconds(10));
  (void)nodes.arrivals();
  EXPECT_EQ(ask(nodes, callee, "reply a"), "ok a");
}

TEST(Mailboxes, TakeNoMessageThatIsTooLarge) {
  TestNodes nodes(1);
  const Pid echo = nodes.spawn({.type = "echo"});
  const base::Bytes large(wire::kPayloadBytesMax + 1, 'x');
  nodes.act([&](Context& context) {
    EXPECT_EQ(context.send(echo, large), std::unexpected(Refusal::over_limit));
    EXPECT_EQ(context.send_after({}, large), std::unexpected(Refusal::over_limit));
    context.call(echo, large, seconds(1));
  });
  EXPECT_EQ(nodes.arrivals(), Lines{"error error(over_limit)"});
}

// Goal: a process that sends to itself for ever starves nobody. Method: inputs of 10 messages each.
TEST(Scheduling, GoesRoundAndStopsAtTheBoundOfAnInput) {
  TestNodes nodes(1, {.messages_per_input = 10});
  const Pid selfish = nodes.probe("selfish");
  const Pid other = nodes.spawn({.type = "echo"});
  nodes.act_quietly([&](Context& context) {
    context.send(selfish, "again").value();
    for (int i = 0; i < 5; ++i) {
      context.call(other, "x", seconds(1));
    }
  });
  EXPECT_EQ(nodes.arrivals(), Lines(5, "ok x"));
  EXPECT_EQ(nodes.log["selfish"].size(), 5U);
  EXPECT_EQ(nodes.runtime().wake_at(), nodes.now().mono) << "there is more to do";
  Outputs out;
  nodes.runtime().on_timeout(nodes.now(), out);
  EXPECT_EQ(nodes.log["selfish"].size(), 15U);
}

// Shows: bad_input.throws
TEST(Handlers, ThatThrowEndTheirProcessAndNothingElse) {
  TestNodes nodes(1);
  const Pid bad = nodes.probe("bad");
  const Pid good = nodes.probe("good");
  nodes.act([&](Context& context) {
    context.monitor(bad);
    context.send(bad, "throw boom").value();
  });
  EXPECT_EQ(nodes.arrivals(), Lines{"down error(boom)"});
  EXPECT_EQ(nodes.log["bad"], (Lines{"msg throw boom", "terminate error(boom)"}));
  EXPECT_EQ(ask(nodes, good, "reply a"), "ok a");
  EXPECT_EQ(nodes.runtime().statistics().threw, 1U);
}

TEST(Handlers, ThatAreNotWrittenEndTheProcess) {
  TestNodes nodes(1);
  ProcessTypes types;
  types.add("task", [] {
    return std::make_unique<Task>(
        [](Context&, const Args&, std::uint64_t) { return TaskStep::again(seconds(1)); });
  });
  Runtime runtime({base::NodeId::of("n1"), 1}, types, {}, base::Rng(1));
  const Pid port = runtime.open_port("test");
  Outputs out;
  runtime.act(
      nodes.now(), port,
      [&](Context& context) {
        const Pid task = context.spawn({.type = "task"}).value();
        context.call(task, "hello", seconds(1));
      },
      out);
  ASSERT_EQ(out.arrivals.size(), 1U);
  EXPECT_EQ(describe(out.arrivals[0].what), "unknown error(unexpected request)");
}

TEST(Starts, WhoseTypeCannotBeMadeEndNobodyElse) {
  ProcessTypes types;
  types.add("bad", []() -> std::unique_ptr<Server> { throw std::runtime_error("no memory"); });
  Runtime runtime({base::NodeId::of("n1"), 1}, types, {}, base::Rng(1));
  const Pid port = runtime.open_port("test");
  Outputs out;
  runtime.act(
      at({}), port,
      [&](Context& context) { EXPECT_TRUE(context.spawn({.type = "bad", .report_start = true})); },
      out);
  ASSERT_EQ(out.arrivals.size(), 1U);
  EXPECT_EQ(describe(out.arrivals[0].what), "started error(no memory)");
}

TEST(Starts, AreReportedToTheParentAsInitSays) {
  TestNodes nodes(1);
  const auto started = [&](SpawnOptions options) {
    options.report_start = true;
    nodes.spawn(std::move(options));
    nodes.run_for(milliseconds(200));
    return nodes.arrivals();
  };
  EXPECT_EQ(started({.type = "echo"}), Lines{"started ok"});
  EXPECT_EQ(started({.type = "echo", .args = {"x=1"}}),
            Lines{"started error(unknown argument x=1)"});
  EXPECT_EQ(started({.type = "counter", .args = {"from=x"}}),
            Lines{"started error(from wants a whole number, not x)"});
  EXPECT_EQ(started({.type = "slow_init", .args = {"init_ms=100"}}), Lines{"started ok"});
  EXPECT_EQ(started({.type = "flaky_init", .args = {"failures=1", "key=a"}}),
            Lines{"started error(flaky start 1)"});
  EXPECT_EQ(started({.type = "flaky_init", .args = {"failures=1", "key=a"}}), Lines{"started ok"});
  EXPECT_EQ(started({.type = "named", .args = {"name=a"}}), Lines{"started ok"});
  EXPECT_EQ(started({.type = "named", .args = {"name=a"}}), Lines{"started ignore"});
}

TEST(Starts, ThatAreCutOffAreReportedAsErrors) {
  TestNodes nodes(1);
  const Pid slow = nodes.spawn({.type = "slow_init", .report_start = true});
  nodes.act([&](Context& context) { context.exit(slow, ExitReason::kill()); });
  EXPECT_EQ(nodes.arrivals(), Lines{"started killed"});
}

TEST(Starts, ThatTakeLongBlockNobodyAndKeepWhatArrivesInOrder) {
  TestNodes nodes(1);
  const Pid slow = nodes.spawn({.type = "slow_init", .args = {"init_ms=100"}});
  nodes.act([&](Context& context) {
    context.call(slow, "a", seconds(1));
    context.call(slow, "b", seconds(1));
  });
  const Pid echo = nodes.spawn({.type = "echo"});
  EXPECT_EQ(ask(nodes, echo, "x"), "ok x");
  nodes.run_for(milliseconds(100));
  EXPECT_EQ(nodes.arrivals(), (Lines{"ok a", "ok b"}));
}

TEST(Starts, AreRefusedForUnknownTypesTakenNamesAndFullTables) {
  TestNodes nodes(1, {.processes_max = 2});
  nodes.act([&](Context& context) {
    EXPECT_EQ(context.spawn({.type = "no such"}), std::unexpected(Refusal::unknown_type));
    EXPECT_TRUE(context.spawn({.type = "echo", .name = "a"}));
    EXPECT_EQ(context.spawn({.type = "echo", .name = "a"}),
              std::unexpected(Refusal::already_registered));
    EXPECT_TRUE(context.spawn({.type = "echo"}));
    EXPECT_EQ(context.spawn({.type = "echo"}), std::unexpected(Refusal::over_limit));
  });
}

TEST(Names, AreFreedWhenTheirHolderEnds) {
  TestNodes nodes(1);
  const Pid first = nodes.spawn({.type = "named", .args = {"name=a"}});
  EXPECT_EQ(nodes.runtime().whereis("a"), first);
  nodes.act([&](Context& context) { context.exit(first, ExitReason::kill()); });
  EXPECT_EQ(nodes.runtime().whereis("a"), std::nullopt);
  const Pid second = nodes.spawn({.type = "named", .args = {"name=a"}});
  EXPECT_EQ(nodes.runtime().whereis("a"), second);
  EXPECT_NE(first, second);
}

TEST(Timers, FireAtTheirTimeAndNotWhenCancelled) {
  TestNodes nodes(1);
  TimerRef second;
  nodes.act([&](Context& context) {
    context.send_after(milliseconds(10), "first").value();
    second = context.send_after(milliseconds(20), "second").value();
  });
  EXPECT_EQ(nodes.runtime().wake_at(), nodes.now().mono + milliseconds(10));
  nodes.run_for(milliseconds(10));
  nodes.act([&](Context& context) {
    EXPECT_TRUE(context.cancel(second));
    EXPECT_FALSE(context.cancel(second));
  });
  nodes.run_for(seconds(1));
  EXPECT_EQ(nodes.arrivals(), Lines{"timeout first"});
  EXPECT_EQ(nodes.runtime().wake_at(), base::Instant::never());
}

TEST(Timers, BeyondTheirNumberAreRefused) {
  TestNodes nodes(1, {.timers_max = 1});
  nodes.act([&](Context& context) {
    EXPECT_TRUE(context.send_after(seconds(1), "a"));
    EXPECT_EQ(context.send_after(seconds(1), "b"), std::unexpected(Refusal::over_limit));
  });
}

TEST(Builtins, DoAsTheirTableSays) {
  TestNodes nodes(1);
  const Pid counter = nodes.spawn({.type = "counter", .args = {"from=41"}, .token = "term 7"});
  EXPECT_EQ(ask(nodes, counter, "add"), "ok 42");
  EXPECT_EQ(ask(nodes, counter, "token"), "ok term 7");
  const Pid crasher =
      nodes.spawn({.type = "crasher", .args = {"after_ms=5", "reason=shutdown(x)"}});
  const Pid sleeper = nodes.spawn({.type = "sleeper", .args = {"for_ms=6"}});
  const Pid stubborn = nodes.spawn({.type = "stubborn"});
  nodes.act([&](Context& context) {
    for (const Pid& pid : {crasher, sleeper, stubborn}) {
      context.monitor(pid);
    }
    context.exit(stubborn, ExitReason::shutdown());
  });
  nodes.run_for(milliseconds(10));
  EXPECT_EQ(nodes.arrivals(), (Lines{"down shutdown(x)", "down normal"}));
  nodes.act([&](Context& context) { context.exit(stubborn, ExitReason::kill()); });
  EXPECT_EQ(nodes.arrivals(), Lines{"down killed"});
}

TEST(Runtimes, HoldNothingWhenAllProcessesHaveEnded) {
  TestNodes nodes(2);
  const std::size_t before = nodes.runtime(0).rows() + nodes.runtime(1).rows();
  std::vector<Pid> pids;
  for (std::size_t i = 0; i < 20; ++i) {
    pids.push_back(nodes.probe("p", i % 3 == 0 ? "trap" : "no_trap", i % 2));
    if (i > 0) {
      nodes.link(pids[i], pids[i / 2]);
    }
  }
  nodes.act([&](Context& context) {
    for (const Pid& pid : pids) {
      context.monitor(pid);
      context.call(pid, "keep", seconds(1));
    }
  });
  nodes.act([&](Context& context) {
    for (const Pid& pid : pids) {
      context.exit(pid, ExitReason::kill());
    }
  });
  nodes.run_for(seconds(2));
  EXPECT_EQ(nodes.runtime(0).rows() + nodes.runtime(1).rows(), before);
}

}  // namespace
}  // namespace horde::process
