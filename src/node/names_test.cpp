// Registries on whole nodes: processes and children with names, in clusters that split and heal.
#include <gtest/gtest.h>

#include "node/test_children.hpp"
#include "wire/limits.hpp"

namespace horde::node {
namespace {

using base::milliseconds;
using base::seconds;
using process::Pid;

// Registers itself from its init, as args say: registry, key, value. Notes exits and events.
class Member final : public process::Server {
 public:
  Member(Script& script, process::Trap trap) : script_(&script), trap_(trap) {}
  process::Init init(process::Context& context, const process::Args& args) override {
    context.trap_exit(trap_);
    if (args.size() < 3) {
      return process::Init::ok();
    }
    registry_ = args[0];
    process::NamesOf names = context.names(registry_);
    const auto result = names.register_name({.key = args[1], .value = args[2]});
    // What was said ok to is read back, in the same handler.
    const auto entry = names->lookup(args[1]);
    const bool read_back = entry && entry->pid == context.self() && entry->value == args[2];
    script_->heard.push_back("registered " +
                             std::string(result ? "ok" : to_string(result.error().why)) +
                             (read_back ? " read" : ""));
    return process::Init::ok();
  }
  void handle_info(process::Context& context, const process::Info& info) override {
    if (const auto* exit = std::get_if<process::Exit>(&info)) {
      const auto conflict = name_conflict_of(exit->reason);
      script_->heard.push_back(conflict ? "lost " + conflict->key + "=" + conflict->value + " in " +
                                              conflict->registry
                                        : to_string(exit->reason));
    } else if (const auto* message = std::get_if<process::Message>(&info)) {
      if (const auto event = registry::decode_event(message->bytes)) {
        const bool on = event->kind == registry::Event::Kind::registered;
        script_->heard.push_back((on ? "+" : "-") + event->key + "=" + event->value + " " +
                                 std::string(to_string(event->cause)));
      } else {
        script_->heard.push_back(message->bytes);
      }
    }
    (void)context;
  }
  void handle_call(process::Context& context, const process::Request& request) override {
    process::NamesOf names = context.names(registry_);
    if (request.bytes == "drop all") {
      for (const base::BytesView key : names->keys(context.self())) {
        (void)names.unregister_name(base::Bytes(key));
      }
    } else if (request.bytes == "+1") {
      const auto updated =
          names.update_value("counter", [](base::BytesView old) { return base::Bytes(old) + "1"; });
      context.reply(request.from, updated ? updated->after : to_string(updated.error().why));
      return;
    }
    context.reply(request.from, std::to_string(names->count()));
  }

