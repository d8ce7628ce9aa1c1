// The fixture of tests of a cluster of supervisors in named situations.
#pragma once

#include <gtest/gtest.h>

#include "supervisor/test_cluster.hpp"

namespace horde::supervisor {

class Clustered : public testing::Test {
 protected:
  TestCluster& make(std::size_t nodes, const Options& options = {},
                    std::function<std::unique_ptr<Strategy>()> strategy = {}) {
    ClusterOptions cluster{.nodes = nodes, .supervisor = options};
    if (strategy) {
      cluster.strategy = std::move(strategy);
    }
    cluster_ = std::make_unique<TestCluster>(std::move(cluster), 7);
    cluster_->run(base::seconds(1));
    return *cluster_;
  }
  /// Starts children until one runs on `node`.
  ChildId child_on(std::size_t node, const ChildSpec& spec = {.start = "ok"}) {
    for (int i = 0; i < 50; ++i) {
      const auto call = cluster_->start(0, spec);
      cluster_->run(base::milliseconds(300));
      const Reply& reply = cluster_->calls.at(call).reply;
      EXPECT_EQ(reply.status, CallStatus::ok);
      if (cluster_->copies(reply.id) == std::vector<std::size_t>{node}) {
        return reply.id;
      }
    }
    ADD_FAILURE() << "no child is placed there";
    return {};
  }
  [[nodiscard]] const Reply& reply(std::uint64_t call) const {
    EXPECT_EQ(cluster_->calls.at(call).replies, 1U);
    return cluster_->calls.at(call).reply;
  }
  void TearDown() override { EXPECT_EQ(cluster_->broken(), ""); }

  std::unique_ptr<TestCluster> cluster_;
};

}  // namespace horde::supervisor
