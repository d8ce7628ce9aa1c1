// Runtimes of several nodes for tests: links between them that deliver in order, and processes
// whose handlers are given by the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "process/builtin_types.hpp"
#include "process/runtime.hpp"
#include "process/supervisor.hpp"

namespace horde::process {

inline base::Now at(base::Duration since_zero) {
  return {base::Instant{} + since_zero, {}};
}

/// "msg a", "down error(x)", "exit kill", "timeout a", "ok a", "unknown error(timeout)", "started
/// ok a".
inline std::string describe(const Envelope& envelope) {
  if (const auto* request = std::get_if<Request>(&envelope)) {
    return "request " + request->bytes;
  }
  if (const auto* cast = std::get_if<Cast>(&envelope)) {
    return "cast " + cast->bytes;
  }
  const Info& info = std::get<Info>(envelope);
  if (const auto* message = std::get_if<Message>(&info)) {
    return "msg " + message->bytes;
  }
  if (const auto* down = std::get_if<Down>(&info)) {
    return "down " + to_string(down->reason);
  }
  if (const auto* exit = std::get_if<Exit>(&info)) {
    return "exit " + to_string(exit->reason);
  }
  if (const auto* timeout = std::get_if<Timeout>(&info)) {
    return "timeout " + timeout->bytes;
  }
  if (const auto* ended = std::get_if<CallEnded>(&info)) {
    return std::string(to_string(ended->status)) + " " +
           (ended->status == CallEnded::Status::ok ? ended->reply : to_string(ended->reason));
  }
  const auto& started = std::get<Started>(info);
  switch (started.outcome) {
    case Started::Outcome::ok:
      return "started ok" + (started.info.empty() ? "" : " " + started.info);
    case Started::Outcome::ignore:
      return "started ignore";
    case Started::Outcome::error:
      break;
  }
  return "started " + to_string(started.reason);
}

using Log = std::map<std::string, std::vector<std::string>>;

/// What tests and their processes share.
struct Shared {
  Log log;
  Pid partner;  // Of "link".
};

/// A process that writes down what arrives, and does what each message, cast or request says: "stop
/// R", "throw T", "reply A", "later A" (answers after 10 ms), "again" (sends itself the same),
/// "link", "exit_self R", "watch_and_leave". Its first argument names its log, the second says what
/// it traps.
class Probe final : public Server {
 public:
  explicit Probe(Shared& shared) : shared_(&shared) {}

  Init init(Context& context, const Args& args) override {
    name_ = args.empty() ? "probe" : args[0];
    const std::string mode = args.size() < 2 ? "no_trap" : args[1];
    context.trap_exit(mode == "trap"       ? Trap::others
                      : mode == "trap_all" ? Trap::everything
                                           : Trap::none);
    return Init::ok();
  }
  void handle_call(Context& context, const Request& request) override {
    note(describe(request));
    obey(context, request.bytes);
    if (request.bytes.starts_with("reply ")) {
      context.reply(request.from, request.bytes.substr(6));
    } else if (request.bytes.starts_with("later ")) {
      later_[context.send_after(base::milliseconds(10), request.bytes.substr(6)).value()] =
          request.from;
    }
  }
  void handle_cast(Context& context, const Cast& cast) override {
    note(describe(cast));
    obey(context, cast.bytes);
  }
  void handle_info(Context& context, const Info& info) override {
    note(describe(info));
    if (const auto* message = std::get_if<Message>(&info)) {
      obey(context, message->bytes);
    } else if (const auto* timeout = std::get_if<Timeout>(&info)) {
      context.reply(later_[timeout->timer], timeout->bytes);
    }
  }
  void terminate(Context& /*context*/, const ExitReason& reason) override {
    note("terminate " + to_string(reason));
  }

 private:
  void note(std::string what) { shared_->log[name_].push_back(std::move(what)); }
  void obey(Context& context, const base::Bytes& command) const {
    if (command.starts_with("stop ")) {
      context.stop(reason_of(command.substr(5)));
    } else if (command.starts_with("throw ")) {
      throw std::runtime_error(command.substr(6));
    } else if (command == "again") {
      (void)context.send(context.self(), "again");
    } else if (command == "watch_and_leave") {
      context.demonitor(context.monitor({}));
      context.cancel(context.send_after({}, "never").value());
    } else if (command == "link") {
      context.link(shared_->partner);
    } else if (command.starts_with("exit_self ")) {
      context.exit(context.self(), reason_of(command.substr(10)));
    }
  }

  Shared* shared_;
  std::string name_;
  std::map<TimerRef, Caller> later_;
};

/// Nodes "n1", "n2", ... with a port each, and links that a test may hold, deliver and cut.
class TestNodes {
 public:
  explicit TestNodes(std::size_t count, RuntimeOptions options = {}) {
    for (std::size_t i = 0; i < count; ++i) {
      ProcessTypes types;
      add_builtin_types(types);
      add_supervisor_type(types);
      types.add("probe", [this] { return std::make_unique<Probe>(shared); });
      const base::RunId run{base::NodeId::of("n" + std::to_string(i + 1)), 7};
      runtimes_.emplace_back(run, std::move(types), options, base::Rng(i + 1));
      ports_.push_back(runtimes_.back().open_port("test"));
    }
  }

