// NameCheck: is there another living node of our name, at another address?
//
// Records about ourselves that name another address are mostly old news of our own former life.
// So the address is pinged, as if for ourselves: an answer under our name and another boot is
// proof, silence after five pings is a verdict.
#pragma once

#include <cstdint>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace horde::liveness {

class NameCheck {
 public:
  enum class Step : std::uint8_t {
    ping,    ///< Ping address() with number().
    nobody,  ///< Nobody answered there.
  };

  /// Somebody is said to run as ourselves at `address` with `boot`. Ignored while a check runs, and
  /// for a while after the same one has ended.
  void begin(base::Instant now, const base::Address& address, std::uint64_t boot) {
    const bool again = address == address_ && boot == boot_;
    if (is_running() || (again && now < again_at_)) {
      return;
    }
    address_ = address;
    boot_ = boot;
    pings_ = 0;
    due_ = now;
  }

  /// Requires: due() <= now. `number` identifies the pings of this check.
  [[nodiscard]] Step on_due(base::Instant now, std::uint64_t number) {
    if (pings_ == kPingsMax) {
      end(now);
      return Step::nobody;
    }
    number_ = pings_ == 0 ? number : number_;
    ++pings_;
    due_ = now + kPingEvery;
    return Step::ping;
  }

  /// Whether an answer with `number` answers this check, which then ends.
  [[nodiscard]] bool on_answer(base::Instant now, std::uint64_t number) {
    if (!is_running() || pings_ == 0 || number != number_) {
      return false;
    }
    end(now);
    return true;
  }

  void reset() { *this = NameCheck(); }
  void postpone(base::Duration pause) {
    if (is_running()) {
      due_ = due_ + pause;
    }
  }

  [[nodiscard]] bool is_running() const { return due_ != base::Instant::never(); }
  [[nodiscard]] base::Instant due() const { return due_; }
  [[nodiscard]] const base::Address& address() const { return address_; }
  [[nodiscard]] std::uint64_t boot() const { return boot_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  static constexpr int kPingsMax = 5;
  static constexpr base::Duration kPingEvery = base::milliseconds(160);
  static constexpr base::Duration kPauseAfter = base::seconds(2);

  void end(base::Instant now) {
    due_ = base::Instant::never();
    again_at_ = now + kPauseAfter;
  }

  base::Address address_;
  std::uint64_t boot_ = 0;
  std::uint64_t number_ = 0;
  int pings_ = 0;
  base::Instant due_ = base::Instant::never();
  base::Instant again_at_;
};

}  // namespace horde::liveness
