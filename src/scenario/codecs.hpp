// The codecs of what is not an object with a table: numbers, texts, quantities, nodes, containers.
//
// Internal to this folder, as fields.hpp is.
#pragma once

#include "scenario/fields.hpp"

namespace horde::scenario {

// --- Scalars -------------------------------------------------------------------------------------

/// A whole number within `rule`; 0 after a problem.
[[nodiscard]] std::int64_t read_integer(const At& at, const Json& json, const Rule& rule);

template <>
struct Codec<std::int64_t> {
  static void read(const At& at, const Json& json, const Rule& rule, std::int64_t& out) {
    out = read_integer(at, json, rule);
  }
  static Json write(const std::int64_t& value) { return value; }
  static Json schema(const Rule& rule, Json&);
};

template <>
struct Codec<std::uint64_t> {  // All 64 bits: a seed.
  static void read(const At& at, const Json& json, const Rule& rule, std::uint64_t& out);
  static Json write(const std::uint64_t& value) { return value; }
  static Json schema(const Rule&, Json&) { return {{"type", "integer"}, {"minimum", 0}}; }
};

template <>
struct Codec<bool> {
  static void read(const At& at, const Json& json, const Rule& rule, bool& out);
  static Json write(const bool& value) { return value; }
  static Json schema(const Rule&, Json&) { return {{"type", "boolean"}}; }
};

template <>
struct Codec<std::string> {
  static void read(const At& at, const Json& json, const Rule& rule, std::string& out);
  static Json write(const std::string& value) { return value; }
  static Json schema(const Rule& rule, Json&);
};

template <>
struct Codec<NodeRef> {
  static void read(const At& at, const Json& json, const Rule& rule, NodeRef& out);
  static Json write(const NodeRef& value) { return to_string(value); }
  static Json schema(const Rule&, Json& definitions);
};

template <>
struct Codec<NodeSet> {
  static void read(const At& at, const Json& json, const Rule& rule, NodeSet& out);
  static Json write(const NodeSet& value);
  static Json schema(const Rule&, Json& definitions);
};

/// Any JSON; rule.min of 1: but null.
template <>
struct Codec<JsonValue> {
  static void read(const At& at, const Json& json, const Rule& rule, JsonValue& out);
  static Json write(const JsonValue& value);
  static Json schema(const Rule&, Json&) { return Json::object(); }
};

template <>
struct Codec<Wanted> {
  static void read(const At& at, const Json& json, const Rule& rule, Wanted& out);
  static Json write(const Wanted& value) { return value.value ? Json(*value.value) : Json(); }
  static Json schema(const Rule&, Json&) { return {{"type", Json::array({"string", "null"})}}; }
};

/// Quantities: texts with a unit, within `rule` in the base unit.
template <class T>
concept Quantity = !kQuantity<T>.noun.empty();

template <Quantity T>
struct Codec<T> {
  static void read(const At& at, const Json& json, const Rule& rule, T& out) {
    if (!json.is_string()) {
      return wrong_type(at, json, text_form());
    }
    const std::string& text = json.get_ref<const std::string&>();
    const auto value = from_text<T>(text);
    if (!value) {
      return bad_quantity(at, text, value.error(), kQuantity<T>);
    }
    if (*value < least(rule) || *value > most(rule)) {
      const bool negative = text.starts_with('-');
      return at.problem('"' + text + "\" is " + (negative ? "negative" : "out of range"),
                        limits(rule));
    }
    out = *value;
  }
  static Json write(const T& value) { return to_text(value); }
  static Json schema(const Rule& rule, Json&) {
    std::string pattern(kQuantity<T>.pattern);
    if (rule.min < 0) {
      pattern.insert(1, "-?");
    }
    return {{"type", "string"}, {"pattern", pattern}};
  }

