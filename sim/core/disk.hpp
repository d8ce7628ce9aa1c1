// Disk: the log of one simulated node, with what a crash can do to it.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "base/engine.hpp"

namespace horde::sim {

/// What a crash leaves of the records that were carried out.
struct DiskLoss {
  enum class Kind : std::uint8_t {
    kept,         ///< All of them.
    rolled_back,  ///< All but the last `records`.
    lost,         ///< None.
  };
  Kind kind = Kind::kept;
  std::size_t records = 0;
};

class Disk {
 public:
  void write(const base::Persist& persist);

  /// Rolling back over a checkpoint (Persist::Mode::replace) brings back what stood before it; over
  /// the checkpoints before the last `kCheckpointsKept` it does not go: those are surely on the
  /// platter.
  void lose(DiskLoss loss);

  /// Oldest first.
  [[nodiscard]] const std::vector<base::Bytes>& records() const { return logs_.back(); }

  static constexpr std::size_t kCheckpointsKept = 4;

 private:
  // The log since each of the last checkpoints; the last one is what is read.
  std::deque<std::vector<base::Bytes>> logs_ = {{}};
  std::size_t surely_kept_ = 0;  // Records of the oldest of these that no rolling back takes.
};

}  // namespace horde::sim
