// The machinery of the tables: how a C++ value is read from JSON, written, and described as a
// schema.
//
//   Codec<T>   read, write, schema of one type (objects here, by their table; others in codecs.hpp)
//   Table<T>   the fields of an object, and its alternatives, of which it has exactly one
//   At         where in the file the reader is, and where problems go
//
// Internal to this folder: it pulls in the whole of nlohmann_json, so only .cpp files include it.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "scenario/parse.hpp"

namespace horde::scenario {

using Json = nlohmann::ordered_json;

/// Collects the problems of one file, and the nodes, children and names that it mentions: whether
/// those exist is known only at the end.
struct Report {
  struct Mention {
    std::string pointer;
    std::string name;
  };
  std::vector<Problem> problems;
  std::vector<Mention> mentions;  // Nodes.
  std::vector<Mention> children;
  std::vector<Mention> held;  // Names of the registry.
};

/// A place in the file.
struct At {
  Report* report = nullptr;
  std::string pointer;

  [[nodiscard]] At operator/(std::string_view key) const;
  [[nodiscard]] At operator/(std::size_t index) const;
  void problem(std::string what, std::string right) const;
};

/// What stands there, for a message: `the number 300`, `the text "x"`, `a list`.
[[nodiscard]] std::string describe(const Json& json);
/// "did you mean \"x\"?" for the candidate nearest to `name`, or else all of them.
[[nodiscard]] std::string suggest(std::string_view name,
                                  const std::vector<std::string_view>& candidates);
/// For a value of the wrong type: says what stands there, and that `right` would be.
void wrong_type(const At& at, const Json& json, std::string_view right);
/// Why `text` is not a quantity.
void bad_quantity(const At& at, std::string_view text, UnitErrc code, const QuantityInfo& info);

/// The bounds of a field: of a number in its base unit (ns, ppm, bytes), of a list in items, of a
/// text in bytes.
struct Rule {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  bool required = false;
};

template <class T>
struct Table;
/// The table of T; specialised where T is an object of the format.
template <class T>
const Table<T>& table_of() = delete;
/// The texts of an enum, in order of its enumerators from 0; specialised for each.
template <class E>
inline constexpr std::array<std::string_view, 0> kEnumTexts{};

template <class T>
struct Codec;  // The primary template below is for objects that have a table.

template <class T>
struct Field {
  std::string_view name;
  std::string_view doc;
  Rule rule;
  bool omit_null = false;  // Not set: the key is left out.
  void (*read)(const At&, const Json&, const Rule&, T&);
  Json (*write)(const T&);
  Json (*schema)(const Rule&, Json& definitions);
};

/// One of the keys of which an object has exactly one.
template <class T>
struct Alternative {
  std::string_view name;
  bool empty = false;  // Has no fields, so that its name alone, as a text, will do.
  void (*read)(const At&, const Json&, T&);
  std::optional<Json> (*write)(const T&);  // Nothing: the value is another alternative.
  Json (*schema)(Json& definitions);
};

template <class T>
struct Table {
  std::string_view name;  // Under $defs in the schema.
  std::string_view doc;
  std::vector<Field<T>> fields;
  std::vector<Alternative<T>> one_of = {};
  /// The field or alternative that a value which is not an object stands for.
  std::string_view shorthand = {};
  /// The only field's value stands for the whole; no object around it.
  bool bare = false;
  /// What single fields cannot tell; called when they are all right.
  void (*check)(const At&, const T&) = nullptr;
};

template <class M>
struct MemberOf;
template <class T, class V>
struct MemberOf<V T::*> {
  using Owner = T;
  using Value = V;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <auto Member, class C = Codec<typename MemberOf<decltype(Member)>::Value>>
Field<typename MemberOf<decltype(Member)>::Owner> field(std::string_view name, std::string_view doc,
                                                        Rule rule = {}) {
  using T = typename MemberOf<decltype(Member)>::Owner;
  return {.name = name,
          .doc = doc,
          .rule = rule,
          .omit_null = is_optional<typename MemberOf<decltype(Member)>::Value>,
          .read = [](const At& at, const Json& json, const Rule& limits,
                     T& out) { C::read(at, json, limits, out.*Member); },
          .write = [](const T& value) { return C::write(value.*Member); },
          .schema =
              [](const Rule& limits, Json& definitions) {
                Json schema = C::schema(limits, definitions);
                if constexpr (!is_optional<typename MemberOf<decltype(Member)>::Value>) {
                  if (!limits.required) {
                    schema["default"] = C::write(T{}.*Member);
                  }
                }
                return schema;
              }};
}

template <auto Member, class A>
Alternative<typename MemberOf<decltype(Member)>::Owner> alternative(std::string_view name) {
  using T = typename MemberOf<decltype(Member)>::Owner;
  return {.name = name,
          .empty = table_of<A>().fields.empty() && table_of<A>().one_of.empty(),
          .read =
              [](const At& at, const Json& json, T& out) {
                A value;
                Codec<A>::read(at, json, {}, value);
                out.*Member = std::move(value);
              },
          .write = [](const T& value) -> std::optional<Json> {
            const A* held = std::get_if<A>(&(value.*Member));
            return held == nullptr ? std::nullopt : std::optional(Codec<A>::write(*held));
          },
          .schema = [](Json& definitions) { return Codec<A>::schema({}, definitions); }};
}

template <class T>
std::vector<std::string_view> keys_of(const Table<T>& table) {
  std::vector<std::string_view> keys;
  for (const Field<T>& each : table.fields) {
    keys.push_back(each.name);
  }
  for (const Alternative<T>& each : table.one_of) {
    keys.push_back(each.name);
  }
  return keys;
}

template <class Entries>
auto find_named(const Entries& entries, std::string_view name) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const auto& entry) { return entry.name == name; });
}

