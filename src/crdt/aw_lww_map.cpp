#include "crdt/aw_lww_map.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace horde::crdt {
namespace {

// Stamps stop here instead of wrapping: a replica whose clock claims the end of time poisons one
// key.
constexpr Stamp kStampMax = Stamp{1} << 62U;

// What a row costs beside its payload: table node, two index nodes. Counted, not measured.
constexpr std::size_t kRowBytes = 160;
constexpr std::size_t kVectorPartBytes = 24;

bool has_tombstone(const Siblings& siblings) {
  return std::ranges::any_of(siblings, [](const Sibling& s) { return s.kind == Kind::tombstone; });
}

std::size_t payload_bytes(const Key& key, const Siblings& siblings) {
  std::size_t sum = key.size();
  for (const Sibling& sibling : siblings) {
    sum += sizeof(Sibling) + sibling.value.size();
  }
  return sum;
}

Stamp next_stamp(const Siblings& siblings, Stamp clock) {
  Stamp stamp = std::clamp(clock, Stamp{0}, kStampMax);
  for (const Sibling& sibling : siblings) {
    stamp = std::max(stamp, std::min(sibling.stamp + 1, kStampMax));
  }
  return stamp;
}

std::uint64_t live_sum_of(const Siblings& siblings) {
  std::uint64_t sum = 0;
  for (const Sibling& sibling : siblings) {
    sum += sibling.kind == Kind::put ? base::hash_of(sibling.dot) : 0;
  }
  return sum;
}

}  // namespace

// --- Writing ---

Event AwLwwMap::put(const base::RunId& run, const Key& key, Value value, Stamp clock) {
  const Siblings* seen = siblings(key);
  const Stamp stamp = next_stamp(seen == nullptr ? Siblings{} : *seen, clock);
  return write(run, key, {.kind = Kind::put, .stamp = stamp, .value = std::move(value)});
}

std::optional<Event> AwLwwMap::remove(const base::RunId& run, const Key& key, Stamp clock) {
  const Siblings* seen = siblings(key);
  if (seen == nullptr || winner(*seen) == nullptr) {
    return std::nullopt;
  }
  return write(run, key, {.kind = Kind::tombstone, .stamp = next_stamp(*seen, clock)});
}

Event AwLwwMap::put_over(const base::RunId& run, const Key& key) {
  const Siblings* seen = siblings(key);
  const Sibling* shown = seen == nullptr ? nullptr : winner(*seen);
  HORDE_ASSERT(shown != nullptr);
  return write(run, key, {.kind = Kind::put, .stamp = shown->stamp, .value = shown->value});
}

Event AwLwwMap::put_again(const base::RunId& run, const Key& key, Value value, Stamp stamp) {
  Event event{.key = key,
              .sibling = {.dot = {run, vector_.counter(run) + 1},
                          .kind = Kind::put,
                          .stamp = stamp,
                          .value = std::move(value)}};
  apply(event);
  return event;
}

Event AwLwwMap::write(const base::RunId& run, const Key& key, Sibling sibling) {
  sibling.dot = {run, vector_.counter(run) + 1};
  Event event{.key = key, .sibling = std::move(sibling)};
  Row& target = row(key);
  for (const Sibling& seen : target.second.siblings) {
    event.supersedes.push_back(seen.dot);  // All of them, tombstones included (W1).
  }
  assign(target, {event.sibling}, Order::moves);
  raise(event.sibling.dot);
  return event;
}

AwLwwMap::Fit AwLwwMap::fit(const Event& event) const {
  const base::Dot& dot = event.sibling.dot;
  if (vector_.covers(dot)) {
    return Fit::covered;
  }
  const bool in_order = vector_.counter(dot.run) + 1 == dot.counter;  // P1
  const bool closed = std::ranges::all_of(
      event.supersedes, [this](const base::Dot& old) { return vector_.covers(old); });  // P2
  return in_order && closed ? Fit::applies : Fit::early;
}

void AwLwwMap::apply(Event event) {
  HORDE_ASSERT(fit(event) == Fit::applies);
  Row& target = row(event.key);
  Siblings next;
  for (const Sibling& sibling : target.second.siblings) {
    if (!std::ranges::binary_search(event.supersedes, sibling.dot)) {
      next.push_back(sibling);
    }
  }
  const base::Dot dot = event.sibling.dot;
  insert(next, std::move(event.sibling));
  assign(target, std::move(next), Order::moves);
  raise(dot);
}

