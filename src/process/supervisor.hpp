// Supervisor: a process that supervises children on this node; itself a child like any other.
//
// Type "supervisor"; its one argument is encode(SupervisorOptions), none means the defaults.
// Requests and answers are in supervisor_messages.hpp. start_child answers once the child's init
// has; terminate_child once the child is gone. Asked to end by its parent, or by
// OnIntensity::shutdown, it stops all children first, each within its own time. init answers when
// the first try of each given child is over, and fails with the first one that fails. Source:
// Elixir's DynamicSupervisor (ids are replaced by random ones), and Supervisor's init. Deviations:
// restart_policy.hpp; which_children tells ids and states, so that a quarantined child is seen and
// can be released or terminated by its id.
#pragma once

#include <map>
#include <set>

#include "process/supervisor_messages.hpp"

namespace horde::process {

class Supervisor final : public Server {
 public:
  Init init(Context& context, const Args& args) override;
  void handle_call(Context& context, const Request& request) override;
  void handle_info(Context& context, const Info& info) override;

 private:
  void handle(Context& context, const Caller& from, supervisor::StartChild& request);
  void handle(Context& context, const Caller& from, const supervisor::TerminateChild& request);
  void handle(Context& context, const Caller& from, const supervisor::WhichChildren& request);
  void handle(Context& context, const Caller& from, const supervisor::CountChildren& request);
  void handle(Context& context, const Caller& from, const supervisor::Release& request);
  void on_event(Context& context, const ChildEvent& event);
  void on_first_start(Context& context, const ChildEvent& event);
  void shut_down(Context& context, ExitReason reason);
  void settle(Context& context);
  [[nodiscard]] std::optional<base::Bytes> id_of(const supervisor::Target& target) const;

  std::optional<Supervision> children_;
  std::multimap<base::Bytes, Caller> starters_;     // By id of the child: who waits for its start,
  std::multimap<base::Bytes, Caller> terminators_;  // or its end.
  std::set<base::Bytes> first_;                     // Children that init waits for.
  std::optional<ExitReason> stopping_;              // All children first.
};

/// Adds the type "supervisor".
void add_supervisor_type(ProcessTypes& types);

}  // namespace horde::process
