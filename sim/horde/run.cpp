#include "sim/horde/run.hpp"

#include "scenario/runner.hpp"
#include "sim/core/trace_file.hpp"
#include "sim/horde/horde_world.hpp"
#include "sim/horde/ring_world.hpp"

namespace horde::sim {
namespace {

std::string text_of(const TraceError& error) {
  return error.what;
}

std::expected<scenario::RunResult, std::string> run_in(SimWorld& world,
                                                       scenario::Runner::Checkers own,
                                                       const scenario::Scenario& scenario,
                                                       std::uint64_t seed,
                                                       const scenario::RunOptions& options) {
  std::optional<TraceWriter> writer;
  if (!options.trace_file.empty()) {
    auto created = TraceWriter::create(options.trace_file, seed);
    if (!created) {
      return std::unexpected(text_of(created.error()));
    }
    writer.emplace(std::move(*created));
    world.simulator().record_to(*writer);
  }
  scenario::Runner runner(scenario, seed, world, std::move(own));
  if (options.on_drawn) {
    options.on_drawn(runner.drawn());
  }
  scenario::RunResult result = runner.run();
  result.events = world.simulator().counts().inputs;
  result.hash = world.simulator().trace_hash();
  if (writer) {
    if (const auto finished = writer->finish(); !finished) {
      return std::unexpected(text_of(finished.error()));
    }
  }
  return result;
}

}  // namespace

std::expected<scenario::RunResult, std::string> run_simulated(const scenario::Scenario& scenario,
                                                              const scenario::RunOptions& options) {
  const std::uint64_t seed = options.seed.value_or(scenario.seed);
  switch (scenario.protocol) {
    case scenario::Protocol::horde: {
      HordeWorld world(scenario, seed);
      return run_in(world, {}, scenario, seed, options);
    }
    case scenario::Protocol::token_ring: {
      if (scenario.nodes.size() < 2) {
        return std::unexpected("a token ring needs two nodes or more");
      }
      RingWorld world(scenario, seed);
      scenario::Runner::Checkers own;
      own.push_back(std::make_unique<RingChecker>(world));
      return run_in(world, std::move(own), scenario, seed, options);
    }
  }
  return std::unexpected("a protocol that this build does not have");
}

}  // namespace horde::sim
