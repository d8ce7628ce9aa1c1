// Actions: carries out the steps of a timeline in a world. Settling is the runner's.
#pragma once

#include "scenario/run_context.hpp"

namespace horde::scenario {

class Actions {
 public:
  explicit Actions(RunContext& run) : run_(&run) {}

  /// Carries out `action` now. `step` is its place in the timeline and `repetition` which time it
  /// is: what chance in it is keyed by.
  void perform(const Action& action, std::uint64_t step, std::uint64_t repetition);
  /// Starts a node that is down, whatever it is down for.
  void start(NodeIndex node);
  /// Ends its pause and its slowness.
  void relieve(NodeIndex node);

 private:
  using Nodes = std::vector<NodeIndex>;
  struct Place {
    std::uint64_t step = 0;
    std::uint64_t repetition = 0;
  };

  // calls.cpp: what clients do.
  void on(const Put& put, Place place);
  void on(const Remove& remove, Place place);
  void on(const PutMany& many, Place place);
  void on(const RemoveMany& many, Place place);
  void on(const Merge& merge, Place place);
  void on(const Drop& drop, Place place);
  void on(const Workload& load, Place place);
  void on(const SetMembers& set, Place place);
  // A put, a remove, or a bulk of them.
  void write(NodeIndex node, const Call& call);
  // The id of the call that comes next.
  [[nodiscard]] base::CallId next_call() const { return {last_call_ + 1}; }
  void put(NodeIndex node, std::string key, std::string value);
  struct Spread {
    std::int64_t count = 0;
    base::Duration over;
    base::Duration begin;
    std::function<void(std::int64_t)> one;
  };
  // Calls `one(i)` for i from 0 to `count` - 1, evenly over `over`, from now on.
  void spread(std::int64_t count, base::Duration over, std::function<void(std::int64_t)> one);
  void go_on(Spread spread, std::int64_t i);
  [[nodiscard]] std::optional<NodeIndex> turn(const Nodes& nodes, std::int64_t i) const;

  // child_calls.cpp
  void on(const StartChildren& start, Place place);
  void on(const TerminateChildren& terminate, Place place);
  void on(const ReleaseChildren& release, Place place);
  void on(const WaitForQuorum& wait, Place place);
  void on(const StartFaults& faults, Place place);
  void follow_name(const std::string& child, const std::vector<std::string>& args);
  template <class Step, class One>
  void for_children(const Step& step, const Nodes& nodes, std::int64_t i, One&& one);
  void call(NodeIndex node, const Call& call, CallsChecker::Asked asked);

  // process_calls.cpp: processes of no supervisor, and the names that they take and give up.
  void on(const StartProcesses& start, Place place);
  void on(const StopProcesses& stop, Place place);
  void on(const RegisterNames& names, Place place);
  void on(const UnregisterNames& names, Place place);
  void on(const UnregisterMatch& match, Place place);
  void on(const UpdateValues& values, Place place);
  /// Where a process is, or was when it ended.
  struct Home {
    NodeIndex node = 0;
    process::Pid pid;
  };
  [[nodiscard]] std::optional<Home> find_process(const std::string& name) const;
  [[nodiscard]] std::optional<Home> find_holder(const std::string& name) const;
  [[nodiscard]] std::optional<Home> who(const std::optional<std::string>& process,
                                        std::int64_t number, const std::string& name);
  void spawn(NodeIndex node, const SpawnCall& request, const WantedAnswer& answer);
  void register_name(const RegisterNames& names, NodeIndex node, std::int64_t number);

  // name_calls.cpp: calls that are about names, and no process's own.
  void on(const PutMeta& put, Place place);
  void on(const DeleteMeta& del, Place place);
  void on(const SendToNames& send, Place place);
  void on(const CallNames& calls, Place place);
  void on(const Barrier& barrier, Place place);
  void on(const StopRegistry& stop, Place place);

  // name_expectations.cpp: what is read of names, and compared.
  void on(const GetMeta& get, Place place);
  void on(const Lookup& lookup, Place place);
  void on(const SelectNames& select, Place place);
  void expect_names(NodeIndex node, const Expect& expect,
                    const std::map<std::string, std::optional<NodeIndex>>& held);

  // expectations.cpp: what is read, and compared.
  void on(const Get& get, Place place);
  void on(const Take& take, Place place);
  void on(const Expect& expect, Place place);
  void expect_value(NodeIndex node, std::string_view step, const std::string& key,
                    const std::optional<std::string>& value);
  void expect_count(NodeIndex node, std::int64_t count, const std::optional<std::int64_t>& wanted,
                    std::string_view what);
  void expect_children(NodeIndex node, const Expect& expect);
  void expect_running(const Nodes& nodes, std::int64_t wanted);
  void expect_members(NodeIndex node, const Expect& expect, const Nodes& alive, const Nodes& dead);
  void on(const Measure& measure, Place place);
  void expect_metrics(const Expect& expect);
  void expect_converged(const Nodes& nodes, bool wanted);
  void fail(std::string_view step, NodeIndex node, std::string_view key, std::string text);

  // node_actions.cpp: nodes come, go and suffer.
  void on(const Join& join, Place place);
  void on(const Leave& leave, Place place);
  void on(const Stop& stop, Place place);
  void on(const Crash& crash, Place place);
  void on(const Restart& restart, Place place);
  void on(const Pause& pause, Place place);
  void on(const Resume& resume, Place place);
  void on(const Slow& slow, Place place);
  void on(const Clock& clock, Place place);
  void on(const Hint& hint, Place place);
  void on(const Garbage& garbage, Place place);
  void end_gracefully(const Nodes& nodes, Cluster::State state,
                      const std::optional<base::Duration>& kill_after);
  void set_slow(NodeIndex node, base::Duration delay);
  void note_pace(NodeIndex node);
  void crash(NodeIndex node, Disk disk, std::int64_t records);
  void garbage(NodeIndex from, NodeIndex to, std::int64_t size_max, base::Rng rng);

  // network_actions.cpp
  void on(const Cut& cut, Place place);
  void on(const Heal& heal, Place place);
  void on(const Clog& clog, Place place);
  void on(const Unclog& unclog, Place place);
  void on(const Link& link, Place place);
  void on(const Channel& channel, Place place);
  [[nodiscard]] Cut concrete(const Cut& cut, Place place);
  [[nodiscard]] std::optional<faults::LinkSet> links_of(const Cut& cut);
  void end_after(NetworkFaults::FaultId fault, const std::optional<base::Duration>& lasts);
  template <class Change>
  void change_network(const Change& change);

  // A settle is carried out by the runner, a swarm was drawn before the run.
  void on(const Settle&, Place) {}
  void on(const Swarm&, Place) {}

  [[nodiscard]] Cluster::Resolver resolver(Place place) const;
  [[nodiscard]] Nodes running(Cluster::Resolver& resolve, const NodeSet& set) const;
  // Without those that have not joined yet, or have left.
  [[nodiscard]] Nodes present(Cluster::Resolver& resolve, const NodeSet& set) const;
  void tell(const Action& action);
  void later(base::Duration after, Schedule::Act act);

  RunContext* run_;
  std::uint64_t last_call_ = 0;
  std::map<std::string, NodeIndex> processes_;  // Where each was started last.
};

}  // namespace horde::scenario
