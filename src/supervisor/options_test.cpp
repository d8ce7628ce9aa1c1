#include "supervisor/options.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "supervisor/spec_codec.hpp"
#include "wire/limits.hpp"

namespace horde::supervisor {
namespace {

using base::milliseconds;
using base::seconds;

// Shows: options.defaults, options.max_restarts, options.max_seconds, options.redistribution
TEST(SupervisorOptions, HaveTheDefaultsOfTheOriginal) {
  const Options options;
  EXPECT_EQ(options.max_restarts, 3U);
  EXPECT_EQ(options.healthy_after, seconds(5));
  EXPECT_EQ(options.max_children, std::numeric_limits<std::size_t>::max());
  EXPECT_EQ(options.redistribution, Redistribution::passive);
  EXPECT_EQ(refusal_of(options), "");
}

// Shows: options.invalid
TEST(SupervisorOptions, ThatAreWrongAreRefusedByTheNameOfTheField) {
  struct Row {
    std::function<void(Options&)> change;
    std::string why;
  };
  const std::vector<Row> rows = {
      {[](Options& o) { o.redistribution = static_cast<Redistribution>(7); },
       "redistribution: wants passive or active"},
      {[](Options& o) { o.duplicates = static_cast<Duplicates>(7); },
       "duplicates: wants stop or leave"},
      {[](Options& o) { o.on_intensity = static_cast<OnIntensity>(7); },
       "on_intensity: wants quarantine or shutdown"},
      {[](Options& o) { o.moves_max = 0; }, "moves_max: wants at least 1, not 0"},
      {[](Options& o) { o.siblings_kept = 0; }, "siblings_kept: wants at least 1, not 0"},
      {[](Options& o) { o.backoff = seconds(11); }, "backoff: wants 1ms to 10s, not 11s"},
      {[](Options& o) { o.quarantine = seconds(3'601); },
       "quarantine: wants 1ms to 3600s, not 3601s"},
  };
  for (const Row& row : rows) {
    Options options;
    row.change(options);
    EXPECT_EQ(refusal_of(options), row.why);
  }
  const std::vector<std::pair<std::string, base::Duration Options::*>> times = {
      {"healthy_after", &Options::healthy_after},
      {"backoff", &Options::backoff},
      {"backoff_max", &Options::backoff_max},
      {"quarantine", &Options::quarantine},
      {"quarantine_max", &Options::quarantine_max},
      {"quorum_stop_max", &Options::quorum_stop_max},
      {"doubt_time", &Options::doubt_time},
      {"settle_time", &Options::settle_time},
      {"stay_min", &Options::stay_min},
      {"offer_timeout", &Options::offer_timeout},
      {"ask_interval", &Options::ask_interval},
      {"retry_interval", &Options::retry_interval},
      {"poll_interval", &Options::poll_interval},
      {"clock_bound", &Options::clock_bound}};
  for (const auto& [name, field] : times) {
    for (const base::Duration wrong : {milliseconds(-1), base::Duration{std::int64_t{1} << 62}}) {
      Options options;
      options.*field = wrong;
      EXPECT_TRUE(refusal_of(options).starts_with(name + ": wants ")) << refusal_of(options);
      const Options delayed{.takeover_delay = wrong};
      EXPECT_TRUE(refusal_of(delayed).starts_with("takeover_delay: wants "));
    }
  }
}

// Shows: options.invalid
TEST(SupervisorOptions, NameTheStaticChildThatIsWrong) {
  Options options;
  options.static_children = {{"a", {.start = "ok"}}, {"b", {.start = "ok"}}};
  EXPECT_EQ(refusal_of(options), "");
  options.static_children[1].spec.placement_key = "k";
  EXPECT_EQ(refusal_of(options),
            "static_children[1].spec.placement_key: must be set exactly if placed by key");
  options.static_children[1] = options.static_children[0];
  EXPECT_EQ(refusal_of(options), "static_children[1].name: wants one that no other has, not a");
  options.static_children[0].name.clear();
  EXPECT_EQ(refusal_of(options), "static_children[0].name: wants at least one byte");
}

// Shows: spec.defaults, spec.infinity
TEST(SupervisorChildSpec, HasTheDefaultsOfTheOriginal) {
  ChildSpec spec{.start = "ok"};
  EXPECT_EQ(spec.restart, Restart::permanent);
  EXPECT_EQ(spec.type, ChildType::worker);
  EXPECT_EQ(spec.effective_shutdown().grace, seconds(5));
  spec.type = ChildType::supervisor;
  EXPECT_EQ(spec.effective_shutdown().grace, Shutdown::kForever);
  // It travels as what it means.
  wire::Writer writer;
  write_spec(writer, spec);
  const base::Bytes bytes = std::move(writer).take();
  wire::Reader reader(bytes);
  EXPECT_EQ(read_spec(reader).shutdown, Shutdown{Shutdown::kForever});
}

// Shows: spec.invalid
TEST(SupervisorChildSpec, ThatIsWrongIsRefusedByTheNameOfTheField) {
  struct Row {
    std::function<void(ChildSpec&)> change;
    std::string why;
  };
  const std::vector<Row> rows = {
      {[](ChildSpec& s) { s.restart = static_cast<Restart>(7); },
       "restart: wants permanent, transient or temporary"},
      {[](ChildSpec& s) { s.type = static_cast<ChildType>(7); },
       "type: wants worker or supervisor"},
      {[](ChildSpec& s) { s.place_by = static_cast<PlaceBy>(7); },
       "place_by: wants id, key or spec"},
      {[](ChildSpec& s) { s.start.assign(wire::kChildStartBytesMax + 1, 'x'); },
       "start: wants at most 49152 bytes, not 49153"},
      {[](ChildSpec& s) { s.modules.assign(wire::kChildModulesBytesMax + 1, 'x'); },
       "modules: wants at most 1024 bytes, not 1025"},
      {[](ChildSpec& s) {
         s.place_by = PlaceBy::key;
         s.placement_key.assign(wire::kPlacementKeyBytesMax + 1, 'x');
       },
       "placement_key: wants at most 512 bytes, not 513"},
      {[](ChildSpec& s) { s.placement_key = "k"; },
       "placement_key: must be set exactly if placed by key"},
      {[](ChildSpec& s) { s.shutdown = Shutdown{milliseconds(-1)}; },
       "shutdown: wants brutal_kill (0), a time or infinity, not -1ms"},
  };
  for (const Row& row : rows) {
    ChildSpec spec{.start = "ok"};
    row.change(spec);
    EXPECT_EQ(refusal_of(spec), row.why);
  }
  EXPECT_EQ(refusal_of(ChildSpec{.start = "ok", .shutdown = Shutdown{{}}}), "");
}

}  // namespace
}  // namespace horde::supervisor
