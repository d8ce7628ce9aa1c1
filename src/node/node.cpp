// Node: inputs, local calls, and the end of every input. What components hand up is in
// node_events.cpp.
#include "node/node.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "wire/limits.hpp"

namespace horde::node {
namespace {

constexpr std::size_t kPendingWritesMax = 1'024;
// Between rounds of a node that stops; it has some seconds for the last one.
constexpr base::Duration kLastSyncInterval = base::milliseconds(300);
constexpr base::Duration kGoodbyeWait = base::milliseconds(500);
// Whoever is there has been heard of by then, even in a cluster that forms slowly.
constexpr base::Duration kAbsentWaitMin = base::seconds(10);
// Between two turns of processes that have more to do than one turn is allowed.
constexpr base::Duration kProcessesPause = base::microseconds(100);

crdt::Key user_key(std::string_view key) {
  crdt::Key out(1, members::kUserKeyPrefix);
  out += key;
  return out;
}

liveness::Self self_of(const Config& config) {
  return {.name = config.name, .address = config.address, .boot = config.boot};
}

}  // namespace

std::uint16_t id_of_horde(std::string_view name) {
  return static_cast<std::uint16_t>(base::hash64(name) & 0xffffU);
}

std::string_view to_string(CallErrc code) {
  switch (code) {
    case CallErrc::unknown_horde:
      return "unknown_horde";
    case CallErrc::key_over_limit:
      return "key_over_limit";
    case CallErrc::value_over_limit:
      return "value_over_limit";
    case CallErrc::queue_over_limit:
      return "queue_over_limit";
    case CallErrc::bad_name:
      return "bad_name";
    case CallErrc::shutting_down:
      return "shutting_down";
  }
  return "unknown";
}

Node::Node(Config config, std::span<const base::Bytes> log)
    : config_(std::move(config)),
      self_(base::NodeId::of(config_.name)),
      boot_(config_.boot),
      rng_(config_.seed),
      liveness_(self_of(config_), config_.liveness, rng_.fork("liveness")),
      links_({self_, config_.boot}, config_.links),
      refusal_(refusal_of(config_)) {
  if (!refusal_.empty()) {
    config_.hordes.clear();
  }
  stop_call_.timeout = config_.children_stop_wait;
  for (HordeConfig& horde : config_.hordes) {
    if (horde.children) {  // Their entries are read by rank, not by stamp (R1).
      horde.replication.keys_by_rank = base::Bytes(1, supervisor::kChildKeyPrefix);
    }
    const std::uint16_t id = id_of_horde(horde.name);
    hordes_.push_back({.config = horde,
                       .id = id,
                       .replicator = replication::Replicator({self_, boot_}, horde.replication),
                       .members = members::Members(config_.name, horde.members)});
  }
  load(log);
  make_children();
}

void Node::load(std::span<const base::Bytes> log) {
  std::map<std::uint16_t, std::vector<base::Bytes>> records;
  for (const base::Bytes& bytes : log) {
    wire::Reader reader(bytes);
    std::vector<std::pair<std::uint16_t, base::Bytes>> parts;
    while (reader.ok() && reader.remaining() > 0) {
      const auto id = static_cast<std::uint16_t>(reader.count(0xffff));
      parts.emplace_back(id, reader.blob(bytes.size()));
    }
    if (!reader.ok()) {
      ++damaged_records_;
      break;
    }
    for (auto& [id, part] : parts) {
      records[id].push_back(std::move(part));
    }
  }
  for (Horde& horde : hordes_) {
    damaged_records_ += horde.replicator.load(records[horde.id]).has_value() ? 0U : 1U;
  }
}

void Node::on_start(base::Now now, base::Effects& out) {
  begin(now);
  if (!refusal_.empty()) {
    ended_ = base::Ended{.reason = "bad_config", .detail = refusal_};
    finish(now, out);
    return;
  }
  // D1: larger than any start seen on disk, whatever the driver's clock says.
  for (const Horde& horde : hordes_) {
    const std::uint64_t seen = horde.replicator.map().vector().latest_start(self_);
    if (seen >= boot_) {
      later_boot_ = std::max(later_boot_.value_or(0), seen);
    }
  }
  liveness::Outputs liveness_out;
  liveness_.start(now.mono, config_.seeds, liveness_out);
  take(now, std::move(liveness_out));
  for (Horde& horde : hordes_) {
    horde.members.load(now.mono, horde.replicator.map());
    horde.write_at = now.mono + horde.config.write_wait;
    horde.assume_at =
        horde.config.boot_wait.ns < 0 ? base::Instant::never() : now.mono + horde.config.boot_wait;
    horde.absent_since = now.mono;
    horde.absent_at = now.mono + std::max(kAbsentWaitMin, horde.config.boot_wait);
    replication::Outputs horde_out;
    horde.replicator.on_start(now, horde_out);
    take(now, horde, std::move(horde_out));
  }
  update_peers_at_ = now.mono;
  finish(now, out);
}

void Node::on_datagram(base::Now now, const base::Address& from, base::BytesView bytes,
                       base::Effects& out) {
  begin(now);
  const auto datagram = wire::unpack(bytes);
  if (!datagram) {
    count(datagram.error());
    return;
  }
  for (const wire::FrameView& frame : datagram->frames) {
    on_frame(now, datagram->sender, from, frame);
  }
  finish(now, out);
}

void Node::on_timeout(base::Now now, base::Effects& out) {
  begin(now);
  if (liveness_.wake_at() <= now.mono) {
    liveness::Outputs outputs;
    liveness_.on_timeout(now.mono, outputs);
    take(now, std::move(outputs));
  }
  for (Horde& horde : hordes_) {
    if (horde.replicator.wake_at() <= now.mono) {
      replication::Outputs outputs;
      horde.replicator.on_timeout(now, outputs);
      take(now, horde, std::move(outputs));
    }
  }
  if (links_.wake_at() <= now.mono) {
    links_.on_timeout(now.mono, link_out_);
  }
  run_timers(now);
  finish(now, out);
}

void Node::on_hint(base::Now now, const base::Hint& hint, base::Effects& out) {
  begin(now);
  liveness::Outputs outputs;
  liveness_.on_hint(now.mono, hint, outputs);
  take(now, std::move(outputs));
  finish(now, out);
}

base::Instant Node::wake_at() const {
  if (life_ == Life::ended) {
    return base::Instant::never();
  }
  base::Instant at =
      std::min({liveness_.wake_at(), update_peers_at_, stop_at_, links_.wake_at(), processes_at_});
  for (const Horde& horde : hordes_) {
    at = std::min({at, horde.replicator.wake_at(), horde.review_at});
    if (horde.children != nullptr) {
      at = std::min({at, horde.children->supervisor.wake_at(),
                     horde.children->telemetry_at.value_or(base::Instant::never())});
    }
    if (horde.registered != nullptr) {
      at = std::min(at, horde.registered->names.registry().wake_at());
    }
    if (!horde.pending.empty()) {
      at = std::min(at, horde.write_at);
    }
    if (!horde.replicator.is_synced()) {
      at = std::min({at, horde.assume_at, horde.cold_check_at});
    }
    if (!horde.absent_are_dead) {
      at = std::min(at, horde.absent_at);
    }
  }
  return at;
}

// --- Local calls ---

Node::Horde* Node::find(std::string_view name) {
  const auto it = std::ranges::find(
      hordes_, name, [](const Horde& h) -> std::string_view { return h.config.name; });
  return it == hordes_.end() ? nullptr : &*it;
}

const Node::Horde* Node::find(std::string_view name) const {
  return const_cast<Node*>(this)->find(name);  // NOLINT: the one search, for both.
}

void Node::answer(base::CallId call, std::string_view status) {
  answers_.push_back({.call = call, .status = status});
}

void Node::put(base::Now now, base::CallId call, std::string_view horde, Pairs pairs,
               base::Effects& out) {
  begin(now);
  Horde* target = find(horde);
  std::optional<CallErrc> error;
  if (target == nullptr) {
    error = CallErrc::unknown_horde;
  }
  for (auto& [key, value] : pairs) {
    if (key.size() > wire::kUserKeyBytesMax) {
      error = CallErrc::key_over_limit;
    } else if (value.size() > wire::kUserValueBytesMax) {
      error = CallErrc::value_over_limit;
    }
    key.insert(key.begin(), members::kUserKeyPrefix);
  }
  if (error) {
    answer(call, to_string(*error));
  } else {
    submit(now, *target, {.call = call, .puts = std::move(pairs)});
  }
  finish(now, out);
}

void Node::remove(base::Now now, base::CallId call, std::string_view horde,
                  std::vector<crdt::Key> keys, base::Effects& out) {
  begin(now);
  for (crdt::Key& key : keys) {
    key.insert(key.begin(), members::kUserKeyPrefix);
  }
  if (Horde* target = find(horde)) {
    submit(now, *target, {.call = call, .removes = std::move(keys)});
  } else {
    answer(call, to_string(CallErrc::unknown_horde));
  }
  finish(now, out);
}

void Node::set_members(base::Now now, base::CallId call, std::string_view horde,
                       const std::vector<std::string>& names, base::Effects& out) {
  begin(now);
  Horde* target = find(horde);
  if (target == nullptr) {
    answer(call, to_string(CallErrc::unknown_horde));
  } else if (!std::ranges::all_of(names,
                                  [](const auto& name) { return base::is_node_name(name); })) {
    answer(call, to_string(CallErrc::bad_name));
  } else {
    PendingWrite write{.call = call};
    for (members::Write& part : target->members.set_members({names.begin(), names.end()})) {
      if (part.value) {
        write.puts.emplace_back(std::move(part.key), std::move(*part.value));
      } else {
        write.removes.push_back(std::move(part.key));
      }
    }
    submit(now, *target, std::move(write));
  }
  finish(now, out);
}

bool Node::may_write(base::Instant now, const Horde& horde) const {
  return horde.replicator.is_synced() || now >= horde.write_at;
}

void Node::submit(base::Now now, Horde& horde, PendingWrite write) {
  if (life_ != Life::running) {
    answer(write.call, to_string(CallErrc::shutting_down));
  } else if (may_write(now.mono, horde) && horde.pending.empty()) {
    carry_out(now, horde, std::move(write));
  } else if (horde.pending.size() >= kPendingWritesMax) {
    answer(write.call, to_string(CallErrc::queue_over_limit));
  } else {
    horde.pending.push_back(std::move(write));
  }
}

void Node::carry_out(base::Now now, Horde& horde, PendingWrite write) {
  replication::Outputs outputs;
  const auto refused = horde.replicator.put(now, write.puts, outputs);
  HORDE_ASSERT(!refused);  // Sizes were checked where the call came in.
  horde.replicator.remove(now, write.removes, outputs);
  take(now, horde, std::move(outputs));
  answer(write.call, "ok");
}

void Node::write(base::Now now, Horde& horde, const std::vector<members::Write>& writes) {
  replication::Outputs outputs;
  for (const members::Write& part : writes) {
    if (part.value) {
      const std::pair<crdt::Key, crdt::Value> pair{part.key, *part.value};
      const auto refused = horde.replicator.put(now, {&pair, 1}, outputs);
      HORDE_ASSERT(!refused);
    } else {
      horde.replicator.remove(now, {&part.key, 1}, outputs);
    }
  }
  take(now, horde, std::move(outputs));
}

void Node::stop(base::Now now, base::Effects& out) {
  begin(now);
  begin_stop(now);
  finish(now, out);
}

void Node::stop(base::Now now, StopCall request, base::Effects& out) {
  if (life_ == Life::running) {
    stop_call_ = std::move(request);
  }
  stop(now, out);
}

void Node::leave(base::Now now, base::Effects& out) {
  begin(now);
  leaves_lists_ = leaves_lists_ || life_ == Life::running;
  begin_stop(now);
  finish(now, out);
}

void Node::begin_stop(base::Now now) {
  if (life_ != Life::running) {
    return;
  }
  for (Horde& horde : hordes_) {
    for (const PendingWrite& write : horde.pending) {
      answer(write.call, to_string(CallErrc::shutting_down));
    }
    horde.pending.clear();
    write(now, horde, horde.members.announce_stop(boot_));
  }
  for (Horde& horde : hordes_) {
    // Where rounds come rarely, and carry everything, the last one would come too late.
    if (horde.config.replication.sync_interval > kLastSyncInterval) {
      horde.replicator.hurry(now.mono, kLastSyncInterval);
    }
  }
  life_ = Life::stopping_children;
  stop_children(now);
  run_children(now);
}

void Node::advance_stop(base::Now now) {
  if (life_ == Life::stopping_children && children_have_left()) {
    for (Horde& horde : hordes_) {
      if (leaves_lists_) {
        write(now, horde, horde.members.leave());
      }
    }
    stop_registries(now);
    run_children(now);
    life_ = Life::handing_over;
    stop_at_ = now.mono + config_.stop_wait;
  }
  if (life_ == Life::handing_over) {
    const bool handed_over = std::ranges::all_of(hordes_, [](const Horde& horde) {
      const base::RunId& run = horde.replicator.own_run();
      const std::uint64_t last = horde.replicator.map().vector().counter(run);
      return last == 0 || horde.replicator.holders({run, last}) >= 2;
    });
    if (handed_over || liveness_.reachable_count() == 0 || now.mono >= stop_at_) {
      life_ = Life::leaving;
      stop_at_ = now.mono + kGoodbyeWait;
      liveness::Outputs outputs;
      liveness_.leave(now.mono, outputs);
      take(now, std::move(outputs));
    }
  }
  if (life_ == Life::leaving && (liveness_.has_left() || now.mono >= stop_at_)) {
    ended_ = base::Ended{.reason = "stopped", .detail = stop_call_.reason};
  }
}

// --- Reads ---

const crdt::Value* Node::get(std::string_view horde, std::string_view key) const {
  const Horde* target = find(horde);
  return target == nullptr ? nullptr : target->replicator.map().get(user_key(key));
}

std::map<crdt::Key, crdt::Value> Node::take(std::string_view horde,
                                            std::span<const crdt::Key> keys) const {
  std::map<crdt::Key, crdt::Value> out;
  for (const crdt::Key& key : keys) {
    if (const crdt::Value* value = get(horde, key)) {
      out.emplace(key, *value);
    }
  }
  return out;
}

std::map<crdt::Key, crdt::Value> Node::to_map(std::string_view horde) const {
  std::map<crdt::Key, crdt::Value> out;
  if (const Horde* target = find(horde)) {
    for (auto& [key, value] : target->replicator.map().to_map()) {
      if (key.starts_with(members::kUserKeyPrefix)) {
        out.emplace(key.substr(1), value);
      }
    }
  }
  return out;
}

std::vector<members::Member> Node::members(std::string_view horde) const {
  const Horde* target = find(horde);
  return target == nullptr ? std::vector<members::Member>{} : target->members.list(seen(*target));
}

// --- The end of every input ---

void Node::begin(base::Now /*now*/) {
  touched_.clear();
  written_.clear();
  names_touched_.clear();
}

// What one component's outputs ask of others, until nothing is left to do.
void Node::settle(base::Now now) {
  const bool anew = std::ranges::any_of(hordes_, [](const Horde& h) { return h.must_start_anew; });
  if (anew || later_boot_) {
    change_boot(now);
  }
  if (update_peers_at_ <= now.mono) {
    update_peers(now);
    for (Horde& horde : hordes_) {
      note_view(horde);
    }
  }
  bool reviewed = false;
  for (Horde& horde : hordes_) {
    check_cold_start(now, horde);
    count_absent_as_dead(now, horde);
    // Once in each boot, and again after it was taken off the list and put back on it.
    const bool unheard = horde.announced_boot != boot_ ||
                         (horde.members.is_wanted(self_) && !horde.members.is_announced(boot_));
    if (life_ == Life::running && horde.replicator.is_synced() && unheard) {
      horde.announced_boot = boot_;
      write(now, horde, horde.members.announce(boot_));
    }
    tell_synced(now, horde);
    while (!horde.pending.empty() && may_write(now.mono, horde)) {
      PendingWrite write = std::move(horde.pending.front());
      horde.pending.pop_front();
      carry_out(now, horde, std::move(write));
    }
    if (horde.review_at <= now.mono) {
      review(now, horde);
      reviewed = true;
    }
  }
  run_children(now);
  tell_of_children(now);
  if (reviewed) {
    warn_of_lone_hordes(now);
  }
  for (std::size_t i = 0; i < hordes_.size(); ++i) {
    if (hordes_[i].registered != nullptr) {
      for (base::Bytes& key : hordes_[i].registered->names.registry().take_touched()) {
        names_touched_.push_back({i, std::move(key)});
      }
    }
  }
}

void Node::change_boot(base::Now now) {
  const auto clock = static_cast<std::uint64_t>(std::max<std::int64_t>(now.wall.ns, 0) / 1'000'000);
  const std::uint64_t proposed = (clock << 8U) | rng_.below(256);
  boot_ = std::max({proposed, boot_ + 1, later_boot_.value_or(0) + 1});
  later_boot_.reset();
  liveness::Outputs liveness_out;
  liveness_.restart_as(now.mono, boot_, liveness_out);
  take(now, std::move(liveness_out));
  for (Horde& horde : hordes_) {
    replication::Outputs outputs;
    if (horde.must_start_anew) {
      horde.must_start_anew = false;
      horde.replicator.start_anew(now, boot_, outputs);
      horde.write_at = now.mono + horde.config.write_wait;
    } else {
      horde.replicator.start_new_run(now, boot_, outputs);
    }
    take(now, horde, std::move(outputs));
  }
  links_.restart_as(now.mono, boot_, link_out_);
  link_out_ = {};  // Whoever used them ends here.
  make_children();
  for (const liveness::NodeInfo& info : liveness_.nodes()) {
    if (liveness_.is_reachable(info.id)) {
      links_.peer_up(now.mono, {info.id, info.boot}, link_out_);
    }
  }
  update_peers_at_ = now.mono;
  tell("restarted_as", self_, boot_);
}

void Node::finish(base::Now now, base::Effects& out) {
  if (life_ == Life::ended) {
    return;
  }
  settle(now);
  advance_stop(now);
  // Time goes on even if processes keep each other busy for ever.
  const base::Instant due = runtime_->wake_at();
  processes_at_ = due <= now.mono ? now.mono + kProcessesPause : due;
  const bool replace = std::ranges::any_of(
      records_, [](const base::Persist& r) { return r.mode == base::Persist::Mode::replace; });
  if (replace) {
    // One log for all hordes: it is replaced by the states of all.
    wire::Writer writer;
    for (const Horde& horde : hordes_) {
      writer.varint(horde.id);
      writer.blob(horde.replicator.checkpoint());
    }
    records_ = {{.mode = base::Persist::Mode::replace, .record = std::move(writer).take()}};
  }
  for (base::Persist& record : std::exchange(records_, {})) {
    out.add(std::move(record));
  }
  for (base::Tell& tell : std::exchange(tells_, {})) {
    out.add(std::move(tell));
  }
  for (auto& [to, frames] : std::exchange(frames_, {})) {
    for (base::Bytes& datagram : wire::pack({self_, boot_}, frames)) {
      out.add(base::Send{to, std::move(datagram)});
    }
  }
  for (base::Answer& answer : std::exchange(answers_, {})) {
    out.add(std::move(answer));
  }
  if (ended_) {
    life_ = Life::ended;
    out.add(std::move(*ended_));
    ended_.reset();
  }
}

}  // namespace horde::node
