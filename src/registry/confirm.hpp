// Confirmations: registrations that a majority of the members has to agree to before they count.
//
//   registrant's registry          every member, this one too
//        |-- ask, number ----------------->|   does it show another holder, or has it promised the
//        |<------------------ yes / no ----|   name to another? else yes, and a promise
//        |  a majority said yes:  granted, the name is written
//        |  no, that one holds it:  already_registered
//        |  no, promised to one that outranks this:  withdraw all, back off, try again
//        |  else ask again, until the deadline:  quorum_not_met
//
// Promised: two processes are never granted one name as long as both live, the members they count
// are the same, no member holds either's node for gone, and no member that has said yes restarts
// before the name has reached it: any two majorities share a member, and that one has promised the
// name, or sees it held. Nothing is written before it is granted, so nobody ever sees a name that
// is not confirmed. Without contention and with a majority in reach it is granted in one round
// trip. Not promised: anything of plain registrations, which ask nobody. On this node they wait for
// one that is being confirmed; on others they may win or lose against it by rank.
//
// Cost: 2 messages for each other member and try; a promise at each until the name has reached it.
#pragma once

#include <deque>

#include "base/rng.hpp"
#include "registry/promises.hpp"

namespace horde::registry {

class Confirmations {
 public:
  static constexpr std::size_t kClaimsMax = 65'536;

  struct Request {
    base::CallId call;
    base::Bytes key;
    process::Pid pid;  ///< Of this run, and alive.
    Rank rank;
    base::Instant deadline;
  };
  enum class Outcome : std::uint8_t {
    granted,             ///< To be written now, before any other input.
    already_registered,  ///< By `holder`.
    quorum_not_met,
    timeout,     ///< All its time it had to wait, for others of this node or a holder in suspicion.
    over_limit,  ///< Too many at once.
    ended,       ///< The process has.
    stopped,     ///< The registry was.
  };
  struct Finished {
    base::CallId call;
    Outcome outcome = Outcome::granted;
    process::Pid holder{};
  };

  Confirmations(const base::RunId& self, base::Duration retry_interval, base::Rng rng)
      : self_(self), retry_interval_(retry_interval), rng_(rng) {}

  // --- Inputs. After each, take_finished() has what it has led to.
  /// Requires: this member has synced.
  void begin(base::Now now, const View& view, const Table& table, Request request, Outputs& out);
  /// Asks of others must be kept from it until this member has synced.
  void on_ask(base::Now now, const View& view, const Table& table, const base::RunId& from,
              const Ask& ask, Outputs& out);
  void on_vote(base::Now now, const View& view, const Table& table, const base::RunId& from,
               const Vote& vote, Outputs& out);
  void on_withdraw(const base::RunId& from, const Withdraw& message) {
    promises_.on_withdraw(from, message);
  }
  void on_written(const base::RunId& from, const Written& message) {
    promises_.on_written(from, message);
  }
  /// After the table was told of it.
  void on_entry(base::Now now, const View& view, const Table& table, const NameKey& key,
                const crdt::Siblings& siblings, Outputs& out);
  void on_view(base::Now now, const View& view, const Table& table, Outputs& out);
  void on_timeout(base::Now now, const View& view, const Table& table, Outputs& out);
  void process_ended(const process::Pid& pid, Outputs& out);
  void stop(Outputs& out);

  /// This run puts a name into the map, which is not heard of at once; until it is, nobody is
  /// asked, as the asked must be told what was written before.
  void note_put() { has_unheard_puts_ = true; }
  /// on_entry was told of all that this run has put.
  void all_heard() { has_unheard_puts_ = false; }

  // --- Queries.
  /// Whether a process of this node is having the name confirmed.
  [[nodiscard]] bool is_under_way(base::BytesView key) const { return lines_.contains(key); }
  [[nodiscard]] base::Instant wake_at() const;
  [[nodiscard]] std::vector<Finished> take_finished() { return std::exchange(finished_, {}); }
  [[nodiscard]] const Promises& promises() const { return promises_; }
  [[nodiscard]] std::size_t size() const { return by_pid_.size(); }

 private:
  // What a member has said to the try under way.
  struct Standing {
    std::uint64_t boot = 0;
    enum class Said : std::uint8_t {
      nothing,
      yes,
      held,       // Somebody has it,
      held_here,  // a process of that very member.
      outranked,  // It is promised to one that goes before.
      no,
    } said = Said::nothing;
  };
  struct Claim {
    Request request;
    std::uint64_t number = 0;  // Of the try under way; 0: none is.
    base::Instant next{};      // When to ask or try again.
    base::Duration step{};     // Then the next time is so much later.
    int tries = 0;
    std::map<base::NodeId, Standing> standings;
    process::Pid holder{};  // That a member has named last.
  };
  // The claims of this node to one name: the first is being confirmed, the others wait. Were two at
  // work at once, the withdrawal of one could undo a promise that the other counts on.
  struct Line {
    std::deque<Claim> claims;
    base::Instant wake_at = base::Instant::never();
  };
  using Lines = std::map<base::Bytes, Line, std::less<>>;
  /// The rest of an input's arguments, passed on as they are.
  struct Input {
    base::Now now;
    const View* view;
    const Table* table;
    Outputs* out;
  };

  void proceed(const Input& in, Lines::iterator line);
  void expire(const Input& in, Line& line);
  void begin_try(const Input& in, Line& line);
  void ask_rest(const Input& in, Claim& claim);
  void record(Claim& claim, const base::RunId& from, const Vote& vote);
  void evaluate(const Input& in, Line& line);
  /// Whether it may go on, as far as this member's own table says.
  [[nodiscard]] bool check_table(const Input& in, Line& line);
  void answer_late(const Input& in, const base::RunId& from, const Vote& vote);
  void back_off(const Input& in, Claim& claim);
  void withdraw(const Claim& claim, Outputs& out);
  void finish(const Input& in, Line& line, Outcome outcome, const process::Pid& holder);
  void note(const Claim& claim, Outcome outcome, const process::Pid& holder);
  void schedule(Lines::iterator line);

  base::RunId self_;
  base::Duration retry_interval_;
  base::Rng rng_;
  Promises promises_;
  Lines lines_;
  std::set<std::pair<base::Instant, base::Bytes>> timers_;
  std::set<std::tuple<process::Pid, base::Bytes, base::CallId>> by_pid_;
  std::uint64_t last_number_ = 0;
  std::uint64_t written_ = 0;  // This run's newest event in the map.
  bool has_unheard_puts_ = false;
  std::vector<Finished> finished_;
};

}  // namespace horde::registry
