#include "sim/core/traffic.hpp"

#include <algorithm>

namespace horde::sim {

void Traffic::on_sent_kinds(base::Instant at, const KindSizes& sizes) {
  for (unsigned kind = 0; kind < kKindsMax; ++kind) {
    if (sizes.has(kind)) {
      add(at, sizes.bytes(kind), kinds_[kind].tally, kinds_[kind].rate);
    }
  }
}

void Traffic::add(base::Instant at, std::uint64_t bytes, Tally& tally, Rate& rate) {
  ++tally.datagrams;
  tally.bytes += bytes;
  const std::int64_t second = at.ns / 1'000'000'000;
  if (second != rate.second) {
    rate.second = second;
    rate.count = 0;
  }
  ++rate.count;
  rate.most = std::max(rate.most, rate.count);
}

void Traffic::reset_maxima() {
  rate_.count = 0;
  rate_.most = 0;
  for (Kind& kind : kinds_) {
    kind.rate.count = 0;
    kind.rate.most = 0;
  }
}

}  // namespace horde::sim
