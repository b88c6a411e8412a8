#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/showroom_year.h"
#include "bench/ten_questions.h"

// Questions that nobody has prepared for: counts by two to four dimensions, filtered, over some period, by the day
// they happened or by the day their lead began; as Dealpace and as an SQL engine are asked them.
namespace dealpace::bench {

struct RandomQuestion {
  std::string text;               // for people
  std::string body;               // of POST /api/v1/kpi/query
  std::string sql;                // over the tables events and dealers of the year, in DuckDB's words
  std::vector<std::string> dims;  // as the answer has them
  size_t counts = 0;              // columns c1, c2 …
};

// The same for the same scale and seed.
[[nodiscard]] std::vector<RandomQuestion> MakeRandomQuestions(const YearScale& scale, int count, uint64_t seed);

// The rows of an answer, in order. A month is its number in the year, a member that is not set 0. Throws
// std::runtime_error where the answer is not of the form expected.
[[nodiscard]] Rows ReadRandomAnswer(const RandomQuestion& question, std::string_view json);

}  // namespace dealpace::bench
