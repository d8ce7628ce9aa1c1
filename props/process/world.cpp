#include "props/process/world.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "base/assert.hpp"

namespace horde::props {
using namespace horde::process;

namespace {

constexpr std::size_t kPeopleMax = 24;  // Alive: so few that relations meet.
constexpr std::size_t kStoryMax = 40;

}  // namespace

/// Does what it is told, and tells the world what comes.
class ProcessWorld::Actor final : public Server {
 public:
  explicit Actor(ProcessWorld& world) : world_(&world) {}
  Init init(Context& context, const Args& args) override {
    context.trap_exit(args[0] == "trap" ? Trap::others : Trap::none);
    return Init::ok();
  }
  void handle_call(Context& context, const Request& request) override {
    world_->on_handler(context);
    world_->on_request(context, request);
  }
  void handle_info(Context& context, const Info& info) override {
    world_->on_handler(context);
    world_->on_info(context, info);
  }

 private:
  ProcessWorld* world_;
};

ProcessWorld::ProcessWorld(std::uint64_t seed) : rng_(base::Rng(seed).fork("process world")) {
  for (std::size_t node = 0; node < kNodes; ++node) {
    boot(node);
  }
}

ProcessWorld::~ProcessWorld() = default;

void ProcessWorld::boot(std::size_t node) {
  ProcessTypes types;
  types.add("actor", [this] { return std::make_unique<Actor>(*this); });
  const base::RunId run{base::NodeId::of("n" + std::to_string(node)), ++boots_[node]};
  // Few messages per input and small mailboxes, so that both bounds are met.
  const RuntimeOptions options{.mailbox_max = 8, .relations_max = 12, .messages_per_input = 3};
  nodes_[node].runtime.emplace(run, std::move(types), options, rng_.fork(boots_[node] * 10 + node));
  nodes_[node].port = nodes_[node].runtime->open_port("world");
  nodes_[node].rows_at_start = nodes_[node].runtime->rows();
}

void ProcessWorld::fail(std::string what) {
  if (!failure_) {
    failure_ = std::move(what) + "\n";
    for (const std::string& line : story_) {
      *failure_ += "  " + line + "\n";
    }
  }
}

std::optional<std::string> ProcessWorld::run(std::size_t steps) {
  for (std::size_t i = 0; i < steps && !failure_; ++i) {
    step();
  }
  rest();
  check_at_rest();
  for (int i = 0; i < 4 && !failure_; ++i) {
    kill_a_set();
  }
  check_rows();
  return failure_;
}

void ProcessWorld::step() {
  const std::uint64_t kind = rng_.below(100);
  const std::size_t a = rng_.below(kNodes);
  const std::size_t b = (a + 1 + rng_.below(kNodes - 1)) % kNodes;
  if (kind < 55) {
    random_command();
  } else if (kind < 90) {
    deliver(a, b);
  } else if (kind < 99) {
    advance(base::milliseconds(static_cast<std::int64_t>(rng_.below(30))));
  } else if (rng_.below(8) > 0) {
    cut(a, b);
  } else {
    crash(a);
  }
}

ProcessWorld::Person* ProcessWorld::find(const Pid& pid) {
  const auto it =
      std::find_if(people_.begin(), people_.end(), [&](const Person& p) { return p.pid == pid; });
  return it == people_.end() ? nullptr : &*it;
}

ProcessWorld::Person* ProcessWorld::random_person() {
  return people_.empty()
             ? nullptr
             : &people_[people_.size() - 1 - rng_.below(std::min(people_.size(), kPeopleMax))];
}

std::optional<std::size_t> ProcessWorld::node_of(const base::RunId& run) const {
  for (std::size_t node = 0; node < kNodes; ++node) {
    if (nodes_[node].runtime->self() == run) {
      return node;
    }
  }
  return {};
}

/// Its handler runs `command` when its turn comes, if it lives then.
void ProcessWorld::act_as(const Person& person, Command command) {
  const auto node = node_of(person.pid.run);
  if (!node) {
    return;
  }
  commands_.push_back(std::move(command));
  Outputs out;
  nodes_[*node].runtime->act(
      now_, nodes_[*node].port,
      [&](Context& context) {
        (void)context.send(person.pid, "do " + std::to_string(commands_.size() - 1));
      },
      out);
  take(*node, out);
}

void ProcessWorld::random_command() {
  const auto alive = std::count_if(people_.begin(), people_.end(),
                                   [](const Person& person) { return !person.ended; });
  if (people_.empty() || (rng_.below(8) == 0 && alive < static_cast<std::int64_t>(kPeopleMax))) {
    const std::size_t node = rng_.below(kNodes);
    const bool traps = rng_.below(3) == 0;
    Outputs out;
    nodes_[node].runtime->act(
        now_, nodes_[node].port,
        [&](Context& context) {
          const auto pid = context.spawn({.type = "actor", .args = {traps ? "trap" : "no"}});
          HORDE_ASSERT(pid.has_value());
          people_.push_back({*pid, traps, false});
        },
        out);
    take(node, out);
    return;
  }
  const Person actor = *random_person();
  const Pid other = random_person()->pid;
  const std::uint64_t what = rng_.below(100);
  const std::uint64_t detail = rng_.below(1000);
  story_.push_back(to_string(actor.pid) + " does " + std::to_string(what) + " to " +
                   to_string(other));
  if (story_.size() > kStoryMax) {
    story_.erase(story_.begin());
  }
  act_as(actor, [this, actor, other, what, detail](Context& context) {
    if (what < 20) {
      const int next = sequences_[{context.self(), other}].first + 1;
      if (context.send(other, "seq " + std::to_string(next))) {
        sequences_[{context.self(), other}].first = next;
      }
    } else if (what < 50) {
      constexpr std::array<const char*, 12> modes = {"now",   "now",   "now",   "now",
                                                     "now",   "now",   "never", "never",
                                                     "later", "later", "later", "throw"};
      const std::size_t number = calls_.size();
      calls_.push_back({context.self(), 0, {}});
      const auto timeout = base::milliseconds(static_cast<std::int64_t>(detail % 50));
      const CallRef ref =
          context.call(other, std::to_string(number) + " " + modes[detail % modes.size()], timeout);
      call_numbers_[{context.self().run, ref.value}] = number;
    } else if (what < 62) {
      context.link(other);
    } else if (what < 72) {
      context.unlink(other);
      if (detail % 2 == 0) {
        context.link(other);
      }
    } else if (what < 85) {
      const MonitorRef ref = context.monitor(other);
      monitors_[{context.self().run, ref.value}] = {context.self(), other};
    } else if (what < 92) {
      for (auto& [key, monitor] : monitors_) {
        if (monitor.watcher == context.self() && !monitor.taken_back && monitor.downs == 0) {
          monitor.taken_back = true;
          context.demonitor({key.second});
          break;
        }
      }
    } else if (what < 96) {
      constexpr std::array<const char*, 4> reasons = {"normal", "error(x)", "kill", "shutdown"};
      context.exit(other, reason_of(reasons[detail % reasons.size()]));
    } else if (what < 98) {
      context.stop(detail % 2 == 0 ? ExitReason::normal() : ExitReason::error("own"));
    }
  });
}

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

void ProcessWorld::take(std::size_t node, Outputs& out) {
  for (LifeEvent& life : out.lives) {
    if (life.kind == LifeEvent::Kind::ended) {
      if (Person* person = find(life.pid)) {
        person->ended = true;
      }
    }
  }
  for (Outgoing& send : out.sends) {
    const auto to = node_of(send.to);
    if (!to) {
      // Its run is over: the link layer says so.
      for (std::size_t other = 0; other < kNodes; ++other) {
        if (nodes_[other].runtime->self().node == send.to.node) {
          links_[{other, node}].items.push_back({links_[{other, node}].epoch, send.to, {}, {}});
        }
      }
      continue;
    }
    links_[{node, *to}].items.push_back(
        {links_[{*to, node}].epoch, nodes_[node].runtime->self(), send.to, std::move(send.body)});
  }
}

/// The next thing that one end of a link has for the other.
void ProcessWorld::deliver(std::size_t from, std::size_t to) {
  Link& link = links_[{from, to}];
  if (link.items.empty()) {
    return;
  }
  Item item = std::move(link.items.front());
  link.items.pop_front();
  Runtime& runtime = *nodes_[to].runtime;
  Outputs out;
  if (item.from != nodes_[from].runtime->self()) {
    runtime.peer_ended(now_, item.from, out);  // News of a former life; what it sent is lost.
  } else if (item.epoch >= link.epoch) {
    if (item.epoch > link.epoch) {
      link.epoch = item.epoch;
      runtime.peer_ended(now_, item.from, out);
    }
    if (item.body && item.to == runtime.self()) {
      if (!runtime.on_message(now_, item.from, *item.body, out)) {
        fail("a message does not decode");
      }
    }
  }
  take(to, out);
}

/// `a` gives the link up; `b` learns of it in order. What was under way is lost.
void ProcessWorld::cut(std::size_t a, std::size_t b) {
  ++seen_.cuts;
  story_.push_back("n" + std::to_string(a) + " gives up n" + std::to_string(b));
  Link& in = links_[{b, a}];
  in.epoch = std::max(in.epoch, links_[{a, b}].epoch) + 1;
  links_[{a, b}].items.push_back({in.epoch, nodes_[a].runtime->self(), {}, {}});
  Outputs out;
  nodes_[a].runtime->peer_ended(now_, nodes_[b].runtime->self(), out);
  take(a, out);
}

void ProcessWorld::crash(std::size_t node) {
  ++seen_.crashes;
  story_.push_back("n" + std::to_string(node) + " crashes");
  const base::RunId before = nodes_[node].runtime->self();
  for (Person& person : people_) {
    person.ended = person.ended || person.pid.run == before;
  }
  nodes_[node].runtime.reset();
  boot(node);
  for (std::size_t other = 0; other < kNodes; ++other) {
    if (other != node) {
      links_[{other, node}].items.clear();
      links_[{other, node}].epoch = 0;
      Link& out = links_[{node, other}];
      out.epoch = 0;
      // News of still earlier lives stays; what this life sent is lost.
      std::erase_if(out.items, [&](const Item& item) { return item.from == before; });
      out.items.push_back({0, before, {}, {}});
    }
  }
}

void ProcessWorld::advance(base::Duration duration) {
  now_.mono = now_.mono + duration;
  for (std::size_t node = 0; node < kNodes; ++node) {
    for (int turns = 0; nodes_[node].runtime->wake_at() <= now_.mono && turns < 3; ++turns) {
      Outputs out;
      nodes_[node].runtime->on_timeout(now_, out);
      take(node, out);
    }
  }
}

/// Until nothing is under way and no call has time left.
void ProcessWorld::rest() {
  const base::Instant end = now_.mono + base::seconds(1);
  for (bool busy = true; busy || now_.mono < end;) {
    advance(base::milliseconds(20));
    busy = false;
    for (std::size_t from = 0; from < kNodes; ++from) {
      for (std::size_t to = 0; to < kNodes; ++to) {
        busy = busy || !links_[{from, to}].items.empty();
        while (!links_[{from, to}].items.empty()) {
          deliver(from, to);
        }
      }
      busy = busy || nodes_[from].runtime->wake_at() <= now_.mono;
    }
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
