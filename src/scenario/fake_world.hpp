// FakeWorld: a world whose observations are set by hand, for tests of checkers and of steps.
#pragma once

#include <deque>
#include <set>

#include "registry/name.hpp"
#include "scenario/world.hpp"

namespace horde::scenario {

class FakeWorld final : public World {
 public:
  struct Node {
    std::string name;
    bool up = true;
    crdt::AwLwwMap map;
    std::map<crdt::Key, crdt::Value> table;  // As read.
    std::vector<members::Member> view;
    std::vector<supervisor::ChildRow> children;
    std::map<supervisor::ChildId, ChildState> child_states;
    bool quorum = true;
    NodeSizes sizes;
    std::uint64_t push_bytes = 0;
    crdt::AwLwwMap registry_map;
    std::map<base::Bytes, std::vector<NameRow>> names;  // As read.
    std::set<base::RunId> seen;                         // Lives of nodes whose names are shown.
    std::set<process::Pid> alive;                       // Its own processes.
  };

  explicit FakeWorld(std::size_t nodes = 0) {
    for (std::size_t i = 0; i < nodes; ++i) {
      (void)add_node({.name = "n" + std::to_string(i + 1)});
      nodes_.back().up = true;
    }
    for (Node& node : nodes_) {
      for (NodeIndex other = 0; other < nodes_.size(); ++other) {
        node.seen.insert(run_of(other));
      }
    }
  }
  [[nodiscard]] Node& node(NodeIndex index) { return nodes_[index]; }
  [[nodiscard]] static base::RunId run_of(NodeIndex node) {
    return {base::NodeId::of("n" + std::to_string(node + 1)), 1};
  }
  /// A write of a user's key that goes right in all that is observed of the node.
  crdt::Event put(NodeIndex index, const std::string& key, const std::string& value) {
    Node& node = nodes_[index];
    node.table[key] = value;
    return node.map.put(run_of(index), members::kUserKeyPrefix + key, value, ++clock_);
  }
  /// One step of the node, told to `observer`.
  void step(NodeIndex index, WorldObserver& observer, std::vector<crdt::Event> written,
            std::vector<crdt::Change> touched = {}) {
    for (const crdt::Event& event : written) {
      touched.push_back({event.key, crdt::Visible::added});
    }
    observer.on_step({.node = index,
                      .at = now_,
                      .map = &nodes_[index].map,
                      .touched = touched,
                      .written = written});
  }

  /// The process of that number, which lives on the node.
  process::Pid start_process(NodeIndex index, std::uint64_t serial) {
    const process::Pid pid{run_of(index), serial};
    nodes_[index].alive.insert(pid);
    return pid;
  }
  /// The node's registry reads `pid` as the holder, and its map has the entry; all goes right.
  crdt::Event hold(NodeIndex index, const base::Bytes& name, const process::Pid& pid,
                   const registry::Rank& rank = {}) {
    Node& node = nodes_[index];
    node.names[name] = {{name, pid, {}}};
    const registry::NameKey key{.name = name, .run = pid.run, .number = 0};
    return node.registry_map.put(run_of(index), registry::encode(key),
                                 registry::encode(registry::NameValue{pid.serial, rank, {}}),
                                 ++clock_);
  }
  /// One step of the node that touched names, told to `observer`.
  void name_step(NodeIndex index, WorldObserver& observer, std::vector<crdt::Event> written,
                 std::vector<base::Bytes> names) {
    std::vector<crdt::Change> touched;
    for (const crdt::Event& event : written) {
      touched.push_back({event.key, crdt::Visible::added});
    }
    observer.on_step(
        {.node = index,
         .at = now_,
         .map = &nodes_[index].map,
         .touched = {},
         .written = {},
         .registry = {.map = &nodes_[index].registry_map, .touched = touched, .written = written},
         .names_touched = names});
  }

  [[nodiscard]] std::vector<NameRow> holders(NodeIndex index, base::BytesView name) const override {
    const auto it = nodes_[index].names.find(base::Bytes(name));
    return it == nodes_[index].names.end() ? std::vector<NameRow>{} : it->second;
  }
  [[nodiscard]] std::optional<NameRow> lookup(NodeIndex index,
                                              base::BytesView name) const override {
    const std::vector<NameRow> rows = holders(index, name);
    return rows.empty() ? std::nullopt : std::optional(rows.front());
  }
  [[nodiscard]] std::vector<base::Bytes> names_of(NodeIndex index,
                                                  const process::Pid& pid) const override {
    std::vector<base::Bytes> out;
    for (const NameRow& row : names(index)) {
      if (row.pid == pid) {
        out.push_back(row.key);
      }
    }
    return out;
  }
  [[nodiscard]] std::vector<NameRow> names(NodeIndex index) const override {
    std::vector<NameRow> out;
    for (const auto& [name, rows] : nodes_[index].names) {
      out.insert(out.end(), rows.begin(), rows.end());
    }
    return out;
  }
  [[nodiscard]] std::size_t names_count(NodeIndex index) const override {
    return names(index).size();
  }
  [[nodiscard]] const crdt::AwLwwMap* registry_map(NodeIndex index) const override {
    return nodes_[index].up ? &nodes_[index].registry_map : nullptr;
  }
  [[nodiscard]] std::vector<members::Member> registry_members(NodeIndex index) const override {
    return nodes_[index].view;
  }
  [[nodiscard]] base::RunId run(NodeIndex index) const override { return run_of(index); }
  [[nodiscard]] bool sees(NodeIndex index, const base::RunId& run) const override {
    return nodes_[index].seen.contains(run);
  }
  [[nodiscard]] bool is_alive(NodeIndex index, const process::Pid& pid) const override {
    return nodes_[index].alive.contains(pid);
  }

