// Liveness: which nodes are reachable, and under which boot. SWIM with Lifeguard's refinements.
//
//   prober            target          three relays            all
//     |---- ping ------->|  x  (no ack within direct_timeout)
//     |---- ping_req ------------------------->|
//     |                  |<------- ping -------|
//     |<------------------------- nack --------|   (no ack there either)
//     | probe_timeout: suspect  ...  gossip on pings and acks  ...  more accusers: shorter time
//     | nobody refuted in time: dead ...  gossip  ................................> dead
//
// Promises: constant load per node (one probe a period, one more while somebody wanted is dead,
// and one message of gossip per interval while there is news or a table to send); a node that
// lives, hears and is heard within suspicion_min is not declared dead; a hint alone declares nobody
// dead, and the word of one member leaves the longest time to refute it.
// Does not promise: that all agree at one moment, or that a cut-off node learns of it.
//
// Precedence of claims is in node_table.hpp, the bytes in messages.hpp.
//
// Source: Das, Gupta, Motivala, "SWIM" (2002); Dadgar, Phillips, Currey, "Lifeguard" (2018).
// Deviations: a suspicion carries the set of its accusers, not one of them; the word of others that
// somebody is dead is believed only on the terms of node_table.hpp; a failed direct ping is
// repeated once along with the indirect ones; whoever hears nobody at all keeps its suspicions to
// itself; incarnations count within a boot; tables are compared by ranges of ids.
#pragma once

#include <map>
#include <optional>
#include <ranges>
#include <span>
#include <vector>

#include "base/engine.hpp"
#include "base/ids.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "liveness/gossip_queue.hpp"
#include "liveness/messages.hpp"
#include "liveness/name_check.hpp"
#include "liveness/node_table.hpp"
#include "liveness/types.hpp"
#include "wire/codec.hpp"
#include "wire/datagram.hpp"

namespace horde::liveness {

class Liveness {
 public:
  /// Requires: is_node_name(self.name).
  Liveness(Self self, Options options, base::Rng rng);

  // Inputs. Each appends to `out`.
  /// Once, before any other input. `seeds`: where to ask for others; our own address may be there.
  void start(base::Instant now, std::span<const base::Address> seeds, Outputs& out);
  /// A frame with Tag::membership or Tag::table. An error changes nothing.
  [[nodiscard]] wire::Decoded<void> on_frame(base::Instant now, const wire::Sender& sender,
                                             const base::Address& from,
                                             const wire::FrameView& frame, Outputs& out);
  void on_timeout(base::Instant now, Outputs& out);  // Requires: wake_at() <= now.
  void on_hint(base::Instant now, const base::Hint& hint, Outputs& out);
  /// Says goodbye, and probes no more. The node may end at once, or better when has_left().
  void leave(base::Instant now, Outputs& out);
  /// We go on under `boot`. Requires: it is larger than the one before.
  void restart_as(base::Instant now, std::uint64_t boot, Outputs& out);
  /// Nodes that go on being probed though dead, and are never forgotten.
  void set_wanted(const std::vector<base::NodeId>& nodes);

  // Queries.
  /// When on_timeout is due.
  [[nodiscard]] base::Instant wake_at() const;
  [[nodiscard]] base::NodeId self() const { return self_id_; }
  [[nodiscard]] std::uint64_t boot() const { return self_.boot; }
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
  /// All known others, by id: a range of NodeInfo, valid until the next input.
  [[nodiscard]] auto nodes() const {
    return std::views::transform(std::views::values(table_.entries()), &Entry::info);
  }
  /// nullptr if unknown; valid until the next input.
  [[nodiscard]] const NodeInfo* find(base::NodeId node) const;
  /// Alive or suspect.
  [[nodiscard]] bool is_reachable(base::NodeId node) const { return table_.is_reachable(node); }
  [[nodiscard]] std::size_t reachable_count() const { return table_.reachable().size(); }
  /// Whether somebody has answered since start() (or nobody is there to be asked).
  [[nodiscard]] bool has_joined() const { return joined_; }
  /// Whether the goodbye has been told often enough.
  [[nodiscard]] bool has_left() const { return leaving_ && !queue_.contains(self_id_); }
  [[nodiscard]] bool is_isolated() const { return isolated_; }
  /// Local health: 0 is well; up to health_max slows our probes down.
  [[nodiscard]] std::uint32_t health() const { return health_; }
  /// When anything was last heard from anybody; the start, if nothing was.
  [[nodiscard]] base::Instant last_heard() const { return last_heard_; }
  [[nodiscard]] Statistics statistics() const;

 private:
  struct Probe {
    enum class Purpose : std::uint8_t { round, lost, hint };
    enum class Phase : std::uint8_t { direct, indirect };
    Purpose purpose = Purpose::round;
    Phase phase = Phase::direct;
    base::NodeId target;  // None: whoever is at `address`.
    base::Address address;
    std::uint64_t boot = 0;
    base::Instant due;  // End of the phase.
    std::size_t relays_asked = 0;
    std::vector<base::NodeId> relays;    // Asked and not heard of yet.
    std::vector<base::NodeId> refusers;  // Relays whose ping was refused.
  };
  struct Relay {  // A ping that we send for another.
    base::NodeId asker;
    base::Address asker_address;
    std::uint64_t asker_number = 0;
    base::NodeId target;
    base::Instant due;
  };
  struct Transfer {  // A table that is on its way to somebody, part by part.
    base::NodeId to_node;
    base::Address to;
    std::uint64_t next = 0;  // First id that has not been sent.
  };
  using Message = MembershipMessage;

