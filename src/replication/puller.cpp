#include "replication/puller.hpp"

#include <algorithm>
#include <bit>

#include "base/hash.hpp"
#include "wire/limits.hpp"

namespace horde::replication {
namespace {

// From the first to the last page of a burst; liveness waits about as long for the answer to a
// ping.
constexpr base::Duration kBurstTimeMax = base::milliseconds(80);
constexpr unsigned kStartsAgainMax = 8;
constexpr std::size_t kKeysPerRange = 16;

std::size_t range_count_for(const crdt::AwLwwMap& map) {
  const std::size_t wanted = std::bit_ceil(map.entries() / kKeysPerRange + 1);
  return std::clamp<std::size_t>(wanted, 16, wire::kRangesMax);
}

}  // namespace

std::size_t range_of(const crdt::Key& key, std::size_t count) {
  return static_cast<std::size_t>(base::hash64(key) & (count - 1));
}

std::vector<std::uint64_t> live_sums_by_range(const crdt::AwLwwMap& map, std::size_t count) {
  std::vector<std::uint64_t> sums(count, 0);
  map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    for (const crdt::Sibling& sibling : siblings) {
      if (sibling.kind == crdt::Kind::put) {
        sums[range_of(key, count)] += base::hash_of(sibling.dot);
      }
    }
    return true;
  });
  return sums;
}

base::Instant Puller::wake_at() const {
  return session_ ? std::min(session_->retry_at, session_->give_up_at) : base::Instant::never();
}

void Puller::open(base::Instant now, const crdt::AwLwwMap& map, const Start& start, Outputs& out) {
  session_ = Session{.peer = start.peer,
                     .number = ++last_number_,
                     .want = map.vector(),
                     .order_at_want = map.last_order(),
                     .want_hot = start.peer_has_our_cold_part,
                     .first_cursor = start.cursor,
                     .cursor = start.cursor};
  progress(now);
  if (start.reconcile) {
    ask_ranges(now, map, out);
  } else {
    ask(now, out);
  }
}

void Puller::note_answer(base::Instant now) {
  if (session_->asked_at == base::Instant::never()) {
    return;
  }
  const base::Duration took = now - session_->asked_at;
  session_->answered_at = now;
  session_->asked_at = base::Instant::never();
  answer_time_ = answer_time_.ns == 0 ? took : (answer_time_ * 7 + took) / 8;
}

// A narrow way brings bursts whole as well, but what comes after them waits until they are through:
// probes, for one, so that a healthy peer would be taken for dead, and the session would start
// anew.
void Puller::adapt_window(base::Instant now) {
  if (now - session_->answered_at <= kBurstTimeMax) {
    window_ = std::min(window_ * 2, options_.page_window);
  } else {
    shrink_window();
  }
}

// Asking again before the answer can be there doubles the load where it is too high already.
void Puller::progress(base::Instant now) {
  session_->retry_after = std::max(options_.session_retry, answer_time_ * 2);
  session_->give_up_at = now + options_.session_timeout;
}

void Puller::ask(base::Instant now, Outputs& out) {
  Session& s = *session_;
  s.phase = Phase::pulling;
  s.retry_at = now + s.retry_after;
  s.burst_over = false;
  s.asked_at = now;
  Pull pull{.session = s.number,
            .server_start = s.peer.start,
            .cursor = s.cursor,
            .until = s.ahead.empty() ? 0 : s.ahead.begin()->first,
            .window = window_,
            .limit = options_.page_keys_max,
            .reconciled = s.reconciled,
            .synced = synced_};
  if (!s.want_sent) {
    pull.want = s.want_hot ? SentVector::hot(s.want) : SentVector::full(s.want);
  }
  out.send(s.peer.node, pull);
}

void Puller::ask_ranges(base::Instant now, const crdt::AwLwwMap& map, Outputs& out) {
  Session& s = *session_;
  s.phase = Phase::ranging;
  s.reconciled.reset();
  s.gone.clear();
  s.staged.clear();
  s.ahead.clear();
  s.done.reset();
  s.cursor = s.first_cursor;
  if (s.range_count == 0) {  // A late answer to an earlier question must mean the same ranges.
    s.range_count = range_count_for(map);
  }
  s.retry_at = now + s.retry_after;
  out.send(s.peer.node, Ranges{.session = s.number,
                               .server_start = s.peer.start,
                               .want = SentVector::full(s.want),
                               .sums = live_sums_by_range(map, s.range_count)});
}

bool Puller::is_for_us(const base::RunId& from, std::uint64_t session,
                       std::uint64_t puller_start) const {
  return session_ && session_->peer == from && session_->number == session &&
         own_start_ == puller_start;
}

void Puller::stage(Page page) {
  Session& s = *session_;
  for (auto& [key, siblings] : page.entries) {
    s.staged.insert_or_assign(std::move(key), std::move(siblings));
  }
  s.cursor = page.to;
  s.burst_over = page.last_of_burst;
  ++s.pages;
  // Two questions may be answered in any order, by states that differ. What an end says of the
  // whole state holds only if nothing newer was staged: an entry that has changed in between would
  // be in neither, as it stands behind this end now.
  if (page.as_of >= s.newest) {
    s.newest = page.as_of;
    s.done = std::move(page.done);
  }
}