/// Reads a value that is not an object: the name of an empty alternative, or the shorthand.
template <class T>
void read_short(const At& at, const Json& json, T& out) {
  const Table<T>& table = table_of<T>();
  if (json.is_string()) {
    const auto named = find_named(table.one_of, json.get_ref<const std::string&>());
    if (named != table.one_of.end() && named->empty) {
      return named->read(at, Json::object(), out);
    }
  }
  const auto as_field = find_named(table.fields, table.shorthand);
  if (as_field != table.fields.end()) {
    return as_field->read(at, json, as_field->rule, out);
  }
  const auto as_alternative = find_named(table.one_of, table.shorthand);
  if (as_alternative != table.one_of.end()) {
    return as_alternative->read(at, json, out);
  }
  const std::vector<std::string_view> keys = keys_of(table);
  if (json.is_string() && !table.one_of.empty()) {
    return at.problem("unknown value " + describe(json),
                      suggest(json.get_ref<const std::string&>(), keys));
  }
  std::string list;
  for (const std::string_view key : keys) {
    list += (list.empty() ? "" : ", ") + std::string(key);
  }
  wrong_type(at, json, list.empty() ? "{}" : "an object {...} with the keys " + list);
}

template <class T>
void read_members(const At& at, const Json& json, T& out) {
  const Table<T>& table = table_of<T>();
  std::string_view chosen;
  bool all_known = true;
  for (const auto& [key, value] : json.items()) {
    const auto as_field = find_named(table.fields, key);
    const auto as_alternative = find_named(table.one_of, key);
    if (as_field != table.fields.end()) {
      as_field->read(at / key, value, as_field->rule, out);
    } else if (as_alternative == table.one_of.end()) {
      all_known = false;
      (at / key).problem("unknown key \"" + key + "\"", suggest(key, keys_of(table)));
    } else if (!chosen.empty()) {
      (at / key).problem('"' + key + "\" beside \"" + std::string(chosen) + '"',
                         "write one of them; two steps may have the same time");
    } else {
      chosen = as_alternative->name;
      as_alternative->read(at / key, value, out);
    }
  }
  for (const Field<T>& each : table.fields) {
    if (each.rule.required && !json.contains(each.name)) {
      at.problem("\"" + std::string(each.name) + "\" is missing",
                 "add it: " + std::string(each.doc.substr(0, each.doc.size() - 1)));
    }
  }
  if (!table.one_of.empty() && chosen.empty() && all_known) {
    std::vector<std::string_view> names;
    for (const Alternative<T>& each : table.one_of) {
      names.push_back(each.name);
    }
    at.problem("does not say what", suggest("", names));
  }
}

