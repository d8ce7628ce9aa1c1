// Actions: nodes join, leave, crash, restart, pause, get slow, and are lied to.
#include <algorithm>

#include "scenario/actions.hpp"

namespace horde::scenario {

void Actions::start(NodeIndex node) {
  Cluster::Node& state = run_->cluster[node];
  state.state = Cluster::State::up;
  state.ends_as = Cluster::State::crashed;
  state.registry_stopped = false;
  ++state.starts;
  run_->world.start(node);
}

void Actions::relieve(NodeIndex node) {
  Cluster::Node& state = run_->cluster[node];
  if (state.paused) {
    state.paused = false;
    run_->deaths.disturb(node);
    if (state.state == Cluster::State::up) {
      note_pace(node);
      run_->world.resume(node);
    }
  }
  if (state.slow) {
    set_slow(node, {});
  }
}

void Actions::on(const Join& join, Place /*place*/) {
  const Nodes nodes = [&] {
    Nodes out;
    for (const std::string& name : join.nodes) {
      out.push_back(run_->cluster.find(name));
    }
    return out;
  }();
  spread(static_cast<std::int64_t>(nodes.size()), join.over,
         [this, nodes](std::int64_t i) { start(nodes[static_cast<std::size_t>(i)]); });
}

void Actions::end_gracefully(const Nodes& nodes, Cluster::State state,
                             const std::optional<base::Duration>& kill_after) {
  for (const NodeIndex node : nodes) {
    // A node that is asked to leave ends by itself; what it is then is settled here.
    run_->cluster[node].ends_as = state;
    const Call call = state == Cluster::State::left ? Call(LeaveCall{}) : Call(StopCall{});
    (void)run_->world.call(node, base::CallId{++last_call_}, call);
    if (kill_after) {
      later(*kill_after, [this, node, state, starts = run_->cluster[node].starts] {
        Cluster::Node& now = run_->cluster[node];
        if (now.state == Cluster::State::up && now.starts == starts) {
          crash(node, Disk::kept, 0);
          now.state = state;
        }
      });
    }
  }
}

void Actions::on(const Leave& leave, Place place) {
  Cluster::Resolver resolve = resolver(place);
  end_gracefully(running(resolve, leave.nodes), Cluster::State::left, leave.kill_after);
}

void Actions::on(const Stop& stop, Place place) {
  Cluster::Resolver resolve = resolver(place);
  end_gracefully(running(resolve, stop.nodes), Cluster::State::stopped, stop.kill_after);
}

void Actions::crash(NodeIndex node, Disk disk, std::int64_t records) {
  Cluster::Node& state = run_->cluster[node];
  state.state = Cluster::State::crashed;
  state.paused = false;
  if (disk != Disk::kept) {
    run_->acknowledged.on_disk_loss(node);
    run_->acknowledged_names.on_disk_loss(node);
    run_->children.on_disk_loss(node, run_->cluster.running());
  }
  Nodes watching = run_->cluster.running();
  std::erase_if(watching, [this](NodeIndex each) { return run_->cluster[each].paused; });
  run_->metrics.on_crash(node, watching);
  run_->world.crash(node, {.disk = disk, .records = static_cast<std::size_t>(records)});
}

void Actions::on(const Crash& step, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, step.nodes)) {
    crash(node, step.disk, step.records);
    if (step.restart_after) {
      later(*step.restart_after, [this, node, starts = run_->cluster[node].starts] {
        const Cluster::Node& now = run_->cluster[node];
        if (now.state == Cluster::State::crashed && now.starts == starts) {
          run_->story.add(TimelineLine::Kind::step, "restart " + now.name);
          start(node);
        }
      });
    }
  }
}

void Actions::on(const Restart& restart, Place place) {
  using State = Cluster::State;
  const Nodes down = run_->cluster.in({State::crashed, State::stopped});
  Cluster::Resolver resolve(run_->cluster, run_->chance("step", place.step, place.repetition),
                            down);
  const bool named = std::ranges::all_of(
      restart.nodes.refs, [](const NodeRef& ref) { return ref.role == NodeRef::Role::named; });
  for (const NodeIndex node : resolve(restart.nodes)) {
    const State state = run_->cluster[node].state;
    // Who has left for good comes back only by name.
    if (state == State::crashed || state == State::stopped || (named && state == State::left)) {
      start(node);
    }
  }
}

