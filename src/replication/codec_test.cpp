// Messages and records: what is written is read back, and everything else is refused.
#include "replication/codec.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "replication/messages.hpp"
#include "replication/record.hpp"
#include "wire/limits.hpp"

namespace horde::replication {
namespace {

using base::Dot;
using base::NodeId;
using base::RunId;
using wire::DecodeErrc;
using wire::Writer;

const RunId a{NodeId::of("a"), 1};
const RunId a2{NodeId::of("a"), 9};
const RunId b{NodeId::of("b"), 1'700'000'000'000};

crdt::VersionVector some_vector() {
  crdt::VersionVector out;
  out.restore({NodeId::of("z"), 7, 0x1234});
  out.raise({a, 3});
  out.raise({a2, 300});
  out.raise({b, 1});
  return out;
}

crdt::Siblings some_siblings() {
  return {{.dot = {a, 3}, .kind = crdt::Kind::put, .stamp = 5, .value = "x"},
          {.dot = {b, 1}, .kind = crdt::Kind::tombstone, .stamp = 6}};
}

std::vector<Message> one_of_each() {
  const SentVector whole = SentVector::full(some_vector());
  const SentVector hot = SentVector::hot(some_vector());
  const crdt::Floor floor = {{a, 2}, {b, 1}};
  return {
      Ask{.round = 1, .digest = 2, .order = 300, .synced = true},
      Equal{.round = 1, .order = 300, .synced = false},
      VectorIs{.round = 4, .vector = whole, .answer_whole = true},
      VectorIs{.round = 0, .vector = hot, .synced = true},
      Pull{.session = 1,
           .server_start = 2,
           .cursor = 3,
           .until = 4,
           .window = 5,
           .limit = 6,
           .reconciled = 7,
           .want = whole,
           .synced = true},
      Pull{.session = 1, .server_start = 2},
      Page{.session = 1,
           .puller_start = 2,
           .from = 3,
           .to = 4,
           .as_of = 5,
           .last_of_burst = true,
           .entries = {{"k", some_siblings()}, {"", some_siblings()}},
           .done = Page::Done{.vector = hot, .floor = floor, .synced = true}},
      Page{},
      Again{.session = 1, .puller_start = 2, .why = Again::Why::reconcile},
      Ranges{.session = 1, .server_start = 2, .want = whole, .sums = {1, 2, 3, 4}},
      RangeDots{.session = 1,
                .puller_start = 2,
                .floor_version = 3,
                .vector = whole,
                .differing = {{0, {{a, 1}, {b, 1}}}, {3, {}}}},
      Push{.events = {{"k", some_siblings()[0], {{a, 2}, {b, 1}}}, {"k", some_siblings()[1], {}}}},
  };
}

base::Bytes bytes_of(const Message& message) {
  Writer writer;
  encode(writer, message);
  return std::move(writer).take();
}

// Why the bytes are refused; empty if they are not.
std::string refusal(base::BytesView bytes) {
  wire::Reader reader(bytes);
  const auto message = decode(reader);
  return message ? "" : std::string(to_string(message.error().code));
}

TEST(ReplicationCodec, ReadsBackEveryMessage) {
  for (const Message& message : one_of_each()) {
    const base::Bytes bytes = bytes_of(message);
    wire::Reader reader(bytes);
    const auto read = decode(reader);
    ASSERT_TRUE(read.has_value()) << message.index() << ": " << to_string(read.error());
    EXPECT_EQ(*read, message);
  }
}

TEST(ReplicationCodec, RefusesEveryMessageThatIsCutShortOrTooLong) {
  for (const Message& message : one_of_each()) {
    const base::Bytes bytes = bytes_of(message);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_NE(refusal(base::BytesView(bytes).substr(0, length)), "")
          << message.index() << ", " << length << " of " << bytes.size() << " bytes";
    }
    EXPECT_EQ(refusal(bytes + '\0'), "trailing_bytes") << message.index();
  }
}

TEST(ReplicationCodec, RefusesAKindThatDoesNotExist) {
  EXPECT_EQ(refusal(base::BytesView("\0", 1)), "bad_tag");
  EXPECT_EQ(refusal("\x0a"), "bad_tag");
}

// A message of one kind with one field that is written by hand.
base::Bytes with(std::uint8_t kind, const std::function<void(Writer&)>& fields) {
  Writer writer;
  writer.u8(kind);
  fields(writer);
  return std::move(writer).take();
}

void page_head(Writer& w) {
  for (const std::uint64_t number : {1U, 2U, 3U, 4U, 5U}) {
    w.varint(number);  // session, puller's start, from, to, as of
  }
  w.u8(0);
}

TEST(ReplicationCodec, RefusesNumbersThatCouldOverflow) {
  const auto ask = [](std::uint64_t order) {
    return with(1, [order](Writer& w) {
      w.varint(1);
      w.fixed64(2);
      w.varint(order);
      w.u8(0);
    });
  };
  EXPECT_EQ(refusal(ask(kNumberMax)), "");
  EXPECT_EQ(refusal(ask(kNumberMax + 1)), "over_limit");
}

TEST(ReplicationCodec, RefusesFlagsOtherThanZeroAndOne) {
  EXPECT_EQ(refusal(with(2,
                         [](Writer& w) {
                           w.varint(1);
                           w.varint(1);
                           w.u8(2);
                         })),
            "bad_value");
}

TEST(ReplicationCodec, RefusesAVectorThatIsNotAscendingOrHasAnEmptyRun) {
  const auto vector = [](const std::vector<Dot>& dots) {
    return with(3, [&](Writer& w) {
      w.varint(1);
      w.u8(1);
      w.varint(dots.size());
      for (const Dot& dot : dots) {
        w.dot(dot);
      }
      w.varint(0);
      w.u8(0);
      w.u8(0);
    });
  };
  EXPECT_EQ(refusal(vector({{a, 1}, {b, 1}})), "");
  EXPECT_EQ(refusal(vector({{b, 1}, {a, 1}})), "bad_value");
  EXPECT_EQ(refusal(vector({{a, 1}, {a, 2}})), "bad_value");
  EXPECT_EQ(refusal(vector({{a, 0}})), "bad_value");
}

TEST(ReplicationCodec, RefusesAVectorWithAnOpenRunThatItSaysIsClosed) {
  const auto vector = [](std::uint64_t before) {
    return with(3, [&](Writer& w) {
      w.varint(1);
      w.u8(1);
      w.varint(1);
      w.dot({a2, 1});
      w.varint(1);
      w.node(a2.node);
      w.varint(before);
      w.fixed64(0);
      w.u8(0);
      w.u8(0);
    });
  };
  EXPECT_EQ(refusal(vector(9)), "");
  EXPECT_EQ(refusal(vector(10)), "bad_value");
  EXPECT_EQ(refusal(vector(0)), "bad_value");
}

TEST(ReplicationCodec, RefusesCountsAboveTheirLimits) {
  const auto count_at = [](const std::function<void(Writer&)>& before, std::uint64_t count) {
    return with(5, [&](Writer& w) {
      before(w);
      w.varint(count);
    });
  };
  const auto runs = [](Writer& w) { page_head(w); };
  EXPECT_EQ(refusal(count_at(runs, wire::kVectorRunsMax + 1)), "over_limit");
  const auto entries = [](Writer& w) {
    page_head(w);
    w.varint(0);
  };
  EXPECT_EQ(refusal(count_at(entries, wire::kPageEntriesMax + 1)), "over_limit");
  const auto siblings = [&](Writer& w) {
    entries(w);
    w.varint(1);
    w.blob("k");
  };
  EXPECT_EQ(refusal(count_at(siblings, wire::kSiblingsMax + 1)), "over_limit");
  EXPECT_EQ(refusal(count_at(siblings, 0)), "bad_value");  // An entry that is not there.
  const auto key = [&](Writer& w) {
    entries(w);
    w.varint(1);
    w.blob(base::Bytes(wire::kKeyBytesMax + 1, 'k'));
  };
  EXPECT_EQ(refusal(count_at(key, 1)), "over_limit");
  EXPECT_EQ(refusal(bytes_of(Pull{.window = wire::kPagesWindowMax + 1})), "over_limit");
  EXPECT_EQ(refusal(bytes_of(Pull{.limit = wire::kPageEntriesMax + 1})), "over_limit");
  EXPECT_EQ(refusal(bytes_of(Ranges{.sums = std::vector<std::uint64_t>(3)})), "bad_value");
  EXPECT_EQ(refusal(bytes_of(Ranges{.sums = std::vector<std::uint64_t>(2 * wire::kRangesMax)})),
            "over_limit");
  EXPECT_EQ(refusal(bytes_of(RangeDots{.differing = {{wire::kRangesMax + 1, {}}}})), "over_limit");
  EXPECT_EQ(refusal(bytes_of(RangeDots{.differing = {{2, {}}, {1, {}}}})), "bad_value");
}

TEST(ReplicationCodec, RefusesLongValues) {
  crdt::Event event{.key = "k", .sibling = {.dot = {a, 1}}};
  event.sibling.value = base::Bytes(wire::kValueBytesMax, 'v');
  EXPECT_EQ(refusal(bytes_of(Push{.events = {event}})), "");
  event.sibling.value += 'v';
  EXPECT_EQ(refusal(bytes_of(Push{.events = {event}})), "over_limit");
}

TEST(ReplicationCodec, RefusesSiblingsAndDotsThatAreNotAscending) {
  crdt::Siblings siblings = some_siblings();
  std::ranges::reverse(siblings);
  EXPECT_EQ(refusal(bytes_of(Page{.entries = {{"k", siblings}}})), "bad_value");
  const crdt::Event event{"k", some_siblings()[0], {{b, 1}, {a, 2}}};
  EXPECT_EQ(refusal(bytes_of(Push{.events = {event}})), "bad_value");
  EXPECT_EQ(refusal(bytes_of(RangeDots{.differing = {{0, {{b, 1}, {a, 1}}}}})), "bad_value");
}

TEST(ReplicationCodec, RefusesAPageThatGoesBack) {
  EXPECT_EQ(refusal(bytes_of(Page{.from = 4, .to = 3, .as_of = 4})), "bad_value");
  EXPECT_EQ(refusal(bytes_of(Page{.from = 3, .to = 4, .as_of = 3})), "bad_value");
  EXPECT_EQ(refusal(bytes_of(Page{.from = 3, .to = 4, .as_of = 4})), "");
}

// Goal: one encoding for each message. Method: tables that an encoder never writes.
TEST(ReplicationCodec, RefusesRunTablesWithRunsThatAreUnusedRepeatedOrOutOfOrder) {
  const auto push = [](const std::vector<RunId>& table, const std::vector<std::uint64_t>& indexes) {
    return with(9, [&](Writer& w) {
      write_runs(w, table);
      w.varint(indexes.size());
      for (const std::uint64_t index : indexes) {
        w.blob("k");
        w.varint(index);
        w.varint(1);  // counter
        w.varint(1);  // a tombstone with stamp 0
        w.varint(0);  // supersedes nothing
      }
    });
  };
  EXPECT_EQ(refusal(push({a, b}, {0, 1, 0})), "");
  EXPECT_EQ(refusal(push({a, b}, {0})), "bad_value");
  EXPECT_EQ(refusal(push({a, b}, {1, 0})), "bad_value");
  EXPECT_EQ(refusal(push({a, a}, {0, 1})), "bad_value");
  EXPECT_EQ(refusal(push({a}, {0, 1})), "bad_value");
}

// Pages are cut by what entries take at most, so that must never be too little.
TEST(ReplicationCodec, NeverTakesMoreBytesThanItSaidBefore) {
  const RunId far{NodeId::of("12345678"), kNumberMax};
  crdt::Siblings siblings;
  for (std::uint64_t i = 0; i < 5; ++i) {
    siblings.push_back({.dot = {{far.node, far.start - 5 + i}, kNumberMax},
                        .stamp = crdt::Stamp{1} << 62U,
                        .value = base::Bytes(300, 'v')});
  }
  const base::Bytes key(wire::kKeyBytesMax, 'k');
  const std::size_t empty = bytes_of(Page{}).size();
  EXPECT_LE(bytes_of(Page{.entries = {{key, siblings}}}).size() - empty,
            encoded_bytes_max(key, siblings));
  const crdt::Event event{key, siblings[0], {siblings[1].dot, siblings[2].dot}};
  EXPECT_LE(bytes_of(Push{.events = {event}}).size() - bytes_of(Push{}).size(),
            encoded_bytes_max(event));
}

TEST(ReplicationCodec, SendsOnlyTheNewestRunsToWhoHasTheRest) {
  const crdt::VersionVector vector = some_vector();
  const SentVector hot = SentVector::hot(vector);
  EXPECT_EQ(to_string(hot.part), "{a.9:300 b.1700000000000:1}");
  EXPECT_EQ(hot.resolve(vector), vector);
  EXPECT_EQ(hot.resolve(vector.hot()), std::nullopt);
  EXPECT_EQ(SentVector::full(vector).resolve({}), vector);
}

Record some_record() {
  return {.entries = {{"gone", {}}, {"k", some_siblings()}},
          .vector = some_vector(),
          .floor = {{a, 2}},
          .rewrites = {{.dot = {a2, 4}, .key = "r", .value = "v", .stamp = 3}},
          .rewrites_done = true};
}

TEST(Record, IsReadBackAsItWasWritten) {
  const auto read = decode_record(encode(some_record()));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, some_record());
  EXPECT_EQ(*decode_record(encode(Record{})), Record{});
}

TEST(Record, IsRefusedWhenItIsCutShortOrOfAnotherVersion) {
  base::Bytes bytes = encode(some_record());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_record(base::BytesView(bytes).substr(0, length))) << length;
  }
  bytes[0] = 9;
  EXPECT_EQ(decode_record(bytes).error(), (wire::DecodeError{DecodeErrc::bad_version, 0}));
}

}  // namespace
}  // namespace horde::replication