Siblings AwLwwMap::joined(const Siblings& ours, const Siblings& theirs,
                          const Remote& remote) const {
  const auto below_their_floor = [&remote](const base::Dot& dot) {
    const auto it = remote.floor.find(dot.run);
    return remote.vector.is_closed(dot.run) ||
           (it != remote.floor.end() && it->second >= dot.counter);
  };
  Siblings out;
  for (const Sibling& mine : ours) {
    // The sender's whole vector is the context: what it covers and does not have is superseded
    // (S2). A tombstone that the sender dropped is kept, as only our floor could say so to others
    // (T3).
    if (find(theirs, mine.dot) != nullptr || !remote.vector.covers(mine.dot) ||
        (mine.kind == Kind::tombstone && below_their_floor(mine.dot))) {
      insert(out, mine);
    }
  }
  for (const Sibling& other : theirs) {
    if (!vector_.covers(other.dot)) {
      insert(out, other);
    }
  }
  return out;
}

void AwLwwMap::join(const Remote& remote) {
  HORDE_ASSERT(vector_.agreement_with(remote.vector) != Agreement::differs);
  for (const auto& [key, theirs] : remote.entries) {
    Row& target = row(key);
    Siblings next = joined(target.second.siblings, theirs, remote);
    if (next != target.second.siblings || next.empty()) {
      assign(target, std::move(next), Order::moves);
    }
  }
  for (const auto& [key, dot] : remote.gone) {
    const auto it = entries_.find(key);
    if (it != entries_.end() && find(it->second.siblings, dot) != nullptr) {
      Siblings next = it->second.siblings;
      std::erase_if(next, [&dot](const Sibling& sibling) { return sibling.dot == dot; });
      assign(*it, std::move(next), Order::moves);
    }
  }
  const VersionVector before = vector_;
  vector_.merge(remote.vector);
  for (const base::Dot& dot : vector_.open()) {
    if (before.counter(dot.run) < dot.counter) {
      delta_.raised.push_back(dot);
    }
  }
  bool closed_more = false;
  for (const Closed& closed : vector_.closed()) {
    if (std::ranges::find(before.closed(), closed) == before.closed().end()) {
      delta_.closed.push_back(closed);
      closed_more = true;
    }
  }
  if (closed_more) {
    drop_closed();
  }
  if (remote.adopt_floor) {
    for (const auto& [run, counter] : remote.floor) {
      raise_floor(run, counter);
    }
  }
}

// --- Tombstones and closings ---

void AwLwwMap::drop_tombstone(const Key& key, const base::Dot& dot) {
  const auto it = entries_.find(key);
  HORDE_ASSERT(it != entries_.end());
  Siblings next = it->second.siblings;
  const auto erased = std::erase_if(next, [&dot](const Sibling& sibling) {
    return sibling.dot == dot && sibling.kind == Kind::tombstone;
  });
  HORDE_ASSERT(erased == 1);
  raise_floor(dot.run, dot.counter);
  assign(*it, std::move(next), Order::stays);
}

void AwLwwMap::close(base::NodeId node, std::uint64_t before) {
  vector_.close(node, before);
  const auto closed = std::ranges::find(vector_.closed(), node, &Closed::node);
  delta_.closed.push_back(*closed);
  drop_closed();
}

// Tombstones and floors of closed runs say nothing any more: whoever lacks their effect also lacks
// the closing, and is told by that.
void AwLwwMap::drop_closed() {
  ++floor_version_;
  std::erase_if(floor_, [this](const auto& part) { return vector_.is_closed(part.first); });
  std::vector<Row*> rows;
  for (const auto& [order, entry] : tombstoned_) {
    rows.push_back(entry);
  }
  for (Row* entry : rows) {
    Siblings next = entry->second.siblings;
    if (std::erase_if(next, [this](const Sibling& sibling) {
          return sibling.kind == Kind::tombstone && vector_.is_closed(sibling.dot.run);
        }) > 0) {
      assign(*entry, std::move(next), Order::stays);
    }
  }
}

void AwLwwMap::raise_floor(const base::RunId& run, std::uint64_t counter) {
  if (vector_.is_closed(run)) {
    return;
  }
  std::uint64_t& floor = floor_[run];
  if (floor < counter) {
    floor = counter;
    ++floor_version_;
    delta_.floors.push_back(run);
  }
}

bool AwLwwMap::below_floor(const base::Dot& dot) const {
  const auto it = floor_.find(dot.run);
  return vector_.is_closed(dot.run) || (it != floor_.end() && it->second >= dot.counter);
}

bool AwLwwMap::floor_covered_by(const VersionVector& vector) const {
  return std::ranges::all_of(
      floor_, [&vector](const auto& part) { return vector.counter(part.first) >= part.second; });
}

