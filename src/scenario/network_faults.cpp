#include "scenario/network_faults.hpp"

#include <algorithm>
#include <set>

#include "scenario/overloaded.hpp"

namespace horde::scenario {
namespace {

faults::Ppm ppm_of(Fraction fraction) {
  return {static_cast<std::uint32_t>(fraction.ppm)};
}

}  // namespace

faults::Latency latency_of(const Latency& latency) {
  return std::visit(
      Overloaded{
          [](const ConstantLatency& l) -> faults::Latency { return faults::Constant{l.time}; },
          [](const UniformLatency& l) -> faults::Latency {
            return faults::Uniform{l.min, l.max};
          },
          [](const ExponentialLatency& l) -> faults::Latency {
            return faults::Exponential{l.min, l.mean};
          },
          [](const LogNormalLatency& l) -> faults::Latency {
            return faults::LogNormal{l.median, static_cast<std::uint32_t>(l.sigma.ppm / 1'000)};
          }},
      latency.kind);
}

faults::Link link_of(const NetworkOptions& network) {
  return {.latency = latency_of(network.latency),
          .loss = ppm_of(network.loss),
          .duplicate = ppm_of(network.duplicate),
          .reorder = ppm_of(network.reorder),
          .reorder_extra = network.reorder_by,
          .corrupt = ppm_of(network.corrupt),
          .truncate = {ppm_of(network.corrupt).value / 4},
          .bytes_per_second = static_cast<std::uint64_t>(network.bandwidth.bytes_per_second)};
}

faults::Link changed(faults::Link link, const Link& change) {
  if (change.latency) {
    link.latency = latency_of(*change.latency);
  }
  link.loss = change.loss ? ppm_of(*change.loss) : link.loss;
  link.duplicate = change.duplicate ? ppm_of(*change.duplicate) : link.duplicate;
  link.reorder = change.reorder ? ppm_of(*change.reorder) : link.reorder;
  link.reorder_extra = change.reorder_by.value_or(link.reorder_extra);
  if (change.corrupt) {
    link.corrupt = ppm_of(*change.corrupt);
    link.truncate = {link.corrupt.value / 4};
  }
  if (change.bandwidth) {
    link.bytes_per_second = static_cast<std::uint64_t>(change.bandwidth->bytes_per_second);
  }
  return link;
}

faults::LinkSet links_between(const faults::Nodes& from, const faults::Nodes& to) {
  const std::set<base::NodeId> senders(from.begin(), from.end());
  const std::set<base::NodeId> receivers(to.begin(), to.end());
  std::set<base::NodeId> both = senders;
  both.insert(to.begin(), to.end());
  if (both.size() == from.size() + to.size()) {
    return faults::LinkSet::one_way(from, to);
  }
  return faults::LinkSet::among({both.begin(), both.end()}, [&](base::NodeId a, base::NodeId b) {
    return senders.contains(a) && receivers.contains(b);
  });
}

// --- Begin ---

NetworkFaults::FaultId NetworkFaults::cut(std::string name, faults::LinkSet links) {
  return begin({.kind = Kind::cut, .name = std::move(name), .links = std::move(links)});
}

NetworkFaults::FaultId NetworkFaults::clog(faults::LinkSet links) {
  return begin({.kind = Kind::clog, .links = std::move(links)});
}

NetworkFaults::FaultId NetworkFaults::change(const Link& change, const faults::Nodes& from,
                                             const faults::Nodes& to) {
  std::set<base::NodeId> nodes(from.begin(), from.end());
  nodes.insert(to.begin(), to.end());
  return begin({.kind = Kind::link,
                .links = links_between(from, to),
                .change = change,
                .nodes = {nodes.begin(), nodes.end()}});
}

NetworkFaults::FaultId NetworkFaults::delay(faults::Delay delay, faults::LinkSet links) {
  return begin({.kind = Kind::channel, .links = std::move(links), .delay = delay});
}

NetworkFaults::FaultId NetworkFaults::begin(Fault fault) {
  fault.id = ++last_;
  add_rules(fault);
  faults_.push_back(std::move(fault));
  return last_;
}

void NetworkFaults::add_rules(Fault& fault) {
  const std::string name = fault.name.empty() ? "fault " + std::to_string(fault.id) : fault.name;
  switch (fault.kind) {
    case Kind::cut:
      fault.rules = {world_->add_rule({name, fault.links, faults::Drop{}})};
      return;
    case Kind::clog:
      fault.rules = {world_->add_rule({name, fault.links, faults::Hold{}})};
      return;
    case Kind::channel:
      fault.rules = {world_->add_rule({name, fault.links, fault.delay})};
      return;
    case Kind::link:
      break;
  }
  // One rule for each kind of link that is changed: mostly one.
  std::vector<std::pair<faults::Link, faults::LinkSet>> parts;
  const faults::Nodes& nodes = fault.nodes;
  std::vector<faults::Link> before;
  for (const base::NodeId from : nodes) {
    for (const base::NodeId to : nodes) {
      if (fault.links.contains(from, to)) {
        const faults::Link link = world_->link(from, to);
        if (std::ranges::find(before, link) == before.end()) {
          before.push_back(link);
        }
      }
    }
  }
  for (const faults::Link& link : before) {
    parts.emplace_back(changed(link, fault.change),
                       before.size() == 1
                           ? fault.links
                           : faults::LinkSet::among(nodes, [&](base::NodeId a, base::NodeId b) {
                               return fault.links.contains(a, b) && world_->link(a, b) == link;
                             }));
  }
  for (auto& [link, links] : parts) {
    fault.rules.push_back(world_->add_rule({name, std::move(links), std::move(link)}));
  }
}

// --- End ---

void NetworkFaults::remove_rules(Fault& fault) {
  for (const faults::RuleId rule : std::exchange(fault.rules, {})) {
    world_->heal(rule);
  }
}

void NetworkFaults::end_at(std::size_t index) {
  const auto it = faults_.begin() + static_cast<std::ptrdiff_t>(index);
  const Kind kind = it->kind;
  remove_rules(*it);
  faults_.erase(it);
  if (kind == Kind::link) {
    renew_changes();
  }
}

void NetworkFaults::renew_changes() {
  for (Fault& fault : faults_) {
    if (fault.kind == Kind::link) {
      remove_rules(fault);
    }
  }
  for (Fault& fault : faults_) {
    if (fault.kind == Kind::link) {
      add_rules(fault);
    }
  }
}

void NetworkFaults::end(FaultId id) {
  const auto it = std::ranges::find(faults_, id, &Fault::id);
  if (it != faults_.end()) {
    end_at(static_cast<std::size_t>(it - faults_.begin()));
  }
}

void NetworkFaults::heal(const std::string& name) {
  for (std::size_t i = faults_.size(); i-- > 0;) {
    if (name == "all" || (faults_[i].kind == Kind::cut && faults_[i].name == name)) {
      end_at(i);
    }
  }
}

void NetworkFaults::unclog(const faults::Nodes& from, const faults::Nodes& to,
                           const faults::Nodes& all) {
  const std::set<base::NodeId> senders(from.begin(), from.end());
  const std::set<base::NodeId> receivers(to.begin(), to.end());
  keep_only(all, Kind::clog, Kind::clog, [&](base::NodeId a, base::NodeId b) {
    return !senders.contains(a) || !receivers.contains(b);
  });
}

void NetworkFaults::heal_among(const faults::Nodes& core, const faults::Nodes& all) {
  const std::set<base::NodeId> inside(core.begin(), core.end());
  keep_only(all, Kind::cut, Kind::channel, [&](base::NodeId a, base::NodeId b) {
    return !inside.contains(a) || !inside.contains(b);
  });
}

void NetworkFaults::keep_only(const faults::Nodes& all, Kind first, Kind last,
                              const std::function<bool(base::NodeId, base::NodeId)>& keep) {
  const auto concerns = [&](const Fault& fault) {
    return fault.kind >= first && fault.kind <= last;
  };
  for (Fault& fault : faults_) {
    if (concerns(fault)) {
      remove_rules(fault);
      fault.links = faults::LinkSet::among(all, [&](base::NodeId a, base::NodeId b) {
        return fault.links.contains(a, b) && keep(a, b);
      });
    }
  }
  std::erase_if(faults_, [&](const Fault& fault) {
    return concerns(fault) &&
           fault.links == faults::LinkSet::among(all, [](auto, auto) { return false; });
  });
  for (Fault& fault : faults_) {
    if (concerns(fault)) {
      add_rules(fault);
    }
  }
}

bool NetworkFaults::is_cut(base::NodeId from, base::NodeId to) const {
  return std::ranges::any_of(faults_, [&](const Fault& fault) {
    return fault.kind == Kind::cut && fault.links.contains(from, to);
  });
}

bool NetworkFaults::disturbs(base::NodeId node, const faults::Nodes& all) const {
  constexpr std::int64_t kLossy = 300'000;
  return std::ranges::any_of(faults_, [&](const Fault& fault) {
    if (fault.kind == Kind::link && !fault.change.latency && !fault.change.bandwidth &&
        fault.change.loss.value_or(Fraction{}).ppm < kLossy) {
      return false;
    }
    return std::ranges::any_of(all, [&](base::NodeId other) {
      return fault.links.contains(node, other) || fault.links.contains(other, node);
    });
  });
}

}  // namespace horde::scenario