std::optional<Puller::Finished> Puller::on_page(base::Instant now, const crdt::AwLwwMap& map,
                                                const base::RunId& from, Page page, Outputs& out) {
  if (!is_for_us(from, page.session, page.puller_start) || session_->phase != Phase::pulling) {
    return std::nullopt;
  }
  Session& s = *session_;
  if (page.as_of < s.not_before) {
    return std::nullopt;  // What it shows may have died without a trace before dots were compared.
  }
  s.want_sent = true;
  note_answer(now);
  if (page.from == s.cursor) {
    progress(now);
    s.retry_at = now + s.retry_after;
    stage(std::move(page));
    while (!s.done && !s.ahead.empty() && s.ahead.begin()->first <= s.cursor) {
      auto next = s.ahead.extract(s.ahead.begin());
      if (next.key() == s.cursor) {
        stage(std::move(next.mapped()));
      }
    }
  } else if (page.from > s.cursor && s.ahead.size() < wire::kPagesWindowMax) {
    s.ahead.insert_or_assign(page.from, std::move(page));
  }
  if (!s.done) {
    if (s.burst_over) {
      adapt_window(now);
      ask(now, out);
    } else if (!s.ahead.empty()) {
      // What is missing may only have been overtaken; if it was lost, nobody else will say so.
      s.retry_at = std::min(s.retry_at, now + options_.gap_delay);
    }
    return std::nullopt;
  }
  Finished finished{.peer = s.peer,
                    .cursor = s.cursor,
                    .peer_synced = s.done->synced,
                    .reconciled = s.reconciled.has_value(),
                    .pages = s.pages};
  // The sender leaves out the cold part only if it equals that of W, so W fills it in.
  const auto vector = s.done->vector.resolve(s.want);
  if (!vector) {
    session_.reset();
    return std::nullopt;
  }
  if (s.reconciled) {
    note_dead_since_want(map, *vector);
  }
  finished.remote = {.vector = *vector,
                     .floor = std::move(s.done->floor),
                     .gone = std::move(s.gone),
                     .adopt_floor = s.reconciled.has_value()};
  for (auto& [key, siblings] : s.staged) {
    finished.remote.entries.emplace_back(key, std::move(siblings));
  }
  session_.reset();
  return finished;
}

// A push may have brought a put after W, or after the ranges were compared, whose tombstone the
// sender had dropped. Had the sender still the put, it would have sent the entry, as W lacks it.
void Puller::note_dead_since_want(const crdt::AwLwwMap& map, const crdt::VersionVector& theirs) {
  Session& s = *session_;
  map.visit_after(s.order_at_want,
                  [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
                    for (const crdt::Sibling& sibling : siblings) {
                      if (sibling.kind == crdt::Kind::put && !s.staged.contains(key) &&
                          !s.want.covers(sibling.dot) && theirs.covers(sibling.dot)) {
                        s.gone.emplace_back(key, sibling.dot);
                      }
                    }
                    return true;
                  });
}

void Puller::on_again(base::Instant now, const crdt::AwLwwMap& map, const base::RunId& from,
                      const Again& again, Outputs& out) {
  if (!is_for_us(from, again.session, again.puller_start)) {
    return;
  }
  if (++session_->started_again > kStartsAgainMax) {
    session_.reset();
    return;
  }
  if (again.why == Again::Why::reconcile) {
    ask_ranges(now, map, out);
    return;
  }
  out.tell("session_restarted", from.node, session_->number);
  session_->want_sent = false;
  session_->want_hot = false;
  ask(now, out);
}

void Puller::on_range_dots(base::Instant now, const crdt::AwLwwMap& map, const base::RunId& from,
                           const RangeDots& answer, Outputs& out) {
  if (!is_for_us(from, answer.session, answer.puller_start) || session_->phase != Phase::ranging ||
      !answer.vector.whole) {
    return;
  }
  const std::size_t count = session_->range_count;
  // T4 (a): our live dots that the sender covers and does not have are dead. Noted, not dropped
  // (T6).
  map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    const auto range = std::ranges::lower_bound(answer.differing, range_of(key, count), {},
                                                &RangeDots::Range::index);
    if (range == answer.differing.end() || range->index != range_of(key, count)) {
      return true;
    }
    for (const crdt::Sibling& sibling : siblings) {
      if (sibling.kind == crdt::Kind::put && answer.vector.part.covers(sibling.dot) &&
          !std::ranges::binary_search(range->dots, sibling.dot)) {
        session_->gone.emplace_back(key, sibling.dot);
      }
    }
    return true;
  });
  session_->reconciled = answer.floor_version;
  session_->not_before = answer.as_of;
  session_->newest = std::max(session_->newest, answer.as_of);
  session_->want_sent = true;
  progress(now);
  ask(now, out);
}

void Puller::on_timeout(base::Instant now, const crdt::AwLwwMap& map, Outputs& out) {
  if (now >= session_->give_up_at) {
    session_.reset();
    return;
  }
  session_->retry_after = session_->retry_after * 2;
  shrink_window();
  if (session_->phase == Phase::ranging) {
    ask_ranges(now, map, out);
  } else {
    ask(now, out);
  }
}

}  // namespace horde::replication
