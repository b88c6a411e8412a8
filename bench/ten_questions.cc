#include "bench/ten_questions.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <span>
#include <stdexcept>

namespace dealpace::bench {
namespace {

namespace json = boost::json;

// What counts the events of a stage.
constexpr std::string_view kMeasures[kStages + 1] = {"",
                                                     "traffic_cnt",
                                                     "prospect_cnt",
                                                     "fu_done_cnt",
                                                     "needs_cnt",
                                                     "presented_cnt",
                                                     "td_cnt",
                                                     "proposal_cnt",
                                                     "deal_cnt",
                                                     "delivered_cnt",
                                                     "cb_done_cnt[reason=24h]",
                                                     "cb_done_cnt[reason=3d]",
                                                     "cb_done_cnt[reason=7d]",
                                                     "lost_cnt"};
constexpr std::string_view kFollowedUp = "fu_customer_cnt";  // leads, where kMeasures counts follow-ups

struct Rate {
  int of = 0;  // stages
  int in = 0;
};
constexpr Rate kDealerRates[] = {{2, 1}, {4, 2}, {5, 2},  {6, 2},  {7, 2}, {8, 2},
                                 {8, 6}, {9, 8}, {10, 9}, {11, 9}, {12, 9}};
constexpr Rate kConsultantRates[] = {{2, 1}, {6, 2}, {8, 2}, {8, 6}};
constexpr Rate kTrendRates[] = {{2, 1}, {6, 2}, {8, 2}};
constexpr int kConsultantStages[] = {1, 2, 4, 5, 6, 7, 8, 9, 13};

// Days of the year from 0.
constexpr int kMonthBegins[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
constexpr int kDecember = 334;
constexpr int kLastQuarter = 273;
constexpr int kLast90Days = 275;
constexpr int kYearEnd = 365;
constexpr std::string_view kLast90DaysText = "2025-10-03..2025-12-31";

int64_t BasisPoints(int64_t of, int64_t in) { return in == 0 ? -1 : of * 10'000 / in; }
int64_t DivideUp(int64_t of, int64_t in) { return in == 0 ? -1 : (of + in - 1) / in; }

// ---- Asking ----

std::string Count(int stage) { return "c" + std::to_string(stage) + "=" + std::string(kMeasures[stage]); }
std::string Share(const Rate& rate) {
  return "r" + std::to_string(rate.of) + "_" + std::to_string(rate.in) + "=" + std::string(kMeasures[rate.of]) + "/" +
         std::string(kMeasures[rate.in]);
}

class Body {
 public:
  explicit Body(std::string_view period) { body_["period"] = period; }
  Body& Column(std::string_view column) {
    columns_.emplace_back(column);
    return *this;
  }
  Body& By(std::initializer_list<std::string_view> names) {
    body_["by"] = json::array(names.begin(), names.end());
    return *this;
  }
  Body& Only(std::string_view dim, int member) {
    body_["filters"] = json::object{{dim, json::array{std::to_string(member)}}};
    return *this;
  }
  Body& Set(std::string_view field, json::value value) {
    body_[field] = std::move(value);
    return *this;
  }
  [[nodiscard]] std::string Text() const {
    json::object whole = {{"columns", columns_}};
    for (const auto& field : body_) whole.insert(field);
    return json::serialize(whole);
  }

 private:
  json::object body_;
  json::array columns_;
};

// ---- Reading answers ----

[[noreturn]] void Bad(const std::string& what) { throw std::runtime_error("answer: " + what); }

int64_t Whole(const json::value& number) {
  const auto value = number.to_number<double>();
  if (value != std::floor(value)) Bad("not whole: " + json::serialize(number));
  return static_cast<int64_t>(value);
}

// Cells of a row of the answer.
class Cells {
 public:
  explicit Cells(const json::object& row) : row_(row) {}

  [[nodiscard]] int64_t Key(std::string_view name) const {
    const std::string_view text = row_.at(name).as_string();
    int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size()) Bad("no number: " + std::string(text));
    return number;
  }
  // "2025-07" as 202507.
  [[nodiscard]] int64_t Month() const {
    std::string text(row_.at("month").as_string());
    std::erase(text, '-');
    return std::stoll(text);
  }
  [[nodiscard]] int64_t Count(std::string_view column) const { return Whole(Cell(column).at("value")); }
  [[nodiscard]] int64_t Count(int stage) const { return Count("c" + std::to_string(stage)); }
  [[nodiscard]] int64_t Share(const Rate& rate) const {
    const json::object& cell = Cell("r" + std::to_string(rate.of) + "_" + std::to_string(rate.in));
    const int64_t in = Whole(cell.at("den"));
    if (cell.at("value").is_null() != (in == 0)) Bad("a rate without value, or with one over nothing");
    return BasisPoints(Whole(cell.at("num")), in);
  }
  // A quotient rounded down; 0 over nothing.
  [[nodiscard]] int64_t Mean(std::string_view column) const {
    const json::object& cell = Cell(column);
    const int64_t in = Whole(cell.at("den"));
    return in == 0 ? 0 : Whole(cell.at("num")) / in;
  }
  // The figure as it was given, for the order of rows.
  [[nodiscard]] double Value(std::string_view column) const {
    const json::value& value = Cell(column).at("value");
    return value.is_null() ? -1 : value.to_number<double>();
  }

 private:
  [[nodiscard]] const json::object& Cell(std::string_view column) const { return row_.at(column).as_object(); }
  const json::object& row_;
};

Row DealerRow(const Cells& cells) {
  Row row;
  for (int stage = 1; stage <= kStages; ++stage) row.push_back(cells.Count(stage));
  for (const Rate& rate : kDealerRates) row.push_back(cells.Share(rate));
  return row;
}

Row ConsultantRow(const Cells& cells) {
  Row row = {cells.Key("staff")};
  for (const int stage : kConsultantStages) row.push_back(cells.Count(stage));
  for (const Rate& rate : kConsultantRates) row.push_back(cells.Share(rate));
  return row;
}

Row TrendRow(const Cells& cells) {
  Row row = {cells.Month(), cells.Count(1)};
  for (const Rate& rate : kTrendRates) row.push_back(cells.Share(rate));
  row.push_back(cells.Count(8));
  row.push_back(cells.Mean("price"));
  return row;
}

Row NeededRow(int64_t dealer, int64_t contacts, int64_t captured, int64_t orders, int64_t target) {
  const int64_t needed = DivideUp(target * captured, orders);
  return {dealer,
          contacts,
          captured,
          orders,
          BasisPoints(captured, contacts),
          BasisPoints(orders, captured),
          target,
          needed,
          DivideUp(needed * contacts, captured)};
}

// Dealers from the best close rate down; equal rates have equal ranks.
void Rank(Rows& rows) {
  constexpr size_t kDealer = 1;
  constexpr size_t kRate = 4;
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a[kRate] != b[kRate] ? a[kRate] > b[kRate] : a[kDealer] < b[kDealer];
  });
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool equal = i > 0 && rows[i][kRate] == rows[i - 1][kRate];
    rows[i][0] = equal ? rows[i - 1][0] : static_cast<int64_t>(i) + 1;
  }
}

