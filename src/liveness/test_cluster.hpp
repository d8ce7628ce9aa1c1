// TestCluster: liveness of many nodes over a tiny deterministic network, for this folder's tests.
//
// Each frame is a datagram with its own latency and loss; rules may drop more. Not a simulator:
// no bytes are packed, and time passes only from event to event.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "liveness/liveness.hpp"

namespace horde::liveness {

inline base::Address address_of(std::size_t index) {
  base::Address out{.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0}, .port = 7000};
  out.ip[14] = static_cast<std::uint8_t>(index >> 8U);
  out.ip[15] = static_cast<std::uint8_t>(index);
  return out;
}

class TestCluster {
 public:
  struct Network {
    base::Duration latency_min = base::milliseconds(1);
    base::Duration latency_max = base::milliseconds(5);
    std::uint64_t loss_per_mille = 0;
    bool refuses_ports = false;  // Whether a datagram to a crashed node is answered by a hint.
  };
  struct Heard {
    base::Instant at;
    std::size_t by;
    PeerEvent event;
  };
  struct Node {
    std::unique_ptr<Liveness> liveness;  // Null: crashed.
    std::uint64_t boot = 0;
    base::Instant paused_until;
    base::Instant timer = base::Instant::never();
    std::uint64_t sent = 0;  // Frames.
    std::uint64_t sent_this_second = 0;
    std::uint64_t sent_in_a_second_max = 0;
    base::Instant second;
  };

  TestCluster(std::uint64_t seed, Network network, Options options = {})
      : rng_(seed), network_(network), options_(options) {}

  std::size_t add(const std::string& name, std::uint64_t boot, std::vector<base::Address> seeds) {
    nodes_.emplace_back();
    names_.push_back(name);
    boot_node(nodes_.size() - 1, boot, std::move(seeds));
    return nodes_.size() - 1;
  }

  /// `count` nodes "n0", "n1", ... that all start at once with the first `seeds` of them as seeds.
  void add_many(std::size_t count, std::size_t seeds = 1) {
    std::vector<base::Address> addresses;
    for (std::size_t i = 0; i < seeds; ++i) {
      addresses.push_back(address_of(i));
    }
    for (std::size_t i = 0; i < count; ++i) {
      add("n" + std::to_string(i), 1, addresses);
    }
  }

  void boot_node(std::size_t index, std::uint64_t boot, std::vector<base::Address> seeds) {
    Node& node = nodes_[index];
    node.boot = boot;
    node.liveness = std::make_unique<Liveness>(Self{names_[index], address_of(index), boot},
                                               options_, rng_.fork(index).fork(boot));
    run(index, [&](Outputs& out) { node.liveness->start(now_, seeds, out); });
  }

  void crash(std::size_t index) {
    nodes_[index].liveness.reset();
    nodes_[index].timer = base::Instant::never();
  }
  void pause(std::size_t index, base::Duration duration) {
    nodes_[index].paused_until = now_ + duration;
  }
  /// Runs one input of a node.
  void run(std::size_t index, const std::function<void(Outputs&)>& input) {
    Outputs out;
    input(out);
    for (const PeerEvent& event : out.events) {
      heard.push_back({now_, index, event});
    }
    for (Outgoing& outgoing : out.sends) {
      transmit(index, std::move(outgoing));
    }
    set_timer(index);
  }

  void run_until(base::Instant end) {
    while (!queue_.empty() && queue_.top().at <= end) {
      const Pending next = queue_.top();
      queue_.pop();
      now_ = next.at;
      step(next);
    }
    now_ = end;
  }
  void run_for(base::Duration duration) { run_until(now_ + duration); }

