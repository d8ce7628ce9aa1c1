// World: three members of a registry over real maps, their processes, and what each believes of the
// others, driven by the steps of a schedule; the model looks at everything after each of them.
//
// Events get from one member's map to another's one by one, in any order that the map takes; a
// member sees another as it last looked at it. So entries, views and ends of processes reach a
// member in every order.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crdt/aw_lww_map.hpp"
#include "props/names/model.hpp"
#include "props/names/schedule.hpp"
#include "registry/registry.hpp"

namespace horde::props::names {

/// What happened, so that a pass can be seen to mean something.
struct Tally {
  std::uint64_t steps = 0, registered = 0, taken = 0, waited = 0, from_own_child = 0, lost = 0,
                updated = 0, lost_to_own_child = 0, killed = 0, hidden = 0, reboots = 0,
                disks_lost = 0, not_listed = 0, decided = 0;
};

struct Verdict {
  std::optional<std::string> failure;
  Tally tally;
};

class World {
 public:
  /// With `trace`, everything that happens is appended to it, a line each.
  explicit World(const Schedule& schedule, std::string* trace = nullptr);

  /// All steps, the end of the faults, and what must hold then.
  [[nodiscard]] Verdict run();

 private:
  struct Process {
    registry::Registrant who;
    std::int64_t priority = 0;
    bool is_stubborn = false;
    std::optional<base::Instant> told_at;  // That it has lost a name.
    std::optional<registry::Rank> first;   // As its first name was written.
    struct Name {
      registry::Rank rank;
      base::Bytes value;
    };
    std::map<base::Bytes, Name> names;
  };
  struct Member {
    base::RunId run;
    bool is_up = false;
    bool is_synced = false;
    crdt::AwLwwMap map;
    std::unique_ptr<registry::Registry> registry;
    std::map<std::uint64_t, Process> processes;  // By serial.
    std::uint64_t last_serial = 0;
    Belief belief;
    std::map<base::Bytes, process::Pid> heard;  // What its listener was told last.
    std::vector<std::uint64_t> to_kill;
  };
  using Claims = std::map<base::Bytes, std::vector<Claimant>>;

  // --- What happens (world.cpp).
  void take_step(const Step& step);
  void enroll(const Step& step);
  void enroll_copy(const Step& step);
  void enroll(std::size_t i, std::uint64_t serial, const base::Bytes& key);
  void update(std::size_t i, std::uint64_t serial, const base::Bytes& key, std::size_t value);
  void unregister(std::size_t i, std::uint64_t serial, const base::Bytes& key);
  void end(std::size_t i, std::uint64_t serial);
  void deliver(std::size_t from, std::size_t to, std::size_t count);
  void deliver_everything();
  void boot(std::size_t i);
  void crash(std::size_t i);
  void restart(std::size_t i, bool with_disk);
  void look(std::size_t i, std::size_t other);
  void give_view(std::size_t i);
  void sync(std::size_t i);
  void become_synced(std::size_t i);
  void pass(base::Duration time);
  void settle();
  [[nodiscard]] std::optional<std::uint64_t> some_process(std::size_t i, std::size_t which) const;
  [[nodiscard]] bool connected(std::size_t a, std::size_t b) const;
  [[nodiscard]] base::Now at(std::size_t i) const;
  [[nodiscard]] static bool is_listed(const Member& member) {
    return member.belief.members.contains(member.run.node);
  }

  // --- What a registry is given, and answers.
  template <class Input>
  void act(std::size_t i, Input&& input);
  void carry_out(std::size_t i, const registry::Outputs& out);
  void write(std::size_t i, const registry::Write& write, std::set<crdt::Key>& keys);
  void note_lost(std::size_t i, const registry::Told& told);
  void note_told(std::size_t i, const registry::TellLoser& told);
  void note_event(std::size_t i, const registry::Event& event);
  void hand_on(std::size_t i, const std::set<crdt::Key>& keys);

  // --- What must hold (world_checks.cpp).
  [[nodiscard]] Claims known(const Member& member) const;
  [[nodiscard]] Claims visible(const Member& member) const;
  void check(std::size_t i);
  void check_reads(const Member& member, const Claims& seen);
  void check_own(const Member& member);
  void check_refusal(const Member& member, const Claimant& asks, const Claimant& holder);
  void check_rank(const Process& process, const base::Bytes& key, std::int64_t wall_ns);
  void check_settled(const Claims& before);
  [[nodiscard]] Claims registrations() const;

  void tell(const std::string& line);
  void fail(const std::string& what);

  Schedule schedule_;
  std::string* trace_;
  base::Instant now_ = {1'000'000'000};
  std::array<Member, kMembers> members_;
  std::vector<crdt::Event> events_;  // All that were ever written, in order.
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  std::set<base::NodeId> list_;  // Who is a member, whoever has heard of it.
  std::uint64_t last_term_ = 0;
  std::optional<Claimant> asks_;   // Who is registering.
  std::set<process::Pid> doomed_;  // Told before the faults ended.
  std::optional<std::string> failure_;
  Tally tally_;
};

[[nodiscard]] Verdict run_schedule(const Schedule& schedule, std::string* trace = nullptr);
/// The schedule with as few steps as still fail.
[[nodiscard]] Schedule shrink(Schedule schedule);
/// What happens in it, a line each.
[[nodiscard]] std::string story(const Schedule& schedule);

}  // namespace horde::props::names
