// The horde program: commands around scenarios.
//
// Exit codes: 0 all held, 1 an invariant or expectation failed, 2 it did not settle, 3 not
// deterministic, 4 bad scenario or usage, 5 a `sometimes` was never seen.
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "scenario/run.hpp"
#include "tools/commands.hpp"

namespace {

constexpr int kBadInput = static_cast<int>(horde::scenario::Verdict::bad_input);

int run_program(int argc, char** argv) {
  CLI::App app("A distributed process registry and supervisor, and the simulator it is tested in.");
  app.name("horde");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 all held, 1 an invariant or expectation failed, 2 did not settle,\n"
      "3 not deterministic, 4 bad scenario or usage, 5 a `sometimes` was never seen.");
  using Add = horde::tools::Action (*)(CLI::App&);
  const std::vector<std::pair<const char*, Add>> commands{
      {"run", horde::tools::add_run_command},
      {"sweep", horde::tools::add_sweep_command},
      {"verify", horde::tools::add_verify_command},
      {"validate", horde::tools::add_validate_command},
      {"schema", horde::tools::add_schema_command},
      {"trace", horde::tools::add_trace_command}};
  std::vector<horde::tools::Action> actions;
  for (const auto& [name, add] : commands) {
    actions.push_back(add(*app.add_subcommand(name)));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadInput;
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (app.got_subcommand(commands[i].first)) {
      return actions[i]();
    }
  }
  return kBadInput;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const std::exception& error) {  // Out of memory, a full disk behind stdout, ...
    std::fprintf(stderr, "horde: %s\n", error.what());
    return kBadInput;
  }
}
