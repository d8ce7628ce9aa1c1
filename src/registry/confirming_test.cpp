#include <gtest/gtest.h>

#include "registry/registry.hpp"
#include "registry/test_registries.hpp"

namespace horde::registry::test {
namespace {

using process::NameErrc;
using process::Pid;

class Confirming : public testing::Test {
 protected:
  void enroll(std::size_t i, std::uint64_t call, const Registrant& who, RegisterCall request) {
    request.pid = who.pid;
    request.confirm = Confirm::quorum;
    members.act(i, [&](Registry& registry, Outputs& out) {
      registry.register_name(members.now(), {call}, who, request, out);
    });
  }
  void enroll(std::size_t i, std::uint64_t call, const Pid& pid, const base::Bytes& key = "k") {
    enroll(i, call, {.pid = pid, .child = {}}, {.what = {.key = key}});
  }
  void barrier(std::size_t i, std::uint64_t call, BarrierCall request = {.key = "k"}) {
    members.act(i, [&](Registry& registry, Outputs& out) {
      registry.barrier(members.now(), {call}, request, out);
    });
  }
  /// "": not answered yet.
  std::string reply(std::size_t i, std::uint64_t call) {
    const auto it = members[i].replies.find(call);
    if (it == members[i].replies.end()) {
      return "";
    }
    switch (it->second.status) {
      case CallStatus::ok:
        return "ok";
      case CallStatus::quorum_not_met:
        return "quorum_not_met";
      case CallStatus::timeout:
        return "timeout";
      case CallStatus::missing:
        return "missing";
      case CallStatus::refused:
        break;
    }
    return std::string(to_string(it->second.refusal.why));
  }
  /// No member holds anything on behalf of a call.
  void expect_rest() {
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(members.at(i).sizes().calls, 0);
      EXPECT_EQ(members.at(i).sizes().promises, 0);
      EXPECT_EQ(members.at(i).wake_at(), base::Instant::never());
    }
  }

