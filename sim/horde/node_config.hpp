// From a scenario's options to what one node is started with.
#pragma once

#include "node/node.hpp"
#include "scenario/scenario.hpp"
#include "sim/core/machine.hpp"

namespace horde::sim {

/// The name of the one horde that nodes of a scenario host.
inline constexpr std::string_view kHordeName = "horde";

/// `seeds`: where a node asks for others.
[[nodiscard]] liveness::Options liveness_of(const scenario::HordeOptions& options);

[[nodiscard]] node::Config node_config(const scenario::HordeOptions& options, const Boot& boot,
                                       std::vector<base::Address> seeds);

/// Of the node of that name.
[[nodiscard]] node::ChildrenConfig children_config(const scenario::Scenario& scenario,
                                                   std::string_view name);

}  // namespace horde::sim
