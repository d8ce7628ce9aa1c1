// Measures what a member's death costs one survivor: the handling of the view change that gives it
// its share of the dead member's children. Prints a table.
#include <chrono>
#include <cstdio>
#include <memory>

#include "supervisor/supervisor.hpp"

namespace {

using namespace horde;
using namespace horde::supervisor;

base::NodeId node(int number) {
  return base::NodeId::of("n" + std::to_string(number));
}

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

// `moved` children of the member that dies, among `others` that stay where they are.
void measure(int members, std::uint64_t moved, std::uint64_t others) {
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
  const auto begun = std::chrono::steady_clock::now();
  one.on_view(now, view_of(members, members::Status::dead), out);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  std::printf("%3d members, %6llu moved, %6llu others: %8.2f ms, %zu outputs\n", members,
              static_cast<unsigned long long>(moved), static_cast<unsigned long long>(others),
              took.count(), out.list.size());
}

}  // namespace

int main() {
  measure(3, 1'000, 0);
  measure(3, 10'000, 0);
  measure(3, 10'000, 90'000);
  measure(100, 10'000, 0);
}
