#include "scenario/check_children.hpp"

#include <algorithm>

#include "supervisor/entry.hpp"

namespace horde::scenario {

using supervisor::ChildId;

void ChildrenChecker::on_static(const ChildId& id, StartedAs as) {
  by_name_[as.name] = id;
  known_[id] = as;
  wanted_[id] = std::move(as);
}

void ChildrenChecker::on_start(NodeIndex node, base::CallId call, StartedAs as) {
  starts_[{node, call.value}] = std::move(as);
}

void ChildrenChecker::on_terminate(NodeIndex node, base::CallId call, const ChildId& id) {
  terminates_[{node, call.value}] = id;
  wanted_.erase(id);  // From here on it may end.
  settled_version_ = 0;
}

void ChildrenChecker::on_disk_loss(NodeIndex node, const std::vector<NodeIndex>& live) {
  ends_known_.erase(node);
  std::set<ChildId> held;
  for (const NodeIndex each : live) {
    if (each != node) {
      for (const supervisor::ChildRow& row : world_->children(each)) {
        held.insert(row.id);
      }
    }
  }
  for (auto& [id, as] : wanted_) {
    ++as.disks_lost;
  }
  std::erase_if(wanted_, [&](const auto& child) {
    const auto& [id, as] = child;
    return !as.is_static && as.disks_lost >= as.acknowledged_by && !held.contains(id);
  });
}

std::optional<ChildId> ChildrenChecker::find(const std::string& name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? std::nullopt : std::optional(it->second);
}

std::string ChildrenChecker::name_of(const ChildId& id) const {
  const auto it = known_.find(id);
  return it == known_.end() ? "" : it->second.name;
}

bool ChildrenChecker::must_run(const ChildId& id) const {
  const auto it = wanted_.find(id);
  return it != wanted_.end() && !it->second.ends_by_itself;
}

void ChildrenChecker::on_answer(base::Instant /*at*/, NodeIndex node, const base::Answer& answer) {
  const CallKey key{node, answer.call.value};
  if (const auto start = starts_.extract(key)) {
    const auto id = supervisor::child_id_of(answer.detail);
    if (id && *id != ChildId{}) {
      by_name_[start.mapped().name] = *id;
      known_[*id] = start.mapped();
      if (answer.status == "ok") {
        wanted_[*id] = start.mapped();
      }
      settled_version_ = 0;
    }
  } else if (const auto terminate = terminates_.extract(key)) {
    if (answer.status == "ok") {
      terminated_.insert(terminate.mapped());
    }
  }
}

// What a node learns in a step counts from the next one on: its start of a copy may have come
// first.
void ChildrenChecker::on_step(const WorldStep& step) {
  for (const crdt::Change& change : step.touched) {
    if (const auto id = supervisor::child_of(change.key)) {
      const auto child = world_->child(step.node, *id);
      if (child && child->ended) {
        ends_known_[step.node].insert(*id);
      }
    }
  }
}

void ChildrenChecker::on_copy_starting(base::Instant /*at*/, NodeIndex node, const ChildId& id) {
  if (terminated_.contains(id)) {
    findings_.add({.id = "A6",
                   .node = world_->name(node),
                   .text = shown(id) + " is started, and was terminated with ok"});
  } else if (const auto known = ends_known_.find(node);
             known != ends_known_.end() && known->second.contains(id)) {
    findings_.add({.id = "A6",
                   .node = world_->name(node),
                   .text = shown(id) + " is started, and has ended, as this node knew"});
  }
}

void ChildrenChecker::check_all(Group live) {
  for (const NodeIndex node : live) {
    for (const ChildId& id : watch_->on(node)) {
      if (terminated_.contains(id)) {
        findings_.add({.id = "A6",
                       .node = world_->name(node),
                       .text = shown(id) + " runs, and was terminated with ok"});
      }
    }
  }
}

// Asked often: what cannot have changed since all was well is not looked at again, and while some
// child has two copies, or one that is starting, the others need no look.
std::optional<std::string> ChildrenChecker::unsettled(Group core) {
  if (known_.empty() || core.empty()) {
    return {};
  }
  if (settled_version_ == watch_->version() && std::ranges::equal(settled_core_, core)) {
    return {};
  }
  if (auto odd = odd_one(core)) {
    return odd;
  }
  if (auto wrong = wrong_one(core)) {
    return wrong;
  }
  settled_version_ = watch_->version();
  settled_core_ = {core.begin(), core.end()};
  return {};
}

std::optional<std::string> ChildrenChecker::odd_one(Group core) const {
  const auto is_core = [&](NodeIndex node) { return std::ranges::find(core, node) != core.end(); };
  for (const ChildId& id : watch_->odd()) {
    std::vector<NodeIndex> nodes;
    for (const ChildWatch::Copy& copy : watch_->copies(id)) {
      if (is_core(copy.node)) {
        nodes.push_back(copy.node);
      }
    }
    if (nodes.size() > 1) {
      return shown(id) + " runs on " + world_->name(nodes[0]) + " and " + world_->name(nodes[1]);
    }
    if (nodes.size() == 1 && !watch_->is_up(nodes[0], id)) {
      return shown(id) + " is still starting on " + world_->name(nodes[0]);
    }
  }
  return {};
}

std::optional<std::string> ChildrenChecker::wrong_one(Group core) const {
  if (!world_->has_quorum(core.front())) {
    for (const NodeIndex node : core) {
      if (!watch_->on(node).empty()) {
        return shown(*watch_->on(node).begin()) + " runs on " + world_->name(node) +
               ", and there is no quorum";
      }
    }
    return {};
  }
  std::set<ChildId> listed;
  for (const supervisor::ChildRow& row : world_->children(core.front())) {
    listed.insert(row.id);
    if (auto wrong = wrong_place(row, core)) {
      return wrong;
    }
  }
  for (const NodeIndex node : core) {
    for (const ChildId& id : watch_->on(node)) {
      if (!listed.contains(id)) {
        return shown(id) + " runs on " + world_->name(node) + ", and no entry says so";
      }
    }
  }
  for (const auto& [id, as] : wanted_) {
    if (!listed.contains(id) && !as.ends_by_itself) {
      return shown(id) + " is lost: no entry says that it is wanted";
    }
  }
  return {};
}

std::optional<std::string> ChildrenChecker::wrong_place(const supervisor::ChildRow& row,
                                                        Group core) const {
  const auto at =
      std::ranges::find_if(core, [&](NodeIndex node) { return watch_->is_up(node, row.id); });
  if (at == core.end()) {
    if (row.state == supervisor::RunState::quarantined) {
      return {};
    }
    return shown(row.id) + " runs nowhere; it is " + std::string(to_string(row.state)) + " under " +
           supervisor::to_string(row.claim);
  }
  const base::NodeId here = base::NodeId::of(world_->name(*at));
  if (here != row.claim.owner) {
    return shown(row.id) + " runs on " + world_->name(*at) + ", which is not its owner";
  }
  if (redistribution_ == Redistribution::active) {
    const auto child = world_->child(core.front(), row.id);
    if (child && child->place && *child->place != here) {
      return shown(row.id) + " runs on " + world_->name(*at) + ", and belongs on " +
             base::to_string(*child->place);
    }
  }
  return {};
}

std::string ChildrenChecker::shown(const ChildId& id) const {
  const std::string name = name_of(id);
  return name.empty() ? "child " + supervisor::to_string(id) : name;
}

}  // namespace horde::scenario
