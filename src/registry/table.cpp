#include "registry/table.hpp"

#include <algorithm>
#include <tuple>

#include "base/assert.hpp"

namespace horde::registry {
namespace {

template <class Holdings>
auto place_of(Holdings& holdings, const NameKey& key) {
  return std::ranges::lower_bound(
      holdings, std::tuple(key.run, key.number), {},
      [](const Holding& holding) { return std::tuple(holding.pid.run, holding.number); });
}

template <class Holdings>
auto* find_in(Holdings& holdings, const NameKey& key) {
  const auto it = place_of(holdings, key);
  const bool is_there = it != holdings.end() && it->pid.run == key.run && it->number == key.number;
  return is_there ? &*it : nullptr;
}

bool is_same_child(const Rank& a, const Rank& b) {
  return a.is_child && b.is_child && a.id == b.id;
}

/// A visible later copy of the child that `of` is a copy of.
const Holding* later_copy(std::span<const Holding> holdings, const Holding& of) {
  if (!of.rank.is_child) {
    return nullptr;
  }
  const auto it = std::ranges::find_if(holdings, [&](const Holding& other) {
    return other.visible && is_same_child(other.rank, of.rank) &&
           is_later_copy(other.rank, other.pid, of.rank, of.pid);
  });
  return it == holdings.end() ? nullptr : &*it;
}

template <class Holdings>
std::span<const Holding> all(const Holdings& holdings) {
  return {holdings.data(), holdings.size()};
}

}  // namespace

// Compared pair by pair, with copies of one child by their claims and all else by rank, three
// holders could beat each other in a circle; so the latest copies are chosen first (R16).
void Table::choose(Row& row) const {
  row.shown = Row::kNobody;
  const Holding* best = nullptr;
  for (const Holding& holding : row.holdings) {
    if (!holding.visible ||
        (best != nullptr && !outranks(holding.rank, holding.pid, best->rank, best->pid))) {
      continue;
    }
    if (keys_ == Keys::duplicate || later_copy(all(row.holdings), holding) == nullptr) {
      best = &holding;
      row.shown = static_cast<int>(&holding - row.holdings.data());
    }
    if (keys_ == Keys::duplicate) {
      return;  // The first one will do.
    }
  }
}

// What readers see of it: with unique keys whoever is shown, with duplicate ones this entry.
std::optional<Shift::Shown> Table::seen(const Row& row, const NameKey& key) const {
  const Holding* holding = nullptr;
  if (keys_ == Keys::duplicate) {
    holding = find_in(row.holdings, key);
    holding = holding != nullptr && holding->visible ? holding : nullptr;
  } else if (row.shown != Row::kNobody) {
    holding = &row.holdings[static_cast<std::size_t>(row.shown)];
  }
  return holding == nullptr ? std::nullopt
                            : std::optional(Shift::Shown{holding->pid, holding->value});
}

// Every change of an entry passes here.
template <class Change>
void Table::change(Row& row, const NameKey& key, Cause cause, Change&& what) {
  std::optional<Shift::Shown> before = seen(row, key);
  what(row.holdings);
  choose(row);
  std::optional<Shift::Shown> after = seen(row, key);
  touched_.push_back(row.key);
  if (keys_ == Keys::unique && std::ranges::count_if(row.holdings, &Holding::visible) > 1) {
    contested_.insert(row.key);
  }
  if (before == after) {
    return;
  }
  if (before && after) {
    const auto lost = std::ranges::find(row.holdings, before->pid, &Holding::pid);
    const bool goes_on = lost != row.holdings.end() && lost->visible;
    cause = before->pid == after->pid ? Cause::updated : goes_on ? Cause::conflict : cause;
  }
  shown_count_ = shown_count_ - (before ? 1 : 0) + (after ? 1 : 0);
  shifts_.push_back({row.key, std::move(before), std::move(after), cause});
}

void Table::put(const NameKey& key, std::uint64_t serial, const Rank& rank, base::Bytes value,
                Cause cause) {
  HORDE_ASSERT(keys_ == Keys::duplicate || key.number == 0);
  if (const Holding* present = find(key); present != nullptr && present->pid.serial != serial) {
    erase(key, cause);  // Another process of that run has it now.
  }
  Row* const known = rows_.find(key.name);
  Row& row = known != nullptr
                 ? *known
                 : rows_.insert(std::make_unique<Row>(Row{.key = key.name, .holdings = {}}));
  const process::Pid pid{key.run, serial};
  if (const Holding* present = find_in(row.holdings, key);
      present != nullptr && present->rank == rank && present->value == value) {
    return;
  }
  change(row, key, cause, [&](auto& holdings) {
    if (Holding* present = find_in(holdings, key)) {
      present->rank = rank;
      present->value = std::move(value);
    } else {
      holdings.insert(place_of(holdings, key), Holding{.pid = pid,
                                                       .number = key.number,
                                                       .rank = rank,
                                                       .value = std::move(value),
                                                       .visible = present_.contains(key.run)});
      ++holdings_count_;
    }
  });
  by_pid_[pid].emplace(row.key, &row);
}

bool Table::erase(const NameKey& key, Cause cause) {
  Row* const row = rows_.find(key.name);
  const Holding* const present = find(key);
  if (present == nullptr) {
    return false;
  }
  const process::Pid pid = present->pid;
  change(*row, key, cause, [&](auto& holdings) {
    holdings.erase(place_of(holdings, key));
    --holdings_count_;
  });
  if (std::ranges::find(row->holdings, pid, &Holding::pid) == row->holdings.end()) {
    const auto rows = by_pid_.find(pid);
    rows->second.erase(row->key);
    if (rows->second.empty()) {
      by_pid_.erase(rows);
    }
  }
  if (row->holdings.empty()) {
    rows_.erase(*row);
  }
  return true;
}

void Table::set_present(const std::set<base::RunId>& present,
                        const std::set<base::NodeId>& members) {
  std::vector<base::RunId> gone;
  std::ranges::set_difference(present_, present, std::back_inserter(gone));
  std::vector<base::RunId> come;
  std::ranges::set_difference(present, present_, std::back_inserter(come));
  present_ = present;
  for (const base::RunId& run : gone) {
    set_visible(run, false,
                members.contains(run.node) ? Cause::member_gone : Cause::member_removed);
  }
  for (const base::RunId& run : come) {
    set_visible(run, true, Cause::member_back);
  }
}

void Table::set_visible(const base::RunId& run, bool visible, Cause cause) {
  for (const NameKey& key : of(run)) {
    change(*rows_.find(key.name), key, cause,
           [&](auto& holdings) { find_in(holdings, key)->visible = visible; });
  }
}

// --- Reads.

const Holding* Table::lookup(base::BytesView key) const {
  const Row* const row = rows_.find(key);
  if (row == nullptr || row->shown == Row::kNobody) {
    return nullptr;
  }
  return &row->holdings[static_cast<std::size_t>(row->shown)];
}

std::vector<const Holding*> Table::shown(base::BytesView key) const {
  std::vector<const Holding*> out;
  if (keys_ == Keys::unique) {
    if (const Holding* holding = lookup(key)) {
      out.push_back(holding);
    }
    return out;
  }
  for (const Holding& holding : holdings(key)) {
    if (holding.visible) {
      out.push_back(&holding);
    }
  }
  return out;
}

std::span<const Holding> Table::holdings(base::BytesView key) const {
  const Row* const row = rows_.find(key);
  return row == nullptr ? std::span<const Holding>{} : all(row->holdings);
}

const Holding* Table::find(const NameKey& key) const {
  const Row* const row = rows_.find(key.name);
  return row == nullptr ? nullptr : find_in(row->holdings, key);
}

std::vector<base::BytesView> Table::keys(const process::Pid& pid) const {
  std::vector<base::BytesView> out;
  const auto rows = by_pid_.find(pid);
  if (rows == by_pid_.end()) {
    return out;
  }
  for (const auto& [key, row] : rows->second) {
    for (const Holding* const holding : shown(key)) {
      if (holding->pid == pid) {
        out.push_back(key);
      }
    }
  }
  return out;
}

void Table::visit(const std::function<void(const process::NameEntry&)>& each) const {
  for (const auto& [pid, rows] : by_pid_) {
    for (const auto& [key, row] : rows) {
      for (const Holding* const holding : shown(key)) {
        if (holding->pid == pid) {
          each({key, pid, holding->value});
        }
      }
    }
  }
}

std::vector<NameKey> Table::of(const process::Pid& pid) const {
  std::vector<NameKey> out;
  const auto rows = by_pid_.find(pid);
  if (rows == by_pid_.end()) {
    return out;
  }
  for (const auto& [key, row] : rows->second) {
    for (const Holding& holding : row->holdings) {
      if (holding.pid == pid) {
        out.push_back({row->key, pid.run, holding.number});
      }
    }
  }
  return out;
}

std::vector<NameKey> Table::of(const base::RunId& run) const {
  std::vector<NameKey> out;
  for (auto it = by_pid_.lower_bound({run, 0}); it != by_pid_.end() && it->first.run == run; ++it) {
    std::ranges::move(of(it->first), std::back_inserter(out));
  }
  return out;
}

std::vector<base::RunId> Table::runs() const {
  std::vector<base::RunId> out;
  for (auto it = by_pid_.begin(); it != by_pid_.end();) {
    const base::RunId run = it->first.run;
    out.push_back(run);
    it = by_pid_.lower_bound({{run.node, run.start + 1}, 0});
  }
  return out;
}

bool Table::is_shown(const NameKey& key) const {
  const Holding* const holding = find(key);
  return holding != nullptr && holding->visible &&
         (keys_ == Keys::duplicate || lookup(key.name) == holding);
}

const Holding* Table::winner_over(const NameKey& loser) const {
  const Holding* const holding = find(loser);
  if (holding == nullptr || !holding->visible || is_shown(loser)) {
    return nullptr;
  }
  const auto& holdings = rows_.find(loser.name)->holdings;
  const Holding* const later = later_copy(all(holdings), *holding);
  return later != nullptr ? later : lookup(loser.name);
}

}  // namespace horde::registry
