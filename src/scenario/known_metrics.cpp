#include "scenario/known_metrics.hpp"

#include <array>
#include <vector>

namespace horde::scenario {
namespace {

// Kinds of messages, as in the traffic that a World tells of.
constexpr std::array<std::string_view, 10> kKinds{"total",    "framing", "membership", "table",
                                                  "digest",   "vector",  "session",    "push",
                                                  "fragment", "link"};

std::vector<MetricInfo> all() {
  using Unit = MetricUnit;
  std::vector<MetricInfo> out{
      {"convergence", Unit::time,
       "from the end of the last fault or write until maps and views are equal"},
      {"detection each", Unit::time, "from a crash until one node declared it"},
      {"detection all", Unit::time, "from a crash until the last node declared it"},
      {"memory node", Unit::bytes, "what a node's tables hold now"},
      {"formation", Unit::time, "from the last start until the cluster had formed"},
      {"deaths", Unit::count, "how often some node declared another dead"},
      {"false deaths", Unit::count, "those of nodes that were well and could be reached"},
      {"events written", Unit::count, "puts and removes, also those of the nodes themselves"},
      {"writes called", Unit::count, "puts and removes that steps asked for"},
      {"writes acknowledged", Unit::count, "those that were answered with ok"},
      {"writes refused", Unit::count, "those that reached no node, or were answered otherwise"},
      {"sessions", Unit::count, "sessions that ended well"},
      {"sessions paged", Unit::count, "those that needed more than one page"},
      {"sessions reconciled", Unit::count, "those of replicas below a floor"},
      {"child starts", Unit::count, "copies of children that were started"},
      {"child crashes", Unit::count, "those that ended by a crash, or failed to start"},
      {"duplicate process seconds", Unit::time, "that children had more than one process, in all"},
      {"child outage", Unit::time, "that a child which must run had no process"},
      {"child restart", Unit::time, "from an exit until it ran again on the same member"},
      {"takeover", Unit::time, "from a crash of its node until a child ran on another"},
      {"takeover after detection", Unit::time, "the same, from the first node that declared it"},
      {"child rows node", Unit::count, "what a node's supervisor keeps rows of now"},
      {"name conflicts", Unit::count, "processes that lost a name to another"},
      {"name kills", Unit::count, "those that did not end by themselves in time"},
      {"unavailable name seconds", Unit::time,
       "that names of live processes, and of children that must run, could not be read on some "
       "node"},
      {"heal to one holder", Unit::time,
       "from the end of the last fault until each such name had one live holder everywhere"},
      {"name rows node", Unit::count, "entries of names that a node has now"},
      {"membership datagrams a second, peak", Unit::count, "of a node's busiest second"}};
  for (const std::string_view kind : kKinds) {
    if (kind == "framing") {  // Every datagram has some.
      continue;
    }
    out.push_back({"datagrams " + std::string(kind), Unit::count, "sent by all nodes"});
  }
  for (const std::string_view kind : kKinds) {
    out.push_back({"bytes " + std::string(kind), Unit::bytes, "sent by all nodes"});
  }
  out.push_back({"bytes without membership", Unit::bytes, "of the total, all that is not SWIM's"});
  return out;
}

}  // namespace

std::span<const MetricInfo> known_metrics() {
  static const std::vector<MetricInfo> metrics = all();
  return metrics;
}

}  // namespace horde::scenario
