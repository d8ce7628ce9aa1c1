// Schedules: random histories of two to four replicas, made from a seed, printed as a story.
//
// A step names what it acts on by numbers that are taken modulo what is there when it runs, so that
// any part of a schedule is a schedule: that is what shrinking needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "replication/options.hpp"

namespace horde::props {

enum class StepKind : std::uint8_t {
  deliver,    ///< One message of those under way.
  lose,       ///< One message of those under way.
  duplicate,  ///< One message of those under way; the copy is held up.
  hold,       ///< One message of those under way is held up.
  release,    ///< One message of those held up arrives.
  run,        ///< Time passes as it should: messages arrive in order, timers fire on time.
  advance,    ///< Time passes; messages stay under way, timers fire for some, for others late.
  jump,       ///< Many seconds pass; what is under way is too old to arrive.
  put,
  remove,
  restart,       ///< With its disk.
  roll_back,     ///< Restarts with the log as it was some records ago.
  lose_disk,     ///< Restarts with nothing.
  stop,          ///< Goes down, with its disk.
  start,         ///< Comes up again.
  renew,         ///< Goes on under a later run: somebody else used its name.
  cut,           ///< What is sent by or to the node is lost.
  heal,          ///< Not any more.
  expel,         ///< The node is no member any more.
  admit,         ///< It is one again.
  learn,         ///< The node is told who is there, and in which run.
  answer,        ///< The node's request for a new run is answered.
  change_clock,  ///< The node's wall clock jumps.
};
inline constexpr std::size_t kStepKinds = 23;

struct Step {
  StepKind kind = StepKind::run;
  std::uint32_t node = 0;
  std::uint32_t amount = 0;
};

enum class Graph : std::uint8_t { mesh, ring, chain };

/// What stays the same during a schedule.
struct Settings {
  std::uint32_t nodes = 2;
  std::uint32_t keys = 1;
  Graph graph = Graph::mesh;
  replication::Options options;
  bool answers_at_once = true;   // A request for a new run.
  bool hears_outsiders = false;  // Members and others go on talking.
  bool splits = false;           // Who was expelled has expelled the others as well.
  bool learns_at_once = true;    // Everybody is told at once who is up, and in which run.
  bool lingers = false;          // After the end, so long that runs are closed.
  base::Duration forget_after;   // How long a removed member is still a witness.
};

struct Schedule {
  std::uint64_t seed = 0;
  Settings settings;
  std::vector<Step> steps;
};

[[nodiscard]] Schedule make_schedule(std::uint64_t seed);

[[nodiscard]] std::string to_string(const Settings& settings);
[[nodiscard]] std::string to_string(StepKind kind);

}  // namespace horde::props
