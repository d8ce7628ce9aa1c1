#include "process/agent.hpp"

#include "wire/codec.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

constexpr std::uint8_t kGet = 1;
constexpr std::uint8_t kPut = 2;
constexpr std::uint8_t kUpdate = 3;

}  // namespace

base::Bytes Agent::get() {
  return base::Bytes(1, static_cast<char>(kGet));
}

base::Bytes Agent::put(base::BytesView value) {
  wire::Writer writer;
  writer.u8(kPut);
  writer.blob(value);
  return std::move(writer).take();
}

base::Bytes Agent::update(base::BytesView function, base::BytesView argument) {
  wire::Writer writer;
  writer.u8(kUpdate);
  writer.blob(function);
  writer.blob(argument);
  return std::move(writer).take();
}

Init Agent::init(Context& /*context*/, const Args& args) {
  if (!args.empty()) {
    state_ = args.front();
  }
  return Init::ok();
}

void Agent::handle_call(Context& context, const Request& request) {
  wire::Reader reader(request.bytes);
  const std::uint8_t operation = reader.u8();
  base::BytesView first;
  base::BytesView second;
  if (operation == kPut || operation == kUpdate) {
    first = reader.blob(wire::kPayloadBytesMax);
  }
  if (operation == kUpdate) {
    second = reader.blob(wire::kPayloadBytesMax);
  }
  const auto update = operation == kUpdate ? updates_.find(first) : updates_.end();
  const bool known = operation == kGet || operation == kPut || update != updates_.end();
  if (!known || !reader.ok() || reader.remaining() != 0) {
    context.stop(ExitReason::error("bad agent request"));
    return;
  }
  if (operation == kGet) {
    context.reply(request.from, state_);
  } else if (operation == kPut) {
    state_ = base::Bytes(first);
    context.reply(request.from, {});
  } else {
    context.reply(request.from, update->second(state_, second));
  }
}

}  // namespace horde::process
