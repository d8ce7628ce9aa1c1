// World: a few runtimes whose processes do random things to each other, over links that deliver in
// order, end on both sides at different times, and are made anew; nodes crash and come back. Every
// promise of process/runtime.hpp that an outsider can see is checked: at each handler, and when the
// world has come to rest.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "process/runtime.hpp"

namespace horde::props {

/// What a run has seen, to show that the hard cases were common.
struct Seen {
  std::uint64_t downs = 0;
  std::uint64_t downs_by_loss = 0;
  std::uint64_t calls_ok = 0;
  std::uint64_t calls_error = 0;
  std::uint64_t calls_unknown = 0;
  std::uint64_t exits_trapped = 0;
  std::uint64_t deaths_by_link = 0;
  std::uint64_t cuts = 0;
  std::uint64_t crashes = 0;
  std::uint64_t sets_killed = 0;
};

class ProcessWorld {
 public:
  static constexpr std::size_t kNodes = 3;

  explicit ProcessWorld(std::uint64_t seed);
  ~ProcessWorld();

  /// `steps` random things, then rest, then sets of linked processes are killed, and compared with
  /// what the links said. The first promise that was broken, or nothing.
  [[nodiscard]] std::optional<std::string> run(std::size_t steps);
  [[nodiscard]] const Seen& seen() const { return seen_; }

 private:
  class Actor;
  struct Node {
    std::optional<process::Runtime> runtime;
    process::Pid port;
    std::size_t rows_at_start = 0;
  };
  struct Person {  // A process as the model knows it.
    process::Pid pid;
    bool traps = false;
    bool ended = false;
  };
  struct Monitor {
    process::Pid watcher;
    process::Pid target;
    bool taken_back = false;
    int downs = 0;
  };
  struct Call {
    process::Pid caller;
    int handled = 0;
    std::vector<process::CallEnded::Status> ends;
  };
  struct Item {  // Of a link. Without a body: only the news that the link has ended.
    std::uint64_t epoch = 0;
    base::RunId from;
    base::RunId to;
    std::optional<base::Bytes> body;
  };
  struct Link {
    std::deque<Item> items;
    std::uint64_t epoch = 0;  // As the receiving end has it.
  };
  using Command = std::function<void(process::Context&)>;

  void boot(std::size_t node);
  void step();
  void act_as(const Person& person, Command command);
  void random_command();
  void take(std::size_t node, process::Outputs& out);
  void deliver(std::size_t from, std::size_t to);
  void cut(std::size_t a, std::size_t b);
  void crash(std::size_t node);
  void advance(base::Duration duration);
  void rest();
  void check_at_rest();
  void kill_a_set();
  void check_rows();
  void fail(std::string what);
  [[nodiscard]] Person* random_person();
  [[nodiscard]] Person* find(const process::Pid& pid);
  [[nodiscard]] std::optional<std::size_t> node_of(const base::RunId& run) const;

  // What processes tell.
  void on_handler(process::Context& context);
  void on_info(process::Context& context, const process::Info& info);
  void on_request(process::Context& context, const process::Request& request);

  base::Rng rng_;
  base::Now now_;
  std::array<Node, kNodes> nodes_;
  std::array<std::uint64_t, kNodes> boots_{};
  std::map<std::pair<std::size_t, std::size_t>, Link> links_;
  std::vector<Person> people_;
  std::map<std::pair<base::RunId, std::uint64_t>, Monitor> monitors_;
  std::vector<Call> calls_;
  std::map<std::pair<base::RunId, std::uint64_t>, std::size_t> call_numbers_;  // By reference.
  std::vector<Command> commands_;
  std::map<std::pair<process::Pid, process::Pid>, std::pair<int, int>> sequences_;  // Sent, seen.
  std::map<process::Pid, std::vector<std::pair<process::Pid, process::ExitReason>>> exits_;
  std::vector<std::string> story_;
  std::optional<std::string> failure_;
  Seen seen_;
};

}  // namespace horde::props
