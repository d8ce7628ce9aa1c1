// Name: what a registry's map holds of one process under one key, and which of several wins.
//
//   key    0x30 | blob name | fixed64 node | varint boot | varint number
//   value  u8 1 | varint serial | rank | blob value
//   rank   signed priority | varint birth | fixed64 high | fixed64 low | flag child | varint term
//   meta   0x31 key -> value, read as the map shows it
//
// A key has one writer, the holder's node in that boot, so nothing is ever overwritten by another
// (R15): two processes that took the same name at the same time are two entries, and which of them
// is shown is computed from both, the same on every member that sees both.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "crdt/entry.hpp"
#include "process/names.hpp"
#include "wire/codec.hpp"

namespace horde::registry {

/// Keys start with these bytes, so that they never meet those of members, users and children.
inline constexpr char kNameKeyPrefix = '\x30';
inline constexpr char kMetaKeyPrefix = '\x31';

/// What registrants are told apart by: a child's id, which all its copies share; of any other
/// process, something that no other has.
struct Identity {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr auto operator<=>(const Identity&, const Identity&) = default;
};

/// Decides a conflict (R16). Fixed when the process registers, so that it says the same in every
/// order in which it is heard of.
struct Rank {
  std::int64_t priority = 0;
  std::uint64_t birth_ns = 0;  ///< Of the child, or of the process's first registration.
  Identity id;
  bool is_child = false;
  std::uint64_t term = 0;  ///< Of the copy's claim; its owner and boot are those of the pid.
  friend bool operator==(const Rank&, const Rank&) = default;
};

/// Who registers, as its node knows it.
struct Registrant {
  process::Pid pid;
  /// Of a copy of a child: what ranks it. Nothing: a process of its own.
  struct OfChild {
    Identity id;
    std::uint64_t birth_ns = 0;
    std::uint64_t term = 0;
    bool has_run = false;  ///< This start is no first one: a restart, or a takeover.
  };
  std::optional<OfChild> child;
};

/// Whether `a` goes before `b`, two copies of one child (R3).
[[nodiscard]] bool is_later_copy(const Rank& a, const process::Pid& a_pid, const Rank& b,
                                 const process::Pid& b_pid);
/// Whether `a` goes before `b`, which are not copies of one child.
[[nodiscard]] bool outranks(const Rank& a, const process::Pid& a_pid, const Rank& b,
                            const process::Pid& b_pid);

struct NameKey {
  base::Bytes name;
  base::RunId run;           ///< The holder's node, in that boot.
  std::uint64_t number = 0;  ///< 0 with unique keys; with duplicate ones, of the registration.
  friend auto operator<=>(const NameKey&, const NameKey&) = default;
};
struct NameValue {
  std::uint64_t serial = 0;  ///< Of the holder's pid.
  Rank rank;
  base::Bytes value;
  friend bool operator==(const NameValue&, const NameValue&) = default;
};

[[nodiscard]] crdt::Key encode(const NameKey& key);
/// Nothing if the key is not a name's.
[[nodiscard]] std::optional<NameKey> name_key_of(base::BytesView key);
/// A name's or a meta key.
[[nodiscard]] bool is_registry_key(base::BytesView key);
[[nodiscard]] crdt::Value encode(const NameValue& value);
/// Any bytes may be given.
[[nodiscard]] wire::Decoded<NameValue> decode_name_value(base::BytesView bytes);

}  // namespace horde::registry
