#include "base/time.hpp"

namespace horde::base {
namespace {

struct Unit {
  std::int64_t ns;
  const char* name;
};

// `value / 10^digits` without trailing zeros.
std::string decimal(std::uint64_t value, int digits) {
  std::string text = std::to_string(value);
  if (text.size() <= static_cast<std::size_t>(digits)) {
    text.insert(0, static_cast<std::size_t>(digits) + 1 - text.size(), '0');
  }
  text.insert(text.size() - static_cast<std::size_t>(digits), ".");
  while (text.back() == '0') {
    text.pop_back();
  }
  if (text.back() == '.') {
    text.pop_back();
  }
  return text;
}

}  // namespace

std::string to_string(Duration duration) {
  if (duration.ns == 0) {
    return "0s";
  }
  const bool negative = duration.ns < 0;
  // Negated as unsigned, so that the smallest value does not overflow.
  const auto ns = negative ? 0 - static_cast<std::uint64_t>(duration.ns)
                           : static_cast<std::uint64_t>(duration.ns);
  const std::string sign = negative ? "-" : "";
  constexpr Unit units[] = {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}};
  for (const Unit& unit : units) {
    const auto size = static_cast<std::uint64_t>(unit.ns);
    if (ns >= size && ns % (size / 1'000) == 0) {
      return sign + decimal(ns / (size / 1'000), 3) + unit.name;
    }
  }
  return sign + std::to_string(ns) + "ns";
}

std::string to_string(Instant instant) {
  if (instant == Instant::never()) {
    return "never";
  }
  const bool negative = instant.ns < 0;
  const auto ns = negative ? 0 - static_cast<std::uint64_t>(instant.ns)
                           : static_cast<std::uint64_t>(instant.ns);
  std::string micros = std::to_string(ns / 1'000 % 1'000'000);
  micros.insert(0, 6 - micros.size(), '0');
  return (negative ? "-" : "") + std::to_string(ns / 1'000'000'000) + "." + micros + "s";
}

}  // namespace horde::base
