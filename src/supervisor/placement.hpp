// Placement: which member a child runs on, and whether it may run at all.
//
// A strategy is a pure function of the child and of the members with their statuses: not of the
// call, the clock or the caller (R6). So all members with equal views name the same member, and
// nobody has to ask. Only `alive` members are chosen: an announcement comes after the first sync,
// so that these have synced and are not leaving.
//
// Two hash schemes are compared, figures and choice in docs/placement.md:
//   rendezvous  the member with the highest keyed hash of (member, child); the default
//   ring        128 points a member on a circle, the first point at or after the child's hash
//
// Source: Horde 0.10, UniformDistribution, UniformQuorumDistribution, UniformRandomDistribution;
// Thaler, Ravishankar, "Using name-based mappings to increase hit rates" (1998). Deviations: random
// is a keyed hash, as survivors who each roll a die take a child twice or not at all.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "members/members.hpp"
#include "supervisor/child.hpp"

namespace horde::supervisor {

using members::Member;

/// What a strategy is shown of a child.
struct ChildView {
  ChildId id;
  const ChildSpec& spec;
};

enum class PlacementErrc : std::uint8_t {
  no_alive_nodes,  ///< No member is alive.
  quorum_not_met,  ///< Too few are.
};
[[nodiscard]] std::string_view to_string(PlacementErrc code);

using Placed = std::expected<base::NodeId, PlacementErrc>;

/// A strategy's answers for one list of members.
class PlacementTable {
 public:
  PlacementTable() = default;
  PlacementTable(const PlacementTable&) = delete;
  PlacementTable& operator=(const PlacementTable&) = delete;
  PlacementTable(PlacementTable&&) = delete;
  PlacementTable& operator=(PlacementTable&&) = delete;
  virtual ~PlacementTable() = default;
  [[nodiscard]] virtual Placed choose(const ChildView& child) const = 0;
};

/// What users may supply. All functions must be pure, and the same on every member.
class Strategy {
 public:
  Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;
  Strategy(Strategy&&) = delete;
  Strategy& operator=(Strategy&&) = delete;
  virtual ~Strategy() = default;

  /// The member that is to run the child. `members` ascends by name, without repetition.
  [[nodiscard]] virtual Placed choose(const ChildView& child,
                                      std::span<const Member> members) const = 0;
  /// What answers as choose() does with these members, and faster, as it is made once for many
  /// children. Nothing: choose() is asked.
  [[nodiscard]] virtual std::unique_ptr<PlacementTable> table(
      std::span<const Member> /*members*/) const {
    return nullptr;
  }
  /// Whether children may run here, if this is how we see the members.
  [[nodiscard]] virtual bool has_quorum(std::span<const Member> members) const = 0;
  /// Whether has_quorum may ever say no: then takeover waits for a side without quorum to stop.
  [[nodiscard]] virtual bool needs_quorum() const { return true; }
};

/// The 64 bits that a child is placed by, as its spec asks for.
[[nodiscard]] std::uint64_t placement_hash(const ChildView& child);

/// The member of the highest keyed hash; nothing if there is none. Cost: two mixes for each member,
/// no allocation. When a member goes only its own children move, when one comes only to it.
[[nodiscard]] Placed choose_by_rendezvous(std::uint64_t hash, std::span<const Member> members);

/// The same for many children: what depends on the members alone is worked out once.
class Rendezvous {
 public:
  explicit Rendezvous(std::span<const Member> members);
  /// Cost: one mix for each alive member.
  [[nodiscard]] Placed choose(std::uint64_t hash) const;

 private:
  std::vector<std::uint64_t> mixed_;  // Ids, mixed.
  std::vector<base::NodeId> ids_;
};

/// Points of the alive members on a circle of 2^64.
class HashRing {
 public:
  static constexpr std::uint64_t kPointsPerMember = 128;

  /// Cost: sorts 128 points for each alive member.
  explicit HashRing(std::span<const Member> members);
  /// Cost: a binary search.
  [[nodiscard]] Placed choose(std::uint64_t hash) const;

 private:
  std::vector<std::pair<std::uint64_t, base::NodeId>> points_;
};

enum class HashScheme : std::uint8_t { rendezvous, ring };

/// Whether more than half of the votes are there, or at least `votes_min` if that is more.
///
/// Voters are the members that have not left. When their number is even the one with the lowest
/// name has no vote, so that an even split leaves the quorum to exactly one side. A member that has
/// announced its stop votes until it has left: it is still connected to one side only. A dead and
/// an uninitialized one count against.
/// Requires: `members` ascends by name, without repetition. Cost: one pass, no allocation.
/// Source: Horde 0.10, UniformQuorumDistribution.has_quorum?/1. Deviation: the original leaves out
/// members as soon as they announce their stop, which can make two quorums (docs/placement.md).
[[nodiscard]] bool has_majority(std::span<const Member> members, std::size_t votes_min = 0);

/// Whether `votes_min` may be set for a list of so many members: from n/2 + 1 to n voters, the even
/// one left out. Below that two sides could both have quorum.
[[nodiscard]] bool is_safe_threshold(std::size_t votes_min, std::size_t members);

/// Consistent hashing over the alive members. Always has quorum. Without a table a choice from the
/// ring makes the ring first.
class Uniform : public Strategy {
 public:
  explicit Uniform(HashScheme scheme = HashScheme::rendezvous) : scheme_(scheme) {}
  [[nodiscard]] Placed choose(const ChildView& child,
                              std::span<const Member> members) const override;
  [[nodiscard]] std::unique_ptr<PlacementTable> table(
      std::span<const Member> members) const override;
  [[nodiscard]] bool has_quorum(std::span<const Member> /*members*/) const override { return true; }
  [[nodiscard]] bool needs_quorum() const override { return false; }

 private:
  HashScheme scheme_;
};

/// The same, and only where has_majority.
class UniformQuorum final : public Uniform {
 public:
  explicit UniformQuorum(HashScheme scheme = HashScheme::rendezvous, std::size_t votes_min = 0)
      : Uniform(scheme), votes_min_(votes_min) {}
  [[nodiscard]] Placed choose(const ChildView& child,
                              std::span<const Member> members) const override;
  [[nodiscard]] std::unique_ptr<PlacementTable> table(
      std::span<const Member> members) const override;
  [[nodiscard]] bool has_quorum(std::span<const Member> members) const override {
    return has_majority(members, votes_min_);
  }
  [[nodiscard]] bool needs_quorum() const override { return true; }

 private:
  std::size_t votes_min_;
};

/// Every alive member with equal probability, by the child's id alone: placement keys and specs do
/// not matter. Always has quorum.
class UniformRandom final : public Strategy {
 public:
  [[nodiscard]] Placed choose(const ChildView& child,
                              std::span<const Member> members) const override;
  [[nodiscard]] std::unique_ptr<PlacementTable> table(
      std::span<const Member> members) const override;
  [[nodiscard]] bool has_quorum(std::span<const Member> /*members*/) const override { return true; }
  [[nodiscard]] bool needs_quorum() const override { return false; }
};

}  // namespace horde::supervisor
