#include "scenario/probes.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace horde::scenario {
namespace {

// What nodes tell -> what it shows.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kTopics{{
    {"truncated_sync", "truncated_sync"},
    {"reconciled", "reconcile"},
    {"session_restarted", "session_restart"},
    {"push_buffered", "push_buffered"},
    {"tombstones_dropped", "tombstone_dropped"},
    {"run_closed", "run_closed"},
    {"refuted", "suspicion_refuted"},
    {"taken_over", "takeover"},
    {"claimed", "hand_over"},
    {"quarantined", "quarantine"},
    {"quorum_lost", "quorum_lost"},
    {"end_forgotten", "end_forgotten"},
    {"member_dead", "member_dead"},
    {"name_conflict", "name_conflict"},
    {"name_killed", "name_killed"},
    {"lone_horde", "lone_horde"},
}};

}  // namespace

void Probes::on_tell(base::Instant at, NodeIndex /*node*/, const base::Tell& tell) {
  const auto it = std::ranges::find(kTopics, tell.topic, [](const auto& t) { return t.first; });
  if (it != kTopics.end()) {
    seen_.insert(it->second);
  }
  if (tell.topic == "self_check_failed") {
    findings_.add({.id = "A11",
                   .node = base::to_string(tell.about),
                   .at = at,
                   .text = "it has the same vector as a peer, and other live puts"});
  }
}

void Probes::on_copy_up(base::Instant /*at*/, NodeIndex /*node*/, const supervisor::ChildId& id) {
  if (watch_->copies(id).size() > 1) {
    seen_.insert("duplicate");
  }
}

void Probes::on_step(const WorldStep& step) {
  if (seen_.contains("conflict")) {
    return;
  }
  for (const WhichHorde which : {WhichHorde::horde, WhichHorde::registry}) {
    const MapStep of = step.of(which);
    for (const crdt::Change& change : of.touched) {
      const crdt::Siblings* siblings = of.map == nullptr ? nullptr : of.map->siblings(change.key);
      if (siblings != nullptr &&
          std::ranges::count(*siblings, crdt::Kind::put, &crdt::Sibling::kind) > 1) {
        seen_.insert("conflict");
      }
    }
  }
}

std::vector<std::string> Probes::seen() const {
  std::vector<std::string> out;
  for (const CheckInfo& check : known_checks()) {
    if (seen_.contains(check.id)) {
      out.emplace_back(check.id);
    }
  }
  return out;
}

}  // namespace horde::scenario
