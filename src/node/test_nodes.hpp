// A few nodes for tests, over a network that delivers each datagram after a millisecond, in virtual
// time. Faults are calls: cut, crash, boot. What each node wrote to its disk, answered and told is
// kept.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node/node.hpp"
#include "process/builtin_types.hpp"

namespace horde::node {

class TestNodes {
 public:
  struct Options {
    std::size_t nodes = 1;
    std::vector<base::Bytes> disk{};  ///< Of the first one, when it boots first.
    /// Has the last word on each node's config, at each boot.
    std::function<void(Config&)> change = [](Config&) {};
  };
  enum class Disk : std::uint8_t { kept, lost };

  /// Boots all; with more than one horde or others than "h", `change` says so.
  explicit TestNodes(Options options) : options_(std::move(options)), machines_(options_.nodes) {
    machines_.at(0).disk = std::move(options_.disk);
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      boot(i);
    }
  }

  [[nodiscard]] static std::string name(std::size_t i) { return "n" + std::to_string(i + 1); }
  [[nodiscard]] static base::NodeId id(std::size_t i) { return base::NodeId::of(name(i)); }
  [[nodiscard]] static base::Address address(std::size_t i) {
    base::Address out{.port = 7000};
    out.ip[10] = out.ip[11] = 0xff;
    out.ip[12] = 10;
    out.ip[15] = static_cast<std::uint8_t>(i + 1);
    return out;
  }

  // --- Faults and repairs.
  void boot(std::size_t i, Disk disk = Disk::kept) {
    Machine& machine = machines_[i];
    if (disk == Disk::lost) {
      machine.disk.clear();
    }
    Config config{
        .name = name(i), .address = address(i), .boot = ++machine.boots, .seed = 100 * i + 1};
    config.seeds = {address(0), address(machines_.size() - 1)};
    config.hordes.push_back({.name = "h", .children = ChildrenConfig{}});
    process::add_builtin_types(config.process_types);
    options_.change(config);
    machine.ended.reset();
    machine.node = std::make_unique<Node>(std::move(config), machine.disk);
    input(i, [&](Node& node, base::Effects& out) { node.on_start(now(), out); });
  }
  void crash(std::size_t i) { machines_[i].node.reset(); }
  void cut(std::size_t a, std::size_t b) { cuts_.insert(std::minmax(a, b)); }
  /// Between each of `side` and each other.
  void cut_off(const std::set<std::size_t>& side) {
    for (const std::size_t a : side) {
      for (std::size_t b = 0; b < machines_.size(); ++b) {
        if (!side.contains(b)) {
          cut(a, b);
        }
      }
    }
  }
  void heal() { cuts_.clear(); }

  /// Gives an input to a node, if it is up, and carries out what it leads to.
  template <class Input>
  void input(std::size_t i, Input&& give) {
    Machine& machine = machines_[i];
    if (machine.node == nullptr || machine.ended) {
      return;
    }
    base::Effects effects;
    give(*machine.node, effects);
    for (const base::Effect& effect : effects.list) {
      if (const auto* send = std::get_if<base::Send>(&effect)) {
        under_way_.emplace(now_ + base::milliseconds(1), Datagram{i, send->to, send->bytes});
      } else if (const auto* persist = std::get_if<base::Persist>(&effect)) {
        if (persist->mode == base::Persist::Mode::replace) {
          machine.disk.clear();
        }
        machine.disk.push_back(persist->record);
      } else if (const auto* answer = std::get_if<base::Answer>(&effect)) {
        answers[answer->call.value].push_back({now_, std::string(answer->status), answer->detail});
      } else if (const auto* tell = std::get_if<base::Tell>(&effect)) {
        ++told[std::string(tell->topic)];
      } else if (const auto* ended = std::get_if<base::Ended>(&effect)) {
        machine.ended = *ended;
      }
    }
    machine.last = std::move(effects);
  }

  /// Goes on for so long. Returns false if time stands still.
  [[nodiscard]] bool go_on(base::Duration time) {
    const base::Instant end = now_ + time;
    for (unsigned at_once = 0; at_once < 100'000;) {
      const auto [at, node] = next();
      if (at > end) {
        now_ = end;
        return true;
      }
      at_once = at > now_ ? 0 : at_once + 1;
      now_ = std::max(now_, at);
      if (node < machines_.size()) {
        input(node, [&](Node& one, base::Effects& out) { one.on_timeout(now(), out); });
      } else {
        deliver_next();
      }
    }
    return false;
  }

  struct Answer {
    base::Instant at;
    std::string status;
    base::Bytes detail;
  };
  std::map<std::uint64_t, std::vector<Answer>> answers;  // By call.
  std::map<std::string, unsigned> told;

  [[nodiscard]] bool is_up(std::size_t i) const {
    return machines_[i].node != nullptr && !machines_[i].ended;
  }
  [[nodiscard]] Node& node(std::size_t i) { return *machines_[i].node; }
  [[nodiscard]] const supervisor::Supervisor& children(std::size_t i) {
    return *node(i).children("h");
  }
  [[nodiscard]] std::size_t size() const { return machines_.size(); }
  [[nodiscard]] base::Now now() const { return {now_, {now_.ns + base::seconds(1'000).ns}}; }
  /// How it ended, if it has.
  [[nodiscard]] const std::optional<base::Ended>& ended(std::size_t i) const {
    return machines_[i].ended;
  }
  [[nodiscard]] const std::vector<base::Bytes>& disk(std::size_t i) const {
    return machines_[i].disk;
  }
  /// What the last input led to.
  [[nodiscard]] const base::Effects& last(std::size_t i) const { return machines_[i].last; }
  /// The nodes that have a process for it.
  [[nodiscard]] std::vector<std::size_t> homes(const supervisor::ChildId& child) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      if (is_up(i)) {
        const auto ids = node(i).copies(0)->ids();
        if (std::ranges::find(ids, child) != ids.end()) {
          out.push_back(i);
        }
      }
    }
    return out;
  }

 private:
  struct Machine {
    std::uint64_t boots = 0;
    std::unique_ptr<Node> node;
    std::vector<base::Bytes> disk;
    base::Effects last;
    std::optional<base::Ended> ended;
  };
  struct Datagram {
    std::size_t from = 0;
    base::Address to;
    base::Bytes bytes;
  };

  [[nodiscard]] std::pair<base::Instant, std::size_t> next() const {
    base::Instant at = under_way_.empty() ? base::Instant::never() : under_way_.begin()->first;
    std::size_t who = machines_.size();
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      if (is_up(i) && machines_[i].node->wake_at() < at) {
        at = machines_[i].node->wake_at();
        who = i;
      }
    }
    return {at, who};
  }
  void deliver_next() {
    const Datagram datagram = std::move(under_way_.begin()->second);
    under_way_.erase(under_way_.begin());
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      if (address(i) == datagram.to && !cuts_.contains(std::minmax(i, datagram.from))) {
        input(i, [&](Node& one, base::Effects& out) {
          one.on_datagram(now(), address(datagram.from), datagram.bytes, out);
        });
      }
    }
  }

  Options options_;
  std::vector<Machine> machines_;
  base::Instant now_;
  std::multimap<base::Instant, Datagram> under_way_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
};

}  // namespace horde::node
