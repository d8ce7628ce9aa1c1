// The names of what every run measures, with units and one sentence each; Metrics knows how.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace horde::scenario {

/// In the order of Amount's alternatives. time: nanoseconds.
enum class MetricUnit : std::uint8_t { count, bytes, time };

struct MetricInfo {
  std::string name;
  MetricUnit unit = MetricUnit::count;
  std::string_view says;
};

/// All of them, in the order in which they are shown. "datagrams K" and "bytes K" are of the kinds
/// of messages K; equal first words stand together.
[[nodiscard]] std::span<const MetricInfo> known_metrics();

}  // namespace horde::scenario
