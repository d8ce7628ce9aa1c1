// The values of liveness: what is known of a node, what is told of it, and the options.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/datagram.hpp"

namespace horde::liveness {

/// What is believed of a node, in the order of precedence within one boot and incarnation.
enum class State : std::uint8_t {
  alive = 0,
  suspect = 1,  ///< Somebody got no answer; it may still refute. It counts as reachable.
  dead = 2,     ///< It did not refute in time. It is alive again if it raises its incarnation.
  left = 3,     ///< It said goodbye. Final for that boot.
};
[[nodiscard]] std::string_view to_string(State state);

/// What a death rests on.
enum class Evidence : std::uint8_t {
  silence = 0,  ///< It did not refute in time.
  refusal = 1,  ///< Its port refused two members: the process is gone.
};

struct NodeInfo {
  base::NodeId id;
  std::string name;
  base::Address address;
  std::uint64_t boot = 0;         ///< Which life of its process.
  std::uint64_t incarnation = 0;  ///< Raised by the node itself, to refute what is said of it.
  State state = State::alive;
  base::Instant since;  ///< When it came into this state, as far as it is known here.
};

/// A change that others care about. From `refuted` on they are about ourselves; the claims to our
/// name are told again every few seconds while both live.
struct PeerEvent {
  enum class Kind : std::uint8_t {
    up,       ///< First seen, seen under a newer boot (the former one is gone), or back from dead.
    suspect,  ///< alive -> suspect
    cleared,  ///< suspect -> alive
    dead,     ///< alive or suspect -> dead
    left,     ///< It left gracefully.
    refuted,  ///< We were called suspect or dead, and said otherwise.
    name_in_use,       ///< An older node of our name or id answers at `address`: we must stop.
    name_claimed,      ///< A newer node of our name or id answers at `address`: that one must stop.
    later_boot_heard,  ///< `boot`, later than ours, is known of us, and nobody answers for it (or
                       ///< we are said to have left): we must go on under a still later boot.
    isolated,          ///< Nobody answers us any more; everybody is suspected, silently.
  };
  Kind kind = Kind::up;
  base::NodeId node;
  std::uint64_t boot = 0;
  base::Address address;
};
[[nodiscard]] std::string_view to_string(PeerEvent::Kind kind);

/// A frame for one destination. Frames for the same address may share a datagram.
struct Outgoing {
  base::Address to;
  base::NodeId to_node;  ///< No node: whoever is at `to`.
  wire::Frame frame;
};

/// What an input led to, each list in order. The lists are independent of each other.
struct Outputs {
  std::vector<Outgoing> sends;
  std::vector<PeerEvent> events;
};

struct Self {
  std::string name;
  base::Address address;  ///< Where others reach us.
  std::uint64_t boot = 0;
};

struct Options {
  /// One member is probed each period; times the health score + 1 when we are not well ourselves.
  base::Duration period = base::milliseconds(250);
  /// How long a direct ping has, before others are asked to ping as well.
  base::Duration direct_timeout = base::milliseconds(80);
  /// How long a probe has in all. Requires: direct_timeout < probe_timeout <= period.
  base::Duration probe_timeout = base::milliseconds(220);
  std::uint32_t relays = 3;  ///< Members that are asked to ping in our stead.
  /// Shortest time from suspicion to death, in percent of a period, for each decimal magnitude of
  /// the number of nodes (at least one): at 450, 250 ms and 100 nodes 2.25 s.
  std::uint32_t suspicion_percent = 450;
  std::uint32_t suspicion_max_factor = 6;  ///< Longest time, as a multiple of the shortest.
  std::uint32_t confirmations = 3;         ///< Others that must agree for the shortest time.
  std::uint32_t health_max = 8;
  /// An item of news is sent this often for each decimal digit of the number of nodes.
  std::uint32_t sends_per_digit = 4;
  /// While there is news or a table to send, one message of its own goes out this often.
  base::Duration gossip_interval = base::microseconds(62'500);
  /// Requests to join, and tables after joining and healing, are first repeated after this.
  base::Duration exchange_interval = base::milliseconds(500);
  base::Duration exchange_interval_max = base::seconds(32);
  /// Having heard nothing at all for so long, in spite of three probes, we take ourselves as cut
  /// off.
  base::Duration isolation_after = base::seconds(2);
  /// Dead and left nodes that nobody wants are forgotten after this.
  base::Duration forget_after = base::seconds(3'600);
  std::size_t nodes_max = 4'096;  ///< Nodes in the table; further ones are not taken in.
};

struct Statistics {
  std::uint64_t probes = 0;
  std::uint64_t probes_failed = 0;
  std::uint64_t accusations = 0;  ///< Suspicions that came from our own probes.
  std::uint64_t refutations = 0;
  std::uint64_t pauses = 0;         ///< Times that we were found to have been stopped.
  std::uint64_t tables_sent = 0;    ///< Parts of tables.
  std::uint64_t nodes_refused = 0;  ///< Nodes not taken in because the table was full.
};

}  // namespace horde::liveness