  TestRegistries members{3};
};

// Shows: registry.confirm
TEST_F(Confirming, IsOkWhenAMajoritySeesNoOtherHolderAndNobodySeesTheNameBefore) {
  const Pid pid = members.spawn(0);
  enroll(0, 1, pid);
  EXPECT_EQ(reply(0, 1), "");
  EXPECT_EQ(members.at(0).table().holdings_count(), 0);
  members.exchange({2});
  EXPECT_EQ(reply(0, 1), "ok");
  EXPECT_EQ(members.holder(0, "k"), pid);
  EXPECT_EQ(members.at(1).sizes().promises, 1);
  members.deliver_all();
  EXPECT_EQ(members.holder(2, "k"), pid);
  expect_rest();
}

// Shows: registry.confirm_no_quorum
TEST_F(Confirming, WithoutAMajorityNothingIsRegistered) {
  enroll(0, 1, members.spawn(0));
  for (int i = 0; i < 10; ++i) {
    members.exchange({1, 2});
    members.advance(base::milliseconds(499));
    EXPECT_EQ(reply(0, 1), "");
  }
  members.advance(base::milliseconds(10));
  EXPECT_EQ(reply(0, 1), "quorum_not_met");
  members.exchange();
  members.deliver_all();
  EXPECT_EQ(members.at(1).table().holdings_count(), 0);
  expect_rest();
}

TEST_F(Confirming, SaysWhoHasTheNameWherePlainRegistrationWouldHaveSaidOk) {
  const Pid holder = members.spawn(1);
  ASSERT_TRUE(members.enroll(1, holder, "k"));
  const Pid pid = members.spawn(0);
  enroll(0, 1, pid);
  members.exchange();
  EXPECT_EQ(reply(0, 1), "already_registered");
  EXPECT_EQ(members[0].replies[1].refusal.holder, holder);
  EXPECT_EQ(members.at(0).last_refusal(pid).to, Registry::LostTo::process);
  members.deliver_all();
  enroll(0, 2, pid);
  EXPECT_EQ(reply(0, 2), "already_registered") << "at once: it is seen here";
  expect_rest();
}

TEST_F(Confirming, OfTwoAtOnceOneIsOk) {
  enroll(0, 1, members.spawn(0));
  enroll(1, 1, members.spawn(1));
  for (int i = 0; i < 20; ++i) {
    members.exchange();
    members.deliver_all();
    members.advance(base::milliseconds(100));
  }
  EXPECT_TRUE((reply(0, 1) == "ok") != (reply(1, 1) == "ok"));
  EXPECT_TRUE((reply(0, 1) == "already_registered") != (reply(1, 1) == "already_registered"));
  expect_rest();
}

TEST_F(Confirming, KeepsPlainRegistrationsWaitingWhereItWasAskedFor) {
  enroll(0, 1, members.spawn(0));
  const Pid here = members.spawn(0);
  EXPECT_EQ(members.enroll(0, here, "k").error().why, NameErrc::wait);
  members.exchange({2});
  const Pid there = members.spawn(1);
  EXPECT_EQ(members.enroll(1, there, "k").error().why, NameErrc::wait);
  EXPECT_TRUE(members.enroll(1, there, "other"));
  EXPECT_EQ(members.enroll(0, here, "k").error().why, NameErrc::already_registered);
  members.deliver_all();
  EXPECT_EQ(members.enroll(1, there, "k").error().why, NameErrc::already_registered);
}

TEST_F(Confirming, WaitsForAPlainRegistrationOfItsNodeToBeHeardOf) {
  const Pid pid = members.spawn(0);
  Registry& registry = members.at(0);
  // In one input: the name is taken and given up, and asked for again.
  members.act(0, [&](Registry&, Outputs& outputs) {
    ASSERT_TRUE(
        registry.register_name(members.now(), {.pid = pid, .child = {}}, {.key = "k"}, outputs));
    ASSERT_TRUE(registry.unregister_name(members.now(), pid, "k", outputs));
    registry.register_name(members.now(), {1}, {.pid = pid, .child = {}},
                           {.pid = pid, .what = {.key = "k"}, .confirm = Confirm::quorum}, outputs);
    registry.on_timeout(members.now(), outputs);
    for (const Output& output : outputs.list) {
      EXPECT_FALSE(std::holds_alternative<SendTo>(output));
    }
  });
  EXPECT_EQ(registry.wake_at(), members.now().mono);
  members.advance({});
  ASSERT_EQ(members[0].sends.size(), 2);
  EXPECT_GE(std::get<Ask>(*decode_message(members[0].sends[0].body)).written, 1);
  members.exchange();
  EXPECT_EQ(reply(0, 1), "ok");
}

TEST_F(Confirming, AMemberThatHasNotSyncedAsksNobodyAndAnswersNothing) {
  members.restart(0);
  members.everybody_sees_everybody();
  enroll(0, 1, members.spawn(0));
  EXPECT_TRUE(members[0].sends.empty());
  enroll(1, 1, members.spawn(1), "other");
  members.exchange({2});
  EXPECT_EQ(reply(1, 1), "");
  members.synced(0);
  members.exchange({2});
  EXPECT_EQ(reply(0, 1), "ok");
  members.advance(base::milliseconds(500));
  members.exchange({2});
  EXPECT_EQ(reply(1, 1), "ok");

  members.restart(2);
  enroll(2, 1, members.spawn(2));
  members.advance(base::seconds(5));
  EXPECT_EQ(reply(2, 1), "timeout");
}

TEST_F(Confirming, WhatCannotBeIsRefusedByName) {
  enroll(0, 1, members.spawn(0), "");
  EXPECT_EQ(reply(0, 1), "empty_key");
  const Pid pid = members.spawn(0);
  enroll(0, 2, pid);
  members.end(0, pid);
  EXPECT_EQ(reply(0, 2), "not_local");
  enroll(0, 3, members.spawn(0), "other");
  members.act(0, [&](Registry& registry, Outputs& out) { registry.stop(members.now(), out); });
  EXPECT_EQ(reply(0, 3), "shutting_down");
  enroll(0, 4, members.spawn(0), "other");
  EXPECT_EQ(reply(0, 4), "shutting_down");
  members.exchange();
  expect_rest();

  Outputs out;
  Registry bag({base::NodeId::of("n1"), 1}, "bag", {.keys = Keys::duplicate}, base::Rng(1));
  bag.register_name(members.now(), {1}, {.pid = {{base::NodeId::of("n1"), 1}, 1}, .child = {}},
                    {.what = {.key = "k"}, .confirm = Confirm::quorum}, out);
  ASSERT_EQ(out.list.size(), 1);
  EXPECT_EQ(std::get<Reply>(out.list[0]).refusal.why, NameErrc::duplicate_keys);
}

TEST_F(Confirming, ALaterCopyOfAChildTakesItsPredecessorsName) {
  const Pid first = members.spawn(0);
  const Registrant::OfChild child{{0, 9}, 5, 1};
  enroll(0, 1, {.pid = first, .child = child}, {.what = {.key = "k"}});
  members.exchange();
  members.deliver_all();
  ASSERT_EQ(reply(0, 1), "ok");
  const Pid second = members.spawn(1);
  enroll(1, 1, {.pid = second, .child = Registrant::OfChild{{0, 9}, 5, 2}}, {.what = {.key = "k"}});
  members.exchange();
  members.deliver_all();
  EXPECT_EQ(reply(1, 1), "ok");
  EXPECT_EQ(members.holder(0, "k"), second);
}

// Shows: registry.barrier
TEST_F(Confirming, ABarrierIsOkWhenTheMembersSeeTheHolder) {
  barrier(0, 1);
  EXPECT_EQ(reply(0, 1), "not_found");
  ASSERT_TRUE(members.enroll(0, members.spawn(0), "k"));
  barrier(0, 2);
  members.exchange();
  EXPECT_EQ(reply(0, 2), "");
  members.deliver(0, 1);
  members.exchange();
  EXPECT_EQ(reply(0, 2), "");
  EXPECT_EQ(members.at(2).sizes().promises, 1);
  members.deliver(0, 2);
  members.exchange();
  EXPECT_EQ(reply(0, 2), "ok");
  barrier(0, 3);
  members.exchange();
  EXPECT_EQ(reply(0, 3), "ok");
  expect_rest();
}

TEST_F(Confirming, ABarrierNamesAtItsDeadlineWhoDoesNotSeeTheHolder) {
  ASSERT_TRUE(members.enroll(0, members.spawn(0), "k"));
  members.deliver(0, 1);
  barrier(0, 1);
  barrier(0, 2, {.key = "k", .members = {"n2"}});
  barrier(0, 3, {.key = "k", .members = {"n2", "nobody"}, .timeout = base::seconds(1)});
  barrier(0, 4, {.key = "k", .members = {"no node has this"}});
  members.exchange();
  EXPECT_EQ(reply(0, 2), "ok");
  EXPECT_EQ(reply(0, 4), "not_found");
  members.advance(base::seconds(1));
  EXPECT_EQ(members[0].replies[3].missing, std::vector{base::NodeId::of("nobody")});
  EXPECT_EQ(reply(0, 1), "");
  members.advance(base::seconds(4));
  EXPECT_EQ(reply(0, 1), "missing");
  EXPECT_EQ(members[0].replies[1].missing, std::vector{base::NodeId::of("n3")});
  expect_rest();
}

TEST_F(Confirming, ABarrierIsLostToTheStopOfItsRegistry) {
  ASSERT_TRUE(members.enroll(0, members.spawn(0), "k"));
  barrier(0, 1);
  members.act(0, [&](Registry& registry, Outputs& out) { registry.stop(members.now(), out); });
  EXPECT_EQ(reply(0, 1), "shutting_down");
}

}  // namespace
}  // namespace horde::registry::test
