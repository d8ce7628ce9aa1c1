#include "scenario/name_watch.hpp"

#include <algorithm>

namespace horde::scenario {

std::vector<NodeIndex> NameWatch::readers() const {
  std::vector<NodeIndex> out = cluster_->running();
  std::erase_if(out, [this](NodeIndex node) {
    const Cluster::Node& state = cluster_->operator[](node);
    return !world_->is_up(node) || state.removed_from_registry || state.registry_stopped;
  });
  return out;
}

void NameWatch::on_step(const WorldStep& step) {
  for (const base::Bytes& name : step.names_touched) {
    look(step.at, step.node, name);
  }
}

void NameWatch::on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) {
  if (tell.topic == "restarted_as" || tell.topic == "started_anew") {
    forget(node);
    judge_all(at);
  }
}

void NameWatch::on_up(base::Instant at, NodeIndex node, std::uint64_t /*boot*/) {
  forget(node);
  judge_all(at);
}

void NameWatch::on_down(base::Instant at, NodeIndex node, DownWhy /*why*/) {
  forget(node);
  judge_all(at);
}

void NameWatch::look_again() {
  judge_all(world_->now());
}

void NameWatch::forget(NodeIndex node) {
  for (auto& [name, row] : reads_) {
    row.erase(node);
  }
}

void NameWatch::look(base::Instant at, NodeIndex node, const base::Bytes& name) {
  std::vector<process::Pid> pids;
  for (const NameRow& row : world_->holders(node, name)) {
    pids.push_back(row.pid);
  }
  Row& row = reads_[name];
  if (pids.empty()) {
    row.erase(node);
  } else {
    row[node] = std::move(pids);
  }
  judge(at, name, readers());
}

void NameWatch::judge_all(base::Instant at) {
  const std::vector<NodeIndex> all = readers();
  std::vector<base::Bytes> names;
  for (const auto& [name, row] : reads_) {
    names.push_back(name);
  }
  for (const base::Bytes& name : names) {
    judge(at, name, all);
  }
}

void NameWatch::judge(base::Instant at, const base::Bytes& name,
                      const std::vector<NodeIndex>& readers) {
  ++version_;
  const auto row = reads_.find(name);
  if (row->second.empty()) {
    reads_.erase(row);
    odd_.erase(name);
    bad_.erase(name);
  } else {
    const std::vector<process::Pid>* first = nullptr;
    bool odd = false;
    bool bad = false;
    for (const NodeIndex node : readers) {
      const std::vector<process::Pid>& read = this->read(node, name);
      const bool live = !read.empty() &&
                        std::ranges::all_of(read, [this](const auto& pid) { return lives(pid); });
      bad = bad || !live;
      odd = odd || !live || (first != nullptr && *first != read);
      first = &read;
    }
    odd ? (void)odd_.insert(name) : (void)odd_.erase(name);
    bad ? (void)bad_.insert(name) : (void)bad_.erase(name);
  }
  for (NameListener* listener : listeners_) {
    listener->on_name(at, name);
  }
}

const std::vector<process::Pid>& NameWatch::read(NodeIndex node, const base::Bytes& name) const {
  static const std::vector<process::Pid> nobody;
  const auto row = reads_.find(name);
  if (row == reads_.end()) {
    return nobody;
  }
  const auto it = row->second.find(node);
  return it == row->second.end() ? nobody : it->second;
}

bool NameWatch::lives(const process::Pid& pid) const {
  const NodeIndex node = cluster_->find(pid.run.node);
  return world_->is_up(node) && world_->run(node) == pid.run && world_->is_alive(node, pid);
}

bool NameWatch::is_bad(const base::Bytes& name) const {
  return !reads_.contains(name) || bad_.contains(name);
}

}  // namespace horde::scenario
