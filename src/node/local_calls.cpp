#include "node/local_calls.hpp"

namespace horde::node {

using process::Context;

LocalCalls::LocalCalls(process::Runtime& runtime)
    : runtime_(&runtime), port_(runtime.open_port("calls")) {}

void LocalCalls::spawn(base::Now now, base::CallId call, SpawnCall request,
                       process::Outputs& processes, Answers& answers) {
  std::expected<process::Pid, process::Refusal> pid;
  const auto body = [&](Context& context) {
    pid = context.spawn({.type = std::move(request.type),
                         .args = std::move(request.args),
                         .report_start = true,
                         .name = std::move(request.name),
                         .via = std::move(request.via)});
    if (pid) {
      spawns_[*pid] = call;
    }
  };
  runtime_->act(now, port_, body, processes);
  if (!pid) {
    answers.push_back({.call = call, .status = to_string(pid.error()), .detail = {}});
  }
}

void LocalCalls::exit(base::Now now, const process::Pid& pid, const process::ExitReason& reason,
                      process::Outputs& processes) {
  runtime_->act(
      now, port_, [&](Context& context) { context.exit(pid, reason); }, processes);
}

std::string_view LocalCalls::send(base::Now now, const process::Pid& to, base::BytesView message,
                                  process::Outputs& processes) {
  std::expected<void, process::Refusal> sent;
  runtime_->act(
      now, port_, [&](Context& context) { sent = context.send(to, message); }, processes);
  return sent ? "ok" : to_string(sent.error());
}

void LocalCalls::call(base::Now now, base::CallId call, const process::Pid& to,
                      base::BytesView request, base::Duration timeout,
                      process::Outputs& processes) {
  const auto body = [&](Context& context) { calls_[context.call(to, request, timeout)] = call; };
  runtime_->act(now, port_, body, processes);
}

void LocalCalls::on_arrival(const process::Envelope& what, Answers& answers) {
  const auto* const info = std::get_if<process::Info>(&what);
  if (info == nullptr) {
    return;  // Nobody has a reason to call us.
  }
  if (const auto* started = std::get_if<process::Started>(info)) {
    const auto spawn = spawns_.extract(started->pid);
    if (spawn.empty()) {
      return;
    }
    switch (started->outcome) {
      case process::Started::Outcome::ok:
        answers.push_back({spawn.mapped(), "ok", to_string(started->pid)});
        return;
      case process::Started::Outcome::ignore:
        answers.push_back({spawn.mapped(), "ignore", {}});
        return;
      case process::Started::Outcome::error:
        answers.push_back({spawn.mapped(), "error", to_string(started->reason)});
        return;
    }
  }
  if (const auto* ended = std::get_if<process::CallEnded>(info)) {
    const auto call = calls_.extract(ended->call);
    if (!call.empty()) {
      const bool ok = ended->status == process::CallEnded::Status::ok;
      answers.push_back({call.mapped(), to_string(ended->status),
                         ok ? ended->reply : base::Bytes(to_string(ended->reason))});
    }
  }
}

}  // namespace horde::node
