// What a registry asks its owner to do, in the order in which it must be done.
#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/engine.hpp"
#include "crdt/entry.hpp"
#include "registry/calls.hpp"
#include "registry/name.hpp"

namespace horde::registry {

/// Put into the map (or remove from it) at once, and hand the change back by on_entries.
struct Write {
  crdt::Key key;
  std::optional<crdt::Value> value;
};
/// Over the reliable link to that life of that node; if it has ended, say on_link_ended.
struct SendTo {
  base::RunId to;
  base::Bytes body;
};
struct Reply {
  base::CallId call;
  CallStatus status = CallStatus::ok;
  process::NameRefusal refusal{};       ///< refused
  std::vector<base::NodeId> missing{};  ///< missing: who does not see it, or did not say.
};
/// Send the process the exit signal name_conflict; it has lost `key` to `winner`.
struct TellLoser {
  process::Pid loser;
  base::Bytes key;
  base::Bytes value;
  process::Pid winner;
  Rank winner_rank;
  bool same_child = false;  ///< The winner is another copy of the same child.
};
/// End it for certain: its grace is over.
struct Kill {
  process::Pid pid;
};
/// Send to the local process of that name, if there is one.
struct Notify {
  base::Bytes listener;
  base::Bytes event;
};
struct Told {
  std::string_view topic;  // Static storage.
  base::NodeId about;
  std::uint64_t value = 0;
  base::Bytes detail{};
};

using Output = std::variant<Write, SendTo, Reply, TellLoser, Kill, Notify, Told>;
struct Outputs {
  std::vector<Output> list;
  template <class T>
  void add(T output) {
    list.emplace_back(std::move(output));
  }
};

}  // namespace horde::registry