 private:
  static T least(const Rule& rule) {
    if constexpr (std::is_same_v<T, Span>) {
      return Span{.time = base::nanoseconds(rule.min)};
    } else {
      return T{rule.min};
    }
  }
  static T most(const Rule& rule) {
    if constexpr (std::is_same_v<T, Span>) {
      return Span{.time = kDurationMax, .syncs = kSyncsMax};
    } else if constexpr (std::is_same_v<T, base::Duration>) {
      return std::min(kDurationMax, base::nanoseconds(rule.max));
    } else {
      return T{rule.max};
    }
  }
  static std::string text_form() {
    return std::string(kQuantity<T>.noun) + " as a text with its unit, for example \"" +
           std::string(kQuantity<T>.example) + '"';
  }
  static std::string limits(const Rule& rule) {
    std::string text =
        "write " + std::string(kQuantity<T>.noun) + " of at least " + to_text(least(rule));
    if (rule.max != Rule{}.max) {
      text += " and at most " + to_text(most(rule));
    }
    return text;
  }
};

template <class E>
requires std::is_enum_v<E>
struct Codec<E> {
  static void read(const At& at, const Json& json, const Rule&, E& out) {
    const auto& texts = kEnumTexts<E>;
    const std::vector<std::string_view> candidates(texts.begin(), texts.end());
    if (!json.is_string()) {
      return wrong_type(at, json, suggest("", candidates));
    }
    const auto found = std::find(texts.begin(), texts.end(), json.get_ref<const std::string&>());
    if (found == texts.end()) {
      return at.problem("unknown value " + describe(json),
                        suggest(json.get_ref<const std::string&>(), candidates));
    }
    out = static_cast<E>(found - texts.begin());
  }
  static Json write(const E& value) { return kEnumTexts<E>[static_cast<std::size_t>(value)]; }
  static Json schema(const Rule&, Json&) { return {{"enum", kEnumTexts<E>}}; }
};

template <>
inline constexpr std::array<std::string_view, 3> kEnumTexts<CheckKind>{"always", "eventually",
                                                                       "sometimes"};

template <CheckKind K>
struct Codec<CheckId<K>> {
  static void read(const At& at, const Json& json, const Rule&, CheckId<K>& out) {
    if (!json.is_string()) {
      return wrong_type(at, json, suggest("", candidates()));
    }
    out.id = json.get<std::string>();
    const auto known = known_checks();
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const CheckInfo& check) { return check.id == out.id; });
    if (found == known.end()) {
      at.problem("unknown check " + describe(json), suggest("", candidates()));
    } else if (found->kind != K) {
      const std::string list(kEnumTexts<CheckKind>[static_cast<std::size_t>(found->kind)]);
      at.problem(describe(json) + " does not belong here", "move it to \"" + list + '"');
    }
  }
  static Json write(const CheckId<K>& value) { return value.id; }
  static Json schema(const Rule&, Json&) { return {{"enum", candidates()}}; }

 private:
  static std::vector<std::string_view> candidates() {
    std::vector<std::string_view> ids;
    for (const CheckInfo& check : known_checks()) {
      if (check.kind == K) {
        ids.push_back(check.id);
      }
    }
    return ids;
  }
};

// --- Containers ----------------------------------------------------------------------------------

template <class T>
struct Codec<std::optional<T>> {
  static void read(const At& at, const Json& json, const Rule& rule, std::optional<T>& out) {
    T value{};
    Codec<T>::read(at, json, rule, value);
    out = std::move(value);
  }
  static Json write(const std::optional<T>& value) {
    return value ? Codec<T>::write(*value) : Json();
  }
  static Json schema(const Rule& rule, Json& definitions) {
    return Codec<T>::schema(rule, definitions);
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static void read(const At& at, const Json& json, const Rule& rule, std::vector<T>& out) {
    if (!json.is_array()) {
      return wrong_type(at, json, "a list [...]");
    }
    if (json.size() < static_cast<std::size_t>(rule.min)) {
      return at.problem(json.empty() ? "the list is empty" : "the list is too short",
                        "write at least " + std::to_string(rule.min));
    }
    out.clear();
    for (const Json& each : json) {
      T value{};
      Codec<T>::read(at / out.size(), each, {}, value);
      out.push_back(std::move(value));
    }
  }
  static Json write(const std::vector<T>& values) {
    Json json = Json::array();
    for (const T& value : values) {
      json.push_back(Codec<T>::write(value));
    }
    return json;
  }
  static Json schema(const Rule& rule, Json& definitions) {
    Json schema = {{"type", "array"}, {"items", Codec<T>::schema({}, definitions)}};
    if (rule.min > 0) {
      schema["minItems"] = rule.min;
    }
    return schema;
  }
};

template <class T>
struct Codec<std::map<std::string, T>> {
  static void read(const At& at, const Json& json, const Rule&, std::map<std::string, T>& out) {
    if (!json.is_object()) {
      return wrong_type(at, json, "an object {\"key\": value, ...}");
    }
    out.clear();
    for (const auto& [key, each] : json.items()) {
      Codec<T>::read(at / key, each, {}, out[key]);
    }
  }
  static Json write(const std::map<std::string, T>& values) {
    Json json = Json::object();
    for (const auto& [key, value] : values) {
      json[key] = Codec<T>::write(value);
    }
    return json;
  }
  static Json schema(const Rule&, Json& definitions) {
    return {{"type", "object"}, {"additionalProperties", Codec<T>::schema({}, definitions)}};
  }
};

}  // namespace horde::scenario
