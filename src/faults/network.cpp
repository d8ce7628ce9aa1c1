#include "faults/network.hpp"

#include <algorithm>
#include <ranges>

#include "base/assert.hpp"
#include "base/rng.hpp"

namespace horde::faults {
namespace {

// What a draw is for: each has its own key, so that switching one kind of fault off leaves the
// others' draws as they are.
enum class Purpose : std::uint8_t { latency, loss, duplicate, reorder, reorder_by, damage };

// The draws of one copy of a packet.
class Draws {
 public:
  explicit Draws(std::uint64_t key) : key_(key) {}

  [[nodiscard]] std::uint64_t bits(Purpose purpose) const {
    return base::mix64(key_ + static_cast<std::uint64_t>(purpose));
  }
  [[nodiscard]] bool chance(Purpose purpose, Ppm rate) const {
    return rate.value != 0 && base::Rng::reduce(bits(purpose), 1'000'000) < rate.value;
  }

 private:
  std::uint64_t key_;
};

Damage damage_of(const Link& link, const Draws& draws) {
  if (link.corrupt.value == 0 && link.truncate.value == 0) {
    return {};
  }
  const std::uint64_t bits = draws.bits(Purpose::damage);
  const std::uint64_t place = base::Rng::reduce(bits, 1'000'000);
  if (place < link.corrupt.value) {
    return {.kind = Damage::Kind::flip_bits, .key = bits};
  }
  if (place < std::uint64_t{link.corrupt.value} + link.truncate.value) {
    return {.kind = Damage::Kind::truncate, .key = bits};
  }
  return {};
}

Verdict::Copy copy_of(const Link& link, const Draws& draws, base::Duration waiting) {
  base::Duration after = waiting + sample(link.latency, draws.bits(Purpose::latency));
  if (draws.chance(Purpose::reorder, link.reorder)) {
    const auto most = static_cast<std::uint64_t>(link.reorder_extra.ns) + 1;
    after.ns += static_cast<std::int64_t>(base::Rng::reduce(draws.bits(Purpose::reorder_by), most));
  }
  return {.after = after, .damage = damage_of(link, draws)};
}

Verdict dropped(DropReason reason) {
  return {.fate = Verdict::Fate::drop, .reason = reason};
}

}  // namespace

Network::Network(std::uint64_t seed, const Link& default_link)
    : seed_(base::combine(base::hash64("network"), seed)), default_link_(default_link) {}

Verdict Network::judge(const Packet& packet) {
  const Link* link = &own_link(packet.from, packet.to);
  base::Instant held_until = packet.now;
  base::Duration late{};
  for (const Active& active : rules_) {
    if (active.rule.until <= packet.now || !active.rule.links.contains(packet.from, packet.to)) {
      continue;
    }
    if (std::holds_alternative<Drop>(active.rule.action)) {
      return dropped(DropReason::cut);
    }
    if (std::holds_alternative<Hold>(active.rule.action)) {
      held_until = std::max(held_until, active.rule.until);
    } else if (const auto* delay = std::get_if<Delay>(&active.rule.action)) {
      late += packet.channels.meet(delay->of) ? delay->by : base::Duration{};
    } else {
      link = &std::get<Use>(active.rule.action);
    }
  }
  if (held_until > packet.now) {
    return {.fate = Verdict::Fate::hold, .hold_until = held_until};
  }
  Verdict verdict = cross(*link, packet);
  for (std::uint8_t i = 0; i < verdict.copies_count; ++i) {
    verdict.copies[i].after += late;
  }
  return verdict;
}

Verdict Network::cross(const Link& link, const Packet& packet) {
  const std::uint64_t ends = base::mix64(packet.from.value ^ base::mix64(packet.to.value));
  const std::uint64_t key = base::mix64(seed_ ^ base::combine(ends, packet.identity));
  const Draws draws(key);
  if (draws.chance(Purpose::loss, link.loss)) {
    return dropped(DropReason::lost);
  }
  base::Duration waiting{};
  if (link.bytes_per_second != 0) {
    const auto queued = enqueue(link, packet);
    if (!queued) {
      return dropped(DropReason::queue_full);
    }
    waiting = *queued;
  }
  Verdict verdict{.copies_count = 1};
  verdict.copies[0] = copy_of(link, draws, waiting);
  if (draws.chance(Purpose::duplicate, link.duplicate)) {
    verdict.copies_count = 2;
    verdict.copies[1] = copy_of(link, Draws(base::mix64(key)), waiting);
  }
  return verdict;
}

std::optional<base::Duration> Network::enqueue(const Link& link, const Packet& packet) {
  __extension__ using Wide = unsigned __int128;
  constexpr std::uint64_t second = 1'000'000'000;
  base::Instant& busy_until = busy_until_[{packet.from, packet.to}];
  const base::Instant start = std::max(busy_until, packet.now);
  const auto waiting = static_cast<std::uint64_t>((start - packet.now).ns);
  const auto queued = static_cast<Wide>(waiting) * link.bytes_per_second / second;
  if (queued + packet.size_bytes > link.queue_bytes_max) {
    return std::nullopt;
  }
  const auto sending = static_cast<Wide>(packet.size_bytes) * second / link.bytes_per_second;
  busy_until = start + base::Duration{static_cast<std::int64_t>(sending)};
  return busy_until - packet.now;
}

RuleId Network::add(Rule rule) {
  const RuleId id{++last_rule_};
  rules_.push_back({.id = id, .rule = std::move(rule)});
  return id;
}

bool Network::heal(RuleId id) {
  return std::erase_if(rules_, [id](const Active& active) { return active.id == id; }) != 0;
}

std::size_t Network::heal(std::string_view name) {
  return std::erase_if(rules_, [name](const Active& active) { return active.rule.name == name; });
}

std::size_t Network::heal_all() {
  const std::size_t count = rules_.size();
  rules_.clear();
  return count;
}

void Network::expire(base::Instant now) {
  std::erase_if(rules_, [now](const Active& active) { return active.rule.until <= now; });
}

void Network::set_link(base::NodeId from, base::NodeId to, const Link& link) {
  own_links_.insert_or_assign({from, to}, link);
}

const Link& Network::link(base::NodeId from, base::NodeId to, base::Instant now) const {
  for (const Active& active : rules_ | std::views::reverse) {
    const Link* used = std::get_if<Use>(&active.rule.action);
    if (used != nullptr && now < active.rule.until && active.rule.links.contains(from, to)) {
      return *used;
    }
  }
  return own_link(from, to);
}

const Link& Network::own_link(base::NodeId from, base::NodeId to) const {
  if (own_links_.empty()) {
    return default_link_;  // The common case: without a look-up.
  }
  const auto own = own_links_.find({from, to});
  return own != own_links_.end() ? own->second : default_link_;
}

bool Network::is_cut(base::NodeId from, base::NodeId to, base::Instant now) const {
  return std::ranges::any_of(rules_, [&](const Active& active) {
    return std::holds_alternative<Drop>(active.rule.action) && now < active.rule.until &&
           active.rule.links.contains(from, to);
  });
}

bool Network::tells_channels_apart(base::Instant now) const {
  return std::ranges::any_of(rules_, [&](const Active& active) {
    return std::holds_alternative<Delay>(active.rule.action) && now < active.rule.until;
  });
}

std::vector<std::string> Network::rule_names(base::Instant now) const {
  std::vector<std::string> names;
  for (const Active& active : rules_) {
    if (now < active.rule.until) {
      names.push_back(active.rule.name);
    }
  }
  return names;
}

}  // namespace horde::faults