  void add_observer(WorldObserver&) override {}
  [[nodiscard]] base::Instant now() const override { return now_; }
  void run_until(base::Instant end) override { now_ = end; }
  void stop() override { stopped_ = true; }
  [[nodiscard]] bool is_stopped() const override { return stopped_; }
  [[nodiscard]] std::string problem() const override { return {}; }

  NodeIndex add_node(const NodeOptions& options) override {
    nodes_.push_back({.name = options.name, .up = false});
    return static_cast<NodeIndex>(nodes_.size() - 1);
  }
  void start(NodeIndex node) override { nodes_[node].up = true; }
  void crash(NodeIndex node, const Loss&) override { nodes_[node].up = false; }
  void pause(NodeIndex) override {}
  void resume(NodeIndex) override {}
  void set_slow(NodeIndex, base::Duration) override {}
  void set_clock_offset(NodeIndex, base::Duration) override {}
  void step_clock(NodeIndex, base::Duration) override {}
  void set_clock_drift(NodeIndex, Drift) override {}
  CallResult call(NodeIndex, base::CallId, const Call&) override { return CallResult::made; }
  void hint(NodeIndex, NodeIndex, Hint::Kind) override {}
  void inject(NodeIndex, NodeIndex, const base::Bytes&) override {}

  faults::RuleId add_rule(faults::Rule rule) override { return network.add(std::move(rule)); }
  void heal(faults::RuleId rule) override { (void)network.heal(rule); }
  [[nodiscard]] faults::Link link(base::NodeId from, base::NodeId to) const override {
    return network.link(from, to, now_);
  }
  void set_link(NodeIndex from, NodeIndex to, const faults::Link& link) override {
    network.set_link(base::NodeId::of(name(from)), base::NodeId::of(name(to)), link);
  }

  [[nodiscard]] const std::string& name(NodeIndex node) const override { return nodes_[node].name; }
  [[nodiscard]] bool is_up(NodeIndex node) const override { return nodes_[node].up; }
  [[nodiscard]] bool is_synced(NodeIndex) const override { return true; }
  [[nodiscard]] const crdt::AwLwwMap* map(NodeIndex node) const override {
    return nodes_[node].up ? &nodes_[node].map : nullptr;
  }
  [[nodiscard]] std::optional<crdt::Value> get(NodeIndex node, std::string_view key) override {
    const auto it = nodes_[node].table.find(std::string(key));
    return it == nodes_[node].table.end() ? std::nullopt : std::optional(it->second);
  }
  [[nodiscard]] std::map<crdt::Key, crdt::Value> to_map(NodeIndex node) const override {
    return nodes_[node].table;
  }
  [[nodiscard]] std::vector<members::Member> members(NodeIndex node) const override {
    return nodes_[node].view;
  }
  [[nodiscard]] std::vector<supervisor::ChildRow> children(NodeIndex node) const override {
    return nodes_[node].children;
  }
  [[nodiscard]] std::optional<ChildState> child(NodeIndex node,
                                                const supervisor::ChildId& id) const override {
    const auto it = nodes_[node].child_states.find(id);
    return it == nodes_[node].child_states.end() ? std::nullopt : std::optional(it->second);
  }
  [[nodiscard]] supervisor::ChildId static_child(const std::string& name) const override {
    return supervisor::static_child_id("fake", name);
  }
  [[nodiscard]] bool has_quorum(NodeIndex node) const override { return nodes_[node].quorum; }
  [[nodiscard]] base::Duration quorum_stop_bound(std::size_t) const override {
    return base::seconds(3);
  }
  [[nodiscard]] NodeSizes sizes(NodeIndex node) const override { return nodes_[node].sizes; }
  [[nodiscard]] std::vector<KindTally> traffic(NodeIndex node) const override {
    return {{.kind = kKindTotal, .bytes = nodes_[node].push_bytes},
            {.kind = "push", .bytes = nodes_[node].push_bytes}};
  }
  void reset_maxima() override {}
  [[nodiscard]] base::Bytes recent_datagram(std::uint64_t) const override { return {}; }

  faults::Network network{1};

 private:
  std::deque<Node> nodes_;
  base::Instant now_;
  bool stopped_ = false;
  crdt::Stamp clock_ = 0;
};

}  // namespace horde::scenario
