#include "scenario/child_watch.hpp"

#include <algorithm>

#include "supervisor/entry.hpp"

namespace horde::scenario {

using supervisor::ChildId;

void ChildWatch::on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) {
  if (tell.topic == "restarted_as") {
    end_all(at, node);
    return;
  }
  if (tell.topic == "member_dead") {
    for (ChildListener* listener : listeners_) {
      listener->on_declared_dead(at, tell.about);
    }
  }
  if (!tell.topic.starts_with("copy_")) {
    return;
  }
  const auto id = supervisor::child_id_of(tell.detail);
  if (!id) {
    return;
  }
  if (tell.topic == "copy_starting") {
    copies_[*id].push_back({.node = node});
    by_node_[node].insert(*id);
    look(*id);
    for (ChildListener* listener : listeners_) {
      listener->on_copy_starting(at, node, *id);
    }
  } else if (tell.topic == "copy_up") {
    for (Copy& copy : copies_[*id]) {
      copy.up = copy.up || copy.node == node;
    }
    look(*id);
    for (ChildListener* listener : listeners_) {
      listener->on_copy_up(at, node, *id);
    }
  } else if (tell.topic == "copy_failed") {
    end(at, node, *id,
        tell.value == 0   ? CopyEnd::ignored
        : tell.value == 2 ? CopyEnd::lost_name
        : tell.value == 3 ? CopyEnd::stopped
                          : CopyEnd::failed);
  } else if (tell.topic == "copy_down") {
    end(at, node, *id,
        tell.value == 0   ? CopyEnd::stopped
        : tell.value == 1 ? CopyEnd::finished
        : tell.value == 3 ? CopyEnd::lost_name
                          : CopyEnd::crashed);
  }
}

void ChildWatch::on_step(const WorldStep& step) {
  const bool entries = std::ranges::any_of(step.touched, [](const crdt::Change& change) {
    return supervisor::child_of(change.key).has_value();
  });
  version_ += entries ? 1U : 0U;
}

void ChildWatch::on_up(base::Instant at, NodeIndex node, std::uint64_t /*boot*/) {
  end_all(at, node);
}

void ChildWatch::on_down(base::Instant at, NodeIndex node, DownWhy /*why*/) {
  end_all(at, node);
}

void ChildWatch::end(base::Instant at, NodeIndex node, const ChildId& id, CopyEnd how) {
  const auto it = copies_.find(id);
  if (it == copies_.end()) {
    return;
  }
  const auto copy = std::ranges::find(it->second, node, &Copy::node);
  if (copy == it->second.end()) {
    return;
  }
  const bool was_up = copy->up;
  it->second.erase(copy);
  if (it->second.empty()) {
    copies_.erase(it);
  }
  by_node_[node].erase(id);
  look(id);
  for (ChildListener* listener : listeners_) {
    listener->on_copy_end(at, node, id, how, was_up);
  }
}

void ChildWatch::end_all(base::Instant at, NodeIndex node) {
  ++version_;
  const std::set<ChildId> gone = by_node_[node];
  for (const ChildId& id : gone) {
    end(at, node, id, CopyEnd::node_gone);
  }
}

void ChildWatch::look(const ChildId& id) {
  ++version_;
  const std::vector<Copy>& all = copies(id);
  if (all.size() > 1 || (all.size() == 1 && !all.front().up)) {
    odd_.insert(id);
  } else {
    odd_.erase(id);
  }
}

const std::vector<ChildWatch::Copy>& ChildWatch::copies(const ChildId& id) const {
  static const std::vector<Copy> none;
  const auto it = copies_.find(id);
  return it == copies_.end() ? none : it->second;
}

const std::set<ChildId>& ChildWatch::on(NodeIndex node) const {
  static const std::set<ChildId> none;
  const auto it = by_node_.find(node);
  return it == by_node_.end() ? none : it->second;
}

bool ChildWatch::is_up(NodeIndex node, const ChildId& id) const {
  return std::ranges::any_of(copies(id),
                             [&](const Copy& copy) { return copy.node == node && copy.up; });
}

}  // namespace horde::scenario
