// `horde sweep FILE`: one scenario under many seeds, on all cores.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <thread>

#include "tools/commands.hpp"
#include "tools/inputs.hpp"
#include "tools/result_json.hpp"
#include "tools/result_text.hpp"
#include "tools/terminal.hpp"
#include "tools/workers.hpp"

namespace horde::tools {
namespace {

using Clock = std::chrono::steady_clock;
using scenario::Metric;
using scenario::RunResult;
using scenario::Scenario;
using scenario::Verdict;

constexpr std::size_t kFailingShownMax = 20;

struct SweepArgs {
  std::string file;
  std::vector<std::string> sets;
  std::string seeds;
  std::string lasts;  // "--for"
  std::size_t jobs = std::max(1U, std::thread::hardware_concurrency());
  bool json = false;
  std::string output;
};

/// Which seeds to run, and for how long new ones are begun.
struct Plan {
  std::uint64_t first = 1;
  std::uint64_t last = 100;
  std::optional<Clock::duration> lasts;
};

/// "A..B", or "A" alone.
std::optional<std::pair<std::uint64_t, std::uint64_t>> seed_range(std::string_view text) {
  const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, value);
    const bool whole = result.ec == std::errc() && result.ptr == end;
    return whole && value != std::numeric_limits<std::uint64_t>::max() ? std::optional(value)
                                                                       : std::nullopt;
  };
  const std::size_t dots = text.find("..");
  const auto first = number(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : number(text.substr(dots + 2));
  if (!first || !last || *first > *last) {
    return std::nullopt;
  }
  return std::pair(*first, *last);
}

std::optional<Plan> plan_of(const SweepArgs& args) {
  Plan plan;
  if (!args.lasts.empty()) {
    const auto lasts = scenario::from_text<base::Duration>(args.lasts);
    if (!lasts || lasts->ns <= 0) {
      fmt::print(stderr, "--for {}: not a duration; write it with its unit, as --for 60s\n",
                 args.lasts);
      return std::nullopt;
    }
    plan.lasts = std::chrono::duration_cast<Clock::duration>(std::chrono::nanoseconds(lasts->ns));
    plan.last = std::numeric_limits<std::uint64_t>::max() - 1;
  }
  if (!args.seeds.empty()) {
    const auto range = seed_range(args.seeds);
    if (!range) {
      fmt::print(stderr, "--seeds {}: not a range of seeds; write it as --seeds 1..200\n",
                 args.seeds);
      return std::nullopt;
    }
    plan.first = range->first;
    plan.last = range->second;
  }
  return plan;
}

/// Everything that the finished seeds have told.
class Findings {
 public:
  void add(RunResult result, std::string line) {
    for (const std::string& id : result.seen) {
      ++seen_[id];
    }
    for (const Metric& metric : result.metrics) {
      auto& values = values_[metric.name];
      values.first = metric.unit;
      values.second.push_back(metric.distribution ? metric.distribution->max : metric.value);
    }
    const bool held = result.verdict == Verdict::held;
    verdict_ = graver(verdict_, result.verdict);
    lines_[{held, result.seed}] = std::move(line);
    if (!held) {
      failing_[result.seed] = std::move(result);
    }
  }

  [[nodiscard]] Verdict verdict(const Scenario& scenario) const {
    return never_seen(scenario).empty() ? verdict_ : graver(verdict_, Verdict::never_seen);
  }

  [[nodiscard]] std::vector<std::string> never_seen(const Scenario& scenario) const {
    std::vector<std::string> ids;
    for (const auto& wanted : scenario.sometimes) {
      if (!seen_.contains(wanted.id)) {
        ids.push_back(wanted.id);
      }
    }
    return ids;
  }

  /// Over the seeds; of what is a distribution in each run, the worst of that run.
  [[nodiscard]] std::vector<Metric> metrics() const {
    std::vector<Metric> metrics;
    for (const auto& [name, values] : values_) {
      std::vector<std::int64_t> sorted = values.second;
      std::sort(sorted.begin(), sorted.end());
      const auto at = [&](std::size_t percent) {
        return sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
      };
      metrics.push_back({.name = name,
                         .unit = values.first,
                         .distribution = Metric::Distribution{.samples = std::ssize(sorted),
                                                              .p50 = at(50),
                                                              .p90 = at(90),
                                                              .p99 = at(99),
                                                              .max = sorted.back()}});
    }
    return metrics;
  }

