// The ids of what a run can be checked for, with one sentence each; the checkers themselves know
// how.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace horde::scenario {

enum class CheckKind : std::uint8_t {
  always,      ///< At each event, for what it touched.
  eventually,  ///< When the run settles, over everything.
  sometimes,   ///< Must have been seen in at least one run of a sweep.
};

struct CheckInfo {
  std::string_view id;
  CheckKind kind;
  std::string_view says;
};

/// All that this build can check, in the order in which they are shown.
[[nodiscard]] std::span<const CheckInfo> known_checks();

/// What `id` demands; empty if it is unknown.
[[nodiscard]] std::string_view what_check_says(std::string_view id);

/// An id of its kind, as a type of its own: a list of one kind takes no other.
template <CheckKind K>
struct CheckId {
  std::string id;
  friend bool operator==(const CheckId&, const CheckId&) = default;
};

template <CheckKind K>
[[nodiscard]] std::vector<CheckId<K>> all_checks() {
  std::vector<CheckId<K>> ids;
  for (const CheckInfo& check : known_checks()) {
    if (check.kind == K) {
      ids.push_back({std::string(check.id)});
    }
  }
  return ids;
}

}  // namespace horde::scenario
