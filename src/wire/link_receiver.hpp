// LinkReceiver: the receiving half of one epoch of a link. It puts segments in order, joins them to
// messages, and holds those until the user takes them.
//
// What it holds is bounded by the window: credit is what the user has taken plus the window, so it
// never falls, and one that arrives late says nothing wrong. What goes beyond its credit is
// dropped without being acknowledged; a sender that heeds the credit never meets that.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "wire/link_frame.hpp"
#include "wire/link_options.hpp"

namespace horde::wire {

class LinkReceiver {
 public:
  explicit LinkReceiver(const LinkOptions& options)
      : options_(options),
        told_bytes_(options.first_credit_bytes),
        told_messages_(options.first_credit_messages) {}

  /// Takes in a frame's segments. True if a message was completed.
  bool on_segments(base::Instant now, const LinkFrame& frame);
  /// The next message in order, if it is complete.
  [[nodiscard]] std::optional<base::Bytes> take();
  [[nodiscard]] std::vector<base::Bytes> take_all();
  /// Adds acknowledgement and credit to a frame that is sent now.
  void fill(LinkFrame& frame);

  /// When an acknowledgement is due of its own, if no frame takes it along before.
  [[nodiscard]] base::Instant ack_at() const { return ack_at_; }
  [[nodiscard]] std::size_t bytes_held() const { return bytes_; }
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }

 private:
  struct Held {
    base::Bytes payload;
    bool ends_message = false;
  };
  /// What a segment was.
  enum class Arrival : std::uint8_t { in_order, early, filled, duplicate, refused };

  Arrival accept(std::uint64_t number, const LinkSegment& segment);
  void append(base::BytesView payload, bool ends_message);
  void add_sacks(LinkFrame& frame) const;
  [[nodiscard]] std::uint64_t credit_bytes() const;
  [[nodiscard]] std::uint64_t credit_messages() const;

  LinkOptions options_;
  std::uint64_t next_ = 0;               // All segments below it have arrived.
  std::map<std::uint64_t, Held> early_;  // By number; all above next_.
  base::Bytes partial_;                  // The message that next_ continues.
  std::deque<base::Bytes> ready_;
  std::size_t bytes_ = 0;            // Of all three.
  std::uint64_t arrived_bytes_ = 0;  // In order, in all.
  std::uint64_t arrived_messages_ = 0;
  std::uint64_t taken_bytes_ = 0;
  std::uint64_t taken_messages_ = 0;
  std::uint64_t told_bytes_;  // The credit that went out last.
  std::uint64_t told_messages_;
  unsigned frames_unacknowledged_ = 0;
  std::uint64_t duplicates_ = 0;
  base::Instant ack_at_ = base::Instant::never();
};

}  // namespace horde::wire