void Actions::on(const Pause& pause, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, pause.nodes)) {
    run_->cluster[node].paused = true;
    note_pace(node);
    run_->world.pause(node);
    if (pause.lasts) {
      later(*pause.lasts, [this, node, starts = run_->cluster[node].starts] {
        Cluster::Node& now = run_->cluster[node];
        if (now.paused && now.starts == starts) {
          now.paused = false;
          run_->deaths.disturb(node);
          note_pace(node);
          run_->world.resume(node);
        }
      });
    }
  }
}

void Actions::on(const Resume& resume, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, resume.nodes)) {
    if (run_->cluster[node].paused) {
      run_->cluster[node].paused = false;
      run_->deaths.disturb(node);
      run_->world.resume(node);
    }
  }
}

void Actions::on(const Slow& slow, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, slow.nodes)) {
    set_slow(node, slow.delay);
    if (slow.lasts) {
      later(*slow.lasts, [this, node] { set_slow(node, {}); });
    }
  }
}

// Whether it can be expected to answer in time.
void Actions::note_pace(NodeIndex node) {
  const Cluster::Node& state = run_->cluster[node];
  if (state.paused || state.slow) {
    run_->calls.on_pause(node);
  } else {
    run_->calls.on_resume(node);
  }
}

void Actions::set_slow(NodeIndex node, base::Duration delay) {
  const bool slow = delay.ns > 0;
  run_->cluster[node].slow = slow;
  run_->deaths.disturb(node);
  note_pace(node);
  run_->world.set_slow(node, delay);
}

void Actions::on(const Clock& clock, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : resolve(clock.nodes)) {
    if (clock.offset) {
      run_->world.set_clock_offset(node, *clock.offset);
    }
    if (clock.step) {
      run_->world.step_clock(node, *clock.step);
    }
    if (clock.drift) {
      run_->world.set_clock_drift(node, *clock.drift);
    }
  }
}

void Actions::on(const Hint& hint, Place place) {
  Cluster::Resolver resolve = resolver(place);
  resolve.reserve({{hint.peer}});
  const Nodes nodes = running(resolve, hint.nodes);
  if (const auto peer = resolve(hint.peer)) {
    for (const NodeIndex node : nodes) {
      run_->world.hint(node, *peer, hint.kind);
    }
  }
}

void Actions::on(const Garbage& step, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const auto from = resolve(step.from);
  const Nodes to = resolve(step.to);
  if (!from) {
    return;
  }
  const base::Rng chance = run_->chance("garbage", place.step, place.repetition);
  for (const NodeIndex node : to) {
    const base::Rng own = chance.fork(node);
    spread(step.count, step.over,
           [this, from = *from, node, size_max = step.size_max.bytes, own](std::int64_t i) {
             garbage(from, node, size_max, own.fork(static_cast<std::uint64_t>(i)));
           });
  }
}

// Half of it is noise, half is some real datagram with a few bits flipped or its end cut off: those
// get further into a decoder.
void Actions::garbage(NodeIndex from, NodeIndex to, std::int64_t size_max, base::Rng rng) {
  const auto most = static_cast<std::uint64_t>(size_max);
  base::Bytes bytes;
  if (rng.chance(1, 2)) {
    bytes = run_->world.recent_datagram(rng.next());
    bytes.resize(std::min<std::size_t>(bytes.size(), most));
    const bool cut = rng.chance(1, 4);
    const faults::Damage damage{
        .kind = cut ? faults::Damage::Kind::truncate : faults::Damage::Kind::flip_bits,
        .key = rng.next()};
    faults::apply(damage, bytes);
  } else {
    const std::uint64_t size = rng.below(most + 1);
    for (std::uint64_t i = 0; i < size; ++i) {
      bytes.push_back(static_cast<char>(rng.below(256)));
    }
  }
  run_->world.inject(from, to, bytes);
}

}  // namespace horde::scenario
