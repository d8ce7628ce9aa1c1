// Every fuzz target over its seeds and its kept corpus, as an ordinary test.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "props/fuzz/targets.hpp"

namespace horde::props {
namespace {

class FuzzReplay : public testing::TestWithParam<FuzzTarget> {};

base::Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_P(FuzzReplay, SeedsBreakNothing) {
  const std::vector<base::Bytes> seeds = GetParam().seeds();
  ASSERT_FALSE(seeds.empty());
  for (const base::Bytes& seed : seeds) {
    GetParam().run(seed);
  }
}

// Goal: what was found once stays fixed. Method: run each file that fuzzing kept; an input that
// breaks a promise aborts, and the trace says which.
TEST_P(FuzzReplay, TheKeptCorpusBreaksNothing) {
  const std::filesystem::path folder = std::filesystem::path(HORDE_CORPUS) / GetParam().name;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().string());
    GetParam().run(read_file(entry.path()));
    ++files;
  }
  EXPECT_GT(files, 0) << "nothing in " << folder;
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzReplay, testing::ValuesIn(kFuzzTargets),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace horde::props
