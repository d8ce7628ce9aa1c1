// Actions: the calls that start, end and release children, and what goes wrong when they start.
#include "scenario/actions.hpp"

namespace horde::scenario {
namespace {

supervisor::Restart restart_of(RestartRule rule) {
  switch (rule) {
    case RestartRule::permanent:
      return supervisor::Restart::permanent;
    case RestartRule::transient:
      return supervisor::Restart::transient;
    case RestartRule::temporary:
      return supervisor::Restart::temporary;
  }
  return supervisor::Restart::permanent;
}

// What a node needs at most to answer what it does by itself.
constexpr base::Duration kOwnTime = base::seconds(5);

}  // namespace

void Actions::on(const StartChildren& start, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes nodes = present(resolve, start.via);
  spread(start.count, start.over, [this, start, nodes](std::int64_t i) {
    const auto node = turn(nodes, i);
    if (!node) {
      return;
    }
    const std::int64_t number = start.first + i;
    StartChildCall request{.type = start.type,
                           .restart = restart_of(start.restart),
                           .acknowledged_by = static_cast<std::uint64_t>(start.acknowledged_by),
                           .timeout = start.timeout};
    const std::string name = numbered(start.name, number);
    request.args = arguments_of(start.type, numbered(start.args, number), name);
    follow_name(name, request.args);
    request.shutdown.grace = start.shutdown.value_or(request.shutdown.grace);
    if (start.placement_key) {
      request.placement_key = numbered(*start.placement_key, number);
    }
    run_->children.on_start(*node, next_call(),
                            {.name = name,
                             .ends_by_itself = start.restart != RestartRule::permanent,
                             .acknowledged_by = start.acknowledged_by});
    call(*node, request,
         {.what = "start_children of " + name, .timeout = start.timeout, .answer = start.answer});
  });
}

// A child that registers itself is looked for under its name.
void Actions::follow_name(const std::string& child, const std::vector<std::string>& args) {
  for (const std::string& argument : args) {
    if (argument.starts_with(kNameArgument)) {
      run_->names.on_child(argument.substr(kNameArgument.size()), child);
    }
  }
}

// `one` is called with each child of these names that was started, and the node whose turn it is.
template <class Step, class One>
void Actions::for_children(const Step& step, const Nodes& nodes, std::int64_t i, One&& one) {
  const auto node = turn(nodes, i);
  const std::string name = numbered(step.name, step.first + i);
  const auto id = run_->children.find(name);
  if (!id) {
    run_->story.add(TimelineLine::Kind::event, "no start of " + name + " has been answered");
  } else if (node) {
    one(*node, *id, name);
  }
}

void Actions::on(const TerminateChildren& terminate, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes nodes = present(resolve, terminate.via);
  const auto one = [this, terminate](NodeIndex node, const supervisor::ChildId& id,
                                     const std::string& name) {
    run_->children.on_terminate(node, next_call(), id);
    call(node, TerminateChildCall{.id = id, .timeout = terminate.timeout},
         {.what = "terminate_children of " + name,
          .timeout = terminate.timeout,
          .answer = terminate.answer});
  };
  spread(terminate.count, terminate.over,
         [this, terminate, nodes, one](std::int64_t i) { for_children(terminate, nodes, i, one); });
}

void Actions::on(const ReleaseChildren& release, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes nodes = present(resolve, release.via);
  for (std::int64_t i = 0; i < release.count; ++i) {
    for_children(release, nodes, i,
                 [&](NodeIndex node, const supervisor::ChildId& id, const std::string& name) {
                   call(node, ReleaseChildCall{id},
                        {.what = "release_children of " + name,
                         .timeout = kOwnTime,
                         .answer = release.answer});
                 });
  }
}

void Actions::on(const WaitForQuorum& wait, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, wait.via)) {
    call(node, WaitForQuorumCall{wait.timeout},
         {.what = "wait_for_quorum", .timeout = wait.timeout, .answer = wait.answer});
  }
}

void Actions::on(const StartFaults& faults, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : resolve(faults.nodes)) {
    const std::uint64_t number = ++run_->cluster[node].start_faults;
    run_->world.set_start_fault(node, faults.mode);
    if (faults.lasts) {
      later(*faults.lasts, [this, node, number] {
        if (run_->cluster[node].start_faults == number) {
          run_->world.set_start_fault(node, {});
        }
      });
    }
  }
}

}  // namespace horde::scenario
