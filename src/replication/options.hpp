// Options of replication, with the defaults that users get.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace horde::replication {

enum class Propagation : std::uint8_t {
  eager,     ///< New events are pushed at once; rounds only repair.
  interval,  ///< Nothing is pushed; rounds carry everything, as the original does.
};

struct Options {
  Propagation propagation = Propagation::eager;
  /// The longest period between rounds with one neighbour.
  base::Duration sync_interval = base::milliseconds(300);
  /// How long new events wait for others to share their datagram.
  base::Duration push_delay = base::milliseconds(2);
  /// Bytes of pushes for one neighbour in one sync interval; what is over is left to sessions.
  std::size_t push_bytes_per_interval = 1024 * 1024;
  /// Early pushes kept until what they wait for arrives.
  std::size_t early_events_max = 1'024;
  std::size_t early_bytes_max = 1024 * 1024;
  /// How long a gap may be closed by pushes still under way before a session is opened for it.
  base::Duration gap_delay = base::milliseconds(25);

  /// Keys a page at most ("max_sync_size"); pages are cut by bytes as well. At least 1.
  std::size_t page_keys_max = 65'536;
  std::size_t page_bytes = 1'100;
  /// Pages asked for at once.
  std::size_t page_window = 32;
  /// A pull that is not answered is repeated after this, then after twice as long, ...
  base::Duration session_retry = base::milliseconds(100);
  /// ... and the session is given up after this long without progress.
  base::Duration session_timeout = base::seconds(3);
  /// Sessions that others may have open with us; the least recently used one goes first.
  std::size_t sessions_served_max = 64;

  /// A tombstone that some member may lack is dropped after this, or when there are too many.
  base::Duration tombstone_age_max = base::seconds(60);
  std::size_t tombstones_max = 100'000;
  /// Ended runs that may wait for a silent witness before it is forgotten (C3).
  std::size_t cold_runs_max = 16'384;
  /// Whether changes are handed up as records for a log.
  bool storage = true;
  /// Whoever owns the shown value writes it again when an entry has more siblings than this (W4).
  std::size_t siblings_kept = 8;
  /// First bytes of keys whose siblings are read together, by a rank of their own: their owners
  /// write over all siblings themselves. The value that the stamps show is not the one to keep. Nor
  /// are they written again by who starts anew: their ends may have been forgotten without it.
  base::Bytes keys_by_rank;
};

}  // namespace horde::replication
