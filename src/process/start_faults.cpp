#include "process/start_faults.hpp"

namespace horde::process {
namespace {

class Faulty final : public Server {
 public:
  explicit Faulty(StartFault fault) : fault_(fault) {}

  Init init(Context& context, const Args& /*args*/) override {
    switch (fault_) {
      case StartFault::block:
        return Init::later();
      case StartFault::ignore:
        return Init::ignore();
      case StartFault::crash:
        return context.send_after({}, {}) ? Init::ok()
                                          : Init::stop(ExitReason::error("over_limit"));
      case StartFault::none:
      case StartFault::fail:
        break;
    }
    return Init::stop(ExitReason::error("start fault"));
  }

  void handle_info(Context& context, const Info& /*info*/) override {
    context.stop(ExitReason::error("crash after a start"));
  }

 private:
  StartFault fault_;
};

}  // namespace

void add_start_faults(ProcessTypes& types, const StartFault& fault) {
  types.wrap([&fault](const ProcessTypes::Factory& inner) -> ProcessTypes::Factory {
    return [&fault, inner]() -> std::unique_ptr<Server> {
      return fault == StartFault::none ? inner() : std::make_unique<Faulty>(fault);
    };
  });
}

}  // namespace horde::process
