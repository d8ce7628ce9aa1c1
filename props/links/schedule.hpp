// Schedules for reliable links: how the network and the users behave, and what happens when.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "wire/link_options.hpp"

namespace horde::props::links {

/// How users take messages.
enum class Appetite : std::uint8_t {
  eager,   ///< All, as soon as they are there.
  slow,    ///< One from each peer, every 30 ms.
  absent,  ///< None, until the faults end.
};

struct Settings {
  std::size_t nodes = 2;  // Two or three.
  std::uint64_t loss_percent = 0;
  std::uint64_t duplicate_percent = 0;
  std::uint64_t straggler_percent = 0;  // Frames that take up to 10 s.
  base::Duration delay_min = base::milliseconds(1);
  base::Duration delay_max = base::milliseconds(1);
  wire::LinkOptions options;
  std::array<Appetite, 3> appetites{};
};

/// One thing that happens, `after` the one before.
struct Step {
  enum class Kind : std::uint8_t {
    send,      ///< `count` messages of `bytes` from `node` to `other`.
    cut,       ///< Frames from `node` to `other` are lost for `lasting`.
    cut_both,  ///< In both directions.
    down,      ///< `node` takes `other` for dead, for `lasting`.
    down_both,
    restart,  ///< `node` goes on as a new run; the others hear of it within `lasting`.
    rename,   ///< The same, by restart_as: what it has of its links goes on.
    hunger,   ///< The user of `node` changes its appetite, to number `count`.
  };
  Kind kind = Kind::send;
  std::size_t node = 0;
  std::size_t other = 1;
  std::size_t count = 0;
  std::size_t bytes = 0;
  base::Duration after;
  base::Duration lasting;
};
[[nodiscard]] std::string to_string(const Step& step);  // "n0 sends 3 of 20 B to n1"

struct Schedule {
  std::uint64_t seed = 0;  // All of it is made from this; the network's chances as well.
  Settings settings;
  std::vector<Step> steps;
};

[[nodiscard]] Schedule make_schedule(std::uint64_t seed);
[[nodiscard]] std::string to_string(const Settings& settings);

}  // namespace horde::props::links
