#include "scenario/oracle.hpp"

#include <gtest/gtest.h>

namespace horde::scenario {
namespace {

using base::NodeId;
using base::RunId;
using crdt::AwLwwMap;
using crdt::Key;

const RunId a{NodeId::of("a"), 1};
const RunId b{NodeId::of("b"), 1};

crdt::Remote all_of(const AwLwwMap& map) {
  crdt::Remote out{.vector = map.vector(), .floor = map.floor()};
  map.visit_after(0, [&](const Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    out.entries.emplace_back(key, siblings);
    return true;
  });
  return out;
}

std::string_view invariant_of(const std::optional<Violation>& violation) {
  return violation ? violation->invariant : "";
}

struct World {
  AwLwwMap at_a, at_b;
  Oracle oracle;

  crdt::Event write(AwLwwMap& map, const RunId& run, const Key& key, const crdt::Value& value) {
    const crdt::Event event = map.put(run, key, value, 1);
    EXPECT_FALSE(oracle.on_written(event));
    return event;
  }
  std::string_view check(const RunId& run, const AwLwwMap& map) {
    return invariant_of(oracle.check_all(run.node, map));
  }
};

TEST(Oracle, HoldsForConcurrentWritesAndTheirJoin) {
  World w;
  w.write(w.at_a, a, "k", "x");
  w.write(w.at_b, b, "k", "y");
  EXPECT_EQ(w.check(a, w.at_a), "");
  w.at_a.join(all_of(w.at_b));
  EXPECT_EQ(w.check(a, w.at_a), "");
  w.write(w.at_a, a, "k", "z");
  w.at_b.join(all_of(w.at_a));
  EXPECT_EQ(w.check(b, w.at_b), "");
  EXPECT_TRUE(w.oracle.is_superseded({a, 1}));
  EXPECT_FALSE(w.oracle.is_superseded({a, 2}));
}

TEST(Oracle, NoticesAVectorThatClaimsAPutThatIsNotThere) {
  World w;
  w.write(w.at_a, a, "k", "x");
  const std::vector<base::Dot> claimed = {{a, 1}};
  w.at_b.load_vector(claimed, {});
  const auto violation = w.oracle.check_step(b.node, w.at_b, {});
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->invariant, "A11");
  EXPECT_EQ(to_string(*violation),
            "A11 at b, key k: the put a.1:1 is covered and not superseded, but is not there\n"
            "  there: {}\n"
            "  vector: {a.1:1}\n"
            "  events of the key, as written:\n"
            "    a.1:1 put [covered, so it must be there]");
}

TEST(Oracle, NoticesASupersededPutThatIsStillThere) {
  World w;
  const crdt::Event x = w.write(w.at_a, a, "k", "x");
  w.write(w.at_a, a, "k", "y");
  w.at_b.load_entry("k", {x.sibling});
  const std::vector<base::Dot> claimed = {{a, 2}};
  w.at_b.load_vector(claimed, {});
  EXPECT_EQ(w.check(b, w.at_b), "A11");
}

TEST(Oracle, NoticesAVectorThatSkipsWhatACoveredEventSupersedes) {
  World w;
  w.write(w.at_a, a, "k", "x");
  w.at_b.join(all_of(w.at_a));
  const crdt::Event y = w.write(w.at_b, b, "k", "y");
  AwLwwMap at_c;
  at_c.load_entry("k", {y.sibling});
  const std::vector<base::Dot> claimed = {{b, 1}};
  at_c.load_vector(claimed, {});
  EXPECT_EQ(invariant_of(w.oracle.check_all(NodeId::of("c"), at_c)), "A12");
}

TEST(Oracle, NoticesATombstoneThatIsNotCovered) {
  World w;
  w.write(w.at_a, a, "k", "x");
  w.at_b.join(all_of(w.at_a));
  const auto removed = w.at_a.remove(a, "k", 2);
  EXPECT_FALSE(w.oracle.on_written(*removed));
  EXPECT_EQ(w.check(a, w.at_a), "");
  w.at_b.load_entry("k", {w.at_b.siblings("k")->front(), removed->sibling});
  EXPECT_EQ(w.check(b, w.at_b), "A11");
}

TEST(Oracle, NoticesADotThatIsUsedTwiceAndAVectorThatShrinks) {
  World w;
  w.write(w.at_a, a, "k", "x");
  EXPECT_EQ(w.check(a, w.at_a), "");
  AwLwwMap rolled_back;
  EXPECT_EQ(w.check(a, rolled_back), "A2");
  w.oracle.on_boot(a.node);
  EXPECT_EQ(w.check(a, rolled_back), "");
  EXPECT_EQ(invariant_of(w.oracle.on_written(rolled_back.put(a, "k", "y", 1))), "A2");
}

TEST(Oracle, NoticesAnotherValueThanWasWritten) {
  World w;
  const crdt::Event x = w.write(w.at_a, a, "k", "x");
  crdt::Sibling damaged = x.sibling;
  damaged.value = "y";
  w.at_b.load_entry("k", {damaged});
  w.at_b.load_vector(w.at_a.vector().open(), {});
  EXPECT_EQ(w.check(b, w.at_b), "A11");
}

// Goal: an event beyond the agreement on a closed run is void where the run is closed, and counts
// where it is open; and that a closing by who knows more conflicts is noticed.
TEST(Oracle, VoidsEventsBeyondTheAgreementOnAClosedRun) {
  World w;
  w.write(w.at_a, a, "k", "x");
  w.at_b.join(all_of(w.at_a));
  w.write(w.at_a, a, "k", "late");
  const RunId later{a.node, 2};
  w.write(w.at_b, later, "j", "z");
  EXPECT_EQ(w.check(b, w.at_b), "");
  w.at_b.close(a.node, 2);
  EXPECT_EQ(w.check(b, w.at_b), "");
  EXPECT_TRUE(w.oracle.covers(w.at_b.vector(), {a, 1}));
  EXPECT_FALSE(w.oracle.covers(w.at_b.vector(), {a, 2}));
  EXPECT_TRUE(w.oracle.covers(w.at_a.vector(), {a, 2}));
  EXPECT_EQ(w.check(a, w.at_a), "");
  EXPECT_EQ(w.oracle.conflicting_closings(), 0U);
  w.at_a.close(a.node, 2);
  EXPECT_EQ(w.check(a, w.at_a), "");
  EXPECT_EQ(w.oracle.conflicting_closings(), 1U);
}

// Goal: a long history of one key costs no more for each write than a short one. Method: the number
// of events looked at is what would make this quadratic, and then take minutes.
TEST(Oracle, ChecksALongLinearHistory) {
  World w;
  for (int i = 0; i < 200'000; ++i) {
    w.write(w.at_a, a, "k", "x");
    ASSERT_FALSE(w.oracle.check_step(a.node, w.at_a, w.at_a.take_delta().keys));
  }
  EXPECT_EQ(w.oracle.events(), 200'000U);
}

}  // namespace
}  // namespace horde::scenario
