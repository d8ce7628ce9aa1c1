#include <algorithm>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "scenario/codecs.hpp"

namespace horde::scenario {
namespace {

constexpr std::array<std::string_view, 6> kRoles{"",         "random",   "all",
                                                 "minority", "majority", "others"};
constexpr std::string_view kOwnerOf = "owner_of:";
constexpr std::string_view kHolderOf = "holder_of:";

std::string in_quotes(std::string_view text) {
  return '"' + base::printable(text, 40) + '"';
}

/// Insertions, removals and replacements that lead from one text to the other.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = i;
  }
  for (const char each : from) {
    std::size_t diagonal = row[0]++;
    for (std::size_t i = 1; i < row.size(); ++i) {
      const std::size_t replaced = diagonal + (each == to[i - 1] ? 0 : 1);
      diagonal = row[i];
      row[i] = std::min({replaced, row[i] + 1, row[i - 1] + 1});
    }
  }
  return row.back();
}

/// A node by name or any role.
void read_node(const At& at, const Json& json, NodeRef& out) {
  if (!json.is_string()) {
    return wrong_type(at, json,
                      "a node's name, or random, all, minority, majority, others, or owner_of: and "
                      "a child's name, or holder_of: and a name of the registry");
  }
  const std::string& text = json.get_ref<const std::string&>();
  const auto role = std::find(kRoles.begin(), kRoles.end(), text);
  if (role != kRoles.end() && !text.empty()) {
    out = {.role = static_cast<NodeRef::Role>(role - kRoles.begin())};
    return;
  }
  if (text.starts_with(kOwnerOf)) {
    out = {.role = NodeRef::Role::owner_of, .name = text.substr(kOwnerOf.size())};
    at.report->children.push_back({.pointer = at.pointer, .name = out.name});
    return;
  }
  if (text.starts_with(kHolderOf)) {
    out = {.role = NodeRef::Role::holder_of, .name = text.substr(kHolderOf.size())};
    at.report->held.push_back({.pointer = at.pointer, .name = out.name});
    return;
  }
  out = {.name = text};
  at.report->mentions.push_back({.pointer = at.pointer, .name = text});
}

}  // namespace

std::string to_string(const NodeRef& node) {
  if (node.role == NodeRef::Role::owner_of) {
    return std::string(kOwnerOf) + node.name;
  }
  if (node.role == NodeRef::Role::holder_of) {
    return std::string(kHolderOf) + node.name;
  }
  return node.role == NodeRef::Role::named
             ? node.name
             : std::string(kRoles[static_cast<std::size_t>(node.role)]);
}

std::string to_string(const NodeSet& nodes) {
  std::string text;
  for (const NodeRef& node : nodes.refs) {
    text += (text.empty() ? "" : ", ") + to_string(node);
  }
  return text;
}

At At::operator/(std::string_view key) const {
  At below{.report = report, .pointer = pointer + '/'};
  for (const char c : key) {  // RFC 6901: '~' and '/' are escaped.
    below.pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return below;
}

At At::operator/(std::size_t index) const {
  return {.report = report, .pointer = pointer + '/' + std::to_string(index)};
}

void At::problem(std::string what, std::string right) const {
  if (report->problems.size() < kProblemsMax) {
    report->problems.push_back(
        {.pointer = pointer, .what = std::move(what), .right = std::move(right)});
  }
}

std::string describe(const Json& json) {
  switch (json.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return json.get<bool>() ? "true" : "false";
    case Json::value_t::string:
      return in_quotes(json.get_ref<const std::string&>());
    case Json::value_t::array:
      return json.empty() ? "an empty list" : "a list";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return "the number " + json.dump();
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;  // Neither comes out of a text.
  }
  return "something else";
}

std::string suggest(std::string_view name, const std::vector<std::string_view>& candidates) {
  std::string all;
  std::string_view nearest;
  std::size_t smallest = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    all += (all.empty() ? "" : ", ") + std::string(candidate);
    const std::size_t distance =
        name.empty() || name.size() > 64 ? smallest : edit_distance(name, candidate);
    if (distance < smallest && distance < candidate.size()) {
      smallest = distance;
      nearest = candidate;
    }
  }
  if (!nearest.empty()) {
    return "did you mean \"" + std::string(nearest) + "\"?";
  }
  return candidates.empty() ? "nothing may stand here" : "write one of " + all;
}

void wrong_type(const At& at, const Json& json, std::string_view right) {
  const std::string verb = right.starts_with("write") ? "" : "write ";
  at.problem("here stands " + describe(json), verb + std::string(right));
}

void bad_quantity(const At& at, std::string_view text, UnitErrc code, const QuantityInfo& info) {
  const std::string noun(info.noun);
  const std::string example = "for example \"" + std::string(info.example) + '"';
  const std::string units = "the units are " + std::string(info.units) + "; " + example;
  switch (code) {
    case UnitErrc::not_a_number:
      return at.problem(in_quotes(text) + " is not " + noun,
                        "write a number and a unit, " + example);
    case UnitErrc::no_unit:
      return at.problem(in_quotes(text) + " has no unit", units);
    case UnitErrc::unknown_unit:
      return at.problem(in_quotes(text) + " has an unknown unit", units);
    case UnitErrc::too_large:
      return at.problem(in_quotes(text) + " is too large", "write a smaller one, " + example);
    case UnitErrc::too_precise:
      return at.problem(in_quotes(text) + " is finer than can be told apart",
                        "leave digits out, " + example);
  }
}

