#include "process/supervisor.hpp"

#include "wire/codec.hpp"

namespace horde::process {
namespace {

using supervisor::Answer;

base::Bytes error(base::BytesView what) {
  return encode(Answer{.kind = Answer::Kind::error, .reason = ExitReason::error(what)});
}

base::Bytes random_id(Context& context) {
  wire::Writer writer;
  writer.fixed64(context.rng().next());
  writer.fixed64(context.rng().next());
  return std::move(writer).take();
}

void reply_all(Context& context, std::multimap<base::Bytes, Caller>& waiting, const base::Bytes& id,
               base::BytesView answer) {
  const auto [first, last] = waiting.equal_range(id);
  for (auto it = first; it != last; ++it) {
    context.reply(it->second, answer);
  }
  waiting.erase(first, last);
}

}  // namespace

Init Supervisor::init(Context& context, const Args& args) {
  SupervisorOptions options;
  if (!args.empty()) {
    auto decoded = decode_supervisor_options(args[0]);
    if (!decoded || args.size() > 1) {
      return Init::stop(ExitReason::error("supervisor options do not decode"));
    }
    options = std::move(*decoded);
  }
  context.trap_exit(Trap::everything);
  children_.emplace(std::move(options.supervision));
  for (ChildSpec& spec : options.children) {
    if (spec.id.empty()) {
      spec.id = random_id(context);
    }
    const base::Bytes id = spec.id;
    first_.insert(id);
    if (const auto result = children_->start_child(context, std::move(spec), {}); !result) {
      return Init::stop(ExitReason::error(to_string(result.error())));
    }
  }
  const bool waits = !first_.empty();
  settle(context);
  return waits ? Init::later() : Init::ok();
}

void Supervisor::handle_call(Context& context, const Request& request) {
  auto decoded = supervisor::decode_request(request.bytes);
  if (!decoded) {
    context.reply(request.from, error("bad request: " + wire::to_string(decoded.error())));
    return;
  }
  std::visit([&](auto& each) { handle(context, request.from, each); }, *decoded);
  settle(context);
}

void Supervisor::handle_info(Context& context, const Info& info) {
  const auto* exit = std::get_if<Exit>(&info);
  if (exit != nullptr && exit->from == context.parent()) {
    shut_down(context, exit->reason);
  } else {
    children_->on_info(context, info);
  }
  settle(context);
}

void Supervisor::handle(Context& context, const Caller& from, supervisor::StartChild& request) {
  if (stopping_) {
    context.reply(from, error("shutting_down"));
    return;
  }
  const base::Bytes id = random_id(context);
  request.spec.id = id;
  const auto result = children_->start_child(context, std::move(request.spec), {});
  if (result) {
    starters_.emplace(id, from);
  } else {
    const bool full = result.error().field == "max_children";
    context.reply(from, error(full ? "max_children" : to_string(result.error())));
  }
}

std::optional<base::Bytes> Supervisor::id_of(const supervisor::Target& target) const {
  const auto* pid = std::get_if<Pid>(&target);
  const Child* child =
      pid != nullptr ? children_->find(*pid) : children_->find(std::get<base::Bytes>(target));
  return child == nullptr ? std::nullopt : std::optional(child->spec.id);
}

void Supervisor::handle(Context& context, const Caller& from,
                        const supervisor::TerminateChild& request) {
  const auto id = id_of(request.child);
  if (!id) {
    context.reply(from, error("not_found"));
    return;
  }
  terminators_.emplace(*id, from);
  children_->stop_child(context, *id, {});
}

void Supervisor::handle(Context& context, const Caller& from,
                        const supervisor::WhichChildren& /*request*/) {
  std::vector<supervisor::ChildRow> rows;
  for (const auto& [id, child] : children_->children()) {
    const bool restarting =
        child.state == Child::State::waiting || child.state == Child::State::quarantined;
    rows.push_back(
        {id, child.state, restarting ? Pid{} : child.pid, child.spec.kind, child.spec.modules});
  }
  context.reply(from, encode(rows));
}

void Supervisor::handle(Context& context, const Caller& from,
                        const supervisor::CountChildren& /*request*/) {
  supervisor::Counts counts;
  for (const auto& [id, child] : children_->children()) {
    const bool is_supervisor = child.spec.kind == ChildKind::supervisor;
    const bool active =
        child.state != Child::State::waiting && child.state != Child::State::quarantined;
    counts.specs += 1;
    counts.active += active ? 1 : 0;
    counts.supervisors += is_supervisor ? 1 : 0;
    counts.workers += is_supervisor ? 0 : 1;
  }
  context.reply(from, encode(counts));
}

void Supervisor::handle(Context& context, const Caller& from, const supervisor::Release& request) {
  const auto id = id_of(request.child);
  if (id && !stopping_ && children_->release(context, *id)) {
    context.reply(from, encode(Answer{}));
  } else {
    context.reply(from, error("not_found"));
  }
}

void Supervisor::shut_down(Context& context, ExitReason reason) {
  if (!stopping_) {
    stopping_ = std::move(reason);
    children_->stop_all(context, {});
  }
}

/// Acts on what came of the children.
void Supervisor::settle(Context& context) {
  for (auto events = children_->take_events(); !events.empty(); events = children_->take_events()) {
    for (const ChildEvent& event : events) {
      on_event(context, event);
    }
  }
  if (stopping_ && children_->empty()) {
    context.stop(*stopping_);
  }
}

void Supervisor::on_event(Context& context, const ChildEvent& event) {
  using Kind = ChildEvent::Kind;
  switch (event.kind) {
    case Kind::started:
      reply_all(context, starters_, event.id,
                encode(Answer{Answer::Kind::ok, event.pid, event.info, {}}));
      break;
    case Kind::ignored:
      reply_all(context, starters_, event.id, encode(Answer{.kind = Answer::Kind::ignore}));
      break;
    case Kind::start_failed:
      reply_all(context, starters_, event.id,
                encode(Answer{.kind = Answer::Kind::error, .reason = event.reason}));
      break;
    case Kind::stopped:
      reply_all(context, starters_, event.id, error("shutting_down"));
      reply_all(context, terminators_, event.id, encode(Answer{}));
      break;
    case Kind::intensity_reached:
      shut_down(context, ExitReason::shutdown());
      break;
    case Kind::restarted:
    case Kind::crashed:
    case Kind::quarantined:
    case Kind::finished:
      break;
  }
  on_first_start(context, event);
}

/// While init waits for its children: the last of them ends it, and the first failure fails it.
void Supervisor::on_first_start(Context& context, const ChildEvent& event) {
  if (first_.erase(event.id) == 0 || stopping_) {
    return;
  }
  if (event.kind == ChildEvent::Kind::start_failed) {
    first_.clear();
    shut_down(context, event.reason);
  } else if (first_.empty()) {
    context.finish_init(Init::ok());
  }
}

void add_supervisor_type(ProcessTypes& types) {
  types.add<Supervisor>("supervisor");
}

}  // namespace horde::process
