// NetworkFaults: the cuts, clogs, link changes and delays in force, as scenarios speak of them.
//
// A fault is one rule of the world. Faults of the network can be ended one by one, by name, all, or
// in part: a settle ends what is among its core and leaves the rest.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scenario/world.hpp"

namespace horde::scenario {

class NetworkFaults {
 public:
  enum class Kind : std::uint8_t { cut, clog, link, channel };
  /// Handed out by begin, never used twice.
  using FaultId = std::uint64_t;

  explicit NetworkFaults(World& world) : world_(&world) {}

  FaultId cut(std::string name, faults::LinkSet links);
  FaultId clog(faults::LinkSet links);
  /// What `change` sets is changed of the links from `from` to `to`.
  FaultId change(const Link& change, const faults::Nodes& from, const faults::Nodes& to);

  /// What belongs to some channels only is late.
  FaultId delay(faults::Delay delay, faults::LinkSet links);

  /// Nothing if it has ended already.
  void end(FaultId fault);
  /// Ends the cuts of this name; "all": everything.
  void heal(const std::string& name);
  /// Ends the clogs of these links, and leaves what they hold of others.
  void unclog(const faults::Nodes& from, const faults::Nodes& to, const faults::Nodes& all);
  /// Ends what is among `core`.
  void heal_among(const faults::Nodes& core, const faults::Nodes& all);

  /// Whether anything is cut, clogged or lossy at a link of `node`.
  [[nodiscard]] bool disturbs(base::NodeId node, const faults::Nodes& all) const;
  /// Whether nothing at all passes from one to the other.
  [[nodiscard]] bool is_cut(base::NodeId from, base::NodeId to) const;
  [[nodiscard]] bool empty() const { return faults_.empty(); }

 private:
  struct Fault {
    FaultId id = 0;
    Kind kind = Kind::cut;
    std::string name;
    faults::LinkSet links;
    Link change;
    faults::Nodes nodes;  // At the ends of what is changed.
    faults::Delay delay;
    std::vector<faults::RuleId> rules;
  };

  FaultId begin(Fault fault);
  void add_rules(Fault& fault);
  void remove_rules(Fault& fault);
  void end_at(std::size_t index);
  // Link changes build on each other, so all are made anew when one begins or ends.
  void renew_changes();
  void keep_only(const faults::Nodes& all, Kind first, Kind last,
                 const std::function<bool(base::NodeId, base::NodeId)>& keep);

  World* world_;
  FaultId last_ = 0;
  std::vector<Fault> faults_;  // In the order in which they began.
};

/// The links from each of `from` to each of `to`.
[[nodiscard]] faults::LinkSet links_between(const faults::Nodes& from, const faults::Nodes& to);
/// `link` with what `change` sets.
[[nodiscard]] faults::Link changed(faults::Link link, const Link& change);
[[nodiscard]] faults::Latency latency_of(const Latency& latency);
[[nodiscard]] faults::Link link_of(const NetworkOptions& network);

}  // namespace horde::scenario
