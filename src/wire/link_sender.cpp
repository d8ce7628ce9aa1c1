#include "wire/link_sender.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "wire/limits.hpp"

namespace horde::wire {
namespace {

constexpr std::uint64_t kSegmentCost = 32;  // So that many empty messages do not count as nothing.
constexpr std::uint64_t kFullCost = kLinkSegmentBytesMax + kSegmentCost;
constexpr std::uint64_t kFirstWindow = 10 * kFullCost;  // RFC 6928.
constexpr std::uint64_t kSmallestWindow = 2 * kFullCost;
constexpr std::uint64_t kLargestWindow = kLinkSegmentsAheadMax * kFullCost;
constexpr std::uint64_t kReorderedFrames = 3;  // As many may overtake one that is not lost.
constexpr std::size_t kFrameRoom = kLinkSegmentBytesMax + 2;  // One full segment with its head.

std::size_t head_bytes(std::size_t payload) {
  return payload * 2 + 1 < 128 ? 1 : 2;
}

}  // namespace

LinkSender::LinkSender(const LinkOptions& options)
    : options_(options),
      rtt_(options),
      credit_bytes_(options.first_credit_bytes),
      credit_messages_(options.first_credit_messages),
      window_(kFirstWindow),
      slow_start_until_(kLargestWindow) {}

std::uint64_t LinkSender::cost_of(const Segment& segment) {
  return segment.payload.size() + kSegmentCost;
}

bool LinkSender::has_room(std::size_t bytes) const {
  return pushed_messages_ - acknowledged_ < options_.queue_messages_max &&
         bytes_ + bytes <= options_.queue_bytes_max;
}

std::uint64_t LinkSender::push(const base::Bytes& message) {
  HORDE_ASSERT(has_room(message.size()));
  ++pushed_messages_;
  std::size_t at = 0;
  do {
    const std::size_t size = std::min(kLinkSegmentBytesMax, message.size() - at);
    pushed_bytes_ += size;
    segments_.push_back({.payload = message.substr(at, size),
                         .ends_message = at + size == message.size(),
                         .message = pushed_messages_,
                         .end_bytes = pushed_bytes_});
    at += size;
  } while (at < message.size());
  bytes_ += message.size();
  return pushed_messages_;
}

LinkSender::AckResult LinkSender::on_ack(base::Instant now, const LinkFrame& frame) {
  const std::uint64_t end = base_ + sent_;
  if (frame.ack > end || (!frame.sacks.empty() && frame.sacks.back().end > end)) {
    return AckResult::refused;
  }
  credit_bytes_ = std::max(credit_bytes_, frame.credit_bytes);
  credit_messages_ = std::max(credit_messages_, frame.credit_messages);
  const bool was_limited = in_flight_ + kFullCost > window_;
  Acknowledged sum;
  while (base_ < frame.ack) {
    Segment& segment = segments_.front();
    acknowledge(segment, sum);
    bytes_ -= segment.payload.size();
    if (segment.ends_message) {
      acknowledged_ = segment.message;
    }
    segments_.pop_front();
    ++base_;
    --sent_;
  }
  for (const SackRange& range : frame.sacks) {
    for (std::uint64_t number = std::max(range.first, base_); number < range.end; ++number) {
      acknowledge(segments_[static_cast<std::size_t>(number - base_)], sum);
    }
  }
  if (sum.order > 0) {
    arrived_order_ = std::max(arrived_order_, sum.order);
    rtt_.on_sample(now - sum.sent_at);
  }
  if (in_recovery_ && base_ >= recover_) {
    in_recovery_ = false;
  }
  const bool is_loss = !frame.sacks.empty() && detect_losses();
  if (is_loss && base_ >= recover_) {
    in_recovery_ = true;
    recover_ = base_ + sent_;
    slow_start_until_ = std::max(window_ / 2, kSmallestWindow);
    window_ = slow_start_until_;
  } else if (was_limited && !in_recovery_) {
    grow(sum.cost);
  }
  if (sent_ == 0) {
    rto_at_ = base::Instant::never();
  } else if (sum.cost > 0) {
    rto_at_ = now + rtt_.rto();
  }
  return sum.cost > 0 ? AckResult::progress : AckResult::nothing;
}

void LinkSender::acknowledge(Segment& segment, Acknowledged& sum) {
  if (segment.state == State::sacked) {
    return;
  }
  if (segment.state == State::in_flight) {
    in_flight_ -= cost_of(segment);
  } else {
    --lost_;
  }
  segment.state = State::sacked;
  sum.cost += cost_of(segment);
  // Karn: of a segment that was sent twice nobody knows which frame arrived.
  if (!segment.sent_again && segment.order > sum.order) {
    sum.order = segment.order;
    sum.sent_at = segment.sent_at;
  }
}

bool LinkSender::detect_losses() {
  const std::size_t before = lost_;
  for (std::size_t i = 0; i < sent_; ++i) {
    Segment& segment = segments_[i];
    if (segment.state == State::in_flight && segment.order + kReorderedFrames <= arrived_order_) {
      segment.state = State::lost;
      in_flight_ -= cost_of(segment);
      ++lost_;
    }
  }
  return lost_ > before;
}

void LinkSender::grow(std::uint64_t acknowledged_cost) {
  if (window_ < slow_start_until_) {
    window_ += acknowledged_cost;
  } else {
    window_ += kFullCost * acknowledged_cost / window_;
  }
  window_ = std::min(window_, kLargestWindow);
}

void LinkSender::on_timeout(base::Instant now) {
  HORDE_ASSERT(sent_ > 0);
  slow_start_until_ = std::max(in_flight_ / 2, kSmallestWindow);
  for (std::size_t i = 0; i < sent_; ++i) {
    if (segments_[i].state == State::in_flight) {
      segments_[i].state = State::lost;
      ++lost_;
    }
  }
  in_flight_ = 0;
  window_ = kFullCost;
  recover_ = base_ + sent_;
  in_recovery_ = false;  // The window may grow again: it is as small as it gets.
  rtt_.on_timeout();
  rto_at_ = now + rtt_.rto();
}

bool LinkSender::fits_window(const Segment& segment) const {
  return in_flight_ == 0 || in_flight_ + cost_of(segment) <= window_;
}

bool LinkSender::may_send_new(std::size_t index) const {
  if (index >= segments_.size() || index >= kLinkSegmentsAheadMax) {
    return false;
  }
  const Segment& segment = segments_[index];
  return segment.end_bytes <= credit_bytes_ && segment.message <= credit_messages_;
}

bool LinkSender::can_send() const {
  if (lost_ > 0) {
    return in_flight_ + kFullCost <= window_ || in_flight_ == 0;
  }
  return may_send_new(sent_) && fits_window(segments_[sent_]);
}

bool LinkSender::is_blocked() const {
  return sent_ == 0 && !segments_.empty() && !may_send_new(0);
}

void LinkSender::fill(base::Instant now, LinkFrame& frame) {
  HORDE_ASSERT(can_send());
  const bool again = lost_ > 0;
  std::size_t index = sent_;
  if (again) {
    index = 0;
    while (segments_[index].state != State::lost) {
      ++index;
    }
  }
  if (sent_ == 0 && now - last_sent_at_ > rtt_.rto()) {
    window_ = std::min(window_, kFirstWindow);  // What the way bore before the pause is old news.
  }
  ++last_order_;
  frame.first = base_ + index;
  std::size_t room = kFrameRoom;
  for (; index < segments_.size(); ++index) {
    Segment& segment = segments_[index];
    const std::size_t size = head_bytes(segment.payload.size()) + segment.payload.size();
    const bool is_next = again ? segment.state == State::lost : may_send_new(index);
    if (!is_next || size > room || !fits_window(segment)) {
      break;
    }
    room -= size;
    transmit(now, segment);
    frame.segments.push_back({segment.payload, segment.ends_message});
  }
  last_sent_at_ = now;
  if (rto_at_ == base::Instant::never()) {
    rto_at_ = now + rtt_.rto();
  }
}

void LinkSender::transmit(base::Instant now, Segment& segment) {
  if (segment.state == State::lost) {
    --lost_;
    segment.sent_again = true;
    ++retransmissions_;
  } else {
    ++sent_;
    transmitted_ = segment.message;
  }
  segment.state = State::in_flight;
  segment.order = last_order_;
  segment.sent_at = now;
  in_flight_ += cost_of(segment);
}

}  // namespace horde::wire
