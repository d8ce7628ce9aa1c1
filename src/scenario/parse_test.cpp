#include "scenario/parse.hpp"

#include <gtest/gtest.h>
namespace horde::scenario {
TEST(Parse, Prints) {
  std::fputs(to_json(Scenario{}).c_str(), stdout);
}
}  // namespace horde::scenario
