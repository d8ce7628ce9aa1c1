#include "wire/link_frame.hpp"

#include <gtest/gtest.h>

#include "wire/datagram.hpp"
#include "wire/limits.hpp"

namespace horde::wire {
namespace {

LinkFrame some_frame() {
  return {.to_boot = 7,
          .epoch = 2,
          .ask = 3,
          .answer = 4,
          .ack = 10,
          .credit_bytes = 300,
          .credit_messages = 5,
          .sacks = {{11, 12}, {14, 17}},
          .first = 20,
          .segments = {{"call", true}, {"", true}, {"part", false}}};
}

TEST(LinkFrame, ReadsBackWhatItWrote) {
  const base::Bytes bytes = encode(some_frame());
  EXPECT_EQ(decode_link_frame(bytes).value(), some_frame());
  const LinkFrame bare{.to_boot = 7, .epoch = 1};
  EXPECT_EQ(decode_link_frame(encode(bare)).value(), bare);
}

// The example of docs/wire.md.
TEST(LinkFrame, HasTheBytesThatThePageShows) {
  EXPECT_EQ(base::to_hex(encode(some_frame())),
            "07020f0304"    // to boot 7, epoch 2, all four flags, ask 3, answer 4
            "0aac0205"      // ack 10, credit 300 bytes and 5 messages
            "0201010203"    // two ranges: a gap of 1 and 1 segment, a gap of 2 and 3 segments
            "1403"          // three segments from 20 on
            "0963616c6c"    // "call", ends a message
            "01"            // "", ends a message
            "0870617274");  // "part"
}

TEST(LinkFrame, IsRefusedWhenCutAnywhere) {
  const base::Bytes whole = encode(some_frame());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(decode_link_frame(base::BytesView(whole).substr(0, length)).has_value());
  }
}

TEST(LinkFrame, IsRefusedWithTheOffsetOfWhatIsWrong) {
  const auto error_of = [](base::Bytes bytes) { return decode_link_frame(bytes).error(); };
  const auto bytes = [](std::initializer_list<unsigned> values) {
    base::Bytes out;
    for (const unsigned value : values) {
      out += static_cast<char>(value);
    }
    return out;
  };
  EXPECT_EQ(error_of(bytes({7, 0, 0, 0, 0, 0})), (DecodeError{DecodeErrc::bad_value, 1}));
  EXPECT_EQ(error_of(bytes({7, 1, 16, 0, 0, 0})), (DecodeError{DecodeErrc::bad_value, 2}));
  EXPECT_EQ(error_of(bytes({7, 1, 1, 0, 0, 0, 0})), (DecodeError{DecodeErrc::bad_value, 3}));
  EXPECT_EQ(error_of(bytes({7, 1, 4, 0, 0, 0, 0})), (DecodeError{DecodeErrc::bad_value, 6}));
  EXPECT_EQ(error_of(bytes({7, 1, 4, 0, 0, 0, 9})), (DecodeError{DecodeErrc::over_limit, 6}));
  EXPECT_EQ(error_of(bytes({7, 1, 4, 0, 0, 0, 1, 0, 1})), (DecodeError{DecodeErrc::bad_value, 7}));
  EXPECT_EQ(error_of(bytes({7, 1, 4, 0, 0, 0, 1, 0x80, 8, 1})),
            (DecodeError{DecodeErrc::over_limit, 7}));  // Ends beyond what may be under way.
  EXPECT_EQ(error_of(bytes({7, 1, 8, 0, 0, 0, 0, 0})), (DecodeError{DecodeErrc::bad_value, 7}));
  EXPECT_EQ(error_of(bytes({7, 1, 0, 0, 0, 0, 1})), (DecodeError{DecodeErrc::trailing_bytes, 6}));
}

// Goal: a full segment fits with the largest of everything. Method: the largest of everything.
TEST(LinkFrame, FitsWithTheLargestOfAllFields) {
  const base::Bytes payload(kLinkSegmentBytesMax, 'x');
  LinkFrame frame{.to_boot = ~std::uint64_t{0},
                  .epoch = kLinkNumberMax,
                  .ask = kLinkNumberMax,
                  .answer = kLinkNumberMax,
                  .ack = kLinkNumberMax,
                  .credit_bytes = kLinkNumberMax,
                  .credit_messages = kLinkNumberMax,
                  .first = kLinkNumberMax,
                  .segments = {{payload, true}}};
  for (std::uint64_t i = 0; i < kLinkSackRangesMax; ++i) {
    const std::uint64_t first = kLinkNumberMax + 128 * i + 64;
    frame.sacks.push_back({first, first + 64});
  }
  EXPECT_LE(encode(frame).size(), kLinkFrameBytesMax);
  // A datagram's header, the frame's tag and length, and a seal of 24 + 16 bytes.
  const Sender longest{base::NodeId::of("a-name-above-eight-bytes"), ~std::uint64_t{0}};
  EXPECT_LE(header_bytes(longest) + 3 + 40 + kLinkFrameBytesMax, kDatagramBytesMax);
  EXPECT_TRUE(decode_link_frame(encode(frame)).has_value());
}

}  // namespace
}  // namespace horde::wire
