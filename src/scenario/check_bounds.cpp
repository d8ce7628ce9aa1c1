#include "scenario/check_bounds.hpp"

#include "replication/options.hpp"
#include "wire/limits.hpp"

namespace horde::scenario {
namespace {

// Sizes are counted anew each time, so not after each of the many steps that change little.
constexpr std::uint64_t kStepsBetween = 64;
// Writes that wait for a first sync (node.cpp).
constexpr std::size_t kPendingWritesMax = 1'024;
// Events that are written or forwarded within one push delay. Nothing in the engine bounds them but
// that it empties the queue every few milliseconds; above this it does not.
constexpr std::size_t kQueuedEventsMax = 1'000'000;

}  // namespace

Bounds bounds_of(const HordeOptions& options) {
  const replication::Options defaults;
  return {.early_events = defaults.early_events_max,
          .queued_events = kQueuedEventsMax,
          .pending_writes = kPendingWritesMax,
          .tombstones = options.tombstones_max ? static_cast<std::size_t>(*options.tombstones_max)
                                               : defaults.tombstones_max,
          .sessions_served = defaults.sessions_served_max,
          .reassembly_bytes_per_node = wire::kReassemblyBytesPerPeerMax};
}

void BoundsChecker::on_up(base::Instant /*at*/, NodeIndex node, std::uint64_t /*boot*/) {
  ++runs_;
  nodes_.insert(node);
}

void BoundsChecker::on_tell(base::Instant /*at*/, NodeIndex /*node*/, const base::Tell& tell) {
  runs_ += tell.topic == "restarted_as" ? 1U : 0U;
}

void BoundsChecker::on_step(const WorldStep& step) {
  if (step.map != nullptr && ++steps_ % kStepsBetween == 0) {
    check(step.node, world_->sizes(step.node));
  }
}

void BoundsChecker::check_all(Group live) {
  for (const NodeIndex node : live) {
    if (world_->map(node) != nullptr) {
      const NodeSizes sizes = world_->sizes(node);
      check(node, sizes);
      // While others write, tombstones pass their bound until the node next looks at them.
      expect(node, "tombstones", sizes.replication.tombstones, bounds_.tombstones);
      if (sizes.registry) {
        expect(node, "tombstones", sizes.registry->tombstones, bounds_.tombstones);
      }
    }
  }
}

void BoundsChecker::check(NodeIndex node, const NodeSizes& sizes) {
  const std::size_t peers = nodes_.size();
  check(node, sizes.replication);
  if (sizes.registry) {
    check(node, *sizes.registry);
  }
  expect(node, "pending writes", sizes.pending_writes, bounds_.pending_writes);
  expect(node, "bytes of unfinished messages", sizes.reassembly_bytes,
         bounds_.reassembly_bytes_per_node * peers);
}

void BoundsChecker::check(NodeIndex node, const replication::Replicator::Sizes& r) {
  const std::size_t peers = nodes_.size();
  expect(node, "early events", r.early_events, bounds_.early_events);
  expect(node, "queued events", r.queued_events, bounds_.queued_events);
  expect(node, "rounds under way", r.rounds_open, peers);
  expect(node, "open sessions", r.sessions_open, 1);
  expect(node, "served sessions", r.sessions_served, bounds_.sessions_served);
  expect(node, "parts of the vector", r.vector_parts, runs_ + peers);
  expect(node, "parts of the floor", r.floor_parts, runs_ + peers);
}

void BoundsChecker::expect(NodeIndex node, std::string_view what, std::size_t is,
                           std::size_t most) {
  if (is > most) {
    findings_.add({.id = "A10",
                   .node = world_->name(node),
                   .text = "has " + std::to_string(is) + ' ' + std::string(what) +
                           "; the bound is " + std::to_string(most)});
  }
}

}  // namespace horde::scenario
