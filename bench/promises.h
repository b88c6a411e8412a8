#pragma once

#include <string>
#include <vector>

// What is promised of speed and size: figures as measured, each beside the bound that it must keep.
namespace dealpace::bench {

class Promises {
 public:
  // `what`: which figure of what; `beside`: what it is divided by, empty where the figure stands alone.
  void AtLeast(const std::string& what, double measured, double bound, const std::string& beside = {});
  void AtMost(const std::string& what, double measured, double bound, const std::string& beside = {});

  // What could not be measured, and why: such a figure does not hold.
  void Unmeasured(const std::string& what, const std::string& why);

  // One table, in the order of adding; nothing where none was added. Times are noisy, so that nothing fails by it.
  void Print() const;

 private:
  struct Promise {
    std::string what;
    double measured = 0;
    double bound = 0;
    bool at_least = false;
    std::string beside;
    bool unmeasured = false;
    [[nodiscard]] bool Holds() const { return !unmeasured && (at_least ? measured >= bound : measured <= bound); }
  };
  std::vector<Promise> promises_;
};

}  // namespace dealpace::bench
