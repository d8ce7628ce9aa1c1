#include "supervisor/placement.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "supervisor/spec_codec.hpp"

namespace horde::supervisor {
namespace {

using members::Status;

// Seeds keep the uses of the hash apart.
constexpr std::uint64_t kKeySeed = 0x706c6163'65206b31;
constexpr std::uint64_t kSpecSeed = 0x706c6163'65207331;
constexpr std::uint64_t kRingSeed = 0x706c6163'65207231;
constexpr std::uint64_t kRandomSeed = 0x706c6163'65206431;

bool is_candidate(const Member& member) {
  return member.status == Status::alive;
}

bool has_vote_present(const Member& member) {
  return member.status == Status::alive || member.status == Status::shutting_down;
}

std::uint64_t hash_of(const ChildId& id) {
  return base::combine(base::mix64(id.high), id.low);
}

std::uint64_t random_hash(const ChildView& child) {
  return base::combine(kRandomSeed, hash_of(child.id));
}

/// `Hash` of a child, looked up in a `Scheme`.
template <class Scheme, auto Hash>
class TableOf final : public PlacementTable {
 public:
  explicit TableOf(std::span<const Member> members) : scheme_(members) {}
  [[nodiscard]] Placed choose(const ChildView& child) const override {
    return scheme_.choose(Hash(child));
  }

 private:
  Scheme scheme_;
};

class NoQuorumTable final : public PlacementTable {
 public:
  [[nodiscard]] Placed choose(const ChildView& /*child*/) const override {
    return std::unexpected(PlacementErrc::quorum_not_met);
  }
};

}  // namespace

std::string_view to_string(PlacementErrc code) {
  switch (code) {
    case PlacementErrc::no_alive_nodes:
      return "no_alive_nodes";
    case PlacementErrc::quorum_not_met:
      return "quorum_not_met";
  }
  return "unknown";
}

std::uint64_t placement_hash(const ChildView& child) {
  switch (child.spec.place_by) {
    case PlaceBy::id:
      break;
    case PlaceBy::key:
      return base::hash64(child.spec.placement_key, kKeySeed);
    case PlaceBy::spec:
      return base::hash64(encode(child.spec), kSpecSeed);
  }
  return hash_of(child.id);
}

Placed choose_by_rendezvous(std::uint64_t hash, std::span<const Member> members) {
  const Member* best = nullptr;
  std::uint64_t best_score = 0;
  for (const Member& member : members) {
    if (!is_candidate(member)) {
      continue;
    }
    const std::uint64_t score = base::combine(hash, member.id.value);
    if (best == nullptr || std::pair(score, member.id) > std::pair(best_score, best->id)) {
      best = &member;
      best_score = score;
    }
  }
  if (best == nullptr) {
    return std::unexpected(PlacementErrc::no_alive_nodes);
  }
  return best->id;
}

Rendezvous::Rendezvous(std::span<const Member> members) {
  for (const Member& member : members) {
    if (is_candidate(member)) {
      mixed_.push_back(base::mix64(member.id.value));
      ids_.push_back(member.id);
    }
  }
}

// Mixing is a bijection, so no two members have equal scores: the score alone decides.
Placed Rendezvous::choose(std::uint64_t hash) const {
  if (ids_.empty()) {
    return std::unexpected(PlacementErrc::no_alive_nodes);
  }
  std::uint64_t best_score = base::combine_mixed(hash, mixed_.front());
  std::size_t best = 0;
  for (std::size_t i = 1; i < mixed_.size(); ++i) {
    const std::uint64_t score = base::combine_mixed(hash, mixed_[i]);
    best = score > best_score ? i : best;
    best_score = std::max(score, best_score);
  }
  return ids_[best];
}

HashRing::HashRing(std::span<const Member> members) {
  for (const Member& member : members) {
    if (!is_candidate(member)) {
      continue;
    }
    for (std::uint64_t point = 0; point < kPointsPerMember; ++point) {
      const std::uint64_t place = base::combine(base::combine(kRingSeed, member.id.value), point);
      points_.emplace_back(place, member.id);
    }
  }
  std::ranges::sort(points_);
}

Placed HashRing::choose(std::uint64_t hash) const {
  if (points_.empty()) {
    return std::unexpected(PlacementErrc::no_alive_nodes);
  }
  const auto it =
      std::ranges::lower_bound(points_, hash, {}, [](const auto& p) { return p.first; });
  return it == points_.end() ? points_.front().second : it->second;
}

bool has_majority(std::span<const Member> members, std::size_t votes_min) {
  std::size_t voters = 0;
  std::size_t present = 0;
  bool lowest_present = false;
  for (const Member& member : members) {
    if (member.status == Status::left) {
      continue;
    }
    const bool is_present = has_vote_present(member);
    lowest_present = voters == 0 ? is_present : lowest_present;
    ++voters;
    present += is_present ? 1 : 0;
  }
  if (voters != 0 && voters % 2 == 0) {
    --voters;
    present -= lowest_present ? 1 : 0;
  }
  return voters != 0 && present >= std::max(votes_min, voters / 2 + 1);
}

bool is_safe_threshold(std::size_t votes_min, std::size_t members) {
  const std::size_t voters = members - (members != 0 && members % 2 == 0 ? 1 : 0);
  return votes_min >= voters / 2 + 1 && votes_min <= voters;
}

Placed Uniform::choose(const ChildView& child, std::span<const Member> members) const {
  const std::uint64_t hash = placement_hash(child);
  return scheme_ == HashScheme::rendezvous ? choose_by_rendezvous(hash, members)
                                           : HashRing(members).choose(hash);
}

std::unique_ptr<PlacementTable> Uniform::table(std::span<const Member> members) const {
  if (scheme_ == HashScheme::rendezvous) {
    return std::make_unique<TableOf<Rendezvous, placement_hash>>(members);
  }
  return std::make_unique<TableOf<HashRing, placement_hash>>(members);
}

Placed UniformQuorum::choose(const ChildView& child, std::span<const Member> members) const {
  if (!has_quorum(members)) {
    return std::unexpected(PlacementErrc::quorum_not_met);
  }
  return Uniform::choose(child, members);
}

std::unique_ptr<PlacementTable> UniformQuorum::table(std::span<const Member> members) const {
  if (!has_quorum(members)) {
    return std::make_unique<NoQuorumTable>();
  }
  return Uniform::table(members);
}

Placed UniformRandom::choose(const ChildView& child, std::span<const Member> members) const {
  return choose_by_rendezvous(random_hash(child), members);
}

std::unique_ptr<PlacementTable> UniformRandom::table(std::span<const Member> members) const {
  return std::make_unique<TableOf<Rendezvous, random_hash>>(members);
}

}  // namespace horde::supervisor
