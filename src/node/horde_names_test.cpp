// What processes read of a registry: one of one member, used directly.
#include "node/horde_names.hpp"

#include <gtest/gtest.h>

namespace horde::node {
namespace {

using process::NameEntry;
using process::NameErrc;
using process::Pid;

constexpr base::Now kNow{.mono = {5}, .wall = {1'000}};

class Reads : public testing::Test {
 protected:
  static HordeNames make(registry::Keys keys) {
    return {registry::Registry(run_, "registry", {.keys = keys}, base::Rng(1)),
            [](const Pid& pid) { return registry::Registrant{.pid = pid, .child = {}}; }};
  }
  static void begin(HordeNames& names) {
    names.act([](registry::Registry& registry, registry::Outputs& out) {
      registry.on_view(
          kNow, {.members = {run_.node}, .reachable = {{run_.node, 1}}, .suspects = {}}, out);
      registry.on_synced(kNow, out);
    });
  }
  static bool add(HordeNames& names, const Pid& pid, const base::Bytes& key,
                  const base::Bytes& value) {
    return names.register_name(kNow, pid, {.key = key, .value = value}).has_value();
  }
  static Pid pid(std::uint64_t serial) { return {run_, serial}; }
  static bool is_red(const NameEntry& entry) { return entry.value == "red"; }
  static bool any(const NameEntry& /*entry*/) { return true; }

  inline static const base::RunId run_{base::NodeId::of("n1"), 1};
};

// Shows: registry.lookup, registry.whereis, registry.values, registry.count
TEST_F(Reads, OfUniqueKeysShowTheOneHolder) {
  HordeNames names = make(registry::Keys::unique);
  begin(names);
  ASSERT_TRUE(add(names, pid(1), "a", "red"));
  ASSERT_TRUE(add(names, pid(1), "b", "blue"));
  ASSERT_TRUE(add(names, pid(2), "c", "red"));
  EXPECT_TRUE(names.has_unique_keys());
  ASSERT_TRUE(names.lookup("a"));
  EXPECT_EQ(names.lookup("a")->pid, pid(1));
  EXPECT_EQ(names.lookup("a")->value, "red");
  EXPECT_FALSE(names.lookup("d"));
  EXPECT_EQ(names.count(), 3U);
  EXPECT_EQ(values(names, "a", pid(1)), std::vector<base::Bytes>{"red"});
  EXPECT_TRUE(values(names, "a", pid(2)).empty());
}

// Shows: registry.match, registry.count_match, registry.select, registry.count_select
TEST_F(Reads, SelectAndProject) {
  HordeNames names = make(registry::Keys::duplicate);
  begin(names);
  ASSERT_TRUE(add(names, pid(2), "k", "red"));
  ASSERT_TRUE(add(names, pid(1), "k", "blue"));
  ASSERT_TRUE(add(names, pid(1), "k", "red"));
  ASSERT_TRUE(add(names, pid(3), "other", "red"));
  EXPECT_EQ(match(names, "k", is_red).size(), 2U);
  EXPECT_EQ(count_match(names, "k", is_red), 2U);
  EXPECT_EQ(count_match(names, "k", any), 3U);
  EXPECT_EQ(count_match(names, "nothing", any), 0U);
  EXPECT_EQ(count_select(names, is_red), 3U);
  const std::vector<std::uint64_t> serials =
      select(names, is_red, [](const NameEntry& entry) { return entry.pid.serial; });
  EXPECT_EQ(serials, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(values(names, "k", pid(1)), (std::vector<base::Bytes>{"blue", "red"}));
  EXPECT_EQ(names.update_value(kNow, pid(1), "k", [](base::BytesView) { return base::Bytes(); })
                .error()
                .why,
            NameErrc::duplicate_keys);
}

// Shows: registry.dispatch
TEST_F(Reads, DispatchCallsOnceWithAllEntriesIfThereAreAny) {
  HordeNames names = make(registry::Keys::duplicate);
  begin(names);
  ASSERT_TRUE(add(names, pid(1), "topic", "1"));
  ASSERT_TRUE(add(names, pid(2), "topic", "2"));
  std::vector<std::size_t> calls;
  const auto note = [&](const std::vector<NameEntry>& entries) { calls.push_back(entries.size()); };
  EXPECT_TRUE(dispatch(names, "topic", note));
  EXPECT_FALSE(dispatch(names, "nobody listens", note));
  EXPECT_EQ(calls, std::vector<std::size_t>{2});
}

// Shows: registry.meta, registry.meta_delete
TEST_F(Reads, MetadataIsReadAsItWasPut) {
  HordeNames names = make(registry::Keys::unique);
  EXPECT_EQ(names.put_meta(kNow, "k", "v").error().why, NameErrc::wait);  // It has not synced.
  begin(names);
  EXPECT_TRUE(names.put_meta(kNow, "k", "v"));
  EXPECT_EQ(names.meta("k"), "v");
  EXPECT_TRUE(names.delete_meta(kNow, "k"));
  EXPECT_FALSE(names.meta("k"));
  EXPECT_EQ(names.put_meta(kNow, "", "v").error().why, NameErrc::empty_key);
}

TEST_F(Reads, OfNoRegistryFindNothing) {
  process::NoNames none;
  EXPECT_FALSE(none.lookup("k"));
  EXPECT_EQ(none.count(), 0U);
  EXPECT_EQ(none.register_name(kNow, pid(1), {.key = "k"}).error().why, NameErrc::unknown_registry);
  EXPECT_EQ(none.delete_meta(kNow, "k").error().why, NameErrc::unknown_registry);
}

}  // namespace
}  // namespace horde::node
