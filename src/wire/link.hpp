// Link: what one node holds of its link to one run of a peer, over all its epochs.
//
//   epoch 1                    epoch 2
//   used ---- end, told ----> fresh, unshown -- a frame of epoch 2 comes back --> fresh, shown ...
//
// An epoch is entered once on each side, with nothing sent and nothing received, and its number is
// in every frame. The larger number wins: whoever sees one above its own ends its own and enters
// that one. Whoever ended an epoch shows the next one until the peer has shown it too. So a frame
// of an epoch is always of the same two lives of the link, and no side waits for one that the
// other has let go of (protocol.md, L1, L2, L4).
//
// A link that is down (the peer is believed dead) takes nothing in and answers with its epoch.
#pragma once

#include "wire/link_receiver.hpp"
#include "wire/link_sender.hpp"

namespace horde::wire {

class Link {
 public:
  enum class Peer : std::uint8_t { down, up };
  /// What a frame was taken for.
  enum class Taken : std::uint8_t { current, stale, refused, down };

  Link(const LinkOptions& options, base::RunId peer, std::uint64_t epoch, Peer state)
      : options_(options),
        peer_(peer),
        state_(state),
        epoch_(epoch),
        unshown_(epoch > 1),
        sender_(options),
        receiver_(options) {}

  /// Queues a message. Requires: is_up(), sender().has_room().
  [[nodiscard]] SentMessage send(const base::Bytes& message);
  [[nodiscard]] std::optional<base::Bytes> take() { return receiver_.take(); }
  Taken on_frame(base::Instant now, const LinkFrame& frame, LinkOutputs& out);
  void on_up();
  void on_down(LinkOutputs& out);
  /// The peer sent something that shows that it does not know our run: it gets a frame.
  void answer() { must_answer_ = true; }
  /// Ends the epoch, if it was used, and enters the next one.
  void end(LinkEnd reason, LinkOutputs& out);
  /// Carries out what is due, and sends what may go out.
  void service(base::Instant now, LinkOutputs& out);

  /// When service() is due: in the past if there is something to send.
  [[nodiscard]] base::Instant wake_at() const;
  [[nodiscard]] bool is_up() const { return state_ == Peer::up; }
  [[nodiscard]] const base::RunId& peer() const { return peer_; }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] const LinkSender& sender() const { return sender_; }
  [[nodiscard]] const LinkReceiver& receiver() const { return receiver_; }

 private:
  void enter(std::uint64_t epoch);
  [[nodiscard]] bool must_ask() const;
  [[nodiscard]] bool is_waiting() const { return sender_.is_waiting() || must_ask(); }
  [[nodiscard]] base::Instant give_up_at() const;
  void emit(LinkFrame frame, LinkOutputs& out);

  LinkOptions options_;
  base::RunId peer_;
  Peer state_;

  std::uint64_t epoch_;
  bool is_used_ = false;  // Something was queued or taken in, in this epoch.
  bool unshown_;          // An earlier epoch ended here, and the peer has not shown this one.
  LinkSender sender_;
  LinkReceiver receiver_;
  bool must_answer_ = false;
  std::uint64_t asked_ = 0;      // The peer's latest ask that no frame has answered.
  std::uint64_t last_ask_ = 0;   // Ours.
  std::uint64_t first_ask_ = 0;  // The first of those that were not answered.
  unsigned asks_ = 0;            // How many those are.
  base::Instant ask_at_ = base::Instant::never();
  base::Instant waiting_since_ = base::Instant::never();  // Without any progress.
};

}  // namespace horde::wire
