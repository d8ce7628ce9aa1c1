// Channels of a node's datagrams, for rules that treat its hordes differently: what the replicas of
// one horde send each other is one. Membership and links, which all hordes share, are on none.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "sim/core/traffic.hpp"
#include "wire/datagram.hpp"

namespace horde::sim {

/// By their place in this list, from bit 0.
class HordeChannels {
 public:
  explicit HordeChannels(const std::vector<std::string_view>& hordes);

  [[nodiscard]] faults::Channels of(std::string_view horde) const;
  /// Frames of one channel stay in their order. Of fragments only the first says whose they are:
  /// those that follow are known by their message, if it is one of the last few.
  [[nodiscard]] std::vector<ChannelPart> split(base::Bytes datagram);

 private:
  [[nodiscard]] faults::Channels of(const wire::FrameView& frame);
  [[nodiscard]] faults::Channels of_message(base::BytesView body) const;
  [[nodiscard]] faults::Channels of_fragment(base::BytesView body);

  std::map<std::uint64_t, faults::Channels> by_id_;     // Of hordes.
  std::map<std::uint64_t, faults::Channels> messages_;  // That were cut into fragments.
};

}  // namespace horde::sim
