// Entries for tests: one worked example, one of each kind, random ones over small domains.
#pragma once

#include <vector>

#include "base/rng.hpp"
#include "supervisor/messages.hpp"

namespace horde::supervisor {

inline Entry example_entry() {
  return {.birth = Birth{.stamp_ns = 1'000, .spec = {.start = "echo", .shutdown = Shutdown{}}},
          .not_after = 2'000,
          .claim = {.term = 17, .owner = base::NodeId::of("n1"), .boot = 5},
          .run = {.rev = 2, .start = 1, .state = RunState::running, .pid = "n1.5/9"}};
}

inline std::vector<Entry> some_entries() {
  const Entry plain = example_entry();
  std::vector<Entry> out = {plain};
  Entry entry = plain;
  entry.birth = Birth{.is_static = true,
                      .spec = {.start = "counter 3",
                               .restart = Restart::transient,
                               .shutdown = Shutdown{Shutdown::kForever},
                               .type = ChildType::supervisor,
                               .modules = "a,b",
                               .place_by = PlaceBy::key,
                               .placement_key = "room 7"}};
  entry.run.healthy = true;
  entry.strikes = {.era = 1, .count = 2, .level = 300};
  entry.claim.owner = base::NodeId::of("host-2.example:7000");
  out.push_back(entry);
  entry.run = {.rev = 9, .start = 3, .state = RunState::released, .target = base::NodeId::of("n2")};
  out.push_back(entry);
  entry.run.target = {};
  entry.end = {EndKind::finished, "normal"};
  out.push_back(entry);
  out.push_back({.not_after = 7, .end = {EndKind::terminated, ""}});
  return out;
}

inline std::vector<Message> some_messages() {
  const base::RunId origin{base::NodeId::of("n1"), 5};
  const Claim claim = example_entry().claim;
  crdt::VersionVector vector;
  vector.raise({origin, 3});
  const Boots boots = {{origin.node, 5}, {base::NodeId::of("n2"), 300}};
  const std::vector<ChildId> ids = {{1, 2}, {1, 3}};
  return {StartRequest{.id = {1, 2},
                       .stamp_ns = 7,
                       .not_after = 9,
                       .spec = example_entry().birth->spec,
                       .hops = 3,
                       .origin = origin,
                       .number = 4},
          Started{4, CallStatus::error, "p", "no luck"},
          Offer{{1, 2}, claim, 99},
          Accept{{1, 2}, claim},
          AskEnds{boots, ids},
          ConfirmEnds{boots, ids, vector},
          Unquarantine{{1, 2}}};
}

inline Entry random_entry(base::Rng& rng) {
  Entry out = example_entry();
  out.claim.term = 1 + rng.below(3);
  out.claim.owner = base::NodeId::of(rng.chance(1, 2) ? "n1" : "n2");
  out.claim.boot = 1 + rng.below(2);
  out.run.rev = rng.below(3);
  out.run.start = rng.below(2);
  out.run.state = static_cast<RunState>(rng.below(5));
  out.run.healthy = rng.chance(1, 3);
  out.run.pid = rng.chance(1, 2) ? "p" : "q";
  out.strikes.era = rng.below(2);
  out.strikes.count = rng.below(3);
  out.strikes.level = rng.below(2);
  out.not_after = rng.below(3);
  if (rng.chance(1, 3)) {
    out.end.kind = static_cast<EndKind>(1 + rng.below(3));
    if (rng.chance(1, 3)) {
      out.birth.reset();
      out.claim = {};
      out.run = {};
      out.strikes = {};
    }
  }
  return out;
}

}  // namespace horde::supervisor
