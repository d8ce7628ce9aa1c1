// Messages as a line for people.
#include <variant>

#include "props/replication/world.hpp"
#include "replication/messages.hpp"

namespace horde::props {
namespace {

using std::to_string;

std::string text(const replication::SentVector& sent) {
  return crdt::to_string(sent.part) + (sent.whole ? "" : "+cold");
}

std::string text(const crdt::Floor& floor) {
  std::string out;
  for (const auto& [run, counter] : floor) {
    out += (out.empty() ? ", floor " : " ") + base::to_string(base::Dot{run, counter});
  }
  return out;
}

std::string text(const replication::Ask& m) {
  return "ask " + to_string(m.round) + ", order " + to_string(m.order);
}
std::string text(const replication::Equal& m) {
  return "equal " + to_string(m.round) + ", order " + to_string(m.order);
}
std::string text(const replication::VectorIs& m) {
  return "vector " + to_string(m.round) + " " + text(m.vector) +
         (m.answer_whole ? ", send yours whole" : "");
}
std::string text(const replication::Pull& m) {
  return "pull " + to_string(m.session) + " after " + to_string(m.cursor) +
         (m.want ? ", have " + text(*m.want) : "") + (m.reconciled ? ", reconciled" : "");
}
std::string text(const replication::Page& m) {
  std::string out =
      "page " + to_string(m.session) + " (" + to_string(m.from) + ", " + to_string(m.to) + "]";
  for (const auto& [key, siblings] : m.entries) {
    out += " " + key + crdt::to_string(siblings);
  }
  return out + (m.done ? ", done " + text(m.done->vector) + text(m.done->floor) : "");
}
std::string text(const replication::Again& m) {
  return "again " + to_string(m.session) +
         (m.why == replication::Again::Why::reconcile ? ", reconcile first" : "");
}
std::string text(const replication::Ranges& m) {
  return "ranges " + to_string(m.session) + ", have " + text(m.want);
}
std::string text(const replication::RangeDots& m) {
  std::string out = "range dots " + to_string(m.session) + ", have " + text(m.vector) + ", there:";
  for (const auto& range : m.differing) {
    for (const base::Dot& dot : range.dots) {
      out += " " + base::to_string(dot);
    }
  }
  return out;
}
std::string text(const replication::Push& m) {
  std::string out = "push";
  for (const crdt::Event& event : m.events) {
    out += " " + event.key + crdt::to_string(crdt::Siblings{event.sibling});
    for (const base::Dot& dot : event.supersedes) {
      out += ">" + base::to_string(dot);
    }
  }
  return out;
}

}  // namespace

std::string describe(base::BytesView message) {
  wire::Reader reader(message);
  const auto decoded = replication::decode(reader);
  return decoded ? std::visit([](const auto& m) { return text(m); }, *decoded)
                 : wire::to_string(decoded.error());
}

}  // namespace horde::props
