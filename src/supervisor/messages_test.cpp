#include "supervisor/messages.hpp"

#include <gtest/gtest.h>

#include "supervisor/test_entries.hpp"

namespace horde::supervisor {
namespace {

TEST(SupervisorMessage, OfEachKindIsReadAsItWasWritten) {
  for (const Message& message : some_messages()) {
    EXPECT_EQ(decode_message(encode(message)), message);
  }
}

TEST(SupervisorMessage, LooksAsDocsWireSays) {
  EXPECT_EQ(base::to_hex(encode(some_messages()[3])),
            "0401000000000000000200000000000000"
            "11026e310500");
}

// Goal: only one encoding of each message is accepted, and nothing reads past the end.
TEST(SupervisorMessage, IsRefusedOrReadInItsOnlyEncoding) {
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

TEST(SupervisorMessage, WithIdsThatAreNotAscendingIsRefused) {
  const auto unsorted = decode_message(encode(AskEnds{.ids = {{1, 3}, {1, 2}}}));
  EXPECT_EQ(unsorted.error().code, wire::DecodeErrc::bad_value);
  EXPECT_EQ(decode_message("\x09").error(), (wire::DecodeError{wire::DecodeErrc::bad_tag, 0}));
}

}  // namespace
}  // namespace horde::supervisor
