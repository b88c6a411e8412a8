#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"

// How sure a share is that was counted on so few (methods M16). Pure.
namespace dealpace::insight {

// Both ends of an interval that holds the true value with the confidence asked for.
struct Interval {
  double low = 0;
  double high = 0;
};

inline constexpr double kConfidence = 0.95;

// Two-sided normal quantile: 1.96 for 0.95. `confidence` lies between 0 and 1, ends excluded.
[[nodiscard]] double ZOf(double confidence);

// Wilson's score interval of `hits` out of `trials`, within [0, 1]; exactly 0 at its low end when nothing hit, exactly
// 1 at its high end when everything did. Nothing when there were no trials. Fails with bad_counts for negative counts
// or more hits than trials.
[[nodiscard]] Result<std::optional<Interval>> Wilson(int64_t hits, int64_t trials, double confidence = kConfidence);

struct Difference {
  double value = 0;  // first share − second share
  Interval interval;
  // The interval leaves out zero: the difference is more than chance.
  [[nodiscard]] bool clear() const { return interval.low > 0 || interval.high < 0; }
};

// Newcombe's interval (his method 10) for the difference of two independent shares. Nothing when either had no trials.
// Fails as Wilson does.
[[nodiscard]] Result<std::optional<Difference>> Newcombe(int64_t hits_1, int64_t trials_1, int64_t hits_2,
                                                         int64_t trials_2, double confidence = kConfidence);

}  // namespace dealpace::insight
