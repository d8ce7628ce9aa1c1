#include "wire/links.hpp"

#include <algorithm>
#include <vector>

#include "base/assert.hpp"
#include "wire/limits.hpp"

namespace horde::wire {

Links::Links(base::RunId self, LinkOptions options) : self_(self), options_(options) {
  HORDE_ASSERT(options_.message_bytes_max <= kLinkMessageBytesMax);
  HORDE_ASSERT(options_.message_bytes_max <= options_.window_bytes);
  HORDE_ASSERT(options_.message_bytes_max <= options_.queue_bytes_max);
  HORDE_ASSERT(options_.first_credit_bytes <= options_.window_bytes);
  HORDE_ASSERT(options_.first_credit_messages <= options_.window_messages);
  HORDE_ASSERT(options_.window_messages > 0 && options_.queue_messages_max > 0);
  HORDE_ASSERT(options_.rto_min.ns > 0 && options_.ack_delay < options_.rto_min);
  HORDE_ASSERT(options_.rto_min <= options_.rto_max);
}

void Links::schedule(Peers::iterator peer) {
  const base::Instant due = peer->second.link.wake_at();
  base::Instant& known = peer->second.due;
  if (due == known) {
    return;
  }
  if (known != base::Instant::never()) {
    agenda_.erase({known, peer->first});
  }
  known = due;
  if (due != base::Instant::never()) {
    agenda_.emplace(due, peer->first);
  }
}

Links::Peers::iterator Links::adopt(base::Instant now, const base::RunId& run, Link::Peer state,
                                    LinkOutputs& out) {
  const auto known = peers_.find(run.node);
  if (known != peers_.end()) {
    Link& link = known->second.link;
    if (run.start < link.peer().start) {
      ++statistics_.old_boot;
      return peers_.end();
    }
    if (run.start > link.peer().start) {
      link.end(LinkEnd::newer_run, out);
      link = Link(options_, run, epoch_floor_ + 1, state);
      known->second.down_since = base::Instant::never();
    }
    return known;
  }
  if (peers_.size() >= options_.peers_max && !make_room(now)) {
    ++statistics_.peers_refused;
    return peers_.end();
  }
  return peers_.emplace(run.node, Peer{.link = Link(options_, run, epoch_floor_ + 1, state)}).first;
}

// Forgets the peer that has been down for longest. Its run may be alive after all, and its link in
// an epoch that we have used: no later link begins at or below that (L9).
bool Links::make_room(base::Instant now) {
  const auto oldest =
      std::ranges::min_element(peers_, {}, [](const auto& peer) { return peer.second.down_since; });
  if (oldest == peers_.end() || oldest->second.down_since == base::Instant::never() ||
      now - oldest->second.down_since < kDatagramLifetimeMax) {
    return false;
  }
  epoch_floor_ = std::max(epoch_floor_, oldest->second.link.epoch());
  if (oldest->second.due != base::Instant::never()) {
    agenda_.erase({oldest->second.due, oldest->first});
  }
  peers_.erase(oldest);
  return true;
}

void Links::peer_up(base::Instant now, const base::RunId& run, LinkOutputs& out) {
  const auto peer = adopt(now, run, Link::Peer::up, out);
  if (peer != peers_.end()) {
    peer->second.link.on_up();
    peer->second.down_since = base::Instant::never();
    schedule(peer);
  }
}

void Links::peer_down(base::Instant now, const base::RunId& run, LinkOutputs& out) {
  const auto peer = adopt(now, run, Link::Peer::down, out);
  if (peer != peers_.end()) {
    peer->second.link.on_down(out);
    peer->second.down_since = std::min(peer->second.down_since, now);
    schedule(peer);
  }
}

Decoded<void> Links::on_frame(base::Instant now, const Sender& from, base::BytesView body,
                              LinkOutputs& out) {
  const Decoded<LinkFrame> frame = decode_link_frame(body);
  if (!frame) {
    return std::unexpected(frame.error());
  }
  if (from.node == self_.node) {
    ++statistics_.old_boot;
    return {};
  }
  const auto peer = adopt(now, {from.node, from.boot}, Link::Peer::up, out);
  if (peer == peers_.end()) {
    return {};
  }
  Link& link = peer->second.link;
  if (frame->to_boot != self_.start) {
    ++statistics_.old_boot;
    if (frame->to_boot < self_.start) {
      link.answer();  // Any frame tells it of our run.
    }
  } else {
    const Link::Taken taken = link.on_frame(now, *frame, out);
    statistics_.stale += taken == Link::Taken::stale ? 1U : 0U;
    statistics_.refused += taken == Link::Taken::refused ? 1U : 0U;
    statistics_.down += taken == Link::Taken::down ? 1U : 0U;
  }
  schedule(peer);
  return {};
}

void Links::on_timeout(base::Instant now, LinkOutputs& out) {
  std::vector<base::NodeId> due;
  for (const auto& [at, node] : agenda_) {
    if (at > now) {
      break;
    }
    due.push_back(node);
  }
  for (const base::NodeId node : due) {
    const auto peer = peers_.find(node);
    peer->second.link.service(now, out);
    schedule(peer);
  }
}

std::expected<SentMessage, SendErrc> Links::send(const base::RunId& to,
                                                 const base::Bytes& message) {
  if (message.size() > options_.message_bytes_max) {
    return std::unexpected(SendErrc::message_over_limit);
  }
  if (!is_up(to)) {
    return std::unexpected(SendErrc::unreachable);
  }
  const auto peer = peers_.find(to.node);
  if (!peer->second.link.sender().has_room(message.size())) {
    return std::unexpected(SendErrc::queue_over_limit);
  }
  const SentMessage sent = peer->second.link.send(message);
  schedule(peer);
  return sent;
}

std::optional<base::Bytes> Links::receive(const base::RunId& run) {
  const auto peer = peers_.find(run.node);
  if (peer == peers_.end() || peer->second.link.peer() != run) {
    return std::nullopt;
  }
  std::optional<base::Bytes> message = peer->second.link.take();
  schedule(peer);
  return message;
}

void Links::restart_as(base::Instant now, std::uint64_t boot, LinkOutputs& out) {
  HORDE_ASSERT(boot > self_.start);
  self_.start = boot;
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    Link& link = peer->second.link;
    link.end(LinkEnd::own_restart, out);
    const auto state = link.is_up() ? Link::Peer::up : Link::Peer::down;
    link = Link(options_, link.peer(), epoch_floor_ + 1, state);
    peer->second.down_since = link.is_up() ? base::Instant::never() : now;
    schedule(peer);
  }
}

base::Instant Links::wake_at() const {
  return agenda_.empty() ? base::Instant::never() : agenda_.begin()->first;
}

bool Links::is_up(const base::RunId& run) const {
  const Link* link = find(run.node);
  return link != nullptr && link->peer() == run && link->is_up();
}

const Link* Links::find(base::NodeId node) const {
  const auto peer = peers_.find(node);
  return peer == peers_.end() ? nullptr : &peer->second.link;
}

}  // namespace horde::wire
