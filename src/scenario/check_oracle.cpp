#include "scenario/check_oracle.hpp"

namespace horde::scenario {

void OracleChecker::on_up(base::Instant /*at*/, NodeIndex node, std::uint64_t /*boot*/) {
  oracle_.on_boot(replica(node));
}

void OracleChecker::on_tell(base::Instant /*at*/, NodeIndex node, const base::Tell& tell) {
  if (tell.topic == "started_anew") {
    oracle_.on_boot(replica(node));
  }
}

void OracleChecker::on_step(const WorldStep& step) {
  const MapStep of = step.of(which_);
  if (of.map == nullptr) {
    return;
  }
  for (const crdt::Event& event : of.written) {
    take(step.node, oracle_.on_written(event));
  }
  take(step.node, oracle_.check_step(replica(step.node), *of.map, of.touched));
}

void OracleChecker::check_all(Group live) {
  for (const NodeIndex node : live) {
    if (const crdt::AwLwwMap* map = map_of(*world_, node, which_)) {
      take(node, oracle_.check_all(replica(node), *map));
    }
  }
}

void OracleChecker::take(NodeIndex node, const std::optional<Violation>& violation) {
  if (!violation) {
    return;
  }
  const std::string id(violation->invariant);
  if (id == "C2" || wanted_.contains(id)) {
    findings_.add({.id = id,
                   .node = world_->name(node),
                   .key = shown_key(violation->key),
                   .text = violation->text});
  }
}

}  // namespace horde::scenario
