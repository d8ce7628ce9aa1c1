// EventQueue: a 4-ary heap of events in the order of (time, sequence number).
//
// Four children a level halve the levels of a binary heap, and the four lie in two cache lines.
// The sequence number makes the order total: equal times leave in the order in which they came.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/assert.hpp"
#include "base/time.hpp"

namespace horde::sim {

class EventQueue {
 public:
  enum class Kind : std::uint32_t {
    deliver,  ///< Datagram `index` reaches its node.
    refuse,   ///< The sender of datagram `index` hears that the port was refused.
    timer,    ///< Node `index` may have a timeout due.
    process,  ///< Node `index` takes the next of its waiting inputs.
    release,  ///< Held datagrams are judged again.
    action,   ///< Scheduled action `index` runs.
  };
  struct Event {
    base::Instant at;
    std::uint64_t sequence = 0;
    Kind kind = Kind::deliver;
    std::uint32_t index = 0;
  };

  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  /// Requires: not empty.
  [[nodiscard]] const Event& top() const { return heap_.front(); }

  void push(base::Instant at, Kind kind, std::uint32_t index) {
    const Event event{.at = at, .sequence = ++sequence_, .kind = kind, .index = index};
    std::size_t hole = heap_.size();
    heap_.push_back(event);
    while (hole != 0) {
      const std::size_t parent = (hole - 1) / kChildren;
      if (!before(event, heap_[parent])) {
        break;
      }
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = event;
  }

  /// Removes and returns the first event. Requires: not empty.
  Event pop() {
    HORDE_ASSERT(!heap_.empty());
    const Event first = heap_.front();
    const Event last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) {
      sink(last);
    }
    return first;
  }

 private:
  static constexpr std::size_t kChildren = 4;

  static bool before(const Event& a, const Event& b) {
    return a.at.ns != b.at.ns ? a.at < b.at : a.sequence < b.sequence;
  }

  // Puts `event` where it belongs, from the hole at the top down.
  void sink(const Event& event) {
    std::size_t hole = 0;
    for (;;) {
      const std::size_t begin = hole * kChildren + 1;
      if (begin >= heap_.size()) {
        break;
      }
      const std::size_t end = std::min(begin + kChildren, heap_.size());
      std::size_t least = begin;
      for (std::size_t child = begin + 1; child < end; ++child) {
        least = before(heap_[child], heap_[least]) ? child : least;
      }
      if (!before(heap_[least], event)) {
        break;
      }
      heap_[hole] = heap_[least];
      hole = least;
    }
    heap_[hole] = event;
  }

  std::vector<Event> heap_;
  std::uint64_t sequence_ = 0;
};

}  // namespace horde::sim
