#include "props/supervisor/schedule.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "supervisor/test_cluster.hpp"

namespace horde::props {
namespace {

using base::milliseconds;
using base::seconds;
using namespace horde::supervisor;

ClusterOptions draw_options(base::Rng rng) {
  ClusterOptions out;
  out.nodes = 2 + rng.below(4);
  out.loss_percent = rng.chance(1, 2) ? rng.below(50) : 0;
  out.eager = rng.chance(3, 4);
  out.latency_max = milliseconds(1 + static_cast<std::int64_t>(rng.below(60)));
  out.sync_interval = milliseconds(20 + static_cast<std::int64_t>(rng.below(200)));
  out.clock_offset_max_ms = rng.chance(1, 2) ? 1'000 : 0;
  switch (rng.below(4)) {
    case 0:
      out.strategy = [] { return std::make_unique<UniformQuorum>(); };
      break;
    case 1:
      out.strategy = [] { return std::make_unique<UniformRandom>(); };
      break;
    default:
      break;
  }
  Options& options = out.supervisor;
  options.horde = "h";
  const std::uint64_t statics = rng.below(3);
  for (std::uint64_t i = 0; i < statics; ++i) {
    options.static_children.push_back({"static " + std::to_string(i), {.start = "ok"}});
  }
  options.redistribution = rng.chance(1, 3) ? Redistribution::active : Redistribution::passive;
  options.settle_time = milliseconds(200);
  options.stay_min = milliseconds(200);
  options.offer_timeout = milliseconds(500);
  options.moves_max = 1 + rng.below(4);
  options.healthy_after = milliseconds(500);
  options.backoff = milliseconds(50);
  options.quorum_stop_max = milliseconds(100);
  options.quarantine = milliseconds(300);
  options.quarantine_max = seconds(1);
  options.ask_interval = milliseconds(100);
  // Within what offsets and latencies above can be, so that ends are forgotten during a schedule.
  options.clock_bound = milliseconds(1'000);
  options.hops_max = rng.below(4);
  return out;
}

class Schedule {
 public:
  explicit Schedule(std::uint64_t seed)
      : rng_(base::Rng(seed).fork("schedule")),
        options_(draw_options(rng_.fork("options"))),
        cluster_(options_, seed) {}

  ScheduleResult run() {
    cluster_.run(seconds(1));
    const std::uint64_t steps = 10 + rng_.below(40);
    const bool long_pauses = rng_.chance(1, 4);
    for (std::uint64_t i = 0; i < steps && cluster_.broken().empty(); ++i) {
      step();
      const std::uint64_t pause_ms = rng_.below(long_pauses && rng_.chance(1, 4) ? 8'000 : 150);
      cluster_.run(milliseconds(static_cast<std::int64_t>(pause_ms)));
    }
    if (cluster_.broken().empty()) {
      settle();
    }
    ScheduleResult out{.story = cluster_.story, .seen = cluster_.told};
    out.violation = cluster_.broken().empty() ? cluster_.settled_wrong() : cluster_.broken();
    return out;
  }

 private:
  std::size_t node() { return rng_.below(cluster_.size()); }

  [[nodiscard]] ChildId some_child() {
    const auto entries = cluster_.joined();
    if (entries.empty()) {
      return {};
    }
    auto it = entries.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(rng_.below(entries.size())));
    return it->first;
  }

  ChildSpec spec() {
    constexpr std::array<const char*, 7> kHow = {"ok",   "ok",    "flaky", "ignore",
                                                 "fail", "named", "named"};
    const std::uint64_t how = rng_.below(kHow.size());
    const std::uint64_t restart = rng_.below(3);
    const std::uint64_t by_key = rng_.below(4);
    ChildSpec out{.start = kHow[how], .restart = static_cast<Restart>(restart)};
    if (by_key == 0) {
      out.place_by = PlaceBy::key;
      out.placement_key = "k";
    }
    return out;
  }

  void step() {
    const std::size_t a = node();
    const std::size_t b = node();
    switch (rng_.below(19)) {
      case 0:
      case 1:
      case 2: {
        ChildSpec child = spec();
        const std::uint64_t copies = 1 + rng_.below(2);
        cluster_.start(a, std::move(child), milliseconds(800), copies);
        break;
      }
      case 3: {
        const ChildId child = some_child();
        if (child != ChildId{} && cluster_.node(a).up) {
          cluster_.terminate(a, child, milliseconds(1'000));
        }
        break;
      }
      case 4:
      case 5: {
        const ChildId child = some_child();
        const bool normal = rng_.chance(1, 2);
        for (const std::size_t where : cluster_.copies(child)) {
          cluster_.exit(where, child,
                        normal ? Supervisor::Exit::normal : Supervisor::Exit::abnormal);
        }
        break;
      }
      case 6:
        cluster_.crash(a);
        break;
      case 7:
      case 8:
        cluster_.restart(a, rng_.chance(1, 4) ? TestCluster::Disk::lost : TestCluster::Disk::kept);
        break;
      case 9:
        if (a != b) {
          cluster_.cut(a, b);
        }
        break;
      case 10:
        cut_in_two();
        break;
      case 11:
        cluster_.heal();
        break;
      case 12:
        if (a != b) {
          cluster_.disbelieve(a, b, milliseconds(static_cast<std::int64_t>(rng_.below(600))));
        }
        break;
      case 13:
        cluster_.leave(a, seconds(2));
        break;
      case 14:
        start_and_terminate(a, b);
        break;
      case 15:
        lose_name();
        break;
      case 16:
        take_name();
        break;
      case 17:
        meet_and_die();
        break;
      default:
        cluster_.starts_fail = !cluster_.starts_fail;
        break;
    }
  }

  // A call whose answer is lost goes on asking; meanwhile its child is ended, and forgotten.
  void start_and_terminate(std::size_t caller, std::size_t other) {
    const auto before = cluster_.joined();
    const bool whole = std::ranges::all_of(std::views::iota(std::size_t{0}, cluster_.size()),
                                           [&](std::size_t i) { return cluster_.node(i).synced; });
    cluster_.start(caller, {.start = "ok"}, seconds(4));
    cluster_.run(milliseconds(static_cast<std::int64_t>(rng_.below(30))));
    for (const auto& [child, entry] : cluster_.joined()) {
      if (before.contains(child) || !whole || !cluster_.node(other).up) {
        continue;
      }
      for (std::size_t i = 0; i < cluster_.size(); ++i) {
        if (i != caller && rng_.chance(2, 3)) {
          cluster_.disbelieve(i, caller, milliseconds(100));
          cluster_.disbelieve(caller, i, milliseconds(100));
        }
      }
      cluster_.terminate(other, child, milliseconds(1'000));
    }
  }

  // To another child or a process; losses to later copies are the cluster's own (of "named" ones).
  void lose_name() {
    const ChildId child = some_child();
    for (const std::size_t where : cluster_.copies(child)) {
      cluster_.lose_name(where, child, {});
    }
  }

  // From here on, or no more, a name that the child wants is taken by somebody else.
  void take_name() {
    const ChildId child = some_child();
    const bool by_process = rng_.chance(2, 3);
    if (cluster_.ignored.erase(child) == 0 && child != ChildId{}) {
      cluster_.ignored[child] = {by_process ? Ignored::Why::name_taken_by_process
                                            : Ignored::Why::name_taken_by_other_child};
    }
  }

  // The owner of a child is cut off, another member takes the child over, both meet again; and the
  // later owner may be gone before anybody has its entry.
  void meet_and_die() {
    const ChildId child = some_child();
    const std::vector<std::size_t> first = cluster_.copies(child);
    if (first.size() != 1) {
      return;
    }
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      if (i != first.front()) {
        cluster_.cut(first.front(), i);
      }
    }
    for (int i = 0; i < 20 && cluster_.copies(child).size() < 2; ++i) {
      cluster_.run(milliseconds(50));
    }
    cluster_.heal();
    cluster_.run(milliseconds(static_cast<std::int64_t>(rng_.below(150))));
    const bool dies = rng_.chance(2, 3);
    const bool disk_is_kept = rng_.chance(1, 2);
    const auto back_after = milliseconds(static_cast<std::int64_t>(rng_.below(500)));
    for (const std::size_t node : cluster_.copies(child)) {
      if (dies && node != first.front()) {
        cluster_.crash(node);
        cluster_.run(back_after);
        cluster_.restart(node, disk_is_kept ? TestCluster::Disk::kept : TestCluster::Disk::lost);
      }
    }
  }

  void cut_in_two() {
    const std::uint64_t side = rng_.next();
    for (std::size_t a = 0; a < cluster_.size(); ++a) {
      for (std::size_t b = a + 1; b < cluster_.size(); ++b) {
        if (((side >> a) & 1U) != ((side >> b) & 1U)) {
          cluster_.cut(a, b);
        }
      }
    }
  }

  void settle() {
    cluster_.heal();
    cluster_.starts_fail = false;
    cluster_.ignored.clear();
    // The longest chain: a deadline, a death noticed, a quarantine, a healthy time, a move.
    for (int i = 0; i < 40 && cluster_.broken().empty(); ++i) {
      for (std::size_t down = 0; down < cluster_.size(); ++down) {
        cluster_.restart(down, TestCluster::Disk::kept);  // Also those that were leaving.
      }
      cluster_.run(milliseconds(500));
      if (i >= 10 && cluster_.settled_wrong().empty()) {
        break;
      }
    }
  }

  base::Rng rng_;
  ClusterOptions options_;
  TestCluster cluster_;
};

}  // namespace

ScheduleResult run_supervisor_schedule(std::uint64_t seed) {
  return Schedule(seed).run();
}

}  // namespace horde::props
