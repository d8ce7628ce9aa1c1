// A cluster of supervisors for tests: real maps that exchange whole states, links in order, views
// that are formed by who can be reached, processes that start, fail and stop as they are told.
//
// Deterministic from its seed. Faults are calls: cut, crash, disbelieve, ... Promises that hold at
// every step are checked at every step, and what they say is kept in `broken`.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "crdt/aw_lww_map.hpp"
#include "supervisor/supervisor.hpp"

namespace horde::supervisor {

/// As stories name a child.
[[nodiscard]] inline std::string short_name(const ChildId& id) {
  return to_string(id).substr(0, 6);
}

struct ClusterOptions {
  std::size_t nodes = 3;
  Options supervisor;
  std::function<std::unique_ptr<Strategy>()> strategy = [] { return std::make_unique<Uniform>(); };
  base::Duration sync_interval = base::milliseconds(40);
  base::Duration latency_max = base::milliseconds(10);
  base::Duration dead_after = base::milliseconds(300);  // Of silence.
  base::Duration look_interval = base::milliseconds(50);
  std::uint64_t clock_offset_max_ms = 0;
  std::uint64_t loss_percent = 0;  // Of states.
  bool eager = true;               // States are also sent after each write.
};

class TestCluster {
 public:
  TestCluster(ClusterOptions options, std::uint64_t seed);

  enum class Disk : std::uint8_t { kept, lost };

  // --- Faults and repairs.
  void crash(std::size_t node);
  void restart(std::size_t node, Disk disk);
  void cut(std::size_t a, std::size_t b) { cuts_.insert(std::minmax(a, b)); }
  void heal() { cuts_.clear(); }
  /// `node` holds `other` for dead until then.
  void disbelieve(std::size_t node, std::size_t other, base::Duration for_long);
  void leave(std::size_t node, base::Duration timeout = base::seconds(5));

  // --- Calls. Each gives its number in `calls`.
  std::uint64_t start(std::size_t node, ChildSpec spec, base::Duration timeout = base::seconds(3),
                      std::uint64_t copies = 1);
  std::uint64_t terminate(std::size_t node, const ChildId& id,
                          base::Duration timeout = base::seconds(3));
  /// The child's copy at `node`, if it runs, exits.
  void exit(std::size_t node, const ChildId& id, Supervisor::Exit exit);
  /// The child's copy at `node`, if it runs, ends for a name that it has lost.
  void lose_name(std::size_t node, const ChildId& id, const Conflict& conflict);

  /// A test ends it, or ends its quarantine, by an input of its own.
  void may_end(const ChildId& id) { may_end_.insert(id); }
  void may_lift(const ChildId& id) { may_lift_.insert(id); }

  void run(base::Duration duration);
  /// Gives an input to a node's supervisor, and carries out what it answers.
  void input(std::size_t node, const std::function<void(Supervisor&, base::Now, Outputs&)>& give);

  // --- What became of it.
  struct Call {
    std::size_t node = 0;
    std::uint64_t boot = 0;
    base::Instant until;
    enum class Kind : std::uint8_t { start, terminate, stop } kind = Kind::start;
    unsigned replies = 0;
    Reply reply;
  };
  struct Process {
    Token token;
    base::Bytes pid;
    enum class Phase : std::uint8_t { starting, running, stopping } phase = Phase::starting;
    StopReason stopped_for = StopReason::terminated;
    ChildSpec spec{};
    base::Instant since{};          // Of running.
    std::optional<Claim> loses_to;  // The name of a "named" child; it is about to end.
  };
  struct Node {
    bool up = false;
    std::uint64_t boot = 0;
    crdt::AwLwwMap map;
    std::unique_ptr<Supervisor> supervisor;
    bool synced = false;
    bool announced = false;  // In any of its lives; the map would say so.
    Boots announced_boots;   // As far as the map here would say so.
    members::Status says = members::Status::uninitialized;
    std::map<ChildId, Process> processes;
    std::map<ChildId, Claim> outranked_by;  // What its copies lost names to, in this boot.
    std::set<ChildId> ends_seen;            // On this disk.
    std::int64_t clock_offset_ns = 0;
    unsigned disks_lost = 0;
    // What it believes of others.
    struct Belief {
      base::Instant heard;
      std::uint64_t boot = 0;
      members::Status says = members::Status::uninitialized;
      base::Instant disbelieved_until;
      crdt::VersionVector vector;
    };
    std::map<std::size_t, Belief> beliefs;
    std::map<std::size_t, bool> was_reachable;
  };
  [[nodiscard]] const Node& node(std::size_t i) const { return nodes_[i]; }
  [[nodiscard]] Supervisor& supervisor(std::size_t i) { return *nodes_[i].supervisor; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] base::Instant now() const { return now_; }
  [[nodiscard]] static base::NodeId id(std::size_t i) {
    return base::NodeId::of("n" + std::to_string(i + 1));
  }
  /// Where copies of a child run, stopping ones included.
  [[nodiscard]] std::vector<std::size_t> copies(const ChildId& id) const;
  /// What all maps say together.
  [[nodiscard]] std::map<ChildId, Entry> joined() const;
  /// Empty if all is as it must be once nothing has happened for a while.
  [[nodiscard]] std::string settled_wrong() const;
  [[nodiscard]] const std::string& broken() const { return broken_; }

