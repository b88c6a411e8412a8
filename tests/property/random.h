#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace dealpace::test {

// Chance that is the same on every machine for a seed (the distributions of the library are not).
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // 0 … n − 1
  int Below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  int Between(int least, int most) { return least + Below(most - least + 1); }
  bool Percent(int percent) { return Below(100) < percent; }
  uint64_t Number() { return engine_(); }

  template <typename T>
  const T& Of(const std::vector<T>& choices) {
    return choices[static_cast<size_t>(Below(static_cast<int>(choices.size())))];
  }
  template <typename T>
  void Shuffle(std::vector<T>& things) {
    for (size_t i = things.size(); i > 1; --i) {
      std::swap(things[i - 1], things[static_cast<size_t>(Below(static_cast<int>(i)))]);
    }
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace dealpace::test
