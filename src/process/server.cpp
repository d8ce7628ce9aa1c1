#include "process/server.hpp"

#include "base/assert.hpp"
#include "wire/limits.hpp"

namespace horde::process {

void Server::handle_call(Context& context, const Request& /*request*/) {
  context.stop(ExitReason::error("unexpected request"));
}

void Server::handle_cast(Context& context, const Cast& /*cast*/) {
  context.stop(ExitReason::error("unexpected cast"));
}

void ProcessTypes::add(base::BytesView name, Factory factory) {
  HORDE_ASSERT(!name.empty() && name.size() <= wire::kProcessNameBytesMax);
  const bool inserted = factories_.emplace(name, std::move(factory)).second;
  HORDE_ASSERT(inserted);
}

void ProcessTypes::wrap(const std::function<Factory(const Factory&)>& change) {
  for (auto& [name, factory] : factories_) {
    factory = change(factory);
  }
}

const ProcessTypes::Factory* ProcessTypes::find(base::BytesView name) const {
  const auto it = factories_.find(name);
  return it == factories_.end() ? nullptr : &it->second;
}

}  // namespace horde::process
