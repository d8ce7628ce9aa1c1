// The tables of the scenario itself, its options, and the frame around each step.
#include "base/ids.hpp"
#include "scenario/tables.hpp"

namespace horde::scenario {

bool check_node_name(const At& at, std::string_view name) {
  if (!base::is_node_name(name)) {
    at.problem("\"" + std::string(name.substr(0, 40)) + "\" cannot name a node",
               "use 1 to 255 printable characters without blanks, commas, '/' and quotes");
    return false;
  }
  constexpr std::array<std::string_view, 5> kReserved{"random", "all", "minority", "majority",
                                                      "others"};
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end() ||
      name.find(':') != std::string_view::npos) {
    at.problem("\"" + std::string(name) + "\" is a role, not a node's name", "choose another name");
    return false;
  }
  return true;
}

void NamesCodec::read(const At& at, const Json& json, const Rule& rule,
                      std::vector<std::string>& out) {
  if (json.is_string()) {
    out = {json.get<std::string>()};
    check_node_name(at, out.front());
    return;
  }
  Codec<std::vector<std::string>>::read(at, json, rule, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (json[i].is_string() && check_node_name(at / i, out[i]) &&
        std::find(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(i), out[i]) !=
            out.begin() + static_cast<std::ptrdiff_t>(i)) {
      (at / i).problem("\"" + out[i] + "\" stands here twice", "name it once");
    }
  }
}

Json NamesCodec::write(const std::vector<std::string>& names) {
  return names;
}

Json NamesCodec::schema(const Rule& rule, Json& definitions) {
  const Json one = {{"type", "string"}, {"minLength", 1}};
  return {
      {"anyOf", Json::array({one, Codec<std::vector<std::string>>::schema(rule, definitions)})}};
}

void MembersCodec::read(const At& at, const Json& json, const Rule&, Members& out) {
  if (json == "auto") {
    out = {};
  } else if (json.is_array()) {
    out.automatic = false;
    NamesCodec::read(at, json, {.min = 1}, out.names);
  } else {
    wrong_type(at, json, "\"auto\", or a list of node names");
  }
}

Json MembersCodec::write(const Members& value) {
  return value.automatic ? Json("auto") : NamesCodec::write(value.names);
}

Json MembersCodec::schema(const Rule&, Json& definitions) {
  return {
      {"anyOf", Json::array({{{"const", "auto"}},
                             Codec<std::vector<std::string>>::schema({.min = 1}, definitions)})}};
}

namespace {

/// Codec of `nodes`: how many, or a list of names and objects.
struct NodesCodec {
  static void read(const At& at, const Json& json, const Rule&, std::vector<NodeOptions>& out) {
    if (json.is_number()) {
      out = Scenario::numbered_nodes(read_integer(at, json, {.min = 1, .max = kNodesMax}));
    } else if (json.is_array()) {
      Codec<std::vector<NodeOptions>>::read(at, json, {.min = 1}, out);
      if (std::cmp_greater(out.size(), kNodesMax)) {
        at.problem("there are " + std::to_string(out.size()) + " nodes",
                   "at most " + std::to_string(kNodesMax) + " are allowed");
      }
    } else {
      wrong_type(at, json, "how many nodes, or a list of their names");
    }
  }
  static Json write(const std::vector<NodeOptions>& nodes) {
    if (nodes == Scenario::numbered_nodes(static_cast<std::int64_t>(nodes.size()))) {
      return nodes.size();
    }
    return Codec<std::vector<NodeOptions>>::write(nodes);
  }
  static Json schema(const Rule&, Json& definitions) {
    return {
        {"anyOf", Json::array({{{"type", "integer"}, {"minimum", 1}, {"maximum", kNodesMax}},
                               Codec<std::vector<NodeOptions>>::schema({.min = 1}, definitions)})}};
  }
};

void check_step(const At& at, const Step& step) {
  if (!step.every && (step.until || step.count)) {
    (at / (step.until ? "until" : "count"))
        .problem("repeats, but does not say how often", "add \"every\", for example \"1s\"");
  }
  if (step.every && !step.until && !step.count) {
    (at / "every").problem("repeats without end", "add \"until\" or \"count\"");
  }
  if (step.every && step.count && *step.every > kDurationMax / *step.count) {
    (at / "count").problem("goes on for more than ten years", "write a smaller one");
  }
  if (step.until && *step.until < step.at) {
    (at / "until").problem("ends before it begins", "write a time after " + to_text(step.at));
  }
}

}  // namespace

