#include "node/horde_names.hpp"

#include <algorithm>

namespace horde::node {

using process::NameEntry;
using process::NameResult;
using registry::Registry;

NameResult HordeNames::register_name(base::Now now, const process::Pid& self,
                                     const process::Registration& what) {
  NameResult result;
  act([&](Registry& registry, registry::Outputs& out) {
    result = registry.register_name(now, registrant_(self), what, out);
  });
  return result;
}

NameResult HordeNames::unregister_name(base::Now now, const process::Pid& self,
                                       base::BytesView key) {
  NameResult result;
  act([&](Registry& registry, registry::Outputs& out) {
    result = registry.unregister_name(now, self, key, out);
  });
  return result;
}

std::size_t HordeNames::unregister_match(base::Now now, const process::Pid& self,
                                         base::BytesView key, const process::NamePredicate& which) {
  std::size_t count = 0;
  act([&](Registry& registry, registry::Outputs& out) {
    count = registry.unregister_match(now, self, key, which, out);
  });
  return count;
}

std::expected<process::UpdatedValue, process::NameRefusal> HordeNames::update_value(
    base::Now now, const process::Pid& self, base::BytesView key,
    const std::function<base::Bytes(base::BytesView)>& change) {
  std::expected<process::UpdatedValue, process::NameRefusal> result;
  act([&](Registry& registry, registry::Outputs& out) {
    result = registry.update_value(now, self, key, change, out);
  });
  return result;
}

NameResult HordeNames::put_meta(base::Now now, base::BytesView key, base::Bytes value) {
  NameResult result;
  act([&](Registry& registry, registry::Outputs& out) {
    result = registry.put_meta(now, key, std::move(value), out);
  });
  return result;
}

NameResult HordeNames::delete_meta(base::Now now, base::BytesView key) {
  NameResult result;
  act([&](Registry& registry, registry::Outputs& out) {
    result = registry.delete_meta(now, key, out);
  });
  return result;
}

void HordeNames::process_ended(base::Now now, const process::Pid& pid) {
  act([&](Registry& registry, registry::Outputs& out) { registry.process_ended(now, pid, out); });
}

// --- Reads.

bool HordeNames::has_unique_keys() const {
  return registry_.options().keys == registry::Keys::unique;
}

std::optional<NameEntry> HordeNames::lookup(base::BytesView key) const {
  const registry::Holding* const holding = registry_.table().lookup(key);
  return holding == nullptr ? std::nullopt
                            : std::optional(NameEntry{key, holding->pid, holding->value});
}

std::vector<NameEntry> HordeNames::entries(base::BytesView key) const {
  std::vector<NameEntry> out;
  for (const registry::Holding* const holding : registry_.table().shown(key)) {
    out.push_back({key, holding->pid, holding->value});
  }
  return out;
}

std::vector<base::BytesView> HordeNames::keys(const process::Pid& pid) const {
  return registry_.table().keys(pid);
}

std::size_t HordeNames::count() const {
  return registry_.table().shown_count();
}

void HordeNames::visit(const std::function<void(const NameEntry&)>& each) const {
  registry_.table().visit(each);
}

std::optional<base::BytesView> HordeNames::meta(base::BytesView key) const {
  const auto it = registry_.meta().find(key);
  return it == registry_.meta().end() ? std::nullopt : std::optional<base::BytesView>(it->second);
}

}  // namespace horde::node
