// From a scenario's options to what one node is started with.
#pragma once

#include "node/node.hpp"
#include "scenario/scenario.hpp"
#include "sim/core/machine.hpp"

namespace horde::sim {

/// The hordes that nodes of a scenario host: one of the map and children, which has place 0, and
/// the registry, if there is one.
inline constexpr std::string_view kHordeName = "horde";
inline constexpr std::string_view kRegistryName = "registry";
inline constexpr std::size_t kRegistryPlace = 1;

/// `seeds`: where a node asks for others.
[[nodiscard]] liveness::Options liveness_of(const scenario::HordeOptions& options);

/// With the map's horde alone.
[[nodiscard]] node::Config node_config(const scenario::HordeOptions& options, const Boot& boot,
                                       std::vector<base::Address> seeds);

/// Of the node of that name.
[[nodiscard]] node::ChildrenConfig children_config(const scenario::Scenario& scenario,
                                                   std::string_view name);

[[nodiscard]] node::HordeConfig registry_config(const scenario::HordeOptions& options);

}  // namespace horde::sim
