// Agent: a process that is nothing but a state, read and changed by requests.
//
//   request:  u8 operation, then     get: nothing | put: blob value | update: blob function, blob
//   argument answer:   get: the state | put: nothing | update: what the function returned
//
// Functions cannot travel, so updates name one that the agent's type was made with. A request that
// does not decode, or names an unknown function, ends the agent, as in Elixir's Agent. Its first
// argument is its first state. Source: Elixir's Agent (get, update, get_and_update). Deviations:
// the state is bytes.
#pragma once

#include <functional>
#include <map>

#include "process/server.hpp"

namespace horde::process {

class Agent final : public Server {
 public:
  /// Changes `state`; what it returns is the answer.
  using Update = std::function<base::Bytes(base::Bytes& state, base::BytesView argument)>;
  using Updates = std::map<base::Bytes, Update, std::less<>>;
  explicit Agent(Updates updates) : updates_(std::move(updates)) {}

  [[nodiscard]] static base::Bytes get();
  [[nodiscard]] static base::Bytes put(base::BytesView value);
  [[nodiscard]] static base::Bytes update(base::BytesView function, base::BytesView argument);

  Init init(Context& context, const Args& args) override;
  void handle_call(Context& context, const Request& request) override;

 private:
  base::Bytes state_;
  Updates updates_;
};

}  // namespace horde::process
