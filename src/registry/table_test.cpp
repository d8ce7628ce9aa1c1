#include "registry/table.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"

namespace horde::registry {
namespace {

/// The same, as a list of entries from which everything is computed anew.
struct PlainTable {
  struct Entry {
    NameKey key;
    process::Pid pid;
    Rank rank;
    base::Bytes value;
  };
  Keys keys = Keys::unique;
  std::vector<Entry> entries;
  std::set<base::RunId> present;

  [[nodiscard]] bool is_shown(const Entry& entry) const {
    if (!present.contains(entry.key.run) || keys == Keys::duplicate) {
      return present.contains(entry.key.run);
    }
    const auto counts = [&](const Entry& each) {
      return each.key.name == entry.key.name && present.contains(each.key.run) &&
             std::ranges::none_of(entries, [&](const Entry& other) {
               return other.key.name == each.key.name && present.contains(other.key.run) &&
                      other.rank.is_child && each.rank.is_child && other.rank.id == each.rank.id &&
                      is_later_copy(other.rank, other.pid, each.rank, each.pid);
             });
    };
    return counts(entry) && std::ranges::none_of(entries, [&](const Entry& other) {
             return counts(other) && outranks(other.rank, other.pid, entry.rank, entry.pid);
           });
  }
  /// pid, key, number, value; in the order of visit.
  using Shown = std::tuple<process::Pid, base::Bytes, std::uint64_t, base::Bytes>;
  [[nodiscard]] std::vector<Shown> shown() const {
    std::vector<Shown> out;
    for (const Entry& entry : entries) {
      if (is_shown(entry)) {
        out.emplace_back(entry.pid, entry.key.name, entry.key.number, entry.value);
      }
    }
    std::ranges::sort(out);
    return out;
  }
};

class TableHistory {
 public:
  TableHistory(Keys keys, std::uint64_t seed) : table_(keys), rng_(seed) { plain_.keys = keys; }

  void step() {
    const NameKey key{.name = std::string(1, static_cast<char>('a' + rng_.below(3))),
                      .run = kRuns[rng_.below(kRuns.size())],
                      .number = plain_.keys == Keys::unique ? 0 : rng_.below(3)};
    const auto at = std::ranges::find(plain_.entries, key, &PlainTable::Entry::key);
    switch (rng_.below(6)) {
      case 0:
        EXPECT_EQ(table_.erase(key, Cause::released), at != plain_.entries.end());
        if (at != plain_.entries.end()) {
          plain_.entries.erase(at);
        }
        return;
      case 1:
        plain_.present.clear();
        for (const base::RunId& run : kRuns) {
          if (rng_.chance(2, 3)) {
            plain_.present.insert(run);
          }
        }
        table_.set_present(plain_.present, {});
        return;
      default:
        break;
    }
    const std::uint64_t serial = 1 + rng_.below(2);
    const process::Pid pid{key.run, serial};
    Rank rank;
    rank.priority = static_cast<std::int64_t>(rng_.below(2));
    rank.birth_ns = rng_.below(3);
    rank.is_child = rng_.chance(1, 2);
    rank.id = {rank.is_child ? rng_.below(2) : pid.run.node.value, serial};
    rank.id.low = rank.is_child ? 0 : serial;
    rank.term = rng_.below(3);
    const base::Bytes value = rng_.chance(1, 2) ? "v" : "w";
    table_.put(key, serial, rank, value, Cause::registered);
    if (at != plain_.entries.end()) {
      plain_.entries.erase(at);
    }
    plain_.entries.push_back({key, pid, rank, value});
  }

  void check() {
    const auto shown = plain_.shown();
    EXPECT_EQ(table_.holdings_count(), plain_.entries.size());
    EXPECT_EQ(table_.shown_count(), shown.size());
    std::vector<std::tuple<process::Pid, base::Bytes, base::Bytes>> visited;
    table_.visit([&](const process::NameEntry& entry) {
      visited.emplace_back(entry.pid, entry.key, entry.value);
    });
    ASSERT_EQ(visited.size(), shown.size());
    std::map<base::Bytes, std::size_t> per_key;
    std::map<process::Pid, std::vector<base::BytesView>> keys;
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const auto& [pid, key, number, value] = shown[i];
      EXPECT_EQ(visited[i], std::tuple(pid, key, value));
      ++per_key[key];
      keys[pid].push_back(key);
      ASSERT_NE(table_.lookup(key), nullptr);
      EXPECT_TRUE(table_.is_shown({key, pid.run, number}));
    }
    for (const base::Bytes key : {"a", "b", "c"}) {
      EXPECT_EQ(table_.shown(key).size(), per_key[key]);
      EXPECT_EQ(table_.lookup(key) == nullptr, per_key[key] == 0);
      EXPECT_TRUE(per_key[key] == 0 || table_.lookup(key) == table_.shown(key).front());
    }
    for (const base::RunId& run : kRuns) {
      for (const std::uint64_t serial : {1U, 2U}) {
        EXPECT_EQ(table_.keys({run, serial}), (keys[{run, serial}]));
      }
      EXPECT_EQ(
          table_.of(run).size(),
          std::ranges::count(plain_.entries, run, [](const auto& entry) { return entry.key.run; }));
    }
    contested_ += plain_.entries.size() - shown.size();
  }
  [[nodiscard]] std::size_t contested() const { return contested_; }

 private:
  inline static const std::vector<base::RunId> kRuns = {
      {base::NodeId::of("n1"), 1}, {base::NodeId::of("n1"), 2}, {base::NodeId::of("n2"), 1}};
  Table table_;
  PlainTable plain_;
  base::Rng rng_;
  std::size_t contested_ = 0;
};

// Goal: every read agrees with every other, and with a list of entries that is read from scratch,
// in each state. Method: random puts, erases and presence over 3 keys, 3 runs, 2 processes each.
TEST(Table, EveryReadIsWhatAListOfItsEntriesSays) {
  for (const Keys keys : {Keys::unique, Keys::duplicate}) {
    std::size_t contested = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
      TableHistory history(keys, seed);
      for (int i = 0; i < 40 && !testing::Test::HasFailure(); ++i) {
        history.step();
        history.check();
      }
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
      contested += history.contested();
    }
    EXPECT_GT(contested, 1'000U) << "holders that are not shown are common";
  }
}

}  // namespace
}  // namespace horde::registry
