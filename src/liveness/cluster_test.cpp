// Liveness of whole clusters over the small network of test_cluster.hpp, at default options.
#include <gtest/gtest.h>

#include <algorithm>

#include "liveness/suspicion.hpp"
#include "liveness/test_cluster.hpp"

namespace horde::liveness {
namespace {

using base::Duration;
using base::milliseconds;
using base::NodeId;
using base::seconds;
using Kind = PeerEvent::Kind;

TestCluster formed(std::size_t nodes, std::uint64_t seed, TestCluster::Network network = {},
                   Options options = {}) {
  TestCluster cluster(seed, network, options);
  cluster.add_many(nodes);
  cluster.run_for(seconds(5));
  EXPECT_TRUE(cluster.agrees());
  cluster.heard.clear();
  cluster.forget_rates();
  return cluster;
}

void want_all(TestCluster& cluster) {
  std::vector<NodeId> all;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    all.push_back(cluster.id(i));
  }
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    cluster.at(i).set_wanted(all);
  }
}

/// How many events of this kind there were about `node`.
std::size_t heard_by(const TestCluster& cluster, Kind kind, NodeId node) {
  return static_cast<std::size_t>(std::count_if(
      cluster.heard.begin(), cluster.heard.end(),
      [&](const auto& heard) { return heard.event.kind == kind && heard.event.node == node; }));
}

auto first_of(const TestCluster& cluster, Kind kind) {
  return std::find_if(cluster.heard.begin(), cluster.heard.end(),
                      [&](const auto& heard) { return heard.event.kind == kind; });
}

std::uint64_t sent_in_a_second_max(TestCluster& cluster) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    out = std::max(out, cluster.node(i).sent_in_a_second_max);
  }
  return out;
}

struct Detection {
  std::vector<Duration> times;  // Until the last node knew, ascending by seed's result.
  std::uint64_t sent_in_a_second_max = 0;
};

Detection detect(std::size_t nodes, std::uint64_t seeds) {
  Detection out;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    TestCluster cluster = formed(nodes, seed);
    const base::Instant start = cluster.now();
    cluster.crash(nodes / 2);
    cluster.run_for(seconds(8));
    EXPECT_EQ(cluster.count(Kind::dead), nodes - 1);
    EXPECT_EQ(heard_by(cluster, Kind::dead, cluster.id(nodes / 2)), nodes - 1);
    Duration last;
    for (const auto& heard : cluster.heard) {
      last = heard.event.kind == Kind::dead ? std::max(last, heard.at - start) : last;
    }
    out.times.push_back(last);
    out.sent_in_a_second_max = std::max(out.sent_in_a_second_max, sent_in_a_second_max(cluster));
  }
  std::sort(out.times.begin(), out.times.end());
  return out;
}

