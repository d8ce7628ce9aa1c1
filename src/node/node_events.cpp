// Node: frames, and what its components hand up to each other.
#include <algorithm>
#include <ranges>

#include "node/node.hpp"
#include "wire/limits.hpp"

namespace horde::node {
namespace {

constexpr base::Duration kReviewPeriod = base::seconds(10);
constexpr base::Duration kColdCheckPeriod = base::milliseconds(20);
// In a large cluster that forms, peers come up by the dozen: neighbours are worked out once for
// many, the later the more there are.
constexpr std::size_t kPeersAtOnceMax = 64;
constexpr base::Duration kPeersDelayPerNode = base::milliseconds(1);

}  // namespace

void Node::count(const wire::DecodeError& error) {
  ++drops_.undecodable[static_cast<std::size_t>(error.code)];
}

void Node::tell(std::string_view topic, base::NodeId about, std::uint64_t value,
                base::Bytes detail) {
  tells_.push_back({.topic = topic, .about = about, .value = value, .detail = std::move(detail)});
}

void Node::on_frame(base::Now now, const wire::Sender& sender, const base::Address& from,
                    const wire::FrameView& frame) {
  switch (frame.tag) {
    case wire::Tag::membership:
    case wire::Tag::table: {
      liveness::Outputs outputs;
      const auto taken = liveness_.on_frame(now.mono, sender, from, frame, outputs);
      if (!taken) {
        count(taken.error());
        return;
      }
      take(now, std::move(outputs));
      return;
    }
    case wire::Tag::digest:
    case wire::Tag::vector:
    case wire::Tag::session:
    case wire::Tag::push:
    case wire::Tag::fragment:
    case wire::Tag::link:
      on_peer_frame(now, sender, frame);
      return;
  }
}

void Node::on_peer_frame(base::Now now, const wire::Sender& sender, const wire::FrameView& frame) {
  if (sender.node == self_) {
    ++drops_.own_name;
    return;
  }
  const liveness::NodeInfo* info = liveness_.find(sender.node);
  if (info == nullptr) {
    ++drops_.unknown_sender;
    return;
  }
  if (sender.boot < info->boot) {
    ++drops_.old_boot;
    return;
  }
  if (frame.tag == wire::Tag::link) {
    if (const auto taken = links_.on_frame(now.mono, sender, frame.body, link_out_); !taken) {
      count(taken.error());
    }
    return;
  }
  if (frame.tag == wire::Tag::fragment) {
    const auto whole = reassembler_.on_fragment(sender, frame.body);
    if (!whole) {
      count(whole.error());
    } else if (*whole) {
      on_frame(now, sender, {}, {(*whole)->tag, (*whole)->body});
    }
    return;
  }
  wire::Reader reader(frame.body);
  const std::uint64_t id = reader.count(0xffff);
  if (!reader.ok()) {
    count(reader.error());
    return;
  }
  const auto horde = std::ranges::find(hordes_, id, &Horde::id);
  if (horde == hordes_.end()) {
    ++drops_.unknown_horde;
    return;
  }
  replication::Outputs outputs;
  const auto taken = horde->replicator.on_message(now, {sender.node, sender.boot},
                                                  frame.body.substr(reader.offset()), outputs);
  if (!taken) {
    count(taken.error());
    return;
  }
  tell_of_delta(*horde, sender.node, outputs.changes);
  take(now, *horde, std::move(outputs));
}

void Node::take(base::Now now, liveness::Outputs outputs) {
  for (liveness::Outgoing& send : outputs.sends) {
    queue_frame(send.to, std::move(send.frame));
  }
  for (const liveness::PeerEvent& event : outputs.events) {
    on_peer_event(now, event);
  }
}

void Node::on_peer_event(base::Now now, const liveness::PeerEvent& event) {
  using Kind = liveness::PeerEvent::Kind;
  switch (event.kind) {
    case Kind::up:
      tell("member_up", event.node, event.boot);
      links_.peer_up(now.mono, {event.node, event.boot}, link_out_);
      for (Horde& horde : hordes_) {
        horde.replicator.on_run_started({event.node, event.boot});
      }
      break;
    case Kind::suspect:
      tell("member_suspect", event.node, event.boot);
      names_view_changed();
      return;
    case Kind::cleared:
      tell("member_cleared", event.node, event.boot);
      names_view_changed();
      return;
    case Kind::dead:
      tell("member_dead", event.node, event.boot);
      links_.peer_down(now.mono, {event.node, event.boot}, link_out_);
      reassembler_.forget(event.node);
      break;
    case Kind::left:
      tell("member_left", event.node, event.boot);
      links_.peer_down(now.mono, {event.node, event.boot}, link_out_);
      reassembler_.forget(event.node);
      break;
    case Kind::refuted:
      tell("refuted", event.node, event.boot);
      return;
    case Kind::isolated:
      tell("isolated", event.node, event.boot);
      return;
    case Kind::name_claimed:
      tell("name_claimed", event.node, event.boot, base::to_string(event.address));
      return;
    case Kind::name_in_use:
      ended_ =
          base::Ended{.reason = "name_in_use",
                      .detail = config_.name + " is at " + base::to_string(event.address) +
                                " already; this node is at " + base::to_string(config_.address)};
      return;
    case Kind::later_boot_heard:
      later_boot_ = std::max(later_boot_.value_or(0), event.boot);
      return;
  }
  want_update(now.mono);
}

void Node::want_update(base::Instant now) {
  const std::size_t count = liveness_.reachable_count();
  const base::Duration delay = count <= kPeersAtOnceMax
                                   ? base::Duration{}
                                   : kPeersDelayPerNode * static_cast<std::int64_t>(count);
  update_peers_at_ = std::min(update_peers_at_, now + delay);
}

void Node::take(base::Now now, Horde& horde, replication::Outputs outputs) {
  const auto index =
      static_cast<std::size_t>(std::ranges::find(hordes_, horde.id, &Horde::id) - hordes_.begin());
  for (replication::LogRecord& record : outputs.records) {
    wire::Writer writer;
    writer.varint(horde.id);
    writer.blob(record.bytes);
    const bool append = record.mode == replication::LogRecord::Mode::append;
    records_.push_back({append ? base::Persist::Mode::append : base::Persist::Mode::replace,
                        std::move(writer).take()});
  }
  for (const replication::Notice& notice : outputs.notices) {
    tell(notice.topic, notice.about, notice.value, horde.config.name);
  }
  for (const replication::Outgoing& send : outputs.sends) {
    wire::Writer body;
    body.varint(horde.id);
    body.raw(send.body);
    if (body.size() > wire::kMessageBytesMax) {
      ++drops_.over_limit;
      continue;
    }
    const std::vector<wire::Frame> frames =
        wire::fragments_of({self_, boot_}, {send.tag, std::move(body).take()});
    for (const base::NodeId node : send.to) {
      if (const liveness::NodeInfo* info = liveness_.find(node)) {
        for (const wire::Frame& frame : frames) {
          queue_frame(info->address, frame);
        }
      }
    }
  }
  note_entries(horde, outputs.changes);
  note_names(horde, outputs.changes);
  using Changed = members::Members::Changed;
  const Changed changed =
      horde.members.on_changes(now.mono, horde.replicator.map(), outputs.changes);
  if (changed == Changed::wanted) {
    want_update(now.mono);
  }
  if (changed != Changed::nothing) {
    note_view(horde);
  }
  for (crdt::Change& change : outputs.changes) {
    touched_.push_back({index, std::move(change.key), change.visible});
  }
  for (crdt::Event& event : outputs.written) {
    written_.push_back({index, std::move(event)});
  }
  horde.must_start_anew = horde.must_start_anew || outputs.needs_new_run;
}

void Node::queue_frame(const base::Address& to, wire::Frame frame) {
  const auto it =
      std::ranges::find(frames_, to, &std::pair<base::Address, std::vector<wire::Frame>>::first);
  if (it != frames_.end()) {
    it->second.push_back(std::move(frame));
  } else {
    frames_.push_back({to, {std::move(frame)}});
  }
}

// Who announced itself in an earlier life of ours, and has not been heard of in this one, is in no
// list of liveness: while we find each other nothing is known of it, and then it is gone.
void Node::count_absent_as_dead(base::Now now, Horde& horde) {
  if (!horde.absent_are_dead && horde.absent_at <= now.mono) {
    horde.absent_are_dead = true;
    note_view(horde);
  }
}

members::SeenNodes Node::seen(const Horde& horde) const {
  members::SeenNodes out;
  out[self_] = {.state = members::Seen::State::reachable, .boot = boot_};
  for (const liveness::NodeInfo& info : liveness_.nodes()) {
    members::Seen& seen = out[info.id];
    seen.boot = info.boot;
    seen.since = info.since;
    switch (info.state) {
      case liveness::State::alive:
      case liveness::State::suspect:
        seen.state = members::Seen::State::reachable;
        break;
      case liveness::State::dead:
        seen.state = members::Seen::State::dead;
        break;
      case liveness::State::left:
        seen.state = members::Seen::State::left;
        break;
    }
  }
  for (const auto& [node, boot] : horde.members.announced()) {
    if (horde.absent_are_dead && !out.contains(node)) {
      out[node] = {.state = members::Seen::State::dead, .boot = boot, .since = horde.absent_since};
    }
  }
  return out;
}

// Neighbours are drawn among the members that are here. Whoever has not synced yet does not know
// the members, and takes everybody it hears of; whoever was removed has none.
void Node::update_peers(base::Now now) {
  update_peers_at_ = base::Instant::never();
  std::map<base::NodeId, std::uint64_t> reachable;
  for (const liveness::NodeInfo& info : liveness_.nodes()) {
    if (info.state == liveness::State::alive || info.state == liveness::State::suspect) {
      reachable.emplace(info.id, info.boot);
    }
  }
  std::set<base::NodeId> wanted;
  for (Horde& horde : hordes_) {
    std::set<base::NodeId> present;
    for (const auto& [node, boot] : reachable) {
      if (horde.members.takes_part(node)) {
        present.insert(node);
      }
    }
    const bool removed = horde.replicator.is_synced() && horde.announced_boot == boot_ &&
                         !horde.members.is_wanted(self_);
    if (removed) {
      present.clear();
    }
    present.insert(self_);
    const members::Neighbours neighbours =
        members::neighbours_of(self_, present, horde.config.topology);
    replication::Peers peers{.forwarding = neighbours.complete
                                               ? replication::Pusher::Forwarding::off
                                               : replication::Pusher::Forwarding::on};
    for (const base::NodeId node : neighbours.nodes) {
      peers.neighbours.push_back({node, reachable.at(node)});
    }
    for (const auto& [node, boot] : reachable) {
      peers.reachable.push_back({node, boot});
    }
    replication::Outputs outputs;
    horde.replicator.set_peers(now, peers, outputs);
    take(now, horde, std::move(outputs));
    for (const auto& [node, name] : horde.members.wanted()) {
      wanted.insert(node);
    }
    horde.review_at = now.mono;
  }
  wanted.erase(self_);
  liveness_.set_wanted({wanted.begin(), wanted.end()});
}

void Node::review(base::Now now, Horde& horde) {
  horde.review_at = now.mono + kReviewPeriod;
  if (!horde.replicator.is_synced() || !horde.members.is_wanted(self_)) {
    return;
  }
  const members::SeenNodes all = seen(horde);
  (void)horde.members.note_silence(now.mono, all);
  if (horde.children != nullptr &&
      horde.children->supervisor.sizes().ended > horde.config.children->ends_max) {
    if (const auto node = horde.members.give_up_one(all)) {
      tell("witness_forgotten", *node, horde.children->supervisor.sizes().ended);
    }
  }
  std::set<base::NodeId> witnesses = horde.members.witnesses(now.mono);
  horde.replicator.set_witnesses(witnesses, horde.members.retired(now.mono));
  if (witnesses != horde.witnesses) {
    note_view(horde);
  }
  horde.witnesses = std::move(witnesses);
  if (life_ == Life::running) {
    write(now, horde, horde.members.prune(now.mono, all));
  }
}

// Members that have all met and none of whom has synced count as synced once they have what all of
// them have: there is nobody to wait for, and of two disks one may hold what the other has lost
// (R8).
void Node::check_cold_start(base::Now now, Horde& horde) {
  if (horde.replicator.is_synced() || now.mono < std::min(horde.cold_check_at, horde.assume_at)) {
    return;
  }
  horde.cold_check_at = now.mono + kColdCheckPeriod;
  const auto is_here = [](const liveness::NodeInfo& info) {
    return info.state == liveness::State::alive || info.state == liveness::State::suspect;
  };
  const auto nobody_has_more = [&] {
    return std::ranges::all_of(liveness_.nodes(), [&](const liveness::NodeInfo& info) {
      return !is_here(info) || (horde.replicator.peer_synced(info.id) == false &&
                                horde.replicator.has_all_of(info.id));
    });
  };
  const auto seeds_met = [&] {
    return std::ranges::all_of(config_.seeds, [&](const base::Address& seed) {
      return seed == config_.address ||
             std::ranges::any_of(liveness_.nodes(), [&](const liveness::NodeInfo& info) {
               return info.address == seed && is_here(info);
             });
    });
  };
  const auto members_met = [&] {
    const auto is_met = [&](base::NodeId node) {
      return node == self_ || liveness_.is_reachable(node);
    };
    return std::ranges::all_of(horde.config.members.names, is_met, &base::NodeId::of) &&
           std::ranges::all_of(std::views::keys(horde.members.wanted()), is_met);
  };
  if (now.mono >= horde.assume_at || (nobody_has_more() && seeds_met() && members_met())) {
    replication::Outputs outputs;
    horde.replicator.assume_synced(outputs);
    take(now, horde, std::move(outputs));
    horde.review_at = now.mono;
  }
}

}  // namespace horde::node
