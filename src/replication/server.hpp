// Server: the sending side of sessions. Keeps W for each puller by session number, and answers each
// pull from the map as it is now; a puller whose W was let go is told to start again.
#pragma once

#include <cstdint>
#include <map>

#include "base/time.hpp"
#include "crdt/aw_lww_map.hpp"
#include "replication/messages.hpp"
#include "replication/options.hpp"
#include "replication/outputs.hpp"

namespace horde::replication {

class Server {
 public:
  explicit Server(const Options& options) : options_(options) {}

  void on_pull(base::Instant now, const crdt::AwLwwMap& map, const base::RunId& from,
               const Pull& pull, Outputs& out);
  void on_ranges(base::Instant now, const crdt::AwLwwMap& map, const base::RunId& from,
                 const Ranges& ranges, Outputs& out);

  /// Whether somebody compares live dots with us now. The floor should stay until they are done:
  /// each change of it makes them start again.
  [[nodiscard]] bool is_reconciling(base::Instant now) const;

  /// How many are kept, at most Options::sessions_served_max.
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

  /// This replica's own run has changed: all sessions with the former one are over.
  void reset(std::uint64_t own_start) {
    own_start_ = own_start;
    sessions_.clear();
  }
  void set_synced(bool synced) { synced_ = synced; }

 private:
  struct Session {
    std::uint64_t puller_start = 0;
    std::uint64_t number = 0;
    crdt::VersionVector want;
    base::Instant used_at;
    base::Instant reconciling_until;
  };

  // The puller's session, made or replaced if the message brings W; null if it cannot be known.
  Session* session_of(base::Instant now, const crdt::AwLwwMap& map, const base::RunId& from,
                      std::uint64_t number, const SentVector* want);
  void send_pages(const crdt::AwLwwMap& map, const base::RunId& from, const Session& session,
                  const Pull& pull, Outputs& out) const;

  Options options_;
  std::uint64_t own_start_ = 0;
  bool synced_ = false;
  std::map<base::NodeId, Session> sessions_;
};

}  // namespace horde::replication
