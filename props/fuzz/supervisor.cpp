// A supervisor's options, requests and answers: the first byte says which. What decodes is, byte
// for byte, what the encoder writes for it; and a supervisor survives any options and requests.
#include "process/supervisor.hpp"

#include "base/assert.hpp"
#include "process/builtin_types.hpp"
#include "process/runtime.hpp"
#include "props/fuzz/some_specs.hpp"
#include "props/fuzz/targets.hpp"

namespace horde::props {
using namespace horde::process;

namespace {

template <class Decoded>
void check(const Decoded& decoded, base::BytesView input) {
  if (decoded) {
    HORDE_ASSERT(encode(*decoded) == input);
  }
}

/// A supervisor with these options, if they are any, is asked `request`.
void ask(base::BytesView options, base::BytesView request) {
  ProcessTypes types;
  add_builtin_types(types);
  add_supervisor_type(types);
  Runtime runtime({base::NodeId::of("n1"), 7}, types, {.processes_max = 100}, base::Rng(1));
  const Pid port = runtime.open_port("fuzz");
  Outputs out;
  runtime.act(
      {}, port,
      [&](Context& context) {
        const Args args = options.empty() ? Args{} : Args{base::Bytes(options)};
        const auto pid = context.spawn({.type = "supervisor", .args = args});
        if (pid) {
          context.call(*pid, request, base::seconds(1));
        }
      },
      out);
  for (int second = 1; second < 4; ++second) {
    runtime.on_timeout({base::Instant{} + base::seconds(second), {}}, out);
  }
}

}  // namespace

void run_supervisor(base::BytesView input) {
  if (input.empty()) {
    return;
  }
  const base::BytesView rest = input.substr(1);
  switch (static_cast<unsigned char>(input[0]) % 5U) {
    case 0:
      check(decode_supervisor_options(rest), rest);
      ask(rest, supervisor::encode(supervisor::Request(supervisor::CountChildren{})));
      break;
    case 1:
      check(supervisor::decode_request(rest), rest);
      ask({}, rest);
      break;
    case 2:
      check(supervisor::decode_answer(rest), rest);
      break;
    case 3:
      check(supervisor::decode_rows(rest), rest);
      break;
    default:
      check(supervisor::decode_counts(rest), rest);
      break;
  }
}

std::vector<base::Bytes> supervisor_seeds() {
  using namespace horde::process::supervisor;
  const Pid pid{{base::NodeId::of("n1"), 7}, 2};
  std::vector<base::Bytes> seeds = {
      base::Bytes(1, '\0') + encode(SupervisorOptions{}),
      base::Bytes(1, '\0') + encode(SupervisorOptions{.children = some_specs()})};
  for (const supervisor::Request& request :
       {supervisor::Request(StartChild{some_specs()[1]}), supervisor::Request(TerminateChild{pid}),
        supervisor::Request(WhichChildren{}), supervisor::Request(CountChildren{}),
        supervisor::Request(Release{base::Bytes("a")})}) {
    seeds.push_back("\x01" + encode(request));
  }
  for (const Answer& answer :
       {Answer{.pid = pid, .info = "x"}, Answer{.kind = Answer::Kind::ignore},
        Answer{.kind = Answer::Kind::error, .reason = ExitReason::error("x")}}) {
    seeds.push_back("\x02" + encode(answer));
  }
  seeds.push_back("\x03" + encode(std::vector<ChildRow>{{.id = "a", .pid = pid, .modules = {"M"}},
                                                        {.id = "b"}}));
  seeds.push_back("\x04" + encode(Counts{3, 2, 1, 2}));
  return seeds;
}

}  // namespace horde::props
