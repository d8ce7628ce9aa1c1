#include "sim/horde/sim_world.hpp"

#include "base/hash.hpp"

namespace horde::sim {
namespace {

constexpr std::size_t kRecentMax = 64;
constexpr std::uint64_t kRecentEvery = 16;  // One of so many is kept.

}  // namespace

SimWorld::SimWorld(SimulatorOptions options)
    : simulator_(options), wall_start_(options.wall_start) {
  simulator_.add_observer(*this);
}

void SimWorld::run_until(base::Instant end) {
  (void)simulator_.run_until(end);
}

void SimWorld::stop() {
  asked_to_stop_ = true;
  simulator_.request_stop("asked to");
}

std::string SimWorld::problem() const {
  return asked_to_stop_ ? "" : simulator_.stop_reason().value_or("");
}

scenario::NodeIndex SimWorld::add_node(const scenario::NodeOptions& options) {
  return simulator_.add_node({.name = options.name,
                              .clock_offset = options.clock_offset,
                              .drift = {static_cast<std::int32_t>(options.clock_drift.ppm)}},
                             factory());
}

void SimWorld::crash(scenario::NodeIndex node, const Loss& loss) {
  const auto kind = [&] {
    switch (loss.disk) {
      case scenario::Disk::kept:
        return DiskLoss::Kind::kept;
      case scenario::Disk::rolled_back:
        return DiskLoss::Kind::rolled_back;
      case scenario::Disk::lost:
        return DiskLoss::Kind::lost;
    }
    HORDE_ASSERT(false);
  }();
  simulator_.crash(node, {.disk = {.kind = kind, .records = loss.records}});
}

void SimWorld::set_clock_offset(scenario::NodeIndex node, base::Duration offset) {
  const std::int64_t true_wall = wall_start_.ns + simulator_.now().ns;
  const std::int64_t ahead = simulator_.clock(node).wall.ns - true_wall;
  simulator_.step_clock(node, {offset.ns - ahead});
}

void SimWorld::set_clock_drift(scenario::NodeIndex node, scenario::Drift drift) {
  simulator_.set_drift(node, {static_cast<std::int32_t>(drift.ppm)});
}

void SimWorld::hint(scenario::NodeIndex node, scenario::NodeIndex peer, scenario::Hint::Kind kind) {
  const base::Hint hint{.kind = kind == scenario::Hint::Kind::port_refused
                                    ? base::Hint::Kind::port_refused
                                    : base::Hint::Kind::tripwire_closed,
                        .peer = Simulator::address_of(peer)};
  simulator_.call(node, "hint", peer, [&hint](Machine& machine, base::Now now, base::Effects& out) {
    machine.on_hint(now, hint, out);
  });
}

void SimWorld::inject(scenario::NodeIndex from, scenario::NodeIndex to,
                      const base::Bytes& datagram) {
  simulator_.call(to, "garbage", base::hash64(datagram),
                  [&](Machine& machine, base::Now now, base::Effects& out) {
                    machine.on_datagram(now, Simulator::address_of(from), datagram, out);
                  });
}

std::vector<scenario::KindTally> SimWorld::traffic(scenario::NodeIndex node) const {
  const Traffic& traffic = simulator_.traffic(node);
  std::vector<scenario::KindTally> out{{.kind = scenario::kKindTotal,
                                        .datagrams = traffic.sent().datagrams,
                                        .bytes = traffic.sent().bytes,
                                        .most_a_second = traffic.most_a_second()}};
  unsigned number = 0;
  for (const std::string_view kind : kinds()) {
    const Tally& tally = traffic.sent(number);
    out.push_back({.kind = kind,
                   .datagrams = tally.datagrams,
                   .bytes = tally.bytes,
                   .most_a_second = traffic.most_a_second(number)});
    ++number;
  }
  return out;
}

base::Bytes SimWorld::recent_datagram(std::uint64_t choice) const {
  return recent_.empty() ? base::Bytes{} : recent_[choice % recent_.size()];
}

void SimWorld::on_sent(base::Instant /*at*/, const Datagram& datagram) {
  if (++sent_ % kRecentEvery != 0) {
    return;
  }
  if (recent_.size() < kRecentMax) {
    recent_.emplace_back(datagram.bytes);
  } else {
    recent_[sent_ / kRecentEvery % kRecentMax] = datagram.bytes;
  }
}

void SimWorld::on_step(const StepInfo& step) {
  const scenario::WorldStep told = step_of(step);
  for (scenario::WorldObserver* observer : told_) {
    observer->on_step(told);
  }
}

void SimWorld::on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) {
  for (scenario::WorldObserver* observer : told_) {
    observer->on_tell(at, node, tell);
  }
}

void SimWorld::on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) {
  for (scenario::WorldObserver* observer : told_) {
    observer->on_answer(at, node, answer);
  }
}

void SimWorld::on_ended(base::Instant at, NodeIndex node, const base::Ended& ended) {
  for (scenario::WorldObserver* observer : told_) {
    observer->on_ended(at, node, ended);
  }
}

void SimWorld::on_up(base::Instant at, NodeIndex node, std::uint64_t boot) {
  for (scenario::WorldObserver* observer : told_) {
    observer->on_up(at, node, boot);
  }
}

void SimWorld::on_down(base::Instant at, NodeIndex node, DownWhy why) {
  for (scenario::WorldObserver* observer : told_) {
    observer->on_down(
        at, node, why == DownWhy::ended ? scenario::DownWhy::ended : scenario::DownWhy::crashed);
  }
}

}  // namespace horde::sim
