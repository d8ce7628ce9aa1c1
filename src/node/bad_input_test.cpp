// What users, and the processes that they write, can do wrong: it is refused by name, or bounded,
// and nobody else notices.
#include <gtest/gtest.h>

#include "node/test_children.hpp"
#include "wire/limits.hpp"

namespace horde::node {
namespace {

using base::milliseconds;
using base::seconds;
using supervisor::ChildSpec;
using supervisor::Shutdown;

class BadInput : public WithChildren {
 protected:
  // A node with a healthy child that calls another one all the time.
  void make_with_healthy(const std::function<void(Config&)>& change = {}) {
    make(1, change);
    running(0, spec("server"));
    running(0, spec("client"));
  }
  // Whether the healthy child's calls were answered in `time`.
  void expect_healthy(base::Duration time) {
    const std::uint64_t before = script.answers;
    run(time);
    EXPECT_GE(script.answers - before + 2,
              static_cast<std::uint64_t>(time.ns / milliseconds(10).ns));
    EXPECT_EQ(script.failures, 0U);
  }
};

// Shows: start_child.bad_spec, bad_input.arguments, spec.invalid
TEST_F(BadInput, SpecsAreRefusedByTheNameOfTheFieldWhereTheCallArrives) {
  make_with_healthy();
  const auto why = [this](const ChildSpec& what) {
    const auto call = start(0, what);
    EXPECT_EQ(status(call), "bad_spec");
    return detail(call);
  };
  EXPECT_EQ(why({.start = "x"}),
            "start: wants a process type with arguments (truncated at byte 1)");
  EXPECT_EQ(why(spec("")), "start: wants the name of a process type");
  EXPECT_EQ(why(spec("sleeper", process::Args(wire::kArgsMax + 1))),
            "start: wants a process type with arguments (over_limit at byte 8)");
  EXPECT_TRUE(why(spec("sleeper", {base::Bytes(wire::kChildStartBytesMax, 'x')}))
                  .starts_with("start: wants at most 49152 bytes, not "));
  ChildSpec hasty = spec("sleeper");
  hasty.shutdown = Shutdown{milliseconds(-5)};
  EXPECT_EQ(why(hasty), "shutdown: wants brutal_kill (0), a time or infinity, not -5ms");
  EXPECT_EQ(nodes_->children(0).sizes().children, 2U) << "nothing was recorded";
  expect_healthy(milliseconds(200));
}

// Shows: bad_input.arguments
TEST_F(BadInput, ArgumentsThatAreTooManyWithTheExtraOnesAreAnError) {
  make(1, [](Config& config) {
    config.hordes[0].children->extra_arguments = {base::Bytes(wire::kArgsBytesMax - 100, 'x')};
  });
  running(0, spec("moody", {base::Bytes(100, 'y')}));
  const auto call = start(0, spec("moody", {base::Bytes(101, 'y')}));
  run(milliseconds(100));
  EXPECT_EQ(status(call), "error");
  EXPECT_TRUE(detail(call).ends_with(" over_limit"));
  EXPECT_EQ(processes(), 1U);
}

// Shows: options.invalid
TEST_F(BadInput, ANodeWithAConfigThatIsWrongEndsAsItStartsAndSaysWhy) {
  const auto why = [this](const std::function<void(Config&)>& change) {
    nodes_ = std::make_unique<TestNodes>(TestNodes::Options{.change = change});
    EXPECT_TRUE(nodes_->ended(0).has_value());
    EXPECT_EQ(nodes_->ended(0)->reason, "bad_config");
    return nodes_->ended(0)->detail;
  };
  EXPECT_EQ(why([](Config& c) { c.hordes[0].children->options.moves_max = 0; }),
            "h: children.moves_max: wants at least 1, not 0");
  EXPECT_EQ(why([](Config& c) { c.hordes[0].children->options.backoff = seconds(-1); }),
            "h: children.backoff: wants 1ms to 10s, not -1s");
  EXPECT_EQ(why([](Config& c) {
              c.hordes[0].children->extra_arguments = process::Args(wire::kArgsMax + 1);
            }),
            "h: children.extra_arguments: wants at most 1024 arguments, not 1025");
  EXPECT_EQ(why([](Config& c) {
              c.hordes[0].children->options.static_children = {{"a", {.start = "?"}}};
            }),
            "h: children.static child a: start: wants a process type with arguments (truncated at "
            "byte 1)");
  EXPECT_EQ(why([](Config& c) { c.hordes[0].children->telemetry_interval = seconds(-1); }),
            "h: children.telemetry_interval: wants 0 or more, not -1s");
  EXPECT_EQ(why([](Config& c) { c.hordes[0].children->strategy = nullptr; }),
            "h: children.strategy: wants a function that makes one");
  EXPECT_EQ(why([](Config& c) {
              c.hordes[0].members.names = {"n2", "a b"};
            }),
            "h: members: wants names of nodes, not a b");
  EXPECT_EQ(why([](Config& c) { c.hordes[0].replication.sync_interval = {}; }),
            "h: replication.sync_interval: wants more than 0, not 0s");
  EXPECT_EQ(why([](Config& c) { c.hordes[0].replication.page_keys_max = 0; }),
            "h: replication.page_keys_max: wants at least 1, not 0");
  EXPECT_EQ(why([](Config& c) { c.hordes.push_back({.name = "h"}); }),
            "h: name: wants one whose hash no other horde's has");
}

// Shows: bad_input.unknown_type
TEST_F(BadInput, AChildWhoseTypeItsTakerLacksWaitsThereInQuarantine) {
  make(2, [](Config& config) {
    if (config.name == "n2") {
      config.process_types.add<Answerer>("special");
    }
  });
  supervisor::ChildId special;
  for (int i = 0; i < 50 && special == supervisor::ChildId{}; ++i) {
    const auto call = start(0, spec("special"));
    run(milliseconds(100));
    if (status(call) == "ok") {
      special = child_of(call);
    } else {
      EXPECT_TRUE(detail(call).ends_with(" unknown_type")) << "its chosen member lacks it";
    }
  }
  EXPECT_EQ(nodes_->homes(special), std::vector<std::size_t>{1});
  nodes_->crash(1);
  run(seconds(10));
  ASSERT_EQ(nodes_->children(0).quarantined().size(), 1U);
  EXPECT_EQ(nodes_->children(0).quarantined()[0].id, special);
}

// Shows: bad_input.endless_init, start_child.unknown
TEST_F(BadInput, AnInitThatNeverEndsEndsTheCallAsUnknownAndCanBeTerminated) {
  make_with_healthy();
  script.mood = "never";
  const auto call = start(0, spec("moody"), seconds(1));
  run(milliseconds(999));
  EXPECT_EQ(status(call), "");
  run(milliseconds(2));
  ASSERT_EQ(status(call), "unknown");
  EXPECT_EQ(processes(), 3U) << "it may still come to run";
  const auto end = terminate(0, child_of(call));
  run(milliseconds(100));
  EXPECT_EQ(status(end), "ok");
  EXPECT_EQ(processes(), 2U);
  expect_healthy(milliseconds(200));
}

// Shows: bad_input.endless_init
TEST_F(BadInput, AnInitThatNeverEndsDoesNotKeepItsNode) {
  make();
  script.mood = "never";
  start(0, spec("moody"));
  run(milliseconds(100));
  nodes_->input(0, [&](Node& node, base::Effects& out) { node.stop(nodes_->now(), out); });
  run(seconds(3));
  EXPECT_TRUE(nodes_->ended(0).has_value());
}

// Shows: bad_input.endless_init, start_child.unknown
TEST_F(BadInput, AnInitThatTakesLongerThanTheCallRunsUnderTheIdOfTheAnswer) {
  make();
  const auto patient = start(0, spec("slow_init", {"init_ms=500"}), seconds(1));
  const auto hasty = start(0, spec("slow_init", {"init_ms=500"}), milliseconds(200));
  run(milliseconds(300));
  ASSERT_EQ(status(hasty), "unknown");
  run(milliseconds(300));
  EXPECT_EQ(status(patient), "ok");
  EXPECT_EQ(nodes_->children(0).count_children().active, 2U);
  const auto end = terminate(0, child_of(hasty));
  run(milliseconds(100));
  EXPECT_EQ(status(end), "ok");
  EXPECT_EQ(processes(), 1U);
}

// Shows: bad_input.ignores_exits, options.shutdown
TEST_F(BadInput, AChildThatMayTakeForEverIsCutByTheStopOfItsNode) {
  make();
  ChildSpec stubborn = spec("stubborn");
  stubborn.shutdown = Shutdown{Shutdown::kForever};
  running(0, stubborn);
  nodes_->input(0, [&](Node& node, base::Effects& out) {
    node.stop(nodes_->now(), {.timeout = seconds(2)}, out);
  });
  run(milliseconds(1'999));
  EXPECT_FALSE(nodes_->ended(0).has_value());
  run(milliseconds(600));
  EXPECT_TRUE(nodes_->ended(0).has_value());
}

// Shows: bad_input.ignores_exits
TEST_F(BadInput, AChildThatIgnoresExitsIsKilledWhenItsTimeIsOver) {
  make_with_healthy();
  const auto id = running(0, spec("stubborn"));
  terminate(0, id);
  run(milliseconds(4'900));
  EXPECT_EQ(processes(), 3U);
  run(milliseconds(200));
  EXPECT_EQ(processes(), 2U);
  expect_healthy(milliseconds(200));
}

// Goal: in a simulated world too, where handlers take no time, time goes on.
// Shows: bad_input.floods_itself
TEST_F(BadInput, AChildThatFloodsItselfStopsNeitherTimeNorOthers) {
  make_with_healthy();
  running(0, spec("flooder"));
  const std::uint64_t before = nodes_->node(0).processes().statistics().handled;
  expect_healthy(milliseconds(200));
  EXPECT_GT(nodes_->node(0).processes().statistics().handled, before + 5'000);
  running(0, spec("sleeper"));
}

// Shows: bad_input.floods_others
TEST_F(BadInput, AChildThatFloodsAnotherFillsABoundedMailboxAndIsRefused) {
  constexpr std::size_t mailbox_max = 1'000;
  make_with_healthy([](Config& config) { config.processes.mailbox_max = mailbox_max; });
  running(0, spec("victim"));
  const auto flooder = running(0, spec("flooder", {"victim"}));
  expect_healthy(milliseconds(200));
  EXPECT_GT(script.refused, 1'000U);
  EXPECT_LE(script.sent, script.handled + mailbox_max);
  EXPECT_GT(script.handled, 1'000U) << "the victim gets its turns as well";
  // And when it is gone, the victim has soon handled what is left.
  terminate(0, flooder);
  run(milliseconds(200));
  EXPECT_EQ(script.handled, script.sent);
  expect_healthy(milliseconds(200));
}

// Shows: bad_input.throws
TEST_F(BadInput, AnInitThatThrowsIsAnErrorOfItsChildAlone) {
  make_with_healthy();
  script.mood = "throw";
  const auto call = start(0, spec("moody"));
  run(milliseconds(100));
  EXPECT_EQ(status(call), "error");
  EXPECT_TRUE(detail(call).ends_with(" error(thrown)")) << detail(call);
  expect_healthy(milliseconds(200));
}

}  // namespace
}  // namespace horde::node
