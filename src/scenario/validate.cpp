#include "scenario/validate.hpp"

#include <algorithm>
#include <set>

#include "scenario/tables.hpp"

namespace horde::scenario {
namespace {

class Validator {
 public:
  Validator(Scenario& scenario, Report& report)
      : scenario_(scenario), top_{.report = &report, .pointer = ""} {}

  void run() {
    collect_nodes();
    collect_joins();
    check_mentions();
    check_children();
    check_names();
    check_processes();
    check_times();
    for (std::size_t i = 0; i < scenario_.timeline.size(); ++i) {
      check_heal(i);
      check_restart(i);
    }
  }

 private:
  At step_at(std::size_t index) const { return top_ / "timeline" / index; }

  void collect_nodes() {
    for (std::size_t i = 0; i < scenario_.nodes.size(); ++i) {
      if (!names_.insert(scenario_.nodes[i].name).second) {
        (top_ / "nodes" / i)
            .problem("\"" + scenario_.nodes[i].name + "\" stands here twice",
                     "name each node once");
      }
    }
  }

  void collect_joins() {
    std::size_t next = 1;
    const auto fresh_name = [&] {
      while (names_.contains("n" + std::to_string(next))) {
        ++next;
      }
      return "n" + std::to_string(next);
    };
    for (std::size_t i = 0; i < scenario_.timeline.size(); ++i) {
      Step& step = scenario_.timeline[i];
      auto* join = std::get_if<Join>(&step.action);
      if (join == nullptr) {
        continue;
      }
      if (step.every) {
        (step_at(i) / "every")
            .problem("a join cannot repeat: its nodes exist after the first time",
                     "use \"over\" to spread a join over time");
      }
      for (std::string& name : join->nodes) {
        name = name.empty() ? fresh_name() : name;
        if (!names_.insert(name).second) {
          (step_at(i) / "join")
              .problem("\"" + name + "\" exists already", "choose a new name, or write how many");
        }
      }
    }
  }

  void check_mentions() {
    std::vector<std::string_view> known(names_.begin(), names_.end());
    // A hundred names help nobody; the first ones show how nodes are called here.
    const bool many = known.size() > 12;
    for (const auto& [pointer, node] : top_.report->mentions) {
      if (names_.contains(node)) {
        continue;
      }
      std::string right = suggest(node, known);
      if (many && right.starts_with("write one of")) {
        right = "there are " + std::to_string(known.size()) + " nodes, for example " +
                std::string(known.front()) + " and " + std::string(known.back());
      }
      At{.report = top_.report, .pointer = pointer}.problem("unknown node \"" + node + "\"", right);
    }
  }

  // Patterns of the names that steps and options give to children.
  [[nodiscard]] std::vector<std::string> child_names() const {
    std::vector<std::string> out;
    for (const StaticChild& child : scenario_.horde.static_children) {
      out.push_back(child.name);
    }
    for (const Step& step : scenario_.timeline) {
      if (const auto* start = std::get_if<StartChildren>(&step.action)) {
        out.push_back(start->name);
      }
    }
    return out;
  }

  static bool may_be(std::string_view pattern, std::string_view name) {
    const std::size_t place = pattern.find(kNumberMark);
    if (place == std::string_view::npos) {
      return pattern == name;
    }
    const std::string_view before = pattern.substr(0, place);
    const std::string_view after = pattern.substr(place + kNumberMark.size());
    if (name.size() <= before.size() + after.size() || !name.starts_with(before) ||
        !name.ends_with(after)) {
      return false;
    }
    name.remove_prefix(before.size());
    name.remove_suffix(after.size());
    return name.find_first_not_of("0123456789") == std::string_view::npos;
  }

  void check_children() {
    const std::vector<std::string> patterns = child_names();
    const auto check = [&](const At& at, const std::string& name, bool is_pattern) {
      const bool known = std::ranges::any_of(patterns, [&](const std::string& pattern) {
        return is_pattern ? pattern == name || may_be(pattern, numbered(name, 0))
                          : may_be(pattern, name);
      });
      if (!known) {
        const std::vector<std::string_view> candidates(patterns.begin(), patterns.end());
        at.problem("no child is named \"" + name + '"', patterns.empty()
                                                            ? "start it before, with start_children"
                                                            : suggest(name, candidates));
      }
    };
    for (const auto& [pointer, name] : top_.report->children) {
      check(At{.report = top_.report, .pointer = pointer}, name, false);
    }
    for (std::size_t i = 0; i < scenario_.timeline.size(); ++i) {
      const Action& action = scenario_.timeline[i].action;
      if (const auto* terminate = std::get_if<TerminateChildren>(&action)) {
        check(step_at(i) / "terminate_children", terminate->name, true);
      } else if (const auto* release = std::get_if<ReleaseChildren>(&action)) {
        check(step_at(i) / "release_children", release->name, true);
      } else if (const auto* measure = std::get_if<Measure>(&action);
                 measure != nullptr && measure->children) {
        check(step_at(i) / "measure", *measure->children, true);
      }
    }
  }

  // Patterns of the names that steps and options may let somebody take.
  [[nodiscard]] std::vector<std::string> taken_names() const {
    std::vector<std::string> out;
    const auto add_of = [&out](std::string_view type, const std::vector<std::string>& args,
                               const std::string& name) {
      for (const std::string& argument : arguments_of(type, args, name)) {
        if (argument.starts_with(kNameArgument)) {
          out.push_back(argument.substr(kNameArgument.size()));
        }
      }
    };
    for (const StaticChild& child : scenario_.horde.static_children) {
      add_of(child.type, child.args, child.name);
    }
    for (const Step& step : scenario_.timeline) {
      if (const auto* start = std::get_if<StartChildren>(&step.action)) {
        add_of(start->type, start->args, start->name);
      } else if (const auto* processes = std::get_if<StartProcesses>(&step.action)) {
        add_of(processes->type, processes->args, processes->name);
        if (processes->under) {
          out.push_back(*processes->under);
        }
      } else if (const auto* names = std::get_if<RegisterNames>(&step.action)) {
        out.push_back(names->name);
      }
    }
    return out;
  }

