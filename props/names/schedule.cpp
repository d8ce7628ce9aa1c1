#include "props/names/schedule.hpp"

#include <array>

#include "base/rng.hpp"

namespace horde::props::names {
namespace {

using Kind = Step::Kind;

Settings make_settings(base::Rng& rng) {
  Settings out;
  out.conflict_grace = base::milliseconds(rng.chance(1, 2) ? 50 : 400);
  out.conflicts_at_once = rng.chance(1, 4) ? 1 : 100;
  out.one_name_each = rng.chance(1, 2);
  for (std::int64_t& offset : out.clock_offset_ms) {
    offset = rng.chance(1, 2) ? static_cast<std::int64_t>(rng.below(2'000)) : 0;
  }
  return out;
}

Step make_step(base::Rng& rng) {
  constexpr std::array kKinds = {
      Kind::enroll,       Kind::enroll,      Kind::enroll,      Kind::enroll,     Kind::enroll_copy,
      Kind::enroll_copy,  Kind::enroll_copy, Kind::enroll_copy, Kind::unregister, Kind::exit,
      Kind::exit,         Kind::deliver,     Kind::deliver,     Kind::deliver,    Kind::deliver,
      Kind::deliver,      Kind::deliver,     Kind::look,        Kind::look,       Kind::look,
      Kind::look,         Kind::look,        Kind::look,        Kind::disbelieve, Kind::disbelieve,
      Kind::suspect,      Kind::cut,         Kind::heal,        Kind::crash,      Kind::restart,
      Kind::restart_lost, Kind::sync,        Kind::sync,        Kind::sync,       Kind::pass,
      Kind::pass,         Kind::change_list, Kind::hear_list,   Kind::hear_list,  Kind::update};
  Step step;
  step.kind = kKinds[rng.below(kKinds.size())];
  step.node = rng.below(kMembers);
  step.other = (step.node + 1 + rng.below(kMembers - 1)) % kMembers;
  step.key = rng.below(kKeys);
  step.which = rng.below(6);
  step.count = rng.chance(1, 2) ? 1 + rng.below(3) : 1'000;
  step.is_new = rng.chance(2, 3);
  step.has_run = rng.chance(1, 2);
  step.is_stubborn = rng.chance(1, 4);
  if (rng.chance(1, 4)) {
    step.priority = static_cast<std::int64_t>(rng.below(3)) - 1;
  }
  if (step.kind == Kind::pass) {
    step.count = rng.chance(1, 2) ? rng.below(20) : rng.below(600);
  }
  return step;
}

}  // namespace

Schedule make_schedule(std::uint64_t seed) {
  base::Rng rng = base::Rng(seed).fork("names");
  Schedule out{.seed = seed, .settings = make_settings(rng), .steps = {}};
  const std::uint64_t count = 10 + rng.below(50);
  for (std::uint64_t i = 0; i < count; ++i) {
    out.steps.push_back(make_step(rng));
  }
  return out;
}

std::string to_string(const Step& step) {
  const std::string node = "n" + std::to_string(step.node + 1);
  const std::string other = "n" + std::to_string(step.other + 1);
  const std::string key(1, static_cast<char>('a' + step.key));
  const std::string which = std::to_string(step.which);
  switch (step.kind) {
    case Kind::enroll:
      return (step.is_new ? "a new process" : "process " + which) + " of " + node + " registers " +
             key + ", priority " + std::to_string(step.priority) +
             (step.is_stubborn ? ", stubborn" : "");
    case Kind::enroll_copy:
      return (step.has_run ? "a later start of child " : "a first start of child ") +
             std::to_string(step.which % kChildren) + " at " + node + " registers " + key +
             (step.is_stubborn ? ", stubborn" : "");
    case Kind::update:
      return "process " + which + " of " + node + " gives " + key + " the value " +
             std::to_string(step.count);
    case Kind::unregister:
      return "process " + which + " of " + node + " gives " + key + " up";
    case Kind::exit:
      return "process " + which + " of " + node + " ends";
    case Kind::deliver:
      return node + " gets " + std::to_string(step.count) + " events from " + other;
    case Kind::look:
      return node + " looks at " + other;
    case Kind::disbelieve:
      return node + " holds " + other + " for gone";
    case Kind::suspect:
      return node + " suspects " + other + ", or no more";
    case Kind::cut:
      return "cut between " + node + " and " + other;
    case Kind::heal:
      return "the cuts heal";
    case Kind::crash:
      return node + " goes down";
    case Kind::restart:
      return node + " boots";
    case Kind::restart_lost:
      return node + " boots without its disk";
    case Kind::change_list:
      return other + " is a member no more, or again";
    case Kind::hear_list:
      return node + " hears who is a member";
    case Kind::sync:
      return node + " syncs";
    case Kind::pass:
      return std::to_string(step.count) + " ms pass";
  }
  return "";
}

std::string to_string(const Settings& settings) {
  std::string out = "grace " + base::to_string(settings.conflict_grace) + ", " +
                    std::to_string(settings.conflicts_at_once) + " conflicts at once, " +
                    (settings.one_name_each ? "one name each" : "many names each") + ", clocks +";
  for (const std::int64_t offset : settings.clock_offset_ms) {
    out += " " + std::to_string(offset) + "ms";
  }
  return out;
}

}  // namespace horde::props::names
