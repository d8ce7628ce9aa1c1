// A node alone with a horde that supervises children: what it starts, ends and tells of them.
#include <gtest/gtest.h>

#include "node/node.hpp"
#include "process/builtin_types.hpp"
#include "supervisor/spec_codec.hpp"

namespace horde::node {
namespace {

using base::milliseconds;
using base::seconds;

// Has always one more message for itself.
class Flooder final : public process::Server {
 public:
  process::Init init(process::Context& context, const process::Args&) override {
    (void)context.send(context.self(), "more");
    return process::Init::ok();
  }
  void handle_info(process::Context& context, const process::Info&) override {
    (void)context.send(context.self(), "more");
  }
};

class WithChildren {
 public:
  WithChildren() : node_(config(names_), {}) {
    input([&](base::Effects& out) { node_.on_start(now(), out); });
    run(seconds(1));
  }

  // Carries out an input, and notes answers.
  template <class Input>
  void input(Input&& what) {
    base::Effects effects;
    what(effects);
    for (const base::Effect& effect : effects.list) {
      if (const auto* answer = std::get_if<base::Answer>(&effect)) {
        answers.push_back(*answer);
      }
      ended = ended || std::holds_alternative<base::Ended>(effect);
    }
  }
  void run(base::Duration time) {
    const base::Instant end = now_ + time;
    for (int i = 0; node_.wake_at() <= end; ++i) {
      ASSERT_LT(i, 100'000) << "time does not go on";
      now_ = std::max(now_, node_.wake_at());
      input([&](base::Effects& out) { node_.on_timeout(now(), out); });
    }
    now_ = end;
  }
  // Starts a child, and gives its id if that was answered.
  std::optional<supervisor::ChildId> start(
      base::Bytes type, process::Args args = {},
      supervisor::Restart restart = supervisor::Restart::permanent) {
    answers.clear();
    supervisor::StartCall call{
        .spec = {.start = encode(Program{std::move(type), std::move(args)}), .restart = restart}};
    input([&](base::Effects& out) { node_.start_child(now(), {7}, "h", call, out); });
    run(milliseconds(100));
    const auto rows = node_.children("h")->which_children();
    return rows.empty() ? std::nullopt : std::optional(rows.back().id);
  }
  [[nodiscard]] base::Now now() const { return {now_, {now_.ns + seconds(1'000).ns}}; }
  [[nodiscard]] std::size_t processes() const { return node_.processes().process_count(); }
  Node& node() { return node_; }

  std::vector<base::Answer> answers;
  bool ended = false;

 private:
  static Config config(process::NameService& names) {
    Config out{.name = "n1", .address = {.port = 7000}, .boot = 3, .seed = 1};
    out.hordes.push_back({.name = "h", .children = ChildrenConfig{}});
    process::add_builtin_types(out.process_types, names);
    out.process_types.add<Flooder>("flooder");
    out.processes.messages_per_input = 100;
    return out;
  }

  process::LocalNames names_;
  base::Instant now_;
  Node node_;
};

TEST(Children, OneThatIsStartedRunsAndIsAnsweredWithItsPid) {
  WithChildren world;
  const auto id = world.start("sleeper");
  ASSERT_EQ(world.answers.size(), 1U);
  EXPECT_EQ(world.answers[0].status, "ok");
  ASSERT_TRUE(id.has_value());
  EXPECT_TRUE(world.answers[0].detail.starts_with(supervisor::to_string(*id) + " <n1."));
  EXPECT_EQ(world.processes(), 1U);
  EXPECT_EQ(world.node().copies(0)->ids(), std::vector<supervisor::ChildId>{*id});
  EXPECT_EQ(world.node().children("h")->count_children().active, 1U);
}

TEST(Children, OneOfAnUnknownTypeIsAnErrorAndLeavesNothing) {
  WithChildren world;
  world.start("no such type");
  ASSERT_EQ(world.answers.size(), 1U);
  EXPECT_EQ(world.answers[0].status, "error");
  EXPECT_NE(world.answers[0].detail.find("unknown_type"), base::Bytes::npos);
  EXPECT_EQ(world.processes(), 0U);
}

// Goal: in a simulated world too, where handlers take no time, time goes on.
TEST(Children, OneThatKeepsItselfBusyStopsNeitherTimeNorOthers) {
  WithChildren world;
  ASSERT_TRUE(world.start("flooder"));
  const std::uint64_t before = world.node().processes().statistics().handled;
  world.run(milliseconds(10));
  EXPECT_GT(world.node().processes().statistics().handled, before + 5'000);
  world.start("sleeper");
  ASSERT_EQ(world.answers.size(), 1U);
  EXPECT_EQ(world.answers[0].status, "ok");
}

TEST(Children, ATerminatedOneIsGone) {
  WithChildren world;
  const auto id = world.start("sleeper");
  ASSERT_TRUE(id.has_value());
  world.answers.clear();
  world.input([&](base::Effects& out) {
    world.node().terminate_child(world.now(), {8}, "h", {.id = *id}, out);
  });
  world.run(seconds(1));
  ASSERT_EQ(world.answers.size(), 1U);
  EXPECT_EQ(world.answers[0].status, "ok");
  EXPECT_EQ(world.processes(), 0U);
  EXPECT_TRUE(world.node().children("h")->which_children().empty());
}

TEST(Children, OneThatIgnoresExitsIsKilledWhenItsGraceIsOver) {
  WithChildren world;
  const auto id = world.start("stubborn");
  ASSERT_TRUE(id.has_value());
  world.input([&](base::Effects& out) {
    world.node().terminate_child(world.now(), {8}, "h", {.id = *id}, out);
  });
  world.run(seconds(4));
  EXPECT_EQ(world.processes(), 1U);
  world.run(seconds(2));
  EXPECT_EQ(world.processes(), 0U);
}

TEST(Children, APermanentOneThatCrashesRunsAgainUnderTheSameId) {
  WithChildren world;
  const auto id = world.start("crasher", {"after_ms=500"});
  ASSERT_TRUE(id.has_value());
  world.run(milliseconds(700));
  EXPECT_EQ(world.node().copies(0)->ids(), std::vector<supervisor::ChildId>{*id});
  EXPECT_GT(world.node().children("h")->entry(*id)->run.start, 1U);
}

TEST(Children, ATemporaryOneThatEndsIsNotStartedAgain) {
  WithChildren world;
  ASSERT_TRUE(world.start("crasher", {"after_ms=500"}, supervisor::Restart::temporary));
  world.run(seconds(2));
  EXPECT_EQ(world.processes(), 0U);
  EXPECT_TRUE(world.node().children("h")->which_children().empty());
}

TEST(Children, AStopEndsThemFirst) {
  WithChildren world;
  ASSERT_TRUE(world.start("sleeper"));
  world.input([&](base::Effects& out) { world.node().stop(world.now(), out); });
  world.run(seconds(10));
  EXPECT_TRUE(world.ended);
  EXPECT_EQ(world.processes(), 0U);
}

TEST(Children, ACallToAHordeWithoutThemIsRefused) {
  WithChildren world;
  world.answers.clear();
  world.input([&](base::Effects& out) {
    world.node().wait_for_quorum(world.now(), {9}, "other", seconds(1), out);
  });
  ASSERT_EQ(world.answers.size(), 1U);
  EXPECT_EQ(world.answers[0].status, "unknown_horde");
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
