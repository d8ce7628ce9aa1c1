#include "props/links/model.hpp"

namespace horde::props::links {

std::string Model::name(const Key& key) {
  return base::to_string(key.from) + " -> " + base::to_string(key.to) + " epoch " +
         std::to_string(key.epoch);
}

void Model::fail(std::string text) {
  if (!failure_) {
    failure_ = std::move(text);
  }
}

void Model::on_sent(const base::RunId& from, const base::RunId& to, wire::SentMessage sent,
                    base::Bytes message) {
  const Key key{from, to, sent.epoch};
  Channel& channel = channels_[key];
  channel.sent.push_back(std::move(message));
  if (channel.sent.size() != sent.number) {
    fail(name(key) + ": message " + std::to_string(channel.sent.size()) + " got number " +
         std::to_string(sent.number));
  }
  if (channel.told_from) {
    fail(name(key) + ": sent into a link whose end was told");
  }
}

void Model::on_taken(const base::RunId& at, const base::RunId& from, std::uint64_t epoch,
                     const base::Bytes& message) {
  const Key key{from, at, epoch};
  Channel& channel = channels_[key];
  const std::size_t number = ++channel.taken;
  if (channel.told_to) {
    fail(name(key) + ": message " + std::to_string(number) + " is taken after the end was told");
  } else if (number > channel.sent.size() || channel.sent[number - 1] != message) {
    fail(name(key) + ": what is taken as message " + std::to_string(number) + ", " +
         base::printable(message, 12) + ", is not what was sent as that");
  } else if (number > channel.transmitted) {
    fail(name(key) + ": message " + std::to_string(number) +
         " arrives, and its sender was told that it never left");
  }
}

void Model::on_ended(const base::RunId& at, const wire::LinkEnded& end) {
  for (const base::Bytes& message : end.received) {
    on_taken(at, end.peer, end.epoch, message);
  }
  const Key key{at, end.peer, end.epoch};
  Channel& out = channels_[key];
  Channel& in = channels_[{end.peer, at, end.epoch}];
  if (out.told_from || in.told_to) {
    fail(name(key) + ": its end is told twice");
  }
  out.told_from = true;
  in.told_to = true;
  out.acknowledged = end.acknowledged;
  out.transmitted = end.transmitted;
  if (end.acknowledged > end.transmitted || end.transmitted > out.sent.size() ||
      out.taken > end.transmitted) {
    fail(name(key) + ": at its end " + std::to_string(end.acknowledged) + " acknowledged, " +
         std::to_string(end.transmitted) + " transmitted, but " + std::to_string(out.sent.size()) +
         " sent and " + std::to_string(out.taken) + " taken");
  }
}

void Model::check_quiet(const std::map<base::RunId, const wire::Links*>& alive) {
  for (const auto& [key, channel] : channels_) {
    const auto from = alive.find(key.from);
    const auto to = alive.find(key.to);
    if (to != alive.end() && channel.taken < channel.acknowledged) {
      fail(name(key) + ": its sender was told that " + std::to_string(channel.acknowledged) +
           " messages were acknowledged, and " + std::to_string(channel.taken) + " were taken");
    }
    const bool is_current = from != alive.end() && to != alive.end() &&
                            from->second->find(key.to.node) != nullptr &&
                            from->second->find(key.to.node)->epoch() == key.epoch;
    if (is_current && to->second->find(key.from.node)->epoch() != key.epoch) {
      fail(name(key) + ": the other side is in epoch " +
           std::to_string(to->second->find(key.from.node)->epoch()));
    }
    if (is_current && !channel.told_from && channel.taken != channel.sent.size()) {
      fail(name(key) + ": " + std::to_string(channel.taken) + " of " +
           std::to_string(channel.sent.size()) + " messages arrived, and it has not ended");
    }
    // Whoever sent or took something in a link that is over was told so.
    if (from != alive.end() && !is_current && !channel.sent.empty() && !channel.told_from) {
      fail(name(key) + ": it is over, and its sender was not told");
    }
    if (to != alive.end() && !is_current && channel.taken > 0 && !channel.told_to) {
      fail(name(key) + ": it is over, and its receiver was not told");
    }
  }
}

}  // namespace horde::props::links
