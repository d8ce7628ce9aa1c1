// A few child specs, for the seeds of what carries them.
#pragma once

#include <vector>

#include "process/child_spec.hpp"

namespace horde::props {

[[nodiscard]] inline std::vector<process::ChildSpec> some_specs() {
  using namespace horde::process;
  return {{.type = "echo"},
          {.id = "a",
           .type = "crasher",
           .args = {"after_ms=5", "reason=error(x)"},
           .restart = Restart::transient,
           .shutdown = Shutdown::brutal_kill(),
           .modules = {"Crasher"},
           .placement_key = "room-7"},
          {.id = "b",
           .type = "supervisor",
           .restart = Restart::temporary,
           .kind = ChildKind::supervisor,
           .placement = Placement::spec}};
}

}  // namespace horde::props
