#include "sim/core/disk.hpp"

namespace horde::sim {

void Disk::write(const base::Persist& persist) {
  if (persist.mode == base::Persist::Mode::append) {
    logs_.back().push_back(persist.record);
    return;
  }
  logs_.push_back({persist.record});
  if (logs_.size() > kCheckpointsKept + 1) {
    logs_.pop_front();
  }
}

void Disk::lose(DiskLoss loss) {
  switch (loss.kind) {
    case DiskLoss::Kind::kept:
      return;
    case DiskLoss::Kind::lost:
      logs_ = {{}};
      return;
    case DiskLoss::Kind::rolled_back:
      break;
  }
  for (std::size_t i = 0; i < loss.records; ++i) {
    std::vector<base::Bytes>& log = logs_.back();
    // A log that is not the oldest begins with its checkpoint, and goes with it.
    if (log.size() > 1 || (logs_.size() == 1 && !log.empty())) {
      log.pop_back();
    } else if (logs_.size() > 1) {
      logs_.pop_back();
    }
  }
}

}  // namespace horde::sim
