// What a supervisor asks its owner to do, in the order in which it must be done.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "base/engine.hpp"
#include "supervisor/messages.hpp"

namespace horde::supervisor {

enum class StopReason : std::uint8_t {
  terminated,      ///< terminate_child.
  ended,           ///< Another copy of it has finished for good.
  duplicate,       ///< A later claim runs it (`winner`).
  redistribution,  ///< It moves to another member.
  quorum_lost,
  leaving,  ///< This member stops.
  removed,  ///< This member is none any more.
};
[[nodiscard]] std::string_view to_string(StopReason reason);

/// Start a copy, to be answered by exactly one of copy_started, copy_ignored, copy_failed,
/// copy_conflicted.
struct StartCopy {
  ChildId id;
  ChildSpec spec;
  Token token;
  std::uint64_t birth_ns = 0;  ///< The child's birth stamp, the same for all its copies.
  bool has_run = false;        ///< It is no first start: a restart, or a takeover.
};
/// Stop the copy of `id` by its spec's shutdown rule, to be answered by copy_stopped; an answer or
/// an exit that was under way already may come before. It may be asked for again, with less time.
struct StopCopy {
  ChildId id;
  StopReason reason = StopReason::terminated;
  Claim winner;
  base::Duration grace_max = Shutdown::kForever;  ///< From now on, whatever the rule says.
};
/// Put into the map, at once, and hand the change back by on_entries.
struct WriteEntry {
  crdt::Key key;
  crdt::Value value;
};
struct RemoveEntry {
  crdt::Key key;
};
/// Over the reliable link to that life of that node; if it has ended, say on_link_ended.
struct SendTo {
  base::RunId to;
  base::Bytes body;
};
struct Reply {
  base::CallId call;
  CallStatus status = CallStatus::ok;
  ChildId id;  ///< Of start_child, also where it is unknown.
  base::Bytes pid;
  base::Bytes detail;                 ///< Info or reason.
  std::vector<base::NodeId> missing;  ///< Of an unknown terminate: who has not confirmed.
};
/// Say to everybody that this member is stopping (Members::announce_stop).
struct AnnounceStop {};
/// Say to everybody that this member is here again (Members::announce): it had failed too often,
/// has stopped all its children, and goes on without them.
struct AnnounceReturn {};
/// All is handed over: say goodbye, and let go of the supervisor.
struct HasLeft {};
struct Told {
  std::string_view topic;  // Static storage.
  ChildId id;
  std::uint64_t value = 0;
};

using Output = std::variant<StartCopy, StopCopy, WriteEntry, RemoveEntry, SendTo, Reply,
                            AnnounceStop, AnnounceReturn, HasLeft, Told>;
struct Outputs {
  std::vector<Output> list;
  template <class T>
  void add(T output) {
    list.emplace_back(std::move(output));
  }
};

}  // namespace horde::supervisor
