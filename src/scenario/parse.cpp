#include "scenario/parse.hpp"

#include "scenario/json_text.hpp"
#include "scenario/tables.hpp"
#include "scenario/validate.hpp"

namespace horde::scenario {
namespace {

constexpr std::size_t kOneLine = std::numeric_limits<std::size_t>::max() / 2;

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

std::vector<Setting> changed_settings(const Scenario& scenario) {
  static const Json defaults = Codec<Scenario>::write(Scenario{});
  std::vector<Setting> settings;
  const auto add = [&](const std::string& name, const Json& value, const Json& default_value) {
    if (value != default_value) {
      settings.push_back(
          {name, value.is_string() ? value.get<std::string>() : pretty(value, kOneLine)});
    }
  };
  const Json written = Codec<Scenario>::write(scenario);
  for (const std::string part : {"horde", "network", "swarm"}) {
    for (const auto& [key, value] : written[part].items()) {
      add(part + '.' + key, value, defaults[part].value(key, Json()));
    }
  }
  for (const std::string key : {"protocol", "formed", "duration", "settle"}) {
    add(key, written.value(key, Json()), defaults.value(key, Json()));
  }
  return settings;
}

std::string to_string(const Action& action) {
  const std::string name(name_of(action));
  const auto arguments_of = [&](const Action& each) {
    return Codec<Step>::write(Step{.action = each})[name];
  };
  Json arguments = arguments_of(action);
  if (arguments.is_object()) {  // What is at its default only makes the line longer.
    const Json defaults =
        arguments_of(std::visit([]<class A>(const A&) -> Action { return A{}; }, action));
    for (const auto& [key, value] : defaults.items()) {
      if (arguments.contains(key) && arguments[key] == value) {
        arguments.erase(key);
      }
    }
  }
  return arguments.empty() ? name : name + ' ' + pretty(arguments, kOneLine);
}

}  // namespace horde::scenario
