// `horde verify FILE...`: runs each scenario twice, in two processes, and compares every event.
//
// Two processes, because addresses, and with them every order that depends on a pointer, differ
// between processes. With --against the second one is another build, which notices far more:
// another standard library iterates, hashes and sorts equal keys in another order.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "sim/core/trace_file.hpp"
#include "tools/commands.hpp"
#include "tools/inputs.hpp"
#include "tools/process.hpp"
#include "tools/result_json.hpp"
#include "tools/terminal.hpp"

namespace horde::tools {
namespace {

using scenario::RunResult;
using scenario::Verdict;

struct VerifyArgs {
  ScenarioArgs scenarios;
  std::optional<std::uint64_t> seed;
  std::string against;
};

/// The two programs that are compared.
using Programs = std::array<std::string, 2>;

std::vector<std::string> command(const std::string& program, const std::string& file,
                                 const VerifyArgs& args) {
  std::vector<std::string> words{program, "run", file, "--json", "--hash"};
  if (args.seed) {
    words.insert(words.end(), {"--seed", std::to_string(*args.seed)});
  }
  for (const std::string& set : args.scenarios.sets) {
    words.insert(words.end(), {"--set", set});
  }
  return words;
}

/// Runs both at the same time, each with `extra` words of its own.
std::expected<std::array<RunResult, 2>, std::string> run_both(
    const Programs& programs, const std::string& file, const VerifyArgs& args,
    const std::array<std::vector<std::string>, 2>& extra) {
  std::array<Child, 2> children;
  std::string problem;
  for (std::size_t i = 0; i < 2; ++i) {
    std::vector<std::string> words = command(programs[i], file, args);
    words.insert(words.end(), extra[i].begin(), extra[i].end());
    const auto child = start(words);
    if (!child) {
      problem = fmt::format("cannot start {}: {}", programs[i], child.error());
      break;
    }
    children[i] = *child;
  }
  std::array<RunResult, 2> results;
  for (std::size_t i = 0; i < 2 && children[i].pid > 0; ++i) {
    const Ended ended = finish(children[i]);
    const auto result = from_json_line(ended.output);
    if (result) {
      results[i] = *result;
    } else if (problem.empty()) {
      problem = fmt::format("{} gave no result (exit code {})", programs[i], ended.exit_code);
    }
  }
  if (!problem.empty()) {
    return std::unexpected(problem);
  }
  return results;
}

/// A folder for two traces, removed in the end.
class TraceFolder {
 public:
  TraceFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "horde-verify-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) {
      path_ = name;
    }
  }
  ~TraceFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TraceFolder(const TraceFolder&) = delete;
  TraceFolder& operator=(const TraceFolder&) = delete;

  [[nodiscard]] bool exists() const { return !path_.empty(); }
  [[nodiscard]] std::string file(std::size_t index) const {
    return path_ / fmt::format("{}.jsonl", index);
  }

 private:
  std::filesystem::path path_;
};

/// The events of a file; each is shown to `printer`, which learns the nodes' names from them.
sim::TraceSource source_of(sim::TraceReader& reader, sim::TracePrinter& printer) {
  return [&]() -> std::optional<sim::TraceEvent> {
    auto event = reader.next();
    if (!event || !*event) {
      return std::nullopt;
    }
    if ((*event)->kind == sim::TraceKind::node) {
      static_cast<void>(printer.print(**event));
    }
    return *event;
  };
}

void print_difference(const Programs& programs, const sim::TraceDifference& difference,
                      sim::TracePrinter& printer) {
  fmt::print("  the runs part at event {}; the {} before it:\n", difference.index,
             difference.before.size());
  for (const sim::TraceEvent& event : difference.before) {
    fmt::print("      {}\n", printer.print(event));
  }
  const auto side = [&](const std::string& program, const std::optional<sim::TraceEvent>& event) {
    fmt::print("  {}  {}\n      {}\n", styled(Style::bad, ">"), program,
               event ? printer.print(*event) : "(its run has ended)");
  };
  side(programs[0], difference.left);
  side(programs[1], difference.right);
}

/// Runs both again, now recording, and prints where they part.
void explain(const Programs& programs, const std::string& file, const VerifyArgs& args) {
  const TraceFolder folder;
  if (!folder.exists()) {
    fmt::print(stderr, "verify: no temporary folder for the traces; set TMPDIR to one\n");
    return;
  }
  const auto again =
      run_both(programs, file, args, {{{"--trace", folder.file(0)}, {"--trace", folder.file(1)}}});
  if (!again) {
    fmt::print(stderr, "verify: {}\n", again.error());
    return;
  }
  auto left = sim::TraceReader::open(folder.file(0));
  auto right = sim::TraceReader::open(folder.file(1));
  if (!left || !right) {
    fmt::print(stderr, "verify: {}\n", !left ? left.error().what : right.error().what);
    return;
  }
  sim::TracePrinter printer;
  sim::TracePrinter other;
  const auto difference = first_difference(source_of(*left, printer), source_of(*right, other));
  if (difference) {
    print_difference(programs, *difference, printer);
  } else {
    fmt::print(
        "  recorded once more, the two runs were equal: what differs is rare; run it again\n");
  }
}

Verdict verify_file(const Programs& programs, const std::string& file, const VerifyArgs& args) {
  if (!load(file, args.scenarios.sets)) {
    return Verdict::bad_input;
  }
  const auto results = run_both(programs, file, args, {});
  if (!results) {
    fmt::print(stderr, "{}: {}\n", file, results.error());
    return Verdict::bad_input;
  }
  const auto& [left, right] = *results;
  if (left.hash == right.hash && left.events == right.events && left.verdict == right.verdict) {
    fmt::print("{}  {}  seed {}, {} events, hash {:016x}\n", styled(Style::good, "deterministic"),
               file, left.seed, grouped(static_cast<std::int64_t>(left.events)), left.hash);
    return Verdict::held;
  }
  fmt::print("{}  {}  seed {}: hash {:016x} and {:016x}\n", styled(Style::bad, "NOT DETERMINISTIC"),
             file, left.seed, left.hash, right.hash);
  explain(programs, file, args);
  std::vector<std::string> words{"horde", "verify", shell_quoted(file), "--seed",
                                 std::to_string(left.seed)};
  if (!args.against.empty()) {
    words.insert(words.end(), {"--against", shell_quoted(args.against)});
  }
  for (const std::string& set : args.scenarios.sets) {
    words.insert(words.end(), {"--set", shell_quoted(set)});
  }
  fmt::print("replay: {}\n", fmt::join(words, " "));
  return Verdict::not_deterministic;
}

}  // namespace

Action add_verify_command(CLI::App& app) {
  app.description("run scenarios twice and compare every event");
  auto args = std::make_shared<VerifyArgs>();
  add_scenario_args(app, args->scenarios);
  app.add_option("--seed", args->seed, "instead of the scenario's");
  app.add_option("--against", args->against, "another build of this program, for the second run")
      ->type_name("PROGRAM");
  return [args] {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const std::string own = error ? "horde" : self.string();
    const Programs programs{own, args->against.empty() ? own : args->against};
    auto verdict = Verdict::held;
    for (const std::string& file : args->scenarios.files) {
      verdict = graver(verdict, verify_file(programs, file, *args));
      std::fflush(stdout);
    }
    return static_cast<int>(verdict);
  };
}

}  // namespace horde::tools
