#include "wire/link.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"
#include "wire/limits.hpp"

namespace horde::wire {
namespace {

constexpr base::Instant kAtOnce{std::numeric_limits<std::int64_t>::min()};

}  // namespace

std::string_view to_string(LinkEnd reason) {
  switch (reason) {
    case LinkEnd::peer_down:
      return "peer_down";
    case LinkEnd::newer_run:
      return "newer_run";
    case LinkEnd::peer_ended:
      return "peer_ended";
    case LinkEnd::gave_up:
      return "gave_up";
    case LinkEnd::own_restart:
      return "own_restart";
  }
  return "unknown";
}

std::string_view to_string(SendErrc code) {
  switch (code) {
    case SendErrc::message_over_limit:
      return "message_over_limit";
    case SendErrc::queue_over_limit:
      return "queue_over_limit";
    case SendErrc::unreachable:
      return "unreachable";
  }
  return "unknown";
}

SentMessage Link::send(const base::Bytes& message) {
  HORDE_ASSERT(is_up());
  is_used_ = true;
  if (sender_.is_empty()) {
    waiting_since_ = base::Instant::never();  // What was asked before is another wait.
  }
  return {.epoch = epoch_, .number = sender_.push(message)};
}

Link::Taken Link::on_frame(base::Instant now, const LinkFrame& frame, LinkOutputs& out) {
  if (frame.epoch < epoch_) {
    must_answer_ = true;  // It has to learn that its epoch is over.
    return Taken::stale;
  }
  if (frame.epoch > epoch_) {
    end(LinkEnd::peer_ended, out);
    if (frame.epoch > epoch_) {
      enter(frame.epoch);
    }
  }
  unshown_ = false;
  asked_ = std::max(asked_, frame.ask);
  must_answer_ = must_answer_ || frame.ask != 0;
  if (!is_up()) {
    must_answer_ = must_answer_ || !frame.segments.empty();
    return Taken::down;
  }
  const LinkSender::AckResult result = sender_.on_ack(now, frame);
  if (result == LinkSender::AckResult::refused) {
    return Taken::refused;
  }
  const bool is_answer = first_ask_ != 0 && frame.answer >= first_ask_;
  if (is_answer) {
    first_ask_ = 0;
  }
  if (is_answer || result == LinkSender::AckResult::progress) {
    waiting_since_ = base::Instant::never();
  }
  is_used_ = is_used_ || !frame.segments.empty();
  if (receiver_.on_segments(now, frame)) {
    out.readable.push_back(peer_);
  }
  return Taken::current;
}

void Link::on_up() {
  if (!is_up()) {
    state_ = Peer::up;
    asks_ = 0;
    ask_at_ = base::Instant::never();
  }
}

void Link::on_down(LinkOutputs& out) {
  end(LinkEnd::peer_down, out);
  state_ = Peer::down;
}

void Link::end(LinkEnd reason, LinkOutputs& out) {
  if (!is_used_) {
    return;
  }
  out.ended.push_back({.peer = peer_,
                       .epoch = epoch_,
                       .reason = reason,
                       .acknowledged = sender_.acknowledged(),
                       .transmitted = sender_.transmitted(),
                       .received = receiver_.take_all()});
  enter(epoch_ + 1);
  unshown_ = true;
}

void Link::enter(std::uint64_t epoch) {
  HORDE_ASSERT(epoch > epoch_);
  epoch_ = epoch;
  is_used_ = false;
  unshown_ = false;
  sender_ = LinkSender(options_);
  receiver_ = LinkReceiver(options_);
  asked_ = 0;
  first_ask_ = 0;
  asks_ = 0;
  ask_at_ = base::Instant::never();
  waiting_since_ = base::Instant::never();
}

// Data that is under way asks by itself.
bool Link::must_ask() const {
  return is_up() && !sender_.is_waiting() && (unshown_ || sender_.is_blocked());
}

base::Instant Link::give_up_at() const {
  if (sender_.is_empty() || waiting_since_ == base::Instant::never()) {
    return base::Instant::never();  // Only to ask without end costs little, and nobody waits.
  }
  return waiting_since_ + options_.give_up_after;
}

base::Instant Link::wake_at() const {
  if (must_answer_) {
    return kAtOnce;
  }
  if (!is_up()) {
    return base::Instant::never();
  }
  const bool must_start_ask = must_ask() && ask_at_ == base::Instant::never();
  const bool must_note_wait = is_waiting() && waiting_since_ == base::Instant::never();
  if (sender_.can_send() || must_start_ask || must_note_wait) {
    return kAtOnce;
  }
  return std::min({sender_.rto_at(), receiver_.ack_at(), give_up_at(),
                   must_ask() ? ask_at_ : base::Instant::never()});
}

void Link::service(base::Instant now, LinkOutputs& out) {
  if (is_up()) {
    if (give_up_at() <= now) {
      end(LinkEnd::gave_up, out);
    }
    if (sender_.rto_at() <= now) {
      sender_.on_timeout(now);
    }
    while (sender_.can_send()) {
      LinkFrame frame;
      sender_.fill(now, frame);
      emit(std::move(frame), out);
    }
    if (must_ask()) {
      if (ask_at_ == base::Instant::never() && !unshown_) {
        ask_at_ = now + sender_.rtt().backed_off(0);  // Credit may come by itself.
      } else if (ask_at_ == base::Instant::never() || ask_at_ <= now) {
        ask_at_ = now + sender_.rtt().backed_off(asks_++);
        ++last_ask_;
        first_ask_ = first_ask_ == 0 ? last_ask_ : first_ask_;
        emit({.ask = last_ask_}, out);
      }
    } else {
      asks_ = 0;
      ask_at_ = base::Instant::never();
    }
    if (!is_waiting()) {
      waiting_since_ = base::Instant::never();
    } else if (waiting_since_ == base::Instant::never()) {
      waiting_since_ = now;
    }
  }
  if (must_answer_ || (is_up() && receiver_.ack_at() <= now)) {
    emit({}, out);
  }
}

void Link::emit(LinkFrame frame, LinkOutputs& out) {
  frame.to_boot = peer_.start;
  frame.epoch = epoch_;
  frame.answer = asked_;
  receiver_.fill(frame);
  asked_ = 0;
  must_answer_ = false;
  base::Bytes body = encode(frame);
  HORDE_ASSERT(body.size() <= kLinkFrameBytesMax);
  out.sends.push_back({.to = peer_, .frame = {Tag::link, std::move(body)}});
}

}  // namespace horde::wire
