// Context: the runtime as one process sees it.
#include "base/assert.hpp"
#include "process/runtime.hpp"

namespace horde::process {

Pid Context::self() const {
  return process_->pid;
}

Pid Context::parent() const {
  return process_->parent;
}

const base::Bytes& Context::token() const {
  return process_->token;
}

base::Now Context::now() const {
  return runtime_->now_;
}

base::Rng& Context::rng() {
  return process_->rng;
}

std::expected<Pid, Refusal> Context::spawn(SpawnOptions options) {
  return runtime_->spawn(*process_, std::move(options));
}

std::expected<void, Refusal> Context::send(const Pid& to, base::BytesView message) {
  return runtime_->send(*process_, Signal::Kind::message, to, message);
}

std::expected<void, Refusal> Context::cast(const Pid& to, base::BytesView message) {
  return runtime_->send(*process_, Signal::Kind::cast, to, message);
}

CallRef Context::call(const Pid& to, base::BytesView request, base::Duration timeout) {
  return runtime_->call(*process_, to, request, timeout);
}

void Context::reply(const Caller& caller, base::BytesView answer) {
  runtime_->reply(*process_, caller, answer);
}

MonitorRef Context::monitor(const Pid& target) {
  return runtime_->monitor(*process_, target);
}

void Context::demonitor(MonitorRef monitor) {
  runtime_->demonitor(*process_, monitor);
}

void Context::link(const Pid& other) {
  runtime_->link(*process_, other);
}

void Context::unlink(const Pid& other) {
  runtime_->unlink(*process_, other);
}

void Context::exit(const Pid& to, const ExitReason& reason) {
  if (!to.is_none()) {
    runtime_->route(
        {.kind = Signal::Kind::exit, .from = process_->pid, .to = to, .reason = reason});
  }
}

void Context::trap_exit(Trap trap) {
  if (!process_->is_port) {
    process_->trap = trap;
  }
}

std::expected<TimerRef, Refusal> Context::send_after(base::Duration after,
                                                     base::BytesView message) {
  return runtime_->send_after(*process_, after, message);
}

bool Context::cancel(TimerRef timer) {
  return runtime_->cancel(*process_, timer);
}

void Context::stop(ExitReason reason) {
  if (!process_->stop && !process_->doom) {
    process_->stop = std::move(reason);
  }
}

void Context::finish_init(Init init) {
  if (process_->phase == Process::Phase::initialising && !process_->init_result) {
    process_->init_result = std::move(init);
  }
}

std::expected<void, Refusal> Context::register_name(base::BytesView name) {
  return runtime_->register_name(*process_, name);
}

void Context::unregister_name(base::BytesView name) {
  runtime_->unregister_name(*process_, name);
}

NamesOf Context::names(base::BytesView registry) {
  return {runtime_->registry(registry), runtime_->now_, process_->pid};
}

std::optional<Pid> Context::whereis(const Via& via) const {
  const auto entry = runtime_->registry(via.registry).lookup(via.key);
  return entry ? std::optional(entry->pid) : std::nullopt;
}

std::expected<void, Refusal> Context::send(const Via& to, base::BytesView message) {
  const auto pid = whereis(to);
  return pid ? send(*pid, message) : std::unexpected(Refusal::noproc);
}

std::expected<void, Refusal> Context::cast(const Via& to, base::BytesView message) {
  const auto pid = whereis(to);
  return pid ? cast(*pid, message) : std::unexpected(Refusal::noproc);
}

CallRef Context::call(const Via& to, base::BytesView request, base::Duration timeout) {
  return call(whereis(to).value_or(Pid{}), request, timeout);
}

std::optional<Pid> Context::whereis(base::BytesView name) const {
  return runtime_->whereis(name);
}

bool Context::is_alive(const Pid& pid) const {
  return runtime_->is_alive(pid);
}

NameResult NamesOf::register_name(const Registration& what) {
  return names_->register_name(now_, self_, what);
}

NameResult NamesOf::unregister_name(base::BytesView key) {
  return names_->unregister_name(now_, self_, key);
}

std::size_t NamesOf::unregister_match(base::BytesView key, const NamePredicate& which) {
  return names_->unregister_match(now_, self_, key, which);
}

std::expected<UpdatedValue, NameRefusal> NamesOf::update_value(
    base::BytesView key, const std::function<base::Bytes(base::BytesView)>& change) {
  return names_->update_value(now_, self_, key, change);
}

NameResult NamesOf::put_meta(base::BytesView key, base::Bytes value) {
  return names_->put_meta(now_, key, std::move(value));
}

NameResult NamesOf::delete_meta(base::BytesView key) {
  return names_->delete_meta(now_, key);
}

}  // namespace horde::process
