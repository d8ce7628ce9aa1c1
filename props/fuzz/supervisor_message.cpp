// Messages between supervisors: what decodes is, byte for byte, what the encoder writes for it, and
// a supervisor takes it whatever it says.
#include "base/assert.hpp"
#include "props/fuzz/targets.hpp"
#include "supervisor/supervisor.hpp"
#include "supervisor/test_entries.hpp"

namespace horde::props {
using namespace horde::supervisor;

void run_supervisor_message(base::BytesView input) {
  const auto message = decode_message(input);
  if (message) {
    HORDE_ASSERT(encode(*message) == input);
  }
  const base::RunId self{base::NodeId::of("n1"), 5};
  const base::RunId other{base::NodeId::of("n2"), 2};
  Supervisor supervisor(self, {}, std::make_unique<Uniform>(), base::Rng(1));
  Outputs out;
  const base::Now now{{1}, {1}};
  supervisor.on_view(
      now,
      {.members = {{.name = "n1", .id = self.node, .status = members::Status::alive},
                   {.name = "n2", .id = other.node, .status = members::Status::alive}},
       .boots = {{self.node, self.start}, {other.node, other.start}},
       .reachable = {other.node},
       .witnesses = {self.node, other.node}},
      out);
  supervisor.on_synced(now, out);
  HORDE_ASSERT(supervisor.on_message(now, other, input, out).has_value() == message.has_value());
}

std::vector<base::Bytes> supervisor_message_seeds() {
  std::vector<base::Bytes> seeds;
  for (const Message& message : some_messages()) {
    seeds.push_back(encode(message));
  }
  return seeds;
}

}  // namespace horde::props
