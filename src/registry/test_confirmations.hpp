// A small cluster of Confirmations for tests: real tables and messages; the network, the map and
// the processes are played. Links lose, delay, repeat and reorder as they are told to; each run's
// writes reach the others in its order, after a time of their own. No view ever changes by itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "registry/confirm.hpp"

namespace horde::registry {

struct ConfirmFaults {
  base::Duration delay_max = base::milliseconds(1);  ///< Of a message; at least a tenth of it.
  base::Duration map_delay_max = base::milliseconds(1);
  std::uint64_t lost_permille = 0;
  std::uint64_t repeated_permille = 0;
};

class ConfirmCluster {
 public:
  using Outcome = Confirmations::Outcome;
  /// A process, by its node (from 0) and number there.
  struct Who {
    std::size_t node = 0;
    std::uint64_t serial = 1;
  };
  struct Claim {
    Who who;
    base::Bytes key = "k";
    std::int64_t priority = 0;
    base::Duration timeout = base::seconds(5);
    std::uint64_t child = 0;  ///< Of which it is a copy; 0: none.
    std::uint64_t term = 0;
  };

  ConfirmCluster(std::size_t nodes, ConfirmFaults faults, std::uint64_t seed);

  /// The number of the call.
  std::uint64_t claim(const Claim& claim);
  /// Ends a process; whatever it holds is given up.
  void end(Who who);
  /// A plain registration: it asks nobody.
  void put(Who who, const base::Bytes& key);
  void remove(std::size_t node, const base::Bytes& key);
  void run_for(base::Duration time);
  void set_faults(const ConfirmFaults& faults) { faults_ = faults; }
  /// What is sent between the two is lost; writes are held back until it is healed.
  void cut(std::size_t a, std::size_t b) { cuts_.insert(std::minmax(a, b)); }
  void heal();
  /// The member's view: whom it reaches, in which boot; whom it suspects.
  void change_view(std::size_t node, const std::function<void(View&)>& change);
  /// A new life of the node that knows nothing, but its map; at the others it takes the place of
  /// the one before.
  void restart(std::size_t node);

  [[nodiscard]] base::Instant now() const { return now_; }
  [[nodiscard]] Confirmations& member(std::size_t node) { return *nodes_[node].confirmations; }
  [[nodiscard]] const Table& table(std::size_t node) const { return nodes_[node].table; }
  [[nodiscard]] process::Pid pid(Who who) const { return {nodes_[who.node].run, who.serial}; }
  [[nodiscard]] std::size_t promises() const;
  [[nodiscard]] std::uint64_t messages() const { return messages_; }

  struct Result {
    Outcome outcome = Outcome::granted;
    process::Pid holder{};
    base::Instant at{};
  };
  /// Of the calls that have ended.
  [[nodiscard]] const std::map<std::uint64_t, Result>& results() const { return results_; }
  /// What must not happen: a name was granted while another process held it that was granted it.
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

 private:
  struct Write {
    NameKey key;
    crdt::Siblings siblings;
    std::uint64_t serial = 0;  // 0: removed
    Rank rank;
  };
  struct Node {
    base::RunId run;
    View view;
    Table table{Keys::unique};
    std::unique_ptr<Confirmations> confirmations;
    std::uint64_t counter = 0;
    std::map<std::size_t, base::Instant> last_write_at;  // At each other.
    std::vector<std::pair<std::size_t, Write>> held_back;
    std::map<std::uint64_t, Claim> calls;
    std::set<std::pair<std::uint64_t, base::Bytes>> names;  // Of its processes.
  };
  using Event = std::function<void()>;

  [[nodiscard]] base::Now moment() const { return {now_, {now_.ns}}; }
  void at(base::Instant time, Event event);
  void take(std::size_t node, Outputs& out);
  void send(std::size_t from, const SendTo& message);
  void deliver(std::size_t from, std::size_t to, const base::RunId& by, const SendTo& message);
  void write(std::size_t node, const Write& write);
  void spread(std::size_t from, std::size_t to, const Write& write);
  void apply(std::size_t node, const Write& write);
  void note_grant(std::size_t node, const Claim& claim);
  [[nodiscard]] static Rank rank_of(const Claim& claim, const process::Pid& pid);

  std::vector<Node> nodes_;
  ConfirmFaults faults_;
  base::Rng rng_;
  base::Instant now_{1'000'000'000};
  std::multimap<base::Instant, Event> events_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  std::map<std::uint64_t, Result> results_;
  std::map<base::Bytes, process::Pid> granted_;
  std::vector<std::string> violations_;
  std::uint64_t calls_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace horde::registry
