#include "sim/horde/channels.hpp"

#include <gtest/gtest.h>

#include "node/node.hpp"
#include "wire/fragments.hpp"

namespace horde::sim {
namespace {

const wire::Sender sender{base::NodeId::of("n1"), 7};

wire::Frame frame(wire::Tag tag, std::string_view horde, base::Bytes body) {
  wire::Writer writer;
  writer.varint(node::id_of_horde(horde));
  writer.raw(body);
  return {tag, std::move(writer).take()};
}

std::vector<wire::Tag> tags_of(const ChannelPart& part) {
  std::vector<wire::Tag> out;
  const auto view = wire::unpack(part.bytes);
  for (const wire::FrameView& each : view->frames) {
    out.push_back(each.tag);
  }
  return out;
}

// Goal: a rule about one horde's channel touches nothing else. Method: one datagram with frames of
// both hordes and of what they share; each part must have those of one channel, in their order.
TEST(HordeChannels, SplitsADatagramByTheHordesOfItsFrames) {
  HordeChannels channels({"horde", "registry"});
  using enum wire::Tag;
  const std::vector<wire::Frame> frames{frame(push, "registry", "a"),
                                        {membership, "probe"},
                                        frame(digest, "horde", "b"),
                                        frame(session, "registry", "c"),
                                        {link, "message"}};
  const std::vector<base::Bytes> datagrams = wire::pack(sender, frames);
  ASSERT_EQ(datagrams.size(), 1U);
  const std::vector<ChannelPart> parts = channels.split(datagrams.front());
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(tags_of(parts[0]), (std::vector{push, session}));
  EXPECT_EQ(parts[0].channels, channels.of("registry"));
  EXPECT_EQ(tags_of(parts[1]), (std::vector{membership, link}));
  EXPECT_EQ(parts[1].channels, faults::Channels{});
  EXPECT_EQ(tags_of(parts[2]), std::vector{digest});
  EXPECT_EQ(parts[2].channels, channels.of("horde"));
  EXPECT_FALSE(channels.of("horde").meet(channels.of("registry")));
}

TEST(HordeChannels, ADatagramOfOneChannelStaysAsItIs) {
  HordeChannels channels({"horde", "registry"});
  const base::Bytes datagram =
      wire::pack(sender, {frame(wire::Tag::push, "registry", "a")}).front();
  const std::vector<ChannelPart> parts = channels.split(datagram);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts.front().bytes, datagram);
  EXPECT_EQ(parts.front().channels, channels.of("registry"));
}

TEST(HordeChannels, AllFragmentsOfAMessageAreOnItsChannel) {
  HordeChannels channels({"horde", "registry"});
  const auto fragments =
      wire::fragments_of(sender, frame(wire::Tag::session, "registry", base::Bytes(5'000, 'x')));
  ASSERT_GT(fragments.size(), 2U);
  for (const wire::Frame& fragment : fragments) {
    const auto parts = channels.split(wire::pack(sender, {fragment}).front());
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts.front().channels, channels.of("registry"));
  }
}

}  // namespace
}  // namespace horde::sim