 private:
  Script* script_;
  process::Trap trap_;
  base::Bytes registry_;
};

class Names : public WithChildren {
 protected:
  void make_named(std::size_t count, const registry::Options& options = {}) {
    make(count, [this, options](Config& config) {
      config.hordes.push_back({.name = "registry", .names = options});
      config.process_types.add(
          "member", [this] { return std::make_unique<Member>(script, process::Trap::none); });
      config.process_types.add("trapper", [this] {
        return std::make_unique<Member>(script, process::Trap::everything);
      });
    });
  }
  std::uint64_t spawn(std::size_t node, SpawnCall request) {
    return call(node, [&](Node& one, base::Now now, base::CallId id, base::Effects& out) {
      one.spawn(now, id, std::move(request), out);
    });
  }
  /// A process of the node, under the node's own name for it.
  Pid process(std::size_t node, const base::Bytes& name, const base::Bytes& type = "member") {
    const auto started = spawn(node, {.type = type, .args = {}, .name = name});
    EXPECT_EQ(status(started), "ok");
    return nodes_->node(node).processes().whereis(name).value_or(Pid{});
  }
  std::uint64_t enroll(std::size_t node, const Pid& pid, const base::Bytes& key,
                       const base::Bytes& value = {}) {
    return call(node, [&](Node& one, base::Now now, base::CallId id, base::Effects& out) {
      one.register_name(now, id, "registry", {.pid = pid, .what = {.key = key, .value = value}},
                        out);
    });
  }
  [[nodiscard]] Pid holder(std::size_t node, base::BytesView key) const {
    const auto* holding = nodes_->node(node).names("registry")->table().lookup(key);
    return holding == nullptr ? Pid{} : holding->pid;
  }
  [[nodiscard]] bool is_alive(const Pid& pid) const {
    for (std::size_t i = 0; i < nodes_->size(); ++i) {
      if (nodes_->is_up(i) && nodes_->node(i).processes().is_alive(pid)) {
        return true;
      }
    }
    return false;
  }
};

// Shows: registry.local_read, registry.remote_exit
TEST_F(Names, AreSeenEverywhereAndGoWithTheirHolder) {
  make_named(3);
  const Pid pid = process(0, "p");
  EXPECT_EQ(status(enroll(0, pid, "leader", "v")), "ok");
  EXPECT_EQ(holder(0, "leader"), pid);
  run(milliseconds(100));
  EXPECT_EQ(holder(1, "leader"), pid);
  EXPECT_EQ(holder(2, "leader"), pid);
  const auto other = enroll(2, process(2, "q"), "leader");
  EXPECT_EQ(status(other), "already_registered");
  EXPECT_EQ(detail(other), to_string(pid));
  call(0, [&](Node& node, base::Now now, base::CallId id, base::Effects& out) {
    node.exit_process(now, id, pid, process::ExitReason::kill(), out);
  });
  EXPECT_EQ(holder(0, "leader"), Pid{});
  run(milliseconds(100));
  EXPECT_EQ(holder(2, "leader"), Pid{});
}

// Shows: registry.name
TEST_F(Names, OfAHandlerAreReadBackInIt) {
  make_named(1);
  (void)spawn(0, {.type = "member", .args = {"registry", "counter", "1"}, .name = "m"});
  (void)spawn(0, {.type = "member", .args = {"registry", "counter", "2"}, .name = {}});
  (void)spawn(0, {.type = "member", .args = {"nowhere", "k", "2"}, .name = {}});
  EXPECT_EQ(heard("registered ok read"), 1U);
  EXPECT_EQ(heard("registered already_registered"), 1U);
  EXPECT_EQ(heard("registered unknown_registry"), 1U);
  const auto ask = [&](const base::Bytes& request) {
    const auto asked = call(0, [&](Node& node, base::Now now, base::CallId id, base::Effects& out) {
      node.call_via(now, id, "registry", "counter", request, seconds(1), out);
    });
    run(milliseconds(10));
    return status(asked) + " " + detail(asked);
  };
  EXPECT_EQ(ask("+1"), "ok 11");
  EXPECT_EQ(ask("drop all"), "ok 0");
  EXPECT_EQ(ask("+1"), "not_found ");
}

// Shows: registry.via_start, registry.via_send, registry.via_call, registry.via_unknown
TEST_F(Names, AddressProcessesOnAnyNode) {
  make_named(2);
  const auto started =
      spawn(0, {.type = "member",
                .args = {},
                .name = {},
                .via = process::Via{.registry = "registry", .key = "m", .value = "v"}});
  EXPECT_EQ(status(started), "ok");
  run(milliseconds(100));
  EXPECT_EQ(to_string(holder(1, "m")), detail(started));
  const auto again = spawn(1, {.type = "member",
                               .args = {},
                               .name = {},
                               .via = process::Via{.registry = "registry", .key = "m"}});
  EXPECT_EQ(status(again), "already_registered");
  const auto send = [&](const base::Bytes& key) {
    return call(1, [&](Node& node, base::Now now, base::CallId id, base::Effects& out) {
      node.send_via(now, id, "registry", key, "hello", out);
    });
  };
  EXPECT_EQ(status(send("m")), "ok");
  EXPECT_EQ(status(send("nobody")), "not_found");
  const auto asked = call(1, [&](Node& node, base::Now now, base::CallId id, base::Effects& out) {
    node.call_via(now, id, "registry", "m", "how many", seconds(1), out);
  });
  run(milliseconds(100));
  EXPECT_EQ(heard("hello"), 1U);
  EXPECT_EQ(status(asked), "ok");
}

// K7.
// Shows: registry.loser_told, registry.loser_killed, registry.conflict_counted
TEST_F(Names, OfTwoSidesOfASplitOneStays) {
  make_named(2, {.conflict_grace = seconds(3)});
  nodes_->cut(0, 1);
  run(seconds(6));
  const Pid old = process(0, "old", "trapper");
  ASSERT_EQ(status(enroll(0, old, "k", "mine")), "ok");
  run(milliseconds(10));
  const Pid young = process(1, "young", "trapper");
  ASSERT_EQ(status(enroll(1, young, "k", "yours")), "ok");
  nodes_->heal();
  run(seconds(2));
  EXPECT_EQ(holder(0, "k"), young);
  EXPECT_EQ(holder(1, "k"), young);
  EXPECT_EQ(heard("lost k=mine in registry"), 1U);
  EXPECT_TRUE(is_alive(old));
  run(seconds(3));
  EXPECT_FALSE(is_alive(old));
  EXPECT_TRUE(is_alive(young));
  EXPECT_EQ(nodes_->told["name_conflict"], 1U);
  EXPECT_EQ(nodes_->told["name_killed"], 1U);
}

// R17, R18.
// Shows: registry.named_child, registry.conflict_no_crash
TEST_F(Names, OfAChildThatRanTwiceStayWithTheCopyThatStays) {
  make_named(2);
  const supervisor::ChildId id = child_on(1, spec("named", {"name=k", "value=v"}));
  run(milliseconds(200));
  const Pid first = holder(0, "k");
  EXPECT_TRUE(is_alive(first));
  nodes_->cut(0, 1);
  run(seconds(6));
  EXPECT_EQ(nodes_->homes(id).size(), 2U);
  const Pid second = holder(0, "k");
  EXPECT_NE(second, first);
  EXPECT_EQ(holder(1, "k"), first);
  nodes_->heal();
  run(seconds(4));
  EXPECT_EQ(nodes_->homes(id), std::vector<std::size_t>{0});
  EXPECT_EQ(holder(0, "k"), second);
  EXPECT_EQ(holder(1, "k"), second);
  EXPECT_FALSE(is_alive(first));
  EXPECT_EQ(nodes_->children(0).entry(id)->strikes.count, 0U);
  EXPECT_FALSE(nodes_->children(0).entry(id)->ended());
}

// Shows: registry.taken_over
TEST_F(Names, OfAChildWhoseNodeDiedAreTakenAtOnce) {
  make_named(3);
  const supervisor::ChildId id = child_on(1, spec("named", {"name=k"}));
  run(milliseconds(200));
  nodes_->crash(1);
  run(seconds(6));
  ASSERT_EQ(nodes_->homes(id).size(), 1U);
  EXPECT_TRUE(is_alive(holder(0, "k")));
  EXPECT_EQ(holder(0, "k"), holder(2, "k"));
}

// Shows: registry.loser_ignores
TEST_F(Names, OfAnotherChildMakeOneThatIsStartedDecline) {
  make_named(2);
  (void)running(0, spec("named", {"name=k"}));
  run(milliseconds(200));
  const auto second = start(1, spec("named", {"name=k"}));
  run(milliseconds(200));
  EXPECT_EQ(status(second), "ignore");
  // The same at a heal: each side has one, of two children.
  nodes_->cut(0, 1);
  run(seconds(6));
  const auto left = start(0, spec("named", {"name=other"}));
  const auto right = start(1, spec("named", {"name=other"}));
  run(milliseconds(100));
  EXPECT_EQ(status(left), "ok");
  EXPECT_EQ(status(right), "ok");
  nodes_->heal();
  run(seconds(5));
  EXPECT_EQ(nodes_->homes(child_of(left)).size() + nodes_->homes(child_of(right)).size(), 1U);
  EXPECT_TRUE(is_alive(holder(0, "other")));
  EXPECT_EQ(holder(0, "other"), holder(1, "other"));
}

// Shows: registry.listeners, registry.listener_gone, registry.option_listeners
TEST_F(Names, AreToldToListeners) {
  make_named(2, {.listeners = {"ear", "nobody"}});
  (void)process(1, "ear");
  const Pid pid = process(0, "p");
  (void)enroll(0, pid, "k", "v");
  run(milliseconds(100));
  EXPECT_EQ(heard("+k=v registered"), 1U);
  nodes_->cut(0, 1);
  run(seconds(6));
  EXPECT_EQ(heard("-k=v member_gone"), 1U);
  nodes_->heal();
  run(seconds(4));
  EXPECT_EQ(heard("+k=v member_back"), 1U);
  call(0, [&](Node& node, base::Now now, base::CallId id, base::Effects& out) {
    node.unregister_name(now, id, "registry", pid, "k", out);
  });
  run(milliseconds(100));
  EXPECT_EQ(heard("-k=v released"), 1U);
  EXPECT_GT(nodes_->node(0).names("registry")->statistics().listeners_missing, 0U);
}

// Shows: registry.stop_node
TEST_F(Names, OfANodeThatStopsAreGivenUp) {
  make_named(2);
  ASSERT_EQ(status(enroll(1, process(1, "p"), "k")), "ok");
  run(milliseconds(100));
  nodes_->input(1, [&](Node& node, base::Effects& out) { node.stop(nodes_->now(), out); });
  run(seconds(2));
  EXPECT_EQ(holder(0, "k"), Pid{});
  EXPECT_EQ(nodes_->node(0).names("registry")->table().holdings_count(), 0U);
}

// K12.
// Shows: registry.stop_is_final
TEST_F(Names, OfAStoppedRegistryAreNotTakenAgain) {
  make_named(2);
  const Pid pid = process(1, "p");
  ASSERT_EQ(status(enroll(1, pid, "k")), "ok");
  const auto stopped = call(1, [&](Node& node, base::Now now, base::CallId id, base::Effects& out) {
    node.stop_names(now, id, "registry", out);
  });
  EXPECT_EQ(status(stopped), "ok");
  run(seconds(5));
  EXPECT_EQ(holder(0, "k"), Pid{});
  EXPECT_TRUE(is_alive(pid));
  EXPECT_EQ(status(enroll(1, pid, "k")), "shutting_down");
}

// Shows: registry.own_membership, registry.lone_warning
TEST_F(Names, HaveMembersOfTheirOwn) {
  make_named(2);
  nodes_->input(0, [&](Node& node, base::Effects& out) {
    node.set_members(nodes_->now(), {999}, "registry", {"n1"}, out);
  });
  const Pid pid = process(1, "p");
  run(seconds(1));
  const auto refused = enroll(1, pid, "k");  // It is no member.
  EXPECT_EQ(nodes_->node(0).members("h").size(), 2U);
  EXPECT_EQ(nodes_->node(0).members("registry").size(), 1U);
  run(seconds(20));
  EXPECT_EQ(status(refused), "timeout");
  EXPECT_EQ(nodes_->told["lone_horde"], 2U);  // Of each node, once.
}

// Shows: registry.bad_input
TEST_F(Names, ThatCannotBeTakenAreRefusedByName) {
  make_named(2);
  const Pid here = process(0, "p");
  const Pid there = process(1, "q");
  EXPECT_EQ(status(enroll(0, there, "k")), "not_local");
  EXPECT_EQ(status(enroll(0, {}, "k")), "not_local");
  EXPECT_EQ(status(enroll(0, here, "")), "empty_key");
  EXPECT_EQ(status(enroll(0, here, base::Bytes(wire::kUserKeyBytesMax + 1, 'k'))),
            "key_over_limit");
  EXPECT_EQ(status(enroll(0, here, "k", base::Bytes(wire::kUserValueBytesMax + 1, 'v'))),
            "value_over_limit");
  EXPECT_EQ(status(enroll(0, here, base::Bytes(wire::kUserKeyBytesMax, 'k'),
                          base::Bytes(wire::kUserValueBytesMax, 'v'))),
            "ok");
  run(milliseconds(200));
  EXPECT_EQ(holder(1, base::Bytes(wire::kUserKeyBytesMax, 'k')), here);
  const auto unknown = call(0, [&](Node& node, base::Now now, base::CallId id, base::Effects& out) {
    node.unregister_name(now, id, "h", here, "k", out);
  });
  EXPECT_EQ(status(unknown), "unknown_horde");
}

// Shows: registry.invalid
TEST_F(Names, WithOptionsThatAreWrongAreRefusedByField) {
  Config config{.name = "n1", .address = {}};
  config.hordes.push_back({.name = "registry", .names = registry::Options{.conflicts_at_once = 0}});
  EXPECT_EQ(refusal_of(config), "registry: names.conflicts_at_once: wants at least 1, not 0");
  config.hordes[0].names = registry::Options{.listeners = {"a", "a"}};
  EXPECT_EQ(refusal_of(config), "registry: names.listeners[0]: is listed twice: a");
}

}  // namespace
}  // namespace horde::node
