// Quorum by views, in time: when a side without quorum has stopped, and when its children may be
// taken.
//
//   cut                             every copy here has stopped
//    |--- cut_noticed_max ---|--- quorum_stop_max ---|          a side without quorum
//    |------------- quorum_stop_bound ---------------|
//        |---- takeover_delay, from when the owner is held for dead ----|--> claimed   the other
//        side
//
// Nobody holds an owner for dead because of a cut before there is one, and the delay is longer than
// the bound by what clocks may differ in rate. So a clean cut of members whose views agreed makes
// no second copy. Not promised: the same where views differ before the cut, or where a node was
// paused.
#pragma once

#include <cstddef>

#include "base/time.hpp"
#include "liveness/types.hpp"
#include "supervisor/options.hpp"

namespace horde::supervisor {

/// How long after a cut the view of a member on a side without quorum may still say quorum, in a
/// cluster of `nodes` (all that are known, gone ones included, say more rather than less).
[[nodiscard]] base::Duration cut_noticed_max(const liveness::Options& liveness, std::size_t nodes);

/// How long after a cut copies may still run on a side without quorum.
[[nodiscard]] base::Duration quorum_stop_bound(const liveness::Options& liveness, std::size_t nodes,
                                               const Options& options);

/// How long a member with quorum waits before it takes over from an owner that may live: more than
/// the bound above, `noticed` being its first part. `options.takeover_delay`, where it is set.
[[nodiscard]] base::Duration quorum_takeover_delay(base::Duration noticed, const Options& options);

}  // namespace horde::supervisor
