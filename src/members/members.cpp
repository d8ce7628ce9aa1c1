#include "members/members.hpp"

#include <algorithm>

#include "wire/codec.hpp"

namespace horde::members {
namespace {

constexpr char kWantedPrefix = '\x01';
constexpr char kStatusPrefix = '\x02';

crdt::Key wanted_key(const std::string& name) {
  return kWantedPrefix + name;
}
crdt::Key status_key(const std::string& name) {
  return kStatusPrefix + name;
}

crdt::Value encode_status(Status status, std::uint64_t boot) {
  wire::Writer writer;
  writer.u8(static_cast<std::uint8_t>(status));
  writer.varint(boot);
  return std::move(writer).take();
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::uninitialized:
      return "uninitialized";
    case Status::alive:
      return "alive";
    case Status::shutting_down:
      return "shutting_down";
    case Status::dead:
      return "dead";
    case Status::left:
      return "left";
  }
  return "unknown";
}

Members::Members(std::string self, Options options)
    : self_(std::move(self)), self_id_(base::NodeId::of(self_)), options_(std::move(options)) {}

void Members::load(base::Instant now, const crdt::AwLwwMap& map) {
  map.visit_after(0, [&](const crdt::Key& key, const crdt::Siblings&, std::uint64_t) {
    read(now, map, key);
    return true;
  });
}

Members::Changed Members::on_changes(base::Instant now, const crdt::AwLwwMap& map,
                                     const std::vector<crdt::Change>& changes) {
  Changed changed = Changed::nothing;
  for (const crdt::Change& change : changes) {
    const bool ours = !change.key.empty() && change.key[0] <= kStatusPrefix;
    if (ours && change.visible != crdt::Visible::same) {
      read(now, map, change.key);
      changed =
          std::max(changed, change.key[0] == kWantedPrefix ? Changed::wanted : Changed::statuses);
    }
  }
  return changed;
}

void Members::read(base::Instant now, const crdt::AwLwwMap& map, const crdt::Key& key) {
  if (key.empty() || (key[0] != kWantedPrefix && key[0] != kStatusPrefix)) {
    return;
  }
  const std::string name = key.substr(1);
  if (!base::is_node_name(name)) {
    return;
  }
  const base::NodeId id = base::NodeId::of(name);
  const crdt::Value* value = map.get(key);
  if (key[0] == kWantedPrefix) {
    if (value != nullptr) {
      wanted_.insert_or_assign(id, name);
      removed_at_.erase(id);
    } else if (wanted_.erase(id) > 0) {
      removed_at_.insert_or_assign(id, now);
    }
    return;
  }
  if (value == nullptr) {
    said_.erase(id);
    return;
  }
  wire::Reader reader(*value);
  const std::uint8_t status = reader.u8();
  const std::uint64_t boot = reader.varint();
  if (reader.ok() && status <= static_cast<std::uint8_t>(Status::left)) {
    said_.insert_or_assign(id, Said{static_cast<Status>(status), boot});
  }
}

std::vector<Write> Members::set_members(const std::set<std::string>& names) const {
  std::vector<Write> out;
  for (const auto& [id, name] : wanted_) {
    if (!names.contains(name)) {
      out.push_back({wanted_key(name), std::nullopt});
      out.push_back({status_key(name), std::nullopt});
    }
  }
  for (const std::string& name : names) {
    if (!wanted_.contains(base::NodeId::of(name))) {
      out.push_back({wanted_key(name), ""});
    }
  }
  return out;
}

// The status comes first: whoever reads that this member is wanted knows of which boot that is, and
// that a goodbye from an earlier one is no reason to take it off again.
std::vector<Write> Members::announce(std::uint64_t boot) const {
  std::vector<Write> out;
  const bool joins = options_.automatic || wanted_.empty();
  if (joins || wanted_.contains(self_id_)) {
    out.push_back({status_key(self_), encode_status(Status::alive, boot)});
  }
  if (!options_.automatic && wanted_.empty()) {
    for (const std::string& name : options_.names) {
      out.push_back({wanted_key(name), ""});
    }
  }
  // Under `auto` also where it stands already: whoever heard its goodbye may be taking it off just
  // now, and a remove takes what it has seen alone.
  if (options_.automatic ||
      (joins && std::ranges::find(options_.names, self_) == options_.names.end())) {
    out.push_back({wanted_key(self_), ""});
  }
  return out;
}

std::vector<Write> Members::announce_stop(std::uint64_t boot) const {
  if (!wanted_.contains(self_id_)) {
    return {};
  }
  return {{status_key(self_), encode_status(Status::shutting_down, boot)}};
}

std::vector<Write> Members::leave() const {
  return {{wanted_key(self_), std::nullopt}, {status_key(self_), std::nullopt}};
}

std::vector<Write> Members::prune(base::Instant now, const SeenNodes& seen) const {
  if (!options_.automatic || !wanted_.contains(self_id_)) {
    return {};
  }
  std::vector<Write> out;
  for (const auto& [id, name] : wanted_) {
    const auto it = seen.find(id);
    if (id < self_id_ && it != seen.end() && it->second.state == Seen::State::reachable) {
      return {};
    }
    if (it == seen.end()) {
      continue;
    }
    const auto said = said_.find(id);
    if (said != said_.end() && said->second.boot > it->second.boot) {
      continue;  // It is back, and has said so before its new boot was heard of.
    }
    const bool gone =
        it->second.state == Seen::State::left ||
        (it->second.state == Seen::State::dead && now - it->second.since >= options_.forget_after);
    if (gone) {
      out.push_back({wanted_key(name), std::nullopt});
      out.push_back({status_key(name), std::nullopt});
    }
  }
  return out;
}

Status Members::status_of(base::NodeId node, const SeenNodes& seen) const {
  const auto said = said_.find(node);
  const auto it = seen.find(node);
  if (it == seen.end()) {
    return Status::uninitialized;
  }
  switch (it->second.state) {
    case Seen::State::dead:
      return Status::dead;
    case Seen::State::left:
      return Status::left;
    case Seen::State::reachable:
      break;
  }
  const bool current = said != said_.end() && said->second.boot >= it->second.boot;
  return current ? said->second.status : Status::uninitialized;
}

std::vector<Member> Members::list(const SeenNodes& seen) const {
  std::vector<Member> out;
  for (const auto& [id, name] : wanted_) {
    out.push_back({.name = name, .id = id, .status = status_of(id, seen)});
  }
  std::ranges::sort(out, {}, &Member::name);
  return out;
}

bool Members::takes_part(base::NodeId node) const {
  return options_.automatic ? !removed_at_.contains(node)
                            : wanted_.empty() || wanted_.contains(node);
}

std::set<base::NodeId> Members::witnesses(base::Instant now) const {
  std::set<base::NodeId> out;
  for (const auto& [id, name] : wanted_) {
    out.insert(id);
  }
  for (const auto& [id, at] : removed_at_) {
    if (now - at < options_.forget_after) {
      out.insert(id);
    }
  }
  std::erase_if(out, [this](base::NodeId node) { return given_up_.contains(node); });
  return out;
}

std::set<base::NodeId> Members::retired(base::Instant now) const {
  std::set<base::NodeId> out = given_up_;
  for (const auto& [id, at] : removed_at_) {
    if (now - at >= options_.forget_after) {
      out.insert(id);
    }
  }
  return out;
}

bool Members::note_silence(base::Instant now, const SeenNodes& seen) {
  const std::set<base::NodeId> before = given_up_;
  std::erase_if(given_up_, [&](base::NodeId node) {
    const auto it = seen.find(node);
    return it != seen.end() && it->second.state == Seen::State::reachable;
  });
  for (const auto& [node, what] : seen) {
    if (what.state != Seen::State::reachable && now - what.since >= options_.forget_after &&
        (wanted_.contains(node) || removed_at_.contains(node))) {
      given_up_.insert(node);
    }
  }
  return given_up_ != before;
}

std::optional<base::NodeId> Members::give_up_one(const SeenNodes& seen) {
  std::optional<std::pair<base::Instant, base::NodeId>> longest;
  for (const auto& [node, what] : seen) {
    const std::pair candidate{what.since, node};
    if (what.state != Seen::State::reachable && wanted_.contains(node) &&
        !given_up_.contains(node) && (!longest || candidate < *longest)) {
      longest = candidate;
    }
  }
  if (!longest) {
    return std::nullopt;
  }
  given_up_.insert(longest->second);
  return longest->second;
}

std::map<base::NodeId, std::uint64_t> Members::announced() const {
  std::map<base::NodeId, std::uint64_t> out;
  for (const auto& [node, said] : said_) {
    if (wanted_.contains(node)) {
      out[node] = said.boot;
    }
  }
  return out;
}

bool Members::is_announced(std::uint64_t boot) const {
  const auto it = said_.find(self_id_);
  return it != said_.end() && it->second.boot == boot;
}

}  // namespace horde::members
