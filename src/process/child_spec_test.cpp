#include "process/child_spec.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "process/supervisor_messages.hpp"
#include "wire/limits.hpp"

namespace horde::process {
namespace {

ChildSpec full_spec() {
  return {.id = "id-1",
          .type = "crasher",
          .args = {"after_ms=5", ""},
          .restart = Restart::transient,
          .shutdown = Shutdown::after(base::milliseconds(1500)),
          .kind = ChildKind::supervisor,
          .modules = {"A", "B"},
          .placement_key = "room-7"};
}

std::string problem(const ChildSpec& spec) {
  const auto result = validate(spec);
  return result ? "" : to_string(result.error());
}

TEST(ChildSpecs, AreReadAsTheyWereWritten) {
  EXPECT_EQ(decode_child_spec(encode(full_spec())), full_spec());
  for (const Shutdown shutdown : {Shutdown::brutal_kill(), Shutdown::infinity()}) {
    ChildSpec spec = full_spec();
    spec.shutdown = shutdown;
    EXPECT_EQ(decode_child_spec(encode(spec)), spec);
  }
}

TEST(ChildSpecs, TravelWithTheShutdownThatTheyMean) {
  const ChildSpec worker{.type = "echo"};
  EXPECT_EQ(decode_child_spec(encode(worker))->shutdown, Shutdown::after(base::seconds(5)));
  const ChildSpec supervisor{.type = "supervisor", .kind = ChildKind::supervisor};
  EXPECT_EQ(decode_child_spec(encode(supervisor))->shutdown, Shutdown::infinity());
}

TEST(ChildSpecs, ThatAreWrongNameTheFieldAndWhatWouldBeRight) {
  EXPECT_EQ(problem(full_spec()), "");
  EXPECT_EQ(problem({}), "type: wants 1 to 512 bytes, not 0");
  ChildSpec spec = full_spec();
  spec.shutdown = Shutdown::after(base::microseconds(1));
  EXPECT_EQ(problem(spec),
            "shutdown: wants whole milliseconds from 0 on, brutal_kill or infinity, not 1us");
  spec = full_spec();
  spec.modules.push_back("");
  EXPECT_EQ(problem(spec), "modules: wants 1 to 512 bytes, not 0");
  spec = full_spec();
  spec.args.assign(2000, "");
  EXPECT_EQ(problem(spec), "args: wants at most 1024 arguments, not 2000");
  spec.args.assign(1, base::Bytes(wire::kArgsBytesMax + 1, 'x'));
  EXPECT_EQ(problem(spec), "args: wants at most 65536 bytes in all, not 65537");
  spec = full_spec();
  spec.placement = Placement::spec;
  EXPECT_EQ(problem(spec),
            "placement_key: has no meaning with placement by spec: leave one of them out");
}

TEST(ChildSpecs, AreMadeOfTextsThatSayWhatIsWrong) {
  EXPECT_EQ(restart_of("transient"), Restart::transient);
  EXPECT_EQ(to_string(restart_of("often").error()),
            "restart: wants permanent, transient or temporary, not often");
  EXPECT_EQ(shutdown_of("250"), Shutdown::after(base::milliseconds(250)));
  EXPECT_EQ(shutdown_of("brutal_kill"), Shutdown::brutal_kill());
  EXPECT_EQ(to_string(shutdown_of("-1").error()),
            "shutdown: wants brutal_kill, infinity or milliseconds, not -1");
  EXPECT_EQ(kind_of("worker"), ChildKind::worker);
  EXPECT_EQ(to_string(kind_of("boss").error()), "kind: wants worker or supervisor, not boss");
}

// Goal: any bytes are refused or mean exactly what would be written. Method: damage good ones.
TEST(ChildSpecs, AndRequestsHaveOneEncodingEach) {
  base::Rng rng(3);
  const std::vector<base::Bytes> good = {
      encode(full_spec()), encode(SupervisorOptions{.children = {full_spec()}}),
      supervisor::encode(supervisor::Request(supervisor::StartChild{full_spec()})),
      supervisor::encode(
          supervisor::Request(supervisor::TerminateChild{Pid{{base::NodeId::of("n1"), 7}, 5}}))};
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t which = rng.below(good.size());
    base::Bytes bytes = good[which];
    const std::size_t place = rng.below(bytes.size());
    bytes[place] = static_cast<char>(rng.below(256));
    if (which == 0) {
      const auto spec = decode_child_spec(bytes);
      accepted += spec ? 1 : 0;
      EXPECT_TRUE(!spec || encode(*spec) == bytes);
    } else if (which == 1) {
      const auto options = decode_supervisor_options(bytes);
      accepted += options ? 1 : 0;
      EXPECT_TRUE(!options || encode(*options) == bytes);
    } else {
      const auto request = supervisor::decode_request(bytes);
      accepted += request ? 1 : 0;
      EXPECT_TRUE(!request || supervisor::encode(*request) == bytes);
    }
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace horde::process
