#include "replication/server.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "replication/puller.hpp"

namespace horde::replication {

Server::Session* Server::session_of(base::Instant now, const crdt::AwLwwMap& map,
                                    const base::RunId& from, std::uint64_t number,
                                    const SentVector* want) {
  const auto known = sessions_.find(from.node);
  if (want == nullptr) {
    const bool same = known != sessions_.end() && known->second.puller_start == from.start &&
                      known->second.number == number;
    if (!same) {
      return nullptr;
    }
    known->second.used_at = now;
    return &known->second;
  }
  const auto resolved = want->resolve(map.vector());
  if (!resolved) {
    return nullptr;
  }
  if (known == sessions_.end() && sessions_.size() >= options_.sessions_served_max) {
    sessions_.erase(std::ranges::min_element(sessions_, {}, [](const auto& session) {
      return std::pair(session.second.used_at, session.first);
    }));
  }
  Session& session = sessions_[from.node];
  if (session.puller_start != from.start || session.number != number) {
    session = {.puller_start = from.start, .number = number, .want = *resolved};
  }
  session.used_at = now;
  return &session;
}

void Server::on_pull(base::Instant now, const crdt::AwLwwMap& map, const base::RunId& from,
                     const Pull& pull, Outputs& out) {
  Again again{.session = pull.session, .puller_start = from.start};
  if (pull.server_start != own_start_) {
    out.send(from.node, again);
    return;
  }
  Session* session = session_of(now, map, from, pull.session, pull.want ? &*pull.want : nullptr);
  if (session == nullptr) {
    out.send(from.node, again);
    return;
  }
  const crdt::Agreement agreement = session->want.agreement_with(map.vector());
  if (agreement == crdt::Agreement::differs) {
    // The puller must start anew (C3); our whole vector tells it so.
    out.send(from.node, VectorIs{.vector = SentVector::full(map.vector()), .synced = synced_});
    return;
  }
  const bool below_floor =
      agreement == crdt::Agreement::behind || !map.floor_covered_by(session->want);
  if (below_floor && pull.reconciled != map.floor_version()) {  // T2
    again.why = Again::Why::reconcile;
    out.send(from.node, again);
    return;
  }
  if (pull.reconciled) {
    session->reconciling_until = now + options_.session_timeout;
  }
  send_pages(map, from, *session, pull, out);
}

void Server::send_pages(const crdt::AwLwwMap& map, const base::RunId& from, const Session& session,
                        const Pull& pull, Outputs& out) const {
  const std::size_t keys_max = std::clamp<std::size_t>(pull.limit, 1, options_.page_keys_max);
  const std::uint64_t pages_max = std::max<std::uint64_t>(pull.window, 1);
  const auto empty_page = [&](std::uint64_t cursor) {
    return Page{.session = session.number,
                .puller_start = from.start,
                .from = cursor,
                .to = cursor,
                .as_of = std::max(cursor, map.last_order())};
  };
  std::vector<Page> pages = {empty_page(pull.cursor)};
  std::size_t bytes = 0;
  bool complete = true;
  map.visit_after(
      pull.cursor, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t order) {
        Page* page = &pages.back();
        if (std::ranges::all_of(siblings, [&](const crdt::Sibling& sibling) {
              return session.want.covers(sibling.dot);
            })) {
          page->to = order;
          return true;
        }
        const std::size_t entry_bytes = encoded_bytes_max(key, siblings);
        if (!page->entries.empty() &&
            (page->entries.size() >= keys_max || bytes + entry_bytes > options_.page_bytes)) {
          if (pages.size() >= pages_max || (pull.until != 0 && page->to >= pull.until)) {
            complete = false;
            return false;
          }
          pages.push_back(empty_page(page->to));
          page = &pages.back();
          bytes = 0;
        }
        page->entries.emplace_back(key, siblings);
        page->to = order;
        bytes += entry_bytes;
        return true;
      });
  if (complete) {
    // Vector, floor and cursor are read at one moment, the one in which the last entry was.
    Page& last = pages.back();
    last.to = map.last_order();
    const bool same_cold = session.want.cold_digest() == map.vector().cold_digest();
    last.done = Page::Done{
        .vector = same_cold ? SentVector::hot(map.vector()) : SentVector::full(map.vector()),
        .floor = map.floor(),
        .synced = synced_};
  }
  pages.back().last_of_burst = true;
  for (Page& page : pages) {
    out.send(from.node, std::move(page));
  }
}

void Server::on_ranges(base::Instant now, const crdt::AwLwwMap& map, const base::RunId& from,
                       const Ranges& ranges, Outputs& out) {
  if (ranges.server_start != own_start_) {
    out.send(from.node, Again{.session = ranges.session, .puller_start = from.start});
    return;
  }
  Session* session = session_of(now, map, from, ranges.session, &ranges.want);
  if (session == nullptr) {
    return;
  }
  session->reconciling_until = now + options_.session_timeout;
  const std::size_t count = ranges.sums.size();
  const std::vector<std::uint64_t> ours = live_sums_by_range(map, count);
  RangeDots answer{.session = ranges.session,
                   .puller_start = from.start,
                   .floor_version = map.floor_version(),
                   .as_of = map.last_order(),
                   .vector = SentVector::full(map.vector())};
  std::map<std::size_t, std::vector<base::Dot>> differing;
  for (std::size_t i = 0; i < count; ++i) {
    if (ours[i] != ranges.sums[i]) {
      differing[i];
    }
  }
  map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings& siblings, std::uint64_t) {
    const auto range = differing.find(range_of(key, count));
    for (const crdt::Sibling& sibling : siblings) {
      if (range != differing.end() && sibling.kind == crdt::Kind::put) {
        range->second.push_back(sibling.dot);
      }
    }
    return true;
  });
  for (auto& [index, dots] : differing) {
    std::ranges::sort(dots);
    answer.differing.push_back({index, std::move(dots)});
  }
  out.send(from.node, std::move(answer));
}

bool Server::is_reconciling(base::Instant now) const {
  return std::ranges::any_of(
      sessions_, [now](const auto& session) { return session.second.reconciling_until > now; });
}

}  // namespace horde::replication
