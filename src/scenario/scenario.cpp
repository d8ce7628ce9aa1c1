#include "scenario/scenario.hpp"

#include <algorithm>

#include "scenario/tables.hpp"

namespace horde::scenario {

std::vector<NodeOptions> Scenario::numbered_nodes(std::int64_t count) {
  std::vector<NodeOptions> nodes;
  for (std::int64_t i = 1; i <= count; ++i) {
    nodes.push_back({.name = "n" + std::to_string(i)});
  }
  return nodes;
}

std::vector<FaultFamily> all_fault_families() {
  std::vector<FaultFamily> families;
  for (std::size_t i = 0; i < kEnumTexts<FaultFamily>.size(); ++i) {
    families.push_back(static_cast<FaultFamily>(i));
  }
  return families;
}

std::string_view to_string(FaultFamily family) {
  return kEnumTexts<FaultFamily>[static_cast<std::size_t>(family)];
}

std::string numbered(const std::string& pattern, std::int64_t number) {
  std::string out = pattern;
  const std::size_t place = out.find(kNumberMark);
  if (place != std::string::npos) {
    out.replace(place, kNumberMark.size(), std::to_string(number));
  }
  return out;
}

bool has_children(const Scenario& scenario) {
  return !scenario.horde.static_children.empty() ||
         std::ranges::any_of(scenario.timeline, [](const Step& step) {
           return std::holds_alternative<StartChildren>(step.action);
         });
}

}  // namespace horde::scenario
