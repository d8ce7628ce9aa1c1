// Trace files: a recorded run as JSON lines, streamed as it happens.
//
//   {"trace":1,"seed":42}
//   {"at":0,"event":"node","node":0,"label":"n1","detail":"10.0.0.1:7000","rolling":"9f.."}
//   {"at":2000000,"event":"sent","node":0,"peer":1,"number":17,"bytes":100,"hash":"01..",..}
//
// The first line names the format's version and the run's seed. Each other line is one TraceEvent:
// `at` in nanoseconds of virtual time, `event` its kind, hashes in 16 hexadecimal digits; fields at
// their default are left out. A file that ends early is valid up to its last whole line.
#pragma once

#include <cstdint>
#include <expected>
#include <fstream>
#include <optional>
#include <string>

#include "sim/core/trace.hpp"

namespace horde::sim {

inline constexpr int kTraceVersion = 1;

/// What is wrong with a trace file, and in which line (from 1; 0: the file as a whole).
struct TraceError {
  std::uint64_t line = 0;
  std::string what;
  friend bool operator==(const TraceError&, const TraceError&) = default;
};

/// Writes a trace file. Errors of the disk are kept and answered by finish().
class TraceWriter final : public TraceSink {
 public:
  [[nodiscard]] static std::expected<TraceWriter, TraceError> create(const std::string& path,
                                                                     std::uint64_t seed);
  void on_event(const TraceEvent& event) override;
  /// Flushes. An error if anything could not be written.
  [[nodiscard]] std::expected<void, TraceError> finish();

 private:
  explicit TraceWriter(std::ofstream file) : file_(std::move(file)) {}
  std::ofstream file_;
  std::string line_;
};

/// Reads a trace file, event by event.
class TraceReader {
 public:
  [[nodiscard]] static std::expected<TraceReader, TraceError> open(const std::string& path);
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  /// The next event, or nothing at the end of the file.
  [[nodiscard]] std::expected<std::optional<TraceEvent>, TraceError> next();

 private:
  explicit TraceReader(std::ifstream file) : file_(std::move(file)) {}
  std::ifstream file_;
  std::uint64_t seed_ = 0;
  std::uint64_t line_number_ = 0;
  std::string line_;
};

}  // namespace horde::sim
