#include "crdt/version_vector.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace horde::crdt {
namespace {

constexpr std::uint64_t kClosed = std::numeric_limits<std::uint64_t>::max();

// How much further than here a run may have been agreed upon to be recognised: what a disk that
// was rolled back may lack.
constexpr std::uint64_t kAgreedFurtherMax = 4'096;

std::uint64_t hash_of(const Closed& closed) {
  // Another seed than a dot's, so that a closing never looks like an open run.
  constexpr std::uint64_t seed = 0x636c6f736564;
  return base::combine(base::combine(base::combine(seed, closed.node.value), closed.before),
                       closed.sum);
}

// The first dot of `dots` whose run is not before `run`.
template <class Dots>
auto lower_bound_run(Dots& dots, const base::RunId& run) {
  return std::ranges::lower_bound(dots, run, {}, &base::Dot::run);
}

}  // namespace

const Closed* VersionVector::find_closed(base::NodeId node) const {
  const auto it = std::ranges::lower_bound(closed_, node, {}, &Closed::node);
  return it != closed_.end() && it->node == node ? &*it : nullptr;
}

std::uint64_t VersionVector::counter(const base::RunId& run) const {
  const auto it = lower_bound_run(open_, run);
  if (it != open_.end() && it->run == run) {
    return it->counter;
  }
  return is_closed(run) ? kClosed : 0;
}

bool VersionVector::is_closed(const base::RunId& run) const {
  const Closed* closed = find_closed(run.node);
  return closed != nullptr && run.start < closed->before;
}

bool VersionVector::covers(const VersionVector& other) const {
  return std::ranges::all_of(other.open_, [this](const base::Dot& dot) { return covers(dot); }) &&
         std::ranges::all_of(other.closed_, [this](const Closed& theirs) {
           const Closed* ours = find_closed(theirs.node);
           return ours != nullptr && ours->before >= theirs.before;
         });
}

void VersionVector::raise(const base::Dot& dot) {
  HORDE_ASSERT(dot.counter > 0);
  auto it = lower_bound_run(open_, dot.run);
  if (it != open_.end() && it->run == dot.run) {
    if (it->counter < dot.counter) {
      digest_ += base::hash_of(dot) - base::hash_of(*it);
      it->counter = dot.counter;
    }
    return;
  }
  if (!is_closed(dot.run)) {
    open_.insert(it, dot);
    digest_ += base::hash_of(dot);
  }
}

void VersionVector::merge(const VersionVector& other) {
  for (const Closed& theirs : other.closed_) {
    const Closed* ours = find_closed(theirs.node);
    if (ours == nullptr || ours->before < theirs.before) {
      set_closed(theirs);
    }
  }
  for (const base::Dot& dot : other.open_) {
    raise(dot);
  }
}

void VersionVector::close(base::NodeId node, std::uint64_t before) {
  const Closed* ours = find_closed(node);
  HORDE_ASSERT(ours == nullptr || ours->before < before);
  set_closed({node, before, sum_before(node, before)});
}

void VersionVector::restore(const Closed& closed) {
  const Closed* ours = find_closed(closed.node);
  if (ours == nullptr || ours->before < closed.before) {
    set_closed(closed);
  }
}

void VersionVector::set_closed(const Closed& closed) {
  const auto first = lower_bound_run(open_, {closed.node, 0});
  const auto last = lower_bound_run(open_, {closed.node, closed.before});
  for (auto it = first; it != last; ++it) {
    digest_ -= base::hash_of(*it);
  }
  open_.erase(first, last);
  const auto it = std::ranges::lower_bound(closed_, closed.node, {}, &Closed::node);
  if (it != closed_.end() && it->node == closed.node) {
    digest_ -= hash_of(*it);
    *it = closed;
  } else {
    closed_.insert(it, closed);
  }
  digest_ += hash_of(closed);
}

Agreement VersionVector::agreement_with(const VersionVector& other) const {
  Agreement worst = Agreement::same;
  for (const Closed& theirs : other.closed_) {
    const Closed* ours = find_closed(theirs.node);
    if (ours != nullptr && ours->before > theirs.before) {
      continue;
    }
    const std::uint64_t sum = sum_before(theirs.node, theirs.before);
    if (sum != theirs.sum) {
      worst = std::max(worst, sum == 0 ? Agreement::behind : Agreement::differs);
    }
  }
  return worst;
}

