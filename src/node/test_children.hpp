// The fixture of tests of children on whole nodes, and the processes that they run.
#pragma once

#include <gtest/gtest.h>

#include <charconv>

#include "node/test_nodes.hpp"

namespace horde::node {

/// What the test and the processes of all its nodes tell each other.
struct Script {
  std::string mood = "ok";         // Of the inits of `moody`: ok, info, ignore, fail, never, throw.
  bool crash = false;              // The next `moody` that looks crashes.
  std::vector<std::string> heard;  // What `recorder` and `moody` noted.
  std::uint64_t answers = 0, failures = 0;           // Of `client`'s calls.
  std::uint64_t sent = 0, refused = 0, handled = 0;  // Of `flooder` and `victim`.
};

// Its init does as the script says, and so does it later on. Notes its arguments.
class Moody final : public process::Server {
 public:
  explicit Moody(Script& script) : script_(&script) {}
  process::Init init(process::Context& context, const process::Args& args) override {
    std::string line = "init";
    for (const base::Bytes& arg : args) {
      line += " " + arg;
    }
    script_->heard.push_back(line);
    if (script_->mood == "info") {
      return process::Init::ok("hello");
    }
    if (script_->mood == "ignore") {
      return process::Init::ignore();
    }
    if (script_->mood == "fail") {
      return process::Init::stop(process::ExitReason::error("bad mood"));
    }
    if (script_->mood == "throw") {
      throw std::runtime_error("thrown");
    }
    if (script_->mood == "never") {
      return process::Init::later();
    }
    (void)context.send_after(base::milliseconds(10), {});
    return process::Init::ok();
  }
  void handle_info(process::Context& context, const process::Info& /*info*/) override {
    if (std::exchange(script_->crash, false)) {
      context.stop(process::ExitReason::error("told to"));
    }
    (void)context.send_after(base::milliseconds(10), {});
  }

 private:
  Script* script_;
};

// Notes what it is asked to end with, and its token.
class Recorder final : public process::Server {
 public:
  explicit Recorder(Script& script) : script_(&script) {}
  process::Init init(process::Context& context, const process::Args& /*args*/) override {
    context.trap_exit(process::Trap::others);
    script_->heard.push_back("token " + context.token());
    return process::Init::ok();
  }
  void terminate(process::Context& /*context*/, const process::ExitReason& reason) override {
    script_->heard.push_back(to_string(reason));
  }

 private:
  Script* script_;
};

// Takes the name "victim"; counts what it gets, and answers calls.
class Victim final : public process::Server {
 public:
  explicit Victim(Script& script) : script_(&script) {}
  process::Init init(process::Context& context, const process::Args& /*args*/) override {
    (void)context.register_name("victim");
    return process::Init::ok();
  }
  void handle_call(process::Context& context, const process::Request& request) override {
    context.reply(request.from, request.bytes);
  }
  void handle_info(process::Context& /*context*/, const process::Info& /*info*/) override {
    ++script_->handled;
  }

 private:
  Script* script_;
};

// Keeps itself busy for ever, and on each turn sends 100 messages to whom its argument names.
class Flooder final : public process::Server {
 public:
  explicit Flooder(Script& script) : script_(&script) {}
  process::Init init(process::Context& context, const process::Args& args) override {
    target_ = args.empty() ? base::Bytes() : args[0];
    (void)context.send(context.self(), "more");
    return process::Init::ok();
  }
  void handle_info(process::Context& context, const process::Info& /*info*/) override {
    if (const auto pid = context.whereis(target_); pid && !target_.empty()) {
      for (int i = 0; i < 100; ++i) {
        ++(context.send(*pid, "flood") ? script_->sent : script_->refused);
      }
    }
    (void)context.send(context.self(), "more");
  }

 private:
  Script* script_;
  base::Bytes target_;
};

// Takes the name "server"; answers.
class Answerer final : public process::Server {
 public:
  process::Init init(process::Context& context, const process::Args& /*args*/) override {
    (void)context.register_name("server");
    return process::Init::ok();
  }
  void handle_call(process::Context& context, const process::Request& request) override {
    context.reply(request.from, request.bytes);
  }
};

// Calls "server" every 10 ms: what a healthy child does, whatever others do.
class Client final : public process::Server {
 public:
  explicit Client(Script& script) : script_(&script) {}
  process::Init init(process::Context& context, const process::Args& /*args*/) override {
    (void)context.send_after(base::milliseconds(10), {});
    return process::Init::ok();
  }
  void handle_info(process::Context& context, const process::Info& info) override {
    if (const auto* ended = std::get_if<process::CallEnded>(&info)) {
      const bool ok = ended->status == process::CallEnded::Status::ok;
      ++(ok ? script_->answers : script_->failures);
    } else if (std::holds_alternative<process::Timeout>(info)) {
      context.call(context.whereis("server").value_or(process::Pid{}), "ping", base::seconds(1));
      (void)context.send_after(base::milliseconds(10), {});
    }
  }