  [[nodiscard]] std::size_t done() const { return lines_.size(); }
  [[nodiscard]] const std::map<std::uint64_t, RunResult>& failing() const { return failing_; }
  [[nodiscard]] const std::map<std::string, std::size_t>& seen() const { return seen_; }

  /// JSON lines, failing seeds first, by seed: the same whatever the number of jobs.
  [[nodiscard]] std::string json_lines() const {
    std::string text;
    for (const auto& [order, line] : lines_) {
      text += line + '\n';
    }
    return text;
  }

 private:
  Verdict verdict_ = Verdict::held;
  std::map<std::pair<bool, std::uint64_t>, std::string> lines_;  // By (held, seed).
  std::map<std::uint64_t, RunResult> failing_;
  std::map<std::string, std::size_t> seen_;
  std::map<std::string, std::pair<Metric::Unit, std::vector<std::int64_t>>> values_;
};

/// The result of a seed whose worker died: a failure like any other, and as easy to replay.
RunResult died(const WorkerPool::Done& done) {
  return {.seed = done.seed,
          .verdict = Verdict::failed,
          .failures = {{.id = "crash",
                        .text = fmt::format("the program died with exit code {}; what it said is "
                                            "on stderr",
                                            done.exit_code)}}};
}

std::string progress_text(const Findings& findings, const Plan& plan, Clock::duration elapsed) {
  const double seconds = std::max(0.001, std::chrono::duration<double>(elapsed).count());
  const double rate = static_cast<double>(findings.done()) / seconds;
  std::string total;
  double left = 0;
  if (plan.lasts) {
    left = std::chrono::duration<double>(*plan.lasts).count() - seconds;
  } else {
    const std::uint64_t seeds = plan.last - plan.first + 1;
    total = fmt::format("/{}", seeds);
    left = rate == 0 ? 0 : static_cast<double>(seeds - findings.done()) / rate;
  }
  return fmt::format("{}{} seeds  {:.1f}/s  {:.0f}s left  {} failing", findings.done(), total, rate,
                     std::max(0.0, left), findings.failing().size());
}

/// Runs all seeds of the plan; the error is why none can run at all.
std::expected<Findings, std::string> run_all(const SweepArgs& args, const Scenario& scenario,
                                             const Plan& plan) {
  WorkerPool pool(args.jobs, [&](std::uint64_t seed) {
    const auto result = run_scenario(scenario, {.seed = seed});
    return result ? to_json_line(args.file, *result, Detail::summary) : "error " + result.error();
  });
  Findings findings;
  ProgressLine progress;
  const auto begin = Clock::now();
  std::uint64_t next = plan.first;
  while (true) {
    const bool more = next <= plan.last && (!plan.lasts || Clock::now() - begin < *plan.lasts);
    if (more && pool.has_idle()) {
      pool.give(next++);
      continue;
    }
    if (!pool.has_busy()) {
      return findings;
    }
    for (const WorkerPool::Done& done : pool.wait(std::chrono::milliseconds(200))) {
      if (done.line && done.line->starts_with("error ")) {
        return std::unexpected(done.line->substr(6));
      }
      auto result = done.line ? from_json_line(*done.line) : std::nullopt;
      if (result) {
        findings.add(*std::move(result), *done.line);
      } else {
        RunResult dead = died(done);
        std::string line = to_json_line(args.file, dead, Detail::summary);
        findings.add(std::move(dead), std::move(line));
      }
    }
    progress.show(progress_text(findings, plan, Clock::now() - begin));
  }
}

void print_failing(const SweepArgs& args, const Findings& findings) {
  fmt::print("{} {} of {} seeds\n", styled(Style::bad, "FAILED"), findings.failing().size(),
             findings.done());
  std::size_t shown = 0;
  for (const auto& [seed, result] : findings.failing()) {
    if (shown++ == kFailingShownMax) {
      fmt::print("  and {} more; --json or -o has them all\n",
                 findings.failing().size() - kFailingShownMax);
      return;
    }
    const std::string first = result.failures.empty() ? std::string(to_string(result.verdict))
                                                      : result.failures.front().id + " " +
                                                            failure_text(result.failures.front());
    fmt::print("  seed {}  {}\n          replay: {}\n", seed, first,
               replay_line(args.file, seed, args.sets));
  }
}

void print_findings(const SweepArgs& args, const Scenario& scenario, const Findings& findings,
                    Clock::duration elapsed) {
  if (!findings.failing().empty()) {
    print_failing(args, findings);
  }
  for (const auto& [id, runs] : findings.seen()) {
    fmt::print("{} {}: in {} of {} runs\n", styled(Style::good, "seen"), id, runs, findings.done());
  }
  for (const std::string& id : findings.never_seen(scenario)) {
    fmt::print("{} {}: {}\n", styled(Style::bad, "NEVER SEEN"), id, scenario::what_check_says(id));
  }
  const std::string metrics = metrics_table(findings.metrics());
  if (!metrics.empty()) {
    fmt::print("\n{}\n{}\n", styled(Style::bold, "metrics over seeds (the worst of each run)"),
               metrics);
  }
  const double seconds = std::max(0.001, std::chrono::duration<double>(elapsed).count());
  const Verdict verdict = findings.verdict(scenario);
  const std::string word = verdict == Verdict::held         ? styled(Style::good, "HELD")
                           : verdict == Verdict::never_seen ? styled(Style::bad, "NEVER SEEN")
                                                            : styled(Style::bad, "FAILED");
  fmt::print("{}  {} seeds in {:.1f}s ({:.1f}/s, {} jobs): {} held, {} failed\n", word,
             findings.done(), seconds, static_cast<double>(findings.done()) / seconds, args.jobs,
             findings.done() - findings.failing().size(), findings.failing().size());
}

Verdict sweep(const SweepArgs& args) {
  const auto scenario = load(args.file, args.sets);
  const auto plan = plan_of(args);
  if (!scenario || !plan) {
    return Verdict::bad_input;
  }
  std::ofstream output;
  if (!args.output.empty()) {
    output.open(args.output);  // Before the work: an hour later it would be too late to say no.
    if (!output) {
      fmt::print(stderr, "-o {}: cannot be written; name a file in a folder that exists\n",
                 args.output);
      return Verdict::bad_input;
    }
  }
  const auto begin = Clock::now();
  const auto findings = run_all(args, *scenario, *plan);
  if (!findings) {
    fmt::print(stderr, "{}: {}\n", args.file, findings.error());
    return Verdict::bad_input;
  }
  if (args.json) {
    fmt::print("{}", findings->json_lines());
  } else {
    print_findings(args, *scenario, *findings, Clock::now() - begin);
  }
  if (output.is_open() && !(output << findings->json_lines() << std::flush)) {
    fmt::print(stderr, "-o {}: could not be written in full; is the disk full?\n", args.output);
    return Verdict::bad_input;
  }
  return findings->verdict(*scenario);
}

}  // namespace

Action add_sweep_command(CLI::App& app) {
  app.description("run one scenario under many seeds, on all cores");
  auto args = std::make_shared<SweepArgs>();
  app.add_option("FILE", args->file, "a scenario file")->required();
  app.add_option("--set", args->sets, "override a value of the file (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--seeds", args->seeds, "which seeds; 1..100 if not given")->type_name("A..B");
  app.add_option("--for", args->lasts, "begin new seeds for so long, as 60s")
      ->type_name("DURATION");
  app.add_option("--jobs", args->jobs, "worker processes; one for each core if not given")
      ->check(CLI::Range(1, 1'024));
  app.add_flag("--json", args->json, "one JSON object a line for each seed, failing ones first");
  app.add_option("-o,--output", args->output, "write these lines there")->type_name("FILE");
  return [args] { return static_cast<int>(sweep(*args)); };
}

}  // namespace horde::tools
