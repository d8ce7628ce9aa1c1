// Schedules for registries: what processes, members and the network do, in which order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace horde::props::names {

inline constexpr std::size_t kMembers = 3;
inline constexpr std::size_t kKeys = 3;
inline constexpr std::size_t kChildren = 3;

struct Settings {
  base::Duration conflict_grace = base::milliseconds(200);
  std::size_t conflicts_at_once = 100;
  bool one_name_each = false;  ///< No process asks for a second name.
  std::int64_t clock_offset_ms[kMembers] = {};
};

/// One thing that happens. What it names by number is taken modulo what there is.
struct Step {
  enum class Kind : std::uint8_t {
    enroll,       ///< A process of `node` registers `key`: a new one, or its `which`-th.
    enroll_copy,  ///< A new copy of child `which` at `node` registers `key`, if none lives there.
    update,       ///< The `which`-th process of `node` gives `key` the value `count`.
    unregister,   ///< The `which`-th process of `node` gives `key` up.
    exit,         ///< The `which`-th process of `node` ends.
    deliver,      ///< `node` gets the next `count` events that `other` has and it has not.
    look,         ///< `node` sees `other` as it is: there, in its present boot, or not.
    disbelieve,   ///< `node` holds `other` for gone.
    suspect,      ///< `node` holds `other` for suspect, or no more.
    cut,
    heal,
    crash,
    restart,       ///< As a new boot, not synced.
    restart_lost,  ///< The same, without its disk.
    change_list,   ///< `other` is a member no more, or again.
    hear_list,     ///< `node` hears who is a member.
    sync,          ///< `node` gets all that a synced member that it is connected to has.
    pass,          ///< `count` ms.
  };
  Kind kind = Kind::pass;
  std::size_t node = 0;
  std::size_t other = 1;
  std::size_t key = 0;
  std::size_t which = 0;
  std::size_t count = 0;
  bool has_run = false;      ///< enroll_copy: it is no first start.
  bool is_new = false;       ///< enroll
  bool is_stubborn = false;  ///< Of a new process: it ignores that it lost a name.
  std::int64_t priority = 0;
};
[[nodiscard]] std::string to_string(const Step& step);

struct Schedule {
  std::uint64_t seed = 0;
  Settings settings;
  std::vector<Step> steps;
};
[[nodiscard]] Schedule make_schedule(std::uint64_t seed);
[[nodiscard]] std::string to_string(const Settings& settings);

}  // namespace horde::props::names
