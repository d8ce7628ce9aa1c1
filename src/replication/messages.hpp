// The messages of replication, and their bytes. Between two replicas R (asks) and S (answers):
//
//   round     R -> S  Ask        R's digest and last order
//             S -> R  Equal      S's last order, which becomes R's cursor
//             S -> R  VectorIs   or S's vector, when digests differ; R may answer with its own
//   session   R -> S  Pull       "what is behind my cursor and not in W"
//             S -> R  Page ...   whole entries, by S's change order; the last one has S's vector
//             S -> R  Again      start again, or reconcile first
//   reconcile R -> S  Ranges     hashes of R's live dots by ranges of key hash
//             S -> R  RangeDots  S's live dots in the ranges that differ
//   push      R -> S  Push       new events
//
// Body of a frame: u8 kind, then the fields below in their order. Runs that a message names often
// stand once in a table at its start. The layout byte by byte is in docs/wire.md.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "crdt/aw_lww_map.hpp"
#include "crdt/entry.hpp"
#include "crdt/version_vector.hpp"
#include "wire/codec.hpp"
#include "wire/datagram.hpp"

namespace horde::replication {

/// A vector as it travels: whole, or only its newest runs with the hash of the rest, which the
/// receiver fills in from its own when the hashes agree (C1).
struct SentVector {
  bool whole = true;
  crdt::VersionVector part;
  std::uint64_t cold_digest = 0;  // Only if not whole.

  [[nodiscard]] static SentVector hot(const crdt::VersionVector& vector);
  [[nodiscard]] static SentVector full(const crdt::VersionVector& vector);
  /// The sender's vector, or nothing if the receiver's cold part differs from the sender's.
  [[nodiscard]] std::optional<crdt::VersionVector> resolve(const crdt::VersionVector& own) const;
  friend bool operator==(const SentVector&, const SentVector&) = default;
};

struct Ask {
  std::uint64_t round = 0;
  std::uint64_t digest = 0;
  std::uint64_t order = 0;
  bool synced = false;
  friend bool operator==(const Ask&, const Ask&) = default;
};

struct Equal {
  std::uint64_t round = 0;
  std::uint64_t order = 0;
  bool synced = false;
  friend bool operator==(const Equal&, const Equal&) = default;
};

struct VectorIs {
  std::uint64_t round = 0;  // Of the Ask that this answers; 0 if it answers none.
  SentVector vector;
  bool answer_whole = false;  // The receiver is asked for its own vector, whole.
  bool synced = false;
  friend bool operator==(const VectorIs&, const VectorIs&) = default;
};

struct Pull {
  std::uint64_t session = 0;
  std::uint64_t server_start = 0;  // S's run, as R knows it.
  std::uint64_t cursor = 0;
  std::uint64_t until = 0;                  // R holds what follows this order already; 0: nothing.
  std::uint64_t window = 1;                 // Pages that may be sent at once.
  std::uint64_t limit = 0;                  // Keys a page at most.
  std::optional<std::uint64_t> reconciled;  // Floor version of the RangeDots that R has noted.
  std::optional<SentVector> want;           // W; left out when S is expected to hold it.
  bool synced = false;
  friend bool operator==(const Pull&, const Pull&) = default;
};

struct Page {
  struct Done {
    SentVector vector;
    crdt::Floor floor;
    bool synced = false;
    friend bool operator==(const Done&, const Done&) = default;
  };
  std::uint64_t session = 0;
  std::uint64_t puller_start = 0;
  std::uint64_t from = 0;  // Entries with order in (from, to].
  std::uint64_t to = 0;
  std::uint64_t as_of = 0;  // S's last order when this was made; at least `to`.
  bool last_of_burst = false;
  std::vector<std::pair<crdt::Key, crdt::Siblings>> entries;
  std::optional<Done> done;
  friend bool operator==(const Page&, const Page&) = default;
};

struct Again {
  enum class Why : std::uint8_t { start_again, reconcile };
  std::uint64_t session = 0;
  std::uint64_t puller_start = 0;
  Why why = Why::start_again;
  friend bool operator==(const Again&, const Again&) = default;
};

struct Ranges {
  std::uint64_t session = 0;
  std::uint64_t server_start = 0;
  SentVector want;                  // W.
  std::vector<std::uint64_t> sums;  // A power of two of them, at most kRangesMax.
  friend bool operator==(const Ranges&, const Ranges&) = default;
};

struct RangeDots {
  std::uint64_t session = 0;
  std::uint64_t puller_start = 0;
  std::uint64_t floor_version = 0;
  std::uint64_t as_of = 0;  // S's last order.
  SentVector vector;
  struct Range {
    std::uint64_t index = 0;
    std::vector<base::Dot> dots;  // Ascending.
    friend bool operator==(const Range&, const Range&) = default;
  };
  std::vector<Range> differing;  // Ascending by index.
  friend bool operator==(const RangeDots&, const RangeDots&) = default;
};

struct Push {
  std::vector<crdt::Event> events;
  friend bool operator==(const Push&, const Push&) = default;
};

using Message = std::variant<Ask, Equal, VectorIs, Pull, Page, Again, Ranges, RangeDots, Push>;

/// The tag under which a message travels and is counted.
[[nodiscard]] wire::Tag tag_of(const Message& message);

void encode(wire::Writer& writer, const Message& message);
/// Reads what is left of `reader`. Sizes above the maxima, and what no encoder writes, are refused.
[[nodiscard]] wire::Decoded<Message> decode(wire::Reader& reader);

/// Bytes that an entry takes in a page at most, for cutting pages.
[[nodiscard]] std::size_t encoded_bytes_max(const crdt::Key& key, const crdt::Siblings& siblings);
[[nodiscard]] std::size_t encoded_bytes_max(const crdt::Event& event);

}  // namespace horde::replication