std::optional<VersionVector> VersionVector::agreed_by(const VersionVector& other,
                                                      base::NodeId node) const {
  const Closed* theirs = other.find_closed(node);
  HORDE_ASSERT(theirs != nullptr);
  VersionVector ours;
  if (const Closed* closed = find_closed(node)) {
    ours.set_closed(*closed);
  }
  for (auto it = lower_bound_run(open_, {node, 0});
       it != open_.end() && it->run < base::RunId{node, theirs->before}; ++it) {
    ours.raise(*it);
  }
  const std::uint64_t missing = theirs->sum - ours.sum_before(node, theirs->before);
  if (missing == 0) {
    return ours;
  }
  // Another last dot of one of the runs must make up for the difference.
  for (base::Dot& dot : ours.open_) {
    const std::uint64_t wanted = missing + base::hash_of(dot);
    base::Dot agreed{dot.run, dot.counter + kAgreedFurtherMax};
    while (agreed.counter > 0 && base::hash_of(agreed) != wanted) {
      --agreed.counter;
    }
    if (agreed.counter > 0 || wanted == 0) {
      VersionVector out;
      for (const Closed& closed : ours.closed_) {
        out.set_closed(closed);
      }
      for (const base::Dot& other_dot : ours.open_) {
        if (other_dot.run != dot.run) {
          out.raise(other_dot);
        }
      }
      if (agreed.counter > 0) {
        out.raise(agreed);
      }
      return out;
    }
  }
  return std::nullopt;
}

std::uint64_t VersionVector::closings_rank() const {
  std::uint64_t sum = 0;
  for (const Closed& closed : closed_) {
    sum += hash_of(closed);
  }
  return sum;
}

std::uint64_t VersionVector::latest_start(base::NodeId node) const {
  const auto after =
      std::ranges::upper_bound(open_, node, {}, [](const base::Dot& dot) { return dot.run.node; });
  std::uint64_t latest = 0;
  if (after != open_.begin() && std::prev(after)->run.node == node) {
    latest = std::prev(after)->run.start;
  }
  const Closed* closed = find_closed(node);
  return closed == nullptr ? latest : std::max(latest, closed->before);
}

bool VersionVector::is_ended(const base::RunId& run) const {
  return latest_start(run.node) > run.start;
}

std::uint64_t VersionVector::sum_before(base::NodeId node, std::uint64_t before) const {
  const Closed* closed = find_closed(node);
  std::uint64_t sum = closed == nullptr ? 0 : closed->sum;
  for (auto it = lower_bound_run(open_, {node, 0});
       it != open_.end() && it->run < base::RunId{node, before}; ++it) {
    sum += base::hash_of(*it);
  }
  return sum;
}

std::uint64_t VersionVector::cold_digest() const {
  std::uint64_t hot_sum = 0;
  for (std::size_t i = 0; i < open_.size(); ++i) {
    const bool newest = i + 1 == open_.size() || open_[i + 1].run.node != open_[i].run.node;
    hot_sum += newest ? base::hash_of(open_[i]) : 0;
  }
  return digest_ - hot_sum;
}

VersionVector VersionVector::hot() const {
  VersionVector out;
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (i + 1 == open_.size() || open_[i + 1].run.node != open_[i].run.node) {
      out.raise(open_[i]);
    }
  }
  return out;
}

VersionVector VersionVector::cold() const {
  VersionVector out;
  for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
    if (open_[i + 1].run.node == open_[i].run.node) {
      out.raise(open_[i]);
    }
  }
  for (const Closed& closed : closed_) {
    out.set_closed(closed);
  }
  return out;
}

std::uint64_t VersionVector::events_ahead_of(const VersionVector& other) const {
  std::uint64_t ahead = 0;
  for (const base::Dot& dot : open_) {
    const std::uint64_t theirs = other.counter(dot.run);
    ahead += dot.counter > theirs ? dot.counter - theirs : 0;
  }
  return ahead;
}

std::string to_string(const VersionVector& vector) {
  std::string out = "{";
  for (const base::Dot& dot : vector.open()) {
    out += (out.size() > 1 ? " " : "") + base::to_string(dot);
  }
  for (const Closed& closed : vector.closed()) {
    out += " | " + base::to_string(closed.node) + "<" + std::to_string(closed.before);
  }
  return out + "}";
}

}  // namespace horde::crdt
