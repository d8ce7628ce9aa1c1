#include "supervisor/transitions.hpp"

#include <array>

namespace horde::supervisor {
namespace {

// What an entry is, as far as who may write depends on it.
enum class Phase : std::uint8_t { nothing, live, released, ended };

// What the write does to the claim.
enum class ClaimIs : std::uint8_t {
  own,    // As it was, and the writer's.
  kept,   // As it was, whosever.
  fresh,  // The writer's, of a higher term.
  anew,   // The writer's before too, of a higher term.
};

struct Row {
  Phase from;
  Phase to;
  EndKind end;  // Of `to`.
  ClaimIs claim;
  Facts needs;
};

constexpr EndKind kNone = EndKind::none;

// Not constexpr: Facts are added up by functions that need not be.
const std::array kRows = {
    // Births.
    Row{Phase::nothing, Phase::live, kNone, ClaimIs::fresh,
        Fact::asked | Fact::in_time | Fact::synced | Fact::no_copy},
    Row{Phase::nothing, Phase::ended, EndKind::terminated, ClaimIs::kept, Fact::told_to_end},
    // An owner on its own child.
    Row{Phase::live, Phase::live, kNone, ClaimIs::own, {}},
    Row{Phase::live, Phase::released, kNone, ClaimIs::own, Fact::no_copy},
    Row{Phase::released, Phase::released, kNone, ClaimIs::own, Fact::no_copy},
    Row{Phase::live, Phase::ended, EndKind::refused, ClaimIs::own, Fact::no_copy},
    // A new ownership.
    Row{Phase::live, Phase::live, kNone, ClaimIs::fresh,
        Fact::owner_gone | Fact::chosen | Fact::synced | Fact::no_copy},
    Row{Phase::released, Phase::live, kNone, ClaimIs::fresh,
        Fact::target | Fact::synced | Fact::no_copy},
    Row{Phase::released, Phase::live, kNone, ClaimIs::fresh,
        Fact::target_gone | Fact::chosen | Fact::synced | Fact::no_copy},
    Row{Phase::live, Phase::live, kNone, ClaimIs::anew,
        Fact::winner_gone | Fact::synced | Fact::no_copy},
    // Ends.
    Row{Phase::live, Phase::ended, EndKind::finished, ClaimIs::kept, Fact::ended_itself},
    Row{Phase::released, Phase::ended, EndKind::finished, ClaimIs::kept, Fact::ended_itself},
    Row{Phase::ended, Phase::ended, EndKind::finished, ClaimIs::kept, Fact::ended_itself},
    Row{Phase::live, Phase::ended, EndKind::terminated, ClaimIs::kept, Fact::told_to_end},
    Row{Phase::released, Phase::ended, EndKind::terminated, ClaimIs::kept, Fact::told_to_end},
    Row{Phase::ended, Phase::ended, EndKind::terminated, ClaimIs::kept, Fact::told_to_end},
    Row{Phase::ended, Phase::nothing, kNone, ClaimIs::kept, Fact::all_confirmed},
};

Phase phase_of(const std::optional<Entry>& entry) {
  if (!entry) {
    return Phase::nothing;
  }
  if (entry->ended()) {
    return Phase::ended;
  }
  return entry->run.state == RunState::released ? Phase::released : Phase::live;
}

bool claim_fits(ClaimIs is, const Claim& from, const Claim& to, const base::RunId& writer) {
  switch (is) {
    case ClaimIs::own:
      return from == to && to.run() == writer;
    case ClaimIs::kept:
      return from == to;
    case ClaimIs::fresh:
      return to.run() == writer && to.term > from.term;
    case ClaimIs::anew:
      return from.run() == writer && to.run() == writer && to.term > from.term;
  }
  return false;
}

}  // namespace

std::string_view refusal(const std::optional<Entry>& from, const std::optional<Entry>& to,
                         const base::RunId& writer, Facts facts) {
  if (from && to && !covers(*to, *from)) {
    return "it takes back what was written";
  }
  const Phase before = phase_of(from);
  const Phase after = phase_of(to);
  if (before == Phase::nothing && after == Phase::nothing) {
    return "nothing is written";
  }
  if (before == Phase::ended && after == Phase::nothing && from->birth && from->birth->is_static) {
    return "ends of static children are kept";
  }
  const Claim from_claim = from ? from->claim : Claim{};
  const Claim to_claim = to ? to->claim : from_claim;
  const EndKind end = to ? to->end.kind : kNone;
  std::string_view why = "nobody may do this";
  for (const Row& row : kRows) {
    if (row.from != before || row.to != after || row.end != end) {
      continue;
    }
    if (!claim_fits(row.claim, from_claim, to_claim, writer)) {
      why = "the claim is not the writer's to write so";
    } else if (!facts.has_all(row.needs)) {
      why = "the condition of this transition does not hold";
    } else {
      return {};
    }
  }
  return why;
}

}  // namespace horde::supervisor
