// A5, and A1 of names: at most one holder of each unique name in what any one node reads, by
// whichever way it is read, and a holder that lives in that node's view; what is read is the
// projection of the map of names and of that view.
//
// The projection is worked out here anew from the map's entries. Names are looked at when a step
// touches them, all of them when everything is.
#pragma once

#include <map>
#include <set>

#include "registry/name.hpp"
#include "scenario/checker.hpp"

namespace horde::scenario {

class NameReadsChecker final : public Checker {
 public:
  /// `wanted`: only these of its ids are reported.
  NameReadsChecker(World& world, NameKeys keys, std::set<std::string> wanted)
      : world_(&world), keys_(keys), wanted_(std::move(wanted)) {}
  [[nodiscard]] std::vector<std::string_view> ids() const override { return {"A5", "A1"}; }
  void on_up(base::Instant at, NodeIndex node, std::uint64_t boot) override;
  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_step(const WorldStep& step) override;
  void check_all(Group live) override;

 private:
  struct Entry {
    process::Pid pid;
    registry::Rank rank;
    base::Bytes value;
  };
  using Entries = std::map<registry::NameKey, Entry>;
  void take(NodeIndex node, const crdt::Key& key, const crdt::Siblings* siblings);
  using Held = std::map<process::Pid, std::set<base::Bytes>>;

  void check_name(NodeIndex node, const base::Bytes& name, Held& held);
  void check_keys(NodeIndex node, const Held& held);
  void check_projection(NodeIndex node, const base::Bytes& name, const std::vector<NameRow>& read);
  void check_ways(NodeIndex node, const base::Bytes& name, const std::vector<NameRow>& read);
  void check_holder(NodeIndex node, const NameRow& holder);
  [[nodiscard]] std::vector<NameRow> projection(NodeIndex node, const base::Bytes& name) const;
  void fail(std::string_view id, NodeIndex node, const base::Bytes& name, std::string text);

  World* world_;
  NameKeys keys_;
  std::set<std::string> wanted_;
  // What each node's map has, by name.
  std::map<NodeIndex, std::map<base::Bytes, Entries>> entries_;
};

}  // namespace horde::scenario
