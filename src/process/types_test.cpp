#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "process/signal.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

const base::RunId kOne{base::NodeId::of("n1"), 7};
const base::RunId kTwo{base::NodeId::of("n2"), 300};

std::vector<Signal> one_of_each() {
  using Kind = Signal::Kind;
  const Pid from{kOne, 5};
  const Pid to{kTwo, 1000};
  return {{.kind = Kind::message, .from = from, .to = to, .payload = "hello"},
          {.kind = Kind::cast, .from = from, .to = to},
          {.kind = Kind::request,
           .from = from,
           .to = to,
           .ref = 9,
           .timeout = base::seconds(5),
           .payload = std::string("\0\xff", 2)},
          {.kind = Kind::reply, .from = from, .to = to, .ref = 9, .payload = "yes"},
          {.kind = Kind::call_failed,
           .from = from,
           .to = to,
           .ref = 9,
           .status = CallEnded::Status::unknown,
           .reason = ExitReason::error("boom")},
          {.kind = Kind::link, .from = from, .to = to, .ref = 1},
          {.kind = Kind::unlink, .from = from, .to = to, .ref = 1, .other_ref = 0},
          {.kind = Kind::exit,
           .from = from,
           .to = to,
           .by_link = true,
           .reason = ExitReason::shutdown("duplicate")},
          {.kind = Kind::monitor, .from = from, .to = to, .ref = 2},
          {.kind = Kind::demonitor, .from = from, .to = to, .ref = 2},
          {.kind = Kind::down, .from = from, .to = to, .ref = 2, .reason = ExitReason::noproc()}};
}

TEST(ExitReason, OfANameConflictSaysWhatWasLostAndToWhom) {
  const NameConflict conflict{.registry = "names",
                              .key = "leader",
                              .value = "v",
                              .winner = {{base::NodeId::of("n2"), 7}, 3}};
  const ExitReason reason = ExitReason::name_conflict(conflict);
  EXPECT_FALSE(reason.is_normal_exit());
  EXPECT_EQ(name_conflict_of(reason), conflict);
  EXPECT_EQ(to_string(reason), "name_conflict(leader, <n2.7.3>)");
  EXPECT_FALSE(name_conflict_of(ExitReason::error("x")));
  EXPECT_FALSE(name_conflict_of({ExitReason::Kind::name_conflict, "junk"}));
  wire::Writer writer;
  write_reason(writer, reason);
  wire::Reader reader(writer.bytes());
  EXPECT_EQ(read_reason(reader), reason);
}

TEST(ExitReason, OfANameConflictHasRoomForTheLargestKeyAndValue) {
  const NameConflict conflict{.registry = base::Bytes(wire::kProcessNameBytesMax, 'r'),
                              .key = base::Bytes(wire::kUserKeyBytesMax, 'k'),
                              .value = base::Bytes(wire::kUserValueBytesMax, 'v'),
                              .winner = {{base::NodeId::of("n2"), 7}, 3}};
  EXPECT_EQ(name_conflict_of(ExitReason::name_conflict(conflict)), conflict);
}

TEST(Signals, OfEachKindAreReadAsTheyWereWritten) {
  for (const Signal& signal : one_of_each()) {
    EXPECT_EQ(decode_signal(encode(signal), kOne, kTwo), signal);
  }
}

TEST(Signals, LookAsTheWirePageSays) {
  const Signal signal{.kind = Signal::Kind::down,
                      .from = {kOne, 5},
                      .to = {kTwo, 300},
                      .ref = 2,
                      .reason = ExitReason::error("boom")};
  EXPECT_EQ(base::to_hex(encode(signal)), "0b05ac02020804626f6f6d");
}

TEST(Signals, ThatAreCutShortOrTooLongAreRefused) {
  for (const Signal& signal : one_of_each()) {
    const base::Bytes whole = encode(signal);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(decode_signal(base::BytesView(whole).substr(0, length), kOne, kTwo));
    }
    EXPECT_FALSE(decode_signal(whole + "x", kOne, kTwo));
  }
}

// Goal: whatever decodes is what the encoder writes for it. Method: change one byte of a message.
TEST(Signals, HaveOneEncodingEach) {
  base::Rng rng(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto signals = one_of_each();
    base::Bytes bytes = encode(signals[rng.below(signals.size())]);
    const std::size_t place = rng.below(bytes.size());
    bytes[place] = static_cast<char>(rng.below(256));
    const auto signal = decode_signal(bytes, kOne, kTwo);
    if (signal) {
      EXPECT_EQ(encode(*signal), bytes);
    }
  }
}

TEST(Signals, AboveTheirLimitsAreRefusedWithThePlace) {
  wire::Writer writer;
  writer.u8(static_cast<std::uint8_t>(Signal::Kind::message));
  writer.varint(1);
  writer.varint(1);
  writer.blob(base::Bytes(wire::kPayloadBytesMax + 1, 'x'));
  EXPECT_EQ(decode_signal(writer.bytes(), kOne, kTwo),
            std::unexpected(wire::DecodeError{wire::DecodeErrc::over_limit, 3}));
}

TEST(ExitReasons, AreReadAsTheyArePrinted) {
  for (const ExitReason& reason :
       {ExitReason::normal(), ExitReason::shutdown(), ExitReason::shutdown("x"), ExitReason::kill(),
        ExitReason::killed(), ExitReason::noproc(), ExitReason::noconnection(),
        ExitReason::error("boom")}) {
    EXPECT_EQ(reason_of(to_string(reason)), reason);
  }
  EXPECT_EQ(reason_of("anything else"), ExitReason::error("anything else"));
}

// Shows: restart.normal
TEST(ExitReasons, ThatAreNoCrashAreNormalShutdownAndShutdownWith) {
  for (const char* text : {"normal", "shutdown", "shutdown(x)"}) {
    EXPECT_TRUE(reason_of(text).is_normal_exit()) << text;
  }
  for (const char* text : {"kill", "killed", "noproc", "noconnection", "error(x)"}) {
    EXPECT_FALSE(reason_of(text).is_normal_exit()) << text;
  }
}

TEST(ExitReasons, ThatAreTooLongAreCut) {
  EXPECT_EQ(ExitReason::error(base::Bytes(1'000'000, 'x')).detail.size(),
            wire::kReasonDetailBytesMax);
}

}  // namespace
}  // namespace horde::process
