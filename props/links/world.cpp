#include "props/links/world.hpp"

#include <algorithm>

#include "props/drop_steps.hpp"
#include "wire/link_frame.hpp"

namespace horde::props::links {
namespace {

constexpr base::Duration kQuietWithin = base::seconds(40);
constexpr base::Duration kStragglerMax = base::seconds(10);
constexpr base::Duration kSlowUser = base::milliseconds(30);

}  // namespace

World::World(const Schedule& schedule, std::string* trace)
    : schedule_(schedule), trace_(trace), rng_(base::Rng(schedule.seed).fork("network")) {
  for (std::size_t i = 0; i < schedule_.settings.nodes; ++i) {
    const base::RunId run{base::NodeId::of("n" + std::to_string(i)), 1};
    nodes_[i] = {.run = run,
                 .links = std::make_unique<wire::Links>(run, schedule_.settings.options),
                 .appetite = schedule_.settings.appetites[i]};
  }
  for (std::size_t i = 0; i < schedule_.settings.nodes; ++i) {
    for (std::size_t j = 0; j < schedule_.settings.nodes; ++j) {
      if (i != j) {
        happen({.kind = Event::Kind::up, .node = i, .about = nodes_[j].run});
      }
    }
  }
}

void World::tell(const std::string& line) {
  if (trace_ != nullptr) {
    *trace_ += base::to_string(now_) + "  " + line + "\n";
  }
}

std::size_t World::index_of(base::NodeId node) const {
  return static_cast<std::size_t>(
      std::ranges::find(nodes_, node, [](const Node& one) { return one.run.node; }) -
      nodes_.begin());
}

void World::schedule(base::Instant at, Event event) {
  event.at = at;
  event.number = ++last_event_;
  events_.push(std::move(event));
}

Verdict World::run() {
  for (const Step& step : schedule_.steps) {
    advance(now_ + step.after);
    if (model_.failure()) {
      break;
    }
    ++tally_.steps;
    tell(to_string(step));
    take_step(step);
  }
  heal();
  settle("after the faults");
  // Nothing hangs: one more message each way, over whatever links there are now.
  for (std::size_t i = 0; i < schedule_.settings.nodes; ++i) {
    for (std::size_t j = 0; j < schedule_.settings.nodes; ++j) {
      if (i != j) {
        send(i, j, 8);
      }
    }
  }
  settle("after the last messages");
  for (Node& node : nodes_) {
    if (node.links) {
      forget(node);
    }
  }
  return {model_.failure(), tally_};
}

void World::take_step(const Step& step) {
  using Kind = Step::Kind;
  switch (step.kind) {
    case Kind::send:
      for (std::size_t i = 0; i < step.count; ++i) {
        send(step.node, step.other, step.bytes);
      }
      return;
    case Kind::cut_both:
      cut(step.other, step.node, step.lasting);
      [[fallthrough]];
    case Kind::cut:
      cut(step.node, step.other, step.lasting);
      return;
    case Kind::down_both:
      take_for_dead(step.other, step.node, step.lasting);
      [[fallthrough]];
    case Kind::down:
      take_for_dead(step.node, step.other, step.lasting);
      return;
    case Kind::restart:
    case Kind::rename:
      restart(step);
      return;
    case Kind::hunger:
      nodes_[step.node].appetite = static_cast<Appetite>(step.count);
      take_messages(step.node);
      finish(step.node);
      return;
  }
}

void World::send(std::size_t from, std::size_t to, std::size_t bytes) {
  Node& node = nodes_[from];
  base::Bytes message = std::to_string(++last_message_) + ".";
  message.resize(std::max(message.size(), bytes), 'x');
  const auto sent = node.links->send(nodes_[to].run, message);
  if (sent) {
    ++tally_.messages;
    model_.on_sent(node.run, nodes_[to].run, *sent, std::move(message));
  } else if (sent.error() == wire::SendErrc::queue_over_limit) {
    ++tally_.queue_full;
  }
  if (!sent && is_healed_) {
    model_.fail("a message is not taken after the faults: " + std::string(to_string(sent.error())));
  }
  finish(from);
}

void World::cut(std::size_t from, std::size_t to, base::Duration lasting) {
  cut_until_[from][to] = std::max(cut_until_[from][to], now_ + lasting);
}

void World::take_for_dead(std::size_t at, std::size_t about, base::Duration lasting) {
  const base::RunId run = nodes_[about].run;
  happen({.kind = Event::Kind::down, .node = at, .about = run});
  schedule(now_ + lasting, {.kind = Event::Kind::up, .node = at, .about = run});
}

void World::restart(const Step& step) {
  Node& node = nodes_[step.node];
  const base::RunId before = node.run;
  if (step.kind == Step::Kind::rename) {
    wire::LinkOutputs out;
    node.links->restart_as(now_, before.start + 1, out);
    take_in(step.node, std::move(out));
    ++node.run.start;
  } else {
    forget(node);
    ++node.run.start;
    node.links = std::make_unique<wire::Links>(node.run, schedule_.settings.options);
  }
  for (std::size_t i = 0; i < schedule_.settings.nodes; ++i) {
    if (i == step.node) {
      continue;
    }
    if (step.kind == Step::Kind::restart) {
      happen({.kind = Event::Kind::up, .node = step.node, .about = nodes_[i].run});
    }
    if (rng_.chance(1, 2)) {
      schedule(now_ + step.lasting / 2, {.kind = Event::Kind::down, .node = i, .about = before});
    }
    schedule(now_ + step.lasting, {.kind = Event::Kind::up, .node = i, .about = node.run});
  }
  finish(step.node);
}

void World::advance(base::Instant until) {
  while (!model_.failure()) {
    base::Instant next = events_.empty() ? base::Instant::never() : events_.top().at;
    std::size_t waker = nodes_.size();
    for (std::size_t i = 0; i < schedule_.settings.nodes; ++i) {
      if (nodes_[i].links->wake_at() < next) {
        next = nodes_[i].links->wake_at();
        waker = i;
      }
    }
    if (next > until) {
      break;
    }
    now_ = std::max(now_, next);
    if (waker < nodes_.size()) {
      finish(waker);
    } else {
      const Event event = events_.top();
      events_.pop();
      happen(event);
    }
  }
  if (until != base::Instant::never()) {
    now_ = std::max(now_, until);
  }
}

void World::happen(const Event& event) {
  Node& node = nodes_[event.node];
  wire::LinkOutputs out;
  switch (event.kind) {
    case Event::Kind::up:
      node.links->peer_up(now_, event.about, out);
      break;
    case Event::Kind::down:
      if (!is_healed_) {
        tell(base::to_string(node.run) + " hears that " + base::to_string(event.about) +
             " is dead");
        node.links->peer_down(now_, event.about, out);
      }
      break;
    case Event::Kind::frame:
      if (trace_ != nullptr) {
        const auto frame = wire::decode_link_frame(event.body);
        tell(base::to_string(node.run) + " gets from " + base::to_string(event.about) +
             " for boot " + std::to_string(frame->to_boot) + " epoch " +
             std::to_string(frame->epoch) + ": ack " + std::to_string(frame->ack) + ", segments " +
             std::to_string(frame->segments.size()) + " from " + std::to_string(frame->first) +
             ", ask " + std::to_string(frame->ask));
      }
      if (!node.links->on_frame(now_, {event.about.node, event.about.start}, event.body, out)) {
        model_.fail("a frame is not decoded");
      }
      break;
    case Event::Kind::take:
      node.is_taking = false;
      take_messages(event.node);
      break;
  }
  take_in(event.node, std::move(out));
  finish(event.node);
}

void World::take_in(std::size_t index, wire::LinkOutputs out) {
  Node& node = nodes_[index];
  for (const wire::LinkEnded& end : out.ended) {
    std::uint64_t Tally::*const kinds[] = {&Tally::peer_down, &Tally::newer_run, &Tally::peer_ended,
                                           &Tally::gave_up, &Tally::own_restart};
    ++(tally_.*kinds[static_cast<std::size_t>(end.reason)]);
    tally_.unknown += end.transmitted - end.acknowledged;
    tally_.handed_over += end.received.size();
    tell(base::to_string(node.run) + " is told of the end of epoch " + std::to_string(end.epoch) +
         " with " + base::to_string(end.peer) + ": " + std::string(to_string(end.reason)) + ", " +
         std::to_string(end.acknowledged) + " acknowledged, " + std::to_string(end.transmitted) +
         " transmitted");
    model_.on_ended(node.run, end);
  }
  if (!out.readable.empty()) {
    if (node.appetite == Appetite::slow && !node.is_taking) {
      node.is_taking = true;
      schedule(now_ + kSlowUser, {.kind = Event::Kind::take, .node = index});
    } else if (node.appetite == Appetite::eager) {
      take_messages(index);
    }
  }
  for (const wire::LinkOutputs::Outgoing& send : out.sends) {
    carry(index, send);
  }
}

void World::take_messages(std::size_t index) {
  Node& node = nodes_[index];
  bool is_more = false;
  for (std::size_t i = 0; i < schedule_.settings.nodes && node.appetite != Appetite::absent; ++i) {
    const wire::Link* link = i == index ? nullptr : node.links->find(nodes_[i].run.node);
    while (link != nullptr) {
      const base::RunId from = link->peer();
      const std::uint64_t epoch = link->epoch();
      const auto message = node.links->receive(from);
      if (!message) {
        break;
      }
      tell(base::to_string(node.run) + " takes " + base::printable(*message, 6) + " from " +
           base::to_string(from));
      model_.on_taken(node.run, from, epoch, *message);
      if (node.appetite == Appetite::slow) {
        is_more = true;
        break;
      }
    }
  }
  if (is_more && !node.is_taking) {
    node.is_taking = true;
    schedule(now_ + kSlowUser, {.kind = Event::Kind::take, .node = index});
  }
}

void World::finish(std::size_t index) {
  Node& node = nodes_[index];
  for (int turns = 0; node.links->wake_at() <= now_ && !model_.failure(); ++turns) {
    if (turns == 10) {
      model_.fail(base::to_string(node.run) + ": on_timeout stays due");
    }
    wire::LinkOutputs out;
    node.links->on_timeout(now_, out);
    take_in(index, std::move(out));
  }
  for (std::size_t i = 0; i < schedule_.settings.nodes; ++i) {
    const wire::Link* link = i == index ? nullptr : node.links->find(nodes_[i].run.node);
    if (link == nullptr) {
      continue;
    }
    tally_.blocked += link->sender().is_blocked() ? 1U : 0U;
    if (link->sender().bytes_held() > schedule_.settings.options.queue_bytes_max ||
        link->receiver().bytes_held() > schedule_.settings.options.window_bytes) {
      model_.fail(base::to_string(node.run) + " holds more than its limits");
    }
  }
}

void World::carry(std::size_t from, const wire::LinkOutputs::Outgoing& send) {
  const Settings& settings = schedule_.settings;
  const std::size_t to = index_of(send.to.node);
  ++tally_.frames;
  const bool is_lost = now_ < cut_until_[from][to] || rng_.chance(settings.loss_percent, 100);
  const bool is_repeated = rng_.chance(settings.duplicate_percent, 100);
  if (is_lost && !is_healed_) {
    ++tally_.lost;
    return;
  }
  const int copies = is_repeated && !is_healed_ ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    base::Duration spread = settings.delay_max - settings.delay_min;
    if (rng_.chance(settings.straggler_percent, 100) && !is_healed_) {
      spread = kStragglerMax;
    }
    const std::uint64_t extra = rng_.below(static_cast<std::uint64_t>(spread.ns) + 1);
    schedule(now_ + settings.delay_min + base::nanoseconds(static_cast<std::int64_t>(extra)),
             {.kind = Event::Kind::frame,
              .node = to,
              .about = nodes_[from].run,
              .body = send.frame.body});
  }
  tally_.repeated += static_cast<std::uint64_t>(copies - 1);
}

