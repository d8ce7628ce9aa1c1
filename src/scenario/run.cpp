#include "scenario/run.hpp"

#include <algorithm>
#include <array>

namespace horde::scenario {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::held:
      return "held";
    case Verdict::failed:
      return "failed";
    case Verdict::liveness_failed:
      return "liveness_failed";
    case Verdict::not_deterministic:
      return "not_deterministic";
    case Verdict::bad_input:
      return "bad_input";
    case Verdict::never_seen:
      return "never_seen";
  }
  return "";
}

Verdict graver(Verdict a, Verdict b) {
  constexpr std::array kGravestFirst{Verdict::bad_input,  Verdict::not_deterministic,
                                     Verdict::failed,     Verdict::liveness_failed,
                                     Verdict::never_seen, Verdict::held};
  return *std::find_if(kGravestFirst.begin(), kGravestFirst.end(),
                       [&](Verdict each) { return each == a || each == b; });
}

}  // namespace horde::scenario