// --- Loading ---

void AwLwwMap::load_entry(const Key& key, Siblings siblings) {
  assign(row(key), std::move(siblings), Order::moves);
}

void AwLwwMap::load_vector(std::span<const base::Dot> raised, std::span<const Closed> closed) {
  for (const Closed& part : closed) {
    vector_.restore(part);
  }
  for (const base::Dot& dot : raised) {
    vector_.raise(dot);
  }
  if (!closed.empty()) {
    drop_closed();
  }
}

void AwLwwMap::load_floor(const base::RunId& run, std::uint64_t counter) {
  raise_floor(run, counter);
}

// --- Reading ---

const Value* AwLwwMap::get(const Key& key) const {
  const Siblings* found = siblings(key);
  const Sibling* best = found == nullptr ? nullptr : winner(*found);
  return best == nullptr ? nullptr : &best->value;
}

const Siblings* AwLwwMap::siblings(base::BytesView key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second.siblings;
}

std::map<Key, Value> AwLwwMap::to_map() const {
  std::map<Key, Value> out;
  for (const auto& [order, entry] : by_order_) {
    if (const Sibling* best = winner(entry->second.siblings)) {
      out.emplace(entry->first, best->value);
    }
  }
  return out;
}

std::size_t AwLwwMap::bytes() const {
  return payload_bytes_ + entries_.size() * kRowBytes +
         (vector_.open().size() + vector_.closed().size() + floor_.size()) * kVectorPartBytes;
}

void AwLwwMap::visit_after(
    std::uint64_t cursor,
    const std::function<bool(const Key&, const Siblings&, std::uint64_t)>& visit) const {
  for (auto it = by_order_.upper_bound(cursor); it != by_order_.end(); ++it) {
    if (!visit(it->second->first, it->second->second.siblings, it->first)) {
      return;
    }
  }
}

void AwLwwMap::visit_tombstones(
    const std::function<bool(const Key&, const Siblings&, std::uint64_t)>& visit) const {
  for (const auto& [order, entry] : tombstoned_) {
    if (!visit(entry->first, entry->second.siblings, order)) {
      return;
    }
  }
}

Delta AwLwwMap::take_delta() {
  return std::exchange(delta_, {});
}

// --- Rows and their indexes ---

AwLwwMap::Row& AwLwwMap::row(const Key& key) {
  return *entries_.try_emplace(key).first;
}

void AwLwwMap::assign(Row& row, Siblings siblings, Order order) {
  Entry& entry = row.second;
  const Sibling* shown_before = winner(entry.siblings);
  const Sibling* shown_after = winner(siblings);
  Visible visible = Visible::same;
  if (shown_after == nullptr) {
    visible = shown_before == nullptr ? Visible::same : Visible::removed;
  } else if (shown_before == nullptr || shown_before->value != shown_after->value) {
    visible = Visible::added;
  }
  delta_.keys.push_back({row.first, visible});
  keys_visible_ += (shown_after == nullptr ? 0U : 1U);
  keys_visible_ -= (shown_before == nullptr ? 0U : 1U);
  live_sum_ += live_sum_of(siblings) - live_sum_of(entry.siblings);
  if (entry.order != 0) {
    payload_bytes_ -= payload_bytes(row.first, entry.siblings);
    tombstoned_.erase(entry.order);
  }
  if (siblings.empty()) {
    by_order_.erase(entry.order);
    entries_.erase(entries_.find(row.first));
    ++last_order_;  // So that every change can be told by it.
    return;
  }
  if (order == Order::moves || entry.order == 0) {
    by_order_.erase(entry.order);
    entry.order = ++last_order_;
    by_order_.emplace_hint(by_order_.end(), entry.order, &row);
  }
  entry.siblings = std::move(siblings);
  payload_bytes_ += payload_bytes(row.first, entry.siblings);
  if (has_tombstone(entry.siblings)) {
    tombstoned_.emplace(entry.order, &row);
  }
}

void AwLwwMap::raise(const base::Dot& dot) {
  vector_.raise(dot);
  delta_.raised.push_back(dot);
}

std::string to_string(const Siblings& siblings) {
  std::string out = "{";
  for (const Sibling& sibling : siblings) {
    out += (out.size() > 1 ? ", " : "") + base::to_string(sibling.dot);
    out += sibling.kind == Kind::tombstone
               ? " removed"
               : "=" + base::printable(sibling.value, 24) + "@" + std::to_string(sibling.stamp);
  }
  return out + "}";
}

}  // namespace horde::crdt
