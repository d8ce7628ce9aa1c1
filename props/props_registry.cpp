// props_registry: random schedules of three members of a registry against the model.
#include "props/names/world.hpp"
#include "props/schedule_program.hpp"

int main(int argc, char** argv) {
  using namespace horde::props::names;
  horde::props::ScheduleProgram program(horde::props::Suite<Schedule, Verdict, Tally>{
      .about = "Random schedules of a registry against the model.",
      .fields = {{"steps", &Tally::steps},
                 {"registered", &Tally::registered},
                 {"from their own child", &Tally::from_own_child},
                 {"refused as taken", &Tally::taken},
                 {"had to wait", &Tally::waited},
                 {"values changed", &Tally::updated},
                 {"names lost", &Tally::lost},
                 {"to their own child", &Tally::lost_to_own_child},
                 {"losers killed", &Tally::killed},
                 {"members hidden", &Tally::hidden},
                 {"boots", &Tally::reboots},
                 {"without their disk", &Tally::disks_lost},
                 {"hears it is no member", &Tally::not_listed},
                 {"names decided at last", &Tally::decided}},
      .make = make_schedule,
      .run = run_schedule,
      .shrink = shrink,
      .story = story});
  CLI11_PARSE(program.app(), argc, argv);
  return program.run();
}
