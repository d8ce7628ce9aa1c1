// Promises: what this member has said yes to, of processes that want a name confirmed by a quorum.
//
//   ask --> the table shows another holder                        held
//           another process was promised the name                 promised, to whom
//           else                                                   yes, and a promise:
//                 kept until it is withdrawn, until what it was asked for is seen in the map, or
//                 until that life of the claimant's node is gone from the view
//
// A promise is kept in memory only: a member that has restarted knows none. While one is not
// settled, whom it was made to is asked every kCheckInterval whether it is needed (still): who does
// not, withdraws it, and who has the name says by which write; so no message that gets lost, late
// or twice leaves one behind.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "registry/messages.hpp"
#include "registry/outputs.hpp"
#include "registry/table.hpp"
#include "registry/view.hpp"

namespace horde::registry {

/// Whether `a` may take a name that `b` holds or was promised: it is a later copy of the same child
/// (R17).
[[nodiscard]] bool may_pass(const Rank& a, const process::Pid& a_pid, const Rank& b,
                            const process::Pid& b_pid);

/// Who stands in the way of a process that wants a name, as far as this member sees.
struct Obstacle {
  process::Pid holder;
  bool is_certain = false;  ///< Else it may go soon: its node is in suspicion, or it has lost.
};
/// Any visible holder that must not be passed, also one that is not shown: what is shown may be an
/// old entry of the very process that asks.
[[nodiscard]] std::optional<Obstacle> obstacle_of(const View& view, const Table& table,
                                                  base::BytesView key, const process::Pid& pid,
                                                  const Rank& rank);

class Promises {
 public:
  static constexpr std::size_t kPromisesMax = 65'536;
  static constexpr base::Duration kCheckInterval = base::seconds(1);

  /// Nothing: it is not clear yet; to be asked again.
  std::optional<Vote> on_ask(base::Now now, const View& view, const Table& table,
                             const base::RunId& from, const Ask& ask);
  void on_withdraw(const base::RunId& from, const Withdraw& withdraw);
  /// Its sender has the name: the promise goes once that write of it has been seen here.
  void on_written(const base::RunId& from, const Written& message);
  /// Of the map: a put of the holder that is newer than what it was promised for settles it.
  void on_entry(const NameKey& key, const crdt::Siblings& siblings);
  void on_view(const View& view);
  /// The questions that are due (still), each with whom it is for.
  [[nodiscard]] std::vector<std::pair<base::RunId, Vote>> on_timeout(base::Now now);
  [[nodiscard]] base::Instant wake_at() const;

  /// A promise that this process must not pass. Null: none.
  struct Promise {
    process::Pid pid;
    Rank rank;
    std::uint64_t number = 0;
    std::uint64_t written = 0;
    std::optional<std::uint64_t> settled_by{};  ///< A write of its run.
  };
  [[nodiscard]] const Promise* to_other(base::BytesView key, const process::Pid& pid,
                                        const Rank& rank) const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Row {
    std::vector<Promise> promises;  // Several: copies of one child, each passing those before it.
    base::Instant check_at;
  };
  using Rows = std::map<base::Bytes, Row, std::less<>>;
  template <class Which>
  Rows::iterator drop(Rows::iterator row, Which&& which);
  [[nodiscard]] bool is_settled(const Promise& promise) const;

  Rows rows_;
  std::set<std::pair<base::Instant, base::Bytes>> checks_;
  // The newest write of each node's newest run that was seen in the map. A run's writes are seen in
  // its order (P1), so all before it were.
  std::map<base::NodeId, std::pair<std::uint64_t, std::uint64_t>> newest_;
  std::size_t size_ = 0;
};

}  // namespace horde::registry
