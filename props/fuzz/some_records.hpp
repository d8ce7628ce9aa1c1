// Records of each form, for the seeds of the targets that carry records.
#pragma once

#include <vector>

#include "liveness/messages.hpp"

namespace horde::props {

inline std::vector<liveness::Record> some_records() {
  const liveness::Record alive{.node = base::NodeId::of("n1"),
                               .name = "n1",
                               .address = {.ip = {0xfd, 1}, .port = 7'000},
                               .boot = 300,
                               .incarnation = 2};
  liveness::Record suspect = alive;
  suspect.name = "a-name-above-eight-bytes";
  suspect.node = base::NodeId::of(suspect.name);
  suspect.state = liveness::State::suspect;
  suspect.accusers = {base::NodeId::of("n2"), base::NodeId::of("n3")};
  liveness::Record dead = suspect;
  dead.state = liveness::State::dead;
  dead.age_ms = 1'000;
  return {alive, suspect, dead};
}

}  // namespace horde::props
