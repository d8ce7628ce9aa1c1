// Story: what happened when, for people. Equal news of several nodes makes one line.
#pragma once

#include <map>

#include "scenario/run.hpp"
#include "scenario/world.hpp"

namespace horde::scenario {

class Story final : public WorldObserver {
 public:
  explicit Story(World& world) : world_(&world) {}

  /// Nothing is told before; what is told later is told relative to `zero`.
  void begin(base::Instant zero) { zero_ = zero; }
  void add(TimelineLine::Kind kind, std::string text);

  void on_tell(base::Instant at, NodeIndex node, const base::Tell& tell) override;
  void on_ended(base::Instant at, NodeIndex node, const base::Ended& ended) override;

  [[nodiscard]] std::vector<TimelineLine> lines() const;

 private:
  struct News {
    std::string_view topic;
    base::NodeId about;
    std::uint64_t value = 0;
    friend auto operator<=>(const News&, const News&) = default;
  };
  struct Line {
    TimelineLine line;
    std::vector<NodeIndex> tellers;  // Empty: it is complete as it stands.
    base::Instant last;
    std::size_t repeats = 0;
  };

  [[nodiscard]] std::string text_of(const Line& line) const;

  World* world_;
  std::optional<base::Instant> zero_;
  std::vector<Line> lines_;
  std::map<News, std::size_t> open_;  // Lines to which more may be added.
};

}  // namespace horde::scenario
