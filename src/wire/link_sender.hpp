// LinkSender: the sending half of one epoch of a link. Messages are cut into segments once; a
// segment keeps its number and its bytes however often it is sent.
//
//   acknowledged | sent: in flight, lost or selectively acknowledged | not sent yet
//                ^ base_                                             ^ base_ + sent_
//
// What holds it back: the receiver's credit (bytes and messages, for ever growing numbers), the
// congestion window, and kLinkSegmentsAheadMax. A segment counts as lost when a frame that was sent
// three or more frames later has arrived, or at a timeout.
//
// Cost: amortised constant for each segment, plus a pass over what is under way for each selective
// acknowledgement and each retransmission.
// Source: RFC 6298 (timer), RFC 5681 (slow start, congestion avoidance), RFC 9002 6.1.1 (packet
// threshold by order of sending). Deviations: after a loss the window is halved once for all that
// was under way, without RFC 6582's inflation; a window is counted in bytes, 32 for a segment's
// cost.
#pragma once

#include <cstdint>
#include <deque>

#include "wire/link_frame.hpp"
#include "wire/link_options.hpp"
#include "wire/link_rtt.hpp"

namespace horde::wire {

class LinkSender {
 public:
  explicit LinkSender(const LinkOptions& options);

  enum class AckResult : std::uint8_t {
    refused,   ///< It acknowledges what was never sent.
    nothing,   ///< It says nothing new.
    progress,  ///< Something was acknowledged.
  };

  /// Queues a message; its number. Requires: has_room(message.size()).
  std::uint64_t push(const base::Bytes& message);
  /// Takes in acknowledgement, selective acknowledgement and credit.
  AckResult on_ack(base::Instant now, const LinkFrame& frame);
  /// Requires: rto_at() <= now.
  void on_timeout(base::Instant now);
  /// Adds the segments of the next frame, and counts them as sent; their bytes are views, valid
  /// until the next input. Requires: can_send().
  void fill(base::Instant now, LinkFrame& frame);

  [[nodiscard]] bool has_room(std::size_t bytes) const;
  /// Whether a frame may go out now.
  [[nodiscard]] bool can_send() const;
  /// Whether something waits for credit and nothing is under way whose acknowledgement brings some.
  [[nodiscard]] bool is_blocked() const;
  /// Whether something was sent and is not acknowledged.
  [[nodiscard]] bool is_waiting() const { return sent_ > 0; }
  [[nodiscard]] bool is_empty() const { return segments_.empty(); }
  [[nodiscard]] base::Instant rto_at() const { return rto_at_; }
  [[nodiscard]] const RttEstimator& rtt() const { return rtt_; }
  /// All messages up to this one are acknowledged; none above `transmitted` was sent.
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::uint64_t transmitted() const { return transmitted_; }
  [[nodiscard]] std::size_t bytes_held() const { return bytes_; }
  [[nodiscard]] std::uint64_t retransmissions() const { return retransmissions_; }
  [[nodiscard]] std::uint64_t congestion_window() const { return window_; }

 private:
  enum class State : std::uint8_t { unsent, in_flight, lost, sacked };
  struct Segment {
    base::Bytes payload;
    bool ends_message = false;
    State state = State::unsent;
    bool sent_again = false;
    std::uint64_t message = 0;
    std::uint64_t end_bytes = 0;  // Of the stream, up to and with this segment.
    std::uint64_t order = 0;      // Of the frame that carried it last.
    base::Instant sent_at;
  };
  struct Acknowledged {
    std::uint64_t cost = 0;
    std::uint64_t order = 0;  // The latest frame that certainly arrived.
    base::Instant sent_at;    // Of that frame.
  };

  [[nodiscard]] static std::uint64_t cost_of(const Segment& segment);
  [[nodiscard]] bool fits_window(const Segment& segment) const;
  [[nodiscard]] bool may_send_new(std::size_t index) const;
  void acknowledge(Segment& segment, Acknowledged& sum);
  bool detect_losses();
  void grow(std::uint64_t acknowledged_cost);
  void transmit(base::Instant now, Segment& segment);

  LinkOptions options_;
  RttEstimator rtt_;
  std::deque<Segment> segments_;
  std::uint64_t base_ = 0;  // The number of the first of `segments_`.
  std::size_t sent_ = 0;    // How many of them were sent at least once.
  std::size_t lost_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t pushed_bytes_ = 0;
  std::uint64_t pushed_messages_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t transmitted_ = 0;
  std::uint64_t credit_bytes_;
  std::uint64_t credit_messages_;

  std::uint64_t window_;  // Congestion window; in_flight_ stays below it, but for one segment.
  std::uint64_t slow_start_until_;
  std::uint64_t in_flight_ = 0;
  std::uint64_t recover_ = 0;  // Losses below this number were answered by a smaller window.
  bool in_recovery_ = false;
  std::uint64_t last_order_ = 0;
  std::uint64_t arrived_order_ = 0;
  std::uint64_t retransmissions_ = 0;
  base::Instant last_sent_at_;
  base::Instant rto_at_ = base::Instant::never();
};

}  // namespace horde::wire