 private:
  Script* script_;
};

class WithChildren : public testing::Test {
 protected:
  /// Nodes that have formed a cluster.
  TestNodes& make(std::size_t nodes = 1, const std::function<void(Config&)>& change = {}) {
    nodes_ = std::make_unique<TestNodes>(TestNodes::Options{
        .nodes = nodes, .change = [this, change](Config& config) {
          process::ProcessTypes& types = config.process_types;
          types.add("moody", [this] { return std::make_unique<Moody>(script); });
          types.add("recorder", [this] { return std::make_unique<Recorder>(script); });
          types.add("victim", [this] { return std::make_unique<Victim>(script); });
          types.add("flooder", [this] { return std::make_unique<Flooder>(script); });
          types.add("client", [this] { return std::make_unique<Client>(script); });
          types.add<Answerer>("server");
          config.processes.messages_per_input = 100;
          if (change) {
            change(config);
          }
        }});
    run(base::seconds(nodes == 1 ? 1 : 3));
    return *nodes_;
  }
  void run(base::Duration time) { ASSERT_TRUE(nodes_->go_on(time)) << "time stands still"; }

  // --- Calls. Each gives its number.
  std::uint64_t start(std::size_t node, supervisor::ChildSpec spec,
                      base::Duration timeout = base::seconds(5)) {
    nodes_->input(node, [&](Node& one, base::Effects& out) {
      one.start_child(nodes_->now(), {++last_call_}, "h",
                      {.spec = std::move(spec), .timeout = timeout}, out);
    });
    return last_call_;
  }
  static supervisor::ChildSpec spec(base::Bytes type, process::Args args = {}) {
    return {.start = encode(Program{std::move(type), std::move(args)})};
  }
  std::uint64_t terminate(std::size_t node, const supervisor::ChildId& id,
                          base::Duration timeout = base::seconds(20)) {
    nodes_->input(node, [&](Node& one, base::Effects& out) {
      one.terminate_child(nodes_->now(), {++last_call_}, "h", {.id = id, .timeout = timeout}, out);
    });
    return last_call_;
  }
  /// Any call of a node: `what(node, now, call, out)`.
  template <class What>
  std::uint64_t call(std::size_t node, What&& what) {
    nodes_->input(node, [&](Node& one, base::Effects& out) {
      what(one, nodes_->now(), base::CallId{++last_call_}, out);
    });
    return last_call_;
  }
  /// A child that runs, 100 ms later.
  supervisor::ChildId running(std::size_t node, supervisor::ChildSpec what) {
    const auto call = start(node, std::move(what));
    run(base::milliseconds(100));
    EXPECT_EQ(status(call), "ok") << detail(call);
    return child_of(call);
  }

  // --- How they ended.
  [[nodiscard]] const TestNodes::Answer* answer(std::uint64_t call) const {
    const auto it = nodes_->answers.find(call);
    EXPECT_TRUE(it == nodes_->answers.end() || it->second.size() == 1) << "answered twice";
    return it == nodes_->answers.end() ? nullptr : &it->second.front();
  }
  [[nodiscard]] std::string status(std::uint64_t call) const {
    return answer(call) == nullptr ? "" : answer(call)->status;
  }
  [[nodiscard]] std::string detail(std::uint64_t call) const {
    return answer(call) == nullptr ? "" : answer(call)->detail;
  }
  [[nodiscard]] supervisor::ChildId child_of(std::uint64_t call) const {
    const std::string hex = detail(call);
    supervisor::ChildId out;
    if (hex.size() < 32) {
      ADD_FAILURE() << "no id in " << hex;
      return out;
    }
    std::from_chars(hex.data(), hex.data() + 16, out.high, 16);
    std::from_chars(hex.data() + 16, hex.data() + 32, out.low, 16);
    return out;
  }
  /// Starts children at the first node until one runs on `node`.
  supervisor::ChildId child_on(std::size_t node, const supervisor::ChildSpec& what) {
    for (int i = 0; i < 50; ++i) {
      const supervisor::ChildId id = running(0, what);
      if (nodes_->homes(id) == std::vector{node}) {
        return id;
      }
    }
    ADD_FAILURE() << "no child is placed there";
    return {};
  }
  [[nodiscard]] std::size_t processes(std::size_t node = 0) const {
    return nodes_->node(node).processes().process_count();
  }
  [[nodiscard]] std::size_t heard(const std::string& line) const {
    return static_cast<std::size_t>(std::ranges::count(script.heard, line));
  }

  Script script;
  std::unique_ptr<TestNodes> nodes_;

 private:
  std::uint64_t last_call_ = 0;
};

}  // namespace horde::node
