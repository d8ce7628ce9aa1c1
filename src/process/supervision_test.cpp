// Supervision in the hands of a port, as a distributed supervisor has it.
#include "process/supervision.hpp"

#include <gtest/gtest.h>

#include "process/test_runtimes.hpp"

namespace horde::process {
namespace {

using base::milliseconds;
using base::seconds;
using Lines = std::vector<std::string>;

class SupervisionTest : public testing::Test {
 protected:
  explicit SupervisionTest(SupervisionOptions options = {})
      : children(std::move(options), [](const Child& child) {
          return child.spec.id + "/" + std::to_string(child.starts);
        }) {}

  /// Does something, and passes on what arrives at the port for `time`.
  void act(const std::function<void(Context&)>& what, base::Duration time = {}) {
    nodes.act(what);
    pump();
    for (base::Duration step; step < time; step += milliseconds(1)) {
      nodes.run_for(milliseconds(1));
      pump();
    }
  }
  void run_for(base::Duration time) {
    act([](Context&) {}, time);
  }
  std::string start(ChildSpec spec, const StartOptions& options = {}) {
    std::string problem;
    act([&](Context& context) {
      const auto result = children.start_child(context, std::move(spec), options);
      problem = result ? "" : to_string(result.error());
    });
    return problem;
  }
  void stop(const std::string& id, const StopOptions& options = {}) {
    act([&](Context& context) { EXPECT_TRUE(children.stop_child(context, id, options)); });
  }
  void crash(const std::string& id, const std::string& reason = "error(x)") {
    const Pid pid = children.find(id)->pid;
    act([&](Context& context) { (void)context.cast(pid, "crash " + reason); });
  }
  /// "a started", "a finished normal".
  Lines events() {
    Lines out;
    for (const ChildEvent& event : children.take_events()) {
      const bool with_reason =
          event.reason != ExitReason{} || event.kind == ChildEvent::Kind::finished;
      out.push_back(event.id + " " + std::string(to_string(event.kind)) +
                    (with_reason ? " " + to_string(event.reason) : ""));
    }
    return out;
  }
  std::string state(const std::string& id) {
    const Child* child = children.find(id);
    return child == nullptr ? "none" : std::string(to_string(child->state));
  }

  TestNodes nodes{1};
  Supervision children;

