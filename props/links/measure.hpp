// What links achieve on a simple path, in virtual time: figures for docs and for comparing changes.
#pragma once

#include <cstdint>
#include <string>

namespace horde::props::links {

struct PathFigures {
  std::uint64_t messages = 0;
  std::uint64_t frames = 0;        ///< In both directions; each is a datagram at most.
  std::uint64_t sent_again = 0;    ///< Segments.
  std::uint64_t microseconds = 0;  ///< Until the last message was taken.
};

struct Path {
  std::uint64_t messages = 1'000;
  std::uint64_t bytes = 100;  ///< Each.
  std::uint64_t loss_percent = 0;
  std::uint64_t spacing_us = 0;  ///< Between messages; 0: as fast as the queue takes them.
  std::uint64_t delay_us = 5'000;
  std::uint64_t gap_us = 10;  ///< A frame takes so long to get onto the line: about 1 Gbit/s.
};

/// One direction is used, both lose.
[[nodiscard]] PathFigures measure(const Path& path);
/// A table of a few paths.
[[nodiscard]] std::string measure();

}  // namespace horde::props::links
