// Messages of replication: what decodes is, byte for byte, what the encoder writes for it.
#include "base/assert.hpp"
#include "props/fuzz/targets.hpp"
#include "replication/messages.hpp"

namespace horde::props {
namespace {

using namespace horde::replication;

base::Bytes bytes_of(const Message& message) {
  wire::Writer writer;
  encode(writer, message);
  return std::move(writer).take();
}

}  // namespace

void run_message(base::BytesView input) {
  wire::Reader reader(input);
  const auto message = decode(reader);
  if (message) {
    HORDE_ASSERT(bytes_of(*message) == input);
  }
}

std::vector<base::Bytes> message_seeds() {
  const base::RunId a{base::NodeId::of("a"), 1};
  const base::RunId b{base::NodeId::of("a-name-above-eight-bytes"), 1'700'000'000'000};
  crdt::VersionVector vector;
  vector.restore({base::NodeId::of("z"), 7, 0x1234});
  vector.raise({a, 3});
  vector.raise({b, 300});
  const crdt::Siblings siblings = {
      {.dot = {a, 3}, .kind = crdt::Kind::put, .stamp = 5, .value = "x"},
      {.dot = {b, 1}, .kind = crdt::Kind::tombstone, .stamp = 6}};
  const SentVector whole = SentVector::full(vector);
  const SentVector hot = SentVector::hot(vector);
  std::vector<base::Bytes> seeds;
  for (const Message& message : std::initializer_list<Message>{
           Ask{.round = 1, .digest = 2, .order = 300, .synced = true},
           Equal{.round = 1, .order = 300},
           VectorIs{.round = 4, .vector = whole, .answer_whole = true}, VectorIs{.vector = hot},
           Pull{.session = 1,
           .server_start = 2,
           .cursor = 3,
           .window = 5,
           .limit = 6,
           .reconciled = 7,
           .want = whole},
           Page{.session = 1,
           .puller_start = 2,
           .from = 3,
           .to = 4,
           .as_of = 5,
           .entries = {{"k", siblings}, {"j", siblings}},
           .done = Page::Done{.vector = hot, .floor = {{a, 2}, {b, 1}}}},
           Again{.session = 1, .puller_start = 2, .why = Again::Why::reconcile},
           Ranges{.session = 1, .server_start = 2, .want = whole, .sums = {1, 2}},
           RangeDots{.session = 1, .vector = whole, .differing = {{0, {{a, 1}, {b, 1}}}, {3, {}}}},
           Push{.events = {{"k", siblings[0], {{a, 2}, {b, 1}}}, {"k", siblings[1], {}}}}}) {
    seeds.push_back(bytes_of(message));
  }
  return seeds;
}

}  // namespace horde::props
