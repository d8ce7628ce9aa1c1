#include "scenario/check_quorum.hpp"

#include <algorithm>

namespace horde::scenario {
namespace {

// Connections are looked at so often; the bound is counted from the first look.
constexpr base::Duration kBetween = base::milliseconds(10);

}  // namespace

void QuorumChecker::on_step(const WorldStep& step) {
  if (step.at >= next_look_) {
    next_look_ = step.at + kBetween;
    look(step.at);
  }
}

void QuorumChecker::on_up(base::Instant /*at*/, NodeIndex node, std::uint64_t /*boot*/) {
  without_since_.erase(node);
}

void QuorumChecker::check_all(Group /*live*/) {
  look(world_->now());
}

// A node that does nothing, or does it late, cannot be asked to stop in time.
void QuorumChecker::look(base::Instant now) {
  const base::Duration bound = world_->quorum_stop_bound(cluster_->size());
  for (const NodeIndex node : cluster_->all()) {
    const Cluster::Node& state = (*cluster_)[node];
    if (!world_->is_up(node) || state.paused || state.slow || may_have_quorum(node)) {
      without_since_.erase(node);
      continue;
    }
    const base::Instant since = without_since_.emplace(node, now).first->second;
    if (now - since > bound && !watch_->on(node).empty()) {
      findings_.add({.id = "A7",
                     .node = world_->name(node),
                     .text = "runs " + std::to_string(watch_->on(node).size()) +
                             " children, though it has been without quorum for " +
                             to_text(now - since) + "; the bound is " + to_text(bound)});
      return;
    }
  }
}

// Who is connected with it, directly or by others, in whichever direction.
std::vector<NodeIndex> QuorumChecker::reach(NodeIndex node) const {
  std::vector<NodeIndex> out{node};
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (const NodeIndex other : cluster_->all()) {
      const base::NodeId a = (*cluster_)[out[i]].id;
      const base::NodeId b = (*cluster_)[other].id;
      if (world_->is_up(other) && std::ranges::find(out, other) == out.end() &&
          !(network_->is_cut(a, b) && network_->is_cut(b, a))) {
        out.push_back(other);
      }
    }
  }
  return out;
}

bool QuorumChecker::may_have_quorum(NodeIndex node) const {
  std::vector<std::string> voters;
  for (const members::Member& member : world_->members(node)) {
    if (member.status != members::Status::left) {
      voters.push_back(member.name);
    }
  }
  std::ranges::sort(voters);
  if (voters.size() % 2 == 0 && !voters.empty()) {
    voters.erase(voters.begin());
  }
  std::size_t there = 0;
  for (const NodeIndex other : reach(node)) {
    there += static_cast<std::size_t>(std::ranges::count(voters, world_->name(other)));
  }
  return 2 * there > voters.size();
}

}  // namespace horde::scenario