  // liveness.cpp: inputs, timers.
  void note_time(base::Instant now);
  void note_heard(base::Instant now, Outputs& out);
  void on_period(base::Instant now, Outputs& out);
  void check_isolation(base::Instant now, Outputs& out);
  void on_gossip_due(base::Instant now, Outputs& out);
  void on_exchange_due(base::Instant now, Outputs& out);
  void settle(base::Instant now, const Changes& changes);
  void spread(base::Instant now, base::NodeId node);
  void hasten_exchange(base::Instant now);

  // claims.cpp: what frames say of nodes; tables.
  [[nodiscard]] wire::Decoded<void> on_table(base::Instant now, const wire::Sender& sender,
                                             const base::Address& from, base::BytesView body,
                                             Outputs& out);
  void take_in(base::Instant now, const wire::Sender& sender, const base::Address& from,
               const std::vector<Record>& records, Outputs& out);
  void on_claim_about_self(base::Instant now, const Record& record, Outputs& out);
  void hear_later_boot(std::uint64_t boot, const base::Address& address, Outputs& out);
  void refute(base::Instant now, std::uint64_t incarnation, Outputs& out);
  void tell(base::Instant now, const wire::Sender& sender, const base::Address& from, Outputs& out);
  void ask(base::NodeId node, const base::Address& to, base::Instant now, Outputs& out);
  void on_part(base::Instant now, const wire::Sender& sender, const base::Address& from,
               const TableMessage& part, Outputs& out);
  void begin_transfer(base::Instant now, base::NodeId node, const base::Address& to, Outputs& out);
  void send_part(base::Instant now, Transfer& transfer, Outputs& out);
  [[nodiscard]] Record own_record() const;
  [[nodiscard]] std::optional<Record> record_of(base::Instant now, base::NodeId node) const;
  [[nodiscard]] std::uint64_t table_digest() const;
  void run_name_check(base::Instant now, Outputs& out);

  // probes.cpp: pings, relays, hints.
  [[nodiscard]] wire::Decoded<void> on_membership(base::Instant now, const wire::Sender& sender,
                                                  const base::Address& from, base::BytesView body,
                                                  Outputs& out);
  void on_namesake(base::Instant now, const wire::Sender& sender, const base::Address& from,
                   const Message& message, Outputs& out);
  [[nodiscard]] bool accuses_us(const Message& message) const;
  void on_ping(base::Instant now, const wire::Sender& sender, const base::Address& from,
               const Message& ping, Outputs& out);
  void on_ack(base::Instant now, const wire::Sender& sender, const Message& ack, Outputs& out);
  void on_ping_req(base::Instant now, const wire::Sender& sender, const base::Address& from,
                   const Message& request, Outputs& out);
  void on_relayed(const wire::Sender& sender, const Message& message);
  void on_nack(base::Instant now, const wire::Sender& sender, const Message& nack, Outputs& out);
  void probe_next(base::Instant now, Outputs& out);
  void probe_lost(base::Instant now, Outputs& out);
  void begin_probe(base::Instant now, Probe probe, Outputs& out);
  void begin_indirect(base::Instant now, std::uint64_t number, Probe& probe, Outputs& out);
  void on_probes_due(base::Instant now, Outputs& out);
  void on_probe_failed(base::Instant now, const Probe& probe, Outputs& out);
  void on_probe_answered(std::map<std::uint64_t, Probe>::iterator probe);
  [[nodiscard]] bool confirm_refusal(base::Instant now, std::uint64_t number, Outputs& out);
  void on_relays_due(base::Instant now, Outputs& out);
  void answer_relay(base::Instant now, const Relay& relay, Message::Kind kind, std::uint8_t refused,
                    Outputs& out);
  void ping(base::Instant now, std::uint64_t number, const Probe& probe, Outputs& out);
  void send(base::Instant now, base::NodeId node, const base::Address& to, const Message& head,
            const std::vector<base::NodeId>& first, Outputs& out);
  [[nodiscard]] std::vector<base::NodeId> pick_relays(base::NodeId target);
  [[nodiscard]] std::vector<base::NodeId> pick(std::size_t count, base::NodeId without);
  [[nodiscard]] base::Duration by_health(base::Duration duration) const {
    return duration * (health_ + 1);
  }

  Self self_;
  base::NodeId self_id_;
  Options options_;
  base::Rng rng_;

  NodeTable table_;
  GossipQueue queue_;
  std::uint64_t incarnation_ = 0;
  std::vector<base::Address> seeds_;
  std::size_t seed_turn_ = 0;
  bool joined_ = false;
  bool leaving_ = false;

  std::vector<base::NodeId> round_;  // Shuffled; probed from round_at_ on.
  std::size_t round_at_ = 0;
  base::NodeId last_lost_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Probe> probes_;  // By number.
  std::map<std::uint64_t, Relay> relays_;
  std::uint32_t health_ = 0;

  bool isolated_ = false;
  std::uint32_t unanswered_ = 0;  // Probes since anything was heard.
  base::Instant last_heard_;
  base::Instant isolation_ends_at_ = base::Instant::never();  // Then everybody is dead to us.

  std::vector<Transfer> transfers_;
  std::size_t transfer_turn_ = 0;
  base::Instant ask_again_at_;
  base::Duration exchange_interval_;
  NameCheck name_check_;
  std::uint64_t later_boot_told_ = 0;  // Each is told once.

  base::Instant period_at_ = base::Instant::never();
  base::Instant gossip_at_ = base::Instant::never();
  base::Instant gossip_allowed_at_;
  base::Instant exchange_at_ = base::Instant::never();
  Statistics statistics_;
};

}  // namespace horde::liveness
