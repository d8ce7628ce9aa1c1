#include <algorithm>
#include <set>

#include "node/node.hpp"
#include "process/child_spec.hpp"

namespace horde::node {
namespace {

std::string refusal_of(const ChildrenConfig& children) {
  if (std::string why = supervisor::refusal_of(children.options); !why.empty()) {
    return why;
  }
  for (const supervisor::StaticChild& child : children.options.static_children) {
    if (const std::string why = refusal_of_start(child.spec.start); !why.empty()) {
      return "static child " + base::printable(child.name) + ": " + why;
    }
  }
  // The same bounds hold for all arguments of a process.
  const process::ChildSpec spec{.type = "x", .args = children.extra_arguments};
  if (const auto fine = process::validate(spec); !fine) {
    return "extra_arguments: " + fine.error().message;
  }
  if (children.telemetry_interval < base::Duration{}) {
    return "telemetry_interval: wants 0 or more, not " +
           base::to_string(children.telemetry_interval);
  }
  return children.strategy == nullptr ? "strategy: wants a function that makes one" : "";
}

std::string refusal_of(const HordeConfig& horde) {
  const auto bad = std::ranges::find_if_not(
      horde.members.names, [](const std::string& name) { return base::is_node_name(name); });
  if (bad != horde.members.names.end()) {
    return "members: wants names of nodes, not " + base::printable(*bad);
  }
  if (horde.replication.sync_interval <= base::Duration{}) {
    return "replication.sync_interval: wants more than 0, not " +
           base::to_string(horde.replication.sync_interval);
  }
  if (horde.replication.page_keys_max == 0) {
    return "replication.page_keys_max: wants at least 1, not 0";
  }
  if (const std::string why = horde.children ? refusal_of(*horde.children) : ""; !why.empty()) {
    return "children." + why;
  }
  const std::string why = horde.names ? registry::refusal_of(*horde.names) : "";
  return why.empty() ? "" : "names." + why;
}

}  // namespace

std::string refusal_of(const Config& config) {
  if (!base::is_node_name(config.name)) {
    return "name: wants 1 to 255 printable characters, not " + base::printable(config.name);
  }
  std::set<std::uint16_t> ids;
  for (const HordeConfig& horde : config.hordes) {
    if (!ids.insert(id_of_horde(horde.name)).second) {
      return base::printable(horde.name) + ": name: wants one whose hash no other horde's has";
    }
    if (const std::string why = refusal_of(horde); !why.empty()) {
      return base::printable(horde.name) + ": " + why;
    }
  }
  return {};
}

}  // namespace horde::node
