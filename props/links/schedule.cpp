#include "props/links/schedule.hpp"

#include "base/rng.hpp"

namespace horde::props::links {
namespace {

std::uint64_t one_of(base::Rng& rng, std::initializer_list<std::uint64_t> values) {
  return values.begin()[rng.below(values.size())];
}

base::Duration up_to(base::Rng& rng, base::Duration most) {
  return base::nanoseconds(
      static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most.ns) + 1)));
}

// Windows and queues so small that they are full again and again, in half of all schedules.
wire::LinkOptions make_options(base::Rng& rng) {
  wire::LinkOptions options;
  options.message_bytes_max = 5'000;
  options.window_bytes = 20'000;
  options.queue_bytes_max = 20'000;
  options.first_credit_bytes = 10'000;
  if (rng.chance(1, 2)) {
    options.window_bytes = options.message_bytes_max + rng.below(2'000);
    options.first_credit_bytes = rng.below(options.window_bytes);
    options.window_messages = 1 + rng.below(4);
    options.first_credit_messages = rng.below(options.window_messages + 1);
    options.queue_bytes_max = options.message_bytes_max + rng.below(5'000);
    options.queue_messages_max = 1 + rng.below(6);
  }
  options.give_up_after =
      base::milliseconds(static_cast<std::int64_t>(one_of(rng, {700, 3'000, 20'000})));
  return options;
}

Settings make_settings(base::Rng& rng) {
  Settings out;
  out.nodes = rng.chance(1, 4) ? 3 : 2;
  out.loss_percent = one_of(rng, {0, 0, 5, 20, 40});
  out.duplicate_percent = one_of(rng, {0, 10, 30});
  out.straggler_percent = one_of(rng, {0, 0, 3, 10});
  const auto spread = static_cast<std::int64_t>(one_of(rng, {0, 9, 99, 400}));
  out.delay_max = out.delay_min + base::milliseconds(spread);
  out.options = make_options(rng);
  for (Appetite& appetite : out.appetites) {
    appetite = static_cast<Appetite>(one_of(rng, {0, 0, 1, 2}));
  }
  return out;
}

Step make_step(base::Rng& rng, const Settings& settings) {
  using Kind = Step::Kind;
  Step step;
  step.node = rng.below(settings.nodes);
  step.other = (step.node + 1 + rng.below(settings.nodes - 1)) % settings.nodes;
  step.after = up_to(
      rng, base::milliseconds(static_cast<std::int64_t>(one_of(rng, {0, 5, 50, 500, 2'000}))));
  step.lasting = up_to(
      rng, base::milliseconds(static_cast<std::int64_t>(one_of(rng, {5, 100, 1'000, 5'000}))));
  const std::uint64_t draw = rng.below(20);
  constexpr std::array kRare = {Kind::cut,       Kind::cut_both, Kind::down,   Kind::down,
                                Kind::down_both, Kind::restart,  Kind::rename, Kind::hunger};
  step.kind = draw < kRare.size() ? kRare[draw] : Kind::send;
  if (step.kind == Kind::send) {
    step.count = one_of(rng, {1, 1, 3, 10});
    step.bytes = one_of(rng, {8, 8, 100, 1'030, 5'000});
  } else if (step.kind == Kind::hunger) {
    step.count = rng.below(3);
  }
  return step;
}

}  // namespace

Schedule make_schedule(std::uint64_t seed) {
  base::Rng rng = base::Rng(seed).fork("schedule");
  Schedule out{.seed = seed, .settings = make_settings(rng), .steps = {}};
  const std::uint64_t count = 5 + rng.below(30);
  for (std::uint64_t i = 0; i < count; ++i) {
    out.steps.push_back(make_step(rng, out.settings));
  }
  return out;
}

std::string to_string(const Step& step) {
  using Kind = Step::Kind;
  const std::string node = "n" + std::to_string(step.node);
  const std::string other = "n" + std::to_string(step.other);
  const std::string time = " for " + base::to_string(step.lasting);
  switch (step.kind) {
    case Kind::send:
      return node + " sends " + std::to_string(step.count) + " of " + std::to_string(step.bytes) +
             " B to " + other;
    case Kind::cut:
      return "cut from " + node + " to " + other + time;
    case Kind::cut_both:
      return "cut between " + node + " and " + other + time;
    case Kind::down:
      return node + " takes " + other + " for dead" + time;
    case Kind::down_both:
      return node + " and " + other + " take each other for dead" + time;
    case Kind::restart:
      return node + " is started again, known within " + base::to_string(step.lasting);
    case Kind::rename:
      return node + " goes on under a later boot, known within " + base::to_string(step.lasting);
    case Kind::hunger:
      return "the user of " + node + " takes as number " + std::to_string(step.count);
  }
  return "";
}

std::string to_string(const Settings& settings) {
  const wire::LinkOptions& options = settings.options;
  return std::to_string(settings.nodes) + " nodes, loss " + std::to_string(settings.loss_percent) +
         " %, duplicates " + std::to_string(settings.duplicate_percent) + " %, stragglers " +
         std::to_string(settings.straggler_percent) + " %, delay " +
         base::to_string(settings.delay_min) + " to " + base::to_string(settings.delay_max) +
         ", window " + std::to_string(options.window_messages) + " messages and " +
         std::to_string(options.window_bytes) + " B, first credit " +
         std::to_string(options.first_credit_messages) + " and " +
         std::to_string(options.first_credit_bytes) + " B, queue " +
         std::to_string(options.queue_messages_max) + " and " +
         std::to_string(options.queue_bytes_max) + " B, gives up after " +
         base::to_string(options.give_up_after);
}

}  // namespace horde::props::links
