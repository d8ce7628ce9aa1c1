// TokenRing: the example of a protocol in the simulator. Nodes in a ring pass one token around.
//
//     n1 --token(epoch, hop)--> n2 --token(epoch, hop + 1)--> n3 --> n1 ...
//        <-----------ack------     <----------ack-----------
//
// It promises: in one epoch at most one node holds the token, whatever is lost, delayed, repeated
// or cut; and once the network is whole, one token goes round and every node gets it.
//  - A token is sent again until it is acknowledged; one seen before is acknowledged, not taken.
//  - A successor that never answers is passed over. It may have the token all the same, so whoever
//    passes it over makes a new one, of a later epoch. So does whoever has seen none for too long.
//  - A later epoch ends all earlier ones: tokens of those are acknowledged and thrown away.
//  - What was seen is on disk before it is acknowledged, so that a restart takes nothing twice.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/engine.hpp"
#include "base/rng.hpp"
#include "sim/core/machine.hpp"

namespace horde::sim {

struct TokenRingOptions {
  std::uint32_t nodes = 3;
  base::Duration hold = base::milliseconds(10);  ///< How long a node keeps the token.
  base::Duration resend_after = base::milliseconds(20);
  std::uint32_t sends_max = 5;                   ///< Then the successor is passed over.
  base::Duration lost_after = base::seconds(2);  ///< Without a token: a new one is made.
};

/// Which token, and how often it was passed on. Later ones compare greater.
struct Token {
  std::uint64_t epoch =
      0;  ///< Of `nodes` in a row, each node makes only its own: none is made twice.
  std::uint64_t hop = 0;
  friend auto operator<=>(const Token&, const Token&) = default;
};

class TokenRing {
 public:
  TokenRing(TokenRingOptions options, const Boot& boot);

  void on_start(base::Now now, base::Effects& out);
  void on_datagram(base::Now now, const base::Address& from, base::BytesView bytes,
                   base::Effects& out);
  void on_timeout(base::Now now, base::Effects& out);
  void on_hint(base::Now now, const base::Hint& hint, base::Effects& out);
  [[nodiscard]] base::Instant wake_at() const { return wake_; }

  /// The token, while this node holds it.
  [[nodiscard]] std::optional<Token> held() const {
    return state_ == State::holding ? std::optional(seen_) : std::nullopt;
  }

 private:
  enum class State : std::uint8_t { waiting, holding, passing };

  void take(base::Now now, Token token, base::Effects& out);
  void pass(base::Now now, base::Effects& out);
  void pass_over(base::Now now, base::Effects& out);
  void wait(base::Now now);
  [[nodiscard]] Token new_token() const;
  void remember(Token token, base::Effects& out);

  TokenRingOptions options_;
  std::uint32_t self_;
  base::Rng rng_;
  State state_ = State::waiting;
  Token seen_;              // The latest seen, made or passed on.
  std::uint32_t next_ = 0;  // Whom it is passed to.
  std::uint32_t sends_ = 0;
  base::Instant wake_ = base::Instant::never();
};

/// Makes the nodes of a ring. Requires: these are the simulator's nodes 0 to `options.nodes` - 1.
[[nodiscard]] MachineFactory token_ring_factory(TokenRingOptions options);

}  // namespace horde::sim
