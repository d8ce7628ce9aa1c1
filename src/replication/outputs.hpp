// What the parts of replication hand up, in the order in which it must be carried out.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "crdt/aw_lww_map.hpp"
#include "replication/messages.hpp"
#include "wire/datagram.hpp"

namespace horde::replication {

/// One message for one or more nodes.
struct Outgoing {
  std::vector<base::NodeId> to;
  wire::Tag tag = wire::Tag::digest;
  base::Bytes body;
};

/// One record for the log.
struct LogRecord {
  enum class Mode : std::uint8_t { append, replace };
  Mode mode = Mode::append;
  base::Bytes bytes;
};

/// A step worth telling: what sweeps must have seen, and what people read.
struct Notice {
  std::string_view topic;  // Static storage.
  base::NodeId about;
  std::uint64_t value = 0;
};

struct Outputs {
  std::vector<LogRecord>
      records;  // Before the sends: what was told to others must not be lost alone.
  std::vector<Outgoing> sends;
  std::vector<crdt::Change> changes;
  std::vector<crdt::Event> written;  // By this replica, just now.
  std::vector<Notice> notices;
  bool needs_new_run = false;  // The caller must call start_anew with a later start.

  void send(base::NodeId to, const Message& message) {
    send(std::vector<base::NodeId>{to}, message);
  }
  void send(std::vector<base::NodeId> to, const Message& message) {
    wire::Writer writer;
    encode(writer, message);
    sends.push_back({std::move(to), tag_of(message), std::move(writer).take()});
  }
  void tell(std::string_view topic, base::NodeId about, std::uint64_t value = 0) {
    notices.push_back({topic, about, value});
  }
};

}  // namespace horde::replication
