// Children as values: their ids, their specs, and the tokens of their copies.
//
// A child is one logical thing; a copy is one process that runs it. The id stays the same wherever
// the child runs. A token names one copy, and orders copies of the same child: a resource that is
// told tokens and refuses lower ones than it has seen is safe from copies that should be gone.
//
// Source: Horde 0.10, Horde.DynamicSupervisor; Elixir's Supervisor.child_spec. Deviations: the id
// is 128 random bits that survive moves; tokens are new.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

namespace horde::supervisor {

/// 128 bits, drawn once where a child is asked for; equal on every node, and never used twice.
struct ChildId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr auto operator<=>(const ChildId&, const ChildId&) = default;
};
[[nodiscard]] std::string to_string(const ChildId& id);  // 32 hexadecimal digits

/// Reads what to_string prints, at the begin of `text`; nothing if it is no id.
[[nodiscard]] std::optional<ChildId> child_id_of(base::BytesView text);

/// The id of a static child: the same on every node that was told of it (rule R14).
[[nodiscard]] ChildId static_child_id(base::BytesView horde, base::BytesView name);

enum class Restart : std::uint8_t {
  permanent,  ///< After every exit.
  transient,  ///< After an abnormal exit only.
  temporary,  ///< Never.
};

enum class ChildType : std::uint8_t { worker, supervisor };

/// How a copy is stopped: asked, and killed after `grace`; killed at once where it is zero; never
/// killed where it is `kForever`.
struct Shutdown {
  static constexpr base::Duration kForever = {std::int64_t{1} << 62};
  base::Duration grace = base::seconds(5);
  /// 5 s for workers, for ever for supervisors, which have children of their own to stop.
  [[nodiscard]] static constexpr Shutdown usual(ChildType type) {
    return type == ChildType::worker ? Shutdown{} : Shutdown{kForever};
  }
  friend constexpr auto operator<=>(const Shutdown&, const Shutdown&) = default;
};

/// What a child's place is computed from.
enum class PlaceBy : std::uint8_t {
  id,    ///< Its id: equal specs are spread.
  key,   ///< The spec's `placement_key`: children with equal keys share a member.
  spec,  ///< The spec without the id, as the original does: equal specs share a member.
};

struct ChildSpec {
  base::Bytes start;  ///< Which process type to run, with its arguments. Not read here.
  Restart restart = Restart::permanent;
  /// None: the usual one of its type; written out when it travels.
  std::optional<Shutdown> shutdown;
  ChildType type = ChildType::worker;
  base::Bytes modules;  ///< For which_children. Not read here.
  PlaceBy place_by = PlaceBy::id;
  base::Bytes placement_key;  ///< Empty unless place_by is key.
  [[nodiscard]] Shutdown effective_shutdown() const {
    return shutdown.value_or(Shutdown::usual(type));
  }
  friend auto operator<=>(const ChildSpec&, const ChildSpec&) = default;
};

/// Who may run a child: the last start of an ownership. Compared in this order (R2).
struct Claim {
  std::uint64_t term = 0;  ///< Larger than every term that the claimant had heard of.
  base::NodeId owner;
  std::uint64_t boot = 0;
  std::uint64_t session = 0;  ///< For ownership by lease; 0 otherwise.
  friend constexpr auto operator<=>(const Claim&, const Claim&) = default;
  [[nodiscard]] base::RunId run() const { return {owner, boot}; }
};

/// One copy: the claim it runs under, and how many its owner had started under it (R3).
struct Token {
  Claim claim;
  std::uint64_t start = 0;
  friend constexpr auto operator<=>(const Token&, const Token&) = default;
};
[[nodiscard]] std::string to_string(const Claim& claim);  // "17@n1.5"
[[nodiscard]] std::string to_string(const Token& token);  // "17@n1.5/2"

}  // namespace horde::supervisor
