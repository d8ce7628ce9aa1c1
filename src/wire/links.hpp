// Links: reliable links of one node, one to each peer run. Messages between two runs arrive once
// and in order, or the link is reported as ended on both sides that live.
//
//   send(run, message)          queues            --> frames, retransmitted until acknowledged
//   on_frame                    takes in          --> readable(run) --> receive(run)
//   peer_down / a newer run / no answer           --> ended(run): acknowledged, transmitted,
//   received
//
// Promises, for each link (two runs and an epoch; protocol.md, L1 to L9):
// - What the peer's user takes is a prefix of what was sent: no gap, no repetition.
// - Each link that was used ends at most once, with what is certain of its messages. After it, a
//   new link to the same run may begin; no frame of the old one counts for it.
// - When one side has ended a link, the other ends it too, once frames get through.
// - An idle link sends nothing. Nothing that is held grows above LinkOptions.
//
// Inputs take in and do not send: frames go out in on_timeout, which is due at once (wake_at() is
// in the past) when there is something to send. Call it at the end of an input, so that what an
// input leads to shares frames, and acknowledgements travel with answers.
//
// Pure: no clock, no chance. Cost: logarithmic in the peers for each input, and what LinkSender and
// LinkReceiver say. A peer that does not use its link costs 2 kB.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "wire/link.hpp"

namespace horde::wire {

/// Frames that were dropped, and work that was done, since the start.
struct LinkStatistics {
  std::uint64_t old_boot = 0;       ///< From an earlier run of a node, or for another run of ours.
  std::uint64_t stale = 0;          ///< Of an epoch that is over. Answered.
  std::uint64_t refused = 0;        ///< Acknowledging what was never sent.
  std::uint64_t down = 0;           ///< From a peer that is believed dead. Answered.
  std::uint64_t peers_refused = 0;  ///< From one peer too many.
};

class Links {
 public:
  Links(base::RunId self, LinkOptions options);

  // --- Inputs. What they lead to is appended to `out`.

  /// `run` is reachable (again). A later run ends the link to an earlier one.
  void peer_up(base::Instant now, const base::RunId& run, LinkOutputs& out);
  /// `run` is dead or has left. Its link ends.
  void peer_down(base::Instant now, const base::RunId& run, LinkOutputs& out);
  /// The body of a frame with Tag::link. A frame from a later run than was known ends the link to
  /// the earlier one, and counts as peer_up; one from a run that is down does not.
  [[nodiscard]] Decoded<void> on_frame(base::Instant now, const Sender& from, base::BytesView body,
                                       LinkOutputs& out);
  /// Carries out what is due and sends. May be called early.
  void on_timeout(base::Instant now, LinkOutputs& out);
  /// Queues `message` for `to`, which must be up.
  [[nodiscard]] std::expected<SentMessage, SendErrc> send(const base::RunId& to,
                                                          const base::Bytes& message);
  /// The next message from `run`, if there is one. Taking makes room for the sender.
  [[nodiscard]] std::optional<base::Bytes> receive(const base::RunId& run);
  /// We go on under a later boot. All links end.
  void restart_as(base::Instant now, std::uint64_t boot, LinkOutputs& out);

  // --- Queries.

  /// When on_timeout is due: in the past if something is to be sent.
  [[nodiscard]] base::Instant wake_at() const;
  [[nodiscard]] bool is_up(const base::RunId& run) const;
  /// nullptr if nothing is known of the node; valid until the next input.
  [[nodiscard]] const Link* find(base::NodeId node) const;
  [[nodiscard]] const LinkStatistics& statistics() const { return statistics_; }

 private:
  struct Peer {
    Link link;
    base::Instant due = base::Instant::never();  // As in agenda_.
    base::Instant down_since = base::Instant::never();
  };
  using Peers = std::map<base::NodeId, Peer>;

  /// The peer's entry under `run`; end() if a later run is known, or there is no room.
  Peers::iterator adopt(base::Instant now, const base::RunId& run, Link::Peer state,
                        LinkOutputs& out);
  bool make_room(base::Instant now);
  void schedule(Peers::iterator peer);

  base::RunId self_;
  LinkOptions options_;
  Peers peers_;
  std::set<std::pair<base::Instant, base::NodeId>> agenda_;
  std::uint64_t epoch_floor_ = 0;  // The largest epoch of a peer that was forgotten.
  LinkStatistics statistics_;
};

}  // namespace horde::wire
