// Options of a supervisor, with the defaults that users get.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "supervisor/child.hpp"

namespace horde::supervisor {

enum class Redistribution : std::uint8_t { passive, active };
enum class Duplicates : std::uint8_t {
  stop,   ///< A copy whose claim is not the top one is stopped (R4).
  leave,  ///< It goes on until its child ends, as in the original.
};
enum class OnIntensity : std::uint8_t {
  quarantine,  ///< The child backs off; everybody else goes on.
  /// As in the original, where its parent starts the supervisor anew: this member's stops, with all
  /// its children, which others start; after `quarantine` it is there again, without them.
  shutdown,
};

struct StaticChild {
  std::string name;
  ChildSpec spec;
};

struct Options {
  std::string horde;
  std::vector<StaticChild> static_children;
  std::size_t max_children = std::numeric_limits<std::size_t>::max();
  /// Forwards of a start_child; at 0 it starts where it is.
  std::uint64_t hops_max = 8;
  Redistribution redistribution = Redistribution::passive;
  Duplicates duplicates = Duplicates::stop;

  /// Failures without a healthy time between that are borne; one more is an excess.
  std::uint64_t max_restarts = 3;
  /// A copy that has run for so long is healthy; the window of `shutdown`.
  base::Duration healthy_after = base::seconds(5);
  OnIntensity on_intensity = OnIntensity::quarantine;
  /// Before the second try of a start that failed; doubled by each strike.
  base::Duration backoff = base::milliseconds(100);
  base::Duration backoff_max = base::seconds(10);
  /// Doubled by each quarantine in a row.
  base::Duration quarantine = base::seconds(10);
  base::Duration quarantine_max = base::seconds(3'600);

  /// How long an owner must have been gone before its children are taken over, unless it is certain
  /// that its life is over. Unset: quorum.hpp says it if the strategy needs a quorum, else nothing.
  std::optional<base::Duration> takeover_delay;
  /// How long copies have to stop when their member has lost the quorum (or, if the strategy needs
  /// one, its membership), whatever their shutdown rule says.
  base::Duration quorum_stop_max = base::seconds(5);
  /// Whoever has lost the quorum and has it again waits so long before it starts anything: until it
  /// has heard who took its children over meanwhile. Unset: two sync intervals and half a second.
  std::optional<base::Duration> quorum_return_wait;
  /// How long a claim must be known that came when its owner was thought gone already: it says that
  /// the owner may live after all.
  base::Duration doubt_time = base::seconds(1);
  /// Active redistribution: how long the view and the child must have been as they are, how many
  /// moves are under way at once, and how long an offer waits.
  base::Duration settle_time = base::seconds(2);
  base::Duration stay_min = base::seconds(5);
  std::size_t moves_max = 8;
  base::Duration offer_timeout = base::seconds(2);

  /// How often who has not confirmed an end is asked again.
  base::Duration ask_interval = base::milliseconds(500);
  /// Before a start_child whose way has ended is sent again.
  base::Duration retry_interval = base::milliseconds(100);
  /// How often waiting calls look at who holds their entry.
  base::Duration poll_interval = base::milliseconds(10);
  /// Wall clocks of members differ by less (R9).
  base::Duration clock_bound = base::seconds(5);
  /// The owner of an entry writes over its siblings when there are more.
  std::size_t siblings_kept = 4;
};

/// Why it cannot be taken: "backoff: wants ...", the first field that is wrong; empty if it can.
[[nodiscard]] std::string refusal_of(const ChildSpec& spec);
[[nodiscard]] std::string refusal_of(const Options& options);

}  // namespace horde::supervisor
