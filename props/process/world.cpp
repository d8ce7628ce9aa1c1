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

}  // namespace horde::props
