// Records of a replica's log: what decodes is, byte for byte, what the encoder writes for it, and a
// replica that loads it can go on.
#include "replication/record.hpp"

#include <array>

#include "base/assert.hpp"
#include "props/fuzz/targets.hpp"
#include "replication/replicator.hpp"

namespace horde::props {

void run_record(base::BytesView input) {
  const auto record = replication::decode_record(input);
  if (!record) {
    return;
  }
  HORDE_ASSERT(replication::encode(*record) == input);
  const base::RunId own{base::NodeId::of("own"), 1};
  replication::Replicator replica(own, {});
  const std::array log = {base::Bytes(input)};
  HORDE_ASSERT(replica.load(log).has_value());
  replication::Outputs out;
  const base::Now now{{1}, {1}};
  replica.on_start(now, out);
  replica.on_timeout(now, out);
}

std::vector<base::Bytes> record_seeds() {
  const base::RunId a{base::NodeId::of("a"), 1};
  const base::RunId b{base::NodeId::of("own"), 17};
  const crdt::Siblings siblings = {
      {.dot = {a, 3}, .kind = crdt::Kind::put, .stamp = 5, .value = "x"},
      {.dot = {b, 1}, .kind = crdt::Kind::tombstone, .stamp = 6}};
  replication::Record record{.entries = {{"gone", {}}, {"k", siblings}},
                             .floor = {{a, 2}},
                             .rewrites = {{.dot = {b, 4}, .key = "r", .value = "v", .stamp = 3}},
                             .rewrites_done = true};
  record.vector.restore({base::NodeId::of("z"), 7, 0x1234});
  record.vector.raise({a, 3});
  record.vector.raise({b, 1});
  return {replication::encode(record), replication::encode({})};
}

}  // namespace horde::props
