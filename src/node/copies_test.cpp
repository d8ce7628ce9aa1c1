// Copies alone, with a supervisor of one member and a runtime: what each fate of a process is
// reported as.
#include "node/copies.hpp"

#include <gtest/gtest.h>

namespace horde::node {
namespace {

using process::ExitReason;
using process::Pid;
using supervisor::ChildId;
using supervisor::Claim;
using supervisor::Entry;
using supervisor::Ignored;

const base::RunId kSelf{base::NodeId::of("n1"), 5};

class CopiesAlone : public testing::Test {
 protected:
  // Its init asks `in_init`; it ignores exits.
  class Child final : public process::Server {
   public:
    explicit Child(CopiesAlone& test) : test_(&test) {}
    process::Init init(process::Context& context, const process::Args&) override {
      context.trap_exit(process::Trap::everything);
      return test_->in_init(context.self());
    }

   private:
    CopiesAlone* test_;
  };

  CopiesAlone() {
    supervisor::Outputs out;
    supervisor_.on_view(now_,
                        {.members = {{"n1", kSelf.node, members::Status::alive}},
                         .boots = {{kSelf.node, kSelf.start}},
                         .witnesses = {kSelf.node}},
                        out);
    supervisor_.on_synced(now_, out);
    carry_out(out);
  }

  ChildId start(supervisor::Restart restart = supervisor::Restart::permanent) {
    supervisor::Outputs out;
    supervisor_.start_child(now_, {++last_call_},
                            {.spec = {.start = encode(Program{"child", {}}), .restart = restart}},
                            out);
    const auto& write = std::get<supervisor::WriteEntry>(out.list.at(0));
    const ChildId id = supervisor::child_of(write.key).value();
    carry_out(out);
    return id;
  }
  void terminate(const ChildId& id) {
    supervisor::Outputs out;
    supervisor_.terminate_child(now_, {++last_call_}, {.id = id}, out);
    carry_out(out);
  }
  void end(const Pid& pid, const ExitReason& reason) {
    runtime_.act(
        now_, port_, [&](process::Context& context) { context.exit(pid, reason); }, processes_);
    supervisor::Outputs out;
    carry_out(out);
  }
  [[nodiscard]] Pid pid_of(const ChildId& id) const {
    for (std::uint64_t serial = 1; serial < 100; ++serial) {
      const Pid pid{kSelf, serial};
      const auto child = copies_.child_of(pid);
      if (child && child->id == id) {
        return pid;
      }
    }
    return {};
  }
  [[nodiscard]] const Entry& entry(const ChildId& id) const { return *supervisor_.entry(id); }

  // Until nothing follows any more: outputs in order, each change of an entry before all else.
  void carry_out(supervisor::Outputs& out) {
    for (std::size_t i = 0; i < out.list.size() || !processes_.arrivals.empty(); ++i) {
      if (i >= out.list.size()) {
        for (const process::Arrival& arrival : std::exchange(processes_.arrivals, {})) {
          copies_.on_arrival(now_, arrival.what, supervisor_, processes_, out);
        }
        --i;
        continue;
      }
      const supervisor::Output next = out.list[i];
      if (const auto* write = std::get_if<supervisor::WriteEntry>(&next)) {
        const supervisor::EntryChange change{
            supervisor::child_of(write->key).value(),
            {{.dot = {kSelf, ++last_dot_}, .value = write->value}}};
        supervisor_.on_entries(now_, {&change, 1}, out);
      } else if (const auto* begin = std::get_if<supervisor::StartCopy>(&next)) {
        births_[begin->id] = begin->birth_ns;
        copies_.start(now_, *begin, supervisor_, processes_, out);
      } else if (const auto* stop = std::get_if<supervisor::StopCopy>(&next)) {
        copies_.stop(now_, *stop, processes_);
      } else if (const auto* told = std::get_if<supervisor::Told>(&next)) {
        told_.push_back(std::string(told->topic) + " " + std::to_string(told->value));
      }
    }
  }
  [[nodiscard]] std::ptrdiff_t told(const std::string& what) const {
    return std::ranges::count(told_, what);
  }

  std::function<process::Init(const Pid&)> in_init = [](const Pid&) { return process::Init::ok(); };