std::int64_t read_integer(const At& at, const Json& json, const Rule& rule) {
  std::string range = "write a whole number of at least " + std::to_string(rule.min);
  if (rule.max != std::numeric_limits<std::int64_t>::max()) {
    range =
        "write a whole number from " + std::to_string(rule.min) + " to " + std::to_string(rule.max);
  }
  if (rule.min == rule.max) {
    range = "write " + std::to_string(rule.min);
  }
  if (!json.is_number_integer()) {
    wrong_type(at, json, range);
    return 0;
  }
  const bool fits = !json.is_number_unsigned() ||
                    json.get<std::uint64_t>() <=
                        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::int64_t value = fits ? json.get<std::int64_t>() : 0;
  if (!fits || value < rule.min || value > rule.max) {
    at.problem(json.dump() + " is out of range", range);
    return 0;
  }
  return value;
}

Json Codec<std::int64_t>::schema(const Rule& rule, Json&) {
  Json schema = {{"type", "integer"}, {"minimum", rule.min}};
  if (rule.max != std::numeric_limits<std::int64_t>::max()) {
    schema["maximum"] = rule.max;
  }
  return schema;
}

void Codec<std::uint64_t>::read(const At& at, const Json& json, const Rule&, std::uint64_t& out) {
  if (!json.is_number_unsigned()) {
    return wrong_type(at, json, "a whole number from 0 to 18446744073709551615");
  }
  out = json.get<std::uint64_t>();
}

void Codec<bool>::read(const At& at, const Json& json, const Rule&, bool& out) {
  if (!json.is_boolean()) {
    return wrong_type(at, json, "true or false");
  }
  out = json.get<bool>();
}

void Codec<std::string>::read(const At& at, const Json& json, const Rule& rule, std::string& out) {
  if (!json.is_string()) {
    return wrong_type(at, json, "a text in quotes");
  }
  out = json.get<std::string>();
  if (std::cmp_less(out.size(), rule.min)) {
    at.problem("the text is empty", "write at least one character");
  } else if (std::cmp_greater(out.size(), rule.max)) {
    at.problem("the text has " + std::to_string(out.size()) + " bytes",
               "at most " + std::to_string(rule.max) + " are allowed");
  }
}

Json Codec<std::string>::schema(const Rule& rule, Json&) {
  Json schema = {{"type", "string"}};
  if (rule.min > 0) {
    schema["minLength"] = rule.min;
  }
  return schema;
}

void Codec<NodeRef>::read(const At& at, const Json& json, const Rule&, NodeRef& out) {
  read_node(at, json, out);
  const bool is_one = out.role == NodeRef::Role::named || out.role == NodeRef::Role::random ||
                      out.role == NodeRef::Role::owner_of || out.role == NodeRef::Role::holder_of;
  if (!is_one) {
    at.problem(in_quotes(to_string(out)) + " is more than one node",
               "name one, or write \"random\"");
  }
}

Json Codec<NodeRef>::schema(const Rule&, Json& definitions) {
  definitions["node"] = {{"type", "string"},
                         {"minLength", 1},
                         {"description",
                          "A node's name, or a role: random (one running node), all, minority, "
                          "majority, others (all that the step does not name), owner_of:NAME (the "
                          "node that owns that child), holder_of:NAME (the node of the process "
                          "that holds that name)."}};
  return {{"$ref", "#/$defs/node"}};
}

void Codec<NodeSet>::read(const At& at, const Json& json, const Rule&, NodeSet& out) {
  if (!json.is_array()) {
    out.refs.resize(1);
    return read_node(at, json, out.refs.front());
  }
  if (json.empty()) {
    at.problem("the list of nodes is empty", "name at least one node");
  }
  out.refs.resize(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    read_node(at / i, json[i], out.refs[i]);
  }
}

Json Codec<NodeSet>::write(const NodeSet& value) {
  return value.refs.size() == 1 ? Json(to_string(value.refs.front()))
                                : Codec<std::vector<NodeRef>>::write(value.refs);
}

Json Codec<NodeSet>::schema(const Rule&, Json& definitions) {
  const Json one = Codec<NodeRef>::schema({}, definitions);
  definitions["nodes"] = {
      {"anyOf", Json::array({one, {{"type", "array"}, {"items", one}, {"minItems", 1}}})},
      {"description", "One node or role, or a list of them."}};
  return {{"$ref", "#/$defs/nodes"}};
}

void Codec<Wanted>::read(const At& at, const Json& json, const Rule&, Wanted& out) {
  if (json.is_null()) {
    out.value.reset();
    return;
  }
  if (!json.is_string()) {
    return wrong_type(at, json, "a text, or null for an absent key");
  }
  out.value = json.get<std::string>();
}

}  // namespace horde::scenario
