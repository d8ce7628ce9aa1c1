// Model: what was sent, taken and told of each link, and what must hold of that.
//
// A link is (from run, to run, epoch). What is taken from it must be a prefix of what was sent into
// it; its end is told once on each side, and what that says must be true.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wire/links.hpp"

namespace horde::props::links {

class Model {
 public:
  /// `from` queued `message`, and was told `sent`.
  void on_sent(const base::RunId& from, const base::RunId& to, wire::SentMessage sent,
               base::Bytes message);
  /// The user of `at` got `message` from `from`, in this epoch.
  void on_taken(const base::RunId& at, const base::RunId& from, std::uint64_t epoch,
                const base::Bytes& message);
  /// `at` was told of an end. What it received is taken by this as well.
  void on_ended(const base::RunId& at, const wire::LinkEnded& end);

  /// All is quiet; `alive` are the runs that live, with their links.
  void check_quiet(const std::map<base::RunId, const wire::Links*>& alive);

  void fail(std::string text);
  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }

 private:
  struct Key {
    base::RunId from;
    base::RunId to;
    std::uint64_t epoch = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Channel {  // One direction of a link.
    std::vector<base::Bytes> sent;
    std::size_t taken = 0;
    bool told_from = false;  // Of the end, on the side that sent.
    bool told_to = false;
    std::uint64_t acknowledged = 0;
    std::uint64_t transmitted = ~std::uint64_t{0};
  };
  static std::string name(const Key& key);

  std::map<Key, Channel> channels_;
  std::optional<std::string> failure_;
};

}  // namespace horde::props::links
