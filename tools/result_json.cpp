#include "tools/result_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace horde::tools {
namespace {

using Json = nlohmann::ordered_json;
using scenario::Failure;
using scenario::Metric;
using scenario::RunResult;
using scenario::TimelineLine;
using scenario::Verdict;

constexpr std::array<std::string_view, 3> kUnits{"count", "bytes", "ns"};
constexpr std::array<std::string_view, 3> kKinds{"step", "event", "failure"};

Json failure_json(const Failure& failure) {
  return {{"id", failure.id},
          {"node", failure.node},
          {"key", failure.key},
          {"at_ns", failure.at.ns},
          {"text", failure.text}};
}

Json metric_json(const Metric& metric) {
  Json json = {{"name", metric.name},
               {"unit", kUnits[static_cast<std::size_t>(metric.unit)]},
               {"value", metric.value}};
  if (const auto& spread = metric.distribution) {
    json["samples"] = spread->samples;
    json["p50"] = spread->p50;
    json["p90"] = spread->p90;
    json["p99"] = spread->p99;
    json["max"] = spread->max;
  }
  return json;
}

Metric metric_of(const Json& json) {
  Metric metric{.name = json.at("name"), .value = json.at("value")};
  const auto unit = std::find(kUnits.begin(), kUnits.end(), json.at("unit").get<std::string>());
  metric.unit = static_cast<Metric::Unit>((unit - kUnits.begin()) % std::ssize(kUnits));
  if (json.contains("samples")) {
    metric.distribution = Metric::Distribution{.samples = json.at("samples"),
                                               .p50 = json.at("p50"),
                                               .p90 = json.at("p90"),
                                               .p99 = json.at("p99"),
                                               .max = json.at("max")};
  }
  return metric;
}

Verdict verdict_of(const std::string& text) {
  for (int code = 0; code <= static_cast<int>(Verdict::never_seen); ++code) {
    if (to_string(static_cast<Verdict>(code)) == text) {
      return static_cast<Verdict>(code);
    }
  }
  return Verdict::bad_input;
}

RunResult result_of(const Json& json) {
  RunResult result{.seed = json.at("seed"),
                   .verdict = verdict_of(json.at("verdict")),
                   .events = json.at("events")};
  const std::string hash = json.at("hash");
  std::from_chars(hash.data(), hash.data() + hash.size(), result.hash, 16);
  result.ended.ns = json.at("ended_ns");
  for (const Json& each : json.value("failures", Json::array())) {
    result.failures.push_back({.id = each.at("id"),
                               .node = each.at("node"),
                               .key = each.at("key"),
                               .at = {each.at("at_ns").get<std::int64_t>()},
                               .text = each.at("text")});
  }
  result.checked = json.value("checked", std::vector<std::string>{});
  result.seen = json.value("seen", std::vector<std::string>{});
  for (const Json& each : json.value("metrics", Json::array())) {
    result.metrics.push_back(metric_of(each));
  }
  return result;
}

}  // namespace

std::string to_json_line(const std::string& file, const RunResult& result, Detail detail) {
  Json json = {{"file", file},
               {"seed", result.seed},
               {"verdict", to_string(result.verdict)},
               {"events", result.events},
               {"ended_ns", result.ended.ns},
               {"hash", fmt::format("{:016x}", result.hash)}};
  if (detail != Detail::hash) {
    Json& failures = json["failures"] = Json::array();
    for (const Failure& failure : result.failures) {
      failures.push_back(failure_json(failure));
    }
    json["checked"] = result.checked;
    json["seen"] = result.seen;
    Json& drawn = json["drawn"] = Json::object();
    for (const scenario::Setting& setting : result.drawn) {
      drawn[setting.path] = setting.value;
    }
    Json& metrics = json["metrics"] = Json::array();
    for (const Metric& metric : result.metrics) {
      metrics.push_back(metric_json(metric));
    }
  }
  if (detail == Detail::full) {
    Json& timeline = json["timeline"] = Json::array();
    for (const TimelineLine& line : result.timeline) {
      timeline.push_back({{"at_ns", line.at.ns},
                          {"kind", kKinds[static_cast<std::size_t>(line.kind)]},
                          {"text", line.text}});
    }
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<RunResult> from_json_line(std::string_view line) {
  // The line comes from another process, which may be another build or have died half-way.
  try {
    return result_of(Json::parse(line));
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace horde::tools
