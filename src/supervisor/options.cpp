#include "supervisor/options.hpp"

#include <algorithm>
#include <array>

#include "wire/limits.hpp"

namespace horde::supervisor {
namespace {

// A hundred years: twice as long still is a time.
constexpr base::Duration kDurationMax = base::seconds(std::int64_t{100} * 365 * 24 * 3'600);

template <class E>
bool is_one_of(E value, E last) {
  return value <= last;  // A cast may have made others.
}

std::string check_size(std::string_view field, std::size_t size, std::size_t size_max) {
  return size <= size_max ? ""
                          : std::string(field) + ": wants at most " + std::to_string(size_max) +
                                " bytes, not " + std::to_string(size);
}

struct Time {
  std::string_view field;
  base::Duration value;
  base::Duration min;
  base::Duration max = kDurationMax;
};

std::string check_time(const Time& time) {
  if (time.value >= time.min && time.value <= time.max) {
    return {};
  }
  return std::string(time.field) + ": wants " + base::to_string(time.min) + " to " +
         base::to_string(time.max) + ", not " + base::to_string(time.value);
}

std::string refusal_of_times(const Options& options) {
  constexpr base::Duration none;
  constexpr base::Duration some = base::milliseconds(1);
  const std::array times = {
      Time{"healthy_after", options.healthy_after, some},
      Time{"backoff_max", options.backoff_max, some},
      Time{"backoff", options.backoff, some, options.backoff_max},
      Time{"quarantine_max", options.quarantine_max, some},
      Time{"quarantine", options.quarantine, some, options.quarantine_max},
      Time{"takeover_delay", options.takeover_delay.value_or(none), none},
      Time{"quorum_stop_max", options.quorum_stop_max, none},
      Time{"quorum_return_wait", options.quorum_return_wait.value_or(none), none},
      Time{"doubt_time", options.doubt_time, none},
      Time{"settle_time", options.settle_time, none},
      Time{"stay_min", options.stay_min, none},
      Time{"offer_timeout", options.offer_timeout, some},
      Time{"ask_interval", options.ask_interval, some},
      Time{"retry_interval", options.retry_interval, some},
      Time{"poll_interval", options.poll_interval, some},
      Time{"clock_bound", options.clock_bound, none},
  };
  for (const Time& time : times) {
    if (std::string why = check_time(time); !why.empty()) {
      return why;
    }
  }
  return {};
}

std::string refusal_of_statics(const std::vector<StaticChild>& children) {
  for (std::size_t i = 0; i < children.size(); ++i) {
    const std::string where = "static_children[" + std::to_string(i) + "].";
    if (children[i].name.empty()) {
      return where + "name: wants at least one byte";
    }
    const auto same = std::ranges::find(children, children[i].name, &StaticChild::name);
    if (same != children.begin() + static_cast<std::ptrdiff_t>(i)) {
      return where + "name: wants one that no other has, not " + base::printable(children[i].name);
    }
    if (const std::string why = refusal_of(children[i].spec); !why.empty()) {
      return where + "spec." + why;
    }
  }
  return {};
}

}  // namespace

std::string refusal_of(const ChildSpec& spec) {
  if (!is_one_of(spec.restart, Restart::temporary)) {
    return "restart: wants permanent, transient or temporary";
  }
  if (!is_one_of(spec.type, ChildType::supervisor)) {
    return "type: wants worker or supervisor";
  }
  if (!is_one_of(spec.place_by, PlaceBy::spec)) {
    return "place_by: wants id, key or spec";
  }
  for (const std::string& why :
       {check_size("start", spec.start.size(), wire::kChildStartBytesMax),
        check_size("modules", spec.modules.size(), wire::kChildModulesBytesMax),
        check_size("placement_key", spec.placement_key.size(), wire::kPlacementKeyBytesMax)}) {
    if (!why.empty()) {
      return why;
    }
  }
  if (spec.placement_key.empty() != (spec.place_by != PlaceBy::key)) {
    return "placement_key: must be set exactly if placed by key";
  }
  const base::Duration grace = spec.effective_shutdown().grace;
  if (grace.ns < 0 || grace > Shutdown::kForever) {
    return "shutdown: wants brutal_kill (0), a time or infinity, not " + base::to_string(grace);
  }
  return {};
}

std::string refusal_of(const Options& options) {
  if (!is_one_of(options.redistribution, Redistribution::active)) {
    return "redistribution: wants passive or active";
  }
  if (!is_one_of(options.duplicates, Duplicates::leave)) {
    return "duplicates: wants stop or leave";
  }
  if (!is_one_of(options.on_intensity, OnIntensity::shutdown)) {
    return "on_intensity: wants quarantine or shutdown";
  }
  if (options.moves_max == 0) {
    return "moves_max: wants at least 1, not 0";
  }
  if (options.siblings_kept == 0) {
    return "siblings_kept: wants at least 1, not 0";
  }
  std::string why = refusal_of_times(options);
  return why.empty() ? refusal_of_statics(options.static_children) : why;
}

}  // namespace horde::supervisor
