// Entries of children: what decodes is, byte for byte, what the encoder writes for it, and joins
// with others without losing anything.
#include "base/assert.hpp"
#include "props/fuzz/targets.hpp"
#include "supervisor/test_entries.hpp"

namespace horde::props {
using namespace horde::supervisor;

void run_child_entry(base::BytesView input) {
  const auto entry = decode_entry(input);
  if (!entry) {
    return;
  }
  HORDE_ASSERT(encode(*entry) == input);
  const Entry both = join(*entry, example_entry());
  HORDE_ASSERT(both == join(example_entry(), *entry));
  HORDE_ASSERT(covers(both, *entry) && covers(both, example_entry()));
  const auto again = decode_entry(encode(both));
  HORDE_ASSERT(again.has_value() && *again == both);
}

std::vector<base::Bytes> child_entry_seeds() {
  std::vector<base::Bytes> seeds;
  for (const Entry& entry : some_entries()) {
    seeds.push_back(encode(entry));
  }
  return seeds;
}

}  // namespace horde::props
