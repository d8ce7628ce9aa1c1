// Signal: what processes send each other, and its bytes. One signal is one message of a link.
//
//   body:  u8 kind, varint from (serial), varint to (serial), then:
//     message, cast    blob payload
//     request          varint ref, varint timeout_ns, blob payload
//     reply            varint ref, blob payload
//     call_failed      varint ref, u8 status (1 error, 2 unknown), reason
//     link             varint ref
//     unlink           varint ref (of the sender's link, 0: none), varint other_ref (of the
//     receiver's) exit             flag by_link, reason monitor, demonitor   varint ref down varint
//     ref, reason
//   reason: u8 kind; shutdown_with, error and name_conflict: blob detail
//
// Only serials travel: a signal comes from the run at the other end of its link and goes to the run
// that receives it, so no peer can speak for another's processes.
#pragma once

#include "process/types.hpp"
#include "wire/codec.hpp"

namespace horde::process {

struct Signal {
  enum class Kind : std::uint8_t {
    message = 1,
    cast = 2,
    request = 3,
    reply = 4,
    call_failed = 5,
    link = 6,
    unlink = 7,
    exit = 8,
    monitor = 9,
    demonitor = 10,
    down = 11,
  };
  Kind kind = Kind::message;
  Pid from;
  Pid to;
  std::uint64_t ref = 0;
  std::uint64_t other_ref = 0;
  base::Duration timeout;
  bool by_link = false;
  CallEnded::Status status = CallEnded::Status::error;
  base::Bytes payload;
  ExitReason reason;
  friend bool operator==(const Signal&, const Signal&) = default;
};

/// Requires: the payload is within wire::kPayloadBytesMax, `from` and `to` are processes.
[[nodiscard]] base::Bytes encode(const Signal& signal);
/// Any bytes. `from` and `to` are taken to be processes of these runs.
[[nodiscard]] wire::Decoded<Signal> decode_signal(base::BytesView bytes, const base::RunId& from,
                                                  const base::RunId& to);

void write_reason(wire::Writer& writer, const ExitReason& reason);
[[nodiscard]] ExitReason read_reason(wire::Reader& reader);

}  // namespace horde::process
