// Measures the simulator alone: engines that send 100 bytes to a random node every 10 ms over links
// of 2 ms, and do nothing else. Prints datagrams delivered a second of processor time.
#include <cstdio>
#include <ctime>

#include "base/rng.hpp"
#include "sim/core/simulator.hpp"

namespace horde::sim {
namespace {

class Chatter {
 public:
  Chatter(std::uint64_t seed, std::uint32_t nodes) : rng_(seed), nodes_(nodes) {}

  void on_start(base::Now now, base::Effects& /*out*/) {
    wake_ = now.mono + base::Duration{static_cast<std::int64_t>(
                           rng_.below(static_cast<std::uint64_t>(kPeriod.ns)))};
  }
  void on_datagram(base::Now /*now*/, const base::Address& /*from*/, base::BytesView /*bytes*/,
                   base::Effects& /*out*/) {}
  void on_timeout(base::Now /*now*/, base::Effects& out) {
    wake_ = wake_ + kPeriod;
    base::Bytes bytes(100, 'x');
    const std::uint64_t number = rng_.next();
    bytes.replace(0, sizeof number, reinterpret_cast<const char*>(&number), sizeof number);
    const auto to = static_cast<NodeIndex>(rng_.below(nodes_));
    out.add(base::Send{.to = Simulator::address_of(to), .bytes = std::move(bytes)});
  }
  void on_hint(base::Now /*now*/, const base::Hint& /*hint*/, base::Effects& /*out*/) {}
  [[nodiscard]] base::Instant wake_at() const { return wake_; }

 private:
  static constexpr base::Duration kPeriod = base::milliseconds(10);
  base::Rng rng_;
  std::uint32_t nodes_;
  base::Instant wake_ = base::Instant::never();
};

void measure(std::uint32_t nodes) {
  constexpr std::int64_t datagrams = 2'000'000;
  Simulator simulator({.seed = 1, .link = {.latency = faults::Constant{base::milliseconds(2)}}});
  for (std::uint32_t i = 0; i < nodes; ++i) {
    simulator.add_node({.name = "n" + std::to_string(i)},
                       [nodes](const Boot& boot) { return host<Chatter>(boot.seed, nodes); });
    simulator.start(i);
  }
  const std::clock_t begin = std::clock();
  simulator.run_for(base::milliseconds(10) * (datagrams / nodes));
  const double cpu_seconds =
      static_cast<double>(std::clock() - begin) / static_cast<double>(CLOCKS_PER_SEC);
  const auto delivered = static_cast<double>(simulator.counts().delivered);
  std::printf("%5u nodes: %.2f million datagrams delivered a second (trace %016llx)\n", nodes,
              delivered / cpu_seconds / 1e6,
              static_cast<unsigned long long>(simulator.trace_hash()));
}

}  // namespace
}  // namespace horde::sim

int main() {
  for (const std::uint32_t nodes : {5U, 100U, 1000U}) {
    horde::sim::measure(nodes);
  }
}
