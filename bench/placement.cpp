// Measures the two hash schemes: balance, cost, and what moves when a member goes.
// Prints a table; docs/placement.md has the figures and what follows from them.
#include "supervisor/placement.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/hash.hpp"

namespace {

using namespace horde;
using supervisor::HashScheme;

std::vector<members::Member> cluster(int count) {
  std::vector<members::Member> out;
  for (int i = 0; i < count; ++i) {
    const std::string name = "n" + std::to_string(1000 + i);
    out.push_back({name, base::NodeId::of(name), members::Status::alive});
  }
  return out;
}

constexpr std::uint64_t kChildren = 100'000;

std::vector<base::NodeId> places(const supervisor::Strategy& strategy,
                                 const std::vector<members::Member>& members) {
  const supervisor::ChildSpec spec;
  std::vector<base::NodeId> out;
  out.reserve(kChildren);
  for (std::uint64_t child = 0; child < kChildren; ++child) {
    out.push_back(strategy.choose({{base::mix64(child), child}, spec}, members).value());
  }
  return out;
}

void measure(const char* name, HashScheme scheme, int count) {
  const supervisor::Uniform strategy(scheme);
  std::vector<members::Member> members = cluster(count);
  const std::vector<base::NodeId> before = places(strategy, members);
  const auto begun = std::chrono::steady_clock::now();
  (void)places(strategy, members);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;

  std::map<base::NodeId, double> shares;
  for (const base::NodeId node : before) {
    ++shares[node];
  }
  const double mean = static_cast<double>(kChildren) / count;
  double most = 0;
  double squares = 0;
  for (const auto& [node, share] : shares) {
    most = std::max(most, share);
    squares += (share - mean) * (share - mean);
  }
  // A middle one goes; what moves beyond its own children moves without need.
  const base::NodeId gone = members[static_cast<std::size_t>(count) / 2].id;
  members[static_cast<std::size_t>(count) / 2].status = members::Status::dead;
  const auto changed = std::chrono::steady_clock::now();
  const supervisor::ChildSpec spec;
  (void)strategy.choose({{1, 2}, spec}, members);
  const std::chrono::duration<double, std::micro> first =
      std::chrono::steady_clock::now() - changed;
  const std::vector<base::NodeId> after = places(strategy, members);
  std::uint64_t needed = 0;
  std::uint64_t without_need = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    needed += before[i] == gone ? 1 : 0;
    without_need += before[i] != gone && before[i] != after[i] ? 1 : 0;
  }
  std::printf(
      "%-10s %4d  max/mean %.3f  stddev/mean %.3f  %7.1f ns a lookup  %8.1f us first after a "
      "change  moved %5.2f %%, without need %llu\n",
      name, count, most / mean, std::sqrt(squares / count) / mean, took.count() / kChildren,
      first.count(), 100.0 * static_cast<double>(needed) / kChildren,
      static_cast<unsigned long long>(without_need));
}

}  // namespace

int main() {
  for (const int count : {3, 10, 100, 1000}) {
    measure("rendezvous", HashScheme::rendezvous, count);
    measure("ring", HashScheme::ring, count);
  }
}
