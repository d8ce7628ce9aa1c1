#include "scenario/check_name_ends.hpp"

#include <algorithm>

namespace horde::scenario {
namespace {

// What the end of a grace by the node's own clock may be late by.
constexpr base::Duration kSlack = base::milliseconds(250);
constexpr std::int64_t kDriftShare = 10;
// A node that runs has something to do more often; after a longer gap it was paused, and its
// timeout may stand behind what has arrived meanwhile.
constexpr base::Duration kGapMax = base::milliseconds(500);
constexpr base::Duration kLateMax = base::seconds(1);

}  // namespace

void NameEndsChecker::on_unregister(NodeIndex node, base::CallId call, const base::Bytes& name,
                                    const process::Pid& pid) {
  asked_[{node, call.value}] = {name, pid};
}

void NameEndsChecker::on_answer(base::Instant /*at*/, NodeIndex node, const base::Answer& answer) {
  const auto asked = asked_.extract({node, answer.call.value});
  if (asked && answer.status == "ok") {
    given_up_.insert(asked.mapped());
  }
}

void NameEndsChecker::on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) {
  if (tell.topic == "name_conflict") {
    const process::Pid loser{world_->run(node), tell.value};
    given_up_.insert({tell.detail, loser});
    losers_[node].try_emplace(
        loser, Loser{.until = at + grace_ + grace_ / kDriftShare + kSlack, .late = {}});
  } else if (tell.topic == "restarted_as") {
    losers_.erase(node);
  }
}

void NameEndsChecker::on_down(base::Instant /*at*/, NodeIndex node, DownWhy /*why*/) {
  losers_.erase(node);
  held_.erase(node);
}

void NameEndsChecker::on_step(const WorldStep& step) {
  for (const crdt::Event& event : step.registry.written) {
    on_written(step.node, event);
  }
  look_at_losers(step.node, step.at);
}

void NameEndsChecker::on_written(NodeIndex node, const crdt::Event& event) {
  const auto key = registry::name_key_of(event.key);
  if (!key) {
    return;
  }
  if (event.sibling.kind == crdt::Kind::put) {
    const auto value = registry::decode_name_value(event.sibling.value);
    const process::Pid pid{key->run, value ? value->serial : 0};
    held_[node][*key] = pid;
    given_up_.erase({key->name, pid});
    return;
  }
  if (!may_free(node, *key)) {
    findings_.add({.id = "A9",
                   .node = world_->name(node),
                   .key = base::printable(key->name),
                   .text = "takes the name from a process that lives on " +
                           world_->name(cluster_->find(key->run.node)) +
                           ", has not given it up and has lost no conflict"});
  }
  held_[node].erase(*key);
}

bool NameEndsChecker::may_free(NodeIndex node, const registry::NameKey& key) const {
  const NodeIndex home = cluster_->find(key.run.node);
  if (home != node) {
    const std::vector<members::Member> members = world_->registry_members(node);
    const bool is_over = world_->is_up(home) && world_->run(home) != key.run;
    return is_over ||
           std::ranges::find(members, world_->name(home), &members::Member::name) == members.end();
  }
  if (key.run != world_->run(node) || world_->is_registry_stopped(node) ||
      cluster_->operator[](node).ends_as != Cluster::State::crashed) {
    return true;  // Of an earlier life, or it is on its way out.
  }
  const auto of_node = held_.find(node);
  if (of_node == held_.end()) {
    return true;  // It was never written in this life.
  }
  const auto held = of_node->second.find(key);
  return held == of_node->second.end() || !world_->is_alive(node, held->second) ||
         given_up_.contains({key.name, held->second});
}

// Late is who still lives some time after it was first seen to: what a node that was paused, or is
// slow, has not come to yet may be its timeout.
void NameEndsChecker::look_at_losers(NodeIndex node, base::Instant at) {
  const bool was_paused = at > std::exchange(last_step_[node], at) + kGapMax;
  const auto of_node = losers_.find(node);
  if (of_node == losers_.end()) {
    return;
  }
  const bool may_be_behind = was_paused || cluster_->operator[](node).slow;
  for (auto it = of_node->second.begin(); it != of_node->second.end();) {
    auto& [pid, loser] = *it;
    const bool is_late = at > loser.until && world_->is_alive(node, pid);
    if (is_late && loser.late && at > *loser.late + kLateMax && !may_be_behind) {
      findings_.add({.id = "A9",
                     .node = world_->name(node),
                     .text = to_string(pid) + " lives on, though its time to end was over " +
                             std::to_string((at - loser.until).ns / 1'000'000) + "ms ago"});
    }
    if (is_late && (!loser.late || may_be_behind)) {
      loser.late = at;
    }
    it = at > loser.until && !is_late ? of_node->second.erase(it) : std::next(it);
  }
}

}  // namespace horde::scenario
