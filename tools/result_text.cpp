#include "tools/result_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/terminal.hpp"

namespace horde::tools {
namespace {

using scenario::Failure;
using scenario::Metric;
using scenario::RunResult;
using scenario::TimelineLine;
using scenario::Verdict;

constexpr std::size_t kColumns = 100;
constexpr std::size_t kLinesMax = 60;     // Of a timeline.
constexpr std::size_t kFailuresMax = 10;  // Of one check.

std::string labelled(std::string_view label, const std::string& text) {
  return fmt::format("{} {}\n", styled(Style::bold, fmt::format("{:<9}", label)),
                     wrapped(text, kColumns - 10, std::string(10, ' ')));
}

std::string settings_text(const std::vector<scenario::Setting>& settings) {
  std::string text;
  for (const scenario::Setting& setting : settings) {
    text += (text.empty() ? "" : ", ") + setting.path + ' ' + setting.value;
  }
  return text;
}

std::string shortened(const std::string& text, std::size_t columns) {
  return text.size() <= columns ? text : text.substr(0, columns - 3) + "...";
}

std::string timeline_text(const std::vector<TimelineLine>& timeline) {
  std::string text;
  // The end tells more than the middle: a failure stands there.
  const std::size_t skipped = timeline.size() > kLinesMax ? timeline.size() - kLinesMax : 0;
  const std::size_t head = skipped == 0 ? timeline.size() : kLinesMax / 2;
  for (std::size_t i = 0; i < timeline.size(); ++i) {
    if (skipped != 0 && i == head) {
      text += fmt::format("{:>13}  ({} lines left out; --json has them)\n", "...", skipped);
      i += skipped;
    }
    const TimelineLine& line = timeline[i];
    const Style style = line.kind == TimelineLine::Kind::failure ? Style::bad
                        : line.kind == TimelineLine::Kind::event ? Style::dim
                                                                 : Style::plain;
    const std::string mark = line.kind == TimelineLine::Kind::event ? "  " : "";
    text += fmt::format("  {}  {}{}\n", clock_text(line.at), mark,
                        styled(style, shortened(line.text, kColumns - 18)));
  }
  return text;
}

std::string value_text(Metric::Unit unit, std::int64_t value) {
  switch (unit) {
    case Metric::Unit::count:
      return grouped(value);
    case Metric::Unit::bytes:
      return brief_bytes(value);
    case Metric::Unit::time:
      return brief_time(value);
  }
  return "";
}

std::string first_word(const std::string& name) {
  return name.substr(0, name.find(' '));
}

/// Single numbers: those whose names begin with the same word on one line, behind that word.
std::string totals_text(const std::vector<const Metric*>& totals) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const Metric* metric : totals) {
    const std::string word = first_word(metric->name);
    const auto related = std::ranges::count_if(
        totals, [&](const Metric* other) { return first_word(other->name) == word; });
    const std::string label = related > 1 ? word : "";
    std::string name = related > 1 ? metric->name.substr(word.size()) : " " + metric->name;
    name = name.substr(std::min<std::size_t>(name.size(), 1)) + (name.empty() ? "" : " ");
    auto line = std::ranges::find(lines, label, [](const auto& each) { return each.first; });
    if (line == lines.end()) {
      line = lines.insert(lines.end(), {label, ""});
    }
    line->second +=
        (line->second.empty() ? "" : ", ") + name + value_text(metric->unit, metric->value);
  }
  std::string text;
  for (const auto& [label, body] : lines) {
    text += fmt::format("  {:<11}{}\n", label, wrapped(body, kColumns - 13, std::string(13, ' ')));
  }
  return text;
}

