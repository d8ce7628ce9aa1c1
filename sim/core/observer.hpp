// Observer: what may watch a run. Checkers, metrics and recorders are observers.
//
// An observer changes nothing: a run is the same with it and without it. What it may do is ask the
// simulator to stop.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/engine.hpp"
#include "sim/core/machine.hpp"

namespace horde::sim {

/// What an engine was called for.
enum class Cause : std::uint8_t { start, datagram, timeout, hint, call };
[[nodiscard]] std::string_view to_string(Cause cause);

/// One input of one node, all of whose effects were carried out.
struct StepInfo {
  NodeIndex node = 0;
  Cause cause = Cause::start;
  std::string_view label;  ///< Of a call; empty otherwise.
  base::Instant at;        ///< Virtual time.
  base::Now now;           ///< What the node's clocks showed.
  const Machine& machine;
};

/// Why a datagram did not reach its node's engine.
enum class DropWhy : std::uint8_t {
  lost,             ///< By the link's chance of loss.
  cut,              ///< A cut held when it was sent.
  queue_full,       ///< The link's bandwidth queue had no room.
  unknown_address,  ///< No node has that address.
  node_down,        ///< The node was down when it arrived.
  inbox_full,       ///< The node was paused or slow, and its inbox had no room.
  held_full,        ///< A clog held, and as many datagrams as may be held were.
};
inline constexpr std::size_t kDropWhyCount = 7;
[[nodiscard]] std::string_view to_string(DropWhy why);

/// A datagram on its way. A view: valid during the call only.
struct Datagram {
  std::uint64_t number = 0;  ///< Of the send; the copies of a duplicate share it.
  NodeIndex from = 0;
  NodeIndex to = kNoNode;  ///< kNoNode where no node has the address.
  base::BytesView bytes;
  base::Instant sent_at;
};

enum class DownWhy : std::uint8_t { crashed, ended };
[[nodiscard]] std::string_view to_string(DownWhy why);

class Observer {
 public:
  virtual ~Observer() = default;

  virtual void on_step(const StepInfo& /*step*/) {}
  virtual void on_sent(base::Instant /*at*/, const Datagram& /*datagram*/) {}
  virtual void on_delivered(base::Instant /*at*/, const Datagram& /*datagram*/) {}
  virtual void on_dropped(base::Instant /*at*/, const Datagram& /*datagram*/, DropWhy /*why*/) {}
  virtual void on_tell(base::Instant /*at*/, NodeIndex /*node*/, const base::Tell& /*tell*/) {}
  virtual void on_persist(base::Instant /*at*/, NodeIndex /*node*/,
                          const base::Persist& /*persist*/) {}
  virtual void on_answer(base::Instant /*at*/, NodeIndex /*node*/, const base::Answer& /*answer*/) {
  }
  virtual void on_ended(base::Instant /*at*/, NodeIndex /*node*/, const base::Ended& /*ended*/) {}
  /// The node's machine is made; its on_start comes next.
  virtual void on_up(base::Instant /*at*/, NodeIndex /*node*/, std::uint64_t /*boot*/) {}
  /// The node's machine is gone.
  virtual void on_down(base::Instant /*at*/, NodeIndex /*node*/, DownWhy /*why*/) {}
};

}  // namespace horde::sim
