#include "sim/core/trace.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace horde::sim {
namespace {

constexpr std::array<std::string_view, kTraceKindCount> kKindNames = {
    "node", "up",      "down", "start",  "delivered", "timeout", "hint", "call",
    "sent", "persist", "tell", "answer", "ended",     "dropped", "fault"};

std::string with_detail(std::string text, const TraceEvent& event) {
  return event.detail.empty() ? text : text + ": " + event.detail;
}

std::string datagram_text(const TraceEvent& event) {
  return "#" + std::to_string(event.number);
}

}  // namespace

std::string_view to_string(TraceKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<TraceKind> trace_kind_of(std::string_view text) {
  for (std::uint8_t i = 0; i < kTraceKindCount; ++i) {
    if (kKindNames[i] == text) {
      return static_cast<TraceKind>(i);
    }
  }
  return std::nullopt;
}

void TraceList::on_event(const TraceEvent& event) {
  events_.push_back(event);
  if (events_.size() > events_max_) {
    events_.pop_front();
  }
}

std::string TracePrinter::name(NodeIndex node) const {
  if (node == kNoNode) {
    return "nobody";
  }
  return node < names_.size() && !names_[node].empty() ? names_[node]
                                                       : "node " + std::to_string(node);
}

std::string TracePrinter::print(const TraceEvent& event) {
  if (event.kind == TraceKind::node) {
    // Traces of the last events only may begin with any node.
    constexpr NodeIndex nodes_max = 1'000'000;
    if (event.node < nodes_max) {
      names_.resize(std::max<std::size_t>(names_.size(), event.node + std::size_t{1}));
      names_[event.node] = event.label;
    }
  }
  const std::string bytes = ", " + std::to_string(event.bytes) + " B";
  std::string text = to_string(event.at) + " ";
  if (event.node != kNoNode) {
    text += name(event.node) + " ";
  }
  switch (event.kind) {
    case TraceKind::node:
      return text + "is at " + event.detail;
    case TraceKind::up:
      return text + "up, boot " + std::to_string(event.number);
    case TraceKind::down:
      return text + "down, " + event.label;
    case TraceKind::start:
    case TraceKind::timeout:
      return text + std::string(to_string(event.kind));
    case TraceKind::delivered:
      return text + "delivered " + datagram_text(event) + " from " + name(event.peer) + bytes;
    case TraceKind::hint:
      return text + "hint " + event.label + " about " + name(event.peer);
    case TraceKind::sent:
      return text + "sent " + datagram_text(event) + " to " + name(event.peer) + bytes;
    case TraceKind::dropped:
      return text + "dropped " + datagram_text(event) + " to " + name(event.peer) + ", " +
             event.label;
    case TraceKind::persist:
      return text + "persist " + event.label + bytes;
    case TraceKind::answer:
      return with_detail(
          text + "answer to call " + std::to_string(event.number) + " " + event.label, event);
    case TraceKind::call:
    case TraceKind::tell:
    case TraceKind::ended:
    case TraceKind::fault:
      return with_detail(text + std::string(to_string(event.kind)) + " " + event.label, event);
  }
  HORDE_ASSERT(false);
}

TraceSource source_of(const TraceList& list) {
  return [&list, next = std::size_t{0}]() mutable -> std::optional<TraceEvent> {
    return next < list.events().size() ? std::optional(list.events()[next++]) : std::nullopt;
  };
}

std::optional<TraceDifference> first_difference(const TraceSource& left, const TraceSource& right) {
  TraceList before(TraceDifference::kBeforeMax);
  for (std::uint64_t index = 0;; ++index) {
    std::optional<TraceEvent> one = left();
    std::optional<TraceEvent> other = right();
    if (one != other) {
      return TraceDifference{.index = index,
                             .left = std::move(one),
                             .right = std::move(other),
                             .before = {before.events().begin(), before.events().end()}};
    }
    if (!one) {
      return std::nullopt;
    }
    before.on_event(*one);
  }
}

}  // namespace horde::sim
