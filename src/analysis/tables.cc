#include "analysis/tables.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"

namespace dealpace::analysis {
namespace {

const catalog::Stage* FindStage(const catalog::Catalog& catalog, std::string_view text) {
  const auto is = [&](const catalog::Stage& stage) {
    return stage.id == text || stage.name.en == text || stage.name.zh == text ||
           std::find(stage.synonyms.begin(), stage.synonyms.end(), text) != stage.synonyms.end();
  };
  const auto it = std::find_if(catalog.stages().begin(), catalog.stages().end(), is);
  return it == catalog.stages().end() ? nullptr : &*it;
}

void WritePeriod(JsonWriter& json, const Period& period) {
  json.Key("period").BeginObject();
  json.Field("from", FormatDay(period.from)).Field("to", FormatDay(period.to)).EndObject();
}

void NumberOrNull(JsonWriter& json, std::string_view name, const std::optional<double>& value) {
  json.Key(name);
  value ? json.Number(*value) : json.Null();
}

void WriteFigure(JsonWriter& json, std::string_view name, const kpi::Figure& figure) {
  json.Key(name).BeginObject();
  NumberOrNull(json, "value", figure.value);
  if (figure.ratio) {
    NumberOrNull(json, "num", figure.num);
    NumberOrNull(json, "den", figure.den);
  }
  json.EndObject();
}

void WriteInterval(JsonWriter& json, std::string_view name, const std::optional<insight::Interval>& interval) {
  json.Key(name);
  if (!interval) {
    json.Null();
    return;
  }
  json.BeginObject().Key("low").Number(interval->low).Key("high").Number(interval->high).EndObject();
}

void WriteName(JsonWriter& json, const catalog::Catalog& catalog, const Step& step) {
  const Bilingual& name = NameOf(catalog, step);
  json.Key("name").BeginObject().Field("en", name.en).Field("zh", name.zh).EndObject();
}

void TextOrNull(JsonWriter& json, std::string_view name, std::string_view text) {
  json.Key(name);
  text.empty() ? json.Null() : json.String(text);
}

void WriteRow(JsonWriter& json, const SuccessRow& row) {
  json.BeginObject();
  TextOrNull(json, "id", row.id == 0 ? "" : std::to_string(row.id));
  json.Key("name");
  row.name ? json.String(*row.name) : json.Null();
  TextOrNull(json, "dealer_name", row.dealer_name);
  json.Key("steps").BeginArray();
  for (size_t s = 0; s < row.counts.size(); ++s) {
    json.BeginObject().Key("count").Number(row.counts[s]);
    WriteFigure(json, "conversion", row.conversions[s]);
    WriteInterval(json, "interval", IntervalOf(row.conversions[s]));
    json.EndObject();
  }
  json.EndArray();
  WriteFigure(json, "success", row.success);
  WriteInterval(json, "interval", IntervalOf(row.success));
  json.Key("weakest");
  if (row.weakest) {
    json.BeginObject().Field("step", static_cast<int64_t>(row.weakest->step)).Key("gap").Number(row.weakest->gap);
    json.Field("clear", row.weakest->clear).EndObject();
  } else {
    json.Null();
  }
  json.Field("sample", SampleOf(row.counts[0])).EndObject();
}

// Which dealer a person belongs to: of the organisation's histories.
std::unordered_map<int64_t, int64_t> DealerOfStaff(const facts::OrgView& org) {
  std::unordered_map<int64_t, int64_t> dealers;
  for (const auto& [dealer, of] : org.dealers) {
    for (const auto& [staff, history] : of.team_of_staff) dealers.emplace(staff, dealer);
  }
  return dealers;
}

}  // namespace

const std::vector<Step>& Steps() {
  static const std::vector<Step> kSteps = {{"S2", "first_contact_cnt", "", 2},
                                           {"S4", "needs_cnt", "stage_conversion_s4", 4},
                                           {"S5", "presented_cnt", "stage_conversion_s5", 5},
                                           {"S6", "td_cnt", "stage_conversion_s6", 6},
                                           {"S7", "deal_cnt", "stage_conversion_s7", 7},
                                           {"S8", "delivered_cnt", "stage_conversion_s8", 8}};
  return kSteps;
}

const Bilingual& NameOf(const catalog::Catalog& catalog, const Step& step) {
  const int measure = catalog.FindMeasure(step.measure);
  const int event = catalog.measures()[static_cast<size_t>(measure)].event;
  return catalog.events()[static_cast<size_t>(event)].name;
}

std::string_view SampleOf(double n) {
  if (n <= 0) return "none";
  if (n < kCountsOnly) return "counts";
  return n < kSampleMin ? "small" : "ok";
}

std::optional<int64_t> WholeCount(const std::optional<double>& value) {
  constexpr double kExact = 9007199254740992.0;
  if (!value || *value < 0 || *value > kExact || *value != std::floor(*value)) return std::nullopt;
  return static_cast<int64_t>(*value);
}

std::optional<insight::Interval> IntervalOf(const kpi::Figure& ratio) {
  const auto hits = WholeCount(ratio.num);
  const auto trials = WholeCount(ratio.den);
  if (!hits || !trials) return std::nullopt;
  const auto interval = insight::Wilson(*hits, *trials);
  return interval.ok() ? *interval : std::nullopt;
}

std::optional<Weakest> FindWeakest(const SuccessRow& row, const SuccessRow& total, double confidence) {
  std::optional<Weakest> weakest;
  for (size_t s = 1; s < row.conversions.size(); ++s) {
    const kpi::Figure& own = row.conversions[s];
    const kpi::Figure& all = total.conversions[s];
    if (!own.value || !all.value || !own.den || *own.den < kSampleMin) continue;
    const double gap = *own.value - *all.value;
    if (gap < 0 && (!weakest || gap < weakest->gap)) weakest = Weakest{s, gap, false};
  }
  if (!weakest) return weakest;
  // The row is part of the total, so it is held against all others.
  const kpi::Figure& own = row.conversions[weakest->step];
  const kpi::Figure& all = total.conversions[weakest->step];
  const auto hits = WholeCount(own.num);
  const auto trials = WholeCount(own.den);
  const auto other_hits = WholeCount(*all.num - own.num.value_or(0));
  const auto other_trials = WholeCount(*all.den - own.den.value_or(0));
  if (!hits || !trials || !other_hits || !other_trials) return weakest;
  const auto difference = insight::Newcombe(*hits, *trials, *other_hits, *other_trials, confidence);
  weakest->clear = difference.ok() && *difference && (*difference)->clear();
  return weakest;
}

std::vector<kpi::NamedFormula> SuccessColumns() {
  std::vector<kpi::NamedFormula> columns;
  for (const Step& step : Steps()) columns.push_back({std::string(step.measure), std::string(step.measure)});
  for (const Step& step : Steps()) {
    if (!step.conversion.empty()) columns.push_back({std::string(step.conversion), std::string(step.conversion)});
  }
  columns.push_back({"sales_success_rate", "sales_success_rate"});
  return columns;
}

SuccessRow ReadSuccessRow(const kpi::RowAnswer& row, size_t first) {
  const size_t steps = Steps().size();
  SuccessRow read;
  if (!row.ids.empty()) {
    read.id = row.ids[0];
    if (row.keys[0]) read.name = *row.keys[0];
  }
  read.conversions.emplace_back();
  for (size_t s = 0; s < steps; ++s) read.counts.push_back(row.cells[first + s].value.value_or(0));
  for (size_t s = 1; s < steps; ++s) read.conversions.push_back(row.cells[first + steps + s - 1]);
  read.success = row.cells[first + 2 * steps - 1];
  return read;
}

Result<std::string> SuccessTableJson(const TableQuestion& asked, const catalog::Catalog& catalog, kpi::Engine& engine,
                                     facts::Facts& facts, Instant now) {
  kpi::Question question = asked.question;
  question.columns = SuccessColumns();
  question.by = {std::string(DimName(asked.by))};
  question.versus = kpi::Versus::kNone;
  ASSIGN_OR_RETURN(const kpi::Answer answer, engine.Ask(question));
  const SuccessRow total = ReadSuccessRow(answer.total);
  std::vector<SuccessRow> rows;
  for (const kpi::RowAnswer& row : answer.rows) {
    rows.push_back(ReadSuccessRow(row));
    rows.back().weakest = FindWeakest(rows.back(), total);
  }
  if (asked.by == Dim::kStaff && (!asked.scope.dim || asked.scope.Is(Dim::kRegion))) {
    ASSIGN_OR_RETURN(const auto org, facts.Org(*question.scope));
    const auto dealers = DealerOfStaff(*org);
    for (SuccessRow& row : rows) {
      if (const auto it = dealers.find(row.id); it != dealers.end()) {
        row.dealer_name = org->Label(Dim::kDealer, it->second);
      }
    }
  }
  // The best first; those with too few to judge below the others.
  std::stable_sort(rows.begin(), rows.end(), [](const SuccessRow& a, const SuccessRow& b) {
    const bool judged_a = a.counts[0] >= kSampleMin;
    const bool judged_b = b.counts[0] >= kSampleMin;
    if (judged_a != judged_b) return judged_a;
    return a.success.value.value_or(-1) > b.success.value.value_or(-1);
  });

  JsonWriter json;
  json.BeginObject();
  WritePeriod(json, answer.period);
  json.Field("by", DimName(asked.by)).Field("cutoff", FormatInstant(std::min(answer.known_at, now)));
  json.Key("steps").BeginArray();
  for (const Step& step : Steps()) {
    json.BeginObject().Field("stage", step.stage);
    WriteName(json, catalog, step);
    json.Field("measure", step.measure);
    TextOrNull(json, "conversion", step.conversion);
    json.EndObject();
  }
  json.EndArray().Key("rows").BeginArray();
  for (const SuccessRow& row : rows) WriteRow(json, row);
  json.EndArray().Key("total");
  WriteRow(json, total);
  json.EndObject();
  return json.text();
}

Losses SplitLosses(const catalog::Catalog& catalog, const std::vector<std::pair<std::string, double>>& by_stage) {
  const std::vector<Step>& steps = Steps();
  Losses losses;
  std::vector<double> before(steps.size());
  double placed = 0;
  for (const auto& [text, count] : by_stage) {
    const catalog::Stage* stage = FindStage(catalog, text);
    size_t step = 0;
    for (size_t s = 1; stage != nullptr && s < steps.size(); ++s) {
      if (stage->order >= steps[s - 1].order && stage->order < steps[s].order) step = s;
    }
    if (step == 0) {
      losses.without_stage += count;
      continue;
    }
    before[step] += count;
    placed += count;
  }
  const bool known = placed > 0 || losses.without_stage <= 0;
  losses.before.resize(steps.size());
  for (size_t s = 1; known && s < steps.size(); ++s) losses.before[s] = before[s];
  return losses;
}

Result<std::string> FunnelJson(const TableQuestion& asked, const catalog::Catalog& catalog, kpi::Engine& engine,
                               Instant now) {
  const std::vector<Step>& steps = Steps();
  kpi::Question question = asked.question;
  question.columns = SuccessColumns();
  const size_t first_target = question.columns.size();
  for (size_t s = 1; s < steps.size(); ++s) {
    const std::string target = "target(" + std::string(steps[s].conversion) + ")";
    question.columns.push_back({target, target});
  }
  // Against targets, each step shows its target anyway.
  if (question.versus == kpi::Versus::kTarget) question.versus = kpi::Versus::kNone;
  ASSIGN_OR_RETURN(const kpi::Answer answer, engine.Ask(question));
  kpi::Question lost = asked.question;
  lost.columns = {{"lost_cnt", "lost_cnt"}};
  lost.by = {std::string(DimName(Dim::kStage))};
  lost.versus = kpi::Versus::kNone;
  ASSIGN_OR_RETURN(const kpi::Answer lost_answer, engine.Ask(lost));
  std::vector<std::pair<std::string, double>> by_stage;
  for (const kpi::RowAnswer& row : lost_answer.rows) {
    by_stage.emplace_back(row.keys[0].value_or(""), row.cells[0].value.value_or(0));
  }
  const Losses losses = SplitLosses(catalog, by_stage);
  const SuccessRow total = ReadSuccessRow(answer.total);

  JsonWriter json;
  json.BeginObject();
  WritePeriod(json, answer.period);
  json.Field("cutoff", FormatInstant(std::min(answer.known_at, now)));
  json.Key("lost_without_stage").Number(losses.without_stage);
  json.Key("steps").BeginArray();
  for (size_t s = 0; s < steps.size(); ++s) {
    json.BeginObject().Field("stage", steps[s].stage);
    WriteName(json, catalog, steps[s]);
    json.Field("measure", steps[s].measure).Key("count").Number(total.counts[s]);
    std::optional<double> base;
    std::optional<double> missing;
    std::optional<double> open;
    if (s > 0) {
      base = total.counts[s - 1];
      missing = *base - total.counts[s];
      if (losses.before[s]) open = std::max(0.0, *missing - *losses.before[s]);
    }
    NumberOrNull(json, "base", base);
    NumberOrNull(json, "missing", missing);
    NumberOrNull(json, "lost", losses.before[s]);
    NumberOrNull(json, "open", open);
    WriteFigure(json, "conversion", total.conversions[s]);
    TextOrNull(json, "conversion_kpi", steps[s].conversion);
    if (s > 0) {
      const kpi::CellAnswer& cell = answer.total.cells[steps.size() + s - 1];
      if (cell.compared) {
        WriteFigure(json, "vs", cell.versus);
        NumberOrNull(json, "change", cell.change);
      }
      NumberOrNull(json, "target", answer.total.cells[first_target + s - 1].value);
    }
    json.EndObject();
  }
  json.EndArray().EndObject();
  return json.text();
}

}  // namespace dealpace::analysis
