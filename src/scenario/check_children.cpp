#include "scenario/check_children.hpp"

#include <algorithm>
#include <charconv>

namespace horde::scenario {
namespace {

using supervisor::ChildId;

constexpr std::size_t kHalfDigits = 16;

// An answer's detail begins with the child's id.
std::optional<ChildId> id_of(base::BytesView detail) {
  ChildId id;
  const auto read = [&](std::size_t at, std::uint64_t& out) {
    const char* const begin = detail.data() + at;
    const auto result = std::from_chars(begin, begin + kHalfDigits, out, 16);
    return result.ec == std::errc() && result.ptr == begin + kHalfDigits;
  };
  const bool whole =
      detail.size() >= 2 * kHalfDigits && read(0, id.high) && read(kHalfDigits, id.low);
  return whole && id != ChildId{} ? std::optional(id) : std::nullopt;
}

}  // namespace

void ChildrenChecker::on_start(NodeIndex node, base::CallId call, std::string name,
                               bool ends_by_itself) {
  starts_[{node, call.value}] = {std::move(name), ends_by_itself};
}

void ChildrenChecker::on_terminate(NodeIndex node, base::CallId call, const ChildId& id) {
  terminates_[{node, call.value}] = id;
  wanted_.erase(id);  // From here on it may end.
}

void ChildrenChecker::on_disk_loss(NodeIndex node, const std::vector<NodeIndex>& live) {
  std::set<ChildId> held;
  for (const NodeIndex each : live) {
    if (each != node) {
      for (const supervisor::ChildRow& row : world_->children(each)) {
        held.insert(row.id);
      }
    }
  }
  std::erase_if(wanted_, [&](const auto& child) { return !held.contains(child.first); });
}

std::optional<ChildId> ChildrenChecker::find(const std::string& name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? std::nullopt : std::optional(it->second);
}

void ChildrenChecker::on_answer(base::Instant /*at*/, NodeIndex node, const base::Answer& answer) {
  const CallKey key{node, answer.call.value};
  if (const auto start = starts_.extract(key)) {
    if (const auto id = id_of(answer.detail)) {
      by_name_[start.mapped().name] = *id;
      known_[*id] = start.mapped();
      if (answer.status == "ok") {
        wanted_[*id] = start.mapped();
      }
    }
  } else if (const auto terminate = terminates_.extract(key)) {
    if (answer.status == "ok") {
      terminated_.insert(terminate.mapped());
    }
  }
}

void ChildrenChecker::check_all(Group live) {
  for (const NodeIndex node : live) {
    for (const ChildId& id : world_->copies(node)) {
      if (terminated_.contains(id)) {
        findings_.add({.id = "A6",
                       .node = world_->name(node),
                       .text = shown(id) + " runs, and was terminated with ok"});
      }
    }
  }
}

std::optional<std::string> ChildrenChecker::unsettled(Group core) {
  if (known_.empty()) {
    return {};
  }
  std::map<ChildId, std::vector<NodeIndex>> running;
  for (const NodeIndex node : core) {
    for (const ChildId& id : world_->copies(node)) {
      running[id].push_back(node);
    }
  }
  for (const auto& [id, nodes] : running) {
    if (nodes.size() > 1) {
      return shown(id) + " runs on " + world_->name(nodes[0]) + " and " + world_->name(nodes[1]);
    }
  }
  if (core.empty()) {
    return {};
  }
  std::set<ChildId> listed;
  for (const supervisor::ChildRow& row : world_->children(core.front())) {
    listed.insert(row.id);
    const auto at = running.find(row.id);
    if (at == running.end()) {
      if (row.state != supervisor::RunState::quarantined) {
        return shown(row.id) + " runs nowhere; it is " + std::string(to_string(row.state)) +
               " under " + supervisor::to_string(row.claim);
      }
    } else if (base::NodeId::of(world_->name(at->second.front())) != row.claim.owner) {
      return shown(row.id) + " runs on " + world_->name(at->second.front()) +
             ", which is not its owner";
    }
  }
  for (const auto& [id, nodes] : running) {
    if (!listed.contains(id)) {
      return shown(id) + " runs on " + world_->name(nodes.front()) + ", and no entry says so";
    }
  }
  for (const auto& [id, as] : wanted_) {
    if (!listed.contains(id) && !as.ends_by_itself) {
      return shown(id) + " is lost: no entry says that it is wanted";
    }
  }
  return {};
}

std::string ChildrenChecker::shown(const ChildId& id) const {
  const auto it = known_.find(id);
  return it == known_.end() ? "child " + supervisor::to_string(id) : it->second.name;
}

}  // namespace horde::scenario
