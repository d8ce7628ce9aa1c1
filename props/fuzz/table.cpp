// Tables of nodes: what decodes is, byte for byte, what the encoder writes for it.
#include "base/assert.hpp"
#include "liveness/messages.hpp"
#include "props/fuzz/some_records.hpp"
#include "props/fuzz/targets.hpp"

namespace horde::props {

using namespace horde::liveness;

void run_table(base::BytesView input) {
  const auto message = decode_table(input);
  if (message) {
    HORDE_ASSERT(encode(*message) == input);
  }
}

std::vector<base::Bytes> table_seeds() {
  using Kind = TableMessage::Kind;
  return {
      encode(TableMessage{.kind = Kind::ask, .digest = 1, .records = some_records()}),
      encode(TableMessage{.kind = Kind::part, .first = 1, .last = 9, .records = some_records()}),
      encode(TableMessage{.kind = Kind::answer, .records = some_records()})};
}

}  // namespace horde::props
