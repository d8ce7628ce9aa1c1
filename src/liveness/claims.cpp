// What frames say of nodes: claims about others and ourselves, and the exchange of tables.
#include <algorithm>

#include "base/assert.hpp"
#include "liveness/liveness.hpp"
#include "liveness/suspicion.hpp"

namespace horde::liveness {
namespace {

constexpr std::size_t kTransfersMax = 8;  // Tables on their way at a time.
constexpr std::uint64_t kLastId = ~std::uint64_t{0};
constexpr base::Duration kTellEvery = base::milliseconds(500);  // Per node.
constexpr base::Duration kAskNodeEvery = base::seconds(1);
constexpr base::Duration kAskEvery = base::milliseconds(250);  // All nodes together.

/// A frame under construction: records until it is full.
class RecordFrame {
 public:
  template <class Message>
  explicit RecordFrame(const Message& head) {
    write_head(writer_, head);
  }
  /// Whether it fitted.
  bool add(const Record& record) {
    wire::Writer one;
    write_record(one, record);
    if (writer_.size() + one.size() > kFrameBytesMax) {
      return false;
    }
    writer_.raw(one.bytes());
    return true;
  }
  [[nodiscard]] wire::Frame take(wire::Tag tag) && { return {tag, std::move(writer_).take()}; }

