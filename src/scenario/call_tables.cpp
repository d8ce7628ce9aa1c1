// The tables of the steps that call the map or the membership, or expect something of them.
#include <algorithm>
#include <array>

#include "base/ids.hpp"
#include "scenario/known_metrics.hpp"
#include "scenario/tables.hpp"
#include "wire/limits.hpp"

namespace horde::scenario {
namespace {

constexpr Rule kKey{.min = 1, .max = wire::kUserKeyBytesMax, .required = true};
constexpr Rule kKeyPattern{.min = 1, .max = wire::kUserKeyBytesMax - 20};
constexpr Rule kValue{.max = wire::kUserValueBytesMax};
constexpr Rule kCount{.min = 1, .max = 10'000'000, .required = true};
constexpr Rule kCountOrNone{.max = 10'000'000};
constexpr std::string_view kViaOneDoc = "The node that is called.";
constexpr std::string_view kPatternDoc = "The keys; {i} counts from `first`.";

}  // namespace

template <>
const Table<Put>& table_of() {
  static const Table<Put> table{
      .name = "put",
      .doc = "Puts one key.",
      .fields = {field<&Put::via>("via", kViaOneDoc), field<&Put::key>("key", "The key.", kKey),
                 field<&Put::value>("value", "The value.", kValue)}};
  return table;
}

template <>
const Table<Remove>& table_of() {
  static const Table<Remove> table{.name = "remove",
                                   .doc = "Removes one key.",
                                   .fields = {field<&Remove::via>("via", kViaOneDoc),
                                              field<&Remove::key>("key", "The key.", kKey)},
                                   .shorthand = "key"};
  return table;
}

template <>
const Table<PutMany>& table_of() {
  using T = PutMany;
  static const Table<T> table{
      .name = "put_many",
      .doc = "Puts many keys, one call each.",
      .fields = {field<&T::count>("count", "How many.", kCount),
                 field<&T::first>("first", "The first {i}.", kCountOrNone),
                 field<&T::key>("key", kPatternDoc, kKeyPattern),
                 field<&T::value_size>("value_size", "Of each value.", kValue),
                 field<&T::via>("via", kViaDoc),
                 field<&T::over>("over", "The calls are spread evenly over this time.")},
      .shorthand = "count"};
  return table;
}

template <>
const Table<RemoveMany>& table_of() {
  using T = RemoveMany;
  static const Table<T> table{
      .name = "remove_many",
      .doc = "Removes many keys, one call each.",
      .fields = {field<&T::count>("count", "How many.", kCount),
                 field<&T::first>("first", "The first {i}.", kCountOrNone),
                 field<&T::key>("key", kPatternDoc, kKeyPattern), field<&T::via>("via", kViaDoc),
                 field<&T::over>("over", "The calls are spread evenly over this time.")},
      .shorthand = "count"};
  return table;
}

template <>
const Table<Merge>& table_of() {
  static const Table<Merge> table{
      .name = "merge",
      .doc = "Puts several keys in one call.",
      .fields = {field<&Merge::via>("via", kViaOneDoc),
                 field<&Merge::entries>("entries", "Keys and their values.", kRequired)}};
  return table;
}

template <>
const Table<Drop>& table_of() {
  static const Table<Drop> table{
      .name = "drop",
      .doc = "Removes several keys in one call.",
      .fields = {field<&Drop::via>("via", kViaOneDoc),
                 field<&Drop::keys>("keys", "The keys.", {.min = 1, .required = true})},
      .shorthand = "keys"};
  return table;
}

template <>
const Table<Get>& table_of() {
  static const Table<Get> table{
      .name = "get",
      .doc = "Reads one key and expects a value.",
      .fields = {field<&Get::via>("via", kViaOneDoc), field<&Get::key>("key", "The key.", kKey),
                 field<&Get::value>("value", "What must be read; null: nothing.", kRequired)}};
  return table;
}

template <>
const Table<Take>& table_of() {
  static const Table<Take> table{
      .name = "take",
      .doc = "Reads several keys in one call and expects exactly the given values.",
      .fields = {field<&Take::via>("via", kViaOneDoc),
                 field<&Take::keys>("keys", "The keys.", {.min = 1, .required = true}),
                 field<&Take::values>("values", "The keys that must be there, with their values.",
                                      kRequired)}};
  return table;
}

template <>
const Table<Workload>& table_of() {
  using T = Workload;
  static const Table<T> table{
      .name = "workload",
      .doc = "Puts and removes of random keys, mixed and spread evenly.",
      .fields = {field<&T::puts>("puts", "How many puts.", kCountOrNone),
                 field<&T::removes>("removes", "How many removes.", kCountOrNone),
                 field<&T::keys>("keys", "How many different keys.", {.min = 1, .max = 10'000'000}),
                 field<&T::key>("key", "The keys; {i} counts from 0.", kKeyPattern),
                 field<&T::value_size>("value_size", "Of each value.", kValue),
                 field<&T::via>("via", "The nodes that are called; one at random each time."),
                 field<&T::over>("over", "The calls are spread evenly over this time.")}};
  return table;
}

template <>
const Table<SetMembers>& table_of() {
  using T = SetMembers;
  static const Table<T> table{
      .name = "set_members",
      .doc = "Makes the membership exactly the given nodes.",
      .fields = {field<&T::via>("via", kViaOneDoc),
                 field<&T::members, NamesCodec>("members", "Node names; they need not exist.",
                                                {.min = 1, .required = true}),
                 field<&T::horde>("horde", "Of which horde.")},
      .shorthand = "members"};
  return table;
}

/// Codec of the nodes that join: their names, or how many (given names once all are known).
struct NewNodesCodec {
  static void read(const At& at, const Json& json, const Rule& rule,
                   std::vector<std::string>& out) {
    if (json.is_number()) {
      const std::int64_t count = read_integer(at, json, {.min = 1, .max = kNodesMax});
      out.assign(static_cast<std::size_t>(count), "");
      return;
    }
    NamesCodec::read(at, json, rule, out);
  }
  static Json write(const std::vector<std::string>& names) { return NamesCodec::write(names); }
  static Json schema(const Rule& rule, Json& definitions) {
    Json schema = NamesCodec::schema(rule, definitions);
    schema["anyOf"].push_back({{"type", "integer"}, {"minimum", 1}, {"maximum", kNodesMax}});
    return schema;
  }
};

template <>
const Table<Join>& table_of() {
  static const Table<Join> table{
      .name = "join",
      .doc = "Starts new nodes, which join the cluster.",
      .fields = {field<&Join::nodes, NewNodesCodec>(
                     "nodes", "Their names, or how many (named n<next number>).",
                     {.min = 1, .required = true}),
                 field<&Join::over>("over", "The starts are spread evenly over this time.")},
      .shorthand = "nodes"};
  return table;
}

template <>
const Table<Leave>& table_of() {
  static const Table<Leave> table{
      .name = "leave",
      .doc = "Nodes leave the membership for good, then stop.",
      .fields = {field<&Leave::nodes>("nodes", "Who.", kRequired),
                 field<&Leave::kill_after>("kill_after", "Killed if still at it after this time.")},
      .shorthand = "nodes"};
  return table;
}

template <>
const Table<Stop>& table_of() {
  static const Table<Stop> table{
      .name = "stop",
      .doc =
          "Nodes stop gracefully, and may be restarted; under `auto` they are members again then.",
      .fields = {field<&Stop::nodes>("nodes", "Who.", kRequired),
                 field<&Stop::kill_after>("kill_after", "Killed if still at it after this time.")},
      .shorthand = "nodes"};
  return table;
}

template <>
struct Codec<WantedMembers> {
  static void read(const At& at, const Json& json, const Rule&, WantedMembers& out) {
    if (json.is_number()) {
      out = read_integer(at, json, {.max = kNodesMax});
      return;
    }
    std::vector<std::string> names;
    NamesCodec::read(at, json, {}, names);
    out = std::move(names);
  }
  static Json write(const WantedMembers& value) {
    const auto* names = std::get_if<std::vector<std::string>>(&value);
    return names != nullptr ? NamesCodec::write(*names) : Json(std::get<std::int64_t>(value));
  }
  static Json schema(const Rule& rule, Json& definitions) {
    Json schema = NamesCodec::schema(rule, definitions);
    schema["anyOf"].push_back({{"type", "integer"}, {"minimum", 0}, {"maximum", kNodesMax}});
    return schema;
  }
};

template <>
struct Codec<Amount> {
  static void read(const At& at, const Json& json, const Rule&, Amount& out) {
    if (json.is_number()) {
      out.value = read_integer(at, json, {});
      return;
    }
    const std::string text = json.is_string() ? json.get<std::string>() : "";
    if (const auto time = from_text<base::Duration>(text); time && time->ns >= 0) {
      out.value = *time;
    } else if (const auto size = from_text<ByteCount>(text); size && size->bytes >= 0) {
      out.value = *size;
    } else {
      wrong_type(at, json, "a count, a duration as \"5ms\", or a size as \"64kB\"");
    }
  }
  static Json write(const Amount& amount) {
    const auto* count = std::get_if<std::int64_t>(&amount.value);
    const auto* size = std::get_if<ByteCount>(&amount.value);
    return count != nullptr  ? Json(*count)
           : size != nullptr ? Json(to_text(*size))
                             : Json(to_text(std::get<base::Duration>(amount.value)));
  }
  static Json schema(const Rule&, Json&) {
    const auto text = [](std::string_view pattern) {
      return Json{{"type", "string"}, {"pattern", pattern}};
    };
    return {{"anyOf", Json::array({{{"type", "integer"}, {"minimum", 0}},
                                   text(kQuantity<base::Duration>.pattern),
                                   text(kQuantity<ByteCount>.pattern)})}};
  }
};

template <>
const Table<MetricBounds>& table_of() {
  using T = MetricBounds;
  static const Table<T> table{
      .name = "metric_bounds",
      .doc = "What must hold of a metric; a number alone is the most that it may be.",
      .fields = {field<&T::of>("of", "Which number of a distribution."),
                 field<&T::at_least>("at_least", "In the metric's unit."),
                 field<&T::at_most>("at_most", "In the metric's unit.")},
      .shorthand = "at_most",
      .check = [](const At& at, const T& value) {
        if (!value.at_least && !value.at_most) {
          at.problem("expects nothing", "add at_most or at_least");
        }
      }};
  return table;
}

namespace {

void check_metric(const At& at, const std::string& name, const MetricBounds& bounds) {
  const auto known = known_metrics();
  const auto metric = std::ranges::find(known, name, &MetricInfo::name);
  if (metric == known.end()) {
    std::vector<std::string_view> names;
    for (const MetricInfo& each : known) {
      names.push_back(each.name);
    }
    return at.problem("unknown metric \"" + name + '"', suggest(name, names));
  }
  const auto check_unit = [&](std::string_view key, const std::optional<Amount>& amount) {
    constexpr std::array<std::string_view, 3> kForms{"a plain number", "a size, as \"64kB\"",
                                                     "a duration, as \"5ms\""};
    if (amount && amount->value.index() != static_cast<std::size_t>(metric->unit)) {
      (at / key).problem("another unit than that of the metric",
                         "write " + std::string(kForms[static_cast<std::size_t>(metric->unit)]));
    }
  };
  check_unit("at_least", bounds.at_least);
  check_unit("at_most", bounds.at_most);
}

}  // namespace

template <>
const Table<Expect>& table_of() {
  using T = Expect;
  static const Table<T> table{
      .name = "expect",
      .doc = "What must hold at this moment on each of the nodes that run.",
      .fields =
          {field<&T::on>("on", "The nodes that are looked at."),
           field<&T::values>("values", "Keys and what is read of them; null: nothing."),
           field<&T::absent>("absent", "Keys that must not be there."),
           field<&T::keys>("keys", "How many keys the map must have.", kCountOrNone),
           field<&T::children>("children",
                               "How many children the cluster must have, running or to be "
                               "started again.",
                               kCountOrNone),
           field<&T::running>("running",
                              "How many children these nodes together must run, each on one "
                              "of them only.",
                              kCountOrNone),
           field<&T::quarantined>("quarantined", "How many children must be listed as quarantined.",
                                  kCountOrNone),
           field<&T::quorum>("quorum", "Whether there must be quorum, as each sees it."),
           field<&T::members>("members", "The members: how many, or their names."),
           field<&T::alive>("alive", "Nodes that must be seen as alive."),
           field<&T::dead>("dead", "Nodes that must be seen as dead."),
           field<&T::converged>("converged", "Whether the maps of all these are equal."),
           field<&T::names>("names", "How many entries the registry must show.", kCountOrNone),
           field<&T::held>("held", "Names that must be held, each by a process of this node."),
           field<&T::free>("free", "Names that nobody may hold."),
           field<&T::metrics>("metrics",
                              "Bounds of metrics since time 0 or the last measure, of all "
                              "nodes.")},
      .check = [](const At& at, const T& value) {
        if (value == T{.on = value.on}) {
          at.problem("expects nothing",
                     "add one of values, absent, keys, children, running, quarantined, quorum, "
                     "members, alive, dead, converged, names, held, free, metrics");
        }
        for (const auto& [name, bounds] : value.metrics) {
          check_metric(at / "metrics" / name, name, bounds);
        }
      }};
  return table;
}

template <>
const Table<Measure>& table_of() {
  static const Table<Measure> table{
      .name = "measure",
      .doc = "What metrics tell, they tell of what happens from here on.",
      .fields = {field<&Measure::children>(
          "children", "Metrics of children are of those with such a name only; {i}: any number.",
          {.min = 1, .max = 200})}};
  return table;
}

template <>
const Table<Settle>& table_of() {
  static const Table<Settle> table{
      .name = "settle",
      .doc = "Ends the faults among the core and waits until the eventually checks hold there.",
      .fields = {field<&Settle::within>("within", "Fails after this time."),
                 field<&Settle::core>("core", "The nodes that must settle.")},
      .shorthand = "within",
      .check = [](const At& at, const Settle& value) {
        if (value.within.syncs > kSyncsMax) {
          (at / "within").problem("waits too long", "write at most 1000000 sync");
        }
      }};
  return table;
}

template <>
const Table<Swarm>& table_of() {
  static const Table<Swarm> table{
      .name = "swarm_step",
      .doc = "Random faults, drawn from the options in `swarm` at the top.",
      .fields = {field<&Swarm::lasts>("for", "How long.")},
      .shorthand = "for"};
  return table;
}

}  // namespace horde::scenario
