// Overloaded: several lambdas as one visitor of a variant.
#pragma once

namespace horde::scenario {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace horde::scenario
