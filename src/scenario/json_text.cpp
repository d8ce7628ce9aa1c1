#include "scenario/json_text.hpp"

#include <charconv>
#include <set>

#include "base/bytes.hpp"

namespace horde::scenario {
namespace {

/// Builds the document from nlohmann's events. Its own parser keeps the last of two equal keys and
/// says nothing, and builds nests of any depth, which then overflow the stack of whoever walks
/// them.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, Report& report) : text_(text), report_(report) {}

  [[nodiscard]] Json take() { return std::move(root_); }

  bool null() override { return place(nullptr); }
  bool boolean(bool value) override { return place(value); }
  bool number_integer(std::int64_t value) override { return place(value); }
  bool number_unsigned(std::uint64_t value) override { return place(value); }
  bool number_float(double value, const std::string&) override { return place(value); }
  bool string(std::string& value) override { return place(std::move(value)); }
  bool binary(Json::binary_t&) override { return false; }  // JSON text has none.

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    Level& level = levels_.back();
    level.key = name;
    if (!level.seen.insert(name).second) {
      here().problem("the key \"" + name + "\" stands here twice", "keep one of them");
    }
    return report_.problems.size() < kProblemsMax;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    // The position counts the bytes read, the one that was refused included.
    const std::string_view before =
        text_.substr(0, std::min(position == 0 ? 0 : position - 1, text_.size()));
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0.
    auto [what, right] = reason(position, token, error.what());
    report_.problems.push_back(
        {.what = "not JSON: " + std::move(what),
         .right = std::move(right),
         .line = 1 + std::count(before.begin(), before.end(), '\n'),
         .column = static_cast<std::int64_t>(before.size() - line_start) + 1});
    return false;
  }

 private:
  struct Level {
    Json* json;
    std::string key;
    std::set<std::string, std::less<>> seen;
  };

  struct Reason {
    std::string what;
    std::string right;
  };
  Reason reason(std::size_t position, const std::string& token, std::string_view message) const {
    const auto has = [&](std::string_view part) {
      return message.find(part) != std::string_view::npos;
    };
    if (has("number overflow")) {
      return {"the number " + token.substr(0, 40) + " is too large", "write one of up to 64 bits"};
    }
    if (has("unexpected end of input") || position == 0 || position > text_.size()) {
      return {"the text ends too early", "close what is open"};
    }
    if (has("UTF-8")) {
      return {"this byte is not UTF-8", "save the file as UTF-8"};
    }
    return {"did not expect \"" + base::printable(text_.substr(position - 1, 1)) + "\" here",
            "check the commas, quotes and brackets up to here"};
  }

  At here() {
    At at{.report = &report_, .pointer = ""};
    for (const Level& level : levels_) {
      at = level.json->is_array() ? at / level.json->size() : at / level.key;
    }
    return at;
  }

  Json* append(Json&& value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Level& level = levels_.back();
    if (level.json->is_array()) {
      level.json->push_back(std::move(value));
      return &level.json->back();
    }
    // Not operator[]: it searches the object for the key, which `seen` has done in less time.
    auto& members = level.json->get_ref<Json::object_t&>();
    members.Container::emplace_back(level.key, std::move(value));
    return &members.back().second;
  }

  bool place(Json&& value) {
    append(std::move(value));
    return true;
  }

  bool open(Json&& value) {
    if (levels_.size() == kNestingMax) {
      here().problem(
          "more than " + std::to_string(kNestingMax) + " objects and lists in one another",
          "the format needs fewer than ten: close what is open");
      return false;
    }
    levels_.push_back({.json = append(std::move(value))});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  std::string_view text_;
  Report& report_;
  Json root_;
  std::vector<Level> levels_;
};

void break_up(const Json& json, std::size_t indent, std::size_t columns, std::string& out) {
  const std::string flat = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  // Blanks after ':' and ',' are added below; one for each is a good enough estimate.
  const auto separators = static_cast<std::size_t>(std::count(flat.begin(), flat.end(), ':') +
                                                   std::count(flat.begin(), flat.end(), ','));
  const bool fits = indent + flat.size() + separators <= columns;
  if (!json.is_structured() || json.empty()) {
    out += flat;
    return;
  }
  const std::string line = fits ? "" : "\n" + std::string(indent + 2, ' ');
  out += json.is_object() ? '{' : '[';
  bool first = true;
  for (const auto& [key, value] : json.items()) {
    out += first ? line : fits ? ", " : "," + line;
    first = false;
    if (json.is_object()) {
      out += Json(key).dump(-1, ' ', false, Json::error_handler_t::replace) + ": ";
    }
    break_up(value, fits ? 0 : indent + 2, fits ? std::string::npos : columns, out);
  }
  out += fits ? "" : "\n" + std::string(indent, ' ');
  out += json.is_object() ? '}' : ']';
}

/// The place of `index` in a list, if it is one.
std::optional<std::size_t> index_in(const Json& list, std::string_view index) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), number);
  const bool whole = error == std::errc() && end == index.data() + index.size();
  return whole && number < list.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

Json read_json(std::string_view text, Report& report) {
  if (text.size() > kFileBytesMax) {
    report.problems.push_back({.what = "the file has " + std::to_string(text.size()) + " bytes",
                               .right = "at most " + std::to_string(kFileBytesMax) + " are read"});
    return {};
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    report.problems.push_back(
        {.what = "the file is empty", .right = "the smallest scenario is {\"version\": 1}"});
    return {};
  }
  Builder builder(text, report);
  const bool strict = true;
  const bool ignore_comments = true;
  Json::sax_parse(text, &builder, Json::input_format_t::json, strict, ignore_comments);
  return builder.take();
}

void apply_override(Json& root, const Override& override, Report& report) {
  Json* target = &root;
  At at{.report = &report, .pointer = ""};
  std::string_view path = override.path;
  const auto refuse = [&](std::string what, std::string right) {
    at.problem("--set " + override.path + ": " + std::move(what), std::move(right));
  };
  while (true) {
    const std::size_t dot = path.find('.');
    const std::string_view part = path.substr(0, dot);
    if (part.empty()) {
      return refuse("a part of the path is empty", "write it as horde.sync_interval=50ms");
    }
    if (target->is_array()) {
      const auto index = index_in(*target, part);
      if (!index) {
        return refuse("the list has no item \"" + std::string(part) + '"',
                      "it has " + std::to_string(target->size()) + ", counted from 0");
      }
      target = &(*target)[*index];
    } else if (target->is_object() || target->is_null()) {
      target = &(*target)[std::string(part)];
    } else {
      return refuse("here stands " + describe(*target) + ", which has no parts",
                    "shorten the path to what stands here");
    }
    at = at / part;
    if (dot == std::string_view::npos) {
      break;
    }
    path.remove_prefix(dot + 1);
  }
  Report ignored;
  Json value = read_json(override.value, ignored);
  *target = ignored.problems.empty() ? std::move(value) : Json(override.value);
}

std::string pretty(const Json& json, std::size_t columns) {
  std::string out;
  break_up(json, 0, columns, out);
  return out;
}

}  // namespace horde::scenario
