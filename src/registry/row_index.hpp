// RowIndex: rows by key. A row stays where it is; the index owns it and keeps its hash beside it.
//
// Open addressing with linear probing, at most half full; an erase moves what follows back, so no
// markers are left. A lookup touches one line of the index and the row: chained tables, which
// follow two pointers more, take twice as long once the rows do not fit into the caches.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/hash.hpp"

namespace horde::registry {

/// Row: has a `key` that does not change while it is here.
template <class Row>
class RowIndex {
 public:
  /// Null if there is none.
  [[nodiscard]] Row* find(base::BytesView key) const {
    if (slots_.empty()) {
      return nullptr;
    }
    const std::uint64_t hash = base::hash64(key);
    for (std::size_t at = home(hash); slots_[at].row != nullptr; at = next(at)) {
      if (slots_[at].hash == hash && slots_[at].row->key == key) {
        return slots_[at].row.get();
      }
    }
    return nullptr;
  }

  /// Requires: no row with its key is here.
  Row& insert(std::unique_ptr<Row> row) {
    if (2 * (count_ + 1) > slots_.size()) {
      grow();
    }
    Row& out = *row;
    place({base::hash64(row->key), std::move(row)});
    ++count_;
    return out;
  }

  /// Requires: it is here.
  void erase(const Row& row) {
    std::size_t hole = home(base::hash64(row.key));
    while (slots_[hole].row.get() != &row) {
      hole = next(hole);
    }
    slots_[hole] = {};
    for (std::size_t at = next(hole); slots_[at].row != nullptr; at = next(at)) {
      // It may move back unless its home lies behind the hole.
      const std::size_t from_home = (at - home(slots_[at].hash)) & mask();
      const std::size_t from_hole = (at - hole) & mask();
      if (from_home >= from_hole) {
        slots_[hole] = std::exchange(slots_[at], {});
        hole = at;
      }
    }
    --count_;
  }

  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::unique_ptr<Row> row{};
  };
  static constexpr std::size_t kSlotsMin = 16;

  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
  [[nodiscard]] std::size_t home(std::uint64_t hash) const { return hash & mask(); }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & mask(); }
  void place(Slot slot) {
    std::size_t at = home(slot.hash);
    while (slots_[at].row != nullptr) {
      at = next(at);
    }
    slots_[at] = std::move(slot);
  }
  void grow() {
    std::vector<Slot> old(std::max(kSlotsMin, 2 * slots_.size()));
    old.swap(slots_);
    for (Slot& slot : old) {
      if (slot.row != nullptr) {
        place(std::move(slot));
      }
    }
  }

  std::vector<Slot> slots_;  // Their number is a power of two.
  std::size_t count_ = 0;
};

}  // namespace horde::registry
