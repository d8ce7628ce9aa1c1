#include "registry/options.hpp"

#include <algorithm>

#include "wire/limits.hpp"

namespace horde::registry {
namespace {

constexpr base::Duration kDurationMax = base::seconds(std::int64_t{100} * 365 * 24 * 3'600);

std::string refusal_of_time(std::string_view field, base::Duration value, base::Duration min) {
  if (value >= min && value <= kDurationMax) {
    return {};
  }
  return std::string(field) + ": wants " + base::to_string(min) + " to " +
         base::to_string(kDurationMax) + ", not " + base::to_string(value);
}

std::string refusal_of_size(const std::string& field, std::size_t size, std::size_t max) {
  return size <= max ? ""
                     : field + ": wants at most " + std::to_string(max) + " bytes, not " +
                           std::to_string(size);
}

std::string refusal_of_listeners(const Options& options) {
  for (std::size_t i = 0; i < options.listeners.size(); ++i) {
    const std::string where = "listeners[" + std::to_string(i) + "]";
    if (options.listeners[i].empty()) {
      return where + ": wants the name of a process";
    }
    const std::string why =
        refusal_of_size(where, options.listeners[i].size(), wire::kProcessNameBytesMax);
    if (!why.empty()) {
      return why;
    }
    if (std::ranges::count(options.listeners, options.listeners[i]) > 1) {
      return where + ": is listed twice: " + base::printable(options.listeners[i]);
    }
  }
  return {};
}

std::string refusal_of_meta(const Options& options) {
  for (const auto& [key, value] : options.meta) {
    const std::string where = "meta." + base::printable(key);
    for (const std::string& why :
         {refusal_of_size(where, key.size(), wire::kUserKeyBytesMax),
          refusal_of_size(where, value.size(), wire::kUserValueBytesMax)}) {
      if (!why.empty()) {
        return why;
      }
    }
  }
  return {};
}

}  // namespace

std::string refusal_of(const Options& options) {
  constexpr base::Duration some = base::milliseconds(1);
  if (options.keys > Keys::duplicate) {
    return "keys: wants unique or duplicate";
  }
  if (options.conflicts_at_once == 0) {
    return "conflicts_at_once: wants at least 1, not 0";
  }
  for (std::string why : {refusal_of_time("conflict_grace", options.conflict_grace, {}),
                          refusal_of_time("conflict_pace", options.conflict_pace, some),
                          refusal_of_time("retry_interval", options.retry_interval, some),
                          refusal_of_listeners(options), refusal_of_meta(options)}) {
    if (!why.empty()) {
      return why;
    }
  }
  return {};
}

}  // namespace horde::registry
