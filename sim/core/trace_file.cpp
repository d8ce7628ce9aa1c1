#include "sim/core/trace_file.hpp"

#include <limits>
#include <nlohmann/json.hpp>

namespace horde::sim {
namespace {

using Json = nlohmann::json;

// 16 digits, so that the columns of a file line up.
std::string hex(std::uint64_t value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned shift = 64; shift != 0;) {
    shift -= 4;
    out += digits[value >> shift & 15U];
  }
  return out;
}

void append_text(std::string& line, std::string_view name, std::string_view text) {
  line += ",\"";
  line += name;
  line += "\":\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      // As the code point of the same number, so that any bytes make valid JSON.
      line += "\\u" + hex(byte).substr(12);
    } else {
      line += c;
    }
  }
  line += '"';
}

void append_number(std::string& line, std::string_view name, std::uint64_t value) {
  line += ",\"";
  line += name;
  line += "\":" + std::to_string(value);
}

// Fields of one line. Each getter notes the first thing that is wrong.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  std::uint64_t number(const char* name, std::uint64_t fallback) {
    const auto found = object_.find(name);
    if (found == object_.end()) {
      return fallback;
    }
    if (!found->is_number_unsigned()) {
      return fail(name, "a whole number that is not negative");
    }
    return found->get<std::uint64_t>();
  }
  NodeIndex node(const char* name) {
    const std::uint64_t value = number(name, kNoNode);
    if (value > kNoNode) {
      return static_cast<NodeIndex>(fail(name, "a node's index"));
    }
    return static_cast<NodeIndex>(value);
  }
  std::string text(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end()) {
      return "";
    }
    if (!found->is_string()) {
      fail(name, "a string");
      return "";
    }
    return found->get<std::string>();
  }
  std::uint64_t hash(const char* name) {
    const std::string digits = text(name);
    if (digits.empty()) {
      return 0;
    }
    if (digits.size() != 16 || digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
      return fail(name, "16 hexadecimal digits");
    }
    return std::stoull(digits, nullptr, 16);
  }
  std::uint64_t fail(const char* name, const char* wanted) {
    if (error_.empty()) {
      error_ = std::string("\"") + name + "\" must be " + wanted;
    }
    return 0;
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  const Json& object_;
  std::string error_;
};

TraceEvent parse(Fields& fields) {
  TraceEvent event;
  constexpr auto latest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::uint64_t at = fields.number("at", 0);
  if (at > latest) {
    fields.fail("at", "nanoseconds below 2^63");
  }
  event.at.ns = static_cast<std::int64_t>(at & latest);
  if (const auto kind = trace_kind_of(fields.text("event"))) {
    event.kind = *kind;
  } else {
    fields.fail("event", "the name of a kind of event");
  }
  event.node = fields.node("node");
  event.peer = fields.node("peer");
  event.number = fields.number("number", 0);
  event.bytes = fields.number("bytes", 0);
  event.hash = fields.hash("hash");
  event.label = fields.text("label");
  event.detail = fields.text("detail");
  event.rolling = fields.hash("rolling");
  return event;
}

}  // namespace

std::expected<TraceWriter, TraceError> TraceWriter::create(const std::string& path,
                                                           std::uint64_t seed) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) {
    return std::unexpected(TraceError{.line = 0, .what = path + " cannot be written"});
  }
  file << "{\"trace\":" << kTraceVersion << ",\"seed\":" << seed << "}\n";
  return TraceWriter(std::move(file));
}

void TraceWriter::on_event(const TraceEvent& event) {
  line_ = "{\"at\":" + std::to_string(event.at.ns);
  append_text(line_, "event", to_string(event.kind));
  if (event.node != kNoNode) {
    append_number(line_, "node", event.node);
  }
  if (event.peer != kNoNode) {
    append_number(line_, "peer", event.peer);
  }
  if (event.number != 0) {
    append_number(line_, "number", event.number);
  }
  if (event.bytes != 0) {
    append_number(line_, "bytes", event.bytes);
  }
  if (event.hash != 0) {
    append_text(line_, "hash", hex(event.hash));
  }
  if (!event.label.empty()) {
    append_text(line_, "label", event.label);
  }
  if (!event.detail.empty()) {
    append_text(line_, "detail", event.detail);
  }
  append_text(line_, "rolling", hex(event.rolling));
  line_ += "}\n";
  file_ << line_;
}

std::expected<void, TraceError> TraceWriter::finish() {
  file_.flush();
  if (!file_) {
    return std::unexpected(TraceError{.line = 0, .what = "not all of the trace could be written"});
  }
  return {};
}

std::expected<TraceReader, TraceError> TraceReader::open(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::unexpected(TraceError{.line = 0, .what = path + " cannot be read"});
  }
  TraceReader reader(std::move(file));
  reader.line_number_ = 1;
  std::getline(reader.file_, reader.line_);
  const Json head = Json::parse(reader.line_, nullptr, false);
  if (!head.is_object() || !head.contains("trace")) {
    return std::unexpected(TraceError{
        .line = 1, .what = path + " is not a trace: its first line must be {\"trace\":1,...}"});
  }
  if (head["trace"] != kTraceVersion) {
    return std::unexpected(TraceError{.line = 1,
                                      .what = "this is version " + head["trace"].dump() +
                                              " of the format, and only " +
                                              std::to_string(kTraceVersion) + " can be read"});
  }
  Fields fields(head);
  reader.seed_ = fields.number("seed", 0);
  if (!fields.error().empty()) {
    return std::unexpected(TraceError{.line = 1, .what = fields.error()});
  }
  return reader;
}

std::expected<std::optional<TraceEvent>, TraceError> TraceReader::next() {
  ++line_number_;
  // A line without its end was cut off while it was written.
  if (!std::getline(file_, line_) || file_.eof()) {
    return std::nullopt;
  }
  const Json object = Json::parse(line_, nullptr, false);
  if (!object.is_object()) {
    return std::unexpected(TraceError{.line = line_number_, .what = "not a JSON object"});
  }
  Fields fields(object);
  TraceEvent event = parse(fields);
  if (!fields.error().empty()) {
    return std::unexpected(TraceError{.line = line_number_, .what = fields.error()});
  }
  return event;
}

}  // namespace horde::sim
