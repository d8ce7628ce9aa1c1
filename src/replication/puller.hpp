// Puller: the receiving side of a session. All or nothing: what arrives is staged, and handed over
// whole, with the sender's vector, when the last page is there (S3).
//
//   closed --open--> pulling --Again(reconcile)--> ranging --RangeDots--> pulling --done--> closed
//
// One session at a time, so that what several peers have is fetched once. Pages are asked for a
// window at a time; those that overtake others are kept by their (from, to] ranges.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "base/time.hpp"
#include "crdt/aw_lww_map.hpp"
#include "replication/messages.hpp"
#include "replication/options.hpp"
#include "replication/outputs.hpp"

namespace horde::replication {

/// Pages that a first session asks for at once.
inline constexpr std::size_t kFirstWindow = 8;

class Puller {
 public:
  /// How a session starts.
  struct Start {
    base::RunId peer;
    std::uint64_t cursor = 0;
    bool peer_has_our_cold_part = false;  // W may travel without it.
    bool reconcile = false;               // Compare live dots first, whatever the floors say.
  };
  /// A session that has come to its end.
  struct Finished {
    base::RunId peer;
    std::uint64_t cursor = 0;
    bool peer_synced = false;
    bool reconciled = false;
    std::uint64_t pages = 0;
    crdt::Remote remote;
  };

  explicit Puller(const Options& options)
      : options_(options), window_(std::min(kFirstWindow, options.page_window)) {}

  [[nodiscard]] bool is_open() const { return session_.has_value(); }
  /// The peer of the open session. Requires: is_open().
  [[nodiscard]] const base::RunId& peer() const { return session_->peer; }
  [[nodiscard]] base::Instant wake_at() const;

  void open(base::Instant now, const crdt::AwLwwMap& map, const Start& start, Outputs& out);
  void close() { session_.reset(); }

  [[nodiscard]] std::optional<Finished> on_page(base::Instant now, const crdt::AwLwwMap& map,
                                                const base::RunId& from, Page page, Outputs& out);
  void on_again(base::Instant now, const crdt::AwLwwMap& map, const base::RunId& from,
                const Again& again, Outputs& out);
  void on_range_dots(base::Instant now, const crdt::AwLwwMap& map, const base::RunId& from,
                     const RangeDots& answer, Outputs& out);
  /// Asks again, or gives the session up. Requires: wake_at() <= now.
  void on_timeout(base::Instant now, const crdt::AwLwwMap& map, Outputs& out);

  /// This replica's own run: pages that answer another one are not for it (S6).
  void set_own_start(std::uint64_t start) { own_start_ = start; }
  void set_synced(bool synced) { synced_ = synced; }

 private:
  enum class Phase : std::uint8_t { pulling, ranging };
  struct Session {
    base::RunId peer;
    std::uint64_t number = 0;
    Phase phase = Phase::pulling;
    crdt::VersionVector want;         // W: V at the session's start, fixed (S5).
    std::uint64_t order_at_want = 0;  // The map's last order then.
    bool want_hot = false;
    bool want_sent = false;
    std::uint64_t first_cursor = 0;
    std::uint64_t cursor = 0;
    std::uint64_t pages = 0;
    std::optional<std::uint64_t> reconciled;
    std::vector<std::pair<crdt::Key, base::Dot>> gone;
    std::map<crdt::Key, crdt::Siblings> staged;
    std::map<std::uint64_t, Page> ahead;  // By `from`.
    std::optional<Page::Done> done;
    std::uint64_t not_before = 0;  // S's last order when it compared its live dots with ours.
    std::uint64_t newest = 0;      // S's last order in the newest of what was staged or noted.
    bool burst_over = false;       // The last page staged was the last that was asked for.
    std::size_t range_count = 0;   // Of the ranges asked about.
    base::Instant asked_at = base::Instant::never();  // Until the first page has come.
    base::Instant answered_at;                        // When it had come.
    base::Instant retry_at;
    base::Duration retry_after;
    base::Instant give_up_at;
    unsigned started_again = 0;
  };

  [[nodiscard]] bool is_for_us(const base::RunId& from, std::uint64_t session,
                               std::uint64_t puller_start) const;
  void progress(base::Instant now);
  void note_answer(base::Instant now);
  void adapt_window(base::Instant now);
  void shrink_window() { window_ = std::max<std::size_t>(window_ / 2, 1); }
  void ask(base::Instant now, Outputs& out);
  void ask_ranges(base::Instant now, const crdt::AwLwwMap& map, Outputs& out);
  void stage(Page page);
  void note_dead_since_want(const crdt::AwLwwMap& map, const crdt::VersionVector& theirs);

  Options options_;
  std::uint64_t own_start_ = 0;
  bool synced_ = false;
  std::uint64_t last_number_ = 0;
  // What the way to our peers bears, as far as sessions have shown: grows while bursts arrive
  // whole and at once, shrinks when they do not. Kept from session to session.
  std::size_t window_ = 0;
  base::Duration answer_time_;  // Smoothed: from asking to the first page.
  std::optional<Session> session_;
};

/// Sums of hash(dot) over the live puts of `map`, by ranges of key hash; `count` is a power of two.
[[nodiscard]] std::vector<std::uint64_t> live_sums_by_range(const crdt::AwLwwMap& map,
                                                            std::size_t count);
/// Which of `count` ranges a key falls into.
[[nodiscard]] std::size_t range_of(const crdt::Key& key, std::size_t count);

}  // namespace horde::replication
