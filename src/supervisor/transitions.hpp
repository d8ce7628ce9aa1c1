// Transitions: who may write what over which entry, as one table that every write is checked with.
//
//   nothing ------------> claimed            whoever was asked, in time, has synced
//   claimed by X -------> the same claim     X alone; what it runs, and what became of it
//   claimed by X -------> claimed by Y       Y is chosen, X is gone, Y has synced, Y holds no copy
//   claimed by X -------> claimed by X       anew: X gave way to a later claim, whose owner is gone
//   released to Y ------> claimed by Y       or, once Y is gone, by who is chosen
//   anything -----------> finished           whoever held a copy that ended normally by itself
//   anything -----------> terminated         whoever was told to
//   its own claim ------> refused            X, when its first start failed
//   ended --------------> nothing            anybody, when nobody can bring it back (R9)
//
// The table is code that a supervisor asserts on each write, and a test walks through all of it.
// Rules are those of docs/supervision.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "supervisor/entry.hpp"

namespace horde::supervisor {

/// What the writer knows besides the entry; facts are added up.
enum class Fact : std::uint16_t {
  asked = 1,             ///< A start was asked of this member, or it is chosen for a static child.
  in_time = 2,           ///< The request's deadline has not passed.
  synced = 4,            ///< This boot has synced (R8).
  no_copy = 8,           ///< No copy of the child is held here, in whatever state.
  chosen = 16,           ///< choose(id, view) names this member.
  owner_gone = 32,       ///< The claim's owner is dead, removed, or known in a later boot.
  target = 64,           ///< The entry is released to this member.
  target_gone = 128,     ///< It is released to nobody, or to one who is not alive.
  ended_itself = 256,    ///< A copy held here ended normally, and was not being stopped.
  told_to_end = 512,     ///< terminate_child.
  all_confirmed = 1024,  ///< All that R9 asks for.
  winner_gone = 2048,    ///< The owner of a later claim that no entry here holds is gone (R18).
};

class Facts {
 public:
  Facts() = default;
  Facts(Fact fact) : bits_(static_cast<std::uint16_t>(fact)) {}  // Implicit: a set of one.
  void add(Fact fact) { bits_ = static_cast<std::uint16_t>(bits_ | static_cast<unsigned>(fact)); }
  [[nodiscard]] bool has_all(Facts wanted) const { return (bits_ & wanted.bits_) == wanted.bits_; }
  friend Facts operator|(Facts a, Facts b) {
    a.bits_ = static_cast<std::uint16_t>(a.bits_ | b.bits_);
    return a;
  }

 private:
  std::uint16_t bits_ = 0;
};
inline Facts operator|(Fact a, Fact b) {
  return Facts(a) | Facts(b);
}

/// Why `writer` may not write `to` over `from` (nothing: there is no entry, or it is to be
/// removed); empty if it may. Static storage.
[[nodiscard]] std::string_view refusal(const std::optional<Entry>& from,
                                       const std::optional<Entry>& to, const base::RunId& writer,
                                       Facts facts);

}  // namespace horde::supervisor
