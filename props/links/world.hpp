// World: two or three nodes with links, a network that loses, repeats and delays, and users, driven
// by the steps of a schedule in virtual time; the model looks at everything.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "props/links/model.hpp"
#include "props/links/schedule.hpp"

namespace horde::props::links {

/// What happened, so that a pass can be seen to mean something.
struct Tally {
  std::uint64_t steps = 0, frames = 0, lost = 0, repeated = 0, messages = 0, queue_full = 0,
                blocked = 0, sent_again = 0, duplicates = 0, stale = 0, old_boot = 0, down = 0,
                peer_down = 0, newer_run = 0, peer_ended = 0, gave_up = 0, own_restart = 0,
                unknown = 0, handed_over = 0;
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
  struct Node {
    base::RunId run;
    std::unique_ptr<wire::Links> links;
    Appetite appetite = Appetite::eager;
    bool is_taking = false;  // An event to take more is under way.
  };
  struct Event {
    enum class Kind : std::uint8_t { frame, up, down, take };
    base::Instant at;
    std::uint64_t number = 0;
    Kind kind = Kind::frame;
    std::size_t node = 0;  // At which it happens.
    base::RunId about;
    base::Bytes body;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.number > b.number;
    }
  };

  void take_step(const Step& step);
  void send(std::size_t from, std::size_t to, std::size_t bytes);
  void cut(std::size_t from, std::size_t to, base::Duration lasting);
  void take_for_dead(std::size_t at, std::size_t about, base::Duration lasting);
  void restart(const Step& step);
  void advance(base::Instant until);
  void happen(const Event& event);
  void heal();
  void settle(std::string_view when);
  void schedule(base::Instant at, Event event);
  void carry(std::size_t from, const wire::LinkOutputs::Outgoing& send);
  void take_in(std::size_t node, wire::LinkOutputs out);
  void take_messages(std::size_t node);
  void finish(std::size_t node);
  void forget(Node& node);
  void tell(const std::string& line);
  [[nodiscard]] std::size_t index_of(base::NodeId node) const;

  Schedule schedule_;
  std::string* trace_;
  base::Rng rng_;
  Model model_;
  Tally tally_;
  base::Instant now_ = {1'000'000'000};
  std::array<Node, 3> nodes_;
  std::array<std::array<base::Instant, 3>, 3> cut_until_{};
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::uint64_t last_event_ = 0;
  std::uint64_t last_message_ = 0;
  bool is_healed_ = false;
};

[[nodiscard]] Verdict run_schedule(const Schedule& schedule, std::string* trace = nullptr);
/// The schedule with as few steps as still fail.
[[nodiscard]] Schedule shrink(Schedule schedule);
/// What happens in it, a line each.
[[nodiscard]] std::string story(const Schedule& schedule);

}  // namespace horde::props::links
