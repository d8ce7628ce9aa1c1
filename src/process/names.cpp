#include "process/names.hpp"

namespace horde::process {

std::string_view to_string(NameErrc code) {
  switch (code) {
    case NameErrc::already_registered:
      return "already_registered";
    case NameErrc::wait:
      return "wait";
    case NameErrc::not_held:
      return "not_held";
    case NameErrc::not_local:
      return "not_local";
    case NameErrc::not_found:
      return "not_found";
    case NameErrc::empty_key:
      return "empty_key";
    case NameErrc::key_over_limit:
      return "key_over_limit";
    case NameErrc::value_over_limit:
      return "value_over_limit";
    case NameErrc::priority_over_limit:
      return "priority_over_limit";
    case NameErrc::names_over_limit:
      return "names_over_limit";
    case NameErrc::duplicate_keys:
      return "duplicate_keys";
    case NameErrc::shutting_down:
      return "shutting_down";
    case NameErrc::unknown_registry:
      return "unknown_registry";
  }
  return "unknown";
}

namespace {

std::unexpected<NameRefusal> no_registry() {
  return std::unexpected(NameRefusal{NameErrc::unknown_registry, {}});
}

}  // namespace

NameResult NoNames::register_name(base::Now, const Pid&, const Registration&) {
  return no_registry();
}

NameResult NoNames::unregister_name(base::Now, const Pid&, base::BytesView) {
  return no_registry();
}

std::expected<UpdatedValue, NameRefusal> NoNames::update_value(
    base::Now, const Pid&, base::BytesView, const std::function<base::Bytes(base::BytesView)>&) {
  return no_registry();
}

NameResult NoNames::put_meta(base::Now, base::BytesView, base::Bytes) {
  return no_registry();
}

NameResult NoNames::delete_meta(base::Now, base::BytesView) {
  return no_registry();
}

std::vector<base::Bytes> values(const Names& names, base::BytesView key, const Pid& pid) {
  std::vector<base::Bytes> out;
  for (const NameEntry& entry : names.entries(key)) {
    if (entry.pid == pid) {
      out.emplace_back(entry.value);
    }
  }
  return out;
}

std::vector<NameEntry> match(const Names& names, base::BytesView key, const NamePredicate& which) {
  std::vector<NameEntry> out = names.entries(key);
  std::erase_if(out, [&](const NameEntry& entry) { return !which(entry); });
  return out;
}

std::size_t count_match(const Names& names, base::BytesView key, const NamePredicate& which) {
  return match(names, key, which).size();
}

std::size_t count_select(const Names& names, const NamePredicate& which) {
  std::size_t count = 0;
  names.visit([&](const NameEntry& entry) { count += which(entry) ? 1 : 0; });
  return count;
}

bool dispatch(const Names& names, base::BytesView key,
              const std::function<void(const std::vector<NameEntry>&)>& what) {
  const std::vector<NameEntry> entries = names.entries(key);
  if (entries.empty()) {
    return false;
  }
  what(entries);
  return true;
}

}  // namespace horde::process
