// Quantities as texts: exact reading, exact refusal, and texts that read back.
#include "scenario/units.hpp"

#include <gtest/gtest.h>

namespace horde::scenario {
namespace {

using base::Duration;

TEST(Units, ADurationIsReadExactlyInEachUnit) {
  EXPECT_EQ(from_text<Duration>("7ns"), Duration{7});
  EXPECT_EQ(from_text<Duration>("1.5us"), Duration{1'500});
  EXPECT_EQ(from_text<Duration>("300ms"), base::milliseconds(300));
  EXPECT_EQ(from_text<Duration>("-2 s"), base::seconds(-2));
  EXPECT_EQ(from_text<Duration>("1.5min"), base::seconds(90));
  EXPECT_EQ(from_text<Duration>("24h"), base::seconds(86'400));
}

TEST(Units, AShareOfHalfAPercentIsExact) {
  EXPECT_EQ(from_text<Fraction>("0.5%"), Fraction{5'000});
  EXPECT_EQ(from_text<Fraction>("0.0001%"), Fraction{1});
}

TEST(Units, BandwidthsAreReadInBytesAndInBits) {
  EXPECT_EQ(from_text<ByteRate>("1MB/s"), ByteRate{1'000'000});
  EXPECT_EQ(from_text<ByteRate>("10Mbit/s"), ByteRate{1'250'000});
  EXPECT_EQ(from_text<ByteRate>("unlimited"), ByteRate{0});
}

TEST(Units, ASpanIsATimeOrANumberOfSyncIntervals) {
  EXPECT_EQ(from_text<Span>("20 sync"), Span{.syncs = 20});
  EXPECT_EQ(from_text<Span>("20 sync")->resolve(base::milliseconds(300)), base::seconds(6));
  EXPECT_EQ(from_text<Span>("5s")->resolve(base::milliseconds(300)), base::seconds(5));
}

TEST(Units, WhatIsWrongWithATextIsTold) {
  const auto error = [](std::string_view text) { return from_text<Duration>(text).error(); };
  EXPECT_EQ(error(""), UnitErrc::not_a_number);
  EXPECT_EQ(error("-"), UnitErrc::not_a_number);
  EXPECT_EQ(error("soon"), UnitErrc::not_a_number);
  EXPECT_EQ(error("nan"), UnitErrc::not_a_number);
  EXPECT_EQ(error("300"), UnitErrc::no_unit);
  EXPECT_EQ(error("300 msec"), UnitErrc::unknown_unit);
  EXPECT_EQ(error("1.s"), UnitErrc::unknown_unit);
  EXPECT_EQ(error("1e3s"), UnitErrc::unknown_unit);
  EXPECT_EQ(error("0.5ns"), UnitErrc::too_precise);
  EXPECT_EQ(error("300000h0s"), UnitErrc::unknown_unit);
  EXPECT_EQ(error("3000000h"), UnitErrc::too_large);
  EXPECT_EQ(error("99999999999999999999s"), UnitErrc::too_large);
  EXPECT_EQ(error("0.00000000000000000001s"), UnitErrc::too_large);
}

TEST(Units, ATextReadsBackAsTheValueItWasMadeOf) {
  for (const std::int64_t n : {0LL, 1LL, 999LL, 1'500LL, 5'000LL, 10'000LL, 123'456'789LL}) {
    EXPECT_EQ(from_text<Duration>(to_text(Duration{n})), Duration{n});
    EXPECT_EQ(from_text<Duration>(to_text(Duration{-n})), Duration{-n});
    EXPECT_EQ(from_text<Fraction>(to_text(Fraction{n})), Fraction{n});
    EXPECT_EQ(from_text<Drift>(to_text(Drift{-n})), Drift{-n});
    EXPECT_EQ(from_text<ByteCount>(to_text(ByteCount{n})), ByteCount{n});
    EXPECT_EQ(from_text<ByteRate>(to_text(ByteRate{n})), ByteRate{n});
    EXPECT_EQ(from_text<Span>(to_text(Span{.syncs = n})), Span{.syncs = n});
  }
  EXPECT_EQ(to_text(Fraction{5'000}), "0.5%");
  EXPECT_EQ(to_text(ByteRate{2'000'000}), "2MB/s");
}

}  // namespace
}  // namespace horde::scenario
