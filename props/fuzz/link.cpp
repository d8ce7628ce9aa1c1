// Frames of reliable links: what decodes is, byte for byte, what the encoder writes for it; and
// links that get any sequence of frames hold no more than their limits and come to rest.
//
// Input of the second: steps of u8 choice | u8 length | that many bytes, a frame's body. The
// choice: peer and boot (3 bits), then what is done besides: time passes, messages are sent or
// taken, the peer goes down or up.
#include "base/assert.hpp"
#include "props/fuzz/targets.hpp"
#include "wire/link_frame.hpp"
#include "wire/links.hpp"

namespace horde::props {
namespace {

constexpr int kTurnsMax = 100;  // Of on_timeout at one instant.

wire::LinkOptions options() {
  return {.message_bytes_max = 3'000,
          .queue_bytes_max = 6'000,
          .queue_messages_max = 8,
          .window_bytes = 6'000,
          .window_messages = 8,
          .first_credit_bytes = 2'000,
          .first_credit_messages = 4,
          .peers_max = 2};
}

base::RunId run_of(std::uint8_t choice) {
  return {base::NodeId::of("n" + std::to_string(choice & 3U)), 1U + ((choice >> 2U) & 1U)};
}

void act(wire::Links& links, std::uint8_t choice, base::Instant& now, wire::LinkOutputs& out) {
  const base::RunId run = run_of(choice);
  switch (choice >> 3U & 7U) {
    case 0:
      now = now + base::milliseconds(100);
      return;
    case 1:
      now = now + base::seconds(11);
      return;
    case 2:
      links.peer_down(now, run, out);
      return;
    case 3:
      links.peer_up(now, run, out);
      return;
    case 4:
      (void)links.send(run, base::Bytes(choice, 'x'));
      return;
    case 5:
      (void)links.send(run, base::Bytes(2'500, 'y'));
      return;
    case 6:
      while (links.receive(run)) {
      }
      return;
    default:
      return;
  }
}

void check(wire::Links& links, base::Instant now, wire::LinkOutputs& out) {
  for (int turn = 0; links.wake_at() <= now; ++turn) {
    HORDE_ASSERT(turn < kTurnsMax);
    links.on_timeout(now, out);
  }
  std::size_t known = 0;
  for (std::uint8_t node = 0; node < 4; ++node) {
    if (const wire::Link* link = links.find(run_of(node).node)) {
      ++known;
      HORDE_ASSERT(link->receiver().bytes_held() <= options().window_bytes);
      HORDE_ASSERT(link->sender().bytes_held() <= options().queue_bytes_max);
      HORDE_ASSERT(link->sender().acknowledged() <= link->sender().transmitted());
    }
  }
  HORDE_ASSERT(known <= options().peers_max);
  for (const wire::LinkEnded& end : out.ended) {
    HORDE_ASSERT(end.acknowledged <= end.transmitted);
  }
}

void append_step(base::Bytes& input, std::uint8_t choice, const wire::LinkFrame& frame) {
  const base::Bytes body = encode(frame);
  input.push_back(static_cast<char>(choice));
  input.push_back(static_cast<char>(body.size()));
  input += body;
}

}  // namespace

void run_link(base::BytesView input) {
  if (const auto frame = wire::decode_link_frame(input)) {
    HORDE_ASSERT(encode(*frame) == input);
  }
  wire::Links links({base::NodeId::of("self"), 1}, options());
  base::Instant now{1};
  while (input.size() >= 2) {
    const auto choice = static_cast<std::uint8_t>(input[0]);
    const base::BytesView body = input.substr(2, static_cast<std::uint8_t>(input[1]));
    input.remove_prefix(2 + body.size());
    const base::RunId from = run_of(choice);
    wire::LinkOutputs out;
    const auto taken = links.on_frame(now, {from.node, from.start}, body, out);
    HORDE_ASSERT(taken.has_value() || (out.ended.empty() && out.readable.empty()));
    act(links, choice, now, out);
    check(links, now, out);
  }
}

std::vector<base::Bytes> link_seeds() {
  const wire::LinkFrame data{.to_boot = 1,
                             .epoch = 1,
                             .credit_bytes = 6'000,
                             .credit_messages = 8,
                             .first = 0,
                             .segments = {{"call", true}, {"part", false}}};
  const wire::LinkFrame all{.to_boot = 7,
                            .epoch = 2,
                            .ask = 3,
                            .answer = 4,
                            .ack = 10,
                            .credit_bytes = 300,
                            .credit_messages = 5,
                            .sacks = {{11, 12}, {14, 17}},
                            .first = 20,
                            .segments = {{"call", true}, {"", true}}};
  wire::LinkFrame gap = data;
  gap.first = 4;
  wire::LinkFrame ack{
      .to_boot = 1, .epoch = 1, .ack = 1, .credit_bytes = 9'000, .credit_messages = 9};
  wire::LinkFrame later = ack;
  later.epoch = 3;
  later.ack = 0;
  later.ask = 1;
  base::Bytes talk;  // Data with a gap, a message sent and acknowledged, a new epoch, a death.
  append_step(talk, 0x20, data);
  append_step(talk, 0x28, gap);
  append_step(talk, 0x30, ack);
  append_step(talk, 0x10, later);
  append_step(talk, 0x18, data);
  append_step(talk, 0x0d, data);
  return {encode(data), encode(all), encode(ack), talk};
}

}  // namespace horde::props
