// Members: one horde's member list, read from its map, and what a member has to write there.
//
//   0x01 name   wanted: set_members, or the member itself under `auto`
//   0x02 name   status: what the member says of itself, and in which boot
//
// The map holds what was wanted and what members said; who is reachable comes from liveness, at the
// moment of reading. So a member that is cut off is `dead` in the views of the others without a
// write, and `alive` again without one when it is back.
//
// Source: Horde 0.10, Horde.Cluster and the member records of its CRDT. Deviations: `dead` is not
// written; under `auto` nobody is removed for being silent, except after `forget_after`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "crdt/aw_lww_map.hpp"

namespace horde::members {

enum class Status : std::uint8_t {
  uninitialized,  ///< Wanted, and not heard of in its present boot.
  alive,
  shutting_down,  ///< It has said that it will stop.
  dead,           ///< Not reachable in this member's view.
  left,           ///< It said goodbye.
};
[[nodiscard]] std::string_view to_string(Status status);

/// What liveness knows of a node.
struct Seen {
  enum class State : std::uint8_t { reachable, dead, left };
  State state = State::reachable;
  std::uint64_t boot = 0;
  base::Instant since;  // In this state.
};
using SeenNodes = std::map<base::NodeId, Seen>;

struct Member {
  std::string name;
  base::NodeId id;
  Status status = Status::uninitialized;
  friend bool operator==(const Member&, const Member&) = default;
};

struct Options {
  bool automatic = true;
  /// Members given at the start, unless automatic; self is always added.
  std::vector<std::string> names;
  /// Under `auto`, who was silent for so long is removed. Who was silent, or off the list, for so
  /// long is no witness any more: nobody waits for it, and it has to come back as if it were new.
  base::Duration forget_after = base::seconds(24 * 3'600);
};

/// A write that the list asks for; no value: remove.
struct Write {
  crdt::Key key;
  std::optional<crdt::Value> value;
};

class Members {
 public:
  Members(std::string self, Options options);

  /// Reads the whole list anew, or what `changes` touch of it.
  void load(base::Instant now, const crdt::AwLwwMap& map);
  /// What was changed, at most.
  enum class Changed : std::uint8_t { nothing, statuses, wanted };
  Changed on_changes(base::Instant now, const crdt::AwLwwMap& map,
                     const std::vector<crdt::Change>& changes);

  /// The writes that make the list exactly `names`.
  [[nodiscard]] std::vector<Write> set_members(const std::set<std::string>& names) const;
  /// The announcement of this member in `boot`, and its own membership, under `auto` or if nobody
  /// has set any. Called once per boot, after the first sync.
  [[nodiscard]] std::vector<Write> announce(std::uint64_t boot) const;
  [[nodiscard]] std::vector<Write> announce_stop(std::uint64_t boot) const;
  /// Takes this member off the list for good.
  [[nodiscard]] std::vector<Write> leave() const;
  /// Whom to take off the list under `auto`: who has left, or was silent for too long, and has not
  /// announced a later boot. Empty unless this member is the one of lowest id that is reachable, so
  /// that one of them writes it.
  [[nodiscard]] std::vector<Write> prune(base::Instant now, const SeenNodes& seen) const;

  /// The list as this member sees it, ascending by name.
  [[nodiscard]] std::vector<Member> list(const SeenNodes& seen) const;
  [[nodiscard]] bool is_wanted(base::NodeId node) const { return wanted_.contains(node); }
  /// Whether to replicate with `node`, if it is reachable. Under `auto` that is everybody but who
  /// was removed: nodes that form a cluster at the same time would else be islands, each with a
  /// list of its own that names none of the others.
  [[nodiscard]] bool takes_part(base::NodeId node) const;
  [[nodiscard]] const std::map<base::NodeId, std::string>& wanted() const { return wanted_; }
  /// Members, and those removed for less than `forget_after`, but nobody that was given up.
  [[nodiscard]] std::set<base::NodeId> witnesses(base::Instant now) const;
  /// Removed for longer, or given up.
  [[nodiscard]] std::set<base::NodeId> retired(base::Instant now) const;
  /// Gives up who was silent for `forget_after`; who is reachable is given up no more. True if
  /// that changed anything.
  bool note_silence(base::Instant now, const SeenNodes& seen);
  /// Gives up the one that was silent for the longest, if anybody is silent: there is no room to
  /// wait for it.
  [[nodiscard]] std::optional<base::NodeId> give_up_one(const SeenNodes& seen);
  /// The boots that members announced last.
  [[nodiscard]] std::map<base::NodeId, std::uint64_t> announced() const;
  /// What self said last, if it is on record.
  [[nodiscard]] bool is_announced(std::uint64_t boot) const;

 private:
  struct Said {
    Status status = Status::alive;
    std::uint64_t boot = 0;
  };

  void read(base::Instant now, const crdt::AwLwwMap& map, const crdt::Key& key);
  [[nodiscard]] Status status_of(base::NodeId node, const SeenNodes& seen) const;

  std::string self_;
  base::NodeId self_id_;
  Options options_;
  std::map<base::NodeId, std::string> wanted_;
  std::map<base::NodeId, Said> said_;
  std::map<base::NodeId, base::Instant> removed_at_;
  std::set<base::NodeId> given_up_;
};

/// Keys of users start with this byte, so that they never meet those above.
inline constexpr char kUserKeyPrefix = '\x10';

}  // namespace horde::members
