#include "scenario/oracle.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"

namespace horde::scenario {
namespace {

constexpr std::size_t kStoryEventsMax = 30;

std::uint64_t content_of(const crdt::Sibling& sibling) {
  return base::combine(base::hash64(sibling.value), static_cast<std::uint64_t>(sibling.stamp));
}

std::string text_of(const crdt::Siblings* siblings) {
  return siblings == nullptr ? "{}" : crdt::to_string(*siblings);
}

}  // namespace

std::string to_string(const Violation& violation) {
  return std::string(violation.invariant) + " at " + base::to_string(violation.replica) +
         (violation.key.empty() ? "" : ", key " + base::printable(violation.key)) + ": " +
         violation.text;
}

// --- What was written ---

Oracle::Replica& Oracle::replica_of(base::NodeId node) {
  const auto [it, is_new] = replicas_.try_emplace(node);
  if (is_new) {
    it->second.index = static_cast<std::uint32_t>(replicas_.size() - 1);
  }
  return it->second;
}

Oracle::Run& Oracle::run_of(const base::RunId& id) {
  const auto [it, is_new] = run_index_.try_emplace(id, static_cast<std::uint32_t>(runs_.size()));
  if (is_new) {
    runs_.push_back({.id = id});
  }
  return runs_[it->second];
}

const Oracle::Place* Oracle::place_of(const base::Dot& dot) const {
  const auto it = run_index_.find(dot.run);
  if (it == run_index_.end() || dot.counter == 0 || dot.counter > runs_[it->second].places.size()) {
    return nullptr;
  }
  return &runs_[it->second].places[dot.counter - 1];
}

base::Dot Oracle::dot_of(const Record& record) const {
  return {runs_[record.run].id, record.counter};
}

std::optional<Violation> Oracle::on_written(const crdt::Event& event) {
  const base::Dot& dot = event.sibling.dot;
  Run& run = run_of(dot.run);
  const auto refuse = [&](std::string text) {
    return Violation{"A2", dot.run.node, event.key, std::move(text)};
  };
  if (dot.counter <= run.places.size()) {
    return refuse("the dot " + base::to_string(dot) + " was used for two events");
  }
  if (dot.counter != run.places.size() + 1) {
    return refuse("the dot " + base::to_string(dot) + " was written after only " +
                  std::to_string(run.places.size()) + " events of that run");
  }
  const auto [row, is_new] = histories_.try_emplace(event.key);
  if (is_new) {
    keys_.push_back(&row->first);
  }
  History& history = row->second;
  const auto index = static_cast<std::uint32_t>(history.events.size());
  const auto link = [&history](std::uint32_t& head, std::uint32_t to) {
    history.links.push_back({to, head});
    head = static_cast<std::uint32_t>(history.links.size() - 1);
  };
  Record record{.counter = dot.counter,
                .content = content_of(event.sibling),
                .run = run_index_.at(dot.run),
                .kind = event.sibling.kind};
  for (const base::Dot& old : event.supersedes) {
    const Place* place = place_of(old);
    if (place == nullptr || place->history != &history) {
      return Violation{"A12", dot.run.node, event.key,
                       base::to_string(dot) + " supersedes " + base::to_string(old) +
                           ", which nobody wrote under this key"};
    }
    link(record.supersedes, place->event);
    link(history.events[place->event].superseded_by, index);
  }
  history.events.push_back(record);
  run.places.push_back({&history, &row->first, index});
  ++events_;
  return std::nullopt;
}

void Oracle::on_boot(base::NodeId replica) {
  Replica& known = replica_of(replica);
  ++known.boot;
  known.vector = {};
}

bool Oracle::is_superseded(const base::Dot& dot) const {
  const Place* place = place_of(dot);
  HORDE_ASSERT(place != nullptr);
  return place->history->events[place->event].superseded_by != kNone;
}

bool Oracle::covers(const crdt::VersionVector& vector, const base::Dot& dot) const {
  const auto it = run_index_.find(dot.run);
  HORDE_ASSERT(it != run_index_.end());
  return covered_of(runs_[it->second], vector) >= dot.counter;
}

// --- What a vector covers ---

std::uint64_t Oracle::covered_of(const Run& run, const crdt::VersionVector& vector) const {
  const std::uint64_t counter = vector.counter(run.id);
  if (counter != std::numeric_limits<std::uint64_t>::max()) {
    return counter;
  }
  const auto closed = std::ranges::find(vector.closed(), run.id.node, &crdt::Closed::node);
  const auto agreement = agreements_.find({closed->node, closed->before, closed->sum});
  if (agreement == agreements_.end()) {
    return 0;
  }
  const auto agreed = agreement->second.find(run.id);
  return agreed == agreement->second.end() ? 0 : agreed->second;
}

bool Oracle::covers(const crdt::VersionVector& vector, const Record& record) const {
  return covered_of(runs_[record.run], vector) >= record.counter;
}

bool Oracle::covers_superseder(const Look& look, const Record& record) const {
  for (std::uint32_t at = record.superseded_by; at != kNone; at = look.history.links[at].next) {
    if (covers(look.vector, look.history.events[look.history.links[at].event])) {
      return true;
    }
  }
  return false;
}

std::optional<Violation> Oracle::on_vector(base::NodeId node, Replica& replica,
                                           const crdt::VersionVector& vector) {
  if (vector.digest() == replica.vector.digest()) {
    return std::nullopt;
  }
  if (!vector.covers(replica.vector)) {
    return Violation{"A2",
                     node,
                     {},
                     "the vector shrank from " + crdt::to_string(replica.vector) + " to " +
                         crdt::to_string(vector)};
  }
  for (const crdt::Closed& closed : vector.closed()) {
    on_closed(replica, closed);
  }
  replica.vector = vector;
  return std::nullopt;
}

// The first replica that shows a closing has made it, and what it knew is what was agreed.
void Oracle::on_closed(const Replica& replica, const crdt::Closed& closed) {
  const auto [agreement, is_new] =
      agreements_.try_emplace({closed.node, closed.before, closed.sum});
  for (auto it = run_index_.lower_bound({closed.node, 0});
       is_new && it != run_index_.end() && it->first < base::RunId{closed.node, closed.before};
       ++it) {
    Run& run = runs_[it->second];
    const std::uint64_t known = covered_of(run, replica.vector);
    agreement->second.emplace(run.id, known);
    conflicting_closings_ += run.agreed.value_or(known) == known ? 0U : 1U;
    run.agreed = known;
  }
}

// --- Checks ---

std::optional<Violation> Oracle::check_step(base::NodeId node, const crdt::AwLwwMap& map,
                                            std::span<const crdt::Change> changed) {
  Replica& replica = replica_of(node);
  std::optional<crdt::VersionVector> before;
  if (map.vector().digest() != replica.vector.digest()) {
    before = replica.vector;
  }
  if (auto violation = on_vector(node, replica, map.vector())) {
    return violation;
  }
  for (const crdt::Change& change : changed) {
    if (auto violation = check_key(node, change.key, map.siblings(change.key), map.vector())) {
      return violation;
    }
  }
  return before ? check_covered_since(node, *before, map) : std::nullopt;
}

std::optional<Violation> Oracle::check_covered_since(base::NodeId node,
                                                     const crdt::VersionVector& before,
                                                     const crdt::AwLwwMap& map) {
  std::vector<base::RunId> risen;
  for (const base::Dot& dot : map.vector().open()) {
    risen.push_back(dot.run);
  }
  // Runs that are closed now, and were not, stand in no open part of the vector.
  for (const crdt::Closed& closed : map.vector().closed()) {
    for (auto it = run_index_.lower_bound({closed.node, 0});
         it != run_index_.end() && it->first < base::RunId{closed.node, closed.before}; ++it) {
      if (!before.is_closed(it->first)) {
        risen.push_back(it->first);
      }
    }
  }
  for (const base::RunId& id : risen) {
    const auto known = run_index_.find(id);
    if (known == run_index_.end()) {
      return Violation{"A11", node, {}, "covers " + base::to_string(id) + ", which wrote nothing"};
    }
    const Run& run = runs_[known->second];
    const std::uint64_t to = covered_of(run, map.vector());
    if (to > run.places.size()) {
      return Violation{"A11",
                       node,
                       {},
                       "covers " + base::to_string(base::Dot{id, to}) + ", which was not written"};
    }
    for (std::uint64_t i = covered_of(run, before); i < to; ++i) {
      const crdt::Key& key = *run.places[i].key;
      if (auto violation = check_key(node, key, map.siblings(key), map.vector())) {
        return violation;
      }
    }
  }
  return std::nullopt;
}

std::optional<Violation> Oracle::check_key(base::NodeId node, const crdt::Key& key,
                                           const crdt::Siblings* siblings,
                                           const crdt::VersionVector& vector) {
  Replica& replica = replica_of(node);
  if (auto violation = on_vector(node, replica, vector)) {
    return violation;
  }
  const auto row = histories_.find(key);
  if (row == histories_.end()) {
    if (siblings == nullptr) {
      return std::nullopt;
    }
    return Violation{"A11", node, key, "holds " + text_of(siblings) + ", which nobody wrote"};
  }
  History& history = row->second;
  if (history.open.size() <= replica.index) {
    history.open.resize(replica.index + 1);
  }
  Open& open = history.open[replica.index];
  if (open.boot != replica.boot) {
    open = {.boot = replica.boot};
  }
  const Look look{replica, key, history, siblings, vector};
  if (auto violation = settle(node, look, open)) {
    return violation;
  }
  return compare(node, look);
}

std::optional<Violation> Oracle::settle(base::NodeId node, const Look& look, Open& open) {
  for (; open.seen < look.history.events.size(); ++open.seen) {
    open.events.push_back(open.seen);
  }
  live_.clear();
  std::optional<Violation> violation;
  std::erase_if(open.events, [&](std::uint32_t index) {
    const Record& record = look.history.events[index];
    if (!covers(look.vector, record)) {
      return false;
    }
    for (std::uint32_t at = record.supersedes; at != kNone; at = look.history.links[at].next) {
      const Record& old = look.history.events[look.history.links[at].event];
      // What was left out of a closing is void: it neither shows nor is missed.
      if (!look.vector.covers(dot_of(old))) {
        violation =
            Violation{"A12", node, look.key,
                      "covers " + base::to_string(dot_of(record)) + " but not " +
                          base::to_string(dot_of(old)) + ", which that supersedes" + story(look)};
      }
    }
    if (record.kind == crdt::Kind::tombstone || covers_superseder(look, record)) {
      return true;
    }
    live_.push_back(index);
    return false;
  });
  return violation;
}

std::optional<Violation> Oracle::compare(base::NodeId node, const Look& look) const {
  const auto differs = [&](std::string what) {
    return Violation{"A11", node, look.key, std::move(what) + story(look)};
  };
  for (const std::uint32_t index : live_) {
    const base::Dot dot = dot_of(look.history.events[index]);
    if (look.siblings == nullptr || crdt::find(*look.siblings, dot) == nullptr) {
      return differs("the put " + base::to_string(dot) +
                     " is covered and not superseded, but is not there");
    }
  }
  std::size_t puts = 0;
  const std::span<const crdt::Sibling> there =
      look.siblings == nullptr ? std::span<const crdt::Sibling>{} : *look.siblings;
  for (const crdt::Sibling& sibling : there) {
    const std::string name = base::to_string(sibling.dot);
    const Place* place = place_of(sibling.dot);
    if (place == nullptr || place->history != &look.history) {
      return differs(name + " is there, but nobody wrote it");
    }
    const Record& record = look.history.events[place->event];
    if (record.kind != sibling.kind || record.content != content_of(sibling)) {
      return differs(name + " is there with another value or stamp than was written");
    }
    if (!covers(look.vector, record)) {
      return differs(name + " is there, but is not covered");
    }
    if (record.kind == crdt::Kind::put && covers_superseder(look, record)) {
      return differs(name + " is there, but is superseded");
    }
    puts += record.kind == crdt::Kind::put ? 1U : 0U;
  }
  HORDE_ASSERT(puts == live_.size());  // As each of one side was found on the other.
  return std::nullopt;
}

std::optional<Violation> Oracle::check_all(base::NodeId node, const crdt::AwLwwMap& map) {
  if (auto violation = check_step(node, map, {})) {
    return violation;
  }
  std::uint64_t live_sum = 0;
  std::size_t entries = 0;
  for (const crdt::Key* key : keys_) {
    const crdt::Siblings* siblings = map.siblings(*key);
    if (auto violation = check_key(node, *key, siblings, map.vector())) {
      return violation;
    }
    entries += siblings == nullptr ? 0U : 1U;
    const History& history = histories_.find(*key)->second;
    for (const std::uint32_t index : live_) {
      live_sum += base::hash_of(dot_of(history.events[index]));
    }
  }
  if (entries != map.entries()) {
    return Violation{"A11", node, {}, "holds keys that nobody wrote"};
  }
  if (live_sum != map.live_sum()) {
    return Violation{"A11", node, {}, "the map's own sum over its live puts is wrong"};
  }
  const auto known = live_sums_.try_emplace(map.vector().digest(), live_sum).first;
  if (known->second != live_sum) {
    return Violation{
        "A11",
        node,
        {},
        "other live puts than before under the vector " + crdt::to_string(map.vector())};
  }
  return std::nullopt;
}

std::string Oracle::story(const Look& look) const {
  const std::vector<Record>& events = look.history.events;
  std::string out = "\n  there: " + text_of(look.siblings);
  out += "\n  vector: " + crdt::to_string(look.vector) + "\n  events of the key, as written:";
  const std::size_t first = events.size() > kStoryEventsMax ? events.size() - kStoryEventsMax : 0;
  for (std::size_t i = first; i < events.size(); ++i) {
    const Record& record = events[i];
    const bool covered = covers(look.vector, record);
    out += "\n    " + base::to_string(dot_of(record)) +
           (record.kind == crdt::Kind::put ? " put" : " remove");
    for (std::uint32_t at = record.supersedes; at != kNone; at = look.history.links[at].next) {
      out += (at == record.supersedes ? ", supersedes " : " ") +
             base::to_string(dot_of(events[look.history.links[at].event]));
    }
    out += covered ? " [covered" : " [not covered";
    if (covered && record.kind == crdt::Kind::put) {
      out += covers_superseder(look, record) ? ", superseded" : ", so it must be there";
    }
    out += "]";
  }
  return out;
}

}  // namespace horde::scenario
