#include "node/copies.hpp"

#include <algorithm>
#include <utility>

#include "process/child_spec.hpp"
#include "supervisor/spec_codec.hpp"
#include "wire/limits.hpp"

namespace horde::node {
namespace {

// A token as its process sees it: enough to compare, in an order that bytes keep.
base::Bytes token_bytes(const supervisor::Token& token) {
  wire::Writer writer;
  supervisor::write_claim(writer, token.claim);
  writer.varint(token.start);
  return std::move(writer).take();
}

process::ExitReason asked_with(const supervisor::StopCopy& order) {
  std::string why(supervisor::to_string(order.reason));
  if (order.reason == supervisor::StopReason::duplicate) {
    why += "(" + supervisor::to_string(order.winner) + ")";
  }
  return process::ExitReason::shutdown(why);
}

}  // namespace

base::Bytes encode(const Program& program) {
  wire::Writer writer;
  writer.blob(program.type);
  process::write_args(writer, program.args);
  return std::move(writer).take();
}

wire::Decoded<Program> decode_program(base::BytesView bytes) {
  wire::Reader reader(bytes);
  Program out;
  out.type = base::Bytes(reader.blob(wire::kProcessNameBytesMax));
  out.args = process::read_args(reader);
  return reader.finish(std::move(out));
}

std::string refusal_of_start(base::BytesView start) {
  const auto program = decode_program(start);
  if (!program) {
    return "start: wants a process type with arguments (" + wire::to_string(program.error()) + ")";
  }
  return program->type.empty() ? "start: wants the name of a process type" : "";
}

base::Bytes encode(const process::Pid& pid) {
  wire::Writer writer;
  writer.fixed64(pid.run.node.value);
  writer.varint(pid.run.start);
  writer.varint(pid.serial);
  return std::move(writer).take();
}

std::optional<process::Pid> decode_pid(base::BytesView bytes) {
  wire::Reader reader(bytes);
  process::Pid pid;
  pid.run.node.value = reader.fixed64();
  pid.run.start = reader.varint();
  pid.serial = reader.varint();
  const auto whole = reader.finish(pid);
  return whole && !whole->is_none() ? std::optional(*whole) : std::nullopt;
}

Copies::Copies(process::Runtime& runtime, base::BytesView name, process::Args extra_arguments)
    : runtime_(&runtime),
      port_(runtime.open_port(name)),
      extra_arguments_(std::move(extra_arguments)) {}

void Copies::start(base::Now now, const supervisor::StartCopy& order,
                   supervisor::Supervisor& supervisor, process::Outputs& processes,
                   supervisor::Outputs& out) {
  const wire::Decoded<Program> program = decode_program(order.spec.start);
  if (!program) {
    supervisor.copy_failed(now, order.id, "start: not a process type with arguments", out);
    return;
  }
  process::Args args = extra_arguments_;
  args.insert(args.end(), program->args.begin(), program->args.end());
  std::expected<process::Pid, process::Refusal> pid = process::Pid{};
  const auto spawn = [&](process::Context& context) {
    pid = context.spawn({.type = program->type,
                         .args = std::move(args),
                         .token = token_bytes(order.token),
                         .report_start = true});
    if (pid) {
      // Before its init, which may want a name, and be asked whose copy it is.
      copies_[order.id] = {.pid = *pid,
                           .monitor = context.monitor(*pid),
                           .shutdown = order.spec.effective_shutdown(),
                           .claim = order.token.claim,
                           .birth_ns = order.birth_ns,
                           .has_run = order.has_run};
      by_pid_[*pid] = order.id;
    }
  };
  runtime_->act(now, port_, spawn, processes);
  if (!pid) {
    supervisor.copy_failed(now, order.id, base::Bytes(process::to_string(pid.error())), out);
    return;
  }
  out.add(supervisor::Told{.topic = "copy_starting", .id = order.id, .value = order.token.start});
}

void Copies::stop(base::Now now, const supervisor::StopCopy& order, process::Outputs& processes) {
  const auto it = copies_.find(order.id);
  if (it == copies_.end()) {
    return;  // Its end is under way.
  }
  Copy& copy = it->second;
  const base::Duration grace = std::min(copy.shutdown.grace, order.grace_max);
  const base::Instant kill_at = grace < supervisor::Shutdown::kForever
                                    ? now.mono + std::max(grace, base::Duration{})
                                    : base::Instant::never();
  if (copy.stopping && copy.kill_at <= kill_at) {
    return;
  }
  const bool asked = std::exchange(copy.stopping, true);
  copy.kill_at = kill_at;
  const auto ask = [&](process::Context& context) {
    if (copy.kill_timer) {
      kill_timers_.erase(*copy.kill_timer);
      (void)context.cancel(*std::exchange(copy.kill_timer, std::nullopt));
    }
    if (kill_at <= now.mono) {
      context.exit(copy.pid, process::ExitReason::kill());
      return;
    }
    if (!asked) {
      context.exit(copy.pid, asked_with(order));
    }
    if (kill_at == base::Instant::never()) {
      return;
    }
    if (const auto timer = context.send_after(grace, {})) {
      copy.kill_timer = *timer;
      kill_timers_[*timer] = copy.pid;
    } else {
      context.exit(copy.pid, process::ExitReason::kill());  // Too many timers: no grace.
    }
  };
  runtime_->act(now, port_, ask, processes);
}

void Copies::on_arrival(base::Now now, const process::Envelope& what,
                        supervisor::Supervisor& supervisor, process::Outputs& processes,
                        supervisor::Outputs& out) {
  const auto* info = std::get_if<process::Info>(&what);
  if (info == nullptr) {
    return;  // Nobody has a reason to call us.
  }
  if (const auto* started = std::get_if<process::Started>(info)) {
    on_started(now, *started, supervisor, processes, out);
  } else if (const auto* down = std::get_if<process::Down>(info)) {
    on_down(now, *down, supervisor, processes, out);
  } else if (const auto* timeout = std::get_if<process::Timeout>(info)) {
    if (const auto late = kill_timers_.extract(timeout->timer)) {
      runtime_->act(
          now, port_,
          [&](process::Context& context) {
            context.exit(late.mapped(), process::ExitReason::kill());
          },
          processes);
    }
  }
}

void Copies::on_started(base::Now now, const process::Started& started,
                        supervisor::Supervisor& supervisor, process::Outputs& processes,
                        supervisor::Outputs& out) {
  const Entry copy = find(started.pid);
  if (copy == copies_.end()) {
    return;
  }
  const supervisor::ChildId id = copy->first;
  if (started.outcome == process::Started::Outcome::ok) {
    out.add(supervisor::Told{.topic = "copy_up", .id = id});
    supervisor.copy_started(now, id, encode(started.pid), started.info, out);
    return;
  }
  // There is no process, so nothing more is to be heard of it.
  const process::MonitorRef monitor = copy->second.monitor;
  runtime_->act(
      now, port_, [&](process::Context& context) { context.demonitor(monitor); }, processes);
  const std::optional<supervisor::Conflict> conflict = copy->second.conflict;
  const bool ignored = started.outcome == process::Started::Outcome::ignore;
  const bool stopped = copy->second.stopping;
  const supervisor::Ignored why =
      ignored && why_ignored_ ? why_ignored_(started.pid) : supervisor::Ignored{};
  erase(copy);
  const std::uint64_t how = conflict ? 2U : stopped ? 3U : ignored ? 0U : 1U;
  out.add(supervisor::Told{.topic = "copy_failed", .id = id, .value = how});
  if (conflict) {
    supervisor.copy_conflicted(now, id, *conflict, out);
  } else if (ignored) {
    supervisor.copy_ignored(now, id, why, out);
  } else {
    supervisor.copy_failed(now, id, to_string(started.reason), out);
  }
}

void Copies::on_down(base::Now now, const process::Down& down, supervisor::Supervisor& supervisor,
                     process::Outputs& processes, supervisor::Outputs& out) {
  const Entry copy = find(down.pid);
  if (copy == copies_.end()) {
    return;
  }
  const supervisor::ChildId id = copy->first;
  const bool stopping = copy->second.stopping;
  const std::optional<supervisor::Conflict> conflict = copy->second.conflict;
  if (const auto timer = copy->second.kill_timer) {
    kill_timers_.erase(*timer);
    runtime_->act(
        now, port_, [&](process::Context& context) { (void)context.cancel(*timer); }, processes);
  }
  erase(copy);
  using Exit = supervisor::Supervisor::Exit;
  const bool normal = down.reason.is_normal_exit();
  const std::uint64_t how = stopping ? 0U : conflict ? 3U : normal ? 1U : 2U;
  out.add(supervisor::Told{.topic = "copy_down", .id = id, .value = how});
  if (stopping) {
    supervisor.copy_stopped(now, id, out);
  } else if (conflict) {
    supervisor.copy_conflicted(now, id, *conflict, out);
  } else {
    supervisor.copy_exited(now, id, normal ? Exit::normal : Exit::abnormal, to_string(down.reason),
                           out);
  }
}

void Copies::note_conflict(const process::Pid& pid, bool same_child,
                           const supervisor::Claim& winner) {
  const Entry copy = find(pid);
  if (copy == copies_.end()) {
    return;
  }
  std::optional<supervisor::Conflict>& noted = copy->second.conflict;
  if (!noted || (same_child && (!noted->same_child || noted->winner < winner))) {
    noted = supervisor::Conflict{.same_child = same_child, .winner = winner};
  }
}

std::optional<Copies::ChildOf> Copies::child_of(const process::Pid& pid) const {
  const auto id = by_pid_.find(pid);
  if (id == by_pid_.end()) {
    return std::nullopt;
  }
  const Copy& copy = copies_.at(id->second);
  return ChildOf{
      .id = id->second, .claim = copy.claim, .birth_ns = copy.birth_ns, .has_run = copy.has_run};
}

Copies::Entry Copies::find(const process::Pid& pid) {
  const auto id = by_pid_.find(pid);
  return id == by_pid_.end() ? copies_.end() : copies_.find(id->second);
}

void Copies::erase(Entry copy) {
  by_pid_.erase(copy->second.pid);
  copies_.erase(copy);
}

std::vector<supervisor::ChildId> Copies::ids() const {
  std::vector<supervisor::ChildId> out;
  for (const auto& [id, copy] : copies_) {
    out.push_back(id);
  }
  return out;
}

}  // namespace horde::node
