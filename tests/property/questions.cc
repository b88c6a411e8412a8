#include "tests/property/questions.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

namespace dealpace::test {
namespace {

using kpi::Reading;
using kpi::Shift;

std::string ConditionText(const std::vector<Condition>& conditions) {
  std::string text;
  for (const Condition& condition : conditions) {
    text += (text.empty() ? "" : ", ") + std::string(DimName(condition.dim));
    for (size_t i = 0; i < condition.codes.size(); ++i) text += (i == 0 ? "=\"" : "|\"") + condition.codes[i] + "\"";
  }
  return text.empty() ? "" : "[" + text + "]";
}

std::vector<Condition> MakeConditions(const History& history, Random& random) {
  std::vector<Condition> conditions;
  for (int i = random.Percent(55) ? 0 : random.Between(1, 2); i > 0; --i) {
    Condition condition{static_cast<Dim>(random.Below(kDimCount)), {}};
    if (!random.Percent(15)) {
      const std::vector<std::string> codes = CodesOf(history, condition.dim);
      condition.codes.push_back(random.Of(codes));
      if (const std::string& other = random.Of(codes); random.Percent(30) && other != condition.codes[0]) {
        condition.codes.push_back(other);
      }
    }
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

// Periods of every kind, most of them where something happened.
Period MakePeriod(const History& history, Random& random, bool whole_months) {
  const Period& all = history.period;
  const Day begin = all.from - 20 + random.Below(all.days() + 20);
  if (whole_months) {
    const int month = UnitOf(begin, Grain::kMonth);
    return {UnitPeriod(month, Grain::kMonth).from, UnitPeriod(month + random.Below(4), Grain::kMonth).to};
  }
  switch (random.Below(6)) {
    case 0: return {begin, begin + random.Below(20)};
    case 1: return {begin, begin + random.Below(120)};
    case 2: return UnitPeriod(UnitOf(begin, Grain::kWeek), Grain::kWeek);
    case 3: return UnitPeriod(UnitOf(begin, Grain::kQuarter), Grain::kQuarter);
    case 4: return UnitPeriod(UnitOf(begin, Grain::kYear), Grain::kYear);
    default: return all;
  }
}

Formula LeafOf(Leaf leaf) {
  Formula formula;
  formula.leaf = std::move(leaf);
  return formula;
}
Formula Number(double number) {
  Formula formula;
  formula.op = 'n';
  formula.number = number;
  return formula;
}
Formula Of(char op, Formula left, Formula right) {
  Formula formula;
  formula.op = op;
  formula.parts.push_back(std::move(left));
  formula.parts.push_back(std::move(right));
  return formula;
}

// Where any of the grains begins a new unit.
std::vector<Period> RangesOf(const Period& period, const std::vector<Grain>& grains) {
  std::vector<Period> ranges;
  for (Day day = period.from; day <= period.to; day = day + 1) {
    const bool begins = ranges.empty() || std::any_of(grains.begin(), grains.end(), [&](Grain grain) {
                          return UnitOf(day, grain) != UnitOf(day - 1, grain);
                        });
    if (begins) ranges.push_back({day, day});
    ranges.back().to = day;
  }
  return ranges;
}

// The period with which a range is compared. A unit that the question's period cuts off is compared with as many days
// of the unit before, counted from its start.
Period ShiftedRange(const Period& range, const std::vector<Grain>& grains, Shift shift) {
  const auto shifted = [shift](const Period& p) { return shift == Shift::kPrior ? PreviousPeriod(p) : YearAgo(p); };
  if (grains.empty()) return shifted(range);
  const Period unit = UnitPeriod(UnitOf(range.from, grains[0]), grains[0]);
  const Period other = shifted(unit);
  const auto same = [&](Day day) { return std::min(other.from + (day - unit.from), other.to); };
  return {same(range.from), range.to == unit.to ? other.to : same(range.to)};
}

}  // namespace

std::string Formula::Text(const catalog::Catalog& catalog) const {
  switch (op) {
    case 'n': {
      char text[32];
      std::snprintf(text, sizeof text, "%g", number);
      return text;
    }
    case '_': return "-(" + parts[0].Text(catalog) + ")";
    case 'x': break;
    default: return "(" + parts[0].Text(catalog) + ") " + op + " (" + parts[1].Text(catalog) + ")";
  }
  std::string text = catalog.measures()[static_cast<size_t>(leaf.measure)].id + ConditionText(leaf.conditions);
  switch (leaf.reading) {
    case Reading::kOpening: text = "opening(" + text + ")"; break;
    case Reading::kClosing: text = "closing(" + text + ")"; break;
    case Reading::kAverage: text = "average(" + text + ")"; break;
    case Reading::kFlow: break;
  }
  if (leaf.shift) text = (*leaf.shift == Shift::kPrior ? "prior(" : "year_ago(") + text + ")";
  return text;
}

std::string Asked::Text() const {
  std::string text;
  for (const auto& column : question.columns) text += (text.empty() ? "" : ", ") + column.formula;
  text += ConditionText(conditions) + " in " + FormatPeriod(*question.period);
  for (const std::string& by : question.by) text += " by " + by;
  if (question.basis == facts::Basis::kCohort) text += " cohort";
  if (question.within_days) text += " within " + std::to_string(*question.within_days) + "d";
  if (question.known_at != kForever) text += " as of " + FormatInstant(question.known_at);
  return text;
}

Leaf MakeLeaf(const catalog::Catalog& catalog, const History& history, Random& random, bool balance) {
  const auto occurs = [&](int event) {
    return std::find(history.events.begin(), history.events.end(), event) != history.events.end() ||
           catalog.events()[static_cast<size_t>(event)].derived();
  };
  std::vector<int> often;
  std::vector<int> all;
  for (size_t m = 0; m < catalog.measures().size(); ++m) {
    const catalog::Measure& measure = catalog.measures()[m];
    if (measure.balance != balance) continue;
    all.push_back(static_cast<int>(m));
    if (occurs(measure.event) || occurs(measure.reading_event)) often.push_back(static_cast<int>(m));
  }
  Leaf leaf;
  leaf.measure = random.Of(random.Percent(97) ? often : all);
  if (balance) {
    leaf.reading = random.Of(std::vector{Reading::kOpening, Reading::kClosing, Reading::kAverage});
  }
  return leaf;
}

Asked PlainQuestion(const catalog::Catalog& catalog, Formula formula, Period period) {
  Asked asked;
  const std::string text = formula.Text(catalog);
  asked.question.columns.push_back({text, text});
  asked.columns.push_back(std::move(formula));
  asked.question.period = period;
  asked.question.today = period.to + 1;
  return asked;
}

Asked MakeQuestion(const catalog::Catalog& catalog, const History& history, Random& random, const Wanted& wanted) {
  Asked asked;
  kpi::Question& question = asked.question;
  const bool cohort = wanted.cohorts && random.Percent(30);
  const bool shifts = wanted.shifts && random.Percent(20);
  bool has_balance = false;

  const auto leaf = [&](bool divides, std::optional<catalog::Unit> unit) {
    while (true) {
      Leaf made = MakeLeaf(catalog, history, random, wanted.balances && !cohort && random.Percent(25));
      if (unit && catalog.measures()[static_cast<size_t>(made.measure)].unit != *unit) continue;
      // A mean is not exact in binary: as a divisor it could be nearly zero where the other side has zero.
      if (divides && made.reading == Reading::kAverage) continue;
      if (made.reading != Reading::kFlow) has_balance = true;
      if (shifts && random.Percent(50)) made.shift = random.Percent(50) ? Shift::kPrior : Shift::kYearAgo;
      made.conditions = MakeConditions(history, random);
      return LeafOf(std::move(made));
    }
  };
  const auto unit_of = [&](const Formula& formula) {
    return catalog.measures()[static_cast<size_t>(formula.leaf.measure)].unit;
  };
  const auto pair = [&](char op, bool divides) {
    Formula left = leaf(divides, std::nullopt);
    Formula right = leaf(divides, unit_of(left));
    return Of(op, std::move(left), std::move(right));
  };
  const auto formula = [&]() -> Formula {
    switch (random.Below(10)) {
      case 0:
      case 1: return leaf(false, std::nullopt);
      case 2:
      case 3: return Of('/', leaf(false, std::nullopt), leaf(true, std::nullopt));
      case 4: return pair(random.Percent(50) ? '+' : '-', false);
      case 5: return Of('/', pair('+', false), leaf(true, std::nullopt));
      case 6: return Of('/', pair('-', false), pair('+', true));
      case 7: return Of('*', Number(random.Between(1, 9) * 0.5), leaf(false, std::nullopt));
      case 8: return Of('*', leaf(false, std::nullopt), Of('/', leaf(false, std::nullopt), leaf(true, std::nullopt)));
      default: {
        Formula negated;
        negated.op = '_';
        negated.parts.push_back(pair('-', false));
        return negated;
      }
    }
  };
  for (int i = random.Between(1, 3); i > 0; --i) asked.columns.push_back(formula());

  if (wanted.slices) {
    for (int i = random.Below(3); i > 0; --i) {
      const Dim dim = static_cast<Dim>(random.Below(kDimCount));
      if (std::find(asked.dims.begin(), asked.dims.end(), dim) == asked.dims.end()) asked.dims.push_back(dim);
    }
  }
  question.period = MakePeriod(history, random, shifts && random.Percent(50));
  if (wanted.slices && random.Percent(50)) {
    if (shifts) {
      asked.grains = {random.Of(std::vector{Grain::kWeek, Grain::kMonth, Grain::kQuarter})};
    } else {
      std::vector<Grain> grains = {Grain::kDay, Grain::kWeek, Grain::kMonth, Grain::kQuarter, Grain::kYear};
      random.Shuffle(grains);
      grains.resize(random.Percent(80) ? 1 : 2);
      const bool by_day = std::find(grains.begin(), grains.end(), Grain::kDay) != grains.end();
      if (by_day && has_balance) question.period->to = std::min(question.period->to, question.period->from + 9);
      asked.grains = grains;
    }
  }
  asked.conditions = MakeConditions(history, random);

  for (const Formula& column : asked.columns) {
    const std::string text = column.Text(catalog);
    question.columns.push_back({text, text});
  }
  for (const Dim dim : asked.dims) question.by.emplace_back(DimName(dim));
  for (const Grain grain : asked.grains) {
    question.by.insert(question.by.begin() + random.Below(static_cast<int>(question.by.size()) + 1),
                       std::string(GrainName(grain)));
  }
  // The order of the grains among themselves is that of the question.
  asked.grains.clear();
  for (const std::string& by : question.by) {
    if (const auto grain = ParseGrain(by)) asked.grains.push_back(*grain);
  }
  for (const Condition& condition : asked.conditions) {
    question.filters.push_back({condition.dim, condition.codes, true});
  }
  if (cohort) {
    question.basis = facts::Basis::kCohort;
    if (random.Percent(50)) question.within_days = random.Of(std::vector{0, 1, 7, 30});
  }
  question.today = history.period.to + 30;
  return asked;
}

std::string TextOf(const Result<kpi::Answer>& answer) {
  if (!answer.ok()) return "error " + answer.error().code;
  const auto number = [](const std::optional<double>& value) -> std::string {
    if (!value) return "—";
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", *value == 0 ? 0.0 : *value);  // no minus zero
    return text;
  };
  const auto row_text = [&](const kpi::RowAnswer& row) {
    std::string text = FormatPeriod(row.period);
    for (const auto& key : row.keys) text += " " + std::string(key.value_or("—"));
    for (const kpi::CellAnswer& cell : row.cells) {
      text += " | " + number(cell.value);
      if (cell.ratio) text += " " + number(cell.num) + "/" + number(cell.den);
    }
    if (row.mature_share) text += " mature " + number(row.mature_share);
    return text + "\n";
  };
  std::string text;
  for (const kpi::RowAnswer& row : answer->rows) text += row_text(row);
  text += "total " + row_text(answer->total);
  for (const int event : answer->unrecorded_events) text += " unrecorded " + std::to_string(event);
  return text;
}

// ---- The reference ----

ledger::Recount::Question Reference::QuestionOf(const Asked& asked, const Leaf& leaf) const {
  ledger::Recount::Question question;
  question.measure = leaf.measure;
  question.cohort = asked.question.basis == facts::Basis::kCohort;
  question.within_days = asked.question.within_days;
  for (const auto* conditions : {&leaf.conditions, &asked.conditions}) {
    for (const Condition& condition : *conditions) {
      ledger::Recount::Filter filter{condition.dim, {}};
      for (const std::string& code : condition.codes) {
        const std::vector<int64_t> ids = ids_.Find(history_, condition.dim, code);
        filter.ids.insert(filter.ids.end(), ids.begin(), ids.end());
      }
      question.filters.push_back(std::move(filter));
    }
  }
  return question;
}

Reference::Values Reference::Work(const Asked& asked, const Leaf& leaf, bool total) {
  const catalog::Measure& measure = catalog_.measures()[static_cast<size_t>(leaf.measure)];
  const double scale = measure.sums_amount() ? 100 : 1000;
  ledger::Recount::Question question = QuestionOf(asked, leaf);
  if (!total) question.by = asked.dims;
  Values values;
  const Period whole = *asked.question.period;

  if (leaf.reading == Reading::kFlow && !leaf.shift) {
    if (!total) question.grains = asked.grains;
    question.period = whole;
    for (const auto& [key, sum] : recount_.Ask(question)) {
      values.values[key] = static_cast<double>(sum.sum) / scale;
      values.has_rows[key] = sum.rows > 0;
    }
    return values;
  }
  for (const Period& range : total ? std::vector{whole} : RangesOf(whole, asked.grains)) {
    const Period at =
        leaf.shift ? ShiftedRange(range, total ? std::vector<Grain>{} : asked.grains, *leaf.shift) : range;
    switch (leaf.reading) {
      case Reading::kFlow: question.period = at; break;
      case Reading::kOpening: question.period = {kFirstDay, at.from - 1}; break;
      default: question.period = {kFirstDay, at.to}; break;
    }
    const auto keyed = [&](Key key) {
      for (const Grain grain : asked.grains) {
        if (!total) key.push_back(UnitOf(range.from, grain));
      }
      return key;
    };
    for (const auto& [key, sum] : recount_.Ask(question)) {
      values.values[keyed(key)] = static_cast<double>(sum.sum) / scale;
      values.has_rows[keyed(key)] = sum.rows > 0;
    }
    if (leaf.reading == Reading::kAverage) {
      question.period = at;
      for (const auto& [key, sum] : recount_.AskClosings(question)) {
        values.values[keyed(key)] = static_cast<double>(sum.sum) / at.days() / scale;
      }
    }
  }
  return values;
}

std::optional<double> Reference::Evaluate(const Formula& formula, const Find& find) const {
  if (formula.op == 'n') return formula.number;
  if (formula.op == 'x') return find(formula.leaf);
  const auto left = Evaluate(formula.parts[0], find);
  if (!left) return std::nullopt;
  if (formula.op == '_') return -*left;
  const auto right = Evaluate(formula.parts[1], find);
  if (!right) return std::nullopt;
  switch (formula.op) {
    case '+': return *left + *right;
    case '-': return *left - *right;
    case '*': return *left * *right;
    default: return *right == 0 ? std::nullopt : std::optional(*left / *right);
  }
}

std::string Reference::CompareCell(const Formula& formula, const Find& find, const kpi::CellAnswer& cell) const {
  const auto text = [](const std::optional<double>& value) { return value ? std::to_string(*value) : "none"; };
  const auto same = [](const std::optional<double>& a, const std::optional<double>& b) {
    if (!a || !b) return a.has_value() == b.has_value();
    return std::abs(*a - *b) <= 1e-9 * std::max({1.0, std::abs(*a), std::abs(*b)});
  };
  const auto value = Evaluate(formula, find);
  if (!same(value, cell.value)) return "is " + text(cell.value) + ", recount " + text(value);
  if (cell.ratio != (formula.op == '/')) return "is wrongly taken for a ratio, or not for one";
  if (!cell.ratio) return "";
  const auto num = Evaluate(formula.parts[0], find);
  const auto den = Evaluate(formula.parts[1], find);
  if (!same(num, cell.num) || !same(den, cell.den)) {
    return "is " + text(cell.num) + " / " + text(cell.den) + ", recount " + text(num) + " / " + text(den);
  }
  return "";
}

std::string Reference::Check(const Asked& asked, const Result<kpi::Answer>& answer) {
  const auto wrong = [&](const std::string& what) { return asked.Text() + "\n  " + what; };
  if (!answer.ok()) {
    std::string text = answer.error().code;
    for (const auto& [name, value] : answer.error().args) text += " " + name + "=" + value;
    return wrong(text);
  }

  // Each leaf's figures, by the place of the leaf in the formulas.
  std::map<const Leaf*, Values> rows;
  std::map<const Leaf*, Values> totals;
  const auto collect = [&](const auto& self, const Formula& formula) -> void {
    if (formula.op == 'x') {
      rows[&formula.leaf] = Work(asked, formula.leaf, false);
      totals[&formula.leaf] = Work(asked, formula.leaf, true);
    }
    for (const Formula& part : formula.parts) self(self, part);
  };
  for (const Formula& column : asked.columns) collect(collect, column);

  std::set<Key> expected;
  for (const auto& [leaf, values] : rows) {
    for (const auto& [key, has] : values.has_rows) {
      if (has) expected.insert(key);
    }
  }
  for (const kpi::RowAnswer& row : answer->rows) {
    Key key;
    std::string name;
    for (size_t i = 0; i < row.ids.size(); ++i) {
      if (ParseDim(asked.question.by[i])) key.push_back(row.ids[i]);
      name += " " + std::string(row.keys[i].value_or("—"));
    }
    for (const Grain grain : asked.grains) key.push_back(UnitOf(row.period.from, grain));
    if (expected.erase(key) == 0) return wrong("row" + name + " is there without entries, or twice");
    for (size_t c = 0; c < asked.columns.size(); ++c) {
      const auto find = [&](const Leaf& leaf) {
        const Values& values = rows.at(&leaf);
        const auto it = values.values.find(key);
        return it == values.values.end() ? 0.0 : it->second;
      };
      const std::string difference = CompareCell(asked.columns[c], find, row.cells[c]);
      if (!difference.empty()) return wrong("row" + name + ", column " + std::to_string(c + 1) + " " + difference);
    }
  }
  if (!expected.empty()) return wrong(std::to_string(expected.size()) + " rows are missing");
  for (size_t c = 0; c < asked.columns.size(); ++c) {
    const auto find = [&](const Leaf& leaf) {
      const Values& values = totals.at(&leaf);
      const auto it = values.values.find({});
      return it == values.values.end() ? 0.0 : it->second;
    };
    const std::string difference = CompareCell(asked.columns[c], find, answer->total.cells[c]);
    if (!difference.empty()) return wrong("total, column " + std::to_string(c + 1) + " " + difference);
  }
  return "";
}

}  // namespace dealpace::test
