// Actions: processes of no supervisor, and the names that they take and give up.
#include <algorithm>

#include "scenario/actions.hpp"

namespace horde::scenario {
namespace {

// What a start may take: its init may have to wait until it is clear that a name is free.
constexpr base::Duration kStartTime = base::seconds(30);
// What a node needs at most to answer what it does by itself.
constexpr base::Duration kOwnTime = base::seconds(5);

base::Bytes key_of(const std::string& name) {
  return name;
}

}  // namespace

std::optional<Actions::Home> Actions::find_process(const std::string& name) const {
  const auto it = processes_.find(name);
  if (it == processes_.end() || !run_->world.is_up(it->second)) {
    return {};
  }
  const auto pid = run_->world.process(it->second, name);
  return pid ? std::optional(Home{it->second, *pid}) : std::nullopt;
}

// Any node's reads will do, if the process lives: who asks does not know better.
std::optional<Actions::Home> Actions::find_holder(const std::string& name) const {
  for (const NodeIndex node : run_->cluster.running()) {
    for (const process::Pid& pid : run_->reads.read(node, name)) {
      if (run_->reads.lives(pid)) {
        return Home{run_->cluster.find(pid.run.node), pid};
      }
    }
  }
  return {};
}

std::optional<Actions::Home> Actions::who(const std::optional<std::string>& process,
                                          std::int64_t number, const std::string& name) {
  const auto home = process ? find_process(numbered(*process, number)) : find_holder(name);
  if (!home) {
    run_->story.add(TimelineLine::Kind::event,
                    process ? "no process runs that is named " + numbered(*process, number)
                            : "nobody holds " + name);
  }
  return home;
}

void Actions::spawn(NodeIndex node, const SpawnCall& request, const WantedAnswer& answer) {
  processes_[request.name] = node;
  for (const std::string& argument : request.args) {
    if (argument.starts_with(kNameArgument)) {
      run_->names.on_start_under(node, next_call(), argument.substr(kNameArgument.size()),
                                 request.name);
    }
  }
  if (request.via) {
    run_->names.on_start_under(node, next_call(), request.via->key, request.name);
  }
  call(node, request,
       {.what = "the start of " + request.name, .timeout = kStartTime, .answer = answer});
}

void Actions::on(const StartProcesses& start, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes nodes = present(resolve, start.via);
  spread(start.count, start.over, [this, start, nodes](std::int64_t i) {
    const auto node = turn(nodes, i);
    if (!node) {
      return;
    }
    const std::int64_t number = start.first + i;
    SpawnCall request{.type = start.type, .name = numbered(start.name, number)};
    request.args = arguments_of(start.type, numbered(start.args, number), request.name);
    if (start.under) {
      request.via = process::Via{.registry = {},
                                 .key = key_of(numbered(*start.under, number)),
                                 .value = start.value.bytes};
    }
    spawn(*node, request, start.answer);
  });
}

void Actions::on(const StopProcesses& stop, Place /*place*/) {
  for (std::int64_t i = 0; i < stop.count; ++i) {
    if (const auto home = who(stop.name, stop.first + i, {})) {
      call(home->node, ExitProcessCall{home->pid, process::reason_of(stop.reason)},
           {.what = "stop_processes of " + numbered(stop.name, stop.first + i),
            .timeout = kOwnTime,
            .answer = {}});
    }
  }
}

void Actions::on(const RegisterNames& names, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes nodes = present(resolve, names.via.value_or(NodeSet::of(NodeRef::Role::random)));
  spread(names.count, names.over, [this, names, nodes](std::int64_t i) {
    const std::int64_t number = names.first + i;
    const auto process = processes_.find(numbered(names.process, number));
    auto node = turn(nodes, i);
    if (!names.via && process != processes_.end()) {
      node = process->second;
    }
    if (node) {
      register_name(names, *node, number);
    }
  });
}

void Actions::register_name(const RegisterNames& names, NodeIndex node, std::int64_t number) {
  if (!run_->world.is_up(node)) {
    return;
  }
  const std::string process = numbered(names.process, number);
  const std::string name = numbered(names.name, number);
  if (!run_->world.process(node, process)) {
    spawn(node,
          {.type = names.type,
           .args = arguments_of(names.type, {}, process),
           .name = process,
           .via = {}},
          {});
  }
  const auto pid = run_->world.process(node, process);
  if (!pid) {
    run_->story.add(TimelineLine::Kind::event, process + " could not be started for " + name);
    return;
  }
  const process::Registration what{
      .key = key_of(name), .value = names.value.bytes, .priority = names.priority};
  run_->names.on_register(node, next_call(), what.key, *pid);
  call(node,
       RegisterNameCall{{.pid = *pid,
                         .what = what,
                         .confirm = names.confirm == ConfirmedBy::quorum ? registry::Confirm::quorum
                                                                         : registry::Confirm::none,
                         .timeout = names.timeout}},
       {.what = "register_names of " + name, .timeout = names.timeout, .answer = names.answer});
}

void Actions::on(const UnregisterNames& names, Place /*place*/) {
  spread(names.count, names.over, [this, names](std::int64_t i) {
    const std::string name = numbered(names.name, names.first + i);
    if (const auto home = who(names.process, names.first + i, name)) {
      run_->names.on_unregister(home->node, next_call(), key_of(name), home->pid);
      run_->name_ends.on_unregister(home->node, next_call(), key_of(name), home->pid);
      call(home->node, UnregisterNameCall{home->pid, key_of(name)},
           {.what = "unregister_names of " + name, .timeout = kOwnTime, .answer = names.answer});
    }
  });
}

void Actions::on(const UnregisterMatch& match, Place /*place*/) {
  if (const auto home = who(match.process, 0, match.name)) {
    run_->names.on_unregister(home->node, next_call(), key_of(match.name), home->pid);
    run_->name_ends.on_unregister(home->node, next_call(), key_of(match.name), home->pid);
    CallsChecker::Asked asked{
        .what = "unregister_match of " + match.name, .timeout = kOwnTime, .answer = match.answer};
    if (match.removed) {
      asked.detail = std::to_string(*match.removed);
    }
    call(home->node, UnregisterMatchCall{home->pid, key_of(match.name), match.value.bytes},
         std::move(asked));
  }
}

void Actions::on(const UpdateValues& values, Place /*place*/) {
  spread(values.count, values.over, [this, values](std::int64_t i) {
    const std::string name = numbered(values.name, values.first + i);
    if (const auto home = who(values.process, values.first + i, name)) {
      CallsChecker::Asked asked{
          .what = "update_values of " + name, .timeout = kOwnTime, .answer = values.answer};
      if (values.before) {
        asked.detail = values.before->bytes;
      }
      call(home->node, UpdateValueCall{home->pid, key_of(name), values.value.bytes},
           std::move(asked));
    }
  });
}

}  // namespace horde::scenario
