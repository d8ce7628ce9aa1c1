// props_links: random schedules of two or three nodes' reliable links against the model; with
// --measure, goodput and frames for a message, in virtual time.
#include "props/links/measure.hpp"
#include "props/links/world.hpp"
#include "props/schedule_program.hpp"

int main(int argc, char** argv) {
  using namespace horde::props::links;
  horde::props::ScheduleProgram program(horde::props::Suite<Schedule, Verdict, Tally>{
      .about = "Random schedules of reliable links against the model.",
      .fields = {{"steps", &Tally::steps},
                 {"frames", &Tally::frames},
                 {"frames lost", &Tally::lost},
                 {"frames repeated", &Tally::repeated},
                 {"messages", &Tally::messages},
                 {"queue full", &Tally::queue_full},
                 {"waits for credit", &Tally::blocked},
                 {"segments sent again", &Tally::sent_again},
                 {"segments got twice", &Tally::duplicates},
                 {"frames of old epochs", &Tally::stale},
                 {"frames of old boots", &Tally::old_boot},
                 {"frames while down", &Tally::down},
                 {"ends: peer down", &Tally::peer_down},
                 {"ends: newer run", &Tally::newer_run},
                 {"ends: by the peer", &Tally::peer_ended},
                 {"ends: gave up", &Tally::gave_up},
                 {"ends: own restart", &Tally::own_restart},
                 {"messages unknown", &Tally::unknown},
                 {"handed over at an end", &Tally::handed_over}},
      .make = make_schedule,
      .run = run_schedule,
      .shrink = shrink,
      .story = story});
  bool figures = false;
  program.app().add_flag("--measure", figures, "prints goodput and frames for a message instead");
  CLI11_PARSE(program.app(), argc, argv);
  if (figures) {
    std::fputs(measure().c_str(), stdout);
    return 0;
  }
  return program.run();
}
