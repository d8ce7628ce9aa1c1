#include "props/names/model.hpp"

#include <tuple>

namespace horde::props::names {

bool are_copies(const registry::Rank& a, const registry::Rank& b) {
  return a.is_child && b.is_child && a.id == b.id;
}

bool goes_before(const Claimant& a, const Claimant& b) {
  if (are_copies(a.rank, b.rank)) {
    return std::tuple(a.rank.term, a.pid.run.node, a.pid.run.start, a.pid.serial) >
           std::tuple(b.rank.term, b.pid.run.node, b.pid.run.start, b.pid.serial);
  }
  return std::tuple(a.rank.priority, a.rank.birth_ns, a.rank.id.high, a.rank.id.low) >
         std::tuple(b.rank.priority, b.rank.birth_ns, b.rank.id.high, b.rank.id.low);
}

// A total order here: all copies of a child have its birth and its priority.
std::optional<Claimant> winner(const std::vector<Claimant>& claimants) {
  std::optional<Claimant> out;
  for (const Claimant& one : claimants) {
    if (!out || goes_before(one, *out)) {
      out = one;
    }
  }
  return out;
}

bool Belief::sees(const process::Pid& pid) const {
  const auto it = boots.find(pid.run.node);
  return it != boots.end() && it->second == pid.run.start && members.contains(pid.run.node);
}

Expected expected_answer(const Claimant& asks, const std::vector<Claimant>& visible,
                         const Belief& belief) {
  const std::optional<Claimant> holder = winner(visible);
  if (!holder) {
    return {};
  }
  if (are_copies(asks.rank, holder->rank)) {
    // Its own child's: it takes what an earlier copy of it has (R17).
    return goes_before(asks, *holder) ? Expected{} : Expected{Answer::taken, *holder};
  }
  if (belief.suspects.contains(holder->pid.run.node)) {
    return {Answer::wait};
  }
  // A child that has run before takes it from whomever it goes before.
  return asks.has_run && goes_before(asks, *holder) ? Expected{} : Expected{Answer::taken, *holder};
}

}  // namespace horde::props::names
