#include "faults/latency.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "base/assert.hpp"
#include "base/rng.hpp"

namespace horde::faults {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kOneQ32 = std::uint64_t{1} << 32U;
constexpr std::uint64_t kLn2Q32 = 2'977'044'472;    // ln 2 * 2^32
constexpr std::uint64_t kLog2EQ32 = 6'196'328'019;  // log2 e * 2^32
constexpr unsigned kStepBits = 8;                   // The tables below have 2^8 steps.
constexpr std::size_t kSteps = 1U << kStepBits;

// log2(1 + i / 256) * 2^32: each squaring of a number in [1, 2) yields one more bit of its
// logarithm.
constexpr auto kLog2Table = [] {
  std::array<std::uint64_t, kSteps + 1> table{};
  for (std::size_t i = 0; i < kSteps; ++i) {
    std::uint64_t x = (std::uint64_t{1} << 62U) + (std::uint64_t{i} << (62U - kStepBits));
    for (unsigned bit = 0; bit < 32; ++bit) {
      const auto squared = static_cast<Wide>(x) * x;  // Below 2^126.
      const bool above_two = (squared >> 125U) != 0;
      table[i] = (table[i] << 1U) | (above_two ? 1U : 0U);
      x = static_cast<std::uint64_t>(squared >> (above_two ? 63U : 62U));
    }
  }
  table[kSteps] = kOneQ32;
  return table;
}();

constexpr std::uint64_t square_root(Wide x) {
  Wide low = 0;
  Wide high = Wide{1} << 63U;
  while (low < high) {
    const Wide middle = (low + high + 1) / 2;
    if (middle * middle <= x) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return static_cast<std::uint64_t>(low);
}

// 2^(i / 256) * 2^32: powers of the 256th root of two, which is eight square roots.
constexpr auto kExp2Table = [] {
  std::uint64_t root = std::uint64_t{1} << 62U;  // Two, at 2^61 to the unit.
  for (unsigned i = 0; i < kStepBits; ++i) {
    root = square_root(static_cast<Wide>(root) << 61U);
  }
  std::array<std::uint64_t, kSteps + 1> table{};
  std::uint64_t power = std::uint64_t{1} << 61U;
  for (std::uint64_t& entry : table) {
    entry = (power + (1U << 28U)) >> 29U;
    power = static_cast<std::uint64_t>((static_cast<Wide>(power) * root) >> 61U);
  }
  return table;
}();

// The normal's quantiles: z * 2^16 with P(Z > z) = 2^-(1 + i / 4). Steps of a fixed factor in
// probability make the curve so smooth that linear interpolation is within 0.003 of it.
constexpr std::array<std::int64_t, 161> kNormalTable = {
    0,       13'156,  24'625,  34'877,  44'203,  52'799,  60'799,  68'304,  75'389,  82'113,
    88'523,  94'655,  100'540, 106'205, 111'671, 116'956, 122'076, 127'045, 131'874, 136'575,
    141'156, 145'626, 149'992, 154'260, 158'437, 162'528, 166'537, 170'470, 174'330, 178'121,
    181'847, 185'510, 189'113, 192'660, 196'152, 199'592, 202'983, 206'325, 209'622, 212'875,
    216'085, 219'254, 222'384, 225'476, 228'531, 231'550, 234'536, 237'488, 240'408, 243'296,
    246'155, 248'984, 251'785, 254'558, 257'304, 260'024, 262'719, 265'389, 268'035, 270'657,
    273'257, 275'834, 278'390, 280'924, 283'438, 285'931, 288'405, 290'860, 293'295, 295'712,
    298'111, 300'493, 302'857, 305'204, 307'535, 309'849, 312'148, 314'431, 316'699, 318'952,
    321'190, 323'413, 325'623, 327'818, 330'000, 332'169, 334'324, 336'467, 338'597, 340'714,
    342'819, 344'912, 346'994, 349'063, 351'121, 353'168, 355'204, 357'229, 359'243, 361'246,
    363'239, 365'222, 367'195, 369'158, 371'111, 373'054, 374'987, 376'912, 378'827, 380'733,
    382'630, 384'518, 386'397, 388'268, 390'130, 391'984, 393'829, 395'666, 397'495, 399'317,
    401'130, 402'935, 404'733, 406'524, 408'306, 410'082, 411'850, 413'611, 415'364, 417'111,
    418'851, 420'584, 422'310, 424'029, 425'742, 427'448, 429'147, 430'841, 432'527, 434'208,
    435'882, 437'550, 439'213, 440'869, 442'519, 444'163, 445'801, 447'434, 449'061, 450'682,
    452'298, 453'908, 455'513, 457'112, 458'706, 460'295, 461'878, 463'456, 465'029, 466'597,
    468'160};

// Between table[i] and table[i + 1] at `fraction` / 2^32.
template <class Table>
std::uint64_t interpolate(const Table& table, std::size_t i, std::uint64_t fraction) {
  const auto low = static_cast<std::uint64_t>(table[i]);
  const auto high = static_cast<std::uint64_t>(table[i + 1]);
  return low + static_cast<std::uint64_t>((static_cast<Wide>(high - low) * fraction) >> 32U);
}

// -log2(bits / 2^64) * 2^32; 0 counts as 1.
std::uint64_t minus_log2(std::uint64_t bits) {
  bits = std::max<std::uint64_t>(bits, 1);
  const auto zeros = static_cast<unsigned>(std::countl_zero(bits));
  const std::uint64_t mantissa = (bits << zeros) << 1U;  // Without its leading one.
  const std::uint64_t fraction =
      interpolate(kLog2Table, mantissa >> 56U, (mantissa << kStepBits) >> 32U);
  return ((std::uint64_t{zeros} + 1) << 32U) - fraction;
}

std::int64_t capped(Wide ns) {
  return static_cast<std::int64_t>(std::min<Wide>(ns, static_cast<std::uint64_t>(kLatencyMax.ns)));
}

base::Duration sample_exponential(const Exponential& spec, std::uint64_t bits) {
  const auto mean = static_cast<std::uint64_t>((spec.mean - spec.min).ns);
  const Wide minus_ln = (static_cast<Wide>(minus_log2(bits)) * kLn2Q32) >> 32U;
  return {capped(static_cast<std::uint64_t>(spec.min.ns) + ((mean * minus_ln) >> 32U))};
}

base::Duration sample_log_normal(const LogNormal& spec, std::uint64_t bits) {
  // The lowest bit is the side, the others are how far out on it.
  const std::uint64_t out = minus_log2(bits | 1U);
  const std::uint64_t quarter = std::min<std::uint64_t>(out >> 30U, kNormalTable.size() - 2);
  const std::uint64_t rest = std::min(out - (quarter << 30U), (kOneQ32 >> 2U) - 1);
  const std::uint64_t z_q16 = interpolate(kNormalTable, quarter, rest << 2U);
  const auto exponent = static_cast<std::uint64_t>(
      (static_cast<Wide>(z_q16) * spec.sigma_permille * kLog2EQ32 / 1'000) >> 16U);
  // median * 2^exponent, or median / 2^exponent.
  const auto whole = static_cast<unsigned>(exponent >> 32U);
  const std::uint64_t fraction = exponent & (kOneQ32 - 1);
  const std::uint64_t power = interpolate(kExp2Table, fraction >> (32U - kStepBits),
                                          (fraction << (32U + kStepBits)) >> 32U);
  const auto median = static_cast<std::uint64_t>(spec.median.ns);
  if ((bits & 1U) != 0) {
    return {capped(((static_cast<Wide>(median) * power) >> 32U) << std::min(whole, 52U))};
  }
  return {capped(((static_cast<Wide>(median) << 32U) / power) >> whole)};
}

}  // namespace

base::Duration sample(const Latency& latency, std::uint64_t bits) {
  if (const auto* constant = std::get_if<Constant>(&latency)) {
    return constant->delay;
  }
  if (const auto* uniform = std::get_if<Uniform>(&latency)) {
    const auto width = static_cast<std::uint64_t>((uniform->max - uniform->min).ns);
    return {uniform->min.ns + static_cast<std::int64_t>(base::Rng::reduce(bits, width + 1))};
  }
  if (const auto* exponential = std::get_if<Exponential>(&latency)) {
    return sample_exponential(*exponential, bits);
  }
  return sample_log_normal(std::get<LogNormal>(latency), bits);
}

std::string to_string(const Latency& latency) {
  if (const auto* constant = std::get_if<Constant>(&latency)) {
    return "constant " + to_string(constant->delay);
  }
  if (const auto* uniform = std::get_if<Uniform>(&latency)) {
    return "uniform min " + to_string(uniform->min) + " max " + to_string(uniform->max);
  }
  if (const auto* exponential = std::get_if<Exponential>(&latency)) {
    return "exponential min " + to_string(exponential->min) + " mean " +
           to_string(exponential->mean);
  }
  const auto& log_normal = std::get<LogNormal>(latency);
  return "log-normal median " + to_string(log_normal.median) + " sigma " +
         std::to_string(log_normal.sigma_permille) + " permille";
}

}  // namespace horde::faults
