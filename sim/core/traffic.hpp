// Traffic: what each node sends and receives, in datagrams and bytes, by kind.
//
// What kinds there are is the protocol's business, and so are the channels that rules may treat
// differently: its binding supplies a Classifier and a ChannelSplitter.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "faults/packet.hpp"

namespace horde::sim {

inline constexpr unsigned kKindsMax = 16;

/// How the bytes of one datagram divide into kinds. Kinds are numbers below kKindsMax.
class KindSizes {
 public:
  void add(unsigned kind, std::uint64_t bytes) {
    HORDE_ASSERT(kind < kKindsMax);
    bytes_[kind] += bytes;
    present_ |= 1U << kind;
  }
  [[nodiscard]] bool has(unsigned kind) const { return (present_ >> kind & 1U) != 0; }
  [[nodiscard]] std::uint64_t bytes(unsigned kind) const { return bytes_[kind]; }

 private:
  std::array<std::uint64_t, kKindsMax> bytes_{};
  std::uint32_t present_ = 0;
};

/// Adds the parts of a datagram that its sender made.
using Classifier = std::function<void(base::BytesView datagram, KindSizes& out)>;

/// A datagram that has nothing but parts of some channels (of none, perhaps).
struct ChannelPart {
  base::Bytes bytes;
  faults::Channels channels{};
};
/// A datagram as several, one for each channel that it has parts of; together they say the same.
using ChannelSplitter = std::function<std::vector<ChannelPart>(base::Bytes datagram)>;

struct Tally {
  std::uint64_t datagrams = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const Tally&, const Tally&) = default;
};

/// What one node sent and received since the start of the run, over all of its lives.
class Traffic {
 public:
  void on_sent(base::Instant at, std::uint64_t bytes) { add(at, bytes, sent_, rate_); }
  void on_sent_kinds(base::Instant at, const KindSizes& sizes);
  void on_received(std::uint64_t bytes) {
    ++received_.datagrams;
    received_.bytes += bytes;
  }

  [[nodiscard]] const Tally& sent() const { return sent_; }
  [[nodiscard]] const Tally& received() const { return received_; }
  /// A datagram counts once for each kind that it has a part of.
  [[nodiscard]] const Tally& sent(unsigned kind) const { return kinds_[kind].tally; }

  /// The most datagrams sent in one second of virtual time ([0s, 1s), [1s, 2s), ...).
  [[nodiscard]] std::uint64_t most_a_second() const { return rate_.most; }
  [[nodiscard]] std::uint64_t most_a_second(unsigned kind) const { return kinds_[kind].rate.most; }
  /// Forgets the maxima, so that they can be asked for one phase of a run.
  void reset_maxima();

 private:
  struct Rate {
    std::int64_t second = 0;
    std::uint64_t count = 0;
    std::uint64_t most = 0;
  };
  struct Kind {
    Tally tally;
    Rate rate;
  };
  static void add(base::Instant at, std::uint64_t bytes, Tally& tally, Rate& rate);

  Tally sent_;
  Tally received_;
  Rate rate_;
  std::array<Kind, kKindsMax> kinds_{};
};

}  // namespace horde::sim
