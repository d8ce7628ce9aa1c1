// Registry: what is asked of other members: confirmations and barriers.
#include <algorithm>

#include "base/assert.hpp"
#include "registry/registry.hpp"

namespace horde::registry {

using process::NameErrc;
using process::NameRefusal;
using process::NameResult;

// --- Registering with confirmation.

bool Registry::begin_confirming(base::Now now, base::CallId call, const Waiting& request,
                                Outputs& out) {
  if (options_.keys == Keys::duplicate) {
    answer(call, std::unexpected(NameRefusal{NameErrc::duplicate_keys, {}}), out);
    return false;
  }
  NameResult result = check(request.who, request.what);
  if (!result && result.error().why == NameErrc::wait) {
    return true;
  }
  if (result) {
    // That its holder is suspect is waited for by who confirms.
    result = check_holder(request.who, request.what);
    result = !result && result.error().why == NameErrc::wait ? NameResult() : result;
  }
  if (!result) {
    answer(call, result, out);
    return false;
  }
  confirming_[call] = request;
  confirmations_.begin(now, view_, table_,
                       {.call = call,
                        .key = request.what.key,
                        .pid = request.who.pid,
                        .rank = rank_of(now, request.who, request.what),
                        .deadline = request.until},
                       out);
  return false;
}

void Registry::settle_confirmed(base::Now now, Outputs& out) {
  for (const auto& finished : confirmations_.take_finished()) {
    const auto call = confirming_.extract(finished.call);
    HORDE_ASSERT(!call.empty());
    settle_confirmed(now, finished, call.mapped(), out);
  }
}

void Registry::settle_confirmed(base::Now now, const Confirmations::Finished& finished,
                                const Waiting& request, Outputs& out) {
  using Outcome = Confirmations::Outcome;
  const auto refuse = [&](NameErrc why, const process::Pid& holder = {}) {
    answer(finished.call, std::unexpected(NameRefusal{why, holder}), out);
  };
  switch (finished.outcome) {
    case Outcome::granted: {
      NameResult result = check(request.who, request.what);
      result = result ? enroll(now, request.who, request.what, out) : result;
      answer(finished.call, result, out);  // If refused, who has promised it will ask, and be told.
      return;
    }
    case Outcome::already_registered:
      // Why, for who asks last_refusal; the holder may be one that only others see.
      if (check_holder(request.who, request.what)) {
        locals_[request.who.pid.serial].refused = {.to = LostTo::process,
                                                   .holder = finished.holder};
      }
      return refuse(NameErrc::already_registered, finished.holder);
    case Outcome::quorum_not_met:
      out.add(Reply{.call = finished.call, .status = CallStatus::quorum_not_met});
      return;
    case Outcome::timeout:
      out.add(Reply{.call = finished.call, .status = CallStatus::timeout});
      return;
    case Outcome::over_limit:
      return refuse(NameErrc::names_over_limit);
    case Outcome::ended:
      return refuse(NameErrc::not_local);
    case Outcome::stopped:
      return refuse(NameErrc::shutting_down);
  }
}

// --- Barriers.

void Registry::barrier(base::Now now, base::CallId call, const BarrierCall& request, Outputs& out) {
  const Holding* const holder = table_.lookup(request.key);
  std::set<base::NodeId> members;
  for (const std::string& name : request.members) {
    if (base::is_node_name(name)) {
      members.insert(base::NodeId::of(name));
    }
  }
  // A name that no node can have is nobody's, so nobody there sees it.
  const bool is_odd =
      members.size() != std::set(request.members.begin(), request.members.end()).size();
  if (stopped_ || holder == nullptr || is_odd) {
    const NameErrc why = stopped_ ? NameErrc::shutting_down : NameErrc::not_found;
    answer(call, std::unexpected(NameRefusal{why, {}}), out);
    return;
  }
  const bool begun = barriers_.begin(now, view_, table_,
                                     {.call = call,
                                      .key = request.key,
                                      .pid = holder->pid,
                                      .members = std::move(members),
                                      .deadline = now.mono + request.timeout},
                                     out);
  if (!begun) {
    answer(call, std::unexpected(NameRefusal{NameErrc::names_over_limit, {}}), out);
  }
  react(now, out);
}

void Registry::settle_barriers(Outputs& out) {
  for (Barriers::Finished& finished : barriers_.take_finished()) {
    if (stopped_) {
      answer(finished.call, std::unexpected(NameRefusal{NameErrc::shutting_down, {}}), out);
    } else {
      out.add(Reply{.call = finished.call,
                    .status = finished.missing.empty() ? CallStatus::ok : CallStatus::missing,
                    .missing = std::move(finished.missing)});
    }
  }
}

// --- What others send.

wire::Decoded<void> Registry::on_message(base::Now now, const base::RunId& from,
                                         base::BytesView body, Outputs& out) {
  const auto message = decode_message(body);
  if (!message) {
    return std::unexpected(message.error());
  }
  if (const auto* vote = std::get_if<Vote>(&*message)) {
    confirmations_.on_vote(now, view_, table_, from, *vote, out);
  } else if (const auto* withdraw = std::get_if<Withdraw>(&*message)) {
    confirmations_.on_withdraw(from, *withdraw);
  } else if (const auto* written = std::get_if<Written>(&*message)) {
    confirmations_.on_written(from, *written);
  } else if (const auto* seen = std::get_if<BarrierSeen>(&*message)) {
    barriers_.on_seen(from, *seen);
  } else if (stopped_) {
    return {};  // Who does not look is not asked.
  } else if (const auto* asked = std::get_if<BarrierAsk>(&*message)) {
    barriers_.on_ask(now, table_, from, *asked, out);
  } else if (const auto* ask = std::get_if<Ask>(&*message);
             ask != nullptr && synced_ && options_.keys == Keys::unique) {
    confirmations_.on_ask(now, view_, table_, from, *ask, out);
  }
  react(now, out);
  return {};
}

// What was lost with it is asked again, or asked for.
void Registry::on_link_ended(base::Now /*now*/, const base::RunId& /*run*/, Outputs& /*out*/) {}

}  // namespace horde::registry
