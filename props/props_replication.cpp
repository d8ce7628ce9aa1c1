// props_replication: random schedules of two to four replicas against the oracle.
#include "props/replication/shrink.hpp"
#include "props/schedule_program.hpp"

int main(int argc, char** argv) {
  using namespace horde::props;
  horde::props::ScheduleProgram program(horde::props::Suite<Schedule, Verdict, Tally>{
      .about = "Random schedules of two to four replicas against the oracle.",
      .fields = {{"steps", &Tally::steps},
                 {"messages", &Tally::messages},
                 {"restarts", &Tally::restarts},
                 {"rollbacks", &Tally::rollbacks},
                 {"lost disks", &Tally::lost_disks},
                 {"conflicts", &Tally::conflicts},
                 {"early events", &Tally::early},
                 {"truncated pages", &Tally::truncated},
                 {"reconciliations", &Tally::reconciled},
                 {"tombstones dropped", &Tally::tombstones_dropped},
                 {"runs closed", &Tally::closed},
                 {"members expelled", &Tally::expelled},
                 {"witnesses forgotten", &Tally::witnesses_forgotten},
                 {"started anew", &Tally::started_anew},
                 {"closings in conflict", &Tally::conflicting_closings},
                 {"written again", &Tally::written_again}},
      .make = make_schedule,
      .run = run_schedule,
      .shrink = [](Schedule schedule) { return shrink(std::move(schedule)); },
      .story = story});
  CLI11_PARSE(program.app(), argc, argv);
  return program.run();
}
