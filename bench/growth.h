#pragma once

#include "bench/showroom_store.h"

namespace dealpace::bench {

// Asks the ten questions of two stores in turn, so that both are asked in the same minutes, and prints how much longer
// the answers of the larger one take. Both are served by the same binary. Throws std::runtime_error where an answer is
// an error.
void PrintGrowth(const Store& few, const YearScale& few_scale, const Store& many, const YearScale& many_scale);

}  // namespace dealpace::bench
