#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/showroom_year.h"

// Ten questions of a sales manager to the year of bench/showroom_year.h: how they are asked of Dealpace, and what the
// answers must be. Answers are rows of whole numbers, in the form that other engines give theirs:
//
//    1  a dealer's December: 13 counts, 11 rates
//    2  the same by consultant: 9 counts, 4 rates
//    3  a dealer's twelve months: month, traffic, capture, test-drive and close rate, orders, average price
//    4  all dealers by December's close rate: rank, dealer, captured, orders, rate
//    5  traffic by region, month and source: contacts, captured, orders
//    6  of the leads of a month, network-wide, how many reached each stage within 30 days
//    7  a region's last quarter by model and source: four counts, amount, close rate
//    8  traffic that each dealer needs for its target of orders, by its rates of the last 90 days
//    9  share of December's captured leads that were contacted within 24 hours, by dealer
//   10  the three most frequent reasons of losing of each dealer, last 90 days
//
// Rates are hundredths of a percent, rounded down; -1 where nothing was to be divided by.
namespace dealpace::bench {

inline constexpr int kQuestions = 10;
inline constexpr int kTurns = 21;

using Row = std::vector<int64_t>;
using Rows = std::vector<Row>;

// The dealer, region and cohort month of each turn, so that no question is asked twice in a row.
struct Turn {
  int dealer = 0;
  int region = 0;
  int month = 0;
};
[[nodiscard]] Turn TurnOf(const YearScale& scale, int run);

// Body of POST /api/v1/kpi/query.
[[nodiscard]] std::string QuestionBody(int question, const Turn& turn);

// The rows of an answer to it. `targets`: orders wanted, by dealer; there are no targets in the ledger, so question 8
// asks for the counts and does the rest here. Throws std::runtime_error where the answer is not of the form expected,
// or rows do not come in the order asked for.
[[nodiscard]] Rows ReadAnswer(int question, std::string_view json, const std::vector<uint32_t>& targets);

// Counted again from the year itself, without Dealpace. "Within 30 days" has two readings: Dealpace counts until the
// end of the 30th calendar day after the lead's start, other engines are asked for 30 × 24 hours.
enum class Within { kCalendarDays, kHours };
[[nodiscard]] Rows Recount(const Year& year, int question, const Turn& turn, Within within);

// "1|2|3\n" for each row.
[[nodiscard]] std::string RowsText(const Rows& rows);

}  // namespace dealpace::bench
