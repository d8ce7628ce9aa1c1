// Text to JSON, strictly: duplicate keys, deep nesting and huge files are refused, with their
// place.
//
// Internal to this folder, as fields.hpp is.
#pragma once

#include "scenario/fields.hpp"

namespace horde::scenario {

/// The JSON of `text` (comments allowed). Problems go to `report`; then the result means nothing.
[[nodiscard]] Json read_json(std::string_view text, Report& report);

/// Sets `value` at the dotted path; problems (a path through a text, an index outside a list) go to
/// `report`.
void apply_override(Json& root, const Override& override, Report& report);

/// JSON as people write it: what fits stands on one line of `columns`, the rest is broken up.
[[nodiscard]] std::string pretty(const Json& json, std::size_t columns = 100);

}  // namespace horde::scenario