template <>
const Table<Step>& table_of() {
  static const Table<Step> table{
      .name = "step",
      .doc = "What happens at one time, or at several.",
      .fields = {field<&Step::at>("at", "When, since time 0."),
                 field<&Step::every>("every", "Again after each such time.", {.min = 1}),
                 field<&Step::until>("until", "Not again after this time, since time 0."),
                 field<&Step::count>("count", "So many times in all.",
                                     {.min = 1, .max = 1'000'000})},
      .one_of = {alternative<&Step::action, Put>("put"),
                 alternative<&Step::action, Remove>("remove"),
                 alternative<&Step::action, PutMany>("put_many"),
                 alternative<&Step::action, RemoveMany>("remove_many"),
                 alternative<&Step::action, Merge>("merge"),
                 alternative<&Step::action, Drop>("drop"),
                 alternative<&Step::action, Get>("get"),
                 alternative<&Step::action, Take>("take"),
                 alternative<&Step::action, Workload>("workload"),
                 alternative<&Step::action, SetMembers>("set_members"),
                 alternative<&Step::action, StartChildren>("start_children"),
                 alternative<&Step::action, TerminateChildren>("terminate_children"),
                 alternative<&Step::action, ReleaseChildren>("release_children"),
                 alternative<&Step::action, WaitForQuorum>("wait_for_quorum"),
                 alternative<&Step::action, Join>("join"),
                 alternative<&Step::action, Leave>("leave"),
                 alternative<&Step::action, Stop>("stop"),
                 alternative<&Step::action, Crash>("crash"),
                 alternative<&Step::action, Restart>("restart"),
                 alternative<&Step::action, StartFaults>("start_faults"),
                 alternative<&Step::action, Pause>("pause"),
                 alternative<&Step::action, Resume>("resume"),
                 alternative<&Step::action, Slow>("slow"),
                 alternative<&Step::action, Clock>("clock"),
                 alternative<&Step::action, Hint>("hint"),
                 alternative<&Step::action, Garbage>("garbage"),
                 alternative<&Step::action, Cut>("cut"),
                 alternative<&Step::action, Heal>("heal"),
                 alternative<&Step::action, Clog>("clog"),
                 alternative<&Step::action, Unclog>("unclog"),
                 alternative<&Step::action, Link>("link"),
                 alternative<&Step::action, Channel>("channel"),
                 alternative<&Step::action, StartProcesses>("start_processes"),
                 alternative<&Step::action, StopProcesses>("stop_processes"),
                 alternative<&Step::action, RegisterNames>("register_names"),
                 alternative<&Step::action, UnregisterNames>("unregister_names"),
                 alternative<&Step::action, UnregisterMatch>("unregister_match"),
                 alternative<&Step::action, UpdateValues>("update_values"),
                 alternative<&Step::action, PutMeta>("put_meta"),
                 alternative<&Step::action, DeleteMeta>("delete_meta"),
                 alternative<&Step::action, GetMeta>("get_meta"),
                 alternative<&Step::action, SendToNames>("send_to_names"),
                 alternative<&Step::action, CallNames>("call_names"),
                 alternative<&Step::action, Barrier>("barrier"),
                 alternative<&Step::action, StopRegistry>("stop_registry"),
                 alternative<&Step::action, Lookup>("lookup"),
                 alternative<&Step::action, SelectNames>("select_names"),
                 alternative<&Step::action, Expect>("expect"),
                 alternative<&Step::action, Measure>("measure"),
                 alternative<&Step::action, Settle>("settle"),
                 alternative<&Step::action, Swarm>("swarm")},
      .check = check_step};
  return table;
}

