// What a registry reads from its map and sends to listeners: what decodes is, byte for byte, what
// the encoder writes for it. The first byte says which; keys and values are given to a registry,
// which must go on.
#include "registry/name.hpp"

#include "base/assert.hpp"
#include "props/fuzz/targets.hpp"
#include "registry/registry.hpp"

namespace horde::props {
namespace {

enum class Form : std::uint8_t { key, value, event, conflict };

const base::RunId kOther{base::NodeId::of("other"), 3};

void give(const crdt::Key& key, const crdt::Value& value) {
  const base::RunId self{base::NodeId::of("own"), 1};
  registry::Registry names(self, "names", {}, base::Rng(1));
  registry::Outputs out;
  const base::Now now{{1}, {1}};
  names.on_view(now,
                {.members = {self.node, kOther.node},
                 .reachable = {{self.node, 1}, {kOther.node, 3}},
                 .suspects = {}},
                out);
  names.on_synced(now, out);
  const std::vector<registry::EntryChange> put{
      {key, {{.dot = {kOther, 1}, .kind = crdt::Kind::put, .stamp = 1, .value = value}}}};
  names.on_entries(now, put, out);
  names.table().visit([](const process::NameEntry& entry) { HORDE_ASSERT(!entry.key.empty()); });
  const std::vector<registry::EntryChange> gone{{key, {}}};
  names.on_entries(now, gone, out);
  HORDE_ASSERT(names.table().holdings_count() == 0);
}

crdt::Value some_value() {
  return registry::encode(registry::NameValue{
      .serial = 5,
      .rank = {.priority = -7, .birth_ns = 100, .id = {1, 2}, .is_child = true, .term = 9},
      .value = "v"});
}

}  // namespace

void run_name(base::BytesView input) {
  if (input.empty()) {
    return;
  }
  const base::BytesView bytes = input.substr(1);
  switch (static_cast<Form>(input.front() & 3)) {
    case Form::key:
      if (const auto key = registry::name_key_of(bytes)) {
        HORDE_ASSERT(registry::encode(*key) == bytes);
        give(base::Bytes(bytes), some_value());
      }
      return;
    case Form::value:
      if (const auto value = registry::decode_name_value(bytes)) {
        HORDE_ASSERT(registry::encode(*value) == bytes);
      }
      give(registry::encode(registry::NameKey{"k", kOther, 0}), base::Bytes(bytes));
      return;
    case Form::event:
      if (const auto event = registry::decode_event(bytes)) {
        HORDE_ASSERT(registry::encode(*event) == bytes);
      }
      return;
    case Form::conflict: {
      const process::ExitReason reason{process::ExitReason::Kind::name_conflict,
                                       base::Bytes(bytes)};
      if (const auto conflict = process::name_conflict_of(reason)) {
        HORDE_ASSERT(process::ExitReason::name_conflict(*conflict) == reason);
      }
      HORDE_ASSERT(!to_string(reason).empty());
      return;
    }
  }
}

std::vector<base::Bytes> name_seeds() {
  const process::Pid pid{kOther, 5};
  const auto of = [](Form form, base::BytesView bytes) {
    return base::Bytes(1, static_cast<char>(form)) + base::Bytes(bytes);
  };
  return {
      of(Form::key, registry::encode(registry::NameKey{"leader", kOther, 0})),
      of(Form::key, registry::encode(registry::NameKey{"topic", kOther, 300})),
      of(Form::value, some_value()),
      of(Form::event, registry::encode(registry::Event{.kind = registry::Event::Kind::registered,
                                                       .registry = "names",
                                                       .key = "leader",
                                                       .pid = pid,
                                                       .value = "v",
                                                       .cause = registry::Cause::conflict})),
      of(Form::conflict, process::ExitReason::name_conflict(
                             {.registry = "names", .key = "leader", .value = "v", .winner = pid})
                             .detail)};
}

}  // namespace horde::props