// Goal: the figures that this component is measured by. Method: the time until the last node has
// declared a crashed one dead, median over seeds; the most frames that a node sent in a second.
TEST(Cluster, TenNodesKnowOfASilentCrashWithinTwoAndAHalfSeconds) {
  const Detection detection = detect(10, 21);
  EXPECT_LE(detection.times[10], milliseconds(2'500));
  EXPECT_LE(detection.sent_in_a_second_max, 40U);
}

TEST(Cluster, AHundredNodesKnowOfASilentCrashWithinFourSeconds) {
  const Detection detection = detect(100, 5);
  EXPECT_LE(detection.times[2], seconds(4));
  EXPECT_LE(detection.sent_in_a_second_max, 40U);
}

TEST(Cluster, LosesNobodyWhileOneDatagramInTwentyIsLost) {
  TestCluster cluster(1, {.loss_per_mille = 50});
  cluster.add_many(100);
  cluster.run_for(seconds(120));
  EXPECT_TRUE(cluster.agrees());
  EXPECT_EQ(cluster.count(Kind::dead), 0U);
  EXPECT_GT(cluster.count(Kind::suspect), 0U);  // It was not for want of trouble.
}

TEST(Cluster, LosesNobodyInFiveNodesWhileOneDatagramInFiveIsLost) {
  TestCluster cluster(1, {.loss_per_mille = 200});
  cluster.add_many(5);
  cluster.run_for(seconds(300));
  EXPECT_EQ(cluster.count(Kind::dead), 0U);
  EXPECT_GT(cluster.count(Kind::refuted), 100U);
}

TEST(Cluster, AHundredNodesJoinAtOnceOverOneSeed) {
  TestCluster cluster(3, {});
  cluster.add_many(100);
  cluster.run_for(seconds(3));
  EXPECT_TRUE(cluster.agrees());
  EXPECT_EQ(cluster.count(Kind::up), 100U * 99U);
  EXPECT_LE(sent_in_a_second_max(cluster), 150U);  // The seed's: one answer for each who asks.
  EXPECT_LE(cluster.sent_in_all, 100U * 100U);
  EXPECT_LE(cluster.frame_bytes_max, kFrameBytesMax);
  cluster.run_for(seconds(30));
  cluster.forget_rates();
  cluster.run_for(seconds(10));
  EXPECT_LE(sent_in_a_second_max(cluster), 25U);
}

TEST(Cluster, JoinsOverASeedThatStartsLater) {
  TestCluster cluster(4, {});
  cluster.add("a", 1, {address_of(1)});
  cluster.run_for(seconds(10));
  EXPECT_FALSE(cluster.at(0).has_joined());
  cluster.add("b", 1, {});
  cluster.run_for(seconds(1));
  EXPECT_TRUE(cluster.agrees());
}

// Two clusters formed apart; one node of one has a seed in the other, which could not be reached.
TEST(Cluster, FindsASeedOfAnotherClusterOnceItCanBeReached) {
  TestCluster cluster(5, {});
  cluster.cut = [](std::size_t from, std::size_t to) { return (from < 3) != (to < 3); };
  cluster.add("a0", 1, {});
  cluster.add("a1", 1, {address_of(0)});
  cluster.add("a2", 1, {address_of(0)});
  cluster.add("b0", 1, {address_of(0), address_of(4)});
  cluster.add("b1", 1, {address_of(3)});
  cluster.run_for(seconds(10));
  EXPECT_EQ(cluster.at(0).reachable_count(), 2U);
  EXPECT_EQ(cluster.at(3).reachable_count(), 1U);
  cluster.cut = [](std::size_t, std::size_t) { return false; };
  cluster.run_for(seconds(2));
  EXPECT_TRUE(cluster.agrees());
}

TEST(Cluster, ForgetsACutOfATenthOfASecond) {
  TestCluster cluster = formed(5, 6);
  cluster.cut = [](std::size_t from, std::size_t to) { return from == 0 || to == 0; };
  cluster.run_for(milliseconds(100));
  cluster.cut = [](std::size_t, std::size_t) { return false; };
  cluster.run_for(seconds(10));
  EXPECT_TRUE(cluster.heard.empty());
}

TEST(Cluster, BothHalvesAreWholeAgainASecondAfterAHeal) {
  TestCluster cluster = formed(10, 7);
  want_all(cluster);
  cluster.cut = [](std::size_t from, std::size_t to) { return from % 2 != to % 2; };
  cluster.run_for(seconds(20));
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    EXPECT_EQ(cluster.at(i).reachable_count(), 4U);
  }
  EXPECT_EQ(cluster.count(Kind::dead), 50U);
  cluster.heard.clear();
  cluster.cut = [](std::size_t, std::size_t) { return false; };
  cluster.run_for(seconds(1));
  EXPECT_TRUE(cluster.agrees());
  EXPECT_EQ(cluster.count(Kind::dead), 0U);  // Nobody believes what the other side thought.
  EXPECT_EQ(cluster.count(Kind::up), 50U);
  cluster.heard.clear();
  cluster.run_for(seconds(30));
  EXPECT_TRUE(cluster.heard.empty());
}

// Goal: a node that sends and hears nothing takes all others for dead, and must harm nobody but
// itself. Method: after a minute of it nobody else may have died anywhere else, and the others send
// as little as before; after the heal all is as it was.
TEST(Cluster, AMemberThatSendsAndDoesNotHearKillsNobodyElse) {
  for (const std::size_t nodes : {3U, 5U, 20U}) {
    TestCluster cluster = formed(nodes, 8);
    want_all(cluster);
    cluster.cut = [](std::size_t, std::size_t to) { return to == 0; };
    cluster.run_for(seconds(60));
    EXPECT_EQ(heard_by(cluster, Kind::dead, cluster.id(0)), nodes - 1) << nodes;
    for (const auto& heard : cluster.heard) {
      EXPECT_FALSE(heard.event.kind == Kind::dead && heard.by != 0 &&
                   heard.event.node != cluster.id(0))
          << nodes;
    }
    EXPECT_EQ(cluster.at(0).reachable_count(), 0U);
    cluster.heard.clear();
    cluster.forget_rates();
    cluster.run_for(seconds(30));
    EXPECT_TRUE(cluster.heard.empty()) << nodes;  // It does not flap.
    EXPECT_LE(sent_in_a_second_max(cluster), 40U) << nodes;
    cluster.cut = [](std::size_t, std::size_t) { return false; };
    cluster.run_for(seconds(3));
    EXPECT_TRUE(cluster.agrees()) << nodes;
  }
}

TEST(Cluster, AMemberThatHearsAndIsNotHeardIsDeadAndDoesNotFlap) {
  TestCluster cluster = formed(5, 9);
  want_all(cluster);
  cluster.cut = [](std::size_t from, std::size_t) { return from == 0; };
  cluster.run_for(seconds(20));
  EXPECT_EQ(heard_by(cluster, Kind::dead, cluster.id(0)), 4U);
  EXPECT_EQ(heard_by(cluster, Kind::up, cluster.id(0)), 0U);
  EXPECT_LE(heard_by(cluster, Kind::refuted, cluster.id(0)), 3U);
}

TEST(Cluster, ANodeThatIsCutOffKnowsItSoonAndIsBackWithoutAlarm) {
  TestCluster cluster = formed(50, 10);
  want_all(cluster);
  cluster.cut = [](std::size_t from, std::size_t to) { return from == 0 || to == 0; };
  cluster.run_for(seconds(8));
  EXPECT_TRUE(cluster.at(0).is_isolated());
  EXPECT_EQ(cluster.at(0).reachable_count(), 0U);
  EXPECT_EQ(heard_by(cluster, Kind::dead, cluster.id(0)), 49U);
  cluster.heard.clear();
  cluster.cut = [](std::size_t, std::size_t) { return false; };
  cluster.run_for(seconds(3));
  EXPECT_TRUE(cluster.agrees());
  EXPECT_LE(cluster.count(Kind::refuted), 5U);  // What it thought of the others stayed with it.
}

// Goal: the bound that quorums by views rest on. Method: random clusters, losses and cuts; every
// member of a side without a majority must hold all others for dead by then, and some take so long
// that the bound is not just any large number.
TEST(Cluster, ASideWithoutAMajorityKnowsACutWithinTheStatedTime) {
  std::int64_t slowest_percent = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    base::Rng rng(seed);
    const std::size_t nodes = 2 + rng.below(7);
    const std::size_t side = 1 + rng.below(nodes / 2);
    TestCluster cluster(seed, {.loss_per_mille = rng.below(3) * 100});
    cluster.add_many(nodes);
    cluster.run_for(seconds(5) + milliseconds(static_cast<std::int64_t>(rng.below(3'000))));
    want_all(cluster);
    cluster.cut = [side](std::size_t a, std::size_t b) { return (a < side) != (b < side); };
    const base::Instant cut_at = cluster.now();
    const Duration bound = detection_max({}, nodes);
    const auto is_known = [&] {
      for (std::size_t a = 0; a < side; ++a) {
        for (std::size_t b = side; b < nodes; ++b) {
          if (cluster.at(a).is_reachable(cluster.id(b))) {
            return false;
          }
        }
      }
      return true;
    };
    while (!is_known() && cluster.now() - cut_at <= bound) {
      cluster.run_for(milliseconds(20));
    }
    EXPECT_TRUE(is_known()) << nodes << " nodes, a side of " << side;
    slowest_percent = std::max(slowest_percent, (cluster.now() - cut_at).ns * 100 / bound.ns);
  }
  EXPECT_GT(slowest_percent, 30);
}

TEST(Cluster, APausedNodeDeclaresNobodyDeadWhenItGoesOn) {
  TestCluster cluster = formed(10, 11);
  want_all(cluster);
  cluster.pause(0, seconds(20));
  cluster.run_for(seconds(19));
  EXPECT_EQ(heard_by(cluster, Kind::dead, cluster.id(0)), 9U);
  EXPECT_EQ(cluster.count(Kind::dead), 9U);
  cluster.run_for(seconds(3));
  EXPECT_TRUE(cluster.agrees());
  EXPECT_EQ(cluster.count(Kind::dead), 9U);
  EXPECT_EQ(cluster.at(0).statistics().pauses, 1U);
}

TEST(Cluster, AKilledProcessWhosePortRefusesIsKnownInMilliseconds) {
  for (const std::size_t nodes : {3U, 10U}) {
    TestCluster cluster = formed(nodes, 12, {.refuses_ports = true});
    cluster.crash(1);
    for (std::size_t i = 0; i < nodes; ++i) {  // The tripwires of those who had one.
      if (i == 0 || i == 2) {
        cluster.run(i, [&](Outputs& out) {
          cluster.at(i).on_hint(cluster.now(), {base::Hint::Kind::tripwire_closed, address_of(1)},
                                out);
        });
      }
    }
    cluster.run_for(milliseconds(200));
    EXPECT_EQ(heard_by(cluster, Kind::dead, cluster.id(1)), nodes - 1);
  }
}

TEST(Cluster, HintsAboutALivingNodeHarmNobody) {
  TestCluster cluster = formed(5, 13);
  for (int i = 0; i < 100; ++i) {
    for (std::size_t by = 0; by < 4; ++by) {
      cluster.run(by, [&](Outputs& out) {
        cluster.at(by).on_hint(cluster.now(), {base::Hint::Kind::port_refused, address_of(4)}, out);
      });
    }
    cluster.run_for(milliseconds(100));
  }
  EXPECT_EQ(cluster.count(Kind::dead), 0U);
}

TEST(Cluster, AGoodbyeIsHeardByAll) {
  TestCluster cluster = formed(30, 14);
  cluster.run(5, [&](Outputs& out) { cluster.at(5).leave(cluster.now(), out); });
  cluster.run_for(seconds(1));
  EXPECT_TRUE(cluster.at(5).has_left());
  cluster.crash(5);
  cluster.run_for(seconds(5));
  EXPECT_EQ(heard_by(cluster, Kind::left, cluster.id(5)), 29U);
  EXPECT_EQ(cluster.count(Kind::dead), 0U);
  EXPECT_EQ(cluster.at(0).find(cluster.id(5))->state, State::left);
  EXPECT_TRUE(cluster.agrees());
}

TEST(Cluster, ARestartIsANewBootAndNoConflict) {
  TestCluster cluster = formed(5, 15);
  cluster.crash(2);
  cluster.run_for(milliseconds(500));
  cluster.boot_node(2, 2, {address_of(0)});
  cluster.run_for(seconds(5));
  EXPECT_TRUE(cluster.agrees());
  EXPECT_EQ(cluster.at(4).find(cluster.id(2))->boot, 2U);
  EXPECT_EQ(cluster.count(Kind::name_in_use) + cluster.count(Kind::later_boot_heard), 0U);
}

TEST(Cluster, ARestartAtAnotherAddressIsNoConflictOnceTheFormerOneIsGone) {
  TestCluster cluster = formed(5, 16);
  cluster.crash(2);
  cluster.add("n2", 2, {address_of(0)});
  cluster.run_for(seconds(5));
  EXPECT_EQ(cluster.at(4).find(cluster.id(2))->boot, 2U);
  EXPECT_EQ(cluster.at(4).find(cluster.id(2))->address, address_of(5));
  EXPECT_EQ(cluster.count(Kind::name_in_use) + cluster.count(Kind::name_claimed), 0U);
}

TEST(Cluster, ARestartWithAnEarlierBootIsToldOfTheLaterOne) {
  TestCluster cluster = formed(3, 17);
  cluster.crash(2);
  cluster.boot_node(2, 5, {address_of(0)});
  cluster.run_for(seconds(2));
  cluster.crash(2);
  cluster.boot_node(2, 3, {address_of(0)});  // Its disk was lost, and its clock set back.
  cluster.run_for(seconds(1));
  const auto later = first_of(cluster, Kind::later_boot_heard);
  ASSERT_NE(later, cluster.heard.end());
  EXPECT_EQ(later->by, 2U);
  EXPECT_EQ(later->event.boot, 5U);
  cluster.run(2, [&](Outputs& out) { cluster.at(2).restart_as(cluster.now(), 6, out); });
  cluster.run_for(seconds(2));
  EXPECT_TRUE(cluster.agrees());
  EXPECT_EQ(cluster.at(0).find(cluster.id(2))->boot, 6U);
}

// Goal: of two living nodes of one name the newer one learns that it must stop, with the other's
// address; and the older one, once that has happened, that it must go on under a later boot.
TEST(Cluster, TheNewerOfTwoLivingNodesOfOneNameMustStop) {
  TestCluster cluster = formed(4, 18);
  const std::size_t second = cluster.add("n2", 9, {address_of(0)});
  cluster.run_for(seconds(1));
  const auto in_use = first_of(cluster, Kind::name_in_use);
  ASSERT_NE(in_use, cluster.heard.end());
  EXPECT_EQ(in_use->by, second);
  EXPECT_EQ(in_use->event.address, address_of(2));
  EXPECT_EQ(in_use->event.boot, 1U);
  const auto claimed = first_of(cluster, Kind::name_claimed);
  ASSERT_NE(claimed, cluster.heard.end());
  EXPECT_EQ(claimed->by, 2U);
  EXPECT_EQ(claimed->event.address, address_of(second));
  EXPECT_EQ(first_of(cluster, Kind::later_boot_heard), cluster.heard.end());

  cluster.crash(second);
  cluster.run_for(seconds(6));
  const auto later = first_of(cluster, Kind::later_boot_heard);
  ASSERT_NE(later, cluster.heard.end());
  EXPECT_EQ(later->by, 2U);
  EXPECT_EQ(later->event.boot, 9U);
  cluster.run(2, [&](Outputs& out) { cluster.at(2).restart_as(cluster.now(), 10, out); });
  cluster.run_for(seconds(3));
  EXPECT_TRUE(cluster.agrees());
  EXPECT_EQ(cluster.at(0).find(cluster.id(2))->boot, 10U);
  EXPECT_EQ(cluster.at(0).find(cluster.id(2))->address, address_of(2));
}

// Goal: bytes that are no message change nothing. Method: a node that is given garbage at random
// moments behaves to the last datagram as one that is not.
TEST(Cluster, GarbageChangesNothing) {
  const auto run = [](std::size_t garbage) {
    TestCluster cluster(19, {});
    cluster.add_many(5);
    base::Rng rng(1);
    for (int i = 0; i < 300; ++i) {
      cluster.run_for(milliseconds(10));
      for (std::size_t g = 0; g < garbage; ++g) {
        base::Bytes bytes(rng.below(60), '\0');
        for (char& byte : bytes) {
          byte = static_cast<char>(rng.next());
        }
        bytes += '\xff';  // No message ends like this.
        for (const wire::Tag tag : {wire::Tag::membership, wire::Tag::table}) {
          Outputs out;
          const wire::Sender sender{NodeId::of("n1"), 1};
          const auto result =
              cluster.at(0).on_frame(cluster.now(), sender, address_of(1), {tag, bytes}, out);
          EXPECT_FALSE(result.has_value());
          EXPECT_TRUE(out.sends.empty() && out.events.empty());
        }
      }
    }
    return cluster.sent_in_all * 1'000'000 + cluster.bytes_in_all;
  };
  EXPECT_EQ(run(0), run(5));
}

}  // namespace
}  // namespace horde::liveness
