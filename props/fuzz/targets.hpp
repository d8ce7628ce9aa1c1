// Fuzz targets: one function per decoder that takes any bytes and aborts when a promise is broken.
//
//   fuzz_<name>     libFuzzer's program around run_<name>, built with -Dfuzz=true
//   fuzz_replay     an ordinary test: every target over its seeds and its kept corpus
//   corpus/<name>/  inputs that once reached something new, or broke something
//
// A new decoder gets a file <name>.cpp here, a row in kFuzzTargets and one in meson.build. Seeds
// are made by the encoder rather than kept, so that they follow the format.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace horde::props {

void run_datagram(base::BytesView input);
std::vector<base::Bytes> datagram_seeds();

void run_fragments(base::BytesView input);
std::vector<base::Bytes> fragments_seeds();

void run_message(base::BytesView input);
std::vector<base::Bytes> message_seeds();

void run_record(base::BytesView input);
std::vector<base::Bytes> record_seeds();

void run_membership(base::BytesView input);
std::vector<base::Bytes> membership_seeds();

void run_table(base::BytesView input);
std::vector<base::Bytes> table_seeds();

void run_link(base::BytesView input);
std::vector<base::Bytes> link_seeds();
void run_signal(base::BytesView input);
std::vector<base::Bytes> signal_seeds();
void run_child_entry(base::BytesView input);
std::vector<base::Bytes> child_entry_seeds();

void run_child_spec(base::BytesView input);
std::vector<base::Bytes> child_spec_seeds();

void run_supervisor(base::BytesView input);
std::vector<base::Bytes> supervisor_seeds();
void run_supervisor_message(base::BytesView input);
std::vector<base::Bytes> supervisor_message_seeds();

void run_name(base::BytesView input);
std::vector<base::Bytes> name_seeds();

void run_registry_message(base::BytesView input);
std::vector<base::Bytes> registry_message_seeds();

struct FuzzTarget {
  std::string_view name;
  void (*run)(base::BytesView input);  // Any bytes. Aborts on a finding.
  std::vector<base::Bytes> (*seeds)();
};

inline constexpr std::array kFuzzTargets = {
    FuzzTarget{"datagram", run_datagram, datagram_seeds},
    FuzzTarget{"fragments", run_fragments, fragments_seeds},
    FuzzTarget{"message", run_message, message_seeds},
    FuzzTarget{"record", run_record, record_seeds},
    FuzzTarget{"membership", run_membership, membership_seeds},
    FuzzTarget{"table", run_table, table_seeds},
    FuzzTarget{"link", run_link, link_seeds},
    FuzzTarget{"signal", run_signal, signal_seeds},
    FuzzTarget{"child_entry", run_child_entry, child_entry_seeds},
    FuzzTarget{"child_spec", run_child_spec, child_spec_seeds},
    FuzzTarget{"supervisor", run_supervisor, supervisor_seeds},
    FuzzTarget{"supervisor_message", run_supervisor_message, supervisor_message_seeds},
    FuzzTarget{"registry_message", run_registry_message, registry_message_seeds},
    FuzzTarget{"name", run_name, name_seeds},
};

}  // namespace horde::props
