#include "insight/interval.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace dealpace::insight {

double ZOf(double confidence) {
  assert(confidence > 0 && confidence < 1);
  const double outside = 1 - confidence;  // erfc(z/√2) = the probability outside ±z
  double z = 2;
  for (int i = 0; i < 60; ++i) {
    const double density = std::sqrt(2 / M_PI) * std::exp(-z * z / 2);
    const double step = (std::erfc(z / M_SQRT2) - outside) / density;
    z = std::max(1e-12, z + std::clamp(step, -1.0, 1.0));
    if (std::abs(step) < 1e-15 * z) break;
  }
  return z;
}

Result<std::optional<Interval>> Wilson(int64_t hits, int64_t trials, double confidence) {
  if (hits < 0 || trials < 0 || hits > trials) return Error("bad_counts");
  if (trials == 0) return std::optional<Interval>();
  const double z = ZOf(confidence);
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n;
  const double scale = 1 + z * z / n;
  const double centre = (p + z * z / (2 * n)) / scale;
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / scale;
  return std::optional(Interval{hits == 0 ? 0 : std::clamp(centre - half, 0.0, 1.0),
                                hits == trials ? 1 : std::clamp(centre + half, 0.0, 1.0)});
}

Result<std::optional<Difference>> Newcombe(int64_t hits_1, int64_t trials_1, int64_t hits_2, int64_t trials_2,
                                           double confidence) {
  ASSIGN_OR_RETURN(const std::optional<Interval> first, Wilson(hits_1, trials_1, confidence));
  ASSIGN_OR_RETURN(const std::optional<Interval> second, Wilson(hits_2, trials_2, confidence));
  if (!first || !second) return std::optional<Difference>();
  const double p1 = static_cast<double>(hits_1) / static_cast<double>(trials_1);
  const double p2 = static_cast<double>(hits_2) / static_cast<double>(trials_2);
  const double difference = p1 - p2;
  return std::optional(Difference{difference,
                                  {difference - std::hypot(p1 - first->low, second->high - p2),
                                   difference + std::hypot(first->high - p1, p2 - second->low)}});
}

}  // namespace dealpace::insight
