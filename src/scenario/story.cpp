#include "scenario/story.hpp"

#include <algorithm>
#include <array>

namespace horde::scenario {
namespace {

// News of one thing within so long of each other make one line.
constexpr base::Duration kTogether = base::seconds(5);
constexpr std::size_t kTellersNamedMax = 4;

// What is worth a line, and how it is put; suspicions are not: they come and go. %: whom it is
// about, or nobody. #: how many children.
constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kTexts{{
    {"member_up", "% is up"},
    {"member_dead", "% is declared dead"},
    {"member_left", "% has left"},
    {"isolated", "% hears nobody any more"},
    {"name_claimed", "another node claims to be %"},
    {"restarted_as", "% goes on under a new boot"},
    {"started_anew", "% starts anew: runs were closed without it"},
    {"quorum_lost", "% has lost the quorum"},
    {"quorum_met", "% has the quorum"},
    {"taken_over", "% takes over what others ran: #"},
    {"quarantined", "% puts into quarantine: #"},
    {"intensity_exceeded", "the supervisor of % ends: too many failures"},
    {"reconciled", "reconciled with %"},
    {"push_overflow", "pushes to % overflow, sessions take over"},
    {"self_check_failed", "SELF-CHECK FAILED against %"},
}};

}  // namespace

void Story::add(TimelineLine::Kind kind, std::string text) {
  const base::Instant now = world_->now();
  const base::Duration at = zero_ ? now - *zero_ : base::Duration{};
  lines_.push_back({.line = {.at = {at.ns}, .kind = kind, .text = std::move(text)}, .last = now});
}

void Story::on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) {
  const auto text = std::ranges::find(kTexts, tell.topic, [](const auto& t) { return t.first; });
  if (!zero_ || text == kTexts.end()) {
    return;
  }
  const bool one_each = tell.topic.starts_with("member_");
  const News news{.topic = tell.topic, .about = tell.about, .value = one_each ? tell.value : 0};
  const auto open = open_.find(news);
  if (open != open_.end() && at - lines_[open->second].last < kTogether) {
    Line& line = lines_[open->second];
    line.last = at;
    ++line.repeats;
    if (std::ranges::find(line.tellers, node) == line.tellers.end()) {
      line.tellers.push_back(node);
    }
    return;
  }
  std::string told(text->second);
  const std::size_t place = told.find('%');
  told.replace(place, 1, base::to_string(tell.about));
  open_[news] = lines_.size();
  lines_.push_back({.line = {.at = {(at - *zero_).ns},
                             .kind = TimelineLine::Kind::event,
                             .text = std::move(told)},
                    .tellers = {node},
                    .last = at});
}

void Story::on_ended(base::Instant /*at*/, NodeIndex node, const base::Ended& ended) {
  add(TimelineLine::Kind::event, world_->name(node) + " has ended: " + std::string(ended.reason));
}

std::string Story::text_of(const Line& line) const {
  if (line.tellers.empty()) {
    return line.line.text;
  }
  std::string text = line.line.text;
  if (const std::size_t place = text.find('#'); place != std::string::npos) {
    const std::size_t count = line.repeats + 1;
    text.replace(place, 1, std::to_string(count) + (count == 1 ? " child" : " children"));
    return text;  // Who tells is named.
  }
  text += " (";
  if (line.tellers.size() > kTellersNamedMax) {
    text += "by " + std::to_string(line.tellers.size()) + " nodes";
  } else {
    text += "by ";
    for (std::size_t i = 0; i < line.tellers.size(); ++i) {
      text += (i == 0 ? "" : ", ") + world_->name(line.tellers[i]);
    }
  }
  const base::Duration spread = line.last - *zero_ - base::Duration{line.line.at.ns};
  if (spread.ns > 0) {
    text += ", within " + base::to_string(base::milliseconds((spread.ns + 999'999) / 1'000'000));
  }
  return text + ")";
}

std::vector<TimelineLine> Story::lines() const {
  std::vector<TimelineLine> out;
  for (const Line& line : lines_) {
    out.push_back(line.line);
    out.back().text = text_of(line);
  }
  return out;
}

}  // namespace horde::scenario
