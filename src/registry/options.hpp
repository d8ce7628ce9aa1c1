// Options of a registry, with the defaults that users get.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace horde::registry {

enum class Keys : std::uint8_t {
  unique,     ///< One process for each key.
  duplicate,  ///< Any number, and one process may be there several times.
};

struct Options {
  Keys keys = Keys::unique;
  /// Names of local processes that are told of every registration and its end.
  std::vector<base::Bytes> listeners;
  /// Put when this member has synced, where no such key is known.
  std::map<base::Bytes, base::Bytes> meta;
  /// After a process was told that it has lost a name it has so long to end; then it is killed.
  base::Duration conflict_grace = base::seconds(5);
  /// Losers that are told at once; the next ones `conflict_pace` later. A heal may bring thousands.
  std::size_t conflicts_at_once = 100;
  base::Duration conflict_pace = base::milliseconds(10);
  /// Names that processes of this node may hold.
  std::size_t names_max = 1'000'000;
  /// How often a registration that has to wait looks again.
  base::Duration retry_interval = base::milliseconds(50);
};

/// Why it cannot be taken: "conflict_grace: wants ...", the first field that is wrong; empty if it
/// can.
[[nodiscard]] std::string refusal_of(const Options& options);

}  // namespace horde::registry
