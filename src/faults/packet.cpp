#include "faults/packet.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/rng.hpp"

namespace horde::faults {

std::string_view to_string(DropReason reason) {
  switch (reason) {
    case DropReason::lost:
      return "lost";
    case DropReason::cut:
      return "cut";
    case DropReason::queue_full:
      return "queue_full";
  }
  HORDE_ASSERT(false);
}

void apply(const Damage& damage, base::Bytes& bytes) {
  if (bytes.empty()) {
    return;
  }
  base::Rng rng(damage.key);
  switch (damage.kind) {
    case Damage::Kind::none:
      break;
    case Damage::Kind::flip_bits: {
      // In steps of at most an eighth of all, so that no bit is flipped back.
      const std::uint64_t bits = bytes.size() * 8;
      const std::uint64_t flips = 1 + rng.below(8);
      const std::uint64_t first = rng.below(bits);
      const std::uint64_t stride = 1 + rng.below(bits / 8);
      for (std::uint64_t i = 0; i < flips; ++i) {
        const std::uint64_t bit = (first + i * stride) % bits;
        bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^
                                           (1U << static_cast<unsigned>(bit % 8)));
      }
      break;
    }
    case Damage::Kind::truncate:
      bytes.resize(rng.below(bytes.size()));
      break;
  }
}

std::uint64_t Identities::next(base::NodeId from, base::NodeId to, std::uint64_t bytes_hash,
                               base::Instant now) {
  const std::int64_t second = now.ns >> 30;
  if (second != second_ || table_.empty()) {
    second_ = second;
    ++epoch_;
    HORDE_ASSERT(epoch_ != 0);
    used_ = 0;
  }
  if (used_ * 2 >= table_.size()) {
    grow();
  }
  const std::uint64_t key =
      base::combine(base::mix64(from.value ^ base::mix64(to.value)), bytes_hash);
  const std::size_t mask = table_.size() - 1;
  std::size_t at = key & mask;
  while (table_[at].epoch == epoch_ && table_[at].key != key) {
    at = (at + 1) & mask;
  }
  Seen& seen = table_[at];
  if (seen.epoch != epoch_) {
    seen = {.key = key, .epoch = epoch_, .count = 0};
    ++used_;
  }
  const std::uint64_t nth =
      (static_cast<std::uint64_t>(second) << 24U) + static_cast<std::uint64_t>(seen.count++);
  return base::mix64(key ^ base::mix64(nth));
}

void Identities::grow() {
  std::vector<Seen> old = std::move(table_);
  table_.assign(std::max<std::size_t>(1024, old.size() * 2), Seen{});
  const std::size_t mask = table_.size() - 1;
  for (const Seen& seen : old) {
    if (seen.epoch == epoch_) {
      std::size_t at = seen.key & mask;
      while (table_[at].epoch == epoch_) {
        at = (at + 1) & mask;
      }
      table_[at] = seen;
    }
  }
}

}  // namespace horde::faults
