#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace horde::base {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error, assertion failed: %s\n", file, line, expression);
  std::abort();
}

}  // namespace horde::base
