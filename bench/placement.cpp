// Measures the two hash schemes: balance, cost, and what moves when a member goes.
// Prints a table; docs/placement.md has the figures and what follows from them.
#include "supervisor/placement.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "base/hash.hpp"

namespace {

using namespace horde;
using supervisor::HashScheme;

/// Of this thread, in ns: others that use the machine do not count.
double cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

std::vector<members::Member> cluster(int count) {
  std::vector<members::Member> out;
  for (int i = 0; i < count; ++i) {
    const std::string name = "n" + std::to_string(1000 + i);
    out.push_back({name, base::NodeId::of(name), members::Status::alive});
  }
  return out;
}

std::vector<base::NodeId> places(const supervisor::Strategy& strategy,
                                 const std::vector<members::Member>& members,
                                 std::uint64_t children) {
  const supervisor::ChildSpec spec;
  const auto table = strategy.table(members);
  std::vector<base::NodeId> out;
  out.reserve(children);
  for (std::uint64_t child = 0; child < children; ++child) {
    out.push_back(table->choose({{base::mix64(child), child}, spec}).value());
  }
  return out;
}

void measure(const char* name, HashScheme scheme, int count, std::uint64_t children) {
  const supervisor::Uniform strategy(scheme);
  std::vector<members::Member> members = cluster(count);
  const std::vector<base::NodeId> before = places(strategy, members, children);
  const double begun = cpu_time();
  (void)places(strategy, members, children);
  const double took = cpu_time() - begun;

  std::map<base::NodeId, double> shares;
  for (const base::NodeId node : before) {
    ++shares[node];
  }
  const double mean = static_cast<double>(children) / count;
  double most = 0;
  double squares = 0;
  for (const auto& [node, share] : shares) {
    most = std::max(most, share);
    squares += (share - mean) * (share - mean);
  }
  // A middle one goes; what moves beyond its own children moves without need.
  const base::NodeId gone = members[static_cast<std::size_t>(count) / 2].id;
  members[static_cast<std::size_t>(count) / 2].status = members::Status::dead;
  const double changed = cpu_time();
  const supervisor::ChildSpec spec;
  (void)strategy.table(members)->choose({{1, 2}, spec});
  const double first = cpu_time() - changed;
  const std::vector<base::NodeId> after = places(strategy, members, children);
  std::uint64_t needed = 0;
  std::uint64_t without_need = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    needed += before[i] == gone ? 1 : 0;
    without_need += before[i] != gone && before[i] != after[i] ? 1 : 0;
  }
  std::printf(
      "%-10s %4d members %7llu children  max/mean %.3f  stddev/mean %.3f  %7.1f ns a lookup  %8.1f "
      "us first after a "
      "change  moved %5.2f %%, without need %llu\n",
      name, count, static_cast<unsigned long long>(children), most / mean,
      std::sqrt(squares / count) / mean, took / static_cast<double>(children), first / 1e3,
      100.0 * static_cast<double>(needed) / static_cast<double>(children),
      static_cast<unsigned long long>(without_need));
}

}  // namespace

int main() {
  for (const int count : {3, 10, 100, 1000}) {
    for (const std::uint64_t children : {100'000U, 1'000'000U}) {
      measure("rendezvous", HashScheme::rendezvous, count, children);
      measure("ring", HashScheme::ring, count, children);
    }
  }
}
