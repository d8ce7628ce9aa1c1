// What can be judged only over a whole scenario: names that must exist, times that must fit.
//
// Internal to this folder.
#pragma once

#include "scenario/fields.hpp"

namespace horde::scenario {

/// Gives names to nodes that join by number, then reports what does not fit together.
void complete_and_validate(Scenario& scenario, Report& report);

}  // namespace horde::scenario
