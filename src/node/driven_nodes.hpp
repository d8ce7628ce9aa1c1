// DrivenNodes: a few whole nodes over a tiny deterministic network, for this folder's tests.
//
// Datagrams take a millisecond and are lost where `cut` says so; disks keep what was persisted. Not
// a simulator: no faults but cuts, crashes and stops.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node/node.hpp"
#include "process/builtin_types.hpp"

namespace horde::node {

class DrivenNodes {
 public:
  /// Makes the configuration of the node with that index, once for each boot. Name, address, boot,
  /// seed, seeds and process types are set here.
  using Configure = std::function<void(std::size_t, Config&)>;

  explicit DrivenNodes(std::size_t count, Configure configure)
      : configure_(std::move(configure)), nodes_(count) {}

  static base::Address address(std::size_t index) {
    return {.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0,
                   static_cast<std::uint8_t>(index + 1)},
            .port = 7000};
  }
  static std::string name(std::size_t index) { return "n" + std::to_string(index + 1); }
  static base::NodeId id(std::size_t index) { return base::NodeId::of(name(index)); }

  void boot(std::size_t index) {
    Slot& slot = nodes_[index];
    Config config{.name = name(index),
                  .address = address(index),
                  .boot = ++slot.boots,
                  .seed = 100 * slot.boots + index};
    for (std::size_t other = 0; other < nodes_.size(); ++other) {
      config.seeds.push_back(address(other));
    }
    process::add_builtin_types(config.process_types);
    configure_(index, config);
    slot.node = std::make_unique<Node>(std::move(config), slot.disk);
    input(index, [&](Node& node, base::Effects& out) { node.on_start(now(), out); });
  }
  void boot_all() {
    for (std::size_t index = 0; index < nodes_.size(); ++index) {
      boot(index);
    }
  }
  void crash(std::size_t index) { nodes_[index].node.reset(); }
  void lose_disk(std::size_t index) { nodes_[index].disk.clear(); }

  /// Gives an input to a node, and carries out its effects.
  void input(std::size_t index, const std::function<void(Node&, base::Effects&)>& give) {
    Slot& slot = nodes_[index];
    base::Effects effects;
    give(*slot.node, effects);
    for (base::Effect& effect : effects.list) {
      if (auto* persist = std::get_if<base::Persist>(&effect)) {
        if (persist->mode == base::Persist::Mode::replace) {
          slot.disk.clear();
        }
        slot.disk.push_back(std::move(persist->record));
      } else if (auto* send = std::get_if<base::Send>(&effect)) {
        under_way_.emplace(std::pair(now_ + base::milliseconds(1), ++order_),
                           Datagram{index, send->to, std::move(send->bytes)});
      } else if (const auto* answer = std::get_if<base::Answer>(&effect)) {
        answers.push_back(*answer);
      } else if (const auto* tell = std::get_if<base::Tell>(&effect)) {
        told.emplace_back(index, *tell);
      } else if (std::holds_alternative<base::Ended>(effect)) {
        slot.node.reset();
        return;
      }
    }
  }

  void run(base::Duration time) {
    const base::Instant end = now_ + time;
    while (true) {
      base::Instant next =
          under_way_.empty() ? end + base::nanoseconds(1) : under_way_.begin()->first.first;
      std::size_t sleeper = nodes_.size();
      for (std::size_t index = 0; index < nodes_.size(); ++index) {
        const Slot& slot = nodes_[index];
        if (slot.node != nullptr && slot.node->wake_at() < next) {
          next = slot.node->wake_at();
          sleeper = index;
        }
      }
      if (next > end) {
        break;
      }
      now_ = std::max(now_, next);
      if (sleeper < nodes_.size()) {
        input(sleeper, [&](Node& node, base::Effects& out) { node.on_timeout(now(), out); });
      } else {
        const Datagram datagram = std::move(under_way_.extract(under_way_.begin()).mapped());
        deliver(datagram);
      }
    }
    now_ = end;
  }

  /// Starts a child of the first horde through a node; its answer is the last of `answers`.
  void start_child(std::size_t index, base::Bytes type, process::Args args = {},
                   supervisor::Shutdown shutdown = {}) {
    supervisor::StartCall call{
        .spec = {.start = encode(Program{std::move(type), std::move(args)}), .shutdown = shutdown}};
    input(index, [&](Node& node, base::Effects& out) {
      node.start_child(now(), {++calls_}, "h", call, out);
    });
  }
  /// The nodes that have a process for the child.
  [[nodiscard]] std::vector<std::size_t> copies(const supervisor::ChildId& child) const {
    std::vector<std::size_t> out;
    for (std::size_t index = 0; index < nodes_.size(); ++index) {
      if (nodes_[index].node != nullptr) {
        const auto ids = nodes_[index].node->copies(0)->ids();
        out.insert(out.end(), std::ranges::count(ids, child) != 0 ? 1U : 0U, index);
      }
    }
    return out;
  }
  [[nodiscard]] std::size_t count_told(std::size_t index, std::string_view topic) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        told, [&](const auto& each) { return each.first == index && each.second.topic == topic; }));
  }
  [[nodiscard]] bool is_up(std::size_t index) const { return nodes_[index].node != nullptr; }
  [[nodiscard]] Node& node(std::size_t index) { return *nodes_[index].node; }
  [[nodiscard]] const supervisor::Supervisor& children(std::size_t index) const {
    return *nodes_[index].node->children("h");
  }
  [[nodiscard]] base::Now now() const { return {now_, {now_.ns + base::seconds(1'000).ns}}; }

  std::function<bool(std::size_t, std::size_t)> cut = [](std::size_t, std::size_t) {
    return false;
  };
  std::vector<base::Answer> answers;
  std::vector<std::pair<std::size_t, base::Tell>> told;

 private:
  struct Slot {
    std::unique_ptr<Node> node;  // Null: down.
    std::vector<base::Bytes> disk;
    std::uint64_t boots = 0;
  };
  struct Datagram {
    std::size_t from = 0;
    base::Address to;
    base::Bytes bytes;
  };

  void deliver(const Datagram& datagram) {
    for (std::size_t index = 0; index < nodes_.size(); ++index) {
      if (address(index) == datagram.to && is_up(index) && !cut(datagram.from, index)) {
        input(index, [&](Node& node, base::Effects& out) {
          node.on_datagram(now(), address(datagram.from), datagram.bytes, out);
        });
      }
    }
  }

  Configure configure_;
  std::vector<Slot> nodes_;
  std::map<std::pair<base::Instant, std::uint64_t>, Datagram> under_way_;
  std::uint64_t order_ = 0;
  std::uint64_t calls_ = 0;
  base::Instant now_;
};

}  // namespace horde::node
