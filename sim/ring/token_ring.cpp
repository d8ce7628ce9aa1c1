#include "sim/ring/token_ring.hpp"

#include <array>

#include "base/hash.hpp"
#include "sim/core/simulator.hpp"

namespace horde::sim {
namespace {

// A message: its kind, epoch, hop, and a checksum of these; numbers in big-endian. Without the
// checksum one flipped bit could make an epoch that no other ever exceeds.
enum class Kind : char {
  token = 't',
  ack = 'a',   // With the latest token seen: if that is later, the one sent was out of date.
  disk = 'd',  // The latest token seen, as a record.
};
struct Message {
  Kind kind = Kind::token;
  Token token;
};

constexpr std::size_t kMessageBytes = 1 + 3 * 8;

void append(base::Bytes& bytes, std::uint64_t number) {
  for (unsigned shift = 64; shift != 0; shift -= 8) {
    bytes += static_cast<char>(number >> (shift - 8) & 255U);
  }
}

base::Bytes encode(Kind kind, Token token) {
  base::Bytes bytes(1, static_cast<char>(kind));
  append(bytes, token.epoch);
  append(bytes, token.hop);
  append(bytes, base::hash64(bytes));
  return bytes;
}

std::optional<Message> decode(base::BytesView bytes) {
  if (bytes.size() != kMessageBytes) {
    return std::nullopt;
  }
  std::array<std::uint64_t, 3> numbers{};
  for (std::size_t i = 1; i < kMessageBytes; ++i) {
    std::uint64_t& number = numbers[(i - 1) / 8];
    number = number << 8U | static_cast<unsigned char>(bytes[i]);
  }
  if (numbers[2] != base::hash64(bytes.substr(0, 1 + 2 * 8))) {
    return std::nullopt;
  }
  return Message{.kind = Kind{bytes[0]}, .token = {.epoch = numbers[0], .hop = numbers[1]}};
}

}  // namespace

TokenRing::TokenRing(TokenRingOptions options, const Boot& boot)
    : options_(options), self_(boot.index), rng_(boot.seed) {
  if (!boot.records.empty()) {
    seen_ = decode(boot.records.back()).value_or(Message{}).token;
  }
}

void TokenRing::on_start(base::Now now, base::Effects& /*out*/) {
  wait(now);
}

void TokenRing::on_datagram(base::Now now, const base::Address& from, base::BytesView bytes,
                            base::Effects& out) {
  const std::optional<Message> message = decode(bytes);
  if (!message) {
    return;
  }
  if (message->kind == Kind::token) {
    if (message->token > seen_) {
      take(now, message->token, out);
    }
    out.add(base::Send{.to = from, .bytes = encode(Kind::ack, seen_)});
  } else if (state_ == State::passing && message->token >= seen_) {
    wait(now);
  }
}

void TokenRing::on_timeout(base::Now now, base::Effects& out) {
  switch (state_) {
    case State::waiting:
      take(now, new_token(), out);
      break;
    case State::holding:
      // One hop on: our own copy is out of date from here on.
      remember({.epoch = seen_.epoch, .hop = seen_.hop + 1}, out);
      next_ = (self_ + 1) % options_.nodes;
      sends_ = 0;
      pass(now, out);
      break;
    case State::passing:
      pass(now, out);
      break;
  }
}

void TokenRing::on_hint(base::Now now, const base::Hint& hint, base::Effects& out) {
  if (state_ == State::passing && hint.peer == Simulator::address_of(next_)) {
    pass_over(now, out);
  }
}

void TokenRing::take(base::Now now, Token token, base::Effects& out) {
  remember(token, out);
  state_ = State::holding;
  wake_ = now.mono + options_.hold;
  out.add(base::Tell{.topic = "token", .value = token.epoch});
}

void TokenRing::pass(base::Now now, base::Effects& out) {
  if (sends_ == options_.sends_max) {
    pass_over(now, out);
    return;
  }
  state_ = State::passing;
  ++sends_;
  wake_ = now.mono + options_.resend_after;
  out.add(base::Send{.to = Simulator::address_of(next_), .bytes = encode(Kind::token, seen_)});
}

void TokenRing::pass_over(base::Now now, base::Effects& out) {
  next_ = (next_ + 1) % options_.nodes;
  if (next_ == self_) {
    take(now, new_token(), out);  // Alone.
    return;
  }
  remember(new_token(), out);
  sends_ = 0;
  pass(now, out);
}

void TokenRing::wait(base::Now now) {
  state_ = State::waiting;
  // Not all at once: the first to lose patience makes a token that the others then see.
  const auto spread = static_cast<std::uint64_t>(options_.lost_after.ns);
  wake_ = now.mono + options_.lost_after +
          base::Duration{static_cast<std::int64_t>(rng_.below(spread))};
}

Token TokenRing::new_token() const {
  const std::uint64_t turn = seen_.epoch / options_.nodes + 1;
  return {.epoch = turn * options_.nodes + self_, .hop = 0};
}

void TokenRing::remember(Token token, base::Effects& out) {
  seen_ = token;
  out.add(base::Persist{.mode = base::Persist::Mode::replace, .record = encode(Kind::disk, token)});
}

MachineFactory token_ring_factory(TokenRingOptions options) {
  return [options](const Boot& boot) { return host<TokenRing>(options, boot); };
}

}  // namespace horde::sim
