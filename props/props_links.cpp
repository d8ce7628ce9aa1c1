// props_links: random schedules of two or three nodes' reliable links against the model.
//
//   props_links --schedules N --seed S    exit code 1: a violation was found
//   props_links --replay X                one schedule, by the number it was told
//   props_links --measure                 goodput and frames for a message, in virtual time
//
// Every schedule is made from a number of its own, which depends on S and its place.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "props/links/measure.hpp"
#include "props/links/world.hpp"

namespace horde::props::links {
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
      {"frames", &Tally::frames},
      {"frames lost", &Tally::lost},
      {"frames repeated", &Tally::repeated},
      {"messages", &Tally::messages},
      {"queue full", &Tally::queue_full},
      {"waits for credit", &Tally::blocked},
      {"segments sent again", &Tally::sent_again},
      {"segments got twice", &Tally::duplicates},
      {"frames of old epochs", &Tally::stale},
      {"frames of old boots", &Tally::old_boot},
      {"frames while down", &Tally::down},
      {"ends: peer down", &Tally::peer_down},
      {"ends: newer run", &Tally::newer_run},
      {"ends: by the peer", &Tally::peer_ended},
      {"ends: gave up", &Tally::gave_up},
      {"ends: own restart", &Tally::own_restart},
      {"messages unknown", &Tally::unknown},
      {"handed over at an end", &Tally::handed_over},
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

int report(const Schedule& schedule) {
  const Schedule small = shrink(schedule);
  std::printf(
      "violation after %llu schedules: the whole has %zu steps, the smallest found has %zu; "
      "--replay %llu\n%s",
      static_cast<unsigned long long>(progress.schedules), schedule.steps.size(),
      small.steps.size(), static_cast<unsigned long long>(schedule.seed), story(small).c_str());
  return 1;
}

}  // namespace

int run(std::uint64_t schedules, std::uint64_t seed) {
  const base::Rng seeds(seed);
  Totals totals;
  for (std::uint64_t i = 0; i < schedules; ++i) {
    progress = {i + 1, seeds.fork(i).next()};
    const Schedule schedule = make_schedule(progress.seed);
    const Verdict verdict = run_schedule(schedule);
    totals.add(verdict.tally);
    if (verdict.failure) {
      return report(schedule);
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
    return report(schedule);
  }
  std::printf("%s", story(schedule).c_str());
  return 0;
}

}  // namespace horde::props::links

int main(int argc, char** argv) {
  CLI::App app{"Random schedules of reliable links against the model."};
  std::uint64_t schedules = 10'000;
  std::uint64_t seed = 1;
  std::uint64_t replay = 0;
  app.add_option("--schedules", schedules, "how many")->capture_default_str();
  app.add_option("--seed", seed, "from which all are made")->capture_default_str();
  auto* one =
      app.add_option("--replay", replay, "runs and tells only the schedule with this number");
  bool figures = false;
  app.add_flag("--measure", figures, "prints goodput and frames for a message instead");
  CLI11_PARSE(app, argc, argv);
  if (figures) {
    std::fputs(horde::props::links::measure().c_str(), stdout);
    return 0;
  }
  std::signal(SIGABRT, horde::props::links::on_abort);
  return one->count() > 0 ? horde::props::links::replay(replay)
                          : horde::props::links::run(schedules, seed);
}
