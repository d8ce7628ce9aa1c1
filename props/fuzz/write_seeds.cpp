// Writes each target's seeds to DIR/<target>/<number>, for libFuzzer to start from.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "props/fuzz/targets.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fuzz_seeds DIR\n", stderr);
    return 2;
  }
  for (const horde::props::FuzzTarget& target : horde::props::kFuzzTargets) {
    const std::filesystem::path folder = std::filesystem::path(argv[1]) / target.name;
    std::filesystem::create_directories(folder);
    int number = 0;
    for (const horde::base::Bytes& seed : target.seeds()) {
      std::ofstream(folder / std::to_string(number++), std::ios::binary) << seed;
    }
  }
  return 0;
}
