// Network: the fault rules in force, as a function from packet to verdict.
//
//   packet --> any rule says drop? --> any rule says hold? --> the link: bandwidth, loss, delay,
//              (cuts)                  (clogs)                 duplication, reordering, damage
//                                                              --> late, for some channels?
//
// It promises that all chance is keyed: what happens to a packet depends on the seed, its ends, its
// identity and the rules that apply to it, never on other packets. Removing one fault or one packet
// does not change the fate of the others. The exception is meant: a link's bandwidth is shared.
// A packet is judged when it is sent: those under way when a cut begins still arrive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/hash.hpp"
#include "faults/latency.hpp"
#include "faults/links.hpp"
#include "faults/packet.hpp"

namespace horde::faults {

/// A rate in parts per million; 1,000,000 and above is always.
struct Ppm {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(Ppm, Ppm) = default;
};

/// How one directed link behaves.
struct Link {
  Latency latency = Constant{};
  Ppm loss;
  Ppm duplicate;  ///< Delivered twice, each copy with its own latency.
  Ppm reorder;    ///< Delayed by up to `reorder_extra` more, so that later packets overtake it.
  base::Duration reorder_extra = base::milliseconds(10);
  Ppm corrupt;   ///< 1 to 8 bits are flipped; each copy of a duplicated packet by itself.
  Ppm truncate;  ///< The end is cut off.
  std::uint64_t bytes_per_second = 0;          ///< 0: unlimited.
  std::uint64_t queue_bytes_max = 256 * 1024;  ///< Waiting or being sent; what exceeds is dropped.
  friend bool operator==(const Link&, const Link&) = default;
};

/// What a rule does with the packets of its links.
struct Drop {};    ///< A cut.
struct Hold {};    ///< A clog: nothing is lost, all is delivered once the rule is gone.
using Use = Link;  ///< Another behaviour for as long as the rule lasts; the newest rule wins.
/// Packets of these channels take longer by so much; several such rules add up.
struct Delay {
  base::Duration by;
  Channels of;
};
using Action = std::variant<Drop, Hold, Use, Delay>;

struct Rule {
  std::string name;  ///< Several rules may share one; heal(name) ends them together.
  LinkSet links;
  Action action;
  base::Instant until = base::Instant::never();  ///< The first instant at which it is gone.
};

/// Handed out by Network::add, never used twice.
struct RuleId {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(RuleId, RuleId) = default;
};

class Network {
 public:
  explicit Network(std::uint64_t seed, const Link& default_link = {});

  /// What happens to the packet. Not const: bandwidth queues fill. Cost: two binary searches a
  /// rule, one hash look-up where links have their own behaviour, no allocation.
  [[nodiscard]] Verdict judge(const Packet& packet);

  RuleId add(Rule rule);
  /// Ends the rule; false if there is none of that id (it was healed, or expired).
  bool heal(RuleId id);
  /// Ends all rules of that name and returns how many there were.
  std::size_t heal(std::string_view name);
  std::size_t heal_all();
  /// Forgets the rules whose time is over. judge() ignores those anyway.
  void expire(base::Instant now);

  /// The behaviour of every link that has none of its own.
  void set_default_link(const Link& link) { default_link_ = link; }
  void set_link(base::NodeId from, base::NodeId to, const Link& link);
  /// Links given by set_link behave like the default again. Rules stay.
  void clear_links() { own_links_.clear(); }

  /// The behaviour of a link now, rules included.
  [[nodiscard]] const Link& link(base::NodeId from, base::NodeId to, base::Instant now) const;
  /// Whether a packet would be dropped by a rule now.
  [[nodiscard]] bool is_cut(base::NodeId from, base::NodeId to, base::Instant now) const;
  /// Whether some rule treats channels differently: who sends should then send them apart.
  [[nodiscard]] bool tells_channels_apart(base::Instant now) const;
  /// In the order in which they were added.
  [[nodiscard]] std::vector<std::string> rule_names(base::Instant now) const;

 private:
  struct Ends {
    base::NodeId from;
    base::NodeId to;
    friend bool operator==(const Ends&, const Ends&) = default;
  };
  struct EndsHash {
    std::size_t operator()(const Ends& ends) const {
      return base::combine(ends.from.value, ends.to.value);
    }
  };
  struct Active {
    RuleId id;
    Rule rule;
  };
  [[nodiscard]] const Link& own_link(base::NodeId from, base::NodeId to) const;
  // What the link itself does to a packet that no rule stops.
  [[nodiscard]] Verdict cross(const Link& link, const Packet& packet);
  // How long the packet waits and is being sent, or nothing if the queue is full.
  [[nodiscard]] std::optional<base::Duration> enqueue(const Link& link, const Packet& packet);

  std::uint64_t seed_;
  Link default_link_;
  std::uint64_t last_rule_ = 0;
  std::vector<Active> rules_;  // In the order in which they were added.
  // Never iterated.
  std::unordered_map<Ends, Link, EndsHash> own_links_;
  std::unordered_map<Ends, base::Instant, EndsHash> busy_until_;
};

}  // namespace horde::faults
