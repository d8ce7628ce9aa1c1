// `horde trace FILE --as text`: a recorded run for people.
#include <fmt/format.h>

#include <memory>

#include "scenario/run.hpp"
#include "sim/core/trace_file.hpp"
#include "tools/commands.hpp"

namespace horde::tools {
namespace {

int print_trace(const std::string& file) {
  const auto fail = [&](const sim::TraceError& error) {
    const std::string line = error.line == 0 ? "" : fmt::format(":{}", error.line);
    std::fflush(stdout);
    fmt::print(stderr, "{}{}: {}; record one with: horde run FILE --trace {}\n", file, line,
               error.what, file);
    return static_cast<int>(scenario::Verdict::bad_input);
  };
  auto reader = sim::TraceReader::open(file);
  if (!reader) {
    return fail(reader.error());
  }
  sim::TracePrinter printer;
  while (true) {
    const auto event = reader->next();
    if (!event) {
      return fail(event.error());
    }
    if (!*event) {
      return 0;
    }
    fmt::print("{}\n", printer.print(**event));
  }
}

}  // namespace

Action add_trace_command(CLI::App& app) {
  app.description("print a recorded run");
  struct Args {
    std::string file;
    std::string format = "text";
  };
  auto args = std::make_shared<Args>();
  app.add_option("FILE", args->file, "a trace that `horde run --trace` wrote")->required();
  app.add_option("--as", args->format, "the form")
      ->check(CLI::IsMember({"text"}))
      ->capture_default_str();
  return [args] { return print_trace(args->file); };
}

}  // namespace horde::tools