std::string_view name_of(const Action& action) {
  return table_of<Step>().one_of[action.index()].name;
}

template <>
const Table<NodeOptions>& table_of() {
  using T = NodeOptions;
  static const Table<T> table{
      .name = "node_options",
      .doc = "A node; its name alone will do.",
      .fields = {field<&T::name>("name", "Its name.", kRequired),
                 field<&T::starts>("starts", "When it starts, after the start of the run."),
                 field<&T::clock_offset>("clock_offset", "Of its wall clock.", kSigned),
                 field<&T::clock_drift>("clock_drift", "How much too fast its wall clock runs.",
                                        {.min = -100'000, .max = 100'000}),
                 field<&T::hash>("hash", "Instead of the horde's: a node of another version.")},
      .shorthand = "name",
      .check = [](const At& at, const T& value) { check_node_name(at, value.name); }};
  return table;
}

template <>
const Table<HordeOptions>& table_of() {
  using T = HordeOptions;
  // Below 1 us a run makes no progress; the most keeps multiples within 64 bits.
  constexpr Rule kPositive{.min = 1'000, .max = base::seconds(3'600).ns};
  static const Table<T> table{
      .name = "horde",
      .doc = "Options of every node. What has no default here has one in the engine.",
      .fields = {
          field<&T::sync_interval>("sync_interval",
                                   "The longest time between rounds with a "
                                   "neighbour.",
                                   kPositive),
          field<&T::propagation>("propagation",
                                 "eager: new events are pushed at once; interval: "
                                 "only rounds carry them."),
          field<&T::topology>("topology", "Who synchronises with whom."),
          field<&T::members, MembersCodec>("members", "auto: every node heard of; or a list."),
          field<&T::distribution>("distribution",
                                  "How children are placed, and whether a quorum "
                                  "is needed."),
          field<&T::hash>("hash",
                          "What places a child by its hash: rendezvous hashing, or a ring of 128 "
                          "points a node, as in the original."),
          field<&T::redistribution>("redistribution",
                                    "passive: children stay where they are; active: they move "
                                    "where they belong when members come and go."),
          field<&T::duplicates>("duplicates",
                                "stop: of two copies of a child the one of the older claim is "
                                "stopped; leave: both go on, as in the original."),
          field<&T::on_intensity>("on_intensity",
                                  "A child that fails too often: quarantine: it backs off and is "
                                  "listed; shutdown: its node's supervisor ends, as in the "
                                  "original."),
          field<&T::static_children>("static_children",
                                     "Children that every node knows from the start."),
          field<&T::extra_arguments>("extra_arguments", "Put before the arguments of each child."),
          field<&T::max_children>("max_children", "That a node starts by calls, at most."),
          field<&T::max_restarts>("max_restarts", "Failures that a child may have in a row.",
                                  {.max = 1'000'000}),
          field<&T::healthy_after>("healthy_after",
                                   "A copy that has run for so long counts as healthy.", kPositive),
          field<&T::quarantine>("quarantine", "How long the first quarantine of a child lasts.",
                                kPositive),
          field<&T::takeover_delay>("takeover_delay",
                                    "How long an owner must have been gone before its children are "
                                    "taken over."),
          field<&T::proxy_message_ttl>("proxy_message_ttl",
                                       "How often a start may be forwarded; then the child starts "
                                       "where the call is.",
                                       {.max = 1'000'000}),
          field<&T::max_sync_size>("max_sync_size", "Entries in one page; without it no limit.",
                                   {.min = 1, .max = 10'000'000}),
          field<&T::forget_after>("forget_after",
                                  "A member that was silent for so long is "
                                  "forgotten.",
                                  {.min = 1'000}),
          field<&T::boot_wait>("boot_wait",
                               "How long a fresh node waits for its first sync "
                               "before it writes."),
          field<&T::push_coalesce>("push_coalesce",
                                   "New events wait so long for others to go "
                                   "with."),
          field<&T::session_timeout>("session_timeout", "An unanswered session is given up.",
                                     kPositive),
          field<&T::tombstone_age_max>("tombstone_age_max", "Older tombstones are dropped."),
          field<&T::tombstones_max>("tombstones_max",
                                    "More tombstones than that are dropped, the "
                                    "oldest first."),
          field<&T::probe_interval>("probe_interval", "Between two probes of a node.", kPositive),
          field<&T::probe_timeout>("probe_timeout", "A probe without answer goes on by others.",
                                   kPositive),
          field<&T::registry>("registry",
                              "Every node has a member of a registry too; also if steps use "
                              "names.")}};
  return table;
}

template <>
const Table<NetworkOptions>& table_of() {
  using T = NetworkOptions;
  static const Table<T> table{
      .name = "network",
      .doc = "The network, before any fault.",
      .fields = {field<&T::latency>("latency", "How long a datagram is under way."),
                 field<&T::loss>("loss", "Of datagrams.", kShare),
                 field<&T::duplicate>("duplicate", "Of datagrams.", kShare),
                 field<&T::reorder>("reorder", "Of datagrams, which are delayed further.", kShare),
                 field<&T::reorder_by>("reorder_by", "The longest such delay."),
                 field<&T::corrupt>(
                     "corrupt", "Of datagrams: bits are flipped, or the end is cut off.", kShare),
                 field<&T::bandwidth>("bandwidth", "From each node to each other."),
                 field<&T::links>("links", "What differs between some nodes; a later one wins.")}};
  return table;
}

template <>
const Table<SwarmOptions>& table_of() {
  using T = SwarmOptions;
  static const Table<T> table{
      .name = "swarm",
      .doc = "What swarm steps draw from; each family is on or off by the seed.",
      .fields = {field<&T::faults>("faults", "The families that may be on.", {.min = 1}),
                 field<&T::gap>("gap", "Between the begins of two faults, on average.",
                                {.min = 1'000'000}),
                 field<&T::lasts>("lasts", "How long a fault lasts, on average."),
                 field<&T::down_max>("down_max", "Nodes that are down at once, at most.",
                                     {.max = kNodesMax})}};
  return table;
}

template <>
const Table<Scenario>& table_of() {
  using T = Scenario;
  static const Table<T> table{
      .name = "scenario",
      .doc =
          "A scenario of the horde program: a cluster, its network, what happens, what must "
          "hold.",
      .fields = {
          field<&T::version>("version", "Of this format.", {.min = 1, .max = kScenarioVersion}),
          field<&T::about>("about", "What it shows, in a sentence or two."),
          field<&T::seed>("seed", "Of all chance in the run."),
          field<&T::protocol>("protocol", "What the nodes run."),
          field<&T::nodes, NodesCodec>("nodes",
                                       "How many (named n1, n2, ...), or a list of names."),
          field<&T::horde>("horde", "Options of every node."),
          field<&T::network>("network", "The network, before any fault."),
          field<&T::formed>("formed",
                            "Time 0 is when the cluster has formed; false: when the "
                            "nodes start."),
          field<&T::swarm>("swarm", "What swarm steps draw from."),
          field<&T::timeline>("timeline", "What happens; steps of one time in this order."),
          field<&T::duration>("duration", "Without it, the run goes on until the last step ended."),
          field<&T::settle>("settle", "What follows the last step."),
          field<&T::always>("always", "Checked at each event."),
          field<&T::eventually>("eventually", "Checked when the run has settled."),
          field<&T::sometimes>("sometimes", "What a sweep must have seen in at least one run.")}};
  return table;
}

}  // namespace horde::scenario
