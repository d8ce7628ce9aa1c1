#include "scenario/units.hpp"

#include <array>
#include <limits>
#include <span>

namespace horde::scenario {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t scale;
};

constexpr std::array kDurations{Unit{"ns", 1},
                                Unit{"us", 1'000},
                                Unit{"ms", 1'000'000},
                                Unit{"s", 1'000'000'000},
                                Unit{"min", 60'000'000'000},
                                Unit{"h", 3'600'000'000'000}};
constexpr std::array kShares{Unit{"ppm", 1}, Unit{"%", 10'000}};
constexpr std::array kSizes{Unit{"B", 1},           Unit{"kB", 1'000},
                            Unit{"KiB", 1'024},     Unit{"MB", 1'000'000},
                            Unit{"MiB", 1'048'576}, Unit{"GB", 1'000'000'000}};
constexpr std::array kRates{Unit{"B/s", 1},
                            Unit{"kB/s", 1'000},
                            Unit{"MB/s", 1'000'000},
                            Unit{"GB/s", 1'000'000'000},
                            Unit{"kbit/s", 125},
                            Unit{"Mbit/s", 125'000},
                            Unit{"Gbit/s", 125'000'000}};
constexpr std::array kSyncs{Unit{"sync", 1}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A decimal number: `digits` / 10^`decimals`.
struct Decimal {
  std::int64_t digits = 0;
  std::int64_t power_of_ten = 1;
};

/// Reads digits from the front of `text` onto `number`. False: more than 64 bits hold.
bool read_digits(std::string_view& text, Decimal& number, bool after_the_point) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max() / 10 - 1;
  while (!text.empty() && is_digit(text.front())) {
    if (number.digits > kMax || number.power_of_ten > kMax) {
      return false;
    }
    number.digits = number.digits * 10 + (text.front() - '0');
    number.power_of_ten *= after_the_point ? 10 : 1;
    text.remove_prefix(1);
  }
  return true;
}

std::expected<std::int64_t, UnitErrc> scaled(const Decimal& number, std::int64_t scale) {
  __extension__ using Wide = __int128;
  const Wide value = static_cast<Wide>(number.digits) * scale;
  if (value % number.power_of_ten != 0) {
    return std::unexpected(UnitErrc::too_precise);
  }
  const Wide whole = value / number.power_of_ten;
  if (whole > std::numeric_limits<std::int64_t>::max()) {
    return std::unexpected(UnitErrc::too_large);
  }
  return static_cast<std::int64_t>(whole);
}

std::expected<std::int64_t, UnitErrc> quantity(std::string_view text, std::span<const Unit> units) {
  const bool negative = text.starts_with('-');
  text.remove_prefix(negative ? 1 : 0);
  if (text.empty() || !is_digit(text.front())) {
    return std::unexpected(UnitErrc::not_a_number);
  }
  Decimal number;
  bool fits = read_digits(text, number, false);
  if (fits && text.size() > 1 && text[0] == '.' && is_digit(text[1])) {
    text.remove_prefix(1);
    fits = read_digits(text, number, true);
  }
  if (!fits) {
    return std::unexpected(UnitErrc::too_large);
  }
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
  for (const Unit& unit : units) {
    if (unit.name == text) {
      auto value = scaled(number, unit.scale);
      return value && negative ? -*value : value;
    }
  }
  return std::unexpected(text.empty() ? UnitErrc::no_unit : UnitErrc::unknown_unit);
}

/// The value in the largest unit that divides it.
std::string in_largest_unit(std::int64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.scale == 0 && unit.scale > best->scale && value != 0) {
      best = &unit;
    }
  }
  return std::to_string(value / best->scale) + std::string(best->name);
}

template <class T>
std::expected<T, UnitErrc> wrap(std::expected<std::int64_t, UnitErrc> value) {
  if (!value) {
    return std::unexpected(value.error());
  }
  return T{*value};
}

}  // namespace

template <>
std::expected<base::Duration, UnitErrc> from_text<base::Duration>(std::string_view text) {
  return wrap<base::Duration>(quantity(text, kDurations));
}

template <>
std::expected<Fraction, UnitErrc> from_text<Fraction>(std::string_view text) {
  return wrap<Fraction>(quantity(text, kShares));
}

template <>
std::expected<Drift, UnitErrc> from_text<Drift>(std::string_view text) {
  return wrap<Drift>(quantity(text, kShares));
}

template <>
std::expected<ByteCount, UnitErrc> from_text<ByteCount>(std::string_view text) {
  return wrap<ByteCount>(quantity(text, kSizes));
}

template <>
std::expected<ByteRate, UnitErrc> from_text<ByteRate>(std::string_view text) {
  return text == "unlimited" ? ByteRate{} : wrap<ByteRate>(quantity(text, kRates));
}

template <>
std::expected<Span, UnitErrc> from_text<Span>(std::string_view text) {
  if (text.ends_with("sync")) {
    const auto syncs = quantity(text, kSyncs);
    if (!syncs) {
      return std::unexpected(syncs.error());
    }
    return Span{.syncs = *syncs};
  }
  const auto time = from_text<base::Duration>(text);
  if (!time) {
    return std::unexpected(time.error());
  }
  return Span{.time = *time};
}

std::string to_text(base::Duration value) {
  return base::to_string(value);
}

std::string to_text(Fraction value) {
  if (value.ppm % 1'000 == 0) {  // Exact in tenths of a percent, which is how shares are written.
    const std::int64_t tenths = value.ppm / 1'000;
    const std::string point = tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10);
    return std::to_string(tenths / 10) + point + "%";
  }
  return std::to_string(value.ppm) + "ppm";
}

std::string to_text(Drift value) {
  return std::to_string(value.ppm) + "ppm";
}

std::string to_text(ByteCount value) {
  return in_largest_unit(value.bytes, std::span(kSizes));
}

std::string to_text(ByteRate value) {
  return value.bytes_per_second == 0
             ? "unlimited"
             : in_largest_unit(value.bytes_per_second, std::span(kRates).first(4));
}

std::string to_text(Span value) {
  return value.syncs != 0 ? std::to_string(value.syncs) + " sync" : to_text(value.time);
}

}  // namespace horde::scenario
