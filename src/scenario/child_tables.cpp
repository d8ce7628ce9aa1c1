// The tables of the steps and options about children.
#include <algorithm>
#include <array>

#include "scenario/tables.hpp"
#include "wire/limits.hpp"

namespace horde::scenario {
namespace {

constexpr Rule kCount{.min = 1, .max = 1'000'000, .required = true};
constexpr Rule kFirst{.max = 10'000'000};
constexpr Rule kChildName{.min = 1, .max = 200};
constexpr Rule kType{.min = 1, .max = wire::kProcessNameBytesMax};
constexpr std::string_view kChildNameDoc = "What steps call the children; {i} counts from `first`.";

}  // namespace

void check_process_type(const At& at, std::string_view type) {
  constexpr std::array<std::string_view, 8> types{"echo",  "counter",  "sleeper",   "crasher",
                                                  "named", "stubborn", "slow_init", "flaky_init"};
  if (std::ranges::find(types, type) == types.end()) {
    at.problem("is \"" + std::string(type) + "\", which is no process type",
               "write one of echo, counter, sleeper, crasher, named, stubborn, slow_init, "
               "flaky_init");
  }
}

template <>
const Table<StartChildren>& table_of() {
  using T = StartChildren;
  static const Table<T> table{
      .name = "start_children",
      .doc = "Starts children under the distributed supervisor, one call each.",
      .fields = {field<&T::count>("count", "How many.", kCount),
                 field<&T::first>("first", "The first {i}.", kFirst),
                 field<&T::name>("name", kChildNameDoc, kChildName),
                 field<&T::type>("type", kTypeDoc, kType),
                 field<&T::args>("args", "The arguments of the type, as key=value; {i} counts."),
                 field<&T::restart>("restart", "After which exits it is started again."),
                 field<&T::shutdown>("shutdown", kShutdownDoc),
                 field<&T::placement_key>("placement_key",
                                          "Children with equal keys run on one node; {i} counts.",
                                          {.min = 1, .max = 200}),
                 field<&T::acknowledged_by>("acknowledged_by",
                                            "How many nodes must hold a child before its start is "
                                            "answered with ok.",
                                            {.min = 1, .max = kNodesMax}),
                 field<&T::timeout>("timeout", kTimeoutDoc, kTimeout),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::via>("via", kViaDoc),
                 field<&T::over>("over", kOverDoc)},
      .shorthand = "count",
      .check = [](const At& at, const T& value) {
        check_process_type(at / "type", value.type);
        check_answer(at / "answer", value.answer);
      }};
  return table;
}

template <>
const Table<TerminateChildren>& table_of() {
  using T = TerminateChildren;
  static const Table<T> table{
      .name = "terminate_children",
      .doc = "Terminates children that were started before, one call each.",
      .fields = {field<&T::count>("count", "How many.", kCount),
                 field<&T::first>("first", "The first {i}.", kFirst),
                 field<&T::name>("name", kChildNameDoc, kChildName),
                 field<&T::timeout>("timeout", kTimeoutDoc, kTimeout),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::via>("via", kViaDoc),
                 field<&T::over>("over", kOverDoc)},
      .shorthand = "count",
      .check = [](const At& at, const T& value) { check_answer(at / "answer", value.answer); }};
  return table;
}

template <>
const Table<ReleaseChildren>& table_of() {
  using T = ReleaseChildren;
  static const Table<T> table{
      .name = "release_children",
      .doc = "Ends the quarantine of children, one call each.",
      .fields = {field<&T::count>("count", "How many.", kCount),
                 field<&T::first>("first", "The first {i}.", kFirst),
                 field<&T::name>("name", kChildNameDoc, kChildName),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::via>("via", kViaDoc)},
      .shorthand = "count",
      .check = [](const At& at, const T& value) { check_answer(at / "answer", value.answer); }};
  return table;
}

template <>
const Table<WaitForQuorum>& table_of() {
  using T = WaitForQuorum;
  static const Table<T> table{
      .name = "wait_for_quorum",
      .doc = "Calls wait_for_quorum on each of these nodes.",
      .fields = {field<&T::via>("via", "The nodes that are called."),
                 field<&T::timeout>("timeout", kTimeoutDoc, kTimeout),
                 field<&T::answer>("answer", kAnswerDoc)},
      .shorthand = "via",
      .check = [](const At& at, const T& value) { check_answer(at / "answer", value.answer); }};
  return table;
}

template <>
const Table<StartFaults>& table_of() {
  using T = StartFaults;
  static const Table<T> table{
      .name = "start_faults",
      .doc = "Starts of children go wrong, whatever their type.",
      .fields = {field<&T::nodes>("nodes", "Where."),
                 field<&T::mode>("mode",
                                 "fail: init answers an error; block: it never ends; ignore: it "
                                 "declines; crash: the process crashes at once."),
                 field<&T::lasts>("for", "Without it, until the run settles.")}};
  return table;
}

template <>
const Table<StaticChild>& table_of() {
  using T = StaticChild;
  static const Table<T> table{
      .name = "static_child",
      .doc = "A child that every node knows from the start.",
      .fields = {field<&T::name>("name", "What it is known by, in steps too.",
                                 {.min = 1, .max = 200, .required = true}),
                 field<&T::type>("type", kTypeDoc, kType),
                 field<&T::args>("args", "The arguments of the type, as key=value."),
                 field<&T::restart>("restart", "After which exits it is started again."),
                 field<&T::shutdown>("shutdown", kShutdownDoc)},
      .shorthand = "name",
      .check = [](const At& at, const T& value) { check_process_type(at / "type", value.type); }};
  return table;
}

}  // namespace horde::scenario
