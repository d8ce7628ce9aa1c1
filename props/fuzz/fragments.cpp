// The Reassembler under any sequence of fragments: it holds no more than its limits, and what it
// gives out was sent by one peer in one life.
//
// Input: steps of u8 peer and boot | u8 length | that many bytes, which are one fragment's body.
#include "wire/fragments.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "props/fuzz/targets.hpp"
#include "wire/limits.hpp"

namespace horde::props {
namespace {

constexpr std::uint64_t kPeers = 4;  // So few that their messages meet.

/// Four peers, each with up to 64 boots.
wire::Sender sender_of(std::uint8_t choice) {
  const std::string name = "n" + std::to_string(choice % kPeers);
  return {base::NodeId::of(name), choice / kPeers};
}

void append_step(base::Bytes& input, std::uint8_t choice, base::BytesView body) {
  input.push_back(static_cast<char>(choice));
  input.push_back(static_cast<char>(body.size()));
  input += body;
}

/// A part of the message of that name: the hash of the whole, if it is a real one.
base::Bytes fragment(std::uint64_t message, std::uint64_t index, std::uint64_t count,
                     base::BytesView part) {
  wire::Writer writer;
  writer.fixed64(message);
  writer.varint(index);
  writer.varint(count);
  writer.u8(static_cast<std::uint8_t>(wire::Tag::session));
  writer.raw(part);
  return std::move(writer).take();
}

}  // namespace

void run_fragments(base::BytesView input) {
  wire::Reassembler reassembler;
  std::size_t given_bytes = 0;
  while (input.size() >= 2) {
    const auto choice = static_cast<std::uint8_t>(input[0]);
    const auto length = static_cast<std::uint8_t>(input[1]);
    const base::BytesView body = input.substr(2, length);
    input.remove_prefix(2 + body.size());
    const std::size_t held_bytes = reassembler.bytes_held();
    const auto frame = reassembler.on_fragment(sender_of(choice), body);
    given_bytes += body.size();
    HORDE_ASSERT(reassembler.bytes_held() <= given_bytes);
    HORDE_ASSERT(reassembler.bytes_held() <= kPeers * wire::kReassemblyBytesPerPeerMax);
    if (!frame) {
      // What is refused adds nothing. Less may be held: parts that do not make up what their
      // message is named by are of no use, and a later boot ends what came from the one before.
      HORDE_ASSERT(reassembler.bytes_held() <= held_bytes);
    } else if (*frame) {
      HORDE_ASSERT((*frame)->tag != wire::Tag::fragment);
      HORDE_ASSERT(!(*frame)->body.empty() && (*frame)->body.size() <= given_bytes);
    }
  }
}

std::vector<base::Bytes> fragments_seeds() {
  base::Bytes two_messages;
  append_step(two_messages, 0, fragment(1, 0, 2, "left"));
  append_step(two_messages, 1, fragment(1, 1, 2, "other"));
  append_step(two_messages, 0, fragment(1, 1, 2, "right"));
  append_step(two_messages, 1, fragment(1, 0, 2, "one"));
  base::Bytes later_boot;
  append_step(later_boot, 0, fragment(7, 0, 3, "lost"));
  append_step(later_boot, 4, fragment(1, 0, 1, "whole"));
  append_step(later_boot, 0, fragment(7, 1, 3, "late"));
  base::Bytes changes_count;
  append_step(changes_count, 2, fragment(3, 0, 2, "a"));
  append_step(changes_count, 2, fragment(3, 1, 4, "b"));
  const std::uint64_t name = base::hash64("whole", static_cast<std::uint64_t>(wire::Tag::session));
  base::Bytes whole;
  append_step(whole, 0, fragment(name, 1, 2, "le"));
  append_step(whole, 0, fragment(name, 0, 2, "who"));
  return {two_messages, later_boot, changes_count, whole};
}

}  // namespace horde::props
