#include "scenario/check_rest.hpp"

#include <algorithm>
#include <array>

namespace horde::scenario {
namespace {

constexpr std::array<std::string_view, 5> kReplication{"digest", "vector", "session", "push",
                                                       "fragment"};

}  // namespace

void TrafficChecker::begin_settle(Group core) {
  since_ = world_->now();
  before_.clear();
  for (const NodeIndex node : core) {
    before_[node] = sent(node);
  }
  verdict_ = "it was not looked at for long enough yet";
}

std::uint64_t TrafficChecker::sent(NodeIndex node) const {
  std::uint64_t bytes = 0;
  for (const KindTally& tally : world_->traffic(node)) {
    bytes += std::ranges::find(kReplication, tally.kind) != kReplication.end() ? tally.bytes : 0;
  }
  return bytes;
}

std::optional<std::string> TrafficChecker::unsettled(Group core) {
  if (world_->now() - since_ < sync_interval_ * kIntervals) {
    return verdict_;
  }
  verdict_.reset();
  for (const NodeIndex node : core) {
    if (world_->map(node) == nullptr) {
      continue;
    }
    const std::uint64_t bytes = sent(node) - before_[node];
    // One neighbour more: somebody who is none may be asked, while ended runs are closed.
    const NodeSizes sizes = world_->sizes(node);
    const std::uint64_t neighbours =
        sizes.replication.neighbours + 1 + (sizes.registry ? sizes.registry->neighbours + 1 : 0);
    const std::uint64_t most = neighbours * kBytesMax * static_cast<std::uint64_t>(kIntervals + 1);
    if (bytes > most && !verdict_) {
      verdict_ = world_->name(node) + " sent " + std::to_string(bytes) + " B of replication in " +
                 std::to_string(kIntervals) + " sync intervals; an idle node sends at most " +
                 std::to_string(most);
    }
    before_[node] += bytes;
  }
  since_ = world_->now();
  return verdict_;
}

template <class Say>
std::optional<std::string> PendingChecker::pending_of(const replication::Replicator::Sizes& sizes,
                                                      const Say& say) const {
  if (sizes.queued_events > 0) {
    return say(sizes.queued_events, "events to push");
  }
  if (sizes.early_events > 0 && down_.empty()) {
    return say(sizes.early_events, "early events that wait for others");
  }
  if (sizes.sessions_open > 0) {
    return say(sizes.sessions_open, "open session");
  }
  if (sizes.rounds_open > sizes.neighbours + 1) {
    return say(sizes.rounds_open, "rounds under way, more than neighbours");
  }
  return {};
}

void PendingChecker::on_up(base::Instant /*at*/, NodeIndex node, std::uint64_t /*boot*/) {
  down_.erase(node);
}

void PendingChecker::on_down(base::Instant /*at*/, NodeIndex node, DownWhy /*why*/) {
  down_.insert(node);
}

std::optional<std::string> PendingChecker::unsettled(Group core) {
  for (const NodeIndex node : core) {
    if (world_->map(node) == nullptr) {
      continue;
    }
    const NodeSizes sizes = world_->sizes(node);
    const auto say = [&](std::size_t count, std::string_view what) {
      return world_->name(node) + " has " + std::to_string(count) + ' ' + std::string(what);
    };
    if (sizes.pending_writes > 0) {
      return say(sizes.pending_writes, "writes that wait for the first sync");
    }
    if (sizes.children && sizes.children->calls > 0) {
      return say(sizes.children->calls, "calls of children under way");
    }
    if (sizes.children && sizes.children->moves > 0) {
      return say(sizes.children->moves, "children on the move");
    }
    if (sizes.names && sizes.names->calls > 0) {
      return say(sizes.names->calls, "registrations that wait");
    }
    if (sizes.names && sizes.names->conflicts > 0) {
      return say(sizes.names->conflicts, "conflicts to settle");
    }
    if (sizes.names && sizes.names->losers > 0) {
      return say(sizes.names->losers, "processes that have lost a name, and live");
    }
    for (const auto& replication : {std::optional(sizes.replication), sizes.registry}) {
      if (auto why = replication ? pending_of(*replication, say) : std::nullopt) {
        return why;
      }
    }
  }
  return {};
}

}  // namespace horde::scenario
