#include "liveness/gossip_queue.hpp"

namespace horde::liveness {

void GossipQueue::push(base::NodeId node) {
  erase(node);
  const Item item{0, Order{++pushes_}, node};
  items_.insert(item);
  places_.emplace(node, item);
}

void GossipQueue::erase(base::NodeId node) {
  const auto at = places_.find(node);
  if (at == places_.end()) {
    return;
  }
  items_.erase(at->second);
  places_.erase(at);
}

void GossipQueue::count(const Item& item, std::uint32_t sends_max) {
  const auto [times, order, node] = item;
  items_.erase(item);
  if (times + 1 >= sends_max) {
    places_.erase(node);
    return;
  }
  const Item next{times + 1, order, node};
  items_.insert(next);
  places_[node] = next;
}

}  // namespace horde::liveness