std::string checks_text(const RunResult& result) {
  std::string text;
  std::vector<std::string> ids = result.checked;
  for (const Failure& failure : result.failures) {
    if (std::find(ids.begin(), ids.end(), failure.id) == ids.end()) {
      ids.push_back(failure.id);  // An expectation: not a check with an id of its own.
    }
  }
  for (const std::string& id : ids) {
    std::vector<const Failure*> failures;
    for (const Failure& failure : result.failures) {
      if (failure.id == id) {
        failures.push_back(&failure);
      }
    }
    const std::string mark =
        failures.empty() ? styled(Style::good, "ok  ") : styled(Style::bad, "FAIL");
    text += fmt::format("  {}  {:<4}  {}\n", mark, id, scenario::what_check_says(id));
    for (std::size_t i = 0; i < std::min(failures.size(), kFailuresMax); ++i) {
      text += "              " + failure_text(*failures[i]) + '\n';
    }
    if (failures.size() > kFailuresMax) {
      text += fmt::format("              and {} more\n", failures.size() - kFailuresMax);
    }
  }
  return text;
}

std::string verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::held:
      return styled(Style::good, "HELD");
    case Verdict::failed:
      return styled(Style::bad, "FAILED");
    case Verdict::liveness_failed:
      return styled(Style::bad, "DID NOT SETTLE");
    case Verdict::not_deterministic:
      return styled(Style::bad, "NOT DETERMINISTIC");
    case Verdict::bad_input:
      return styled(Style::bad, "COULD NOT RUN");
    case Verdict::never_seen:
      return styled(Style::note, "NEVER SEEN");
  }
  return "";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

}  // namespace

std::string heading(const std::string& file, const scenario::Scenario& scenario,
                    std::uint64_t seed) {
  std::string text = labelled("scenario", file);
  if (!scenario.about.empty()) {
    text += labelled("", scenario.about);
  }
  text += labelled("seed", fmt::format("{}, {} nodes", seed, scenario.nodes.size()));
  const std::string settings = settings_text(changed_settings(scenario));
  return text + labelled("options", settings.empty() ? "all at their defaults" : settings);
}

std::string drawn_text(const std::vector<scenario::Setting>& drawn) {
  return drawn.empty() ? "" : labelled("drawn", settings_text(drawn));
}

std::string summary(const RunResult& result) {
  std::string text;
  const auto section = [&](std::string_view title, const std::string& body) {
    if (!body.empty()) {
      text += fmt::format("\n{}\n{}", styled(Style::bold, title), body);
    }
  };
  section("timeline", timeline_text(result.timeline));
  section("metrics", metrics_table(result.metrics));
  section("checks", checks_text(result));
  if (!result.seen.empty()) {
    text += '\n' + labelled("seen", joined(result.seen));
  }
  return text + fmt::format("\n{}  {} of virtual time, {} events, hash {:016x}\n",
                            verdict_text(result.verdict), brief_time(result.ended.ns),
                            grouped(static_cast<std::int64_t>(result.events)), result.hash);
}

std::string failure_text(const Failure& failure) {
  std::string place = fmt::format("at {:.3f}s", static_cast<double>(failure.at.ns) / 1e9);
  if (!failure.node.empty()) {
    place += " on " + failure.node;
  }
  if (!failure.key.empty()) {
    place += ", key " + failure.key;
  }
  return wrapped(place + ": " + failure.text, kColumns - 14, std::string(14, ' '));
}

std::string metrics_table(const std::vector<Metric>& metrics) {
  std::vector<std::vector<std::string>> spreads{{"", "samples", "p50", "p90", "p99", "max"}};
  std::vector<const Metric*> totals;
  for (const Metric& metric : metrics) {
    const auto shown = [&](std::int64_t value) { return value_text(metric.unit, value); };
    if (const auto& spread = metric.distribution) {
      spreads.push_back({metric.name, grouped(spread->samples), shown(spread->p50),
                         shown(spread->p90), shown(spread->p99), shown(spread->max)});
    } else {
      totals.push_back(&metric);
    }
  }
  const std::string distributions = spreads.size() > 1 ? table(spreads, "  ") : "";
  const std::string gap = distributions.empty() || totals.empty() ? "" : "\n";
  return distributions + gap + totals_text(totals);
}

}  // namespace horde::tools
