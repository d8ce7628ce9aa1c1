#include "wire/codec.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace horde::wire {
namespace {

TEST(Codec, ReadsBackWhatItWrote) {
  Writer writer;
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128},
                                    std::numeric_limits<std::uint64_t>::max()}) {
    writer.varint(value);
  }
  writer.signed_varint(std::numeric_limits<std::int64_t>::min());
  writer.fixed64(0x0123456789abcdefU);
  writer.blob("key");
  writer.dot({{base::NodeId::of("n1"), 17}, 3});
  writer.node(base::NodeId::of("a-long-node-name"));
  Reader reader(writer.bytes());
  EXPECT_EQ(reader.varint(), 0U);
  EXPECT_EQ(reader.varint(), 127U);
  EXPECT_EQ(reader.varint(), 128U);
  EXPECT_EQ(reader.varint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader.signed_varint(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.fixed64(), 0x0123456789abcdefU);
  EXPECT_EQ(reader.blob(3), "key");
  EXPECT_EQ(reader.dot(), (base::Dot{{base::NodeId::of("n1"), 17}, 3}));
  EXPECT_EQ(reader.node(), base::NodeId::of("a-long-node-name"));
  EXPECT_TRUE(reader.finish(true).has_value());
}

TEST(Codec, RefusesASecondEncodingOfTheSameNumber) {
  Reader padded(base::BytesView("\x81\x00", 2));
  (void)padded.varint();
  EXPECT_EQ(padded.error(), (DecodeError{DecodeErrc::bad_value, 0}));
  Reader wide("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  (void)wide.varint();
  EXPECT_EQ(wide.error(), (DecodeError{DecodeErrc::bad_value, 0}));
}

// The first error tells where; what is read after it must neither move it nor look like data.
TEST(Codec, KeepsTheFirstErrorWithItsOffset) {
  Reader reader(
      base::BytesView("\x05"
                      "abc",
                      4));
  EXPECT_EQ(reader.blob(10), "");
  EXPECT_EQ(reader.error(), (DecodeError{DecodeErrc::truncated, 1}));
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(to_string(reader.error()), "truncated at byte 1");
  EXPECT_FALSE(reader.finish(1).has_value());
}

TEST(Codec, RefusesLengthsOverTheirLimitBeforeReading) {
  Reader reader(
      "\x05"
      "abcde");
  EXPECT_EQ(reader.blob(4), "");
  EXPECT_EQ(reader.error(), (DecodeError{DecodeErrc::over_limit, 0}));
}

TEST(Codec, RefusesANodeNameThatNoNodeCanHave) {
  for (const base::BytesView bytes : {base::BytesView("\x02 x", 3), base::BytesView("\x09"),
                                      base::BytesView("\x00\x01\x02\x03\x04\x05\x06\x07\x08", 9)}) {
    Reader reader(bytes);
    (void)reader.node();
    EXPECT_EQ(reader.error(), (DecodeError{DecodeErrc::bad_value, 0}));
  }
}

}  // namespace
}  // namespace horde::wire
