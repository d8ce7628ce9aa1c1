// GossipQueue: nodes of which there is news to tell, those told least often first.
//
// It holds ids, not messages: what is sent is what is known at that moment, so that later news
// replaces earlier news of the same node by itself.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "base/ids.hpp"

namespace horde::liveness {

class GossipQueue {
 public:
  /// There is news of `node`: it goes to the front.
  void push(base::NodeId node);
  void erase(base::NodeId node);
  [[nodiscard]] bool contains(base::NodeId node) const { return places_.contains(node); }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] std::size_t size() const { return items_.size(); }

  /// Offers ids in order until `write(id)` says that the message is full (false). What was written
  /// counts as sent once more, and leaves the queue after `sends_max` times.
  template <class Write>
  void offer(std::uint32_t sends_max, Write write) {
    std::vector<Item> sent;
    for (const Item& item : items_) {
      if (!write(std::get<base::NodeId>(item))) {
        break;
      }
      sent.push_back(item);
    }
    for (const Item& item : sent) {
      count(item, sends_max);
    }
  }

 private:
  struct Order {
    std::uint64_t value = 0;
    friend auto operator<=>(const Order&, const Order&) = default;
  };
  using Item = std::tuple<std::uint32_t, Order, base::NodeId>;  // Times sent, order of arrival, id.

  void count(const Item& item, std::uint32_t sends_max);

  std::set<Item> items_;
  std::map<base::NodeId, Item> places_;
  std::uint64_t pushes_ = 0;
};

}  // namespace horde::liveness
