// Scenario files: JSON with comments to Scenario and back, and the JSON Schema of the format.
//
// All three are driven by one table per object (name, type and unit, bounds, description; the
// default is that of the C++ member), so that they cannot drift apart. Any text at all is answered
// with a scenario or with what is wrong with it; nothing in a file can crash the program.
#pragma once

#include <expected>
#include <span>

#include "scenario/scenario.hpp"

namespace horde::scenario {

inline constexpr std::size_t kProblemsMax = 20;
inline constexpr std::size_t kFileBytesMax = 64 * 1024 * 1024;
/// Of objects and lists in one another. The format itself needs 8.
inline constexpr std::size_t kNestingMax = 32;

/// Something that is wrong with a scenario file.
struct Problem {
  std::string file;
  std::string pointer;    // JSON pointer to the value; empty: the whole file.
  std::string what;       // "unknown key \"sync_intervall\""
  std::string right;      // "did you mean \"sync_interval\"?"
  std::int64_t line = 0;  // Where the text is not JSON; else 0.
  std::int64_t column = 0;
  friend bool operator==(const Problem&, const Problem&) = default;
};

/// "FILE:LINE:COLUMN: what; right" or "FILE: /pointer: what; right".
[[nodiscard]] std::string to_string(const Problem& problem);

/// `--set horde.sync_interval=50ms`: `path` is dotted (numbers index lists); `value` is JSON, or
/// else a text as it stands.
struct Override {
  std::string path;
  std::string value;
};

struct ParseOptions {
  std::string file = "scenario";  // As named in problems.
  std::span<const Override> overrides = {};
};

/// Reads a scenario, with `overrides` applied before anything is looked at. On failure: all
/// problems found, at least one, at most kProblemsMax.
[[nodiscard]] std::expected<Scenario, std::vector<Problem>> parse(std::string_view text,
                                                                  const ParseOptions& options = {});

/// The scenario with every field written out; parses to an equal one.
[[nodiscard]] std::string to_json(const Scenario& scenario);

/// An option by its path in the file, and its value as written there.
struct Setting {
  std::string path;  // "horde.sync_interval"
  std::string value;
};

/// The options that are not at their defaults, for a summary.
[[nodiscard]] std::vector<Setting> changed_settings(const Scenario& scenario);

/// The format as JSON Schema, draft 2020-12.
[[nodiscard]] std::string json_schema();

}  // namespace horde::scenario
