// Runner: runs one scenario in a world, from the forming of the cluster to the verdict.
//
//   form --> timeline (faults, calls, expectations) --> settle --> verdict
//    |                                                    ^
//    time 0                        faults of the core end, then the E-checks must hold
//
// Two phases, as often as the timeline says: under faults only safety is demanded (`always`), after
// a settle liveness within a bound (`eventually`). A run is a function of the scenario, the seed
// and the world.
#pragma once

#include <memory>
#include <set>

#include "scenario/actions.hpp"
#include "scenario/check_equality.hpp"
#include "scenario/probes.hpp"
#include "scenario/swarm.hpp"

namespace horde::scenario {

class Runner final : public WorldObserver {
 public:
  using Checkers = std::vector<std::unique_ptr<Checker>>;
  /// `own`: what the world's protocol is checked for beside the scenario's ids.
  Runner(const Scenario& scenario, std::uint64_t seed, World& world, Checkers own = {});
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// What the seed chose; known before the run.
  [[nodiscard]] const std::vector<Setting>& drawn() const { return drawn_; }
  /// Once. `hash` and `events` of the result are the caller's to fill in.
  [[nodiscard]] RunResult run();

  void on_step(const WorldStep& step) override;
  void on_down(base::Instant at, NodeIndex node, DownWhy why) override;

 private:
  // runner_setup.cpp
  void add_nodes();
  void add_checkers(Checkers own);
  void follow_children();
  void follow_names();
  template <class Use, class Keep>
  void add_name_checkers(const std::set<std::string>& wanted, const Use& use, const Keep& keep);
  void draw_swarms();
  void schedule_timeline();
  void schedule(const Step& step, std::uint64_t number, std::uint64_t repetition,
                base::Duration at);
  void form();
  [[nodiscard]] std::optional<std::string> unformed();

  // runner.cpp
  void play();
  void settle(const Settle& settle);
  [[nodiscard]] std::vector<NodeIndex> heal(const Settle& settle);
  // Why it did not settle; nothing if it did.
  [[nodiscard]] std::vector<Failure> wait(const std::vector<NodeIndex>& core,
                                          base::Duration within);
  [[nodiscard]] std::vector<Failure> look(const std::vector<NodeIndex>& core);
  void check_everything();
  void collect_failures();
  void fail(Failure failure, Verdict verdict);
  void advance(base::Duration to);
  void run_until(base::Instant time);
  void note_health();
  void note_convergence(const std::vector<NodeIndex>& nodes);
  void note_names(const std::vector<NodeIndex>& nodes);
  [[nodiscard]] std::vector<NodeIndex> replicating() const;
  [[nodiscard]] base::Duration slice() const;
  [[nodiscard]] bool is_over() const { return over_; }
  [[nodiscard]] RunResult result() const;

  RunContext run_;
  Actions actions_;
  MapsChecker maps_;
  ViewsChecker views_;
  Probes probes_;
  Checkers checkers_;
  std::vector<Checker*> always_;
  std::vector<Checker*> eventually_;
  std::vector<std::string> checked_;
  std::vector<Step> timeline_;  // With what swarms drew.
  std::vector<base::Duration> swarm_ends_;
  std::vector<Setting> drawn_;
  std::vector<Failure> failures_;
  Verdict verdict_ = Verdict::held;
  bool over_ = false;
  std::size_t unwanted_seen_ = 0;  // Of the answers, those that were collected.
  std::size_t unmet_seen_ = 0;     // Of the expectations, those that were collected.
  std::optional<Settle> settled_;  // The last one, while nothing was done since.

  // Convergence is measured from the end of the last fault, or a write after it; settle or not.
  bool was_healthy_ = true;
  std::optional<base::Instant> healed_;        // Since when nothing is wrong, while states differ.
  std::optional<base::Duration> converged_;    // How long it took after that.
  std::optional<base::Instant> names_healed_;  // The same, while names have not one holder each.
};

}  // namespace horde::scenario
