// Splits of a cluster of whole nodes that place children with a quorum, and what must come of each.
//
//   start children -> some members leave -> some crash -> the rest is cut in two -> heal -> settle
//
// Which side keeps the quorum is computed here from the rule's words, not by the engine's code:
// leave out who has left; of an even number the lowest name has no vote; more than half of the
// votes. Who crashed counts as absent. Checked in every event from quorum_stop_bound after the cut
// on: no side without quorum runs any child; and if views agreed when the cut began: no child has
// two copies, ever. Checked when the side with quorum has had its time to take over: it runs all.
// After the heal each runs once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenario/run.hpp"

namespace horde::props {

struct Split {
  std::uint32_t nodes = 3;
  std::uint32_t cut = 1;      ///< Bit i: node i is on the second side.
  std::uint32_t left = 0;     ///< Bit i: node i has stopped gracefully before.
  std::uint32_t crashed = 0;  ///< Bit i: it has crashed before.
  base::Duration crash_to_cut = base::seconds(1);
  bool uneven = false;  ///< Each direction of each link has a latency of its own.
  std::uint64_t seed = 1;
};

/// Which of the two sides keeps the quorum, by the rule.
enum class Keeps : std::uint8_t { none, first, second };
[[nodiscard]] Keeps keeps_quorum(const Split& split);

/// All splits in two of `nodes` nodes: 2^(nodes - 1) - 1.
[[nodiscard]] std::vector<Split> all_splits(std::uint32_t nodes);
/// With members that left or crashed before, and uneven links.
[[nodiscard]] Split random_split(std::uint64_t seed);

/// As a file for `horde run`, which shows the same events.
[[nodiscard]] std::string scenario_of(const Split& split);

/// Empty: what had to come of it came.
[[nodiscard]] std::string run_split(const Split& split);

}  // namespace horde::props