// ---- Counting again ----

class Counter {
 public:
  Counter(const Year& year, int from_day, int to_day) : year_(year) {
    const auto second_of = [](int day) { return static_cast<uint32_t>(day) * 86'400; };
    const auto before = [](const YearEvent& event, uint32_t second) { return event.second < second; };
    begin_ = std::lower_bound(year.events.begin(), year.events.end(), second_of(from_day), before);
    end_ = std::lower_bound(begin_, year.events.end(), second_of(to_day), before);
  }

  // Counts by stage for each key that `key_of` gives events; an empty key leaves an event out.
  template <typename KeyOf>
  std::map<Row, std::vector<int64_t>> By(const KeyOf& key_of) const {
    std::map<Row, std::vector<int64_t>> counts;
    for (auto it = begin_; it != end_; ++it) {
      const Row key = key_of(*it, year_.leads[it->lead]);
      if (key.empty()) continue;
      std::vector<int64_t>& stages = counts[key];
      stages.resize(kStages + 2);
      ++stages[static_cast<size_t>(it->stage)];
      if (it->stage == Stage::kOrder) stages[kStages + 1] += it->amount;
    }
    return counts;
  }

 private:
  const Year& year_;
  std::vector<YearEvent>::const_iterator begin_;
  std::vector<YearEvent>::const_iterator end_;
};

int64_t MonthOf(const YearEvent& event) {
  const int day = static_cast<int>(event.second / 86'400);
  return std::upper_bound(std::begin(kMonthBegins), std::end(kMonthBegins), day) - std::begin(kMonthBegins);
}

int64_t RegionOf(const YearScale& scale, int dealer) { return (dealer - 1) / scale.dealers_per_region + 1; }

std::vector<int64_t> RatesOf(const std::vector<int64_t>& counts, std::span<const Rate> rates) {
  std::vector<int64_t> points;
  for (const Rate& rate : rates) {
    points.push_back(BasisPoints(counts[static_cast<size_t>(rate.of)], counts[static_cast<size_t>(rate.in)]));
  }
  return points;
}

void Append(Row& row, const Row& more) { row.insert(row.end(), more.begin(), more.end()); }

Rows RecountCohort(const Year& year, int month, Within within) {
  constexpr uint32_t kNever = UINT32_MAX;
  std::vector<uint32_t> starts(year.leads.size(), kNever);
  std::vector<uint16_t> reached(year.leads.size());
  Row counts(kStages + 1);
  for (const YearEvent& event : year.events) {
    if (event.stage == Stage::kContact && MonthOf(event) == month) starts[event.lead] = event.second;
    const uint32_t start = starts[event.lead];
    if (start == kNever) continue;
    const bool counts_in =
        within == Within::kHours ? event.second < start + 30 * 86'400 : event.second / 86'400 <= start / 86'400 + 30;
    const auto stage = static_cast<size_t>(event.stage);
    if (!counts_in || (reached[event.lead] >> stage & 1) != 0) continue;
    reached[event.lead] = static_cast<uint16_t>(reached[event.lead] | 1 << stage);
    ++counts[stage];
  }
  Rows rows;
  for (int64_t stage = 1; stage <= kStages; ++stage) {
    if (const int64_t count = counts[static_cast<size_t>(stage)]; count > 0) rows.push_back({stage, count});
  }
  return rows;
}

Rows RecountTimely(const Year& year) {
  std::vector<uint32_t> captured(year.leads.size());
  std::vector<bool> answered(year.leads.size());
  std::map<int64_t, std::pair<int64_t, int64_t>> dealers;  // captured, of these in time
  for (const YearEvent& event : year.events) {
    if (event.second < static_cast<uint32_t>(kDecember) * 86'400) continue;
    auto& [all, in_time] = dealers[year.leads[event.lead].dealer()];
    if (event.stage == Stage::kCaptured) {
      captured[event.lead] = event.second;
      ++all;
    } else if (event.stage == Stage::kFollowUp && captured[event.lead] != 0 && !answered[event.lead]) {
      answered[event.lead] = true;
      if (event.second <= captured[event.lead] + 86'400) ++in_time;
    }
  }
  Rows rows;
  for (const auto& [dealer, counts] : dealers) {
    const auto& [all, in_time] = counts;
    if (all > 0) rows.push_back({dealer, all, in_time, BasisPoints(in_time, all)});
  }
  return rows;
}

Rows RecountReasons(const Year& year) {
  const auto counts = Counter(year, kLast90Days, kYearEnd).By([](const YearEvent& event, const YearLead& lead) {
    return event.stage == Stage::kLost ? Row{lead.dealer(), event.reason} : Row();
  });
  std::map<int64_t, Rows> dealers;  // losses, reason
  for (const auto& [key, stages] : counts) dealers[key[0]].push_back({stages[13], key[1]});
  Rows rows;
  for (auto& [dealer, reasons] : dealers) {
    std::stable_sort(reasons.begin(), reasons.end(), [](const Row& a, const Row& b) { return a[0] > b[0]; });
    for (size_t i = 0; i < std::min<size_t>(3, reasons.size()); ++i) {
      rows.push_back({dealer, static_cast<int64_t>(i) + 1, reasons[i][1], reasons[i][0]});
    }
  }
  return rows;
}

}  // namespace

Turn TurnOf(const YearScale& scale, int run) {
  return {1 + (run * 37 + 5) % scale.dealers(), 1 + (run * 7 + 2) % scale.regions, 2 + run % 9};
}

std::string QuestionBody(int question, const Turn& turn) {
  const std::string close_rate = Share({8, 2});
  switch (question) {
    case 1: {
      Body body("2025-12");
      for (int stage = 1; stage <= kStages; ++stage) body.Column(Count(stage));
      for (const Rate& rate : kDealerRates) body.Column(Share(rate));
      return body.Only("dealer", turn.dealer).Text();
    }
    case 2: {
      Body body("2025-12");
      for (const int stage : kConsultantStages) body.Column(Count(stage));
      for (const Rate& rate : kConsultantRates) body.Column(Share(rate));
      return body.Only("dealer", turn.dealer).By({"staff"}).Text();
    }
    case 3: {
      Body body("2025");
      body.Column(Count(1)).Column(Count(8)).Column("price=deal_amt/deal_cnt");
      for (const Rate& rate : kTrendRates) body.Column(Share(rate));
      return body.Only("dealer", turn.dealer).By({"month"}).Text();
    }
    case 4:
      return Body("2025-12")
          .Column(Count(2))
          .Column(Count(8))
          .Column(close_rate)
          .By({"dealer"})
          .Set("sort", json::array{"r8_2:desc"})
          .Text();
    case 5:
      return Body("2025").Column(Count(1)).Column(Count(2)).Column(Count(8)).By({"region", "month", "source"}).Text();
    case 6: {
      Body body("2025-" + std::string(turn.month < 10 ? "0" : "") + std::to_string(turn.month));
      for (int stage = 1; stage <= kStages; ++stage) {
        body.Column(stage == 3 ? "c3=" + std::string(kFollowedUp) : Count(stage));
      }
      return body.Set("basis", "cohort").Set("within", "30d").Text();
    }
    case 7:
      return Body("2025Q4")
          .Column(Count(1))
          .Column(Count(2))
          .Column(Count(6))
          .Column(Count(8))
          .Column("amount=deal_amt")
          .Column(close_rate)
          .Only("region", turn.region)
          .By({"model", "source"})
          .Text();
    case 8: return Body(kLast90DaysText).Column(Count(1)).Column(Count(2)).Column(Count(8)).By({"dealer"}).Text();
    case 9:
      return Body("2025-12")
          .Column(Count(2))
          .Column("timely=contact_24h_cnt")
          .Column("rate=contact_24h_cnt/prospect_cnt")
          .By({"dealer"})
          .Text();
    case 10:
      return Body(kLast90DaysText)
          .Column(Count(13))
          .By({"dealer", "reason"})
          .Set("sort", json::array{"dealer", "c13:desc"})
          .Set("top", 3)
          .Set("per", "dealer")
          .Text();
    default: throw std::out_of_range("no such question");
  }
}

Rows ReadAnswer(int question, std::string_view text, const std::vector<uint32_t>& targets) {
  const json::value answer = json::parse(json::string_view(text.data(), text.size()));
  Rows rows;
  double before = 2;
  for (const json::value& value : answer.at("rows").as_array()) {
    const Cells cells(value.as_object());
    switch (question) {
      case 1: rows.push_back(DealerRow(cells)); break;
      case 2: rows.push_back(ConsultantRow(cells)); break;
      case 3: rows.push_back(TrendRow(cells)); break;
      case 4: {
        const double rate = cells.Value("r8_2");
        if (rate > before) Bad("not in order of close rate");
        before = rate;
        rows.push_back({0, cells.Key("dealer"), cells.Count(2), cells.Count(8), cells.Share({8, 2})});
        break;
      }
      case 5:
        rows.push_back(
            {cells.Key("region"), cells.Month(), cells.Key("source"), cells.Count(1), cells.Count(2), cells.Count(8)});
        break;
      case 6:
        for (int stage = 1; stage <= kStages; ++stage) {
          if (const int64_t count = cells.Count(stage); count > 0) rows.push_back({stage, count});
        }
        break;
      case 7:
        rows.push_back({cells.Key("model"), cells.Key("source"), cells.Count(1), cells.Count(2), cells.Count(6),
                        cells.Count(8), cells.Count("amount"), cells.Share({8, 2})});
        break;
      case 8: {
        const int64_t dealer = cells.Key("dealer");
        rows.push_back(NeededRow(dealer, cells.Count(1), cells.Count(2), cells.Count(8),
                                 targets.at(static_cast<size_t>(dealer) - 1)));
        break;
      }
      case 9: {
        const int64_t captured = cells.Count(2);
        const int64_t timely = cells.Count("timely");
        if (cells.Mean("rate") != timely / std::max<int64_t>(captured, 1)) Bad("a rate that is not its sums");
        rows.push_back({cells.Key("dealer"), captured, timely, BasisPoints(timely, captured)});
        break;
      }
      case 10: {
        const int64_t dealer = cells.Key("dealer");
        const int64_t place = std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row[0] == dealer; });
        rows.push_back({dealer, place + 1, cells.Key("reason"), cells.Count(13)});
        break;
      }
      default: throw std::out_of_range("no such question");
    }
  }
  if (question == 4) {
    Rank(rows);
  } else {
    std::stable_sort(rows.begin(), rows.end());  // members are numbers here, and texts to Dealpace
  }
  return rows;
}

Rows Recount(const Year& year, int question, const Turn& turn, Within within) {
  const auto of_dealer = [&](const YearEvent&, const YearLead& lead) { return Row{lead.dealer()}; };
  Rows rows;
  switch (question) {
    case 1:
    case 2: {
      const auto counts = Counter(year, kDecember, kYearEnd).By([&](const YearEvent&, const YearLead& lead) {
        if (lead.dealer() != turn.dealer) return Row();
        return Row{question == 1 ? int64_t{lead.dealer()} : int64_t{lead.consultant}};
      });
      for (const auto& [key, stages] : counts) {
        Row row;
        if (question == 1) {
          row.assign(stages.begin() + 1, stages.begin() + kStages + 1);
          Append(row, RatesOf(stages, kDealerRates));
        } else {
          row = key;
          for (const int stage : kConsultantStages) row.push_back(stages[static_cast<size_t>(stage)]);
          Append(row, RatesOf(stages, kConsultantRates));
        }
        rows.push_back(row);
      }
      return rows;
    }
    case 3: {
      const auto counts = Counter(year, 0, kYearEnd).By([&](const YearEvent& event, const YearLead& lead) {
        return lead.dealer() == turn.dealer ? Row{202'500 + MonthOf(event)} : Row();
      });
      for (const auto& [key, stages] : counts) {
        Row row = {key[0], stages[1]};
        Append(row, RatesOf(stages, kTrendRates));
        Append(row, {stages[8], stages[8] == 0 ? 0 : stages[kStages + 1] / stages[8]});
        rows.push_back(row);
      }
      return rows;
    }
    case 4:
      for (const auto& [key, stages] : Counter(year, kDecember, kYearEnd).By(of_dealer)) {
        rows.push_back({0, key[0], stages[2], stages[8], BasisPoints(stages[8], stages[2])});
      }
      Rank(rows);
      return rows;
    case 5: {
      const auto counts = Counter(year, 0, kYearEnd).By([&](const YearEvent& event, const YearLead& lead) {
        return Row{RegionOf(year.scale, lead.dealer()), 202'500 + MonthOf(event), lead.source};
      });
      for (const auto& [key, stages] : counts) {
        Row row = key;
        Append(row, {stages[1], stages[2], stages[8]});
        rows.push_back(row);
      }
      return rows;
    }
    case 6: return RecountCohort(year, turn.month, within);
    case 7: {
      const auto counts = Counter(year, kLastQuarter, kYearEnd).By([&](const YearEvent&, const YearLead& lead) {
        return RegionOf(year.scale, lead.dealer()) == turn.region ? Row{lead.model, lead.source} : Row();
      });
      for (const auto& [key, stages] : counts) {
        Row row = key;
        Append(row,
               {stages[1], stages[2], stages[6], stages[8], stages[kStages + 1], BasisPoints(stages[8], stages[2])});
        rows.push_back(row);
      }
      return rows;
    }
    case 8:
      for (const auto& [key, stages] : Counter(year, kLast90Days, kYearEnd).By(of_dealer)) {
        rows.push_back(
            NeededRow(key[0], stages[1], stages[2], stages[8], year.targets[static_cast<size_t>(key[0]) - 1]));
      }
      return rows;
    case 9: return RecountTimely(year);
    case 10: return RecountReasons(year);
    default: throw std::out_of_range("no such question");
  }
}

std::string RowsText(const Rows& rows) {
  std::string text;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += '|';
      text += std::to_string(row[i]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace dealpace::bench
