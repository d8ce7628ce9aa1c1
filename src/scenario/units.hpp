// Quantities as people write them, number and unit in one string, and back: "300ms", "0.5%",
// "1MB/s".
//
// Exact: a decimal number times an integer scale, no floating point, so that what is read is the
// same on every machine and `to_text` of it reads back as the same value.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace horde::scenario {

/// A share, in parts per million: "1%", "0.5%", "250ppm".
struct Fraction {
  std::int64_t ppm = 0;
  friend constexpr auto operator<=>(Fraction, Fraction) = default;
};

/// How much faster than true time a clock runs, in parts per million; may be negative: "-50ppm".
struct Drift {
  std::int64_t ppm = 0;
  friend constexpr auto operator<=>(Drift, Drift) = default;
};

/// A size in bytes: "16B", "1kB" (1,000), "1KiB" (1,024).
struct ByteCount {
  std::int64_t bytes = 0;
  friend constexpr auto operator<=>(ByteCount, ByteCount) = default;
};

/// Bytes per second: "1MB/s", "10Mbit/s"; 0 is "unlimited".
struct ByteRate {
  std::int64_t bytes_per_second = 0;
  friend constexpr auto operator<=>(ByteRate, ByteRate) = default;
};

/// A span of time, absolute ("5s") or in sync intervals of the scenario ("20 sync").
struct Span {
  base::Duration time;
  std::int64_t syncs = 0;  // Not 0: `time` is 0.
  friend constexpr auto operator<=>(Span, Span) = default;

  [[nodiscard]] constexpr base::Duration resolve(base::Duration sync_interval) const {
    return time + sync_interval * syncs;
  }
};

/// Why a text is not a quantity; `to_string` says it to a person.
enum class UnitErrc : std::uint8_t {
  not_a_number,  ///< Does not begin with a decimal number.
  no_unit,       ///< A number alone.
  unknown_unit,  ///< A unit that this quantity does not have.
  too_large,     ///< Outside 64 bits.
  too_precise,   ///< Falls between two representable values ("0.5ns").
};

/// Each reads the whole of `text`; blanks may stand between number and unit. A sign is accepted:
/// whether a negative quantity makes sense is its field's to say.
template <class T>
[[nodiscard]] std::expected<T, UnitErrc> from_text(std::string_view text) = delete;
template <>
std::expected<base::Duration, UnitErrc> from_text<base::Duration>(std::string_view text);
template <>
std::expected<Fraction, UnitErrc> from_text<Fraction>(std::string_view text);
template <>
std::expected<Drift, UnitErrc> from_text<Drift>(std::string_view text);
template <>
std::expected<ByteCount, UnitErrc> from_text<ByteCount>(std::string_view text);
template <>
std::expected<ByteRate, UnitErrc> from_text<ByteRate>(std::string_view text);
template <>
std::expected<Span, UnitErrc> from_text<Span>(std::string_view text);

/// The shortest text that reads back as the same value.
[[nodiscard]] std::string to_text(base::Duration value);
[[nodiscard]] std::string to_text(Fraction value);
[[nodiscard]] std::string to_text(Drift value);
[[nodiscard]] std::string to_text(ByteCount value);
[[nodiscard]] std::string to_text(ByteRate value);
[[nodiscard]] std::string to_text(Span value);

/// What a quantity is called in messages, how it is written, and which units it has.
struct QuantityInfo {
  std::string_view noun;     // "a duration"
  std::string_view example;  // "300ms"
  std::string_view units;    // "ns, us, ms, s, min, h"
  std::string_view pattern;  // A regular expression for the JSON Schema, without a sign.
};
template <class T>
inline constexpr QuantityInfo kQuantity{};
template <>
inline constexpr QuantityInfo kQuantity<base::Duration>{
    "a duration", "300ms", "ns, us, ms, s, min, h", R"(^[0-9]+(\.[0-9]+)? *(ns|us|ms|s|min|h)$)"};
template <>
inline constexpr QuantityInfo kQuantity<Fraction>{"a share", "0.5%", "%, ppm",
                                                  R"(^[0-9]+(\.[0-9]+)? *(%|ppm)$)"};
template <>
inline constexpr QuantityInfo kQuantity<Drift>{"a clock drift", "-50ppm", "ppm, %",
                                               R"(^[0-9]+(\.[0-9]+)? *(%|ppm)$)"};
template <>
inline constexpr QuantityInfo kQuantity<ByteCount>{"a size", "16B", "B, kB, MB, GB, KiB, MiB",
                                                   R"(^[0-9]+(\.[0-9]+)? *([kMG]?B|[KM]iB)$)"};
template <>
inline constexpr QuantityInfo kQuantity<ByteRate>{
    "a bandwidth", "1MB/s", "B/s, kB/s, MB/s, GB/s, kbit/s, Mbit/s, Gbit/s",
    R"(^unlimited$|^[0-9]+(\.[0-9]+)? *([kMG]?B|[kMG]bit)/s$)"};
template <>
inline constexpr QuantityInfo kQuantity<Span>{"a span of time", "20 sync",
                                              "ns, us, ms, s, min, h, sync",
                                              R"(^[0-9]+(\.[0-9]+)? *(ns|us|ms|s|min|h|sync)$)"};

}  // namespace horde::scenario
