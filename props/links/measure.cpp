#include "props/links/measure.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <utility>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "wire/links.hpp"

namespace horde::props::links {
namespace {

base::Duration microseconds(std::uint64_t count) {
  return base::microseconds(static_cast<std::int64_t>(count));
}

/// Two nodes and a path between them; node 0 sends.
class Line {
 public:
  explicit Line(const Path& path) : path_(path) {
    wire::LinkOutputs out;
    nodes_[0].peer_up(now_, runs_[1], out);
    nodes_[1].peer_up(now_, runs_[0], out);
  }

  PathFigures run() {
    base::Instant next_send = now_;
    std::uint64_t taken = 0;
    std::uint64_t sent = 0;
    while (taken < path_.messages) {
      while (sent < path_.messages && next_send <= now_ &&
             nodes_[0].send(runs_[1], base::Bytes(path_.bytes, 'x')).has_value()) {
        ++sent;
        next_send = next_send + microseconds(path_.spacing_us);
      }
      flush(0);
      flush(1);
      base::Instant next = std::min(nodes_[0].wake_at(), nodes_[1].wake_at());
      next = under_way_.empty() ? next : std::min(next, under_way_.begin()->first.first);
      if (sent < path_.messages && next_send > now_) {
        next = std::min(next, next_send);
      }
      HORDE_ASSERT(next != base::Instant::never());
      now_ = std::max(now_, next);
      arrive();
      while (nodes_[1].receive(runs_[0])) {
        ++taken;
      }
    }
    figures_.messages = taken;
    figures_.sent_again = nodes_[0].find(runs_[1].node)->sender().retransmissions();
    figures_.microseconds = static_cast<std::uint64_t>(now_.ns / 1'000);
    return figures_;
  }

 private:
  void flush(std::size_t node) {
    if (nodes_[node].wake_at() > now_) {
      return;
    }
    wire::LinkOutputs out;
    nodes_[node].on_timeout(now_, out);
    HORDE_ASSERT(out.ended.empty());
    for (wire::LinkOutputs::Outgoing& send : out.sends) {
      ++figures_.frames;
      free_at_[node] = std::max(free_at_[node], now_) + microseconds(path_.gap_us);
      if (!rng_.chance(path_.loss_percent, 100)) {
        under_way_.emplace(std::pair{free_at_[node] + microseconds(path_.delay_us), ++number_},
                           std::pair{1 - node, std::move(send.frame.body)});
      }
    }
  }

  void arrive() {
    while (!under_way_.empty() && under_way_.begin()->first.first <= now_) {
      const auto [to, body] = std::move(under_way_.begin()->second);
      under_way_.erase(under_way_.begin());
      wire::LinkOutputs out;
      const base::RunId& from = runs_[1 - to];
      HORDE_ASSERT(nodes_[to].on_frame(now_, {from.node, from.start}, body, out).has_value());
    }
  }

  Path path_;
  base::Instant now_;
  std::array<base::RunId, 2> runs_ = {base::RunId{base::NodeId::of("n0"), 1},
                                      base::RunId{base::NodeId::of("n1"), 1}};
  std::array<wire::Links, 2> nodes_ = {wire::Links(runs_[0], {}), wire::Links(runs_[1], {})};
  std::array<base::Instant, 2> free_at_{};
  std::map<std::pair<base::Instant, std::uint64_t>, std::pair<std::size_t, base::Bytes>> under_way_;
  std::uint64_t number_ = 0;
  base::Rng rng_{1};
  PathFigures figures_;
};

}  // namespace

PathFigures measure(const Path& path) {
  return Line(path).run();
}

std::string measure() {
  std::string out = "path of 5 ms each way, 10 us a frame\n";
  for (const std::uint64_t loss : {0U, 1U, 5U}) {
    for (const auto& [count, bytes, spacing] : {std::array<std::uint64_t, 3>{100'000, 100, 0},
                                                std::array<std::uint64_t, 3>{400, 65'536, 0},
                                                std::array<std::uint64_t, 3>{1'000, 100, 20'000}}) {
      const PathFigures figures =
          measure({.messages = count, .bytes = bytes, .loss_percent = loss, .spacing_us = spacing});
      std::array<char, 200> line{};
      (void)std::snprintf(
          line.data(), line.size(),
          "loss %llu %%: %6llu messages of %5llu B %-10s %8.2f MB/s, %7.3f frames a message, "
          "%llu segments sent again\n",
          static_cast<unsigned long long>(loss), static_cast<unsigned long long>(count),
          static_cast<unsigned long long>(bytes), spacing == 0 ? "at once" : "each 20 ms",
          static_cast<double>(count * bytes) / static_cast<double>(figures.microseconds),
          static_cast<double>(figures.frames) / static_cast<double>(figures.messages),
          static_cast<unsigned long long>(figures.sent_again));
      out += line.data();
    }
  }
  return out;
}

}  // namespace horde::props::links
