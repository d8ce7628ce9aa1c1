#include "scenario/checks.hpp"

#include <array>

namespace horde::scenario {
namespace {

constexpr auto kAlways = CheckKind::always;
constexpr auto kEventually = CheckKind::eventually;
constexpr auto kSometimes = CheckKind::sometimes;

constexpr std::array kChecks{
    CheckInfo{"A1", kAlways, "what is read is the projection of the replicated map"},
    CheckInfo{"A2", kAlways, "vectors only grow within a boot, and no dot is used twice"},
    CheckInfo{"A3", kAlways, "joining states is commutative, associative and idempotent"},
    CheckInfo{"A4", kAlways, "an acknowledged put that nobody removed is in some live state"},
    CheckInfo{"A5", kAlways,
              "each node reads at most one holder of a unique name, which lives as far as it sees"},
    CheckInfo{
        "A6", kAlways,
        "a child that has ended is not started again by who knows it, nor by anybody after an ok"},
    CheckInfo{"A7", kAlways, "without quorum no child runs later than the bound"},
    CheckInfo{"A8", kAlways, "every call ends within its deadline"},
    CheckInfo{"A9", kAlways,
              "only its holder, its end, its member's removal or a lost conflict frees a name"},
    CheckInfo{"A10", kAlways, "queues, tables and tombstones stay within their bounds"},
    CheckInfo{"A11", kAlways, "a replica holds exactly the unsuperseded events its vector covers"},
    CheckInfo{"A12", kAlways, "a vector that covers an event covers all that it supersedes"},
    CheckInfo{"E1", kEventually, "all maps are equal"},
    CheckInfo{"E2", kEventually, "all views of the membership are equal"},
    CheckInfo{"E3", kEventually,
              "each wanted name has one live holder, whom every node can look up"},
    CheckInfo{"E4", kEventually, "each wanted child runs once, where its top claim says"},
    CheckInfo{"E5", kEventually, "no name points at a process that has ended"},
    CheckInfo{"E6", kEventually, "traffic is back to what an idle cluster sends"},
    CheckInfo{"E7", kEventually, "nothing is pending without a named reason"},
    CheckInfo{"conflict", kSometimes, "one key was written concurrently"},
    CheckInfo{"truncated_sync", kSometimes, "a session needed more than one page"},
    CheckInfo{"reconcile", kSometimes, "a replica below a floor reconciled by hashes"},
    CheckInfo{"session_restart", kSometimes, "a session was told to start again"},
    CheckInfo{"push_buffered", kSometimes, "a pushed event had to wait for an earlier one"},
    CheckInfo{"tombstone_dropped", kSometimes, "a tombstone was dropped"},
    CheckInfo{"run_closed", kSometimes, "an ended run was closed by agreement"},
    CheckInfo{"suspicion_refuted", kSometimes, "a suspected node proved to be alive"},
    CheckInfo{"takeover", kSometimes, "a child was taken over from a member that is gone"},
    CheckInfo{"hand_over", kSometimes, "a child was claimed after its owner had released it"},
    CheckInfo{"duplicate", kSometimes, "a child had two copies"},
    CheckInfo{"quarantine", kSometimes, "a child was quarantined"},
    CheckInfo{"quorum_lost", kSometimes, "a member lost quorum"},
    CheckInfo{"end_forgotten", kSometimes, "the end of a child was forgotten by agreement"},
    CheckInfo{"member_dead", kSometimes, "a node was declared dead"},
    CheckInfo{"name_conflict", kSometimes, "a process lost a name to another"},
    CheckInfo{"lone_horde", kSometimes, "one horde of a node had peers, and another had none"},
    CheckInfo{"name_killed", kSometimes, "one that lost a name did not end by itself in time"},
};

}  // namespace

std::span<const CheckInfo> known_checks() {
  return kChecks;
}

std::string_view what_check_says(std::string_view id) {
  for (const CheckInfo& check : kChecks) {
    if (check.id == id) {
      return check.says;
    }
  }
  return {};
}

}  // namespace horde::scenario