  [[nodiscard]] Runtime& runtime(std::size_t node = 0) { return runtimes_.at(node); }
  [[nodiscard]] Pid port(std::size_t node = 0) const { return ports_.at(node); }
  [[nodiscard]] base::Now now() const { return at(now_); }

  /// Acts as the node's port, then delivers everything.
  void act(const std::function<void(Context&)>& what, std::size_t node = 0) {
    act_quietly(what, node);
    settle();
  }
  void act_quietly(const std::function<void(Context&)>& what, std::size_t node = 0) {
    Outputs out;
    runtime(node).act(now(), port(node), what, out);
    take(node, out);
  }

  Pid spawn(SpawnOptions options, std::size_t node = 0) {
    Pid out;
    act([&](Context& context) { out = context.spawn(std::move(options)).value(); }, node);
    return out;
  }
  /// A Probe that logs as `name`.
  Pid probe(const std::string& name, const std::string& mode = "no_trap", std::size_t node = 0) {
    return spawn({.type = "probe", .args = {name, mode}}, node);
  }

  /// Links one Probe with a process.
  void link(const Pid& from, const Pid& to) {
    shared.partner = to;
    act([&](Context& context) { (void)context.send(from, "link"); });
    ASSERT_TRUE(!runtime(0).is_alive(from) || runtime(0).find(from)->links.contains(to));
    std::erase(log[runtime_of(from).find(from)->args[0]], "msg link");
  }
  [[nodiscard]] Runtime& runtime_of(const Pid& pid) {
    return *std::find_if(runtimes_.begin(), runtimes_.end(),
                         [&](const Runtime& each) { return each.self() == pid.run; });
  }

  /// Runs what is due and delivers what is under way, until nothing is.
  void settle() {
    for (bool busy = true; busy;) {
      busy = false;
      for (std::size_t node = 0; node < runtimes_.size(); ++node) {
        while (runtime(node).wake_at() <= now().mono) {
          Outputs out;
          runtime(node).on_timeout(now(), out);
          take(node, out);
          busy = true;
        }
      }
      busy = (!hold && deliver_one()) || busy;
    }
  }
  void run_for(base::Duration duration) {
    const base::Duration end = now_ + duration;
    for (;;) {
      base::Instant next = base::Instant{} + end;
      for (const Runtime& each : runtimes_) {
        next = std::min(next, each.wake_at());
      }
      now_ = std::max(now_, next - base::Instant{});
      settle();
      if (now_ >= end) {
        return;
      }
    }
  }

  /// Delivers the first message of the first link that has one.
  bool deliver_one() {
    for (auto& [ends, queue] : links_) {
      if (!queue.empty()) {
        const base::Bytes body = std::move(queue.front());
        queue.pop_front();
        Outputs out;
        const auto result =
            runtime(ends.second).on_message(now(), runtime(ends.first).self(), body, out);
        EXPECT_TRUE(result);
        take(ends.second, out);
        return true;
      }
    }
    return false;
  }

  /// The link between two nodes ends: what is under way is lost.
  void cut(std::size_t a, std::size_t b) {
    links_[{a, b}].clear();
    links_[{b, a}].clear();
    for (const auto& [here, there] : {std::pair(a, b), std::pair(b, a)}) {
      Outputs out;
      runtime(here).peer_ended(now(), runtime(there).self(), out);
      take(here, out);
    }
    settle();
  }

  /// What arrived at a node's port since it was asked last.
  [[nodiscard]] std::vector<std::string> arrivals(std::size_t node = 0) {
    std::vector<std::string> out;
    for (const Arrival& arrival : std::exchange(arrived[node], {})) {
      out.push_back(describe(arrival.what));
    }
    return out;
  }

  Shared shared;
  Log& log = shared.log;
  bool hold = false;  // Links keep what they have.
  std::map<std::size_t, std::vector<Arrival>> arrived;
  std::vector<LifeEvent> lives;

 private:
  void take(std::size_t node, Outputs& out) {
    for (Outgoing& send : out.sends) {
      for (std::size_t to = 0; to < runtimes_.size(); ++to) {
        if (runtime(to).self() == send.to) {
          links_[{node, to}].push_back(std::move(send.body));
        }
      }
    }
    for (Arrival& arrival : out.arrivals) {
      arrived[node].push_back(std::move(arrival));
    }
    lives.insert(lives.end(), out.lives.begin(), out.lives.end());
  }

  base::Duration now_;
  std::deque<Runtime> runtimes_;  // A runtime does not move.
  std::vector<Pid> ports_;
  std::map<std::pair<std::size_t, std::size_t>, std::deque<base::Bytes>> links_;
};

}  // namespace horde::process
