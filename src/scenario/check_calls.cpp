#include "scenario/check_calls.hpp"

namespace horde::scenario {
namespace {

// What a deadline by the node's own clock may come later by: its drift, and inputs that it handles
// late.
constexpr base::Duration kSlack = base::milliseconds(250);
constexpr std::int64_t kDriftShare = 10;

}  // namespace

void CallsChecker::on_call(NodeIndex node, base::CallId call, Asked asked) {
  OfNode& of = open_[node];
  const base::Instant until = world_->now() + asked.timeout + asked.timeout / kDriftShare + kSlack;
  of.calls[call.value] = {.asked = std::move(asked), .until = until};
  of.by_time.emplace(until, call.value);
}

void CallsChecker::on_not_made(NodeIndex node, base::CallId call) {
  OfNode& of = open_[node];
  if (const auto open = of.calls.extract(call.value)) {
    of.by_time.erase({open.mapped().until, call.value});
  }
}

void CallsChecker::on_resume(NodeIndex node) {
  paused_.erase(node);
  OfNode& of = open_[node];
  of.by_time.clear();
  for (auto& [call, open] : of.calls) {
    open.until = std::max(open.until, world_->now() + kSlack);
    of.by_time.emplace(open.until, call);
  }
}

void CallsChecker::on_step(const WorldStep& step) {
  look(step.node, step.at);
}

void CallsChecker::look(NodeIndex node, base::Instant now) {
  const auto it = open_.find(node);
  if (it == open_.end() || paused_.contains(node)) {
    return;
  }
  OfNode& of = it->second;
  while (!of.by_time.empty() && of.by_time.begin()->first < now) {
    const auto open = of.calls.extract(of.by_time.begin()->second);
    of.by_time.erase(of.by_time.begin());
    findings_.add({.id = "A8",
                   .node = world_->name(node),
                   .text = open.mapped().asked.what + " is not answered, " +
                           to_text(open.mapped().asked.timeout) + " after it was asked for"});
  }
}

void CallsChecker::on_answer(base::Instant /*at*/, NodeIndex node, const base::Answer& answer) {
  OfNode& of = open_[node];
  const auto open = of.calls.extract(answer.call.value);
  if (!open) {
    return;
  }
  of.by_time.erase({open.mapped().until, answer.call.value});
  const Asked& asked = open.mapped().asked;
  if (!asked.answer.empty() && asked.answer != answer.status) {
    unwanted_.add({.id = "answer",
                   .node = world_->name(node),
                   .text = asked.what + " is answered with " + std::string(answer.status) + "; " +
                           asked.answer + " was expected"});
  } else if (asked.detail && answer.status == "ok" && *asked.detail != answer.detail) {
    unwanted_.add({.id = "answer",
                   .node = world_->name(node),
                   .text = asked.what + " is answered with ok and \"" +
                           base::printable(answer.detail) + "\"; \"" +
                           base::printable(*asked.detail) + "\" was expected"});
  }
}

void CallsChecker::on_down(base::Instant /*at*/, NodeIndex node, DownWhy /*why*/) {
  open_.erase(node);
  paused_.erase(node);
}

void CallsChecker::check_all(Group live) {
  for (const NodeIndex node : live) {
    look(node, world_->now());
  }
}

}  // namespace horde::scenario
