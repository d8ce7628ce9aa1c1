// Child specs: what decodes is valid, and byte for byte what the encoder writes for it.
#include "process/child_spec.hpp"

#include "base/assert.hpp"
#include "props/fuzz/some_specs.hpp"
#include "props/fuzz/targets.hpp"

namespace horde::props {

void run_child_spec(base::BytesView input) {
  const auto spec = process::decode_child_spec(input);
  if (spec) {
    HORDE_ASSERT(process::validate(*spec).has_value());
    HORDE_ASSERT(process::encode(*spec) == input);
  }
}

std::vector<base::Bytes> child_spec_seeds() {
  std::vector<base::Bytes> seeds;
  for (const process::ChildSpec& spec : some_specs()) {
    seeds.push_back(process::encode(spec));
  }
  return seeds;
}

}  // namespace horde::props
