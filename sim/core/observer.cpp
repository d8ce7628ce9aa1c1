#include "sim/core/observer.hpp"

namespace horde::sim {

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::start:
      return "start";
    case Cause::datagram:
      return "datagram";
    case Cause::timeout:
      return "timeout";
    case Cause::hint:
      return "hint";
    case Cause::call:
      return "call";
  }
  HORDE_ASSERT(false);
}

std::string_view to_string(DropWhy why) {
  switch (why) {
    case DropWhy::lost:
      return "lost";
    case DropWhy::cut:
      return "cut";
    case DropWhy::queue_full:
      return "queue_full";
    case DropWhy::unknown_address:
      return "unknown_address";
    case DropWhy::node_down:
      return "node_down";
    case DropWhy::inbox_full:
      return "inbox_full";
    case DropWhy::held_full:
      return "held_full";
  }
  HORDE_ASSERT(false);
}

std::string_view to_string(DownWhy why) {
  switch (why) {
    case DownWhy::crashed:
      return "crashed";
    case DownWhy::ended:
      return "ended";
  }
  HORDE_ASSERT(false);
}

}  // namespace horde::sim
