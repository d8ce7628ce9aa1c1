// The example of docs/processes.md, compiled and run; the page shows what stands between the marks.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "process/agent.hpp"
#include "process/runtime.hpp"
#include "process/supervisor.hpp"

namespace example {
using namespace horde;

// [docs: server]
// A cache of one value, which forgets it after a second and asks the store that its argument names.
class Cache final : public process::Server {
 public:
  process::Init init(process::Context& context, const process::Args& args) override {
    if (args.size() != 1) {
      return process::Init::stop(process::ExitReason::error("wants the name of a store"));
    }
    const auto store = context.whereis(args[0]);
    if (!store) {
      return process::Init::ignore();
    }
    store_ = *store;
    return process::Init::ok();
  }

  void handle_call(process::Context& context, const process::Request& request) override {
    if (!value_.empty()) {
      context.reply(request.from, value_);
      return;
    }
    waiting_.push_back(request.from);  // Answered when the store has.
    if (waiting_.size() == 1) {
      context.call(store_, process::Agent::get(), base::seconds(1));
    }
  }

  void handle_info(process::Context& context, const process::Info& info) override {
    if (const auto* ended = std::get_if<process::CallEnded>(&info)) {
      if (ended->status != process::CallEnded::Status::ok) {
        throw std::runtime_error("no answer from the store");  // Whoever waits is told: unknown.
      }
      value_ = ended->reply;
      for (const process::Caller& caller : std::exchange(waiting_, {})) {
        context.reply(caller, value_);
      }
      (void)context.send_after(base::seconds(1), "forget");
    } else if (std::holds_alternative<process::Timeout>(info)) {
      value_.clear();
    }
  }

 private:
  process::Pid store_;
  base::Bytes value_;
  std::vector<process::Caller> waiting_;
};
// [docs: end]

TEST(Example, RunsAsThePageSays) {
  process::Outputs out;
  const base::Now now{};
  // [docs: runtime]
  process::ProcessTypes types;
  process::add_supervisor_type(types);
  types.add<Cache>("cache");
  types.add("store", [] { return std::make_unique<process::Agent>(process::Agent::Updates{}); });
  process::Runtime runtime({base::NodeId::of("n1"), 1}, types, {}, base::Rng(7));
  const process::Pid port = runtime.open_port("example");
  runtime.act(
      now, port,
      [&](process::Context& context) {
        (void)context.spawn({.type = "store", .args = {"42"}, .name = "numbers"});
        const process::SupervisorOptions options{
            .children = {{.id = "cache", .type = "cache", .args = {"numbers"}}}};
        (void)context.spawn({.type = "supervisor", .args = {process::encode(options)}});
      },
      out);
  // [docs: end]
  ASSERT_EQ(runtime.process_count(), 3U);
  const process::Pid cache{runtime.self(), port.serial + 3};
  runtime.act(
      now, port,
      [&](process::Context& context) {
        context.call(cache, "", base::seconds(1));
        context.call(cache, "", base::seconds(1));
      },
      out);
  ASSERT_EQ(out.arrivals.size(), 2U);
  for (const process::Arrival& arrival : out.arrivals) {
    EXPECT_EQ(std::get<process::CallEnded>(std::get<process::Info>(arrival.what)).reply, "42");
  }
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Goal: the page does not drift from the code. Method: each marked part, without its indentation,
// stands on it.
TEST(Example, IsWhatThePageShows) {
  const std::string page = read_file(HORDE_SOURCES "/docs/processes.md");
  std::ifstream source(HORDE_SOURCES "/src/process/example_test.cpp");
  std::string part;
  std::size_t indent = std::string::npos;
  int parts = 0;
  for (std::string line; std::getline(source, line);) {
    const std::size_t mark = line.find("// [docs: ");
    if (mark != std::string::npos && line.find("// [docs: end]") == mark && indent == mark) {
      EXPECT_NE(page.find("```cpp\n" + part + "```"), std::string::npos) << part;
      indent = std::string::npos;
      ++parts;
    } else if (mark != std::string::npos &&
               line.substr(0, mark).find_first_not_of(' ') == std::string::npos) {
      indent = mark;
      part.clear();
    } else if (indent != std::string::npos) {
      part += line.substr(std::min(indent, line.size())) + "\n";
    }
  }
  EXPECT_EQ(parts, 2);
}

}  // namespace example
