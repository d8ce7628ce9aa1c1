#include "liveness/messages.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"

namespace horde::liveness {
namespace {

using base::NodeId;

base::Address address(std::uint8_t last) {
  return {.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last}, .port = 7000};
}

const std::string kLongName = "host-2.example:7000";

std::vector<Record> one_of_each() {
  const NodeId n1 = NodeId::of("n1");
  const NodeId n3 = NodeId::of("n3");
  return {{.node = n1, .name = "n1", .address = address(1), .boot = 7, .incarnation = 0},
          {.node = NodeId::of(kLongName),
           .name = kLongName,
           .address = address(2),
           .boot = ~std::uint64_t{0},
           .incarnation = 3,
           .state = State::suspect,
           .accusers = {n1, n3}},
          {.node = n3,
           .name = "n3",
           .address = address(3),
           .boot = 1,
           .state = State::dead,
           .evidence = Evidence::refusal,
           .accusers = {n1},
           .age_ms = 1'500},
          {.node = NodeId::of("n4"),
           .name = "n4",
           .address = address(4),
           .boot = 1,
           .state = State::left,
           .age_ms = 3}};
}

std::vector<MembershipMessage> memberships() {
  using Kind = MembershipMessage::Kind;
  const NodeId n2 = NodeId::of("n2");
  return {{.kind = Kind::ping, .number = 300, .target = n2, .target_boot = 9},
          {.kind = Kind::ping, .number = 1, .records = one_of_each()},
          {.kind = Kind::ack, .number = 2, .records = one_of_each()},
          {.kind = Kind::ping_req,
           .number = 3,
           .target = n2,
           .target_boot = 9,
           .target_address = address(2)},
          {.kind = Kind::relayed, .number = 4},
          {.kind = Kind::nack, .number = 5, .refused = 1, .records = one_of_each()},
          {.kind = Kind::gossip, .records = one_of_each()}};
}

std::vector<TableMessage> tables() {
  using Kind = TableMessage::Kind;
  return {{.kind = Kind::ask, .digest = 77, .records = one_of_each()},
          {.kind = Kind::part, .first = 1, .last = ~std::uint64_t{0}, .records = one_of_each()},
          {.kind = Kind::answer, .records = one_of_each()}};
}

TEST(Messages, OfEachKindAreReadAsTheyWereWritten) {
  for (const MembershipMessage& message : memberships()) {
    EXPECT_EQ(decode_membership(encode(message)), message);
  }
  for (const TableMessage& message : tables()) {
    EXPECT_EQ(decode_table(encode(message)), message);
  }
}

TEST(Messages, LookAsTheHeaderSays) {
  const MembershipMessage message{.records = {{.node = NodeId::of("n2"),
                                               .name = "n2",
                                               .address = address(2),
                                               .boot = 5,
                                               .incarnation = 1,
                                               .state = State::suspect,
                                               .accusers = {NodeId::of("n1")}}}};
  EXPECT_EQ(base::to_hex(encode(message)),
            "06026e320100000000000000000000ffff0a000002d836050101026e31");
}

// Goal: only one encoding of each message is accepted, and nothing reads past the end.
// Method: cut each message at each length, and change each byte to each value; what is accepted
// must be written again as the same bytes.
TEST(Messages, AreRefusedOrReadInTheirOnlyEncoding) {
  const auto check = [](const base::Bytes& bytes) {
    if (const auto message = decode_membership(bytes)) {
      EXPECT_EQ(encode(*message), bytes);
    }
    if (const auto table = decode_table(bytes)) {
      EXPECT_EQ(encode(*table), bytes);
    }
  };
  std::vector<base::Bytes> all;
  for (const MembershipMessage& message : memberships()) {
    all.push_back(encode(message));
  }
  for (const TableMessage& message : tables()) {
    all.push_back(encode(message));
  }
  for (const base::Bytes& whole : all) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      check(whole.substr(0, length));
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        base::Bytes damaged = whole;
        damaged[at] = static_cast<char>(value);
        check(damaged);
      }
    }
  }
}

TEST(Messages, SayWhereTheyAreBroken) {
  using wire::DecodeErrc;
  EXPECT_EQ(decode_membership("").error().code, DecodeErrc::truncated);
  EXPECT_EQ(decode_membership(base::Bytes("\x07", 1)).error(),
            (wire::DecodeError{DecodeErrc::bad_tag, 0}));
  // A suspicion whose accusers are not ascending.
  Record record = one_of_each()[1];
  std::swap(record.accusers[0], record.accusers[1]);
  const auto unsorted = decode_membership(encode(MembershipMessage{.records = {record}}));
  EXPECT_EQ(unsorted.error().code, DecodeErrc::bad_value);
  // A long name that is not the one of the id.
  record = one_of_each()[1];
  record.name = "host-3.example:7000";
  const auto misnamed = decode_membership(encode(MembershipMessage{.records = {record}}));
  EXPECT_EQ(misnamed.error().code, DecodeErrc::bad_value);
  // A range that ends before it begins.
  const auto backwards =
      decode_table(encode(TableMessage{.kind = TableMessage::Kind::part, .first = 2, .last = 1}));
  EXPECT_EQ(backwards.error(), (wire::DecodeError{DecodeErrc::bad_value, 9}));
}

}  // namespace
}  // namespace horde::liveness
