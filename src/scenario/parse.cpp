#include "scenario/parse.hpp"

#include "scenario/json_text.hpp"
#include "scenario/tables.hpp"
#include "scenario/validate.hpp"

namespace horde::scenario {
namespace {

/// A file of a later version has keys that this program does not know; only its version is worth
/// a word.
bool is_of_a_future_version(const Json& json, Report& report) {
  if (!json.is_object() || !json.contains("version") || !json["version"].is_number_integer() ||
      json["version"].get<std::int64_t>() <= kScenarioVersion) {
    return false;
  }
  (At{.report = &report, .pointer = ""} / "version")
      .problem("version " + json["version"].dump() + " is newer than this program",
               "it reads version " + std::to_string(kScenarioVersion) + "; update the program");
  return true;
}

void read_scenario(std::string_view text, std::span<const Override> overrides, Report& report,
                   Scenario& scenario) {
  Json json = read_json(text, report);
  if (!report.problems.empty()) {
    return;
  }
  const At top{.report = &report, .pointer = ""};
  if (!json.is_object()) {
    return wrong_type(top, json, "an object {...}");
  }
  for (const Override& override : overrides) {
    apply_override(json, override, report);
  }
  if (is_of_a_future_version(json, report)) {
    return;
  }
  Codec<Scenario>::read(top, json, {}, scenario);
  complete_and_validate(scenario, report);
}

}  // namespace

std::string to_string(const Problem& problem) {
  std::string place = problem.file;
  if (problem.line != 0) {
    place += ':' + std::to_string(problem.line) + ':' + std::to_string(problem.column);
  } else if (!problem.pointer.empty()) {
    place += ": " + problem.pointer;
  }
  return place + ": " + problem.what + "; " + problem.right;
}

std::expected<Scenario, std::vector<Problem>> parse(std::string_view text,
                                                    const ParseOptions& options) {
  Report report;
  Scenario scenario;
  read_scenario(text, options.overrides, report, scenario);
  if (report.problems.empty()) {
    return scenario;
  }
  for (Problem& problem : report.problems) {
    problem.file = options.file;
  }
  return std::unexpected(std::move(report.problems));
}

std::string to_json(const Scenario& scenario) {
  return pretty(Codec<Scenario>::write(scenario)) + '\n';
}

std::string json_schema() {
  Json definitions = Json::object();
  const Json root = Codec<Scenario>::schema({}, definitions);
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "Horde scenario"},
                 {"$ref", root["$ref"]},
                 {"$defs", std::move(definitions)}};
  return pretty(schema) + '\n';
}

std::string to_string(const Action& action) {
  const std::string name(name_of(action));
  const Json written = Codec<Step>::write(Step{.action = action});
  const Json& arguments = written[name];
  return arguments.empty() ? name : name + ' ' + pretty(arguments, std::string::npos / 2);
}

}  // namespace horde::scenario
