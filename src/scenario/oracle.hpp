// Oracle: remembers every event that was ever written, and says of any replica what it must hold.
//
// It checks, from the outside and without any of the engine's own reasoning:
//   A2   vectors only grow within a boot, and no dot is used twice
//   A11  the puts of each entry are the unsuperseded puts among exactly the events that the
//        replica's vector covers; each tombstone kept is a covered remove (it may be superseded:
//        a join keeps what the sender has dropped, T3)
//   A12  a vector that covers an event covers every event that it supersedes
//
// Of a run that a replica has closed, it covers the events up to the one that was agreed: the last
// that the closer knew. Later events of that run are void there. Closings by agreement of all never
// conflict; those of parts of a cluster that have removed each other may. Conflicts are counted,
// and whether one is a violation is for the caller to say.
//
// A check of a key costs what is still open there for that replica: puts that it shows, and events
// that it does not have. What it covers and has seen superseded is never looked at again, so that
// a history of many writes to one key costs the same for each of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/hash.hpp"
#include "crdt/aw_lww_map.hpp"

namespace horde::scenario {

struct Violation {
  std::string_view invariant;  // "A2", "A11", "A12". Static storage.
  base::NodeId replica;
  crdt::Key key;  // Empty if no key is concerned.
  std::string text;
};
[[nodiscard]] std::string to_string(const Violation& violation);

class Oracle {
 public:
  Oracle() = default;
  // Its indexes point into its table, which moves whole but does not copy.
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  Oracle(Oracle&&) = default;
  Oracle& operator=(Oracle&&) = default;
  ~Oracle() = default;

  /// An event was written. To be told before its writer is checked.
  [[nodiscard]] std::optional<Violation> on_written(const crdt::Event& event);
  /// The replica starts from its disk, or anew: it may know less than before.
  void on_boot(base::NodeId replica);

  /// Checks the keys that the input just handled has changed, and those of the events that the
  /// replica covers since the last check. To be called after every input that changed anything:
  /// the agreement on a closing is read from the vector before it.
  [[nodiscard]] std::optional<Violation> check_step(base::NodeId replica, const crdt::AwLwwMap& map,
                                                    std::span<const crdt::Change> changed);
  /// Checks one key. `siblings` may be null. Cost: see above.
  [[nodiscard]] std::optional<Violation> check_key(base::NodeId replica, const crdt::Key& key,
                                                   const crdt::Siblings* siblings,
                                                   const crdt::VersionVector& vector);
  /// Checks everything, with the map's own sum over its live puts, and that equal vectors that were
  /// checked like this had equal sums. Cost: all keys ever written.
  [[nodiscard]] std::optional<Violation> check_all(base::NodeId replica, const crdt::AwLwwMap& map);

  /// Whether some event that supersedes `dot` was ever written, by anybody.
  [[nodiscard]] bool is_superseded(const base::Dot& dot) const;
  /// Whether `vector` covers the event; of closed runs, by what was agreed.
  [[nodiscard]] bool covers(const crdt::VersionVector& vector, const base::Dot& dot) const;
  /// How often a run was closed after another event than before.
  [[nodiscard]] std::size_t conflicting_closings() const { return conflicting_closings_; }
  [[nodiscard]] std::size_t events() const { return events_; }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // A list in History::links.
  struct Link {
    std::uint32_t event = kNone;
    std::uint32_t next = kNone;
  };
  struct Record {
    std::uint64_t counter = 0;
    std::uint64_t content = 0;  // Hash of stamp and value.
    std::uint32_t run = 0;
    std::uint32_t supersedes = kNone;     // Heads of lists of events of the same key.
    std::uint32_t superseded_by = kNone;  //
    crdt::Kind kind = crdt::Kind::put;
  };
  // What must be looked at again for a replica: puts it shows, and events it does not have.
  struct Open {
    std::uint32_t boot = 0;
    std::uint32_t seen = 0;  // Events of the key that were looked at.
    std::vector<std::uint32_t> events;
  };
  struct History {
    std::vector<Record> events;  // In the order in which they were written.
    std::vector<Link> links;
    std::vector<Open> open;  // By replica.
  };
  struct Place {
    History* history = nullptr;
    const crdt::Key* key = nullptr;
    std::uint32_t event = 0;
  };
  struct Run {
    base::RunId id;
    std::vector<Place> places;            // Of the event with counter i + 1.
    std::optional<std::uint64_t> agreed;  // When it was closed first.
  };
  // What identifies an agreement: node, before, sum.
  using Closing = std::tuple<base::NodeId, std::uint64_t, std::uint64_t>;
  struct Replica {
    std::uint32_t index = 0;
    std::uint32_t boot = 0;
    crdt::VersionVector vector;
  };
  // One look at a key of a replica.
  struct Look {
    const Replica& replica;
    const crdt::Key& key;
    const History& history;
    const crdt::Siblings* siblings;
    const crdt::VersionVector& vector;
  };

  [[nodiscard]] Replica& replica_of(base::NodeId node);
  [[nodiscard]] Run& run_of(const base::RunId& id);
  [[nodiscard]] const Place* place_of(const base::Dot& dot) const;
  [[nodiscard]] base::Dot dot_of(const Record& record) const;
  // The last event of the run that somebody with `vector` covers.
  [[nodiscard]] std::uint64_t covered_of(const Run& run, const crdt::VersionVector& vector) const;
  [[nodiscard]] bool covers(const crdt::VersionVector& vector, const Record& record) const;
  [[nodiscard]] bool covers_superseder(const Look& look, const Record& record) const;
  [[nodiscard]] std::optional<Violation> on_vector(base::NodeId node, Replica& replica,
                                                   const crdt::VersionVector& vector);
  void on_closed(const Replica& replica, const crdt::Closed& closed);
  // Checks the keys of the events that `before` does not cover and the map does.
  [[nodiscard]] std::optional<Violation> check_covered_since(base::NodeId node,
                                                             const crdt::VersionVector& before,
                                                             const crdt::AwLwwMap& map);
  // Goes through what is open, and leaves in `live_` what the entry must show.
  [[nodiscard]] std::optional<Violation> settle(base::NodeId node, const Look& look, Open& open);
  [[nodiscard]] std::optional<Violation> compare(base::NodeId node, const Look& look) const;
  [[nodiscard]] std::string story(const Look& look) const;

  std::map<base::NodeId, Replica> replicas_;
  std::map<base::RunId, std::uint32_t> run_index_;
  std::vector<Run> runs_;
  // Never iterated: check_all goes by keys_. Rows stay where they are.
  std::unordered_map<crdt::Key, History, base::BytesHash, std::equal_to<>> histories_;
  std::vector<const crdt::Key*> keys_;
  std::map<Closing, std::map<base::RunId, std::uint64_t>> agreements_;
  std::size_t conflicting_closings_ = 0;
  std::map<std::uint64_t, std::uint64_t> live_sums_;  // By digest of the vector.
  std::size_t events_ = 0;
  std::vector<std::uint32_t> live_;  // Kept for its memory.
};

}  // namespace horde::scenario
