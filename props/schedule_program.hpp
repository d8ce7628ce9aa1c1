// The command line of a suite of random schedules, and what such suites have in common.
//
//   --schedules N --seed S    exit code 1: a violation was found, and made small
//   --replay X                one schedule, by the number it was told
//
// Every schedule is made from a number of its own, which depends on S and its place.
#pragma once

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/rng.hpp"

namespace horde::props {

/// One suite. Its verdicts have a `failure`, if there is one, and a `tally` of what happened.
template <class Schedule, class Verdict, class Tally>
struct Suite {
  struct Field {
    const char* name;
    std::uint64_t Tally::*field;
  };
  const char* about;
  std::vector<Field> fields;  ///< To be printed; `steps` is one of them.
  Schedule (*make)(std::uint64_t seed);
  Verdict (*run)(const Schedule& schedule, std::string* trace);
  Schedule (*shrink)(Schedule schedule);
  std::string (*story)(const Schedule& schedule);
};

/// For the signal handler, which has no other way to know.
struct Progress {
  std::uint64_t schedules = 0;
  std::uint64_t seed = 0;
};
inline Progress progress;

// An assertion of the engine failed; it has said which. The schedule cannot be shrunk any more.
extern "C" inline void on_schedule_abort(int /*signal*/) {
  std::fprintf(stdout, "violation after %llu schedules: an assertion failed; --replay %llu\n",
               static_cast<unsigned long long>(progress.schedules),
               static_cast<unsigned long long>(progress.seed));
  std::fflush(stdout);
  _exit(1);
}

template <class Schedule, class Verdict, class Tally>
class ScheduleProgram {
 public:
  using Of = Suite<Schedule, Verdict, Tally>;
  explicit ScheduleProgram(Of suite) : suite_(std::move(suite)), app_(suite_.about) {
    app_.add_option("--schedules", schedules_, "how many")->capture_default_str();
    app_.add_option("--seed", seed_, "from which all are made")->capture_default_str();
    one_ = app_.add_option("--replay", replay_, "runs and tells only the schedule of this number");
  }

  /// To add options to.
  [[nodiscard]] CLI::App& app() { return app_; }
  /// What the options ask for, once they are parsed; the exit code.
  [[nodiscard]] int run() {
    std::signal(SIGABRT, on_schedule_abort);
    return one_->count() > 0 ? replay() : run_all();
  }

 private:
  int run_all() {
    const base::Rng seeds(seed_);
    for (std::uint64_t i = 0; i < schedules_; ++i) {
      progress = {i + 1, seeds.fork(i).next()};
      const Schedule schedule = suite_.make(progress.seed);
      const Verdict verdict = suite_.run(schedule, nullptr);
      for (const auto& [name, field] : suite_.fields) {
        sum_.*field += verdict.tally.*field;
        having_.*field += verdict.tally.*field > 0 ? 1U : 0U;
      }
      if (verdict.failure) {
        return report(schedule);
      }
    }
    print();
    return 0;
  }

  int replay() {
    progress = {1, replay_};
    const Schedule schedule = suite_.make(replay_);
    if (suite_.run(schedule, nullptr).failure) {
      return report(schedule);
    }
    std::printf("%s", suite_.story(schedule).c_str());
    return 0;
  }

  int report(const Schedule& schedule) {
    const Schedule small = suite_.shrink(schedule);
    std::printf(
        "violation after %llu schedules: the whole has %zu steps, the smallest found has %zu; "
        "--replay %llu\n%s",
        static_cast<unsigned long long>(progress.schedules), schedule.steps.size(),
        small.steps.size(), static_cast<unsigned long long>(schedule.seed),
        suite_.story(small).c_str());
    return 1;
  }

  void print() const {
    std::printf("%-22s %12s %24s\n", "", "in all", "schedules that had some");
    for (const auto& [name, field] : suite_.fields) {
      std::printf("%-22s %12llu %15llu (%5.1f %%)\n", name,
                  static_cast<unsigned long long>(sum_.*field),
                  static_cast<unsigned long long>(having_.*field),
                  100.0 * static_cast<double>(having_.*field) / static_cast<double>(schedules_));
    }
    std::printf("%llu schedules, %llu steps, no violation\n",
                static_cast<unsigned long long>(schedules_),
                static_cast<unsigned long long>(sum_.steps));
  }

  Of suite_;
  CLI::App app_;
  CLI::Option* one_ = nullptr;
  std::uint64_t schedules_ = 10'000;
  std::uint64_t seed_ = 1;
  std::uint64_t replay_ = 0;
  Tally sum_;
  Tally having_;  // Schedules with at least one.
};

}  // namespace horde::props
