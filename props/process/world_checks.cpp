// What is promised: at each handler, at rest, and when linked sets and all others end.
#include <algorithm>
#include <stdexcept>

#include "props/process/world.hpp"

namespace horde::props {
using namespace horde::process;

void ProcessWorld::on_handler(Context& context) {
  const Person* person = find(context.self());
  if (person == nullptr || person->ended || !context.is_alive(context.self())) {
    fail(to_string(context.self()) + " handles a message after its end");
  }
}

void ProcessWorld::on_request(Context& context, const Request& request) {
  const auto space = request.bytes.find(' ');
  const std::size_t number = std::stoul(request.bytes.substr(0, space));
  const base::Bytes mode = request.bytes.substr(space + 1);
  Call& call = calls_[number];
  ++call.handled;
  if (call.handled > 1) {
    fail("call " + std::to_string(number) + " is handled twice");
  }
  if (std::count(call.ends.begin(), call.ends.end(), CallEnded::Status::error) > 0) {
    fail("call " + std::to_string(number) + " ended as an error and is handled after it");
  }
  if (mode == "now") {
    context.reply(request.from, std::to_string(number));
  } else if (mode == "throw") {
    throw std::runtime_error("told to");
  } else if (mode == "later") {
    const Caller from = request.from;
    commands_.push_back(
        [from, number](Context& later) { later.reply(from, std::to_string(number)); });
    (void)context.send_after(base::milliseconds(10), "do " + std::to_string(commands_.size() - 1));
  }
}

void ProcessWorld::on_info(Context& context, const Info& info) {
  const Pid self = context.self();
  base::BytesView text;
  if (const auto* message = std::get_if<Message>(&info)) {
    text = message->bytes;
    if (text.starts_with("seq ")) {
      auto& [sent, seen] = sequences_[{message->from, self}];
      const int number = std::stoi(base::Bytes(text.substr(4)));
      if (number <= seen || number > sent + 1) {
        fail(to_string(self) + " sees message " + std::to_string(number) + " after " +
             std::to_string(seen));
      }
      seen = number;
    }
  } else if (const auto* timeout = std::get_if<Timeout>(&info)) {
    text = timeout->bytes;
  } else if (const auto* down = std::get_if<Down>(&info)) {
    Monitor& monitor = monitors_.at({self.run, down->monitor.value});
    ++seen_.downs;
    seen_.downs_by_loss += down->reason.kind == ExitReason::Kind::noconnection ? 1 : 0;
    if (++monitor.downs > 1 || monitor.taken_back || monitor.watcher != self ||
        monitor.target != down->pid) {
      fail(to_string(self) + " gets a Down that it should not");
    }
    const Person* target = find(down->pid);
    const bool full = down->reason == ExitReason::error("over_limit");
    if (down->reason.kind != ExitReason::Kind::noconnection && !full && !target->ended &&
        node_of(down->pid.run) && nodes_[*node_of(down->pid.run)].runtime->is_alive(down->pid)) {
      fail(to_string(down->pid) + " lives and is said to be down: " + to_string(down->reason));
    }
  } else if (const auto* exit = std::get_if<Exit>(&info)) {
    ++seen_.exits_trapped;
    exits_[self].emplace_back(exit->from, exit->reason);
  } else if (const auto* ended = std::get_if<CallEnded>(&info)) {
    // A call that fails at once ends before its number is noted only if it were handled in the
    // same handler, which no mailbox does.
    Call& call = calls_[call_numbers_.at({self.run, ended->call.value})];
    call.ends.push_back(ended->status);
    using Status = CallEnded::Status;
    seen_.calls_ok += ended->status == Status::ok ? 1 : 0;
    seen_.calls_error += ended->status == Status::error ? 1 : 0;
    seen_.calls_unknown += ended->status == Status::unknown ? 1 : 0;
    if (call.ends.size() > 1 || (ended->status == Status::ok && call.handled != 1) ||
        (ended->status == Status::error && call.handled != 0)) {
      fail("a call ends as " + std::string(to_string(ended->status)) + " and was handled " +
           std::to_string(call.handled) + " times");
    }
  }
  if (text.starts_with("do ")) {
    // A copy: the command may add others.
    const Command command = commands_.at(std::stoul(base::Bytes(text.substr(3))));
    command(context);
  }
}

void ProcessWorld::check_at_rest() {
  const auto alive = [&](const Pid& pid) {
    const auto node = node_of(pid.run);
    return node && nodes_[*node].runtime->is_alive(pid);
  };
  for (const auto& [key, monitor] : monitors_) {
    if (alive(monitor.watcher) && !monitor.taken_back && monitor.downs == 0 &&
        !alive(monitor.target)) {
      fail(to_string(monitor.watcher) + " was never told of the end of " +
           to_string(monitor.target));
    }
  }
  for (std::size_t number = 0; number < calls_.size(); ++number) {
    if (alive(calls_[number].caller) && calls_[number].ends.size() != 1) {
      fail("call " + std::to_string(number) + " of " + to_string(calls_[number].caller) +
           " ended " + std::to_string(calls_[number].ends.size()) + " times");
    }
  }
  for (const Person& person : people_) {
    const auto node = node_of(person.pid.run);
    const Process* process = node ? nodes_[*node].runtime->find(person.pid) : nullptr;
    if ((process == nullptr) != person.ended) {
      fail(to_string(person.pid) + " ended without a word, or lives on after its end was told");
    }
    if (process == nullptr) {
      continue;
    }
    for (const auto& [other, link] : process->links) {
      if (!alive(other) ||
          !nodes_[*node_of(other.run)].runtime->find(other)->links.contains(person.pid)) {
        fail(to_string(person.pid) + " alone holds its link with " + to_string(other));
      }
    }
  }
}

/// The model of exits by link: one process fails, and everybody who is linked to someone that ended
/// ends too, except those who trap, who get one Exit from each that they were linked with.
void ProcessWorld::kill_a_set() {
  std::vector<Pid> linked;
  for (const Person& person : people_) {
    if (!person.ended &&
        !nodes_[*node_of(person.pid.run)].runtime->find(person.pid)->links.empty()) {
      linked.push_back(person.pid);
    }
  }
  if (linked.empty()) {
    return;
  }
  ++seen_.sets_killed;
  std::set<Pid> dead;
  std::map<Pid, std::size_t> exits;
  std::vector<Pid> next = {linked[rng_.below(linked.size())]};
  const Pid first = next.front();
  dead.insert(first);
  while (!next.empty()) {
    const Pid pid = next.back();
    next.pop_back();
    for (const auto& [other, link] : nodes_[*node_of(pid.run)].runtime->find(pid)->links) {
      if (find(other)->traps && other != first) {
        ++exits[other];
      } else if (dead.insert(other).second) {
        next.push_back(other);
      }
    }
  }
  seen_.deaths_by_link += dead.size() - 1;
  exits_.clear();
  act_as(*find(first), [](Context& context) { context.stop(ExitReason::error("set")); });
  rest();
  for (const Person& person : people_) {
    const auto node = node_of(person.pid.run);
    const bool lives = node && nodes_[*node].runtime->is_alive(person.pid);
    if (dead.contains(person.pid) && lives) {
      fail(to_string(person.pid) + " outlives its linked set");
    }
    if (!dead.contains(person.pid) && lives == person.ended) {
      fail(to_string(person.pid) + " ended with a set that it was not in");
    }
    const auto got = exits_.find(person.pid);
    if (lives && (got == exits_.end() ? 0 : got->second.size()) != exits[person.pid]) {
      fail(to_string(person.pid) + " did not get one Exit from each that ended");
    }
  }
  check_at_rest();
}

/// All that processes held is given back when they end.
void ProcessWorld::check_rows() {
  for (const Person& person : std::vector<Person>(people_)) {
    const auto node = node_of(person.pid.run);
    if (node) {
      Outputs out;
      nodes_[*node].runtime->act(
          now_, nodes_[*node].port,
          [&](Context& context) { context.exit(person.pid, ExitReason::kill()); }, out);
      take(*node, out);
    }
  }
  rest();
  for (const Node& node : nodes_) {
    if (node.runtime->rows() != node.rows_at_start) {
      fail(base::to_string(node.runtime->self()) + " holds " +
           std::to_string(node.runtime->rows()) + " rows after the end of all");
    }
  }
}

}  // namespace horde::props