  base::Now now_{{1'000'000'000}, {7'000'000'000}};
  process::ProcessTypes types_ = [this] {
    process::ProcessTypes out;
    out.add("child", [this] { return std::make_unique<Child>(*this); });
    return out;
  }();
  process::Runtime runtime_{kSelf, types_, {}, base::Rng(1)};
  Pid port_ = runtime_.open_port("test");
  supervisor::Supervisor supervisor_{
      kSelf, {}, std::make_unique<supervisor::Uniform>(), base::Rng(2)};
  Copies copies_{runtime_, "h", {}};
  process::Outputs processes_;
  std::map<ChildId, std::uint64_t> births_;
  std::vector<std::string> told_;
  std::uint64_t last_call_ = 0;
  std::uint64_t last_dot_ = 0;
};

// Goal: a name may be wanted in init, and its rank is the child's.
TEST_F(CopiesAlone, KnowWhoseCopyAProcessIsFromBeforeItsInit) {
  std::optional<Copies::ChildOf> seen;
  in_init = [&](const Pid& self) {
    seen = copies_.child_of(self);
    return process::Init::ok();
  };
  const ChildId id = start();
  const Copies::ChildOf expected{
      .id = id, .claim = entry(id).claim, .birth_ns = entry(id).birth->stamp_ns};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(expected.birth_ns, 7'000'000'000U);
  const Pid pid = pid_of(id);
  EXPECT_EQ(copies_.child_of(pid), expected);
  EXPECT_FALSE(copies_.child_of(port_).has_value());
  end(pid, ExitReason::kill());
  EXPECT_FALSE(copies_.child_of(pid).has_value()) << "it is gone";
  Copies::ChildOf again = expected;
  again.has_run = true;
  EXPECT_EQ(copies_.child_of(pid_of(id)), again) << "and another runs under the same claim";
}

// Goal: however a process ends that lost a name, it is no crash and no end.
TEST_F(CopiesAlone, ReportTheEndOfAProcessThatLostANameAsAConflict) {
  for (const bool killed : {true, false}) {
    in_init = [](const Pid&) { return process::Init::ok(); };
    const ChildId id = start(supervisor::Restart::temporary);
    const Pid pid = pid_of(id);
    copies_.note_conflict(pid, false, {});
    told_.clear();
    if (killed) {
      end(pid, ExitReason::kill());
    } else {  // It goes by itself.
      runtime_.act(
          now_, port_, [&](process::Context& context) { (void)context.cast(pid, "end"); },
          processes_);
      supervisor::Outputs out;
      carry_out(out);
    }
    EXPECT_EQ(told("copy_down 3"), 1);
    EXPECT_EQ(told("name_lost 0"), 1);
    EXPECT_FALSE(entry(id).ended());
    EXPECT_EQ(entry(id).strikes, supervisor::Strikes{});
    EXPECT_EQ(entry(id).run.state, supervisor::RunState::running) << "started again";
    // The next one is another process, and has lost nothing.
    end(pid_of(id), ExitReason::kill());
    EXPECT_EQ(told("copy_down 2"), 1);
    EXPECT_TRUE(entry(id).ended());
  }
}

TEST_F(CopiesAlone, KeepTheLatestCopyThatANameWasLostTo) {
  const ChildId id = start();
  const Claim mine = entry(id).claim;
  const base::NodeId other = base::NodeId::of("n2");
  const auto claim = [&](std::uint64_t more) {
    return Claim{.term = mine.term + more, .owner = other, .boot = 1};
  };
  const Pid pid = pid_of(id);
  copies_.note_conflict(pid, false, {});
  copies_.note_conflict(pid, true, claim(7));
  copies_.note_conflict(pid, true, claim(3));
  copies_.note_conflict(pid, false, {});
  told_.clear();
  // n2 is no member, so that it counts as gone, and the child is claimed above the latest.
  end(pid, ExitReason::kill());
  EXPECT_EQ(told("winner_gone " + std::to_string(mine.term + 7)), 1);
  EXPECT_EQ(entry(id).claim.term, mine.term + 8);
}

TEST_F(CopiesAlone, ReportAFailedInitOfAProcessThatLostANameAsAConflict) {
  int inits = 0;
  in_init = [&](const Pid& self) {
    if (++inits > 1) {
      return process::Init::ok();
    }
    copies_.note_conflict(self, false, {});
    return process::Init::stop(ExitReason::error("lost its name"));
  };
  const ChildId id = start();
  EXPECT_EQ(told("copy_failed 2"), 1);
  EXPECT_EQ(told("name_lost 0"), 1);
  EXPECT_FALSE(entry(id).ended()) << "a first start that fails is refused otherwise";
  EXPECT_EQ(entry(id).run.state, supervisor::RunState::running);
}

TEST_F(CopiesAlone, ReportAStopThatWasAskedForAsAStop) {
  const ChildId id = start();
  const Pid pid = pid_of(id);
  copies_.note_conflict(pid, false, {});
  terminate(id);
  end(pid, ExitReason::kill());
  EXPECT_EQ(told("copy_down 0"), 1);
  EXPECT_EQ(told("copy_down 3"), 0);
  EXPECT_EQ(told("name_lost 0"), 0);
  copies_.note_conflict(pid, false, {});  // Of one that is gone.
}

// Goal: why an init said ignore is asked of who knows, once, while the process can be named.
TEST_F(CopiesAlone, AskWhyAnInitIgnored) {
  in_init = [](const Pid&) { return process::Init::ok(); };
  const ChildId id = start();
  std::vector<Pid> asked;
  copies_.on_ignore_ask([&](const Pid& pid) {
    asked.push_back(pid);
    EXPECT_TRUE(copies_.child_of(pid).has_value());
    return Ignored{Ignored::Why::name_taken_by_process};
  });
  in_init = [](const Pid&) { return process::Init::ignore(); };
  end(pid_of(id), ExitReason::kill());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(told("name_lost 2"), 1);
  EXPECT_FALSE(entry(id).ended());
  EXPECT_EQ(entry(id).run.state, supervisor::RunState::backoff);
}

}  // namespace
}  // namespace horde::node
