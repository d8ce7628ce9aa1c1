// Machine: the one seam between the simulator and a protocol.
//
// Any type that meets base::Engine is hosted as it is; the simulator knows nothing else of it:
//
//   sim::MachineFactory make = [](const sim::Boot& boot) { return sim::host<MyEngine>(boot.seed);
//   };
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/engine.hpp"

namespace horde::sim {

/// A node's place in the simulator: in the order of add_node, from 0. Two nodes may share a name,
/// never an index.
using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNoNode = 0xffff'ffff;

/// A hosted engine, its type erased.
class Machine {
 public:
  virtual ~Machine() = default;
  virtual void on_start(base::Now now, base::Effects& out) = 0;
  virtual void on_datagram(base::Now now, const base::Address& from, base::BytesView bytes,
                           base::Effects& out) = 0;
  virtual void on_timeout(base::Now now, base::Effects& out) = 0;
  virtual void on_hint(base::Now now, const base::Hint& hint, base::Effects& out) = 0;
  [[nodiscard]] virtual base::Instant wake_at() const = 0;
};

/// The adapter from any engine.
template <base::Engine E>
class Hosted final : public Machine {
 public:
  template <class... Args>
  explicit Hosted(Args&&... args) : engine_(std::forward<Args>(args)...) {}

  void on_start(base::Now now, base::Effects& out) override { engine_.on_start(now, out); }
  void on_datagram(base::Now now, const base::Address& from, base::BytesView bytes,
                   base::Effects& out) override {
    engine_.on_datagram(now, from, bytes, out);
  }
  void on_timeout(base::Now now, base::Effects& out) override { engine_.on_timeout(now, out); }
  void on_hint(base::Now now, const base::Hint& hint, base::Effects& out) override {
    engine_.on_hint(now, hint, out);
  }
  [[nodiscard]] base::Instant wake_at() const override { return engine_.wake_at(); }

  [[nodiscard]] E& engine() { return engine_; }
  [[nodiscard]] const E& engine() const { return engine_; }

 private:
  E engine_;
};

/// A machine around an engine that is made of `args`.
template <base::Engine E, class... Args>
[[nodiscard]] std::unique_ptr<Machine> host(Args&&... args) {
  return std::make_unique<Hosted<E>>(std::forward<Args>(args)...);
}

/// The engine inside. Requires: `machine` hosts an E (asserted).
template <base::Engine E>
[[nodiscard]] E& engine_of(Machine& machine) {
  auto* hosted = dynamic_cast<Hosted<E>*>(&machine);
  HORDE_ASSERT(hosted != nullptr);
  return hosted->engine();
}
template <base::Engine E>
[[nodiscard]] const E& engine_of(const Machine& machine) {
  const auto* hosted = dynamic_cast<const Hosted<E>*>(&machine);
  HORDE_ASSERT(hosted != nullptr);
  return hosted->engine();
}

/// What a node's process is given when it starts.
struct Boot {
  NodeIndex index = 0;
  std::string_view name;
  base::Address address;
  std::uint64_t number = 0;  ///< Larger than that of any earlier start of this node.
  std::uint64_t seed = 0;    ///< For the engine's Rng. Keyed by the world's seed, host and start.
  base::Now now;
  const std::vector<base::Bytes>& records;  ///< What the disk holds, oldest first.
};

/// Makes the machine for one start of a node. Called again at each restart.
using MachineFactory = std::function<std::unique_ptr<Machine>(const Boot&)>;

}  // namespace horde::sim