template <class T>
struct Codec {
  static void read(const At& at, const Json& json, const Rule&, T& out) {
    const Table<T>& table = table_of<T>();
    const std::size_t before = at.report->problems.size();
    if (table.bare) {
      table.fields.front().read(at, json, table.fields.front().rule, out);
    } else if (json.is_object()) {
      read_members(at, json, out);
    } else {
      read_short(at, json, out);
    }
    if (table.check != nullptr && at.report->problems.size() == before) {
      table.check(at, out);
    }
  }

  static Json write(const T& value) {
    const Table<T>& table = table_of<T>();
    if (table.bare) {
      return table.fields.front().write(value);
    }
    Json json = Json::object();
    for (const Field<T>& each : table.fields) {
      if (Json written = each.write(value); !written.is_null() || !each.omit_null) {
        json[std::string(each.name)] = std::move(written);
      }
    }
    for (const Alternative<T>& each : table.one_of) {
      std::optional<Json> written = each.write(value);
      if (written && each.empty && table.fields.empty()) {
        return Json(each.name);
      }
      if (written) {
        json[std::string(each.name)] = std::move(*written);
      }
    }
    return json;
  }

  static Json schema(const Rule&, Json& definitions) {
    const Table<T>& table = table_of<T>();
    const std::string name(table.name);
    if (!definitions.contains(name)) {
      definitions[name] = Json::object();  // Before the fields: a type may contain itself.
      Json described = describe_object(table, definitions);
      described["description"] = table.doc;
      definitions[name] = std::move(described);
    }
    return Json{{"$ref", "#/$defs/" + name}};
  }

 private:
  static Json field_schema(const Field<T>& each, Json& definitions) {
    Json schema = each.schema(each.rule, definitions);
    schema["description"] = each.doc;
    return schema;
  }

  static Json describe_object(const Table<T>& table, Json& definitions) {
    if (table.bare) {
      Json schema = field_schema(table.fields.front(), definitions);
      schema.erase("default");  // Whoever has this object as a field knows its default.
      return schema;
    }
    Json properties = Json::object();
    Json required = Json::array();
    Json choices = Json::array();
    Json short_forms = Json::array();
    for (const Field<T>& each : table.fields) {
      properties[std::string(each.name)] = field_schema(each, definitions);
      if (each.rule.required) {
        required.push_back(each.name);
      }
      if (each.name == table.shorthand) {
        short_forms.push_back(each.schema(each.rule, definitions));
        short_forms.back().erase("default");
      }
    }
    for (const Alternative<T>& each : table.one_of) {
      properties[std::string(each.name)] = each.schema(definitions);
      choices.push_back({{"required", Json::array({each.name})}});
      if (each.empty) {
        short_forms.push_back({{"const", each.name}});
      } else if (each.name == table.shorthand) {
        short_forms.push_back(each.schema(definitions));
      }
    }
    Json object = {{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) {
      object["required"] = std::move(required);
    }
    if (!choices.empty()) {
      object["oneOf"] = std::move(choices);
    }
    object["additionalProperties"] = false;
    if (short_forms.empty()) {
      return object;
    }
    short_forms.push_back(std::move(object));
    return Json{{"anyOf", std::move(short_forms)}};
  }
};

}  // namespace horde::scenario
