#include "tools/inputs.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace horde::tools {
namespace {

void print_problem(const scenario::Problem& problem) {
  fmt::print(stderr, "{}\n", to_string(problem));
}

std::optional<std::string> read_file(const std::string& file) {
  const auto refuse = [&](std::string what) {
    print_problem(
        {.file = file, .what = std::move(what), .right = "name a scenario file that exists"});
    return std::nullopt;
  };
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return refuse("is a folder");
  }
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  if (!error && bytes > scenario::kFileBytesMax) {  // Not even read.
    return refuse("is larger than any scenario");
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream.is_open()) {
    return refuse(fmt::format("cannot be read ({})", std::strerror(errno)));
  }
  return std::move(text).str();
}

}  // namespace

void add_scenario_args(CLI::App& app, ScenarioArgs& args) {
  app.add_option("FILE", args.files, "scenario files")->required();
  app.add_option("--set", args.sets,
                 "override a value of the file: --set horde.sync_interval=50ms (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

std::optional<scenario::Scenario> load(const std::string& file,
                                       const std::vector<std::string>& sets) {
  std::vector<scenario::Override> overrides;
  for (const std::string& set : sets) {
    const std::size_t equals = set.find('=');
    if (equals == std::string::npos) {
      print_problem({.file = "--set " + set,
                     .what = "has no '='",
                     .right = "write it as --set horde.sync_interval=50ms"});
      return std::nullopt;
    }
    overrides.push_back({.path = set.substr(0, equals), .value = set.substr(equals + 1)});
  }
  const std::optional<std::string> text = read_file(file);
  if (!text) {
    return std::nullopt;
  }
  auto parsed = scenario::parse(*text, {.file = file, .overrides = overrides});
  if (!parsed) {
    for (const scenario::Problem& problem : parsed.error()) {
      print_problem(problem);
    }
    return std::nullopt;
  }
  return *std::move(parsed);
}

std::string replay_line(const std::string& file, std::uint64_t seed,
                        const std::vector<std::string>& sets) {
  std::string line = fmt::format("horde run {} --seed {}", shell_quoted(file), seed);
  for (const std::string& set : sets) {
    line += " --set " + shell_quoted(set);
  }
  return line;
}

std::string shell_quoted(const std::string& text) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+%@";
  if (!text.empty() && text.find_first_not_of(kSafe) == std::string::npos) {
    return text;
  }
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

}  // namespace horde::tools
