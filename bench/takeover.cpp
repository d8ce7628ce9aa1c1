// Measures what a member's death costs its survivors, by the number of children that it ran.
// One supervisor: the view change that gives it its share, and what is due at once. Whole nodes:
// all inputs of the survivors, from where one of them holds the member for dead until all its
// children run again and both know of it. docs/supervision.md has the figures.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "process/builtin_types.hpp"
#include "sim/core/simulator.hpp"
#include "sim/horde/node_config.hpp"
#include "supervisor/supervisor.hpp"

namespace {

using namespace horde;
using namespace horde::supervisor;

/// Of this thread, in ns: others that use the machine do not count.
double cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

base::NodeId node(int number) {
  return base::NodeId::of("n" + std::to_string(number));
}

// --- One supervisor.

View view_of(int members, members::Status second) {
  View out;
  for (int i = 1; i <= members; ++i) {
    const auto status = i == 2 ? second : members::Status::alive;
    out.members.push_back({"n" + std::to_string(i), node(i), status});
    out.boots[node(i)] = 1;
    out.witnesses.insert(node(i));
  }
  return out;
}

class Alone final : public Replica {
 public:
  [[nodiscard]] std::size_t holders(const base::Dot& /*dot*/) const override { return 1; }
  [[nodiscard]] bool is_closed_but_for(const std::set<base::NodeId>&) const override {
    return true;
  }
  [[nodiscard]] const crdt::VersionVector& vector() const override { return vector_; }

 private:
  crdt::VersionVector vector_;
};

// `moved` children of the member that dies, among `others` that stay where they are.
void measure_supervisor(int members, std::uint64_t moved, std::uint64_t others) {
  const base::Now now{{1'000'000'000}, {1'000'000'000}};
  Supervisor one({node(1), 1}, {}, std::make_unique<Uniform>(), base::Rng(1));
  Outputs out;
  one.on_view(now, view_of(members, members::Status::alive), out);
  one.on_synced(now, out);
  for (std::uint64_t i = 0; i < moved + others; ++i) {
    Entry entry{.birth = Birth{.spec = {.start = "echo"}},
                .claim = {.term = 1, .owner = node(i < moved ? 2 : 3), .boot = 1},
                .run = {.rev = 3, .start = 1, .state = RunState::running, .healthy = true}};
    const EntryChange change{{base::mix64(i), i},
                             {{.dot = {entry.claim.run(), i + 1}, .value = encode(entry)}}};
    one.on_entries(now, std::span(&change, 1), out);
  }
  out.list.clear();
  const double begun = cpu_time();
  one.on_view(now, view_of(members, members::Status::dead), out);
  while (one.wake_at() <= now.mono) {
    one.on_timeout(now, Alone(), out);  // A large member's children are taken over in parts.
  }
  const double took = cpu_time() - begun;
  std::printf("%7d %9llu %9llu %11zu %9.2f %13.0f\n", members,
              static_cast<unsigned long long>(moved), static_cast<unsigned long long>(others),
              out.list.size(), took / 1e6, took / static_cast<double>(moved));
}

// --- Whole nodes.

/// A node whose inputs are timed: an Engine as the node itself.
class TimedNode {
 public:
  TimedNode(node::Config config, std::span<const base::Bytes> log)
      : node_(std::move(config), log) {}

  void on_start(base::Now now, base::Effects& out) {
    timed([&] { node_.on_start(now, out); });
  }
  void on_datagram(base::Now now, const base::Address& from, base::BytesView bytes,
                   base::Effects& out) {
    timed([&] { node_.on_datagram(now, from, bytes, out); });
  }
  void on_timeout(base::Now now, base::Effects& out) {
    timed([&] { node_.on_timeout(now, out); });
  }
  void on_hint(base::Now now, const base::Hint& hint, base::Effects& out) {
    timed([&] { node_.on_hint(now, hint, out); });
  }
  [[nodiscard]] base::Instant wake_at() const { return node_.wake_at(); }

  [[nodiscard]] node::Node& node() { return node_; }
  [[nodiscard]] const node::Node& node() const { return node_; }
  [[nodiscard]] double used() const { return used_; }
  [[nodiscard]] double longest() const { return longest_; }
  void forget_longest() { longest_ = 0; }

 private:
  template <class Input>
  void timed(const Input& input) {
    const double begun = cpu_time();
    input();
    const double took = cpu_time() - begun;
    used_ += took;
    longest_ = std::max(longest_, took);
  }

  node::Node node_;
  double used_ = 0;
  double longest_ = 0;
};

constexpr sim::NodeIndex kDies = 1;
constexpr std::uint64_t kStartsPerMs = 10;

class Cluster {
 public:
  explicit Cluster(sim::NodeIndex nodes) : simulator_(sim::SimulatorOptions{}) {
    for (sim::NodeIndex i = 0; i < nodes; ++i) {
      (void)simulator_.add_node({.name = "n" + std::to_string(i + 1)}, [this](const auto& boot) {
        node::Config config =
            sim::node_config(scenario_.horde, boot, {sim::Simulator::address_of(0)});
        config.hordes.front().children = sim::children_config(scenario_, boot.name);
        config.hordes.front().children->options.hops_max = 0;  // Started where the call is.
        process::add_builtin_types(config.process_types);
        return sim::host<TimedNode>(std::move(config), boot.records);
      });
      simulator_.start(i);
    }
    simulator_.run_for(base::seconds(1));
  }

