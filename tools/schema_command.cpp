// `horde schema`: prints the JSON Schema of scenario files.
#include <cstdio>

#include "scenario/parse.hpp"
#include "tools/commands.hpp"

namespace horde::tools {

Action add_schema_command(CLI::App& app) {
  app.description("print the JSON Schema of scenario files");
  return [] {
    const std::string schema = scenario::json_schema();
    return std::fputs(schema.c_str(), stdout) < 0 ? 4 : 0;
  };
}

}  // namespace horde::tools
