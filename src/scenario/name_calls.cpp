// Actions: calls that are about names, and no process's own.
#include "scenario/actions.hpp"

namespace horde::scenario {
namespace {

// What a node needs at most to answer what it does by itself.
constexpr base::Duration kOwnTime = base::seconds(5);

}  // namespace

void Actions::on(const PutMeta& put, Place place) {
  Cluster::Resolver resolve = resolver(place);
  if (const auto node = resolve(put.via)) {
    call(*node, PutMetaCall{put.key, put.value.bytes},
         {.what = "put_meta of " + put.key, .timeout = kOwnTime, .answer = put.answer});
  }
}

void Actions::on(const DeleteMeta& del, Place place) {
  Cluster::Resolver resolve = resolver(place);
  if (const auto node = resolve(del.via)) {
    call(*node, DeleteMetaCall{del.key},
         {.what = "delete_meta of " + del.key, .timeout = kOwnTime, .answer = del.answer});
  }
}

void Actions::on(const SendToNames& send, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes nodes = present(resolve, send.via);
  spread(send.count, send.over, [this, send, nodes](std::int64_t i) {
    const std::string name = numbered(send.name, send.first + i);
    if (const auto node = turn(nodes, i)) {
      call(*node, SendToNameCall{name, send.message},
           {.what = "send_to_names to " + name, .timeout = kOwnTime, .answer = send.answer});
    }
  });
}

void Actions::on(const CallNames& calls, Place place) {
  Cluster::Resolver resolve = resolver(place);
  const Nodes nodes = present(resolve, calls.via);
  spread(calls.count, calls.over, [this, calls, nodes](std::int64_t i) {
    const std::string name = numbered(calls.name, calls.first + i);
    if (const auto node = turn(nodes, i)) {
      call(*node, CallNameCall{.key = name, .request = calls.request, .timeout = calls.timeout},
           {.what = "call_names to " + name,
            .timeout = calls.timeout,
            .answer = calls.answer,
            .detail = calls.reply});
    }
  });
}

void Actions::on(const Barrier& barrier, Place place) {
  Cluster::Resolver resolve = resolver(place);
  if (const auto node = resolve(barrier.via)) {
    call(*node,
         BarrierCall{{.key = barrier.name, .members = barrier.members, .timeout = barrier.timeout}},
         {.what = "barrier of " + barrier.name,
          .timeout = barrier.timeout,
          .answer = barrier.answer});
  }
}

void Actions::on(const StopRegistry& stop, Place place) {
  Cluster::Resolver resolve = resolver(place);
  for (const NodeIndex node : running(resolve, stop.nodes)) {
    run_->cluster[node].registry_stopped = true;
    run_->names.on_stop(node);
    call(node, StopRegistryCall{},
         {.what = "stop_registry", .timeout = kOwnTime, .answer = stop.answer});
  }
  run_->reads.look_again();
}

}  // namespace horde::scenario
