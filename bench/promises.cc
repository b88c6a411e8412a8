#include "bench/promises.h"

#include <algorithm>
#include <cstdio>

namespace dealpace::bench {
namespace {

std::string Short(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 1 ? "%.3f" : value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
  return text;
}

}  // namespace

void Promises::AtLeast(const std::string& what, double measured, double bound, const std::string& beside) {
  promises_.push_back({what, measured, bound, true, beside});
}

void Promises::AtMost(const std::string& what, double measured, double bound, const std::string& beside) {
  promises_.push_back({what, measured, bound, false, beside});
}

void Promises::Unmeasured(const std::string& what, const std::string& why) {
  promises_.push_back({what, 0, 0, true, why, true});
}

void Promises::Print() const {
  if (promises_.empty()) return;
  std::printf("\n| what must hold | measured | must | beside | |\n|---|---|---|---|---|\n");
  for (const Promise& promise : promises_) {
    if (promise.unmeasured) {
      std::printf("| %s | – | | %s | UNMEASURED |\n", promise.what.c_str(), promise.beside.c_str());
      continue;
    }
    std::printf("| %s | %s | %s %s | %s | %s |\n", promise.what.c_str(), Short(promise.measured).c_str(),
                promise.at_least ? "≥" : "≤", Short(promise.bound).c_str(), promise.beside.c_str(),
                promise.Holds() ? "holds" : "SHORT");
  }
  const auto holding = std::count_if(promises_.begin(), promises_.end(), [](const Promise& p) { return p.Holds(); });
  std::printf("\n%zu of %zu hold\n", static_cast<size_t>(holding), promises_.size());
}

}  // namespace dealpace::bench
