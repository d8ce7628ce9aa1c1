// A8: every call ends within its deadline; and what calls are expected to be answered with.
#pragma once

#include <map>
#include <set>

#include "scenario/checker.hpp"

namespace horde::scenario {

/// Calls of children have a deadline of their own; a write waits for the first sync at most. What a
/// node did not answer before it went down is not expected any more; a paused or slow one answers
/// when it goes on.
class CallsChecker final : public Checker {
 public:
  struct Asked {
    std::string what;                     ///< For messages: "start_children child-3".
    base::Duration timeout;               ///< By the caller.
    WantedAnswer answer;                  ///< What it must be answered with; empty: anything.
    std::optional<base::Bytes> detail{};  ///< The same of the detail of an ok.
  };

  explicit CallsChecker(World& world) : world_(&world) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"A8"}; }

  /// To be told before its answer comes.
  void on_call(NodeIndex node, base::CallId call, Asked asked);
  /// The call did not reach its node.
  void on_not_made(NodeIndex node, base::CallId call);
  /// It does nothing, or everything late, until it goes on.
  void on_pause(NodeIndex node) { paused_.insert(node); }
  void on_resume(NodeIndex node);

  void on_step(const WorldStep& step) override;
  void on_answer(base::Instant at, NodeIndex node, const base::Answer& answer) override;
  void on_down(base::Instant at, NodeIndex node, DownWhy why) override;
  void check_all(Group live) override;

  /// Answers that were not those wanted.
  [[nodiscard]] const Findings& unwanted() const { return unwanted_; }

 private:
  struct Open {
    Asked asked;
    base::Instant until;
  };
  struct OfNode {
    std::map<std::uint64_t, Open> calls;
    std::set<std::pair<base::Instant, std::uint64_t>> by_time;
  };

  void look(NodeIndex node, base::Instant now);

  World* world_;
  std::map<NodeIndex, OfNode> open_;
  std::set<NodeIndex> paused_;
  Findings unwanted_;
};

}  // namespace horde::scenario