 private:
  void pump() {
    for (auto arrived = std::exchange(nodes.arrived[0], {}); !arrived.empty();
         arrived = std::exchange(nodes.arrived[0], {})) {
      for (const Arrival& arrival : arrived) {
        if (const auto* info = std::get_if<Info>(&arrival.what)) {
          nodes.act([&](Context& context) { children.on_info(context, *info); });
        }
      }
    }
  }
};

struct RestartRow {
  Restart restart;
  const char* reason;
  bool again;
};

TEST_F(SupervisionTest, RestartsByTheRowOfRestartAndReason) {
  for (const RestartRow& row : {
           RestartRow{Restart::permanent, "normal", true},
           RestartRow{Restart::permanent, "shutdown", true},
           RestartRow{Restart::permanent, "error(x)", true},
           RestartRow{Restart::transient, "normal", false},
           RestartRow{Restart::transient, "shutdown", false},
           RestartRow{Restart::transient, "shutdown(x)", false},
           RestartRow{Restart::transient, "error(x)", true},
           RestartRow{Restart::transient, "killed", true},
           RestartRow{Restart::temporary, "error(x)", false},
       }) {
    const std::string id = std::string(to_string(row.restart)) + " " + row.reason;
    EXPECT_EQ(start({.id = id, .type = "crasher", .restart = row.restart}), "");
    EXPECT_EQ(events(), Lines{id + " started"});
    const Pid before = children.find(id)->pid;
    crash(id, row.reason);
    if (row.again) {
      EXPECT_EQ(state(id), "running") << id;
      EXPECT_NE(children.find(id)->pid, before);
      EXPECT_EQ(events().back(), id + " restarted");
    } else {
      EXPECT_EQ(events(), Lines{id + " finished " + row.reason});
      EXPECT_EQ(state(id), "none");
    }
  }
}

TEST_F(SupervisionTest, GivesEachStartATokenOfItsOwn) {
  start({.id = "a", .type = "crasher"}, {.starts = 6});
  EXPECT_EQ(nodes.runtime().find(children.find("a")->pid)->token, "a/7");
  crash("a");
  EXPECT_EQ(nodes.runtime().find(children.find("a")->pid)->token, "a/8");
}

TEST_F(SupervisionTest, DropsAFreshChildWhoseStartFailsOrIsIgnored) {
  EXPECT_EQ(start({.id = "a", .type = "flaky_init"}), "");
  EXPECT_EQ(start({.id = "b", .type = "no such type"}), "");
  nodes.spawn({.type = "named", .args = {"name=taken"}});
  EXPECT_EQ(start({.id = "c", .type = "named", .args = {"name=taken"}}), "");
  EXPECT_EQ(events(), (Lines{"a start_failed error(flaky start 1)",
                             "b start_failed error(unknown_type: no such type)", "c ignored"}));
  EXPECT_TRUE(children.empty());
}

TEST_F(SupervisionTest, TriesAnAcceptedChildAgainWhoseStartFails) {
  start({.id = "a", .type = "flaky_init", .args = {"failures=3"}},
        {.as = StartOptions::As::accepted});
  EXPECT_EQ(state("a"), "waiting");
  run_for(milliseconds(701));
  EXPECT_EQ(events(), (Lines{"a crashed error(flaky start 1)", "a crashed error(flaky start 2)",
                             "a crashed error(flaky start 3)", "a restarted"}));
}

TEST_F(SupervisionTest, DropsAChildThatAnswersIgnoreWhenItIsStartedAgain) {
  start({.id = "a", .type = "named", .args = {"name=x"}});
  const Pid pid = children.find("a")->pid;
  // The name is free for an instant, and another takes it before the child starts again.
  act([&](Context& context) {
    context.exit(pid, ExitReason::kill());
    EXPECT_TRUE(context.register_name("x"));
  });
  EXPECT_EQ(events(), (Lines{"a started", "a crashed killed", "a ignored"}));
  EXPECT_TRUE(children.empty());
}

TEST_F(SupervisionTest, RefusesWhatIsWrong) {
  EXPECT_EQ(start({.id = "a"}), "type: wants 1 to 512 bytes, not 0");
  EXPECT_EQ(start({.id = "a", .type = "echo"}), "");
  EXPECT_EQ(start({.id = "a", .type = "echo"}), "id: wants one that no child has");
}

TEST_F(SupervisionTest, CountsNoStopThatItsOwnerAskedFor) {
  start({.id = "a", .type = "crasher"});
  stop("a", {.reason = ExitReason::shutdown("duplicate")});
  EXPECT_EQ(events(), (Lines{"a started", "a stopped shutdown(duplicate)"}));
  EXPECT_EQ(nodes.runtime().process_count(), 0U);
}

TEST_F(SupervisionTest, KillsAChildThatDoesNotEndInItsTime) {
  start({.id = "a", .type = "stubborn", .shutdown = Shutdown::after(milliseconds(50))});
  start({.id = "b", .type = "stubborn", .shutdown = Shutdown::brutal_kill()});
  start({.id = "c", .type = "stubborn", .shutdown = Shutdown::infinity()});
  (void)events();
  act([&](Context& context) { children.stop_all(context, {}); });
  EXPECT_EQ(events(), Lines{"b stopped killed"});
  run_for(milliseconds(49));
  EXPECT_EQ(events(), Lines{});
  run_for(milliseconds(1));
  EXPECT_EQ(events(), Lines{"a stopped killed"});
  run_for(seconds(1));
  EXPECT_EQ(state("c"), "stopping");
  stop("c", {.at_most = milliseconds(10)});
  run_for(milliseconds(10));
  EXPECT_EQ(events(), Lines{"c stopped killed"}) << "a cap holds for infinity, too";
}

TEST_F(SupervisionTest, StopsAChildThatIsStartingOrWaiting) {
  start({.id = "a", .type = "slow_init"});
  stop("a");
  start({.id = "b", .type = "flaky_init"}, {.as = StartOptions::As::accepted});
  stop("b");
  EXPECT_EQ(events(),
            (Lines{"a stopped shutdown", "b crashed error(flaky start 1)", "b stopped shutdown"}));
  run_for(seconds(2));
  EXPECT_EQ(nodes.runtime().process_count(), 0U);
}

TEST_F(SupervisionTest, QuarantinesAPoisonChildWhileOthersGoOn) {
  start({.id = "good", .type = "echo"});
  start({.id = "poison", .type = "crasher", .args = {"after_ms=10"}});
  (void)events();
  const Pid good = children.find("good")->pid;
  run_for(milliseconds(100));
  EXPECT_EQ(state("poison"), "quarantined");
  EXPECT_EQ(events(),
            (Lines{"poison crashed error(crash)", "poison restarted", "poison crashed error(crash)",
                   "poison restarted", "poison crashed error(crash)", "poison restarted",
                   "poison quarantined error(crash)"}));
  EXPECT_EQ(children.find("good")->pid, good);
  run_for(seconds(5));
  EXPECT_EQ(events().front(), "poison restarted") << "after quarantine_first";
}

TEST_F(SupervisionTest, ReleasesAQuarantinedChildAtOnce) {
  start({.id = "a", .type = "flaky_init", .args = {"failures=4"}},
        {.as = StartOptions::As::accepted});
  run_for(milliseconds(1000));
  ASSERT_EQ(state("a"), "quarantined");
  act([&](Context& context) {
    EXPECT_TRUE(children.release(context, "a"));
    EXPECT_FALSE(children.release(context, "a"));
  });
  EXPECT_EQ(state("a"), "running");
  EXPECT_EQ(children.find("a")->history.strikes(), 0U);
}

TEST_F(SupervisionTest, EndsItsChildrenWithItsOwner) {
  start({.id = "a", .type = "echo"});
  act([](Context& context) { context.stop(ExitReason::shutdown()); });
  EXPECT_EQ(nodes.runtime().process_count(), 0U);
}

// Goal: one process for each child that is up, none for others, whatever is asked when. Method:
// random calls and failures; after each, the processes that live are compared with the children.
TEST_F(SupervisionTest, HasOneProcessForEachChildThatIsUpAndNoOther) {
  const std::vector<ChildSpec> specs = {
      {.type = "crasher", .args = {"after_ms=7"}},
      {.type = "crasher", .restart = Restart::transient},
      {.type = "sleeper", .args = {"for_ms=20"}, .restart = Restart::transient},
      {.type = "stubborn", .shutdown = Shutdown::after(milliseconds(15))},
      {.type = "slow_init", .args = {"init_ms=12"}},
      {.type = "flaky_init", .args = {"failures=30"}},
      {.type = "named", .args = {"name=x"}},
      {.type = "no such type"}};
  base::Rng rng(5);
  const std::size_t rows = nodes.runtime().rows();
  std::map<ChildEvent::Kind, int> seen;
  for (int step = 0; step < 6000; ++step) {
    const std::string id(1, static_cast<char>('a' + rng.below(8)));
    const std::uint64_t what = rng.below(10);
    const Child* child = children.find(id);
    if (what < 4 && child == nullptr) {
      ChildSpec spec = specs[rng.below(specs.size())];
      spec.id = id;
      start(std::move(spec),
            {.as = rng.below(2) == 0 ? StartOptions::As::fresh : StartOptions::As::accepted});
    } else if (what < 5 && child != nullptr) {
      stop(id, {.at_most = rng.below(2) == 0 ? std::optional(milliseconds(3)) : std::nullopt});
    } else if (what < 6 && child != nullptr) {
      const Pid pid = child->pid;
      act([&](Context& context) { context.exit(pid, ExitReason::kill()); });
    } else if (what < 7) {
      act([&](Context& context) { (void)children.release(context, id); });
    } else {
      run_for(milliseconds(static_cast<std::int64_t>(rng.below(what == 9 ? 40 : 4))));
    }
    std::size_t up = 0;
    for (const auto& [each, entry] : children.children()) {
      const bool has_process = entry.is_up() || entry.state == Child::State::stopping;
      ASSERT_EQ(nodes.runtime().is_alive(entry.pid), has_process) << each << ", step " << step;
      up += has_process ? 1 : 0;
    }
    ASSERT_EQ(nodes.runtime().process_count(), up) << "step " << step;
    for (const ChildEvent& event : children.take_events()) {
      ++seen[event.kind];
    }
  }
  EXPECT_EQ(seen.size(), 8U) << "all kinds but intensity_reached";
  act([&](Context& context) { children.stop_all(context, {}); }, seconds(1));
  EXPECT_TRUE(children.empty());
  EXPECT_EQ(nodes.runtime().rows(), rows);
}

class ShutdownMode : public SupervisionTest {
 protected:
  ShutdownMode()
      : SupervisionTest({.restart = {.on_intensity = OnIntensity::shutdown},
                         .max_children = 4,
                         .extra_arguments = {"reason=error(extra)"}}) {}
};

TEST_F(ShutdownMode, CountsTheRestartsOfAllChildrenTogether) {
  for (const char* id : {"a", "b", "c", "d"}) {
    start({.id = id, .type = "crasher"});
  }
  (void)events();
  for (const char* id : {"a", "b", "c"}) {
    crash(id);
  }
  EXPECT_EQ(events().size(), 6U) << "three were started again";
  crash("d");
  EXPECT_EQ(events(), (Lines{"d crashed error(x)", " intensity_reached error(x)"}));
}

TEST_F(ShutdownMode, HasNoMoreThanMaxChildrenExceptAcceptedOnes) {
  for (const char* id : {"a", "b", "c", "d"}) {
    EXPECT_EQ(start({.id = id, .type = "crasher"}), "");
  }
  EXPECT_EQ(start({.id = "e", .type = "crasher"}), "max_children: is reached: 4");
  EXPECT_EQ(start({.id = "e", .type = "crasher"}, {.as = StartOptions::As::accepted}), "");
}

TEST_F(ShutdownMode, PutsExtraArgumentsBeforeEachChildsOwn) {
  start({.id = "a", .type = "crasher", .args = {"after_ms=1"}, .restart = Restart::temporary});
  start({.id = "b",
         .type = "crasher",
         .args = {"after_ms=2", "reason=error(own)"},
         .restart = Restart::temporary});
  (void)events();
  run_for(milliseconds(5));
  EXPECT_EQ(events(), (Lines{"a finished error(extra)", "b finished error(own)"}));
}

}  // namespace
}  // namespace horde::process
