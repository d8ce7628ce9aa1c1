// props_registry: random schedules of three members of a registry against the model.
//
//   props_registry --schedules N --seed S    exit code 1: a violation was found
//   props_registry --replay X                one schedule, by the number it was told
//   // Every schedule is made from a number of its own, which depends on S and its place.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "props/names/world.hpp"

namespace horde::props::names {
namespace {

struct Progress {
  std::uint64_t schedules = 0;
  std::uint64_t seed = 0;
};
Progress progress;  // For the signal handler, which has no other way to know.

// An assertion of the engine failed; it has said which. The schedule cannot be shrunk any more.
extern "C" void on_abort(int /*signal*/) {
  std::fprintf(stdout, "violation after %llu schedules: an assertion failed; --replay %llu\n",
               static_cast<unsigned long long>(progress.schedules),
               static_cast<unsigned long long>(progress.seed));
  std::fflush(stdout);
  _exit(1);
}

struct Totals {
  Tally sum;
  Tally having;  // Schedules with at least one.

  void add(const Tally& tally) {
    const auto count = [&](std::uint64_t Tally::*field) {
      sum.*field += tally.*field;
      having.*field += tally.*field > 0 ? 1U : 0U;
    };
    for (const auto& [name, field] : fields) {
      count(field);
    }
  }

  struct Field {
    const char* name;
    std::uint64_t Tally::*field;
  };
  static constexpr Field fields[] = {
      {"steps", &Tally::steps},
      {"registered", &Tally::registered},
      {"from their own child", &Tally::from_own_child},
      {"refused as taken", &Tally::taken},
      {"had to wait", &Tally::waited},
      {"values changed", &Tally::updated},
      {"names lost", &Tally::lost},
      {"to their own child", &Tally::lost_to_own_child},
      {"losers killed", &Tally::killed},
      {"members hidden", &Tally::hidden},
      {"boots", &Tally::reboots},
      {"without their disk", &Tally::disks_lost},
      {"hears it is no member", &Tally::not_listed},
      {"names decided at last", &Tally::decided},
  };
};

void print(const Totals& totals, std::uint64_t schedules) {
  std::printf("%-22s %12s %24s\n", "", "in all", "schedules that had some");
  for (const auto& [name, field] : Totals::fields) {
    std::printf("%-22s %12llu %15llu (%5.1f %%)\n", name,
                static_cast<unsigned long long>(totals.sum.*field),
                static_cast<unsigned long long>(totals.having.*field),
                100.0 * static_cast<double>(totals.having.*field) / static_cast<double>(schedules));
  }
}

int report(const Schedule& schedule, bool quiet) {
  if (quiet) {
    std::printf("violation after %llu schedules: %s; --replay %llu\n",
                static_cast<unsigned long long>(progress.schedules),
                run_schedule(schedule).failure->c_str(),
                static_cast<unsigned long long>(schedule.seed));
    return 1;
  }
  const Schedule small = shrink(schedule);
  std::printf(
      "violation after %llu schedules: the whole has %zu steps, the smallest found has %zu; "
      "--replay %llu\n%s",
      static_cast<unsigned long long>(progress.schedules), schedule.steps.size(),
      small.steps.size(), static_cast<unsigned long long>(schedule.seed), story(small).c_str());
  return 1;
}

}  // namespace

int run(std::uint64_t schedules, std::uint64_t seed, bool quiet) {
  const base::Rng seeds(seed);
  Totals totals;
  for (std::uint64_t i = 0; i < schedules; ++i) {
    progress = {i + 1, seeds.fork(i).next()};
    const Schedule schedule = make_schedule(progress.seed);
    const Verdict verdict = run_schedule(schedule);
    totals.add(verdict.tally);
    if (verdict.failure) {
      return report(schedule, quiet);
    }
  }
  print(totals, schedules);
  std::printf("%llu schedules, %llu steps, no violation\n",
              static_cast<unsigned long long>(schedules),
              static_cast<unsigned long long>(totals.sum.steps));
  return 0;
}

int replay(std::uint64_t seed) {
  progress = {1, seed};
  const Schedule schedule = make_schedule(seed);
  if (run_schedule(schedule).failure) {
    return report(schedule, false);
  }
  std::printf("%s", story(schedule).c_str());
  return 0;
}

}  // namespace horde::props::names

int main(int argc, char** argv) {
  CLI::App app{"Random schedules of a registry against the model."};
  std::uint64_t schedules = 10'000;
  std::uint64_t seed = 1;
  std::uint64_t replay = 0;
  app.add_option("--schedules", schedules, "how many")->capture_default_str();
  app.add_option("--seed", seed, "from which all are made")->capture_default_str();
  auto* one =
      app.add_option("--replay", replay, "runs and tells only the schedule with this number");
  bool quiet = false;
  app.add_flag("--quiet", quiet, "no story, no smaller schedule");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, horde::props::names::on_abort);
  return one->count() > 0 ? horde::props::names::replay(replay)
                          : horde::props::names::run(schedules, seed, quiet);
}
