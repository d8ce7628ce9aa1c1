// HordeWorld: a simulated world whose nodes are node::Node.
#pragma once

#include "node/node.hpp"
#include "process/builtin_types.hpp"
#include "process/start_faults.hpp"
#include "scenario/scenario.hpp"
#include "sim/horde/sim_world.hpp"

namespace horde::sim {

class HordeWorld final : public SimWorld {
 public:
  /// `scenario` must live as long as the world.
  HordeWorld(const scenario::Scenario& scenario, std::uint64_t seed);

  scenario::CallResult call(scenario::NodeIndex node, base::CallId id,
                            const scenario::Call& call) override;
  [[nodiscard]] bool is_synced(scenario::NodeIndex node) const override;
  [[nodiscard]] const crdt::AwLwwMap* map(scenario::NodeIndex node) const override;
  [[nodiscard]] std::optional<crdt::Value> get(scenario::NodeIndex node,
                                               std::string_view key) override;
  [[nodiscard]] std::map<crdt::Key, crdt::Value> to_map(scenario::NodeIndex node) const override;
  [[nodiscard]] std::vector<members::Member> members(scenario::NodeIndex node) const override;
  [[nodiscard]] std::vector<supervisor::ChildRow> children(scenario::NodeIndex node) const override;
  [[nodiscard]] std::optional<scenario::ChildState> child(
      scenario::NodeIndex node, const supervisor::ChildId& id) const override;
  [[nodiscard]] supervisor::ChildId static_child(const std::string& name) const override;
  [[nodiscard]] bool has_quorum(scenario::NodeIndex node) const override;
  [[nodiscard]] base::Duration quorum_stop_bound(std::size_t nodes) const override;
  void set_start_fault(scenario::NodeIndex node,
                       std::optional<scenario::StartFaults::Mode> fault) override;
  [[nodiscard]] scenario::NodeSizes sizes(scenario::NodeIndex node) const override;

  // world_names.cpp
  [[nodiscard]] std::vector<scenario::NameRow> holders(scenario::NodeIndex node,
                                                       base::BytesView name) const override;
  [[nodiscard]] std::optional<scenario::NameRow> lookup(scenario::NodeIndex node,
                                                        base::BytesView name) const override;
  [[nodiscard]] std::vector<base::Bytes> names_of(scenario::NodeIndex node,
                                                  const process::Pid& pid) const override;
  [[nodiscard]] std::vector<scenario::NameRow> names(scenario::NodeIndex node) const override;
  [[nodiscard]] std::size_t names_count(scenario::NodeIndex node) const override;
  [[nodiscard]] std::optional<base::Bytes> meta(scenario::NodeIndex node,
                                                base::BytesView key) const override;
  [[nodiscard]] const crdt::AwLwwMap* registry_map(scenario::NodeIndex node) const override;
  [[nodiscard]] std::vector<members::Member> registry_members(
      scenario::NodeIndex node) const override;
  [[nodiscard]] bool is_registry_stopped(scenario::NodeIndex node) const override;
  [[nodiscard]] base::RunId run(scenario::NodeIndex node) const override;
  [[nodiscard]] bool sees(scenario::NodeIndex node, const base::RunId& run) const override;
  [[nodiscard]] bool is_alive(scenario::NodeIndex node, const process::Pid& pid) const override;
  [[nodiscard]] std::optional<process::Pid> process(scenario::NodeIndex node,
                                                    const std::string& name) const override;
  [[nodiscard]] faults::Channels channels(scenario::WhichHorde which) const override;

 protected:
  [[nodiscard]] MachineFactory factory() override;
  [[nodiscard]] std::span<const std::string_view> kinds() const override;
  [[nodiscard]] scenario::WorldStep step_of(const StepInfo& step) override;

 private:
  [[nodiscard]] const node::Node& node(scenario::NodeIndex index) const;
  /// What this step did to one horde's map; valid until the next one.
  struct Changes {
    std::vector<crdt::Change> touched;
    std::vector<crdt::Event> written;
  };

  const scenario::Scenario* scenario_;
  bool has_registry_;
  std::map<std::string, process::StartFault, std::less<>> start_faults_;  // By node.
  Changes changes_;                                                       // Of the present step.
  Changes registry_changes_;
  std::vector<base::Bytes> names_touched_;
};

}  // namespace horde::sim
