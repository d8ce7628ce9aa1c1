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

std::vector<std::string> numbered(std::vector<std::string> patterns, std::int64_t number) {
  for (std::string& pattern : patterns) {
    pattern = numbered(pattern, number);
  }
  return patterns;
}

bool has_children(const Scenario& scenario) {
  return !scenario.horde.static_children.empty() ||
         std::ranges::any_of(scenario.timeline, [](const Step& step) {
           return std::holds_alternative<StartChildren>(step.action);
         });
}

namespace {

constexpr std::string_view kNamedType = "named";

struct TakesNames {
  bool operator()(const StartChildren& start) const { return start.type == kNamedType; }
  bool operator()(const StartProcesses& start) const {
    return start.under || start.type == kNamedType;
  }
  bool operator()(const SetMembers& set) const { return set.horde == WhichHorde::registry; }
  template <class Step>
  bool operator()(const Step&) const {
    return is_one_of<Step, RegisterNames, UnregisterNames, UnregisterMatch, UpdateValues, PutMeta,
                     DeleteMeta, GetMeta, SendToNames, CallNames, Barrier, StopRegistry, Lookup,
                     SelectNames>;
  }
  template <class T, class... Ts>
  static constexpr bool is_one_of = (std::is_same_v<T, Ts> || ...);
};

}  // namespace

bool has_registry(const Scenario& scenario) {
  return scenario.horde.registry ||
         std::ranges::find(scenario.horde.static_children, kNamedType, &StaticChild::type) !=
             scenario.horde.static_children.end() ||
         std::ranges::any_of(scenario.timeline, [](const Step& step) {
           return std::visit(TakesNames{}, step.action);
         });
}

std::vector<std::string> arguments_of(std::string_view type, std::vector<std::string> args,
                                      const std::string& name) {
  const bool says = std::ranges::any_of(
      args, [](const std::string& argument) { return argument.starts_with(kNameArgument); });
  if (type == kNamedType && !says) {
    args.push_back(std::string(kNameArgument) + name);
  }
  return args;
}

}  // namespace horde::scenario
