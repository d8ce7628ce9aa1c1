// Messages of the failure detector: what decodes is, byte for byte, what the encoder writes for it.
#include "base/assert.hpp"
#include "liveness/messages.hpp"
#include "props/fuzz/some_records.hpp"
#include "props/fuzz/targets.hpp"

namespace horde::props {
using namespace horde::liveness;

void run_membership(base::BytesView input) {
  const auto message = decode_membership(input);
  if (message) {
    HORDE_ASSERT(encode(*message) == input);
  }
}

std::vector<base::Bytes> membership_seeds() {
  using Kind = MembershipMessage::Kind;
  std::vector<base::Bytes> seeds;
  for (const Kind kind :
       {Kind::ping, Kind::ack, Kind::ping_req, Kind::relayed, Kind::nack, Kind::gossip}) {
    MembershipMessage message{.kind = kind, .records = some_records()};
    if (kind != Kind::gossip) {
      message.number = 300;
    }
    if (kind == Kind::ping || kind == Kind::ping_req) {
      message.target = base::NodeId::of("n2");
      message.target_boot = 7;
    }
    seeds.push_back(encode(message));
  }
  return seeds;
}

}  // namespace horde::props
