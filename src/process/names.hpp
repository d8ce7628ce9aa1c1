// Names: a registry as processes use it. The process layer only says what it needs; whoever puts
// a node together hands an implementation to the runtime, under the registry's name.
//
//   handler --> context.names("registry") --> NamesOf --> Names (registry, node)
//
// Reads are local: they answer from what this node knows, and send nothing. What register_name said
// ok to is read back at once on this node.
//
// Source: Elixir's Registry, Horde 0.10's Horde.Registry. Deviations: a registration may have to
// wait; predicates are functions.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "process/types.hpp"

namespace horde::process {

/// One process under one key. Views are valid until the next input.
struct NameEntry {
  base::BytesView key;
  Pid pid;
  base::BytesView value;
};
using NamePredicate = std::function<bool(const NameEntry&)>;

/// What a process asks for when it registers itself.
struct Registration {
  base::Bytes key;
  base::Bytes value;
  /// Compared before all else in a conflict, the larger wins; between copies of one child it does
  /// not count. -kPriorityMax to kPriorityMax.
  std::int64_t priority = 0;
};
inline constexpr std::int64_t kPriorityMax = 1'000'000;

enum class NameErrc : std::uint8_t {
  already_registered,  ///< `holder` has it.
  wait,                ///< It is not clear yet whether it is free: ask again.
  not_held,            ///< The process does not hold this key.
  not_local,           ///< No live process of this node.
  not_found,           ///< Nobody holds the key.
  empty_key,
  key_over_limit,
  value_over_limit,
  priority_over_limit,
  names_over_limit,  ///< This node holds as many names as it may.
  duplicate_keys,    ///< Of a registry with `keys: duplicate` there is no such call.
  shutting_down,     ///< The registry was stopped, or its node is stopping.
  unknown_registry,
};
[[nodiscard]] std::string_view to_string(NameErrc code);

struct NameRefusal {
  NameErrc why = NameErrc::wait;
  Pid holder{};  ///< already_registered: who has it.
  friend bool operator==(const NameRefusal&, const NameRefusal&) = default;
};
using NameResult = std::expected<void, NameRefusal>;

struct UpdatedValue {
  base::Bytes before;
  base::Bytes after;
};

/// A name of a process, to start it under and to address it by.
struct Via {
  base::Bytes registry;
  base::Bytes key;
  base::Bytes value{};  ///< Of a start.
  std::int64_t priority = 0;
};

class Names {
 public:
  Names() = default;
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  Names(Names&&) = delete;
  Names& operator=(Names&&) = delete;
  virtual ~Names() = default;

  // --- By the process `self`, which must live here.
  virtual NameResult register_name(base::Now now, const Pid& self, const Registration& what) = 0;
  /// A key that nobody holds is fine; another's is not_held.
  virtual NameResult unregister_name(base::Now now, const Pid& self, base::BytesView key) = 0;
  /// Of `self` under `key`, those that `which` takes; how many. 0 with a registry that is stopped.
  virtual std::size_t unregister_match(base::Now now, const Pid& self, base::BytesView key,
                                       const NamePredicate& which) = 0;
  virtual std::expected<UpdatedValue, NameRefusal> update_value(
      base::Now now, const Pid& self, base::BytesView key,
      const std::function<base::Bytes(base::BytesView)>& change) = 0;
  virtual NameResult put_meta(base::Now now, base::BytesView key, base::Bytes value) = 0;
  virtual NameResult delete_meta(base::Now now, base::BytesView key) = 0;

  // --- Reads.
  [[nodiscard]] virtual bool has_unique_keys() const = 0;
  /// Who holds the key; with duplicate keys, the first of entries().
  [[nodiscard]] virtual std::optional<NameEntry> lookup(base::BytesView key) const = 0;
  /// All entries of the key, ascending by pid; at most one with unique keys.
  [[nodiscard]] virtual std::vector<NameEntry> entries(base::BytesView key) const = 0;
  /// All keys of a process, here or elsewhere, ascending.
  [[nodiscard]] virtual std::vector<base::BytesView> keys(const Pid& pid) const = 0;
  [[nodiscard]] virtual std::size_t count() const = 0;
  /// Every entry, ascending by pid, then key.
  virtual void visit(const std::function<void(const NameEntry&)>& each) const = 0;
  [[nodiscard]] virtual std::optional<base::BytesView> meta(base::BytesView key) const = 0;

  /// A process of this node has ended: whatever it held is free from here on.
  virtual void process_ended(base::Now now, const Pid& pid) = 0;
};

/// A registry that is not there: finds nothing, and refuses everything as unknown_registry.
class NoNames final : public Names {
 public:
  NameResult register_name(base::Now now, const Pid& self, const Registration& what) override;
  NameResult unregister_name(base::Now now, const Pid& self, base::BytesView key) override;
  std::size_t unregister_match(base::Now, const Pid&, base::BytesView,
                               const NamePredicate&) override {
    return 0;
  }
  std::expected<UpdatedValue, NameRefusal> update_value(
      base::Now now, const Pid& self, base::BytesView key,
      const std::function<base::Bytes(base::BytesView)>& change) override;
  NameResult put_meta(base::Now now, base::BytesView key, base::Bytes value) override;
  NameResult delete_meta(base::Now now, base::BytesView key) override;
  [[nodiscard]] bool has_unique_keys() const override { return true; }
  [[nodiscard]] std::optional<NameEntry> lookup(base::BytesView) const override { return {}; }
  [[nodiscard]] std::vector<NameEntry> entries(base::BytesView) const override { return {}; }
  [[nodiscard]] std::vector<base::BytesView> keys(const Pid&) const override { return {}; }
  [[nodiscard]] std::size_t count() const override { return 0; }
  void visit(const std::function<void(const NameEntry&)>&) const override {}
  [[nodiscard]] std::optional<base::BytesView> meta(base::BytesView) const override { return {}; }
  void process_ended(base::Now, const Pid&) override {}
};

// What follows from visit and entries, the same for every implementation.
[[nodiscard]] std::vector<base::Bytes> values(const Names& names, base::BytesView key,
                                              const Pid& pid);
[[nodiscard]] std::vector<NameEntry> match(const Names& names, base::BytesView key,
                                           const NamePredicate& which);
[[nodiscard]] std::size_t count_match(const Names& names, base::BytesView key,
                                      const NamePredicate& which);
/// `project` of every entry that `which` takes, ascending by pid, then key.
template <class Project>
[[nodiscard]] auto select(const Names& names, const NamePredicate& which, Project&& project) {
  std::vector<std::decay_t<std::invoke_result_t<Project, const NameEntry&>>> out;
  names.visit([&](const NameEntry& entry) {
    if (which(entry)) {
      out.push_back(project(entry));
    }
  });
  return out;
}
[[nodiscard]] std::size_t count_select(const Names& names, const NamePredicate& which);
/// Calls `what` once with the entries of the key, if there are any; whether it did.
bool dispatch(const Names& names, base::BytesView key,
              const std::function<void(const std::vector<NameEntry>&)>& what);

}  // namespace horde::process
