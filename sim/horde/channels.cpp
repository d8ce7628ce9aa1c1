#include "sim/horde/channels.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "node/node.hpp"

namespace horde::sim {
namespace {

constexpr std::size_t kMessagesMax = 256;

}  // namespace

HordeChannels::HordeChannels(const std::vector<std::string_view>& hordes) {
  std::uint32_t bit = 1;
  for (const std::string_view horde : hordes) {
    by_id_[node::id_of_horde(horde)] = {bit};
    bit <<= 1U;
  }
}

faults::Channels HordeChannels::of(std::string_view horde) const {
  const auto it = by_id_.find(node::id_of_horde(horde));
  return it == by_id_.end() ? faults::Channels{} : it->second;
}

faults::Channels HordeChannels::of_message(base::BytesView body) const {
  wire::Reader reader(body);
  const auto it = by_id_.find(reader.varint());
  return !reader.ok() || it == by_id_.end() ? faults::Channels{} : it->second;
}

faults::Channels HordeChannels::of_fragment(base::BytesView body) {
  wire::Reader reader(body);
  const std::uint64_t message = reader.fixed64();
  const std::uint64_t index = reader.varint();
  (void)reader.varint();
  (void)reader.u8();
  if (!reader.ok() || index > 0) {
    const auto it = messages_.find(message);
    return it == messages_.end() ? faults::Channels{} : it->second;
  }
  if (messages_.size() >= kMessagesMax) {
    messages_.clear();
  }
  return messages_[message] = of_message(reader.raw(reader.remaining()));
}

faults::Channels HordeChannels::of(const wire::FrameView& frame) {
  switch (frame.tag) {
    case wire::Tag::digest:
    case wire::Tag::vector:
    case wire::Tag::session:
    case wire::Tag::push:
      return of_message(frame.body);
    case wire::Tag::fragment:
      return of_fragment(frame.body);
    case wire::Tag::membership:
    case wire::Tag::table:
    case wire::Tag::link:
      return {};
  }
  return {};
}

std::vector<ChannelPart> HordeChannels::split(base::Bytes datagram) {
  const auto view = wire::unpack(datagram);
  HORDE_ASSERT(view.has_value());
  std::vector<std::pair<faults::Channels, std::vector<wire::Frame>>> parts;
  for (const wire::FrameView& frame : view->frames) {
    const faults::Channels channels = of(frame);
    auto part = std::ranges::find(parts, channels, [](const auto& p) { return p.first; });
    if (part == parts.end()) {
      part = parts.insert(parts.end(), {channels, {}});
    }
    part->second.push_back({frame.tag, base::Bytes(frame.body)});
  }
  std::vector<ChannelPart> out;
  if (parts.size() <= 1) {
    const faults::Channels channels = parts.empty() ? faults::Channels{} : parts.front().first;
    out.push_back({std::move(datagram), channels});
    return out;
  }
  for (const auto& [channels, frames] : parts) {
    for (base::Bytes& bytes : wire::pack(view->sender, frames)) {
      out.push_back({std::move(bytes), channels});
    }
  }
  return out;
}

}  // namespace horde::sim
