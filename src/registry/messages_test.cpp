#include "registry/messages.hpp"

#include <gtest/gtest.h>

#include "registry/test_messages.hpp"

namespace horde::registry {
namespace {

TEST(RegistryMessage, OfEachKindIsReadAsItWasWritten) {
  for (const Message& message : some_messages()) {
    EXPECT_EQ(decode_message(encode(message)), message);
  }
}

TEST(RegistryMessage, LooksAsDocsWireSays) {
  EXPECT_EQ(base::to_hex(encode(some_messages()[0])),
            "0104046c656164"
            "1701090a070100000000000000020000000000000000"
            "0000"
            "64");
}

// Goal: only one encoding of each message is accepted, and nothing reads past the end.
TEST(RegistryMessage, IsRefusedOrReadInItsOnlyEncoding) {
  for (const Message& one : some_messages()) {
    const base::Bytes whole = encode(one);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(decode_message(whole.substr(0, length)).has_value());
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        base::Bytes damaged = whole;
        damaged[at] = static_cast<char>(value);
        if (const auto message = decode_message(damaged)) {
          EXPECT_EQ(encode(*message), damaged);
        }
      }
    }
  }
}

TEST(RegistryMessage, ThatNoEncoderWritesIsRefusedWhereItIsWrong) {
  using enum wire::DecodeErrc;
  EXPECT_EQ(decode_message("").error(), (wire::DecodeError{truncated, 0}));
  EXPECT_EQ(decode_message("\x07").error(), (wire::DecodeError{bad_tag, 0}));
  EXPECT_EQ(decode_message(encode(BarrierSeen{0})).error(), (wire::DecodeError{bad_value, 1}));
  EXPECT_EQ(decode_message(encode(Withdraw{1, ""})).error(), (wire::DecodeError{bad_value, 2}));
  EXPECT_EQ(decode_message(encode(Withdraw{1, base::Bytes(513, 'k')})).error(),
            (wire::DecodeError{over_limit, 2}));
  EXPECT_EQ(decode_message(encode(Ask{.number = 1, .key = "k", .serial = 0})).error(),
            (wire::DecodeError{bad_value, 4}));
  EXPECT_EQ(decode_message(encode(Vote{.number = 1, .key = "k", .serial = 0})).error(),
            (wire::DecodeError{bad_value, 4}));
}

}  // namespace
}  // namespace horde::registry