  std::map<std::uint64_t, Call> calls;
  std::map<std::string, unsigned> told;
  bool starts_fail = false;            // Children whose start is "flaky" fail while it is set.
  std::map<ChildId, Ignored> ignored;  // Inits of these answer ignore.
  std::vector<std::string> story;
  base::Rng rng;

 private:
  using Event = std::function<void()>;

  [[nodiscard]] base::Now at(std::size_t i) const {
    return {now_, {now_.ns + nodes_[i].clock_offset_ns}};
  }
  [[nodiscard]] bool connected(std::size_t a, std::size_t b) const {
    return nodes_[a].up && nodes_[b].up && !cuts_.contains(std::minmax(a, b));
  }
  [[nodiscard]] bool believes(std::size_t i, std::size_t j) const;
  void after(base::Duration delay, Event event);
  base::Duration some(base::Duration max);
  void boot(std::size_t i);
  void look(std::size_t i, std::uint64_t boot);
  void sync(std::size_t i, std::uint64_t boot);
  [[nodiscard]] crdt::Remote state_of(std::size_t i) const;
  void join_state(std::size_t i, const crdt::Remote& remote);
  void send_state(std::size_t from, std::size_t to);
  void send_message(std::size_t from, const SendTo& message);
  void deliver_front(std::size_t from, std::size_t to);
  void carry_out(std::size_t i, const Outputs& out, std::vector<crdt::Key>& changed);
  void check_write(std::size_t i, const ChildId& child, const Entry& entry);
  void carry_out(std::size_t i, const StartCopy& start);
  void carry_out(std::size_t i, const StopCopy& stop);
  [[nodiscard]] std::optional<Claim> winner_of_name(std::size_t i, const ChildId& id) const;
  [[nodiscard]] std::optional<Ignored> ignores(std::size_t i, const ChildId& id,
                                               const base::Bytes& how, const Token& token) const;
  void look_at_names(std::size_t i);
  void finish_start(std::size_t i, std::uint64_t boot, const ChildId& id, const Token& token);
  void reply(std::size_t i, const Reply& reply);
  void hand_changes(std::size_t i, std::vector<crdt::Key> changed);
  void become_synced(std::size_t i);
  void give_view(std::size_t i);
  void fail(std::string what);
  void note(std::string what);

  ClusterOptions options_;
  std::vector<Node> nodes_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  base::Instant now_{base::seconds(1'000).ns};
  std::map<std::pair<std::int64_t, std::uint64_t>, Event> events_;
  std::uint64_t sequence_ = 0;
  struct Channel {
    std::uint64_t to_boot = 0;
    std::deque<base::Bytes> under_way;
  };
  std::map<std::pair<std::size_t, std::size_t>, Channel> channels_;
  std::set<std::pair<ChildId, Token>> tokens_;
  std::set<ChildId> terminated_ok_;
  std::set<ChildId> acknowledged_;
  std::set<ChildId> may_end_;  // Terminated, declined, failed or finished by itself, somewhere.
  std::set<ChildId> may_lift_;
  std::set<std::pair<ChildId, Claim>> unborn_;  // Asked for there, and never up yet.
  std::uint64_t last_call_ = 0;
  std::uint64_t last_pid_ = 0;
  std::string broken_;
};

}  // namespace horde::supervisor
