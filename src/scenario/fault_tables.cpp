// The tables of the steps that are faults, of nodes and of the network.
#include <set>

#include "scenario/tables.hpp"

namespace horde::scenario {
namespace {

constexpr std::string_view kNodesDoc = "Who.";
constexpr std::string_view kForDoc = "Ends after this time; without it, by a later step.";
constexpr std::string_view kFromDoc = "The senders.";
constexpr std::string_view kToDoc = "The receivers.";

/// No node twice, and at least two groups: what people get wrong in cuts.
void check_groups(const At& at, const Groups& cut) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < cut.groups.size(); ++i) {
    for (std::size_t k = 0; k < cut.groups[i].refs.size(); ++k) {
      const std::string name = to_string(cut.groups[i].refs[k]);
      if (name != "random" && !seen.insert(name).second) {
        (at / i / k).problem('"' + name + "\" is in this cut twice", "keep it in one group");
      }
    }
  }
}

}  // namespace

template <>
const Table<Crash>& table_of() {
  static const Table<Crash> table{
      .name = "crash",
      .doc = "Nodes end at once, in the middle of whatever they did.",
      .fields = {field<&Crash::nodes>("nodes", kNodesDoc, kRequired),
                 field<&Crash::disk>("disk", "What is left of what was written."),
                 field<&Crash::records>("records",
                                        "How many of the last records a rolled-back "
                                        "disk has lost.",
                                        {.min = 1, .max = 1'000'000}),
                 field<&Crash::restart_after>("restart_after", "Restarts them after this time.")},
      .shorthand = "nodes"};
  return table;
}

template <>
const Table<Restart>& table_of() {
  static const Table<Restart> table{
      .name = "restart",
      .doc = "Starts nodes that crashed or stopped, with what their disk holds.",
      .fields = {field<&Restart::nodes>("nodes", kNodesDoc, kRequired)},
      .shorthand = "nodes"};
  return table;
}

template <>
const Table<Pause>& table_of() {
  static const Table<Pause> table{.name = "pause",
                                  .doc = "Nodes handle nothing, as a process that is stopped.",
                                  .fields = {field<&Pause::nodes>("nodes", kNodesDoc, kRequired),
                                             field<&Pause::lasts>("for", kForDoc)},
                                  .shorthand = "nodes"};
  return table;
}

template <>
const Table<Resume>& table_of() {
  static const Table<Resume> table{.name = "resume",
                                   .doc = "Ends a pause.",
                                   .fields = {field<&Resume::nodes>("nodes", kNodesDoc, kRequired)},
                                   .shorthand = "nodes"};
  return table;
}

template <>
const Table<Slow>& table_of() {
  static const Table<Slow> table{
      .name = "slow",
      .doc = "Nodes handle every event late, as an overloaded machine.",
      .fields = {field<&Slow::nodes>("nodes", kNodesDoc, kRequired),
                 field<&Slow::delay>("delay", "How late."), field<&Slow::lasts>("for", kForDoc)},
      .shorthand = "nodes"};
  return table;
}

template <>
const Table<Clock>& table_of() {
  static const Table<Clock> table{
      .name = "clock",
      .doc = "Changes the wall clocks of nodes.",
      .fields = {field<&Clock::nodes>("nodes", kNodesDoc, kRequired),
                 field<&Clock::offset>("offset", "Sets the clock to true time plus this.", kSigned),
                 field<&Clock::step>("step", "Moves the clock by this.", kSigned),
                 field<&Clock::drift>("drift", "How much too fast the clock runs.",
                                      {.min = -100'000, .max = 100'000})},
      .check = [](const At& at, const Clock& value) {
        if (!value.offset && !value.step && !value.drift) {
          at.problem("changes nothing", "add offset, step or drift");
        }
      }};
  return table;
}

template <>
const Table<Hint>& table_of() {
  static const Table<Hint> table{
      .name = "hint",
      .doc = "Tells nodes what a network would tell of a peer; it need not be true.",
      .fields = {field<&Hint::nodes>("nodes", "Who is told.", kRequired),
                 field<&Hint::peer>("peer", "Of whom.", kRequired),
                 field<&Hint::kind>("kind", "What.")}};
  return table;
}

