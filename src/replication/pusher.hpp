// Pusher: new events on their way to neighbours, and early ones that wait for what they follow.
//
// Events leave in batches, after a short delay; a neighbour that is far behind, or over its budget,
// is sent none until it has caught up by a session, as it could not apply them. Pushes are never
// repeated: whatever is lost, dropped or too early is repaired by sessions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/time.hpp"
#include "crdt/aw_lww_map.hpp"
#include "replication/options.hpp"
#include "replication/outputs.hpp"

namespace horde::replication {

class Pusher {
 public:
  explicit Pusher(const Options& options) : options_(options) {}

  /// Whether events that came from one neighbour are sent on to the others.
  enum class Forwarding : std::uint8_t { off, on };

  void set_neighbours(const std::vector<base::NodeId>& nodes, Forwarding forwarding);
  /// `node` holds so much of what we have that pushes help it. False at first, and after an
  /// overflow.
  void set_caught_up(base::NodeId node, bool caught_up);

  /// Queues an event written here.
  void add(base::Instant now, const crdt::Event& event);
  /// Takes a push. Applies what can be applied, keeps what is early, drops what is covered or
  /// ended.
  void on_push(base::Instant now, crdt::AwLwwMap& map, base::NodeId from, Push push);
  /// Applies kept events that the map has become ready for.
  void apply_early(base::Instant now, crdt::AwLwwMap& map);
  /// A later run of `node` is known to have started: earlier ones are not pushed any more (C2).
  void on_run_started(const base::RunId& run);

  /// Sends what is queued. Requires: flush_at() <= now.
  void flush(base::Instant now, Outputs& out);
  [[nodiscard]] base::Instant flush_at() const { return flush_at_; }

  /// Who sent the oldest event that still waits for what it follows.
  [[nodiscard]] std::optional<base::NodeId> gap_source() const;
  [[nodiscard]] std::size_t early_events() const { return early_.size(); }
  [[nodiscard]] std::size_t queued_events() const { return queue_.size(); }

  /// Forgets everything that is under way; the map starts anew.
  void clear();

 private:
  struct Queued {
    crdt::Event event;
    base::NodeId from;  // Who sent it, or none.
  };
  struct Early {
    crdt::Event event;
    base::NodeId from;
    std::uint64_t arrival = 0;
  };
  struct Neighbour {
    bool caught_up = false;
    std::size_t budget_bytes = 0;
    base::Instant refilled_at;
  };

  [[nodiscard]] bool is_ended(const base::RunId& run) const;
  void keep_early(crdt::Event event, base::NodeId from);
  void drop_early(std::map<base::Dot, Early>::iterator it);
  void accept(base::Instant now, crdt::AwLwwMap& map, crdt::Event event, base::NodeId from);
  [[nodiscard]] bool spend(base::Instant now, Neighbour& neighbour, std::size_t bytes);
  void send_batches(const std::vector<base::NodeId>& to, const std::vector<std::size_t>& chosen,
                    Outputs& out) const;

  Options options_;
  Forwarding forwarding_ = Forwarding::off;
  std::map<base::NodeId, Neighbour> neighbours_;
  std::map<base::NodeId, std::uint64_t> newest_start_;
  std::vector<Queued> queue_;
  base::Instant flush_at_ = base::Instant::never();
  std::map<base::Dot, Early> early_;
  std::size_t early_bytes_ = 0;
  std::uint64_t arrivals_ = 0;
};

}  // namespace horde::replication
