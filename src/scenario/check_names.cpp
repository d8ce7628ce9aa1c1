#include "scenario/check_names.hpp"

#include <algorithm>

namespace horde::scenario {

void NamesChecker::on_child(const base::Bytes& name, const std::string& child) {
  of_children_[name].insert(child);
  ++changes_;
}

void NamesChecker::on_register(NodeIndex node, base::CallId call, const base::Bytes& name,
                               const process::Pid& pid) {
  asked_[{node, call.value}] = {.name = name, .pid = pid};
}

void NamesChecker::on_start_under(NodeIndex node, base::CallId call, const base::Bytes& name,
                                  const std::string& process) {
  asked_[{node, call.value}] = {.name = name, .process = process};
}

// From here on it may be free.
void NamesChecker::on_unregister(NodeIndex node, base::CallId call, const base::Bytes& name,
                                 const process::Pid& pid) {
  asked_[{node, call.value}] = {.name = name, .pid = pid, .gives_up = true};
}

void NamesChecker::on_stop(NodeIndex node) {
  forget(node);
}

void NamesChecker::on_answer(base::Instant /*at*/, NodeIndex node, const base::Answer& answer) {
  const auto asked = asked_.extract({node, answer.call.value});
  if (!asked || answer.status != "ok") {
    return;
  }
  ++changes_;
  Asked& what = asked.mapped();
  if (!what.process.empty()) {
    what.pid = world_->process(node, what.process).value_or(process::Pid{});
  }
  if (what.gives_up) {
    registered_[what.name].erase(what.pid);
  } else {
    registered_[what.name].insert(what.pid);
  }
}

void NamesChecker::on_tell(base::Instant /*at*/, NodeIndex node, const base::Tell& tell) {
  if (tell.topic == "name_conflict") {
    const auto of = registered_.find(tell.detail);
    if (of != registered_.end()) {
      std::erase_if(of->second, [&](const process::Pid& pid) {
        return pid.serial == tell.value && cluster_->find(pid.run.node) == node;
      });
      ++changes_;
    }
  } else if (tell.topic == "restarted_as" || tell.topic == "started_anew") {
    forget(node);
  }
}

void NamesChecker::forget(NodeIndex node) {
  for (auto& [name, pids] : registered_) {
    std::erase_if(pids,
                  [&](const process::Pid& pid) { return cluster_->find(pid.run.node) == node; });
  }
  ++changes_;
}

bool NamesChecker::is_registered(const base::Bytes& name) const {
  const auto registered = registered_.find(name);
  return registered != registered_.end() &&
         std::ranges::any_of(registered->second, [this](const process::Pid& pid) {
           const Cluster::Node& node = cluster_->operator[](cluster_->find(pid.run.node));
           return !node.removed_from_registry && !node.registry_stopped && watch_->lives(pid);
         });
}

template <class Which>
bool NamesChecker::is_of_child(const base::Bytes& name, Which&& which) const {
  const auto children = of_children_.find(name);
  return children != of_children_.end() &&
         std::ranges::any_of(children->second, [&](const std::string& child) {
           const auto id = children_->find(child);
           return id && children_->must_run(*id) && which(*id);
         });
}

bool NamesChecker::is_meant(const base::Bytes& name) const {
  return is_registered(name) || is_of_child(name, [](const auto&) { return true; });
}

bool NamesChecker::is_wanted(const base::Bytes& name) const {
  return is_registered(name) || is_of_child(name, [this](const supervisor::ChildId& id) {
           return std::ranges::any_of(copies_->copies(id), &ChildWatch::Copy::up);
         });
}

bool NamesChecker::all_held(Group nodes) const {
  return !odd_one(nodes) && !missing_one(nodes) && !left_over(nodes);
}

// Asked often: what cannot have changed since all was well is not looked at again, and while some
// name is odd the others need no look.
std::optional<std::string> NamesChecker::unsettled(Group core) {
  const std::pair now{watch_->version(), changes_};
  if (settled_at_ == now && settled_copies_ == copies_->version() &&
      std::ranges::equal(settled_core_, core)) {
    return {};
  }
  if (auto odd = odd_one(core)) {
    return odd;
  }
  if (auto missing = for_holders_ ? missing_one(core) : std::nullopt) {
    return missing;
  }
  if (auto dead = for_dead_ ? left_over(core) : std::nullopt) {
    return dead;
  }
  settled_at_ = now;
  settled_copies_ = copies_->version();
  settled_core_ = {core.begin(), core.end()};
  return {};
}

std::optional<std::string> NamesChecker::odd_one(Group core) const {
  for (const base::Bytes& name : watch_->odd()) {
    if (auto why = wrong(name, core)) {
      return why;
    }
  }
  return {};
}

std::optional<std::string> NamesChecker::wrong(const base::Bytes& name, Group core) const {
  std::optional<NodeIndex> first;
  for (const NodeIndex node : watch_->readers()) {
    if (std::ranges::find(core, node) == core.end()) {
      continue;
    }
    const std::vector<process::Pid>& read = watch_->read(node, name);
    for (const process::Pid& pid : read) {
      if (for_dead_ && !watch_->lives(pid)) {
        return world_->name(node) + " reads " + base::printable(name) + " as that of " +
               to_string(pid) + ", which has ended";
      }
    }
    if (for_holders_ && first && watch_->read(*first, name) != read) {
      const auto say = [&](NodeIndex each) {
        const auto& pids = watch_->read(each, name);
        return world_->name(each) + " reads " + (pids.empty() ? "nobody" : to_string(pids.front()));
      };
      return say(*first) + " as the holder of " + base::printable(name) + ", " + say(node);
    }
    first = first.value_or(node);
  }
  return {};
}

std::optional<std::string> NamesChecker::missing_one(Group core) const {
  const auto look = [&](const base::Bytes& name) -> std::optional<std::string> {
    const bool unread =
        std::ranges::all_of(core, [&](NodeIndex node) { return watch_->read(node, name).empty(); });
    if (unread && !core.empty() && is_wanted(name)) {
      return "nobody holds " + base::printable(name) + ", which is wanted";
    }
    return {};
  };
  for (const auto& [name, pids] : registered_) {
    if (auto why = look(name)) {
      return why;
    }
  }
  for (const auto& [name, children] : of_children_) {
    if (auto why = look(name)) {
      return why;
    }
  }
  return {};
}

// Entries that nobody is shown for: of who has ended, or has lost and is not told yet. What belongs
// to a node that does not run is hidden, not left over.
std::optional<std::string> NamesChecker::left_over(Group core) const {
  if (!cluster_->in({Cluster::State::crashed, Cluster::State::stopped}).empty()) {
    return {};
  }
  for (const NodeIndex node : core) {
    const NodeSizes sizes = world_->sizes(node);
    if (sizes.names && sizes.names->holdings > sizes.names->shown &&
        !cluster_->operator[](node).registry_stopped &&
        !cluster_->operator[](node).removed_from_registry) {
      return world_->name(node) + " has " +
             std::to_string(sizes.names->holdings - sizes.names->shown) +
             " entries of processes that hold no name";
    }
  }
  return {};
}

}  // namespace horde::scenario
