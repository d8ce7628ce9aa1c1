// Measures the table of a registry with 100,000 names: reads, which must allocate nothing, changes,
// a member that goes and comes back, and what a name takes of memory. docs/registry.md has the
// figures.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>
#include <vector>

#include "registry/table.hpp"

namespace {

// What is allocated now, and how often anything was; one thread.
std::size_t allocated_bytes = 0;
std::size_t allocations = 0;

constexpr std::size_t kHead = 16;  // Before each block: its size. Keeps the alignment.

}  // namespace

void* operator new(std::size_t size) {
  auto* const block = static_cast<char*>(std::malloc(size + kHead));
  if (block == nullptr) {
    std::abort();
  }
  *reinterpret_cast<std::size_t*>(block) = size;
  allocated_bytes += size;
  ++allocations;
  return block + kHead;
}
void operator delete(void* pointer) noexcept {
  if (pointer != nullptr) {
    char* const block = static_cast<char*>(pointer) - kHead;
    allocated_bytes -= *reinterpret_cast<std::size_t*>(block);
    std::free(block);
  }
}
void operator delete(void* pointer, std::size_t /*size*/) noexcept {
  operator delete(pointer);
}

namespace {

using namespace horde;
using namespace horde::registry;

constexpr std::uint64_t kNames = 100'000;
const base::RunId kHere{base::NodeId::of("n1"), 1};
const base::RunId kThere{base::NodeId::of("n2"), 1};

/// Of this thread, in ns: others that use the machine do not count.
double cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

void report(const char* what, double begun, std::size_t allocations_before, std::uint64_t count) {
  const auto per = static_cast<double>(count);
  std::printf("%-44s %9.1f ns %8.2f allocations\n", what, (cpu_time() - begun) / per,
              static_cast<double>(allocations - allocations_before) / per);
}

template <class What>
void measure(const char* what, std::uint64_t count, What&& run) {
  const std::size_t before = allocations;
  const double begun = cpu_time();
  run();
  report(what, begun, before, count);
}

std::vector<base::Bytes> some_keys() {
  std::vector<base::Bytes> keys;
  for (std::uint64_t i = 0; i < kNames; ++i) {
    // All different, of 15 bytes: longer ones are one block of memory more.
    keys.push_back("server-" + std::to_string(10'000'000 + i * 7'919 % 90'000'000));
  }
  return keys;
}

void forget(Table& table) {
  (void)table.take_shifts();
  (void)table.take_touched();
  (void)table.take_contested();
}

Rank rank_of(std::uint64_t number) {
  return {.birth_ns = number + 1, .id = {1, number}};
}

/// All names held by `processes` processes, every other one on another node.
void fill(Table& table, const std::vector<base::Bytes>& keys, std::uint64_t processes) {
  for (std::uint64_t i = 0; i < keys.size(); ++i) {
    const base::RunId& run = processes == 1 || i % 2 == 0 ? kHere : kThere;
    table.put({keys[i], run}, 1 + i % processes, rank_of(i), {}, Cause::registered);
    if (i % 100 == 0) {
      forget(table);  // Its owner takes them after each input.
    }
  }
}

void measure_reads(const Table& table, const std::vector<base::Bytes>& keys) {
  constexpr int kRounds = 10;
  std::uint64_t found = 0;
  for (const std::size_t odd : {0U, 1U}) {
    measure(odd == 0 ? "lookup, holder here" : "lookup, holder on another node",
            kRounds * kNames / 2, [&] {
              for (int round = 0; round < kRounds; ++round) {
                for (std::size_t i = odd; i < keys.size(); i += 2) {
                  found += table.lookup(keys[i])->pid.serial;
                }
              }
            });
  }
  const base::Bytes nobody = "nobody has this name";
  measure("lookup, no holder", kRounds * kNames, [&] {
    for (std::uint64_t i = 0; i < kRounds * kNames; ++i) {
      found += table.lookup(nobody) == nullptr ? 1 : 0;
    }
  });
  std::printf("(%llu)\n", static_cast<unsigned long long>(found));
}

void measure_changes(const std::vector<base::Bytes>& keys, std::uint64_t processes) {
  std::printf("held by %llu processes\n", static_cast<unsigned long long>(processes));
  const std::size_t bytes_before = allocated_bytes;
  Table table(Keys::unique);
  table.set_present({kHere, kThere}, {kHere.node, kThere.node});
  measure("  register", kNames, [&] { fill(table, keys, processes); });
  forget(table);
  std::printf("  %.1f bytes a name, beside key and value\n",
              static_cast<double>(allocated_bytes - bytes_before) / kNames);
  measure_reads(table, keys);
  measure("  keys of the first process, each", table.keys({kHere, 1}).size(), [&] {
    (void)table.keys({kHere, 1});
  });
  measure("  visit, each", kNames, [&] {
    std::size_t size = 0;
    table.visit([&](const process::NameEntry& entry) { size += entry.key.size(); });
  });
  if (processes > 1) {
    measure("  a member is gone, each of its names", kNames / 2, [&] {
      table.set_present({kHere}, {kHere.node, kThere.node});
      forget(table);
    });
    measure("  it is back, each of its names", kNames / 2, [&] {
      table.set_present({kHere, kThere}, {kHere.node, kThere.node});
      forget(table);
    });
  }
  measure("  unregister", kNames, [&] {
    for (std::uint64_t i = 0; i < keys.size(); ++i) {
      const base::RunId& run = processes == 1 || i % 2 == 0 ? kHere : kThere;
      (void)table.erase({keys[i], run}, Cause::unregistered);
    }
  });
}

}  // namespace

int main() {
  const std::vector<base::Bytes> keys = some_keys();
  measure_changes(keys, kNames);
  measure_changes(keys, 1);
  return 0;
}
