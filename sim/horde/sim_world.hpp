// SimWorld: the simulator as a World of scenarios: any protocol that a factory makes.
//
// It passes time, faults and calls on to sim::Simulator and what happens there to observers. What
// is the protocol's (calls, reads, sizes) is answered by a subclass: HordeWorld for node::Node.
#pragma once

#include <deque>

#include "scenario/world.hpp"
#include "sim/core/simulator.hpp"

namespace horde::sim {

class SimWorld : public scenario::World, private Observer {
 public:
  explicit SimWorld(SimulatorOptions options);
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  [[nodiscard]] Simulator& simulator() { return simulator_; }
  [[nodiscard]] const Simulator& simulator() const { return simulator_; }

  void add_observer(scenario::WorldObserver& observer) override { told_.push_back(&observer); }

  [[nodiscard]] base::Instant now() const override { return simulator_.now(); }
  void run_until(base::Instant end) override;
  void stop() override;
  [[nodiscard]] bool is_stopped() const override { return simulator_.stop_reason().has_value(); }
  [[nodiscard]] std::string problem() const override;

  scenario::NodeIndex add_node(const scenario::NodeOptions& options) override;
  void start(scenario::NodeIndex node) override { simulator_.start(node); }
  void crash(scenario::NodeIndex node, const Loss& loss) override;
  void pause(scenario::NodeIndex node) override { simulator_.pause(node); }
  void resume(scenario::NodeIndex node) override { simulator_.resume(node); }
  void set_slow(scenario::NodeIndex node, base::Duration per_input) override {
    simulator_.set_slow(node, per_input);
  }
  void set_clock_offset(scenario::NodeIndex node, base::Duration offset) override;
  void step_clock(scenario::NodeIndex node, base::Duration by) override {
    simulator_.step_clock(node, by);
  }
  void set_clock_drift(scenario::NodeIndex node, scenario::Drift drift) override;
  void hint(scenario::NodeIndex node, scenario::NodeIndex peer, scenario::Hint::Kind kind) override;
  void inject(scenario::NodeIndex from, scenario::NodeIndex to,
              const base::Bytes& datagram) override;

  faults::RuleId add_rule(faults::Rule rule) override {
    return simulator_.add_rule(std::move(rule));
  }
  void heal(faults::RuleId rule) override { simulator_.heal(rule); }
  [[nodiscard]] faults::Link link(base::NodeId from, base::NodeId to) const override {
    return simulator_.network().link(from, to, simulator_.now());
  }
  void set_link(scenario::NodeIndex from, scenario::NodeIndex to,
                const faults::Link& link) override {
    simulator_.set_link(from, to, link);
  }

  [[nodiscard]] const std::string& name(scenario::NodeIndex node) const override {
    return simulator_.name(node);
  }
  [[nodiscard]] bool is_up(scenario::NodeIndex node) const override {
    return simulator_.is_up(node);
  }
  [[nodiscard]] std::vector<scenario::KindTally> traffic(scenario::NodeIndex node) const override;
  void reset_maxima() override { simulator_.reset_traffic_maxima(); }
  [[nodiscard]] base::Bytes recent_datagram(std::uint64_t choice) const override;

 protected:
  [[nodiscard]] virtual MachineFactory factory() = 0;
  /// The name of each kind that the simulator's classifier gives.
  [[nodiscard]] virtual std::span<const std::string_view> kinds() const = 0;
  /// A step as scenarios see it; valid until the next one.
  [[nodiscard]] virtual scenario::WorldStep step_of(const StepInfo& step) = 0;
  [[nodiscard]] const std::vector<scenario::WorldObserver*>& told() const { return told_; }

 private:
  void on_step(const StepInfo& step) override;
  void on_sent(base::Instant at, const Datagram& datagram) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) override;
  void on_ended(base::Instant at, NodeIndex node, const base::Ended& ended) override;
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  void on_down(base::Instant at, NodeIndex node, DownWhy why) override;

  Simulator simulator_;
  base::WallTime wall_start_;
  std::vector<scenario::WorldObserver*> told_;
  bool asked_to_stop_ = false;
  std::vector<base::Bytes> recent_;  // The last datagrams, one out of some: for garbage.
  std::uint64_t sent_ = 0;
};

}  // namespace horde::sim
