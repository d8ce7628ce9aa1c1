// Messages for tests: one of each kind and verdict.
#pragma once

#include <vector>

#include "registry/messages.hpp"

namespace horde::registry {

inline std::vector<Message> some_messages() {
  const process::Pid pid{{base::NodeId::of("n2"), 300}, 9};
  const Rank rank{.priority = 5, .birth_ns = 7, .id = {1, 2}};
  const Rank child{.priority = -1, .birth_ns = 7, .id = {1, 2}, .is_child = true, .term = 17};
  return {Ask{4, "lead", 9, rank, 100},
          Vote{4, "lead", 9, Verdict::yes},
          Vote{4, "lead", 9, Verdict::held, pid},
          Vote{4, "lead", 9, Verdict::promised, pid, child},
          Vote{4, "lead", 9, Verdict::full},
          Vote{4, "lead", 9, Verdict::still},
          Withdraw{4, "lead"},
          Written{4, "lead", 101},
          BarrierAsk{5, "lead", pid, base::seconds(5)},
          BarrierSeen{5}};
}

}  // namespace horde::registry
