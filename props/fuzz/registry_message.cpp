// Messages between registries: what decodes is, byte for byte, what the encoder writes for it, and
// a registry takes it whatever it says.
#include "base/assert.hpp"
#include "props/fuzz/targets.hpp"
#include "registry/registry.hpp"
#include "registry/test_messages.hpp"

namespace horde::props {
using namespace horde::registry;

void run_registry_message(base::BytesView input) {
  const auto message = decode_message(input);
  if (message) {
    HORDE_ASSERT(encode(*message) == input);
  }
  const base::RunId self{base::NodeId::of("n1"), 5};
  const base::RunId other{base::NodeId::of("n2"), 300};
  Registry registry(self, "names", {}, base::Rng(1));
  Outputs out;
  base::Now now{{1}, {1}};
  registry.on_view(
      now, {.members = {self.node, other.node}, .reachable = {{self.node, 5}, {other.node, 300}}},
      out);
  registry.on_synced(now, out);
  // A claim and a barrier of its own, so that what answers them is looked at.
  registry.register_name(now, {1}, {.pid = {self, 9}, .child = {}},
                         {.what = {.key = "lead"}, .confirm = Confirm::quorum}, out);
  (void)registry.register_name(now, {.pid = {self, 9}, .child = {}}, {.key = "held"}, out);
  registry.barrier(now, {2}, {.key = "held"}, out);
  HORDE_ASSERT(registry.on_message(now, other, input, out).has_value() == message.has_value());
  HORDE_ASSERT(registry.on_message(now, other, input, out).has_value() == message.has_value());
  // It comes to rest: whatever was promised is asked about, whatever waits ends.
  for (int i = 0; i < 100 && registry.wake_at() != base::Instant::never(); ++i) {
    now.mono = std::max(now.mono, registry.wake_at());
    registry.on_timeout(now, out);
  }
  registry.on_view(now, {.members = {self.node}, .reachable = {{self.node, 5}}}, out);
  // Its own, as nothing here puts the name into a map; and a barrier may wait for long.
  HORDE_ASSERT(registry.sizes().promises <= 2);
}

std::vector<base::Bytes> registry_message_seeds() {
  std::vector<base::Bytes> seeds;
  for (const Message& message : some_messages()) {
    seeds.push_back(encode(message));
  }
  // That answer the claim and the barrier of above.
  const process::Pid other{{base::NodeId::of("n2"), 300}, 4};
  for (const Verdict verdict :
       {Verdict::yes, Verdict::held, Verdict::promised, Verdict::full, Verdict::still}) {
    seeds.push_back(encode(Vote{1, "lead", 9, verdict, other, {.priority = 1}}));
  }
  seeds.push_back(encode(BarrierSeen{1}));
  return seeds;
}

}  // namespace horde::props
