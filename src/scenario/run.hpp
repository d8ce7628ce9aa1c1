// What it means to run a scenario: options in, a result out that says all that there is to say.
//
// Declared here, below the worlds, so that the commands, the shrinker and tests are written against
// it; the program that links a world provides run_scenario.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "scenario/known_metrics.hpp"
#include "scenario/parse.hpp"
#include "scenario/scenario.hpp"

namespace horde::scenario {

enum class WorldKind : std::uint8_t { sim };

struct RunOptions {
  std::optional<std::uint64_t> seed;  // Instead of the scenario's.
  WorldKind world = WorldKind::sim;
  std::string trace_file;  // Empty: no trace is recorded.
  /// Told before the first event what the seed chose, so that a run that crashes has said it.
  std::function<void(const std::vector<Setting>&)> on_drawn;
};

/// How a run ended; the values are the program's exit codes.
enum class Verdict : std::uint8_t {
  held = 0,
  failed = 1,             ///< An invariant or an expectation.
  liveness_failed = 2,    ///< It did not settle in time.
  not_deterministic = 3,  ///< Only `verify` finds out.
  bad_input = 4,
  never_seen = 5,  ///< Only sweeps demand that a `sometimes` was seen.
};
[[nodiscard]] std::string_view to_string(Verdict verdict);  // "held", "failed", ...

/// The graver of two, in this order: 4, 3, 1, 2, 5, 0.
[[nodiscard]] Verdict graver(Verdict a, Verdict b);

/// One check or expectation that did not hold.
struct Failure {
  std::string id;    // Of the check, or the step's name: "A4", "expect", "settle".
  std::string node;  // Empty if it is about no single one.
  std::string key;   // Empty if it is about no single one.
  base::Instant at;
  std::string text;
};

/// What happened when, for people.
struct TimelineLine {
  enum class Kind : std::uint8_t { step, event, failure };
  base::Instant at;
  Kind kind = Kind::step;
  std::string text;
};

/// A number, or the distribution of several.
struct Metric {
  using Unit = MetricUnit;
  struct Distribution {
    std::int64_t samples = 0;
    std::int64_t p50 = 0, p90 = 0, p99 = 0, max = 0;
  };
  std::string name;  // One of known_metrics().
  Unit unit = Unit::count;
  std::int64_t value = 0;  // The sum, or with a distribution the mean.
  std::optional<Distribution> distribution;
};

struct RunResult {
  std::uint64_t seed = 0;
  Verdict verdict = Verdict::held;
  std::vector<Setting> drawn;  // Options that the seed chose.
  std::vector<TimelineLine> timeline;
  std::vector<Failure> failures;     // In order of time.
  std::vector<std::string> checked;  // The ids that were checked, failed or not.
  std::vector<std::string> seen;     // The `sometimes` that this run showed.
  std::vector<Metric> metrics;
  base::Instant ended;
  std::uint64_t events = 0;
  std::uint64_t hash = 0;  // Rolling, over all events, payloads and effects.
};

/// Runs `scenario` to its end or its first safety failure. Errors are of the system: a trace file
/// that cannot be written, a world that this build does not have.
[[nodiscard]] std::expected<RunResult, std::string> run_scenario(const Scenario& scenario,
                                                                 const RunOptions& options);

}  // namespace horde::scenario
