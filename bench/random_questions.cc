#include "bench/random_questions.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cstdio>
#include <random>
#include <stdexcept>

namespace dealpace::bench {
namespace {

namespace json = boost::json;

struct Dimension {
  std::string_view name;    // ours
  std::string_view column;  // theirs
  int members = 0;          // 0: as many as the scale has
};
constexpr Dimension kDims[] = {{"dealer", "e.dealer_id", 0},    {"region", "d.region_id", 0},
                               {"staff", "e.consultant_id", 0}, {"source", "e.source", 5},
                               {"model", "e.model_line", 8},    {"customer_type", "e.customer_type", 3},
                               {"month", "month(e.ts)", 0}};
constexpr size_t kMonth = 6;

// Stages that are counted once a lead at most, so that an event is a customer.
struct Counted {
  std::string_view measure;
  int stage = 0;
};
constexpr Counted kCounted[] = {{"traffic_cnt", 1},   {"prospect_cnt", 2},  {"needs_cnt", 4},
                                {"presented_cnt", 5}, {"td_cnt", 6},        {"proposal_cnt", 7},
                                {"deal_cnt", 8},      {"delivered_cnt", 9}, {"lost_cnt", 13}};

std::string Day(int month, int day) {
  char text[16];
  std::snprintf(text, sizeof text, "2025-%02d-%02d", month, day);
  return text;
}

int64_t NumberOf(const json::value& key) {
  if (key.is_null()) return 0;
  std::string_view text = key.as_string();
  if (text.size() == 7 && text[4] == '-') text.remove_prefix(5);  // "2025-03"
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size())
    throw std::runtime_error("no number: " + std::string(text));
  return number;
}

}  // namespace

std::vector<RandomQuestion> MakeRandomQuestions(const YearScale& scale, int count, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const auto members_of = [&](const Dimension& dim) {
    if (dim.name == "dealer") return scale.dealers();
    if (dim.name == "region") return scale.regions;
    if (dim.name == "staff") return scale.dealers() * kConsultantsPerDealer;
    return dim.members;
  };
  std::vector<RandomQuestion> questions;
  while (static_cast<int>(questions.size()) < count) {
    RandomQuestion question;
    std::vector<size_t> dims(std::size(kDims));
    for (size_t i = 0; i < dims.size(); ++i) dims[i] = i;
    std::shuffle(dims.begin(), dims.end(), random);
    dims.resize(2 + below(3));
    std::vector<size_t> counted(std::size(kCounted));
    for (size_t i = 0; i < counted.size(); ++i) counted[i] = i;
    std::shuffle(counted.begin(), counted.end(), random);
    counted.resize(1 + below(4));
    question.counts = counted.size();

    // Whole months, or any days.
    const int from = 1 + static_cast<int>(below(12));
    const int to = from + static_cast<int>(below(static_cast<size_t>(13 - from)));
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool whole = below(2) == 0;
    const std::string first = Day(from, whole ? 1 : 1 + static_cast<int>(below(28)));
    const std::string last = whole ? Day(to, kDays[to - 1]) : std::max(first, Day(to, 1 + static_cast<int>(below(28))));
    const bool cohort = below(4) == 0 && std::find(dims.begin(), dims.end(), kMonth) == dims.end();
    const int within = cohort ? 7 * (1 + static_cast<int>(below(6))) : 0;

    json::array columns;
    json::array by;
    std::string select;
    std::string stages;
    std::string groups;
    for (const size_t d : dims) {
      by.emplace_back(kDims[d].name);
      question.dims.emplace_back(kDims[d].name);
      groups += (groups.empty() ? "" : ", ") + std::string(kDims[d].column);
    }
    for (size_t c = 0; c < counted.size(); ++c) {
      const Counted& of = kCounted[counted[c]];
      columns.emplace_back("c" + std::to_string(c + 1) + "=" + std::string(of.measure));
      select += ", count(*) FILTER (e.stage = " + std::to_string(of.stage) + ")";
      stages += (stages.empty() ? "" : ", ") + std::to_string(of.stage);
    }
    json::object filters;
    std::string where;
    const size_t filtered = below(3);
    for (size_t f = 0; f < filtered; ++f) {
      const Dimension& dim = kDims[below(kMonth)];
      if (filters.contains(dim.name)) continue;
      const size_t wanted = 1 + below(3);
      std::vector<int> ids;
      for (size_t i = 0; i < wanted; ++i)
        ids.push_back(1 + static_cast<int>(below(static_cast<size_t>(members_of(dim)))));
      std::sort(ids.begin(), ids.end());
      ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
      json::array values;
      std::string list;
      for (const int id : ids) {
        values.emplace_back(std::to_string(id));
        list += (list.empty() ? "" : ", ") + std::to_string(id);
      }
      filters[dim.name] = std::move(values);
      where += " AND " + std::string(dim.column) + " IN (" + list + ")";
    }
    json::object body = {{"columns", columns}, {"by", by}, {"period", first + ".." + last}, {"filters", filters}};
    std::string time = "e.ts >= DATE '" + first + "' AND e.ts < DATE '" + last + "' + 1";
    std::string join;
    if (cohort) {
      body["basis"] = "cohort";
      body["within"] = std::to_string(within) + "d";
      join = " JOIN (SELECT lead_id, min(ts) AS start FROM events GROUP BY lead_id) l ON l.lead_id = e.lead_id";
      time = "l.start >= DATE '" + first + "' AND l.start < DATE '" + last +
             "' + 1 AND date_diff('day', l.start::DATE, "
             "e.ts::DATE) <= " +
             std::to_string(within);
    }
    question.body = json::serialize(body);
    question.sql = "SELECT " + groups + select + " FROM events e JOIN dealers d ON d.dealer_id = e.dealer_id" + join +
                   " WHERE " + time + " AND e.stage IN (" + stages + ")" + where + " GROUP BY " + groups +
                   " ORDER BY " + groups;
    question.text = std::to_string(dims.size()) + " dimensions (" + groups + "), " + first + ".." + last +
                    (cohort ? ", cohort" : "") + (where.empty() ? "" : ", filtered");
    questions.push_back(std::move(question));
  }
  return questions;
}

Rows ReadRandomAnswer(const RandomQuestion& question, std::string_view text) {
  const json::value answer = json::parse(text);
  Rows rows;
  for (const json::value& row : answer.at("rows").as_array()) {
    Row numbers;
    for (const std::string& dim : question.dims) numbers.push_back(NumberOf(row.at(dim)));
    for (size_t c = 1; c <= question.counts; ++c) {
      numbers.push_back(row.at("c" + std::to_string(c)).at("value").to_number<int64_t>());
    }
    rows.push_back(std::move(numbers));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace dealpace::bench
