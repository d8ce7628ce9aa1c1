// Seeks a schedule that breaks what supervisors promise: props_supervisor [--schedules N] [--seed
// S]. Exit code 0: none found. 1: found; its story is printed, and --schedules 1 --seed X shows it
// again.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "props/supervisor/schedule.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Random histories of a cluster of supervisors against its promises"};
  std::uint64_t schedules = 1'000;
  std::uint64_t seed = 1;
  bool quiet = false;
  app.add_option("--schedules", schedules, "How many")->capture_default_str();
  app.add_option("--seed", seed, "Of the first one; the others follow")->capture_default_str();
  app.add_flag("--quiet", quiet, "No story");
  CLI11_PARSE(app, argc, argv);
  std::map<std::string, std::uint64_t> seen;
  for (std::uint64_t i = 0; i < schedules; ++i) {
    const auto result = horde::props::run_supervisor_schedule(seed + i);
    for (const auto& [topic, count] : result.seen) {
      seen[topic] += count;
    }
    if (!result.violation.empty()) {
      for (const std::string& line : result.story) {
        if (!quiet) {
          std::printf("%s\n", line.c_str());
        }
      }
      std::printf("violation after %llu schedules, seed %llu: %s\n",
                  static_cast<unsigned long long>(i + 1), static_cast<unsigned long long>(seed + i),
                  result.violation.c_str());
      return 1;
    }
  }
  for (const auto& [topic, count] : seen) {
    std::printf("%s: %llu\n", topic.c_str(), static_cast<unsigned long long>(count));
  }
  std::printf("no violation in %llu schedules\n", static_cast<unsigned long long>(schedules));
  return 0;
}