  [[nodiscard]] Liveness& at(std::size_t index) { return *nodes_[index].liveness; }
  [[nodiscard]] Node& node(std::size_t index) { return nodes_[index]; }
  [[nodiscard]] base::NodeId id(std::size_t index) const { return base::NodeId::of(names_[index]); }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] base::Instant now() const { return now_; }
  [[nodiscard]] std::size_t count(PeerEvent::Kind kind) const {
    return static_cast<std::size_t>(std::count_if(
        heard.begin(), heard.end(), [&](const Heard& h) { return h.event.kind == kind; }));
  }
  /// Whether every running node reaches every other running one, and nobody else.
  [[nodiscard]] bool agrees() const {
    std::size_t running = 0;
    for (const Node& node : nodes_) {
      running += node.liveness != nullptr ? 1U : 0U;
    }
    for (const Node& node : nodes_) {
      if (node.liveness != nullptr && node.liveness->reachable_count() != running - 1) {
        return false;
      }
    }
    return true;
  }

  /// Starts to count anew how much each node sends in a second.
  void forget_rates() {
    for (Node& node : nodes_) {
      node.sent_this_second = 0;
      node.sent_in_a_second_max = 0;
      node.second = now_;
    }
  }

  std::vector<Heard> heard;
  /// Whether a frame from one node to another is lost, beside chance.
  std::function<bool(std::size_t, std::size_t)> cut = [](std::size_t, std::size_t) {
    return false;
  };
  std::uint64_t sent_in_all = 0;
  std::uint64_t bytes_in_all = 0;
  std::size_t frame_bytes_max = 0;

 private:
  struct Pending {
    base::Instant at;
    std::uint64_t order = 0;
    std::size_t to = 0;
    std::size_t from = 0;
    std::uint64_t from_boot = 0;
    bool is_timer = false;
    bool is_hint = false;
    std::shared_ptr<wire::Frame> frame;
    friend bool operator<(const Pending& a, const Pending& b) {
      return std::pair(a.at, a.order) > std::pair(b.at, b.order);
    }
  };

  static std::size_t index_of(const base::Address& address) {
    return static_cast<std::size_t>(address.ip[14]) << 8U | address.ip[15];
  }
  base::Duration latency() {
    const auto range =
        static_cast<std::uint64_t>((network_.latency_max - network_.latency_min).ns) + 1;
    return network_.latency_min + base::nanoseconds(static_cast<std::int64_t>(rng_.below(range)));
  }

  void transmit(std::size_t from, Outgoing outgoing) {
    Node& sender = nodes_[from];
    if (now_ - sender.second >= base::seconds(1)) {
      sender.second = now_;
      sender.sent_this_second = 0;
    }
    ++sender.sent;
    ++sent_in_all;
    bytes_in_all += outgoing.frame.body.size();
    frame_bytes_max = std::max(frame_bytes_max, outgoing.frame.body.size());
    sender.sent_in_a_second_max = std::max(sender.sent_in_a_second_max, ++sender.sent_this_second);
    const std::size_t to = index_of(outgoing.to);
    if (to >= nodes_.size() || cut(from, to) || rng_.chance(network_.loss_per_mille, 1'000)) {
      return;
    }
    Pending pending{.at = now_ + latency(), .to = to, .from = from, .from_boot = sender.boot};
    pending.frame = std::make_shared<wire::Frame>(std::move(outgoing.frame));
    push(std::move(pending));
  }

  void push(Pending pending) {
    pending.order = ++order_;
    queue_.push(std::move(pending));
  }

  void set_timer(std::size_t index) {
    Node& node = nodes_[index];
    const base::Instant at = std::max(node.liveness->wake_at(), node.paused_until);
    if (node.liveness->wake_at() != base::Instant::never() && at < node.timer) {
      node.timer = at;
      push({.at = at, .to = index, .is_timer = true});
    }
  }

  void step(const Pending& next) {
    Node& node = nodes_[next.to];
    if (node.liveness == nullptr) {
      if (network_.refuses_ports && next.frame != nullptr) {
        push({.at = now_ + latency(), .to = next.from, .from = next.to, .is_hint = true});
      }
      return;
    }
    if (now_ < node.paused_until) {
      Pending later = next;
      later.at = node.paused_until;
      push(std::move(later));
      return;
    }
    if (next.is_timer) {
      if (next.at < node.timer) {
        return;  // Of a former life.
      }
      node.timer = base::Instant::never();
      if (node.liveness->wake_at() > now_) {
        set_timer(next.to);
        return;
      }
      run(next.to, [&](Outputs& out) { node.liveness->on_timeout(now_, out); });
      return;
    }
    if (next.is_hint) {
      const base::Hint hint{.peer = address_of(next.from)};
      run(next.to, [&](Outputs& out) { node.liveness->on_hint(now_, hint, out); });
      return;
    }
    run(next.to, [&](Outputs& out) {
      const wire::Sender sender{id(next.from), next.from_boot};
      const auto result = node.liveness->on_frame(now_, sender, address_of(next.from),
                                                  {next.frame->tag, next.frame->body}, out);
      HORDE_ASSERT(result.has_value());
    });
  }

  base::Rng rng_;
  Network network_;
  Options options_;
  std::vector<Node> nodes_;
  std::vector<std::string> names_;
  std::priority_queue<Pending> queue_;
  std::uint64_t order_ = 0;
  base::Instant now_;
};

}  // namespace horde::liveness
