// The reference for a registry: who of several registrations has a name, and what a registration is
// answered, said as plainly as can be and apart from the registry's own code.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "registry/name.hpp"

namespace horde::props::names {

/// A process under one name.
struct Claimant {
  process::Pid pid;
  registry::Rank rank;
  base::Bytes value{};
  bool has_run = false;  ///< A copy of a child that has run before.
};

/// Whether both are copies of one child.
[[nodiscard]] bool are_copies(const registry::Rank& a, const registry::Rank& b);
/// Whether `a` is to have a name rather than `b` (R16): of copies of one child the one of the later
/// claim; else the larger (priority, birth, id).
[[nodiscard]] bool goes_before(const Claimant& a, const Claimant& b);
/// Nothing if there are none.
[[nodiscard]] std::optional<Claimant> winner(const std::vector<Claimant>& claimants);

/// What one member believes.
struct Belief {
  std::map<base::NodeId, std::uint64_t> boots;  ///< Who is there; itself too.
  std::set<base::NodeId> suspects;
  std::set<base::NodeId> members;
  [[nodiscard]] bool sees(const process::Pid& pid) const;
};

/// What a registration must be answered. `visible`: all that this member knows and sees under the
/// key.
enum class Answer : std::uint8_t { ok, wait, taken };
struct Expected {
  Answer answer = Answer::ok;
  Claimant holder{};  ///< taken
};
[[nodiscard]] Expected expected_answer(const Claimant& asks, const std::vector<Claimant>& visible,
                                       const Belief& belief);

}  // namespace horde::props::names
