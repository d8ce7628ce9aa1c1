#include "sim/core/trace.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sim/core/trace_file.hpp"

namespace horde::sim {
namespace {

TraceEvent event(std::int64_t at_ns, std::uint64_t number) {
  return {.at = {at_ns},
          .kind = TraceKind::sent,
          .node = 0,
          .peer = 1,
          .number = number,
          .bytes = 10,
          .hash = 0xabc,
          .rolling = number};
}

// A file that is gone with its test.
class File {
 public:
  explicit File(const std::string& name) : path(testing::TempDir() + "horde_" + name) {}
  ~File() { std::filesystem::remove(path); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  void write(const std::string& text) const { std::ofstream(path) << text; }
  std::string path;
};

std::string read_error(const std::string& text) {
  const File file("trace_error");
  file.write(text);
  auto reader = TraceReader::open(file.path);
  if (!reader) {
    return std::to_string(reader.error().line) + ": " + reader.error().what;
  }
  const auto first = reader->next();
  return first ? "none" : std::to_string(first.error().line) + ": " + first.error().what;
}

TEST(TraceFile, IsReadBackAsItWasWritten) {
  const File file("trace_round");
  std::vector<TraceEvent> events = {event(0, 1), event(5, 2), {}};
  events[1].label = "quote \" and \\ and \x01";
  events[1].detail = "text";
  auto writer = TraceWriter::create(file.path, 42);
  ASSERT_TRUE(writer);
  for (const TraceEvent& one : events) {
    writer->on_event(one);
  }
  ASSERT_TRUE(writer->finish());
  auto reader = TraceReader::open(file.path);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->seed(), 42U);
  for (const TraceEvent& one : events) {
    const auto read = reader->next();
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(*read, one);
  }
  const auto end = reader->next();
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, std::nullopt);
}

TEST(TraceFile, ThatWasCutOffIsReadUpToItsLastWholeLine) {
  EXPECT_EQ(read_error("{\"trace\":1,\"seed\":1}\n{\"at\":5,\"eve"), "none");
}

TEST(TraceFile, ErrorsNameTheLineAndWhatWouldBeRight) {
  EXPECT_NE(read_error("hello\n").find("1: "), std::string::npos);
  EXPECT_NE(read_error("{\"trace\":2}\n").find("version 2"), std::string::npos);
  const std::string head = "{\"trace\":1,\"seed\":1}\n";
  EXPECT_EQ(read_error(head + "x\n"), "2: not a JSON object");
  EXPECT_EQ(read_error(head + "{\"at\":-1,\"event\":\"sent\"}\n"),
            "2: \"at\" must be a whole number that is not negative");
  EXPECT_EQ(read_error(head + "{\"at\":1,\"event\":\"lunch\"}\n"),
            "2: \"event\" must be the name of a kind of event");
  EXPECT_EQ(read_error(head + "{\"at\":1,\"event\":\"sent\",\"node\":9999999999}\n"),
            "2: \"node\" must be a node's index");
  EXPECT_EQ(read_error(head + "{\"at\":1,\"event\":\"sent\",\"hash\":\"xyz\"}\n"),
            "2: \"hash\" must be 16 hexadecimal digits");
  EXPECT_FALSE(TraceReader::open("/nonexistent/trace"));
  EXPECT_FALSE(TraceWriter::create("/nonexistent/trace", 1));
}

TEST(TraceList, KeepsTheLastEventsUpToItsMaximum) {
  TraceList list(2);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    list.on_event(event(0, i));
  }
  ASSERT_EQ(list.events().size(), 2U);
  EXPECT_EQ(list.events().front().number, 4U);
}

TEST(FirstDifference, IsTheFirstDifferingEventOfBothWithTheTwentyBefore) {
  TraceList left;
  TraceList right;
  for (std::uint64_t i = 0; i < 30; ++i) {
    left.on_event(event(0, i));
    right.on_event(event(0, i));
  }
  EXPECT_EQ(first_difference(source_of(left), source_of(right)), std::nullopt);
  left.on_event(event(7, 30));
  right.on_event(event(8, 30));
  left.on_event(event(9, 31));
  const auto difference = first_difference(source_of(left), source_of(right));
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->index, 30U);
  EXPECT_EQ(difference->left, event(7, 30));
  EXPECT_EQ(difference->right, event(8, 30));
  ASSERT_EQ(difference->before.size(), 20U);
  EXPECT_EQ(difference->before.front().number, 10U);
  EXPECT_EQ(difference->before.back().number, 29U);
}

TEST(FirstDifference, IsTheEndWhereOneTraceIsLonger) {
  TraceList left;
  TraceList right;
  left.on_event(event(0, 1));
  const auto difference = first_difference(source_of(left), source_of(right));
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->left, event(0, 1));
  EXPECT_EQ(difference->right, std::nullopt);
}

TEST(TracePrinter, PrintsEventsForPeople) {
  TracePrinter printer;
  (void)printer.print(
      {.kind = TraceKind::node, .node = 0, .label = "n1", .detail = "10.0.0.1:7000"});
  (void)printer.print({.kind = TraceKind::node, .node = 1, .label = "n2"});
  EXPECT_EQ(printer.print(event(1'204'000'000, 17)), "1.204000s n1 sent #17 to n2, 10 B");
  EXPECT_EQ(printer.print({.kind = TraceKind::dropped, .node = 1, .number = 3, .label = "cut"}),
            "0.000000s n2 dropped #3 to nobody, cut");
  EXPECT_EQ(
      printer.print({.kind = TraceKind::tell, .node = 5, .label = "synced", .detail = "n1 7"}),
      "0.000000s node 5 tell synced: n1 7");
  EXPECT_EQ(printer.print({.kind = TraceKind::fault, .label = "cut", .detail = "split"}),
            "0.000000s fault cut: split");
}

TEST(TraceKind, IsReadBackFromItsName) {
  for (std::uint8_t i = 0; i < kTraceKindCount; ++i) {
    EXPECT_EQ(trace_kind_of(to_string(static_cast<TraceKind>(i))), static_cast<TraceKind>(i));
  }
}

}  // namespace
}  // namespace horde::sim
