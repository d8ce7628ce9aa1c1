// Signals between processes: what decodes is, byte for byte, what the encoder writes for it, and a
// runtime takes it whatever it says.
#include "process/signal.hpp"

#include "base/assert.hpp"
#include "process/builtin_types.hpp"
#include "process/runtime.hpp"
#include "props/fuzz/targets.hpp"

namespace horde::props {
using namespace horde::process;

namespace {

const base::RunId kPeer{base::NodeId::of("n2"), 300};
const base::RunId kSelf{base::NodeId::of("n1"), 7};

/// A port (1), an echo (2) and a stubborn process (3). The port is linked to the peer's 5, monitors
/// and calls it; `out` has these requests.
void relate(Runtime& runtime, Outputs& out) {
  const Pid port = runtime.open_port("fuzz");
  runtime.act(
      {}, port,
      [](Context& context) {
        (void)context.spawn({.type = "echo"});
        (void)context.spawn({.type = "stubborn"});
        context.link({kPeer, 5});
        context.monitor({kPeer, 5});
        context.call({kPeer, 5}, "x", base::seconds(1));
      },
      out);
}

Runtime make_runtime() {
  ProcessTypes types;
  add_builtin_types(types);
  return Runtime(kSelf, types, {.mailbox_max = 4, .relations_max = 4}, base::Rng(1));
}

}  // namespace

void run_signal(base::BytesView input) {
  const auto signal = decode_signal(input, kPeer, kSelf);
  if (signal) {
    HORDE_ASSERT(encode(*signal) == input);
  }
  Runtime runtime = make_runtime();
  Outputs out;
  relate(runtime, out);
  (void)runtime.on_message({}, kPeer, input, out);
  runtime.peer_ended({}, kPeer, out);
}

std::vector<base::Bytes> signal_seeds() {
  Runtime runtime = make_runtime();
  Outputs out;
  relate(runtime, out);
  std::vector<base::Bytes> seeds;
  for (const Outgoing& send : out.sends) {
    // Each kind of signal with a reference that means something to the runtime.
    const std::uint64_t ref = decode_signal(send.body, kSelf, kPeer)->ref;
    for (int kind = 1; kind <= static_cast<int>(Signal::Kind::down); ++kind) {
      for (const std::uint64_t to : {1U, 2U, 3U, 4U}) {
        seeds.push_back(
            encode({.kind = static_cast<Signal::Kind>(kind),
                    .from = {kPeer, 5},
                    .to = {kSelf, to},
                    .ref = ref,
                    .other_ref = ref,
                    .timeout = base::seconds(1),
                    .by_link = to % 2 == 1,
                    .payload = "hello",
                    .reason = to % 2 == 0 ? ExitReason::kill() : ExitReason::error("x")}));
      }
    }
  }
  return seeds;
}

}  // namespace horde::props