template <>
const Table<Garbage>& table_of() {
  static const Table<Garbage> table{
      .name = "garbage",
      .doc = "Sends datagrams that no node wrote: random bytes, and real ones damaged.",
      .fields = {field<&Garbage::to>("to", kToDoc),
                 field<&Garbage::from>("from", "Whose address they carry."),
                 field<&Garbage::count>("count", "How many to each.", {.min = 1, .max = 1'000'000}),
                 field<&Garbage::size_max>("size_max", "The largest.", {.max = 65'507}),
                 field<&Garbage::over>("over", "They are spread evenly over this time.")},
      .shorthand = "to"};
  return table;
}

template <>
const Table<Groups>& table_of() {
  static const Table<Groups> table{
      .name = "cut_groups",
      .doc = "Nothing passes between the groups; nodes in none of them reach everybody.",
      .fields = {field<&Groups::groups>("groups", "Lists of nodes.", {.min = 2})},
      .bare = true,
      .check = check_groups};
  return table;
}

template <>
const Table<Isolate>& table_of() {
  static const Table<Isolate> table{
      .name = "cut_isolate",
      .doc = "Each of these nodes is alone.",
      .fields = {field<&Isolate::nodes>("nodes", kNodesDoc, kRequired)},
      .bare = true};
  return table;
}

template <>
const Table<OneWay>& table_of() {
  static const Table<OneWay> table{
      .name = "cut_one_way",
      .doc = "What `from` sends to `to` is lost; the other direction works.",
      .fields = {field<&OneWay::from>("from", kFromDoc, kRequired),
                 field<&OneWay::to>("to", kToDoc)},
      .shorthand = "from"};
  return table;
}

template <>
const Table<Bridge>& table_of() {
  static const Table<Bridge> table{
      .name = "cut_bridge",
      .doc = "Two halves of the other nodes that only this one reaches.",
      .fields = {field<&Bridge::over>("over", "The node that reaches everybody.")},
      .bare = true};
  return table;
}

template <>
const Table<MajoritiesRing>& table_of() {
  static const Table<MajoritiesRing> table{
      .name = "cut_majorities_ring", .doc = "Each node sees a majority, and no two the same one."};
  return table;
}

template <>
const Table<RandomCut>& table_of() {
  static const Table<RandomCut> table{.name = "cut_random",
                                      .doc = "One of the other shapes, with random nodes."};
  return table;
}

template <>
const Table<Cut>& table_of() {
  static const Table<Cut> table{
      .name = "cut",
      .doc = "Cuts the network; a list of lists is short for groups.",
      .fields = {field<&Cut::name>("name", "For a later heal."),
                 field<&Cut::lasts>("for", kForDoc)},
      .one_of = {alternative<&Cut::shape, Groups>("groups"),
                 alternative<&Cut::shape, Isolate>("isolate"),
                 alternative<&Cut::shape, OneWay>("one_way"),
                 alternative<&Cut::shape, Bridge>("bridge"),
                 alternative<&Cut::shape, MajoritiesRing>("majorities_ring"),
                 alternative<&Cut::shape, RandomCut>("random")},
      .shorthand = "groups",
      .check = [](const At& at, const Cut& value) {
        if (value.name == "all") {
          (at / "name")
              .problem("a cut cannot be named \"all\"",
                       "choose another name: heal \"all\" ends every cut");
        }
      }};
  return table;
}

template <>
const Table<Heal>& table_of() {
  static const Table<Heal> table{
      .name = "heal",
      .doc = "Ends cuts.",
      .fields = {field<&Heal::cut>(
          "cut", "The name of a cut; all: every cut, clog and link change.", {.min = 1})},
      .bare = true};
  return table;
}

template <>
const Table<Clog>& table_of() {
  static const Table<Clog> table{
      .name = "clog",
      .doc = "Datagrams wait, and all arrive when the clog ends.",
      .fields = {field<&Clog::from>("from", kFromDoc), field<&Clog::to>("to", kToDoc),
                 field<&Clog::lasts>("for", kForDoc)}};
  return table;
}

template <>
const Table<Unclog>& table_of() {
  static const Table<Unclog> table{
      .name = "unclog",
      .doc = "Ends clogs.",
      .fields = {field<&Unclog::from>("from", kFromDoc), field<&Unclog::to>("to", kToDoc)}};
  return table;
}

template <>
const Table<Link>& table_of() {
  using T = Link;
  static const Table<T> table{
      .name = "link",
      .doc = "Changes what is given of the links from some nodes to others.",
      .fields = {field<&T::from>("from", kFromDoc), field<&T::to>("to", kToDoc),
                 field<&T::latency>("latency", "As in network."),
                 field<&T::loss>("loss", "As in network.", kShare),
                 field<&T::duplicate>("duplicate", "As in network.", kShare),
                 field<&T::reorder>("reorder", "As in network.", kShare),
                 field<&T::reorder_by>("reorder_by", "As in network."),
                 field<&T::corrupt>("corrupt", "As in network.", kShare),
                 field<&T::bandwidth>("bandwidth", "As in network."),
                 field<&T::lasts>("for", kForDoc)},
      .check = [](const At& at, const T& value) {
        if (value == T{.from = value.from, .to = value.to, .lasts = value.lasts}) {
          at.problem("changes nothing",
                     "add one of latency, loss, duplicate, reorder, corrupt, bandwidth");
        }
      }};
  return table;
}

}  // namespace horde::scenario
