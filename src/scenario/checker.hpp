// Checker: what a run is checked for. Each invariant has its own in a file of its own.
//
// A checker watches the world and reports what must never be (`always`), and says at any moment why
// the cluster has not come to rest yet (`eventually`). It changes nothing.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/run.hpp"
#include "scenario/world.hpp"

namespace horde::scenario {

/// Violations found, in order. The run ends with the first.
class Findings {
 public:
  /// `at` is filled in by the runner where it is not set.
  void add(Failure failure) { list_.push_back(std::move(failure)); }
  [[nodiscard]] const std::vector<Failure>& list() const { return list_; }
  [[nodiscard]] bool empty() const { return list_.empty(); }

 private:
  std::vector<Failure> list_;
};

/// Nodes that are up.
using Group = std::span<const NodeIndex>;

class Checker : public WorldObserver {
 public:
  /// The ids it answers for, of those in checks.hpp.
  [[nodiscard]] virtual std::vector<std::string_view> ids() const = 0;

  /// Looks at everything: at the begin of a settle (`live` has diverged as far as it will), when it
  /// has settled, and at the end.
  virtual void check_all(Group /*live*/) {}

  /// A settle begins.
  virtual void begin_settle(Group /*core*/) {}
  /// Why the core has not come to rest yet; nothing if it has. Asked often: must be cheap.
  [[nodiscard]] virtual std::optional<std::string> unsettled(Group /*core*/) { return {}; }

  [[nodiscard]] const Findings& findings() const { return findings_; }

 protected:
  Findings findings_;
};

/// What a key shows people: the user's key, or what an internal one is about.
[[nodiscard]] std::string shown_key(base::BytesView key);

}  // namespace horde::scenario
