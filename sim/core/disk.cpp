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
    surely_kept_ = 1;
  }
}

void Disk::lose(DiskLoss loss) {
  switch (loss.kind) {
    case DiskLoss::Kind::kept:
      return;
    case DiskLoss::Kind::lost:
      *this = Disk();
      return;
    case DiskLoss::Kind::rolled_back:
      break;
  }
  for (std::size_t i = 0; i < loss.records; ++i) {
    std::vector<base::Bytes>& log = logs_.back();
    if (logs_.size() > 1 && log.size() == 1) {
      logs_.pop_back();  // The checkpoint itself.
    } else if (log.size() > (logs_.size() > 1 ? 1U : surely_kept_)) {
      log.pop_back();
    }
  }
}

}  // namespace horde::sim