void World::heal() {
  tell("the faults end");
  is_healed_ = true;
  for (std::size_t i = 0; i < schedule_.settings.nodes; ++i) {
    for (std::size_t j = 0; j < schedule_.settings.nodes; ++j) {
      if (i != j) {
        happen({.kind = Event::Kind::up, .node = i, .about = nodes_[j].run});
      }
    }
    nodes_[i].appetite = Appetite::eager;
    take_messages(i);
    finish(i);
  }
}

// Idle links send nothing, so the world stands still once everything has arrived.
void World::settle(std::string_view when) {
  const base::Instant since = now_;
  advance(now_ + kQuietWithin);
  std::map<base::RunId, const wire::Links*> alive;
  for (std::size_t i = 0; i < schedule_.settings.nodes; ++i) {
    alive.emplace(nodes_[i].run, nodes_[i].links.get());
    if (nodes_[i].links->wake_at() != base::Instant::never()) {
      model_.fail(std::string(when) + ", " + base::to_string(nodes_[i].run) + " is not quiet " +
                  base::to_string(now_ - since) + " later");
    }
  }
  if (!events_.empty()) {
    model_.fail(std::string(when) + ", something is still under way");
  }
  model_.check_quiet(alive);
}

void World::forget(Node& node) {
  const wire::LinkStatistics& statistics = node.links->statistics();
  tally_.stale += statistics.stale;
  tally_.old_boot += statistics.old_boot;
  tally_.down += statistics.down;
  for (std::size_t i = 0; i < schedule_.settings.nodes; ++i) {
    if (const wire::Link* link = node.links->find(nodes_[i].run.node)) {
      tally_.sent_again += link->sender().retransmissions();
      tally_.duplicates += link->receiver().duplicates();
    }
  }
}

Verdict run_schedule(const Schedule& schedule, std::string* trace) {
  return World(schedule, trace).run();
}

// Chance is drawn in order, so a smaller schedule meets other losses; it counts if it fails at all.
Schedule shrink(Schedule schedule) {
  return drop_steps(std::move(schedule),
                    [](const Schedule& fewer) { return run_schedule(fewer).failure.has_value(); });
}

std::string story(const Schedule& schedule) {
  std::string trace = to_string(schedule.settings) + "\n";
  const Verdict verdict = run_schedule(schedule, &trace);
  return trace + (verdict.failure ? "VIOLATED: " + *verdict.failure + "\n" : "no violation\n");
}

}  // namespace horde::props::links