  void check_names() {
    const std::vector<std::string> patterns = taken_names();
    for (const auto& [pointer, name] : top_.report->held) {
      if (!std::ranges::any_of(patterns, [&](const auto& p) { return may_be(p, name); })) {
        const std::vector<std::string_view> candidates(patterns.begin(), patterns.end());
        At{.report = top_.report, .pointer = pointer}.problem(
            "nobody takes the name \"" + name + '"',
            patterns.empty() ? "let a process take it, with register_names"
                             : suggest(name, candidates));
      }
    }
  }

  // A process is known to steps by the name that it was started with.
  void check_processes() {
    std::vector<std::string> patterns;
    for (const Step& step : scenario_.timeline) {
      if (const auto* start = std::get_if<StartProcesses>(&step.action)) {
        patterns.push_back(start->name);
      } else if (const auto* names = std::get_if<RegisterNames>(&step.action)) {
        patterns.push_back(names->process);
      }
    }
    const auto check = [&](std::size_t step, const std::optional<std::string>& name) {
      const bool known = !name || std::ranges::any_of(patterns, [&](const std::string& pattern) {
        return pattern == *name || may_be(pattern, numbered(*name, 0));
      });
      if (!known) {
        const std::vector<std::string_view> candidates(patterns.begin(), patterns.end());
        (step_at(step) / name_of(scenario_.timeline[step].action))
            .problem("no process is named \"" + *name + '"',
                     patterns.empty() ? "start it before, with start_processes"
                                      : suggest(*name, candidates));
      }
    };
    for (std::size_t i = 0; i < scenario_.timeline.size(); ++i) {
      const Action& action = scenario_.timeline[i].action;
      if (const auto* stop = std::get_if<StopProcesses>(&action)) {
        check(i, stop->name);
      } else if (const auto* unregister = std::get_if<UnregisterNames>(&action)) {
        check(i, unregister->process);
      } else if (const auto* match = std::get_if<UnregisterMatch>(&action)) {
        check(i, match->process);
      } else if (const auto* update = std::get_if<UpdateValues>(&action)) {
        check(i, update->process);
      } else if (const auto* lookup = std::get_if<Lookup>(&action)) {
        check(i, lookup->process);
      }
    }
  }

  void check_times() {
    if (!scenario_.duration) {
      return;
    }
    const std::string right =
        "make it earlier, or \"duration\" longer than " + to_text(*scenario_.duration);
    for (std::size_t i = 0; i < scenario_.timeline.size(); ++i) {
      const Step& step = scenario_.timeline[i];
      if (step.at > *scenario_.duration) {
        (step_at(i) / "at").problem(to_text(step.at) + " is after the end of the run", right);
      } else if (step.until && *step.until > *scenario_.duration) {
        (step_at(i) / "until")
            .problem(to_text(*step.until) + " is after the end of the run", right);
      }
    }
  }

  void check_heal(std::size_t index) {
    const auto* heal = std::get_if<Heal>(&scenario_.timeline[index].action);
    if (heal == nullptr || heal->cut == "all") {
      return;
    }
    std::vector<std::string_view> cuts{"all"};
    for (const Step& step : scenario_.timeline) {
      const auto* cut = std::get_if<Cut>(&step.action);
      if (cut != nullptr && !cut->name.empty()) {
        cuts.push_back(cut->name);
      }
    }
    if (std::find(cuts.begin(), cuts.end(), heal->cut) == cuts.end()) {
      (step_at(index) / "heal")
          .problem("no cut is named \"" + heal->cut + '"', suggest(heal->cut, cuts));
    }
  }

  /// A named node is restarted only where an earlier step may have ended it.
  void check_restart(std::size_t index) {
    const Step& step = scenario_.timeline[index];
    const auto* restart = std::get_if<Restart>(&step.action);
    if (restart == nullptr) {
      return;
    }
    for (const NodeRef& node : restart->nodes.refs) {
      const bool ended = std::any_of(
          scenario_.timeline.begin(), scenario_.timeline.end(),
          [&](const Step& other) { return other.at <= step.at && may_end(other.action, node); });
      if (node.role == NodeRef::Role::named && !ended) {
        (step_at(index) / "restart")
            .problem("\"" + node.name + "\" has not crashed or stopped by " + to_text(step.at),
                     "add a crash, stop or leave of it before");
      }
    }
  }

  static bool may_end(const Action& action, const NodeRef& node) {
    const NodeSet* ended = nullptr;
    if (const auto* crash = std::get_if<Crash>(&action)) {
      ended = &crash->nodes;
    } else if (const auto* stop = std::get_if<Stop>(&action)) {
      ended = &stop->nodes;
    } else if (const auto* leave = std::get_if<Leave>(&action)) {
      ended = &leave->nodes;
    }
    return std::holds_alternative<Swarm>(action) ||
           (ended != nullptr &&
            std::any_of(ended->refs.begin(), ended->refs.end(), [&](const NodeRef& each) {
              return each.role != NodeRef::Role::named || each == node;
            }));
  }

  Scenario& scenario_;
  At top_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace

void complete_and_validate(Scenario& scenario, Report& report) {
  Validator(scenario, report).run();
}

}  // namespace horde::scenario
