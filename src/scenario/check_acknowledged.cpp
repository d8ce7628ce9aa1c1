#include "scenario/check_acknowledged.hpp"

#include <algorithm>

#include "supervisor/entry.hpp"

namespace horde::scenario {

void AcknowledgedChecker::on_put(NodeIndex node, base::CallId call, std::vector<crdt::Key> keys) {
  calls_[{node, call.value}] = std::move(keys);
}

void AcknowledgedChecker::on_answer(base::Instant /*at*/, NodeIndex node,
                                    const base::Answer& answer) {
  const auto it = calls_.find({node, answer.call.value});
  if (it == calls_.end()) {
    return;
  }
  if (answer.status == "ok") {
    answered_.insert(answered_.end(), it->second.begin(), it->second.end());
  }
  calls_.erase(it);
}

// A replica that has to start anew writes again what nobody else has, but entries of children: an
// end that it has not heard of may be forgotten already, and would be undone.
void AcknowledgedChecker::on_tell(base::Instant /*at*/, NodeIndex node, const base::Tell& tell) {
  if (tell.topic == "started_anew") {
    std::erase_if(open_[node],
                  [](const auto& put) { return supervisor::child_of(put.second.key).has_value(); });
  }
}

// A step carries out a write, logs it and answers it at once, so its events are those of the calls
// that it answered, and what the node itself had to write again.
void AcknowledgedChecker::on_step(const WorldStep& step) {
  std::set<base::BytesView> written;
  for (const crdt::Event& event : step.of(which_).written) {
    supersede(event);
    if (event.sibling.kind != crdt::Kind::put) {
      continue;
    }
    forget_rewritten(step.node, event);
    written.insert(base::BytesView(event.key).substr(1));
    writers_[event.sibling.dot.run.node] = step.node;
    open_[step.node].emplace(event.sibling.dot, Put{event.key, event.sibling.stamp});
  }
  for (const crdt::Key& key : answered_) {
    if (!written.contains(key)) {
      findings_.add({.id = "A4",
                     .node = world_->name(step.node),
                     .key = base::printable(key),
                     .at = step.at,
                     .text = "a put was answered with ok, and nothing was written"});
    }
  }
  answered_.clear();
}

void AcknowledgedChecker::supersede(const crdt::Event& event) {
  for (const base::Dot& dot : event.supersedes) {
    const auto writer = writers_.find(dot.run.node);
    if (writer != writers_.end()) {
      open_[writer->second].erase(dot);
    }
  }
}

// A node that had to start anew writes again what nobody else has: a new dot, the same stamp (C3).
void AcknowledgedChecker::forget_rewritten(NodeIndex node, const crdt::Event& event) {
  if (!event.supersedes.empty()) {
    return;
  }
  const auto puts = open_.find(node);
  if (puts == open_.end()) {
    return;
  }
  // By dot, and so by run: those of earlier runs come first. Mostly there are none.
  auto put = puts->second.begin();
  while (put != puts->second.end() && put->first.run < event.sibling.dot.run) {
    const bool same = put->second.stamp == event.sibling.stamp && put->second.key == event.key;
    put = same ? puts->second.erase(put) : std::next(put);
  }
}

bool AcknowledgedChecker::is_held(const base::Dot& dot, const crdt::Key& key, Group live) const {
  return std::ranges::any_of(live, [&](NodeIndex node) {
    const crdt::AwLwwMap* map = map_of(*world_, node, which_);
    const crdt::Siblings* siblings = map == nullptr ? nullptr : map->siblings(key);
    return siblings != nullptr && crdt::find(*siblings, dot) != nullptr;
  });
}

void AcknowledgedChecker::check_all(Group live) {
  for (const NodeIndex node : live) {
    const auto puts = open_.find(node);
    if (puts == open_.end()) {
      continue;
    }
    for (const auto& [dot, put] : puts->second) {
      if (!is_held(dot, put.key, live)) {
        findings_.add({.id = "A4",
                       .node = world_->name(node),
                       .key = shown_key(put.key),
                       .text = "its acknowledged put " + base::to_string(dot) +
                               " is gone, and nobody removed it"});
        return;
      }
    }
  }
}

}  // namespace horde::scenario