 private:
  wire::Writer writer_;
};

}  // namespace

void Liveness::send(base::Instant now, base::NodeId node, const base::Address& to,
                    const Message& head, const std::vector<base::NodeId>& first, Outputs& out) {
  RecordFrame frame(head);
  for (const base::NodeId about : first) {
    if (const auto record = record_of(now, about)) {
      (void)frame.add(*record);
    }
  }
  std::vector<base::NodeId> gone;
  queue_.offer(sends_max(options_, table_.reachable().size() + 1), [&](base::NodeId about) {
    if (std::find(first.begin(), first.end(), about) != first.end()) {
      return true;
    }
    const auto record = record_of(now, about);
    if (!record) {
      gone.push_back(about);
      return true;
    }
    return frame.add(*record);
  });
  for (const base::NodeId about : gone) {
    queue_.erase(about);
  }
  out.sends.push_back({to, node, std::move(frame).take(wire::Tag::membership)});
}

Record Liveness::own_record() const {
  return {.node = self_id_,
          .name = self_.name,
          .address = self_.address,
          .boot = self_.boot,
          .incarnation = incarnation_,
          .state = leaving_ ? State::left : State::alive};
}

std::optional<Record> Liveness::record_of(base::Instant now, base::NodeId node) const {
  if (node == self_id_) {
    return own_record();
  }
  const Entry* entry = table_.find(node);
  return entry == nullptr ? std::nullopt : std::optional(table_.record_of(now, *entry));
}

std::uint64_t Liveness::table_digest() const {
  return table_.digest() + digest_of(self_id_, self_.boot, incarnation_);
}

void Liveness::take_in(base::Instant now, const wire::Sender& sender, const base::Address& from,
                       const std::vector<Record>& records, Outputs& out) {
  const Entry* before = table_.find(sender.node);
  const bool was_gone = before != nullptr && !table_.is_reachable(sender.node);
  note_heard(now, out);
  Changes changes(out.events);
  table_.on_sign_of_life(now, {sender.node, sender.boot}, changes);
  // Who is dead here has not heard our refutations: what it says against others is old, and a
  // member that sends but does not hear would go on saying it for ever.
  const bool outdated =
      before != nullptr && (!table_.is_reachable(sender.node) || sender.boot < before->info.boot);
  for (const Record& record : records) {
    if (record.node == self_id_) {
      on_claim_about_self(now, record, out);
      continue;
    }
    const bool accusation = record.state == State::suspect || record.state == State::dead;
    if (!(accusation && outdated)) {
      table_.apply(now, record, changes);
    }
  }
  settle(now, changes);

  const Entry* entry = table_.find(sender.node);
  const bool stranger = entry == nullptr || entry->info.boot < sender.boot;
  const bool back = was_gone && table_.is_reachable(sender.node);
  if (back) {
    hasten_exchange(now);
  }
  if (stranger || back) {
    ask(sender.node, from, now, out);
  }
}

// The news that a sender needs of itself: it is suspect or dead here, or runs under an old boot.
void Liveness::tell(base::Instant now, const wire::Sender& sender, const base::Address& from,
                    Outputs& out) {
  Entry* entry = table_.find(sender.node);
  if (entry == nullptr || now < entry->tell_again_at) {
    return;
  }
  const bool gone = entry->info.state == State::dead || entry->info.state == State::left;
  if (entry->info.boot > sender.boot || (gone && entry->info.boot == sender.boot)) {
    entry->tell_again_at = now + kTellEvery;
    send(now, sender.node, from, {.kind = Message::Kind::gossip}, {sender.node, self_id_}, out);
  }
}

void Liveness::on_claim_about_self(base::Instant now, const Record& record, Outputs& out) {
  const bool ours = record.name == self_.name && record.address == self_.address;
  if (ours && record.boot == self_.boot) {
    if (record.state == State::left && !leaving_) {
      hear_later_boot(record.boot, record.address, out);
    } else if (record.incarnation > incarnation_ ||
               (record.incarnation == incarnation_ && record.state > State::alive)) {
      refute(now, record.incarnation, out);
    }
    return;
  }
  const bool gone = record.state == State::dead || record.state == State::left;
  if (ours || gone) {
    // Nobody else can be where we are, and nobody is where that one was.
    if (record.boot >= self_.boot) {
      hear_later_boot(record.boot, record.address, out);
    }
    return;
  }
  name_check_.begin(now, record.address, record.boot);
}

void Liveness::hear_later_boot(std::uint64_t boot, const base::Address& address, Outputs& out) {
  if (boot > later_boot_told_) {
    later_boot_told_ = boot;
    out.events.push_back({PeerEvent::Kind::later_boot_heard, self_id_, boot, address});
  }
}

void Liveness::refute(base::Instant now, std::uint64_t incarnation, Outputs& out) {
  if (leaving_) {
    return;
  }
  incarnation_ = incarnation + 1;
  health_ = std::min(health_ + 1, options_.health_max);
  ++statistics_.refutations;
  out.events.push_back({PeerEvent::Kind::refuted, self_id_, self_.boot, self_.address});
  spread(now, self_id_);
}

void Liveness::run_name_check(base::Instant now, Outputs& out) {
  switch (name_check_.on_due(now, last_number_ + 1)) {
    case NameCheck::Step::ping:
      last_number_ = std::max(last_number_, name_check_.number());
      send(now, self_id_, name_check_.address(),
           {.kind = Message::Kind::ping,
            .number = name_check_.number(),
            .target = self_id_,
            .target_boot = name_check_.boot()},
           {}, out);
      break;
    case NameCheck::Step::nobody:
      if (name_check_.boot() >= self_.boot) {
        hear_later_boot(name_check_.boot(), name_check_.address(), out);
      }
      break;
  }
}

// For a stranger, which has no entry, only the common limit holds; for seeds, none.
void Liveness::ask(base::NodeId node, const base::Address& to, base::Instant now, Outputs& out) {
  if (node != base::NodeId{}) {
    Entry* entry = table_.find(node);
    if (now < ask_again_at_ || (entry != nullptr && now < entry->ask_again_at)) {
      return;
    }
    ask_again_at_ = now + kAskEvery;
    if (entry != nullptr) {
      entry->ask_again_at = now + kAskNodeEvery;
    }
  }
  RecordFrame frame(TableMessage{.kind = TableMessage::Kind::ask, .digest = table_digest()});
  (void)frame.add(own_record());
  out.sends.push_back({to, node, std::move(frame).take(wire::Tag::table)});
}

wire::Decoded<void> Liveness::on_table(base::Instant now, const wire::Sender& sender,
                                       const base::Address& from, base::BytesView body,
                                       Outputs& out) {
  const wire::Decoded<TableMessage> message = decode_table(body);
  if (!message) {
    return std::unexpected(message.error());
  }
  note_time(now);
  if (sender.node == self_id_) {
    if (from != self_.address) {
      name_check_.begin(now, from, sender.boot);
    }
    return {};
  }
  take_in(now, sender, from, message->records, out);
  switch (message->kind) {
    case TableMessage::Kind::ask:
      if (message->digest != table_digest()) {
        begin_transfer(now, sender.node, from, out);
      }
      tell(now, sender, from, out);
      break;
    case TableMessage::Kind::part:
      on_part(now, sender, from, *message, out);
      break;
    case TableMessage::Kind::answer:
      break;
  }
  return {};
}

// With too many tables on their way (a mass join), a single part from a random place: whoever gets
// it knows others then, and asks them.
void Liveness::begin_transfer(base::Instant now, base::NodeId node, const base::Address& to,
                              Outputs& out) {
  for (const Transfer& transfer : transfers_) {
    if (transfer.to == to) {
      return;
    }
  }
  if (transfers_.size() < kTransfersMax) {
    transfers_.push_back({node, to, 1});
    if (gossip_at_ == base::Instant::never()) {
      gossip_at_ = std::max(now, gossip_allowed_at_);
    }
    return;
  }
  Transfer sample{node, to, 1};
  if (!table_.reachable().empty()) {
    sample.next = table_.reachable()[rng_.below(table_.reachable().size())].value;
  }
  send_part(now, sample, out);
}

// A part says all that we know of a range of ids, so that its receiver can tell what we lack. Our
// own record travels in each; the range leaves us out.
void Liveness::send_part(base::Instant now, Transfer& transfer, Outputs& out) {
  TableMessage head{.kind = TableMessage::Kind::part, .first = transfer.next, .last = kLastId};
  std::vector<Record> records;
  wire::Writer size;  // The head has a fixed size, so only the records must be measured.
  write_head(size, head);
  write_record(size, own_record());
  auto at = table_.entries().lower_bound(base::NodeId{transfer.next});
  for (; at != table_.entries().end(); ++at) {
    if (at->first == transfer.to_node || table_.is_forgettable(now, at->second)) {
      continue;
    }
    Record record = table_.record_of(now, at->second);
    write_record(size, record);
    if (size.size() > kFrameBytesMax) {
      break;
    }
    records.push_back(std::move(record));
  }
  transfer.next = 0;
  if (at != table_.entries().end()) {
    transfer.next = at->first.value;
    head.last = transfer.next - 1;
  }
  head.records.push_back(own_record());
  std::move(records.begin(), records.end(), std::back_inserter(head.records));
  ++statistics_.tables_sent;
  out.sends.push_back({transfer.to, transfer.to_node, {wire::Tag::table, encode(head)}});
}

void Liveness::on_part(base::Instant now, const wire::Sender& sender, const base::Address& from,
                       const TableMessage& part, Outputs& out) {
  std::map<base::NodeId, const Record*> theirs;
  for (const Record& record : part.records) {
    theirs.emplace(record.node, &record);
  }
  RecordFrame answer(TableMessage{.kind = TableMessage::Kind::answer});
  std::size_t missing = 0;
  bool whole = true;
  const auto offer = [&](const Record& ours) {
    const auto at = theirs.find(ours.node);
    const bool gone = ours.state == State::dead || ours.state == State::left;
    if (at == theirs.end() ? gone : !outranks(ours, *at->second)) {
      return;
    }
    ++missing;
    whole = whole && answer.add(ours);
  };
  if (part.first <= self_id_.value && self_id_.value <= part.last) {
    offer(own_record());
  }
  const auto& entries = table_.entries();
  for (auto at = entries.lower_bound(base::NodeId{part.first});
       whole && at != entries.end() && at->first.value <= part.last; ++at) {
    if (at->first != sender.node) {
      offer(table_.record_of(now, at->second));
    }
  }
  if (missing > 0) {
    out.sends.push_back({from, sender.node, std::move(answer).take(wire::Tag::table)});
  }
  if (!whole) {
    begin_transfer(now, sender.node, from, out);
  }
}

}  // namespace horde::liveness