  void start_children(sim::NodeIndex on, std::uint64_t count) {
    const node::Program program{"sleeper", {}};
    for (std::uint64_t i = 0; i < count; ++i) {
      const StartCall call{.spec = {.start = encode(program)}};
      simulator_.call(on, "start_child", i,
                      [&](sim::Machine& machine, base::Now now, base::Effects& out) {
                        sim::engine_of<TimedNode>(machine).node().start_child(
                            now, base::CallId{++calls_}, sim::kHordeName, call, out);
                      });
      if (i % kStartsPerMs == 0) {
        simulator_.run_for(base::milliseconds(1));
      }
    }
    simulator_.run_for(base::seconds(10));  // Until all are healthy, and all know it.
  }

  [[nodiscard]] sim::Simulator& simulator() { return simulator_; }
  [[nodiscard]] TimedNode& timed(sim::NodeIndex node) {
    return const_cast<TimedNode&>(  // NOLINT: the simulator shows machines to look at them.
        sim::engine_of<TimedNode>(*simulator_.machine(node)));
  }
  [[nodiscard]] std::vector<TimedNode*> survivors() {
    std::vector<TimedNode*> out;
    for (sim::NodeIndex i = 0; i < simulator_.nodes_count(); ++i) {
      if (i != kDies) {
        out.push_back(&timed(i));
      }
    }
    return out;
  }
  [[nodiscard]] double used() {
    double sum = 0;
    for (const TimedNode* each : survivors()) {
      sum += each->used();
    }
    return sum;
  }
  [[nodiscard]] bool is_noticed() {
    for (const TimedNode* each : survivors()) {
      if (!each->node().liveness().is_reachable(node(kDies + 1))) {
        return true;
      }
    }
    return false;
  }
  /// Whether each child has a copy somewhere.
  [[nodiscard]] bool all_run(std::uint64_t children) {
    std::uint64_t copies = 0;
    for (const TimedNode* each : survivors()) {
      copies += each->node().children(sim::kHordeName)->sizes().copies;
    }
    return copies == children;
  }
  /// Whether each survivor knows that all run.
  [[nodiscard]] bool all_known(std::uint64_t children) {
    return std::ranges::all_of(survivors(), [children](const TimedNode* each) {
      return each->node().children(sim::kHordeName)->count_children().active == children;
    });
  }

 private:
  scenario::Scenario scenario_;
  sim::Simulator simulator_;
  std::uint64_t calls_ = 0;
};

struct TakeOver {
  double used = 0;
  double longest = 0;  // Of one input.
  base::Duration all_run;
  base::Duration all_known;
};

TakeOver take_over(Cluster& cluster, std::uint64_t children) {
  sim::Simulator& simulator = cluster.simulator();
  TakeOver out;
  double before = 0;
  for (; !cluster.is_noticed(); simulator.run_for(base::milliseconds(1))) {
    before = cluster.used();
    for (TimedNode* each : cluster.survivors()) {
      each->forget_longest();
    }
  }
  const base::Instant noticed = simulator.now();
  while (!cluster.all_run(children)) {
    simulator.run_for(base::milliseconds(1));
  }
  out.all_run = simulator.now() - noticed;
  while (!cluster.all_known(children)) {
    simulator.run_for(base::milliseconds(10));
  }
  out.all_known = simulator.now() - noticed;
  out.used = cluster.used() - before;
  for (const TimedNode* each : cluster.survivors()) {
    out.longest = std::max(out.longest, each->longest());
  }
  return out;
}

void measure_nodes(sim::NodeIndex nodes, std::uint64_t moved, std::uint64_t others) {
  Cluster cluster(nodes);
  cluster.start_children(kDies, moved);
  cluster.start_children(0, others);
  if (cluster.timed(kDies).node().children(sim::kHordeName)->sizes().copies != moved) {
    std::puts("not all of the children were started");
    std::exit(1);
  }
  // For the others a crash; its memory stays, so that theirs is as it was.
  cluster.simulator().pause(kDies);
  const TakeOver taken = take_over(cluster, moved + others);
  std::printf("%7u %9llu %9llu %9.1f %12.0f %13.1f %10lld ms %12lld ms\n", nodes,
              static_cast<unsigned long long>(moved), static_cast<unsigned long long>(others),
              taken.used / 1e6, taken.used / static_cast<double>(moved), taken.longest / 1e6,
              static_cast<long long>(taken.all_run.ns / 1'000'000),
              static_cast<long long>(taken.all_known.ns / 1'000'000));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) {
    measure_nodes(static_cast<sim::NodeIndex>(std::atoi(argv[1])),
                  static_cast<std::uint64_t>(std::atoll(argv[2])),
                  static_cast<std::uint64_t>(std::atoll(argv[3])));
    return 0;
  }
  std::puts("one supervisor\nmembers     moved    others     outputs        ms    ns a child");
  for (const std::uint64_t moved : {1'000U, 10'000U, 100'000U}) {
    measure_supervisor(3, moved, 0);
  }
  measure_supervisor(3, 10'000, 90'000);
  measure_supervisor(100, 10'000, 0);
  std::puts(
      "\nall survivors, whole nodes\n"
      "nodes       moved    others        ms  ns a child   longest, ms  all run after  known to "
      "all");
  for (const std::uint64_t moved : {1'000U, 10'000U, 100'000U}) {
    measure_nodes(3, moved, 0);
  }
  measure_nodes(3, 10'000, 90'000);
}
