// HordeNames: the registry of one horde on this node, as its processes use it. What it asks for is
// kept until the node carries it out: a handler that registers is in the midst of an input.
#pragma once

#include <deque>
#include <functional>
#include <set>

#include "process/names.hpp"
#include "registry/registry.hpp"

namespace horde::node {

class HordeNames final : public process::Names {
 public:
  /// `registrant`: what ranks a process of this node.
  using RegistrantOf = std::function<registry::Registrant(const process::Pid&)>;
  HordeNames(registry::Registry registry, RegistrantOf registrant)
      : registry_(std::move(registry)), registrant_(std::move(registrant)) {}

  [[nodiscard]] registry::Registry& registry() { return registry_; }
  [[nodiscard]] const registry::Registry& registry() const { return registry_; }
  [[nodiscard]] registry::Registrant registrant(const process::Pid& pid) const {
    return registrant_(pid);
  }
  /// An input to the registry; what it asks for is kept.
  template <class Input>
  void act(Input&& input) {
    registry::Outputs out;
    input(registry_, out);
    std::ranges::move(out.list, std::back_inserter(todo_));
  }
  [[nodiscard]] std::deque<registry::Output>& todo() { return todo_; }

  // --- process::Names.
  process::NameResult register_name(base::Now now, const process::Pid& self,
                                    const process::Registration& what) override;
  process::NameResult unregister_name(base::Now now, const process::Pid& self,
                                      base::BytesView key) override;
  std::size_t unregister_match(base::Now now, const process::Pid& self, base::BytesView key,
                               const process::NamePredicate& which) override;
  std::expected<process::UpdatedValue, process::NameRefusal> update_value(
      base::Now now, const process::Pid& self, base::BytesView key,
      const std::function<base::Bytes(base::BytesView)>& change) override;
  process::NameResult put_meta(base::Now now, base::BytesView key, base::Bytes value) override;
  process::NameResult delete_meta(base::Now now, base::BytesView key) override;
  [[nodiscard]] bool has_unique_keys() const override;
  [[nodiscard]] std::optional<process::NameEntry> lookup(base::BytesView key) const override;
  [[nodiscard]] std::vector<process::NameEntry> entries(base::BytesView key) const override;
  [[nodiscard]] std::vector<base::BytesView> keys(const process::Pid& pid) const override;
  [[nodiscard]] std::size_t count() const override;
  void visit(const std::function<void(const process::NameEntry&)>& each) const override;
  [[nodiscard]] std::optional<base::BytesView> meta(base::BytesView key) const override;
  void process_ended(base::Now now, const process::Pid& pid) override;

 private:
  registry::Registry registry_;
  RegistrantOf registrant_;
  std::deque<registry::Output> todo_;
};

}  // namespace horde::node
