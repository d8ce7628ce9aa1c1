#include "wire/link_receiver.hpp"

#include <algorithm>
#include <limits>

#include "wire/limits.hpp"

namespace horde::wire {
namespace {

constexpr base::Instant kAtOnce{std::numeric_limits<std::int64_t>::min()};
constexpr unsigned kFramesPerAck = 2;

}  // namespace

bool LinkReceiver::on_segments(base::Instant now, const LinkFrame& frame) {
  const std::size_t complete = ready_.size();
  bool at_once = false;
  std::uint64_t number = frame.first;
  for (const LinkSegment& segment : frame.segments) {
    at_once = accept(number++, segment) != Arrival::in_order || at_once;
  }
  if (!frame.segments.empty()) {
    ++frames_unacknowledged_;
    const bool is_due = at_once || frames_unacknowledged_ >= kFramesPerAck;
    ack_at_ = is_due ? kAtOnce : std::min(ack_at_, now + options_.ack_delay);
  }
  return ready_.size() > complete;
}

LinkReceiver::Arrival LinkReceiver::accept(std::uint64_t number, const LinkSegment& segment) {
  if (number < next_ || early_.contains(number)) {
    ++duplicates_;
    return Arrival::duplicate;
  }
  const std::size_t size = segment.payload.size();
  if (number >= next_ + kLinkSegmentsAheadMax || bytes_ + size > options_.window_bytes ||
      ready_.size() >= options_.window_messages) {
    return Arrival::refused;
  }
  if (number > next_) {
    early_.emplace(number, Held{base::Bytes(segment.payload), segment.ends_message});
    bytes_ += size;
    return Arrival::early;
  }
  if (partial_.size() + size > options_.message_bytes_max) {
    return Arrival::refused;
  }
  bytes_ += size;
  append(segment.payload, segment.ends_message);
  const bool filled = !early_.empty();
  while (!early_.empty() && early_.begin()->first == next_) {
    const auto node = early_.extract(early_.begin());
    append(node.mapped().payload, node.mapped().ends_message);
  }
  return filled ? Arrival::filled : Arrival::in_order;
}

void LinkReceiver::append(base::BytesView payload, bool ends_message) {
  ++next_;
  arrived_bytes_ += payload.size();
  partial_ += payload;
  if (ends_message) {
    ++arrived_messages_;
    ready_.push_back(std::move(partial_));
    partial_.clear();
  }
}

std::optional<base::Bytes> LinkReceiver::take() {
  if (ready_.empty()) {
    return std::nullopt;
  }
  base::Bytes message = std::move(ready_.front());
  ready_.pop_front();
  bytes_ -= message.size();
  taken_bytes_ += message.size();
  ++taken_messages_;
  // The sender may be about to stop for want of credit, or has stopped: tell it of new credit when
  // that is much, or all that it has left is less than a segment or a message.
  const bool is_much = credit_bytes() - told_bytes_ > options_.window_bytes / 2 ||
                       credit_messages() - told_messages_ > options_.window_messages / 2;
  const bool is_short =
      told_bytes_ < arrived_bytes_ + kLinkSegmentBytesMax || told_messages_ <= arrived_messages_;
  if (is_much || is_short) {
    ack_at_ = kAtOnce;
  }
  return message;
}

std::vector<base::Bytes> LinkReceiver::take_all() {
  std::vector<base::Bytes> out;
  while (std::optional<base::Bytes> message = take()) {
    out.push_back(std::move(*message));
  }
  return out;
}

std::uint64_t LinkReceiver::credit_bytes() const {
  return taken_bytes_ + options_.window_bytes;
}

std::uint64_t LinkReceiver::credit_messages() const {
  return taken_messages_ + options_.window_messages;
}

void LinkReceiver::fill(LinkFrame& frame) {
  frame.ack = next_;
  frame.credit_bytes = told_bytes_ = credit_bytes();
  frame.credit_messages = told_messages_ = credit_messages();
  add_sacks(frame);
  frames_unacknowledged_ = 0;
  ack_at_ = base::Instant::never();
}

// The lowest ranges: those are what the sender has to fill first. The others' turn comes.
void LinkReceiver::add_sacks(LinkFrame& frame) const {
  for (const auto& [number, held] : early_) {
    if (!frame.sacks.empty() && frame.sacks.back().end == number) {
      ++frame.sacks.back().end;
    } else if (frame.sacks.size() < kLinkSackRangesMax) {
      frame.sacks.push_back({number, number + 1});
    } else {
      return;
    }
  }
}

}  // namespace horde::wire
