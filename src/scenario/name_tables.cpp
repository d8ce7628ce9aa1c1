// The tables of the steps and options about names and the processes that hold them.
#include <algorithm>

#include "scenario/tables.hpp"
#include "wire/limits.hpp"

namespace horde::scenario {
namespace {

constexpr Rule kCount{.min = 1, .max = 1'000'000, .required = true};
constexpr Rule kFirst{.max = 10'000'000};
constexpr Rule kName{.min = 1, .max = wire::kKeyBytesMax};
constexpr Rule kOneName{.min = 1, .max = wire::kKeyBytesMax, .required = true};
constexpr Rule kLocalName{.min = 1, .max = wire::kProcessNameBytesMax};
constexpr Rule kNotNull{.min = 1};
constexpr Rule kPriority{.min = -1'000'000, .max = 1'000'000};
constexpr Rule kTimes{.min = 1'000'000, .max = base::seconds(3'600).ns};
constexpr std::string_view kCountDoc = "How many.";
constexpr std::string_view kFirstDoc = "The first {i}.";
constexpr std::string_view kNameDoc = "The names; {i} counts from `first`.";
constexpr std::string_view kProcessDoc = "What steps call the process; {i} counts from `first`.";
constexpr std::string_view kHolderDoc = "Which process does it; without it, who holds the name.";
constexpr std::string_view kOneViaDoc = "The node that is called.";

template <class T>
void check_its_answer(const At& at, const T& value) {
  check_answer(at / "answer", value.answer);
}

}  // namespace

void Codec<JsonValue>::read(const At& at, const Json& json, const Rule& rule, JsonValue& out) {
  if (json.is_null() && rule.min > 0) {
    return at.problem("null is the same as nothing here", "leave it out, or use another value");
  }
  // Without the order of the file: equal values have equal bytes.
  const std::vector<std::uint8_t> bytes = nlohmann::json::to_cbor(nlohmann::json(json));
  out.bytes.assign(bytes.begin(), bytes.end());
  if (std::cmp_greater(out.bytes.size(), wire::kValueBytesMax)) {
    at.problem("the value has " + std::to_string(out.bytes.size()) + " bytes",
               "at most " + std::to_string(wire::kValueBytesMax) + " are allowed");
  }
}

Json Codec<JsonValue>::write(const JsonValue& value) {
  return Json::from_cbor(value.bytes);
}

void check_answer(const At& at, const WantedAnswer& answer) {
  static const std::vector<std::string_view> statuses{"ok",
                                                      "ignore",
                                                      "error",
                                                      "unknown",
                                                      "not_found",
                                                      "bad_spec",
                                                      "max_children",
                                                      "shutting_down",
                                                      "node_dead_or_shutting_down",
                                                      "terminated",
                                                      "timeout",
                                                      "no_alive_nodes",
                                                      "quorum_not_met",
                                                      "already_registered",
                                                      "not_held",
                                                      "not_local",
                                                      "key_over_limit",
                                                      "value_over_limit",
                                                      "names_over_limit",
                                                      "duplicate_keys",
                                                      "missing"};
  if (!answer.empty() && std::ranges::find(statuses, answer) == statuses.end()) {
    at.problem("no call is answered with \"" + answer + '"', suggest(answer, statuses));
  }
}

template <>
const Table<StartProcesses>& table_of() {
  using T = StartProcesses;
  static const Table<T> table{
      .name = "start_processes",
      .doc = "Starts processes that no supervisor looks after, one call each.",
      .fields = {field<&T::count>("count", kCountDoc, kCount),
                 field<&T::first>("first", kFirstDoc, kFirst),
                 field<&T::name>("name",
                                 "What they are known by on their node, and in steps; {i} counts "
                                 "from `first`.",
                                 kLocalName),
                 field<&T::type>("type", kTypeDoc, kLocalName),
                 field<&T::args>("args", "The arguments of the type, as key=value; {i} counts."),
                 field<&T::under>(
                     "under", "The name of the registry that each is started under; {i} counts.",
                     kName),
                 field<&T::value>("value", "With that name."),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::via>("via", kViaDoc),
                 field<&T::over>("over", kOverDoc)},
      .shorthand = "count",
      .check = [](const At& at, const T& value) {
        check_process_type(at / "type", value.type);
        check_its_answer(at, value);
      }};
  return table;
}

template <>
const Table<StopProcesses>& table_of() {
  using T = StopProcesses;
  static const Table<T> table{
      .name = "stop_processes",
      .doc = "Sends an exit signal to processes that were started before.",
      .fields = {field<&T::count>("count", kCountDoc, kCount),
                 field<&T::first>("first", kFirstDoc, kFirst),
                 field<&T::name>("name", kProcessDoc, kLocalName),
                 field<&T::reason>("reason", "As normal, shutdown, kill or error(boom).",
                                   {.min = 1, .max = wire::kReasonDetailBytesMax})},
      .shorthand = "count"};
  return table;
}

template <>
const Table<RegisterNames>& table_of() {
  using T = RegisterNames;
  static const Table<T> table{
      .name = "register_names",
      .doc = "Registers names for processes, one call each.",
      .fields = {field<&T::count>("count", kCountDoc, kCount),
                 field<&T::first>("first", kFirstDoc, kFirst),
                 field<&T::name>("name", kNameDoc, kName),
                 field<&T::value>("value", "With each name."),
                 field<&T::priority>("priority", "In a conflict the larger one wins.", kPriority),
                 field<&T::process>("process",
                                    "Which process takes it; started as `type` if there is none of "
                                    "that name on the node; {i} counts.",
                                    kLocalName),
                 field<&T::type>("type", kTypeDoc, kLocalName),
                 field<&T::confirm>("confirm",
                                    "quorum: ok only if a majority of the members saw no other "
                                    "holder."),
                 field<&T::timeout>("timeout", kTimeoutDoc, kTimeout),
                 field<&T::answer>("answer", kAnswerDoc),
                 field<&T::via>("via",
                                "The nodes that are called, in turn; without it, where the process "
                                "runs, or a random one."),
                 field<&T::over>("over", kOverDoc)},
      .shorthand = "count",
      .check = [](const At& at, const T& value) {
        check_process_type(at / "type", value.type);
        check_its_answer(at, value);
      }};
  return table;
}

template <>
const Table<UnregisterNames>& table_of() {
  using T = UnregisterNames;
  static const Table<T> table{
      .name = "unregister_names",
      .doc = "Gives names up, one call each.",
      .fields = {field<&T::count>("count", kCountDoc, kCount),
                 field<&T::first>("first", kFirstDoc, kFirst),
                 field<&T::name>("name", kNameDoc, kName),
                 field<&T::process>("process", kHolderDoc, kLocalName),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::over>("over", kOverDoc)},
      .shorthand = "count",
      .check = check_its_answer<T>};
  return table;
}

template <>
const Table<UnregisterMatch>& table_of() {
  using T = UnregisterMatch;
  static const Table<T> table{
      .name = "unregister_match",
      .doc = "Gives up what a process has under one name with one value.",
      .fields = {field<&T::name>("name", "The name.", kOneName),
                 field<&T::process>("process", "Which process does it.", kLocalName),
                 field<&T::value>("value", "Of the registrations that are given up."),
                 field<&T::removed>("removed", "How many it must have been.", {.max = 1'000'000}),
                 field<&T::answer>("answer", kAnswerDoc)},
      .check = check_its_answer<T>};
  return table;
}

template <>
const Table<UpdateValues>& table_of() {
  using T = UpdateValues;
  static const Table<T> table{
      .name = "update_values",
      .doc = "Changes the values of names, one call each.",
      .fields = {field<&T::count>("count", kCountDoc, kCount),
                 field<&T::first>("first", kFirstDoc, kFirst),
                 field<&T::name>("name", kNameDoc, kName),
                 field<&T::process>("process", kHolderDoc, kLocalName),
                 field<&T::value>("value", "The new one."),
                 field<&T::before>("before", "What the old one must have been.", kNotNull),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::over>("over", kOverDoc)},
      .shorthand = "count",
      .check = check_its_answer<T>};
  return table;
}

template <>
const Table<PutMeta>& table_of() {
  using T = PutMeta;
  static const Table<T> table{
      .name = "put_meta",
      .doc = "Puts one key of the registry's metadata.",
      .fields = {field<&T::key>("key", "The key.", kOneName),
                 field<&T::value>("value", "The value."), field<&T::answer>("answer", kAnswerDoc),
                 field<&T::via>("via", kOneViaDoc)},
      .check = check_its_answer<T>};
  return table;
}

template <>
const Table<DeleteMeta>& table_of() {
  using T = DeleteMeta;
  static const Table<T> table{
      .name = "delete_meta",
      .doc = "Deletes one key of the registry's metadata.",
      .fields = {field<&T::key>("key", "The key.", kOneName),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::via>("via", kOneViaDoc)},
      .shorthand = "key",
      .check = check_its_answer<T>};
  return table;
}

template <>
const Table<GetMeta>& table_of() {
  using T = GetMeta;
  static const Table<T> table{
      .name = "get_meta",
      .doc = "Reads one key of the registry's metadata and expects a value.",
      .fields = {field<&T::key>("key", "The key.", kOneName),
                 field<&T::value>("value", "What must be read; without it, nothing.", kNotNull),
                 field<&T::via>("via", "The nodes that are asked.")}};
  return table;
}

template <>
const Table<SendToNames>& table_of() {
  using T = SendToNames;
  static const Table<T> table{
      .name = "send_to_names",
      .doc = "Sends a message to whoever holds each name.",
      .fields = {field<&T::count>("count", kCountDoc, kCount),
                 field<&T::first>("first", kFirstDoc, kFirst),
                 field<&T::name>("name", kNameDoc, kName),
                 field<&T::message>("message", "Its bytes.", {.max = wire::kValueBytesMax}),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::via>("via", kViaDoc),
                 field<&T::over>("over", kOverDoc)},
      .shorthand = "count",
      .check = check_its_answer<T>};
  return table;
}

template <>
const Table<CallNames>& table_of() {
  using T = CallNames;
  static const Table<T> table{
      .name = "call_names",
      .doc = "Sends a request to whoever holds each name and waits for the reply.",
      .fields = {field<&T::count>("count", kCountDoc, kCount),
                 field<&T::first>("first", kFirstDoc, kFirst),
                 field<&T::name>("name", kNameDoc, kName),
                 field<&T::request>("request", "Its bytes.", {.max = wire::kValueBytesMax}),
                 field<&T::reply>("reply", "What must be replied; without it, anything."),
                 field<&T::timeout>("timeout", kTimeoutDoc, kTimeout),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::via>("via", kViaDoc),
                 field<&T::over>("over", kOverDoc)},
      .shorthand = "count",
      .check = check_its_answer<T>};
  return table;
}

template <>
const Table<Barrier>& table_of() {
  using T = Barrier;
  static const Table<T> table{
      .name = "barrier",
      .doc = "Waits until members read a name as the node that is called does.",
      .fields = {field<&T::name>("name", "The name.", kOneName),
                 field<&T::members, NamesCodec>("members", "Who; without them, all members."),
                 field<&T::timeout>("timeout", kTimeoutDoc, kTimeout),
                 field<&T::answer>("answer", kAnswerDoc), field<&T::via>("via", kOneViaDoc)},
      .shorthand = "name",
      .check = check_its_answer<T>};
  return table;
}

template <>
const Table<StopRegistry>& table_of() {
  using T = StopRegistry;
  static const Table<T> table{
      .name = "stop_registry",
      .doc = "Stops the registry on these nodes, until they are started again.",
      .fields = {field<&T::nodes>("nodes", "Where.", kRequired),
                 field<&T::answer>("answer", kAnswerDoc)},
      .shorthand = "nodes",
      .check = check_its_answer<T>};
  return table;
}

template <>
const Table<Lookup>& table_of() {
  using T = Lookup;
  static const Table<T> table{
      .name = "lookup",
      .doc = "Reads one name and expects a holder, or nobody.",
      .fields = {field<&T::name>("name", "The name.", kOneName),
                 field<&T::via>("via", "The nodes that are asked."),
                 field<&T::nobody>("nobody", "Nobody may hold it."),
                 field<&T::on>("on", "Where the holder must live."),
                 field<&T::process>("process", "Which of the processes that steps started it is.",
                                    kLocalName),
                 field<&T::value>("value", "What it must be registered with.", kNotNull)},
      .shorthand = "name",
      .check = [](const At& at, const T& value) {
        if (value.nobody && (value.on || value.process || value.value)) {
          (at / "nobody").problem("nobody cannot live anywhere or have a value", "leave it out");
        }
      }};
  return table;
}

template <>
const Table<SelectNames>& table_of() {
  using T = SelectNames;
  static const Table<T> table{
      .name = "select_names",
      .doc = "Reads all entries of the registry that match and expects these, or so many.",
      .fields = {field<&T::prefix>("prefix", "What their names begin with."),
                 field<&T::value>("value", "What they are registered with; without it, anything.",
                                  kNotNull),
                 field<&T::names>("names", "The name of each, in any order."),
                 field<&T::count>("count", "How many.", {.max = 10'000'000}),
                 field<&T::via>("via", "The nodes that are asked.")},
      .check = [](const At& at, const T& value) {
        if (!value.names && !value.count) {
          at.problem("expects nothing", "add names or count");
        }
      }};
  return table;
}

template <>
const Table<Channel>& table_of() {
  using T = Channel;
  static const Table<T> table{
      .name = "channel",
      .doc =
          "What one horde's replicas send each other is late; other datagrams are not, and one "
          "that "
          "has parts of both is sent as two.",
      .fields = {field<&T::horde>("horde", "Which horde's."),
                 field<&T::delay>("delay", "How late."), field<&T::from>("from", "Who sends."),
                 field<&T::to>("to", "Who receives."),
                 field<&T::lasts>("for", "Without it, until a heal.")}};
  return table;
}

template <>
const Table<RegistryOptions>& table_of() {
  using T = RegistryOptions;
  static const Table<T> table{
      .name = "registry",
      .doc = "Options of the registry. What has no default here has one in the engine.",
      .fields = {
          field<&T::keys>("keys", "unique: one holder for each name; duplicate: any number."),
          field<&T::listeners>("listeners",
                               "Local names of processes that are told of every registration."),
          field<&T::meta>("meta", "Put where no such key is known."),
          field<&T::conflict_grace>("conflict_grace",
                                    "How long a process has to end after it lost a name.", kTimes),
          field<&T::conflicts_at_once>("conflicts_at_once", "Losers that are told at once.",
                                       {.min = 1, .max = 1'000'000}),
          field<&T::conflict_pace>("conflict_pace", "Between two such groups.", kTimes),
          field<&T::names_max>("names_max", "Names that processes of one node may hold.",
                               {.min = 1, .max = 10'000'000}),
          field<&T::members>("members", "As the horde's; without it, the same."),
          field<&T::sync_interval>("sync_interval", "As the horde's; without it, the same.",
                                   kTimes)}};
  return table;
}

}  // namespace horde::scenario
