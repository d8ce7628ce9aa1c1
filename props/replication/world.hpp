// World: replicas, their disks and what is under way between them, driven by the steps of a
// schedule, with the oracle looking at every input.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "props/replication/schedule.hpp"
#include "replication/replicator.hpp"
#include "scenario/oracle.hpp"

namespace horde::props {

/// What happened, so that a pass can be seen to mean something.
struct Tally {
  std::uint64_t steps = 0, messages = 0, restarts = 0, rollbacks = 0, lost_disks = 0, conflicts = 0,
                truncated = 0, reconciled = 0, closed = 0, started_anew = 0, expelled = 0,
                tombstones_dropped = 0, early = 0, written_again = 0, conflicting_closings = 0,
                witnesses_forgotten = 0;
};

/// What went wrong: an invariant's id, and a text.
struct Failure {
  std::string invariant;
  std::string text;
};

class World {
 public:
  /// With `trace`, everything that happens is appended to it, a line each.
  explicit World(const Settings& settings, std::string* trace = nullptr);

  /// One step. Nothing happens after a failure.
  void take(const Step& step);
  /// The end: everybody is up, a member and connected; they must become equal.
  void settle();

  [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  struct Message {
    std::size_t from = 0;
    std::size_t to = 0;
    base::RunId from_run;
    base::Bytes body;
    base::Instant sent_at;
  };
  struct Node {
    base::NodeId id;
    std::optional<replication::Replicator> replica;
    std::vector<replication::LogRecord> disk;
    crdt::VersionVector on_disk;  // What the disk of a node that is down covers.
    base::Duration clock_offset;
    bool is_cut = false;
    bool is_member = true;
    base::Instant expelled_at;  // Or admitted.
    bool needs_new_run = false;
    std::uint64_t checked = 0;  // Digest of the state that was checked last.
  };
  // A put that must not get lost.
  struct Promise {
    base::Dot dot;
    crdt::Key key;
    crdt::Value value;
  };

  // Steps.
  void step_message(const Step& step);
  void step_release(const Step& step);
  void step_time(const Step& step);
  void step_write(const Step& step);
  void step_life(const Step& step);
  void step_surroundings(const Step& step);

  void boot(std::size_t index, std::vector<replication::LogRecord> disk);
  void shut_down(std::size_t index);
  void start_anew(std::size_t index);
  [[nodiscard]] replication::Peers peers_of(std::size_t index) const;
  void tell_peers(std::size_t index);
  void tell_everybody();
  // What comes next, until `end`; false if nothing does.
  bool pump(base::Instant end);
  void run_until(base::Instant end);
  void fire_timer(std::size_t index);
  void deliver(Message message);
  [[nodiscard]] bool are_neighbours(std::size_t a, std::size_t b) const;
  // Whether the word of the one is needed for what the other closes.
  [[nodiscard]] bool is_witness(const Node& node, const Node& closer) const;
  [[nodiscard]] bool can_talk(std::size_t a, std::size_t b) const;
  [[nodiscard]] base::Now now(const Node& node) const;
  [[nodiscard]] std::uint64_t next_start() { return last_start_ += 1 + last_start_ % 3; }
  [[nodiscard]] bool is_converged() const;
  void drop_old_messages();
  void assume_synced_if_nobody_is();
  // Puts that nobody has any more need not be kept.
  enum class Own : std::uint8_t { too, stay };
  void forget_lost_promises(std::size_t index, Own own);
  void check_end();
  void check_promises();

  // Carries out what an input led to, and lets the oracle look.
  void absorb(std::size_t index, replication::Outputs outputs);
  void check(std::size_t index, const replication::Outputs& outputs);
  void fail(std::string invariant, std::string text);
  void note(const std::string& line);

  Settings settings_;
  std::string* trace_;
  scenario::Oracle oracle_;
  std::vector<Node> nodes_;
  std::deque<Message> under_way_;
  std::vector<Message> held_up_;
  std::vector<Promise> promises_;
  std::vector<Promise> written_again_;
  base::Instant now_;
  std::uint64_t last_start_ = 1;
  std::uint64_t last_value_ = 0;
  Tally tally_;
  std::optional<Failure> failure_;
};

/// A line for people.
[[nodiscard]] std::string describe(base::BytesView message);

}  // namespace horde::props
