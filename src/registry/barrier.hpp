// Barriers: whether a name is seen on these members yet, and if not in time, on which it is not.
//
//   holder's member                         each member
//        |-- barrier ask, number, pid, time -->|  does my table show that process there?
//        |<---- barrier seen, number ----------|  yes: at once; else as soon as it does
//        |  all have:                ok
//        |  its time is over:        missing, and who
//
// What it says is of the moment in which each member answered: the name may have gone again since.
// It is waited for until the deadline even if nobody missing can be reached, as they may be back. A
// member that is busy with kWaitsMax others, or loses the question, is asked again.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "registry/messages.hpp"
#include "registry/outputs.hpp"
#include "registry/table.hpp"
#include "registry/view.hpp"

namespace horde::registry {

class Barriers {
 public:
  static constexpr std::size_t kWaitsMax = 16'384;    ///< Of others that this member remembers.
  static constexpr std::size_t kBarriersMax = 4'096;  ///< Of this member's own.
  static constexpr base::Duration kAskAgain = base::seconds(1);

  struct Request {
    base::CallId call;
    base::Bytes key;
    process::Pid pid;
    /// Empty: all that are members now; who is taken off the list meanwhile is not waited for.
    std::set<base::NodeId> members;
    base::Instant deadline;
  };
  struct Finished {
    base::CallId call;
    std::vector<base::NodeId> missing{};  ///< Ascending. None: all see it.
  };

  explicit Barriers(const base::RunId& self) : self_(self) {}

  // --- Inputs. After each, take_finished() has what it has led to.
  /// False: there are kBarriersMax, and nothing was begun.
  [[nodiscard]] bool begin(base::Now now, const View& view, const Table& table, Request request,
                           Outputs& out);
  void on_ask(base::Now now, const Table& table, const base::RunId& from, const BarrierAsk& ask,
              Outputs& out);
  void on_seen(const base::RunId& from, const BarrierSeen& message);
  /// Reads of this key may have changed.
  void on_touched(const Table& table, base::BytesView key, Outputs& out);
  void on_view(base::Now now, const View& view, Outputs& out);
  void on_timeout(base::Now now, const View& view, Outputs& out);
  /// Ends all of this member's own: nobody that has not answered yet is waited for.
  void stop();

  // --- Queries.
  [[nodiscard]] base::Instant wake_at() const;
  [[nodiscard]] std::vector<Finished> take_finished() { return std::exchange(finished_, {}); }
  [[nodiscard]] std::size_t size() const { return barriers_.size(); }
  [[nodiscard]] std::size_t waits() const { return waits_.size(); }

 private:
  struct Barrier {
    Request request;
    bool of_all = false;
    std::set<base::NodeId> missing;
    std::map<base::NodeId, std::uint64_t> asked;  // In which life.
    base::Instant wake_at = base::Instant::never();
  };
  using Own = std::map<std::uint64_t, Barrier>;
  /// Who waits for a key: which run, and its number of that barrier.
  using WaitKey = std::tuple<base::Bytes, base::RunId, std::uint64_t>;
  struct Wait {
    process::Pid pid;
    base::Instant until;
  };

  void ask(base::Now now, const View& view, std::uint64_t number, Barrier& barrier, Outputs& out);
  void saw(Own::iterator barrier, base::NodeId member);
  void finish(Own::iterator barrier);
  void set_timer(Own::iterator barrier, base::Instant at);
  void forget(std::map<WaitKey, Wait>::iterator wait);
  void tell(const base::RunId& to, std::uint64_t number, Outputs& out);

  base::RunId self_;
  Own barriers_;
  std::set<std::pair<base::Instant, std::uint64_t>> timers_;
  std::map<WaitKey, Wait> waits_;
  std::set<std::pair<base::Instant, WaitKey>> until_;
  std::uint64_t last_number_ = 0;
  std::vector<Finished> finished_;
};

}  // namespace horde::registry
